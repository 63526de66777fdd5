"""Cyclic redundancy checks over runs of bits of any length."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

POLYNOMIALS = {8: 0x07, 16: 0x1021, 24: 0x864CFB, 32: 0x04C11DB7}
"""By width in bits, without the leading term: the CRC-8 of ITU-T I.432.1, the CRC-16 of ITU-T V.41,
the CRC24A of 3GPP TS 38.212 and the CRC-32 of ISO/IEC 13818-1.
"""


def checksums(
    bits: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """The CRC of each run bits[start:stop], (starts.size,) int64. The register starts at all ones,
    and the result is not inverted.

    A run followed by its CRC, highest bit first, has the CRC 0.
    Example: the bits of b"123456789" give 0x29B1 at width 16 (known as CRC-16/IBM-3740).
    """
    return _divide(bits, starts, stops, width, POLYNOMIALS[width])


def flip_remainders(length: int, width: int) -> NDArray[np.int64]:
    """(length,) the change of a run's CRC, exclusive or, when one of its bits is flipped; the last
    bit of the run comes first.

    Example: flipping the last bit changes the CRC by the polynomial itself.
    """
    return _powers(length, width, POLYNOMIALS[width])


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
def _powers(count: int, width: int, polynomial: int) -> NDArray[np.int64]:
    top, mask = width - 1, (1 << width) - 1
    powers = np.empty(count, np.int64)
    power = polynomial
    for place in range(count):
        powers[place] = power
        power = ((power << 1) ^ ((power >> top) * polynomial)) & mask
    return powers
