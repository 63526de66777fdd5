"""Cyclic redundancy checks over runs of bits that need not fill bytes."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

POLYNOMIALS = {8: 0x07, 16: 0x1021, 24: 0x864CFB, 32: 0x04C11DB7}
"""By width in bits, without the leading term.

8 is the CRC-8 of ITU-T I.432.1, 16 the CRC-16 of ITU-T V.41, 24 the CRC24A of 3GPP TS 38.212 section 5.1 (and of
OpenPGP), 32 that of IEEE 802.3.
"""


def checksums(
    bits: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """The CRC of each run bits[start:stop], the register starting at all ones, nothing inverted at the end.

    A run followed by its CRC, highest bit first, has the CRC 0.
    Example: the bits of b"123456789" give 0x29B1 at width 16 (CRC-16/IBM-3740 in the usual catalogue).
    """
    return _divide(bits, starts, stops, width, POLYNOMIALS[width])


def syndromes(places: int, width: int) -> NDArray[np.int64]:
    """(places,) what a flipped bit is exclusive-ored to the CRC of its run with, by the bits that follow it.

    All 0 at width 0. Example: at width 8 a flip of the last bit is 0x07, one of the bit before it 0x0E.
    """
    return _powers(places, width, POLYNOMIALS[width]) if width else np.zeros(places, np.int64)


@compiled
def _divide(
    bits: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    width: int,
    polynomial: int,
) -> NDArray[np.int64]:
    top, mask = width - 1, (1 << width) - 1
    remainders = np.empty(starts.size, np.int64)
    for run in range(starts.size):
        register = mask
        for position in range(starts[run], stops[run]):
            carry = (register >> top) ^ bits[position]
            register = ((register << 1) ^ (carry * polynomial)) & mask
        remainders[run] = register
    return remainders


@compiled
def _powers(places: int, width: int, polynomial: int) -> NDArray[np.int64]:
    top, mask = width - 1, (1 << width) - 1
    found = np.empty(places, np.int64)
    register = polynomial
    for place in range(places):
        found[place] = register
        register = ((register << 1) ^ ((register >> top) * polynomial)) & mask
    return found
