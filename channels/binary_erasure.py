"""The binary erasure channel."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, doc

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception
from semcomm.link.normal_approximation import ChannelUse, binary_erasure

CERTAIN_LLR = np.float32(40.0)


@dataclass(frozen=True)
class BinaryErasure(BitChannel):
    """Erases each bit independently with probability `erasure`; the receiver knows which bits.

    An erased bit arrives as 0 with an LLR of exactly 0. All other bits are certain. Their LLRs
    would be infinite, but decoders subtract LLRs from each other, so they are +-40: an error
    probability of 10^-17, less than one error in any run.

    Cover and Thomas, Elements of Information Theory, 2nd ed., section 7.1.5.
    """

    erasure: Annotated[float, Ge(0.0), Le(1.0), doc("probability that a bit is erased")]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        erased = rng.random(frames.bits.size) < self.erasure
        llrs = np.where(frames.bits, -CERTAIN_LLR, CERTAIN_LLR)
        llrs[erased] = 0.0
        return Reception(frames.with_bits(frames.bits & ~erased), llrs)

    def channel_use(self) -> ChannelUse:
        """For the normal approximation."""
        return binary_erasure(self.erasure)
