"""Channels as a user writes them, to be saved beside a scenario."""

FLIP = """\
from dataclasses import dataclass

import numpy as np
from semcomm import BitChannel, Frames, Reception


@dataclass(frozen=True)
class Flip(BitChannel):
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames.with_bits(1 - frames.bits))
"""
"""A channel without parameters that flips every bit."""
