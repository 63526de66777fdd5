"""The binary symmetric channel."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, doc

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception
from semcomm.link.normal_approximation import ChannelUse, binary_symmetric


@dataclass(frozen=True)
class BinarySymmetric(BitChannel):
    """Flips each bit independently with probability `crossover`.

    Cover and Thomas, Elements of Information Theory, 2nd ed., section 7.1.4.
    """

    crossover: Annotated[float, Ge(0.0), Le(0.5), doc("probability that a bit flips")]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        flips = rng.random(frames.bits.size) < self.crossover
        return Reception.of(frames.with_bits(frames.bits ^ flips))

    def channel_use(self) -> ChannelUse:
        """For the normal approximation."""
        return binary_symmetric(self.crossover)
