"""Interleaving: every bit is sent once, bursts spread, and groups share channel uses and losses."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception
from semcomm.link.interleaved import Interleaved, interleaving
from semcomm.link.modulated import Modulated
from semcomm.scenario.plugins import load_channel

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None)

frames_of_bits = st.lists(st.text("01", max_size=30), max_size=9).map(
    lambda texts: Frames.join([np.array(list(text), np.uint8) for text in texts])
)
depths = st.integers(1, 12)


@dataclass(frozen=True)
class Burst(BitChannel):
    """Flips `length` bits in a row of each frame that is at least as long, from `start` on."""

    start: int
    length: int

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        flipped = [bits.copy() for bits in frames.split()]
        for bits in flipped:
            bits[self.start : self.start + self.length] ^= 1
        return Reception.of(Frames.join(flipped))


@dataclass(frozen=True)
class Loses(BitChannel):
    """Loses the frames of these numbers."""

    numbers: tuple[int, ...]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        parts = [
            bits[:0] if number in self.numbers else bits
            for number, bits in enumerate(frames.split())
        ]
        return Reception.of(Frames.join(parts))


def random_frames(*lengths: int) -> Frames:
    rng = np.random.default_rng(sum(lengths))
    return Frames.join([rng.integers(0, 2, length, dtype=np.uint8) for length in lengths])


def through(channel: BitChannel, depth: int, frames: Frames, seed: int = 0) -> Reception:
    return Interleaved(channel, depth).transmit(frames, np.random.default_rng(seed))


@given(frames_of_bits, depths)
@without_deadline
def test_interleaving_over_a_clear_channel_is_the_identity(frames: Frames, depth: int) -> None:
    reception = through(load_channel("error_free"), depth, frames)
    assert reception.frames.bits.tolist() == frames.bits.tolist()
    assert reception.frames.lengths.tolist() == frames.lengths.tolist()
    assert reception.llrs is None
    assert not reception.counts.bit_errors.any()


@given(frames_of_bits, depths)
@without_deadline
def test_llrs_return_to_their_bits(frames: Frames, depth: int) -> None:
    reception = through(load_channel("binary_erasure", erasure=0.4), depth, frames)
    sent = np.where(frames.bits, -40.0, 40.0)
    assert np.isin(reception.llrs / sent, [0.0, 1.0]).all()
    assert reception.frames.bits.tolist() == (reception.llrs < 0).tolist()
    assert reception.counts.bit_errors.sum() == (reception.frames.bits != frames.bits).sum()


@given(st.integers(0, 3000))
def test_interleaving_is_a_permutation(count: int) -> None:
    assert np.sort(interleaving(count)).tolist() == list(range(count))


def test_interleaving_order_is_pinned() -> None:
    # The ranks of 0, 1, 2, ... times the golden section, modulo 1: deployed receivers
    # depend on it.
    assert interleaving(0).tolist() == []
    assert interleaving(1).tolist() == [0]
    assert interleaving(5).tolist() == [0, 3, 1, 4, 2]
    assert interleaving(13).tolist() == [0, 8, 3, 11, 6, 1, 9, 4, 12, 7, 2, 10, 5]


def closest(places: NDArray[np.int64]) -> int:
    return int(np.diff(np.sort(places)).min())


@pytest.mark.parametrize("count", [16, 46, 100, 610, 1409, 1597, 6000, 65_536])
def test_interleaving_spreads_bursts(
    count: int,
) -> None:
    """Bits in a row on the channel came from a third of their mean distance apart or more."""
    order = interleaving(count)
    longest = int(np.sqrt(count))
    for burst in sorted({2, 3, 5, 8, longest // 2, longest} - {0, 1}):
        starts = range(0, count - burst + 1, max(1, count // 500))
        assert min(closest(order[start : start + burst]) for start in starts) * 3 * burst >= count


def test_burst_spreads_evenly_over_the_group() -> None:
    reception = through(Burst(start=100, length=64), 8, random_frames(*[250] * 8))
    assert reception.counts.bit_errors.sum() == 64
    assert set(reception.counts.bit_errors.tolist()) <= {7, 8, 9}


def test_depth_1_leaves_a_burst_in_its_frame() -> None:
    reception = through(Burst(start=100, length=64), 1, random_frames(*[250] * 8))
    assert reception.counts.bit_errors.tolist() == [64] * 8


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), depths)
@without_deadline
def test_channel_uses_of_a_group_are_shared_by_bits(lengths: list[int], depth: int) -> None:
    """The shares add up to those of the group."""
    frames = random_frames(*lengths)
    carrier = Modulated(load_channel("rayleigh", esn0_db=20.0, coherence=8, pilots=2), "64qam")
    uses = through(carrier, depth, frames).counts.channel_uses
    for first in range(0, len(lengths), depth):
        members, bits = uses[first : first + depth], frames.lengths[first : first + depth]
        symbols = -(-int(bits.sum()) // 6)
        assert members.sum() == symbols + 2 * -(-symbols // 6)
        assert (np.abs(members - members.sum() * bits / max(bits.sum(), 1)) <= 1).all()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_channel_gets_one_frame_per_group_with_all_bits(depth: int) -> None:
    frames, handed = random_frames(4, 0, 7, 5), []

    @dataclass(frozen=True)
    class Recorder(BitChannel):
        def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
            handed.append(frames)
            return Reception.of(frames)

    through(Recorder(), depth, frames)
    ends = [*range(0, 4, depth), 4]
    assert [np.sort(bits).tolist() for bits in handed[0].split()] == [
        np.sort(np.concatenate(frames.split()[first:stop])).tolist()
        for first, stop in pairwise(ends)
    ]


def test_lost_packet_loses_its_whole_group() -> None:
    frames = random_frames(30, 20, 10, 40, 50)
    reception = through(Loses(numbers=(1,)), 2, frames)
    assert reception.frames.lengths.tolist() == [30, 20, 0, 0, 50]
    arrived = [bits.tolist() for number, bits in enumerate(frames.split()) if number not in (2, 3)]
    assert [bits.tolist() for bits in reception.frames.split() if bits.size] == arrived
    assert reception.counts.initial_errors.tolist() == [0, 0, 1, 1, 0]
    assert reception.counts.channel_uses.tolist() == [30, 20, 10, 40, 50]


def test_groups_are_lost_at_the_rate_of_packets() -> None:
    frames = random_frames(*[5] * 12_000)
    lost = (
        through(load_channel("packet_erasure", loss=0.3), 6, frames).frames.lengths.reshape(-1, 6)
        == 0
    )
    assert (lost.all(axis=1) == lost.any(axis=1)).all()
    # Of 2,000 packets: 0.3 within 4 standard deviations of 0.01.
    assert abs(lost[:, 0].mean() - 0.3) < 0.04
