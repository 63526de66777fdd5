"""Against the CRC-16 of the standard library, the catalogue's check values, and division by
hand.
"""

import binascii
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.crc import POLYNOMIALS, checksums, flip_remainders

# The first call compiles, for longer than hypothesis allows an example.
without_deadline = settings(deadline=None)


def crc(bits: NDArray[np.uint8], width: int) -> int:
    return int(checksums(bits, np.array([0]), np.array([bits.size]), width)[0])


def bits_of(content: bytes) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(content, np.uint8))


def binary(number: int, width: int) -> NDArray[np.uint8]:
    return np.array([int(digit) for digit in f"{number:0{width}b}"], np.uint8)


@given(st.binary(max_size=80))
@without_deadline
def test_crc_16_is_that_of_binascii(content: bytes) -> None:
    assert crc(bits_of(content), 16) == binascii.crc_hqx(content, 0xFFFF)


@pytest.mark.parametrize(
    ("width", "check"), [(32, 0x0376E6E7), (24, 0xC3A394), (16, 0x29B1), (8, 0xFB)]
)
def test_checksums_of_the_documented_example(width: int, check: int) -> None:
    # Of the catalogue's, CRC-32/MPEG-2 and CRC-16/IBM-3740 start at ones and invert nothing; the
    # others follow below.
    assert crc(bits_of(b"123456789"), width) == check


@pytest.mark.parametrize(("width", "check"), [(8, 0xF4), (24, 0xCDE703)])
def test_polynomials_give_the_catalogues_check_values(width: int, check: int) -> None:
    # CRC-8/SMBUS and CRC-24/LTE-A. Inverting a message's first bits undoes the ones that the
    # register starts with.
    message = bits_of(b"123456789")
    message[:width] ^= 1
    assert crc(message, width) == check


@given(st.binary(max_size=80))
@without_deadline
def test_crc_32_is_that_of_zlib_over_reversed_bytes(content: bytes) -> None:
    reflected = bits_of(content).reshape(-1, 8)[:, ::-1].ravel()
    assert f"{crc(reflected, 32):032b}"[::-1] == f"{zlib.crc32(content) ^ 0xFFFFFFFF:032b}"


@given(st.integers(1, 200), st.sampled_from([8, 16, 24, 32]), st.data())
@without_deadline
def test_flip_remainders_are_the_change_by_one_flip(
    length: int, width: int, draw: st.DataObject
) -> None:
    bits = np.array(
        draw.draw(st.lists(st.integers(0, 1), min_size=length, max_size=length)), np.uint8
    )
    place = draw.draw(st.integers(0, length - 1))
    flipped = bits.copy()
    flipped[place] ^= 1
    assert (
        crc(flipped, width) ^ crc(bits, width) == flip_remainders(length, width)[length - 1 - place]
    )


@given(st.text("01", max_size=60), st.sampled_from([8, 16, 24, 32]))
@without_deadline
def test_checksums_are_remainders_of_polynomial_division(text: str, width: int) -> None:
    # All ones in the register are the message's first `width` places inverted, once zeros are
    # appended.
    dividend = int(text or "0", 2) << width ^ (((1 << width) - 1) << len(text))
    divisor = 1 << width | POLYNOMIALS[width]
    while dividend.bit_length() > width:
        dividend ^= divisor << (dividend.bit_length() - 1 - width)
    assert crc(np.array([int(bit) for bit in text], np.uint8), width) == dividend


@given(st.text("01", max_size=60), st.sampled_from([8, 16, 24, 32]))
@without_deadline
def test_a_run_followed_by_its_crc_has_the_crc_0(text: str, width: int) -> None:
    bits = np.array([int(bit) for bit in text], np.uint8)
    assert crc(np.concatenate([bits, binary(crc(bits, width), width)]), width) == 0


@given(st.lists(st.text("01", max_size=20), max_size=6), st.sampled_from([8, 16, 24, 32]))
@without_deadline
def test_checksums_of_runs_are_independent(texts: list[str], width: int) -> None:
    runs = [np.array([int(bit) for bit in text], np.uint8) for text in texts]
    stops = np.cumsum([run.size for run in runs], dtype=np.int64)
    starts = stops - np.array([run.size for run in runs], np.int64)
    bits = np.concatenate([np.empty(0, np.uint8), *runs])
    assert checksums(bits, starts, stops, width).tolist() == [crc(run, width) for run in runs]


def test_checksum_of_an_empty_run_is_all_ones() -> None:
    assert crc(np.empty(0, np.uint8), 16) == 0xFFFF
    assert crc(np.empty(0, np.uint8), 8) == 0xFF
