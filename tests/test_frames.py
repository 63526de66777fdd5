import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.frames import Frames, Symbols

Bits = NDArray[np.uint8]


def bits_of(text: str) -> Bits:
    return np.array([int(bit) for bit in text], np.uint8)


runs = st.lists(st.text("01", max_size=40).map(bits_of), max_size=8)


@given(runs)
def test_joined_frames_split_into_the_same(bits: list[Bits]) -> None:
    frames = Frames.join(bits)
    assert len(frames) == len(bits)
    assert frames.lengths.tolist() == [run.size for run in bits]
    assert [run.tolist() for run in frames.split()] == [run.tolist() for run in bits]
    assert [
        frames.bits[a : a + n].tolist() for a, n in zip(frames.starts, frames.lengths, strict=True)
    ] == [run.tolist() for run in bits]


def test_frames_are_taken_in_any_order_and_again() -> None:
    frames = Frames.join([bits_of("101"), bits_of(""), bits_of("11")])
    taken = frames.take(np.array([2, 0, 1, 0]))
    assert [run.tolist() for run in taken.split()] == [[1, 1], [1, 0, 1], [], [1, 0, 1]]
    assert len(frames.take(np.empty(0, np.int64))) == 0


@given(runs)
def test_bytes_round_trip(bits: list[Bits]) -> None:
    frames = Frames.join(bits)
    again = Frames.from_bytes(frames.to_bytes())
    assert np.array_equal(again.bits, frames.bits)
    assert np.array_equal(again.lengths, frames.lengths)


def test_bytes_of_two_frames_by_hand() -> None:
    frames = Frames.join([bits_of("101"), bits_of("1111111")])
    # 101 1111111 and six zeros: 1011 1111, 1100 0000
    assert frames.to_bytes() == bytes.fromhex("00000002 00000003 00000007 bfc0")


@given(runs, st.binary(min_size=1, max_size=9))
def test_bytes_of_another_length_are_refused(bits: list[Bits], more: bytes) -> None:
    content = Frames.join(bits).to_bytes()
    for wrong in (content + more, *(content[:stop] for stop in range(len(content)))):
        with pytest.raises(ValueError, match=r"bytes do not hold|multiple of element size"):
            Frames.from_bytes(wrong)


def test_with_bits_keeps_lengths_and_accepts_booleans() -> None:
    frames = Frames.join([bits_of("10"), bits_of("1")]).with_bits(np.array([False, True, True]))
    assert [run.tolist() for run in frames.split()] == [[0, 1], [1]]


@pytest.mark.parametrize(
    ("bits", "lengths", "message"),
    [
        (np.zeros(3, np.uint8), np.array([1, 1]), "lengths add up to 2, but there are 3 bits"),
        (np.zeros(3, np.uint8), np.array([4, -1]), "lengths add up to 3, but there are 3 bits"),
        (np.array([0, 2], np.uint8), np.array([2]), "bits are zeros and ones, not 2"),
        (np.array([0.05, 0.95]), np.array([2]), "bits takes what uint8 holds exactly, not 0.05"),
        (np.array([0, np.nan]), np.array([2]), "bits takes what uint8 holds exactly, not nan"),
        (np.array([0, 256]), np.array([2]), "bits takes what uint8 holds exactly, not 256"),
        (np.array([0, 1j]), np.array([2]), "bits takes what uint8 holds exactly, not complex128"),
        (np.array(["0"]), np.array([1]), "bits takes what uint8 holds exactly, not <U1"),
        (np.zeros(3, np.uint8), np.array([2.5, 0.5]), "lengths takes what int64 .* not 2.5"),
        (np.zeros((1, 3), np.uint8), np.array([3]), r"bits has the shape \(1, 3\)"),
    ],
)
def test_invalid_frames_are_refused(
    bits: NDArray[np.uint8], lengths: NDArray[np.int64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Frames(bits, lengths)


complex_runs = st.lists(
    st.lists(st.complex_numbers(max_magnitude=9), max_size=7).map(
        lambda values: np.array(values, np.complex128)
    ),
    max_size=6,
)


@given(complex_runs)
def test_joined_symbols_split_into_the_same(runs: list[NDArray[np.complex128]]) -> None:
    symbols = Symbols.join(runs)
    assert len(symbols) == len(runs)
    assert symbols.lengths.tolist() == [run.size for run in runs]
    assert [run.tolist() for run in symbols.split()] == [run.tolist() for run in runs]
    assert symbols.starts.tolist() == [sum(symbols.lengths[:n]) for n in range(len(runs))]


def test_with_values_keeps_lengths_and_accepts_reals() -> None:
    symbols = Symbols.join([np.array([1j, 2]), np.array([3 + 0j])])
    changed = symbols.with_values(np.array([4.0, 5.0, 6.0]))
    assert changed.values.dtype == np.complex128
    assert [run.tolist() for run in changed.split()] == [[4, 5], [6]]


@pytest.mark.parametrize(
    ("values", "lengths", "message"),
    [
        (np.zeros(3, np.complex128), np.array([1, 1]), "add up to 2, .* 3 symbols"),
        (np.zeros(3, np.complex128), np.array([4, -1]), "add up to 3, .* 3 symbols"),
        (np.array(["a", "b"]), np.array([2]), "symbols takes what complex128 holds exactly"),
        (np.zeros(3, np.complex128), np.array([3.5]), "lengths takes what int64 .* not 3.5"),
        (np.zeros((3, 1)), np.array([3]), r"symbols has the shape \(3, 1\)"),
    ],
)
def test_invalid_symbols_are_refused(
    values: NDArray[np.complex128], lengths: NDArray[np.int64], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Symbols(values, lengths)


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float32, np.uint8])
def test_bits_of_other_dtypes_are_converted(dtype: type[np.generic]) -> None:
    frames = Frames(np.array([1, 0, 1], dtype), np.array([1, 2], np.int32))
    assert (frames.bits.dtype, frames.lengths.dtype) == (np.uint8, np.int64)
    assert frames.bits.tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", [np.complex64, np.float64, np.int64])
def test_symbols_of_other_dtypes_are_converted(dtype: type[np.generic]) -> None:
    symbols = Symbols(np.array([1, 0, 3], dtype), np.array([3], np.uint8))
    assert symbols.values.dtype == np.complex128
    assert symbols.values.tolist() == [1, 0, 3]
