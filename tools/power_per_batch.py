"""An analogue codec whose power is normalized over a block of 256 images, not per image:

    semcomm run reference-awgn --set 'sweep={channel.esn0_db: [10]}' --set framing=null \\
        --set link=null --set 'codec={model: tools/power_per_batch.py:PowerPerBatch}' \\
        --out results/power-per-batch

Images then have different energies, and what one of them has depends on the others of its block.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import doc

from semcomm.choices import DamagedPolicy
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.stages import Encoded, Sent
from semcomm.systems.analogue import AnalogueReceiver, AnalogueSystem, AnalogueTransmitter
from semcomm.systems.system import System
from semcomm.terms import Terms


@dataclass(frozen=True)
class PowerPerBatch(System):
    """A trained analogue codec over channels of a nominal Es/N0."""

    signal: ClassVar[type[Symbols]] = Symbols

    base: Annotated[str, doc("the codec's name or file")] = "analogue-256"

    @property
    def per_image(self) -> AnalogueSystem:
        """The same codec with the power of each image normalized."""
        return AnalogueSystem(self.base)

    def transmitter(self, terms: Terms, framing: Framing) -> "BatchTransmitter":
        usual = self.per_image.transmitter(terms, framing)
        return BatchTransmitter(usual.codec, usual.size, usual.esn0_db)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> AnalogueReceiver:
        return self.per_image.receiver(terms, framing, damaged)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {"base": self.per_image.mistakes()["model"]}

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        return self, self.per_image.encode_key(terms, framing)

    def fingerprint(self) -> str:
        return self.per_image.fingerprint()


class BatchTransmitter(AnalogueTransmitter):
    """As its base but for the power."""

    def packetize(self, encoded: Encoded) -> Sent[Symbols]:
        """One frame per image, of mean energy 1 over the frames of all images."""
        latents = np.asarray(encoded["latents"], np.float64)
        symbols = latents.reshape(len(latents), -1).view(np.complex128)
        power = np.mean(np.abs(symbols) ** 2)
        return Sent(Symbols.join([*(symbols / np.sqrt(power))]), None, encoded)
