import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.frames import Frames

Bits = NDArray[np.uint8]


def bits_of(text: str) -> Bits:
    return np.array([int(bit) for bit in text], np.uint8)


runs = st.lists(st.text("01", max_size=40).map(bits_of), max_size=8)


@given(runs)
def test_frames_that_are_joined_split_into_the_same(bits: list[Bits]) -> None:
    frames = Frames.join(bits)
    assert len(frames) == len(bits)
    assert frames.lengths.tolist() == [run.size for run in bits]
    assert [run.tolist() for run in frames.split()] == [run.tolist() for run in bits]
    assert [
        frames.bits[a : a + n].tolist() for a, n in zip(frames.starts, frames.lengths, strict=True)
    ] == [run.tolist() for run in bits]


@given(runs)
def test_bytes_give_the_same_frames_again(bits: list[Bits]) -> None:
    frames = Frames.join(bits)
    again = Frames.from_bytes(frames.to_bytes())
    assert np.array_equal(again.bits, frames.bits)
    assert np.array_equal(again.lengths, frames.lengths)


def test_two_frames_as_bytes_by_hand() -> None:
    frames = Frames.join([bits_of("101"), bits_of("1111111")])
    # 101 1111111 and six zeros: 1011 1111, 1100 0000
    assert frames.to_bytes() == bytes.fromhex("00000002 00000003 00000007 bfc0")


@given(runs, st.binary(min_size=1, max_size=9))
def test_bytes_too_many_or_too_few_are_refused(bits: list[Bits], more: bytes) -> None:
    content = Frames.join(bits).to_bytes()
    for wrong in (content + more, *(content[:stop] for stop in range(len(content)))):
        with pytest.raises(ValueError, match=r"bytes do not hold|multiple of element size"):
            Frames.from_bytes(wrong)


def test_with_bits_keeps_the_lengths_and_takes_truth_values() -> None:
    frames = Frames.join([bits_of("10"), bits_of("1")]).with_bits(np.array([False, True, True]))
    assert [run.tolist() for run in frames.split()] == [[0, 1], [1]]


@pytest.mark.parametrize(
    ("bits", "lengths", "message"),
    [
        (np.zeros(3, np.uint8), np.array([1, 1]), "lengths add up to 2, but there are 3 bits"),
        (np.zeros(3, np.uint8), np.array([4, -1]), "lengths add up to 3, but there are 3 bits"),
        (np.array([0, 2], np.uint8), np.array([2]), "bits are zeros and ones, not 2"),
        (np.zeros(3, np.int64), np.array([3]), "uint8 bits and int64 lengths, not int64, int64"),
        (
            np.zeros(3, np.uint8),
            np.array([3.0]),
            "uint8 bits and int64 lengths, not uint8, float64",
        ),
    ],
)
def test_what_is_no_frames_is_refused(
    bits: NDArray[np.uint8], lengths: NDArray[np.int64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Frames(bits, lengths)
