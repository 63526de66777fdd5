"""Interleaving: neighbouring bits are sent far apart, so that a burst spreads over all of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.counting import channel_counts, counts_of
from semcomm.frames import Frames, Reception
from semcomm.link.soft_bits import soft_bits
from semcomm.ragged import offsets

GOLDEN_SECTION = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Interleaved(BitChannel):
    """Sends the bits of `depth` consecutive frames as one frame, in an order that depends only on
    their number.

    The channel's state therefore runs on over these frames, and a lost packet loses all of them.
    Each frame has its share of the channel uses, by its bits. The receiver knows where a group
    ends, as it does for a frame.
    """

    channel: BitChannel
    depth: int

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        group = np.arange(len(frames)) // self.depth
        group_bits = np.bincount(group, frames.lengths).astype(np.int64)
        starts = offsets(group_bits)
        order = _orders(starts, group_bits)
        mixed = Frames(frames.bits[order], group_bits)
        reception = self.channel.transmit(mixed, rng)
        llrs = np.empty(order.size, np.float32)
        llrs[order] = soft_bits(mixed, reception)
        frame_arrives = (reception.frames.lengths == group_bits)[group]
        bit_arrives = np.repeat(frame_arrives, frames.lengths)
        arrived = Frames((llrs < 0).astype(np.uint8)[bit_arrives], frames.lengths * frame_arrives)
        uses = channel_counts(mixed, reception).channel_uses[group]
        shares = _shares(uses, group_bits[group], frames.starts - starts[group], frames.lengths)
        soft = None if reception.llrs is None else llrs[bit_arrives]
        return Reception(arrived, soft, counts_of(frames, arrived, shares))


def interleaving(count: int) -> NDArray[np.int64]:
    """The order in which `count` bits are sent: (count,) their positions, each once.

    The golden interleaver: the i-th bit to be sent is the one whose position is the rank of i times
    the golden section, modulo 1, among all of these. Any b bits in a row, up to sqrt(count), came
    from positions at least count / (3 b) apart; no order can keep all of them further apart than
    count / b.

    Crozier, Lodge, Guinand and Hunt, Performance of turbo-codes with relative prime and golden
    interleaving strategies, 6th International Mobile Satellite Conference, 1999.
    Example: for 5 bits the multiples are 0, 0.618, 0.236, 0.854 and 0.472, so that the order is 0,
    3, 1, 4, 2.
    """
    order = np.empty(count, np.int64)
    order[np.argsort(np.arange(count) * GOLDEN_SECTION % 1)] = np.arange(count)
    return order


def _orders(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The orders of groups of these lengths, which begin at `starts`, one after the other."""
    orders = {length: interleaving(length) for length in set(lengths.tolist())}
    parts = [start + orders[length] for start, length in zip(starts, lengths.tolist(), strict=True)]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _shares(
    group_uses: NDArray[np.int64],
    group_bits: NDArray[np.int64],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Each frame's share of its group's channel uses, in whole numbers that add up.

    All are (F,); start: the frame's first bit within the group.
    """
    group_bits = np.maximum(group_bits, 1)
    return group_uses * (start + length) // group_bits - group_uses * start // group_bits
