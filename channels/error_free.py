"""The channel of the paper: every bit arrives."""

from dataclasses import dataclass

import numpy as np

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception


@dataclass(frozen=True)
class ErrorFree(BitChannel):
    """Delivers every bit as it was sent."""

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames)
