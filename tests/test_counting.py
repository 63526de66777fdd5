"""Errors and channel uses, counted frame by frame."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.counting import bit_errors, channel_counts, counts_of, frame_errors
from semcomm.frames import Counts, Frames, Reception

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
def test_bit_errors_count_missing_bits_as_zero(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    assert bit_errors(sent, arrived).tolist() == [errors_by_hand(*pair) for pair in drawn]


@settings(deadline=None)  # the first call may compile
@given(pairs)
def test_frame_errors_are_differences_in_length_or_bits(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    assert frame_errors(sent, arrived).tolist() == [
        ours.tolist() != theirs.tolist() for ours, theirs in drawn
    ]
    assert not frame_errors(sent, sent).any()


def test_without_counts_each_bit_is_one_channel_use() -> None:
    sent = Frames.join(
        [np.array([1, 1, 0], np.uint8), np.array([1], np.uint8), np.array([0, 1], np.uint8)]
    )
    arrived = Frames.join(
        [np.array([1, 0, 0], np.uint8), np.array([], np.uint8), np.array([0, 1], np.uint8)]
    )
    counts = channel_counts(sent, Reception.of(arrived))
    assert counts.channel_uses.tolist() == counts.channel_bits.tolist() == [3, 1, 2]
    assert counts.bit_errors.tolist() == [1, 1, 0]
    assert counts.initial_errors.tolist() == [1, 1, 0]
    assert counts.transmissions.tolist() == [1, 1, 1]
    assert counts.feedback_bits.tolist() == [0, 0, 0]


def test_a_channels_own_counts_are_returned() -> None:
    sent = Frames.join([np.array([1], np.uint8)])
    own = Counts(*np.arange(6)[:, None])
    assert channel_counts(sent, Reception(sent, counts=own)) is own


def test_counts_of_takes_the_given_channel_uses() -> None:
    sent = Frames.join([np.array([1, 1], np.uint8)])
    counts = counts_of(sent, sent, np.array([7]))
    assert (counts.channel_uses.tolist(), counts.channel_bits.tolist()) == ([7], [2])
