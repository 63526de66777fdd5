"""Interleaving: bits that stood together part, so that a burst spreads over all of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception
from semcomm.link.soft_bits import counted, counts_of, soft_bits

GOLDEN_SECTION = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Interleaved(BitChannel):
    """Sends the bits of each `depth` consecutive frames as one frame, in an order that depends on
    their number alone.

    So the channel's state runs on over those frames, and a packet that is lost is all of them. Each
    frame has its share of the channel uses, by its bits. Where a group ends the receiver knows, as
    it does of a frame.
    """

    channel: BitChannel
    depth: int

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        group = np.arange(len(frames)) // self.depth
        joined = np.bincount(group, frames.lengths).astype(np.int64)
        starts = np.cumsum(joined) - joined
        order = _orders(starts, joined)
        mixed = Frames(frames.bits[order], joined)
        reception = self.channel.transmit(mixed, rng)
        llrs = np.empty(order.size, np.float32)
        llrs[order] = soft_bits(mixed, reception)
        arrives = (reception.frames.lengths == joined)[group]
        here = np.repeat(arrives, frames.lengths)
        arrived = Frames((llrs < 0).astype(np.uint8)[here], frames.lengths * arrives)
        uses = counted(mixed, reception).channel_uses
        shares = _shares(uses[group], joined[group], frames.starts - starts[group], frames.lengths)
        told = None if reception.llrs is None else llrs[here]
        return Reception(arrived, told, counts_of(frames, arrived, shares))


def interleaving(count: int) -> NDArray[np.int64]:
    """Which of so many bits is sent first, second, ...: (count,), each once.

    The golden interleaver: the i-th to be sent is the one of the rank that i times the golden
    section, modulo 1, has among those of all. Of b bits in a row, up to sqrt(count), no two stood
    closer than count / (3 b); no order can part all of them by more than count / b.

    Crozier, Lodge, Guinand and Hunt, Performance of turbo-codes with relative prime and golden
    interleaving strategies, 6th International Mobile Satellite Conference, 1999.
    Example: of 5 bits the multiples are 0, 0.618, 0.236, 0.854 and 0.472, so that the order is 0,
    3, 1, 4, 2.
    """
    order = np.empty(count, np.int64)
    order[np.argsort(np.arange(count) * GOLDEN_SECTION % 1)] = np.arange(count)
    return order


def _orders(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The orders of groups of these lengths, which start there, one after the other."""
    orders = {length: interleaving(length) for length in set(lengths.tolist())}
    found = [start + orders[length] for start, length in zip(starts, lengths.tolist(), strict=True)]
    return np.concatenate([np.empty(0, np.int64), *found])


def _shares(
    total: NDArray[np.int64],
    bits: NDArray[np.int64],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Each frame's share of its group's total, in whole numbers that add up: all (F,), start within
    the group.
    """
    bits = np.maximum(bits, 1)
    return total * (start + length) // bits - total * start // bits
