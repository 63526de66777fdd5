"""Arithmetic coding to single bits, of symbols whose frequencies are integers.

Witten, Neal and Cleary, Arithmetic coding for data compression, Communications of the ACM 30(6),
1987, with the division first and carries into what was written. A message is an interval within [0,
1), which each symbol narrows to its share. `low` and `width` are the interval in units of 2^-48,
after as many doublings as bits were written; a width is above 2^47 whenever a symbol comes, and a
total at most 2^32. docs/bitstream.md is this file in prose.
"""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

PRECISION = 48
ONE, HALF = 1 << PRECISION, 1 << (PRECISION - 1)
TERMINATION_BITS = 2


@compiled
def narrowed(low: int, width: int, below: int, frequency: int, total: int) -> tuple[int, int]:
    """The part of an interval that belongs to a symbol; `below` are the frequencies of lower
    symbols together.
    """
    step = width // total
    return low + step * below, step * frequency


@compiled
def write_settled(
    bits: NDArray[np.uint8], position: int, low: int, width: int
) -> tuple[int, int, int]:
    """Double the interval until it is wider than a half, writing the bits that leave it at the top.

    Returns the next position, low and width.
    """
    if low >= ONE:
        _carry(bits, position)
        low -= ONE
    while width <= HALF:
        bits[position] = low >> (PRECISION - 1)
        low = low << 1 & (ONE - 1)
        width <<= 1
        position += 1
    return position, low, width


@compiled
def write_end(bits: NDArray[np.uint8], position: int, low: int, width: int) -> int:
    """Write the fewest bits that tell the interval whatever follows them; returns the position
    behind them.
    """
    count, value = ending(low, width)
    if value >= ONE:
        _carry(bits, position)
    for place in range(count):
        bits[position + place] = value >> (PRECISION - 1 - place) & 1
    return position + count


@compiled
def ending(low: int, width: int) -> tuple[int, int]:
    """How many bits end a message, 0 to 2, and the number that they begin: it and all up to its
    next lie within.

    Of a width above a half, a quarter is at least two, so that one of them starts within it and
    ends within it.
    """
    for count in range(TERMINATION_BITS + 1):
        unit = ONE >> count
        value = (low + unit - 1) // unit * unit
        if value + unit <= low + width:
            break
    return count, value


@compiled
def window(bits: NDArray[np.uint8], position: int, end: int) -> int:
    """The number that the next 48 bits are, zeros taken for those from `end` on."""
    value = 0
    for place in range(position, position + PRECISION):
        value = value << 1 | (bits[place] if place < end else 0)
    return value


@compiled
def symbol_at(
    frequencies: NDArray[np.int32], total: int, width: int, offset: int, unknown_bits: int
) -> tuple[int, int]:
    """The symbol in whose part of an interval a message lies, and the frequencies of lower ones
    together.

    offset: of the message from the interval's low end, if all bits that it lacks were zeros.
    unknown_bits: how many of the 48 bits it lacks; where the symbol depends on them, or in the part
        of the interval that rounding gives to none, the symbol is -1.
    """
    step, spread, below = width // total, (1 << unknown_bits) - 1, 0
    for symbol in range(frequencies.size):
        above = below + frequencies[symbol]
        if offset < step * above:
            return (symbol if offset + spread < step * above else -1), below
        below = above
    return -1, below


@compiled
def read_settled(
    bits: NDArray[np.uint8], position: int, end: int, low: int, width: int, offset: int
) -> tuple[int, int, int, int]:
    """Double the interval as the encoder did, taking in a bit each time, zeros from `end` on.

    Returns the next position, low, width and offset.
    """
    low &= ONE - 1
    while width <= HALF:
        low = low << 1 & (ONE - 1)
        width <<= 1
        offset = offset << 1 | (bits[position] if position < end else 0)
        position += 1
    return position, low, width, offset


@compiled
def _carry(bits: NDArray[np.uint8], position: int) -> None:
    """Add one to the bits before a position; an interval below 1 never carries out of its
    message.
    """
    position -= 1
    while bits[position]:
        bits[position] = 0
        position -= 1
    bits[position] = 1
