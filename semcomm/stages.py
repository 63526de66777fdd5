"""What passes between transmitter, channel and receiver, whichever system they are of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from semcomm.frames import Frames, Symbols

Samples = Sequence[NDArray[Any]]
"""B samples; images are (H, W, 3) uint8, of any sizes."""

Signal = TypeVar("Signal", Frames, Symbols, covariant=True)

Encoded = Mapping[str, Sequence[NDArray[Any]] | NDArray[Any]]
"""What an encoder makes of B samples: one array per sample under each name.

There is no noise and no fade in it, so that it may be sent again over other channels.
"""


@dataclass(frozen=True)
class Sent(Generic[Signal]):
    """What left a transmitter for B samples.

    signal: all that the channel is given; frames of bits, S per sample, or symbols, one frame per
        sample.
    payload_bits: (B,) int64, entropy-coded bits without headers and CRCs; None for symbols.
    encoded: what the signal stands for, for counting errors.
    """

    signal: Signal
    payload_bits: NDArray[np.int64] | None
    encoded: Encoded


@dataclass(frozen=True)
class Arrived:
    """What a reception says of B samples, before any of them is reconstructed.

    encoded: as `Sent` has it, equally valid where bits were wrong.
    damaged: (B,) bool, a check of some frame of the sample failed.
    """

    encoded: Encoded
    damaged: NDArray[np.bool_]

    def only(self, numbers: Sequence[int]) -> "Arrived":
        """The part that concerns the samples of these numbers."""
        encoded = {name: [arrays[n] for n in numbers] for name, arrays in self.encoded.items()}
        return Arrived(encoded, self.damaged[numbers])


@dataclass(frozen=True)
class Received:
    """What B samples became.

    samples: as many as were sent. An image whose frames do not tell its size has the agreed one.
    damaged: (B,) bool, a check of some frame of the sample failed.
    encoded: as it arrived; None where nothing that was encoded can be compared.
    """

    samples: Samples
    damaged: NDArray[np.bool_]
    encoded: Encoded | None
