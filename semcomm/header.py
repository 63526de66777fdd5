"""The header of a frame: the size of its image and the length of its payload, to the bit."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Size = tuple[int, int]

SIDE_BITS = 16
SIZE_BITS = 2 * SIDE_BITS
LENGTH_ORDER = 6
MAX_DIGITS = 32


def write_header(length: int, told: Size | None) -> Bits:
    """The header of a payload of this many bits.

    told: height and width where the header tells them, as 0 cannot stand for the agreed ones.
    """
    size = number(0, 1) if told is None else number(1 << SIZE_BITS | told[0] << SIDE_BITS | told[1], 1 + SIZE_BITS)
    return np.concatenate([size, write_length(length)])


def write_length(length: int) -> Bits:
    """The Exp-Golomb code of order 6: length + 64 in binary, after one zero for each digit above seven.

    Teuhola, A compression method for clustered bit-vectors, Information Processing Letters 7(6), 1978.
    Order 6 takes 7 bits for payloads below 64, 9 below 192, 11 below 448, 13 below 960.

    Example: 70 + 64 = 0b10000110 has eight digits, so 0 10000110.
    """
    offset = length + (1 << LENGTH_ORDER)
    return number(offset, 2 * offset.bit_length() - LENGTH_ORDER - 1)


@lru_cache(maxsize=1 << 12)
def only_header(bits: int, told: Size | None) -> Bits | None:
    """The one header that fits header and payload of so many bits together; None where there is none.

    told: as for `write_header`. Not to be written to.

    Example: 80 bits are 1 for the size, 9 for the length and 70 for the payload. 73 are none: a payload of
    63 takes 71 with its header, one of 64 takes 74.
    """
    for digits in range(LENGTH_ORDER + 1, MAX_DIGITS + 1):
        length = bits - 1 - (0 if told is None else SIZE_BITS) - (2 * digits - LENGTH_ORDER - 1)
        if length >= 0 and (length + (1 << LENGTH_ORDER)).bit_length() == digits:
            return write_header(length, told)
    return None


def told_size(bits: Bits) -> Size:
    """Height and width as a frame of at least 33 bits tells them behind its first bit."""
    return value(bits[1 : 1 + SIDE_BITS]), value(bits[1 + SIDE_BITS : 1 + SIZE_BITS])


def number(value: int, width: int) -> Bits:
    """The lowest `width` binary digits of a number, highest first."""
    return np.array([value >> place & 1 for place in reversed(range(width))], np.uint8)


def value(bits: Bits) -> int:
    """The number whose binary digits these are."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)
