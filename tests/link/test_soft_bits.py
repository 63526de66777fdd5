"""What is made of a reception: LLRs of what was sent, and errors counted frame by frame."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.frames import Counts, Frames, Reception
from semcomm.link.soft_bits import bit_errors, counted, counts_of, soft_bits, spans, wrong

Bits = NDArray[np.uint8]

bit_runs = st.text("01", max_size=12).map(lambda text: np.array(list(text), np.uint8))
pairs = st.lists(st.tuples(bit_runs, bit_runs), max_size=6)


def both(drawn: list[tuple[Bits, Bits]]) -> tuple[Frames, Frames]:
    sent, arrived = ([pair[side] for pair in drawn] for side in (0, 1))
    return Frames.join(sent), Frames.join(arrived)


def errors_by_hand(sent: Bits, arrived: Bits) -> int:
    padded = [*arrived.tolist(), *[0] * sent.size]
    return sum(ours != theirs for ours, theirs in zip(sent.tolist(), padded, strict=False))


@settings(deadline=None)  # the first call may compile
@given(pairs)
def test_bit_errors_are_those_of_each_frame_with_zeros_for_what_is_missing(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    assert bit_errors(sent, arrived).tolist() == [errors_by_hand(*pair) for pair in drawn]


@settings(deadline=None)  # the first call may compile
@given(pairs)
def test_a_frame_is_wrong_where_it_differs_in_length_or_in_a_bit(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    assert wrong(sent, arrived).tolist() == [
        ours.tolist() != theirs.tolist() for ours, theirs in drawn
    ]
    assert not wrong(sent, sent).any()


@settings(deadline=None)  # the first call may compile
@given(pairs)
def test_soft_bits_are_those_of_frames_that_arrived_at_full_length_and_0_of_others(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    told = np.arange(1, arrived.bits.size + 1, dtype=np.float32)
    llrs = np.split(soft_bits(sent, Reception(arrived, told)), np.cumsum(sent.lengths)[:-1])
    parts = np.split(told, np.cumsum(arrived.lengths)[:-1])
    for (ours, theirs), got, given_llrs in zip(drawn, llrs, parts, strict=False):
        assert got.tolist() == (
            given_llrs.tolist() if ours.size == theirs.size else [0.0] * ours.size
        )


def test_hard_bits_count_as_what_is_told_and_soft_ones_as_what_they_are() -> None:
    sent = Frames.join([np.array([0, 1, 1], np.uint8)])
    llrs = np.array([0.5, -7.0, 2.0], np.float32)
    assert soft_bits(sent, Reception.of(sent)).tolist() == [1.0, -1.0, -1.0]
    assert soft_bits(sent, Reception.of(sent), 2.5).tolist() == [2.5, -2.5, -2.5]
    assert soft_bits(sent, Reception.of(sent), 2.5).dtype == np.float32
    assert soft_bits(sent, Reception(sent, llrs), 2.5).tolist() == llrs.tolist()


def test_a_channel_that_says_nothing_takes_a_use_a_bit() -> None:
    sent = Frames.join(
        [np.array([1, 1, 0], np.uint8), np.array([1], np.uint8), np.array([0, 1], np.uint8)]
    )
    arrived = Frames.join(
        [np.array([1, 0, 0], np.uint8), np.array([], np.uint8), np.array([0, 1], np.uint8)]
    )
    counts = counted(sent, Reception.of(arrived))
    assert counts.channel_uses.tolist() == counts.channel_bits.tolist() == [3, 1, 2]
    assert counts.bit_errors.tolist() == [1, 1, 0]
    assert counts.initial_errors.tolist() == [1, 1, 0]
    assert counts.transmissions.tolist() == [1, 1, 1]
    assert counts.feedback_bits.tolist() == [0, 0, 0]


def test_what_a_channel_counts_itself_is_taken() -> None:
    sent = Frames.join([np.array([1], np.uint8)])
    own = Counts(*np.arange(6)[:, None])
    assert counted(sent, Reception(sent, counts=own)) is own


def test_counts_take_the_channel_uses_that_they_are_told() -> None:
    sent = Frames.join([np.array([1, 1], np.uint8)])
    counts = counts_of(sent, sent, np.array([7]))
    assert (counts.channel_uses.tolist(), counts.channel_bits.tolist()) == ([7], [2])


ragged = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)), max_size=6)


@given(ragged)
def test_spans_are_the_ranges_after_each_other(drawn: list[tuple[int, int]]) -> None:
    starts, lengths = (np.array([pair[side] for pair in drawn], np.int64) for side in (0, 1))
    expected = [place for start, length in drawn for place in range(start, start + length)]
    assert spans(starts, lengths).tolist() == expected
