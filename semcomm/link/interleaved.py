"""Interleaving: bits that stood together part, so that a burst spreads over all of them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception
from semcomm.link.soft_bits import counted, heard, soft_bits


@dataclass(frozen=True)
class Interleaved(BitChannel):
    """Sends the bits of each `depth` consecutive frames as one frame, in an order drawn once for each length.

    So the channel's state runs on over those frames, and a packet that is lost is all of them.
    """

    channel: BitChannel
    depth: int

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        group = np.arange(len(frames)) // self.depth
        joined = np.bincount(group, frames.lengths).astype(np.int64)
        starts = np.cumsum(joined) - joined
        orders = [start + interleaving(int(length)) for start, length in zip(starts, joined, strict=True)]
        order = np.concatenate([np.empty(0, np.int64), *orders])
        mixed = Frames(frames.bits[order], joined)
        reception = self.channel.transmit(mixed, rng)
        llrs = np.empty(order.size, np.float32)
        llrs[order] = soft_bits(mixed, reception)
        uses = counted(mixed, reception).channel_uses
        return heard(frames, llrs, _shares(uses[group], joined[group], frames.starts - starts[group], frames.lengths))


@lru_cache(maxsize=4096)
def interleaving(length: int) -> NDArray[np.int64]:
    """Which bit is sent first, second, ...: the same order on every machine and in every run."""
    return np.random.Generator(np.random.PCG64(length)).permutation(length)


def _shares(
    total: NDArray[np.int64], bits: NDArray[np.int64], start: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Each frame's share of its group's total, in whole numbers that add up: all (F,), start within the group."""
    bits = np.maximum(bits, 1)
    return total * (start + length) // bits - total * start // bits
