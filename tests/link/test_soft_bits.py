"""The LLRs of the bits that were sent."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.frames import Frames, Reception
from semcomm.link.soft_bits import soft_bits

Bits = NDArray[np.uint8]

bit_runs = st.text("01", max_size=12).map(lambda text: np.array(list(text), np.uint8))
pairs = st.lists(st.tuples(bit_runs, bit_runs), max_size=6)


def both(drawn: list[tuple[Bits, Bits]]) -> tuple[Frames, Frames]:
    sent, arrived = ([pair[side] for pair in drawn] for side in (0, 1))
    return Frames.join(sent), Frames.join(arrived)


@settings(deadline=None)  # the first call may compile
@given(pairs)
def test_soft_bits_are_0_in_frames_of_another_length(
    drawn: list[tuple[Bits, Bits]],
) -> None:
    sent, arrived = both(drawn)
    llrs_in = np.arange(1, arrived.bits.size + 1, dtype=np.float32)
    llrs = np.split(soft_bits(sent, Reception(arrived, llrs_in)), np.cumsum(sent.lengths)[:-1])
    parts = np.split(llrs_in, np.cumsum(arrived.lengths)[:-1])
    for (ours, theirs), got, given_llrs in zip(drawn, llrs, parts, strict=False):
        assert got.tolist() == (
            given_llrs.tolist() if ours.size == theirs.size else [0.0] * ours.size
        )


def test_hard_bits_have_the_given_llr_and_soft_ones_their_own() -> None:
    sent = Frames.join([np.array([0, 1, 1], np.uint8)])
    llrs = np.array([0.5, -7.0, 2.0], np.float32)
    assert soft_bits(sent, Reception.of(sent)).tolist() == [1.0, -1.0, -1.0]
    assert soft_bits(sent, Reception.of(sent), 2.5).tolist() == [2.5, -2.5, -2.5]
    assert soft_bits(sent, Reception.of(sent), 2.5).dtype == np.float32
    assert soft_bits(sent, Reception(sent, llrs), 2.5).tolist() == llrs.tolist()
