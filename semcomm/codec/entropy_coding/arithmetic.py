"""Arithmetic coding of symbols with integer frequencies, bit by bit.

Witten, Neal and Cleary, Arithmetic coding for data compression, Communications of the ACM 30(6),
1987, but the division comes first, and carries go into bits already written. A message is an
interval within [0, 1), which each symbol narrows to its share. `low` and `width` are the interval
in units of 2^-48, after one doubling per bit written; before each symbol, the width is above 2^47,
and a total of frequencies is at most 2^32. docs/bitstream.md describes this file in prose.
"""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

PRECISION = 48
ONE, HALF = 1 << PRECISION, 1 << (PRECISION - 1)
TERMINATION_BITS = 2
BLOCK = 16


@compiled
def narrowed(low: int, width: int, below: int, frequency: int, total: int) -> tuple[int, int]:
    """The part of an interval that belongs to a symbol.

    below: sum of the frequencies of lower symbols.
    """
    step = width // total
    return low + step * below, step * frequency


@compiled
def renormalize_encoder(
    bits: NDArray[np.uint8], position: int, low: int, width: int
) -> tuple[int, int, int]:
    """Double the interval until it is wider than a half, writing a bit each time.

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
    """Write the fewest bits that determine the interval, whatever bits follow.

    Returns the position behind them.
    """
    count, value = termination(low, width)
    if value >= ONE:
        _carry(bits, position)
    for place in range(count):
        bits[position + place] = value >> (PRECISION - 1 - place) & 1
    return position + count


@compiled
def termination(low: int, width: int) -> tuple[int, int]:
    """The number of bits that end a message, 0 to 2, and the value that begins with them.

    All values that begin with these bits lie within the interval. As its width is above a half, it
    contains a whole aligned quarter.
    """
    for count in range(TERMINATION_BITS + 1):
        unit = ONE >> count
        value = (low + unit - 1) // unit * unit
        if value + unit <= low + width:
            break
    return count, value


@compiled
def window(bits: NDArray[np.uint8], position: int, end: int) -> int:
    """The next 48 bits as a number; bits from `end` on are zeros."""
    value = 0
    for place in range(position, position + PRECISION):
        value = value << 1 | (bits[place] if place < end else 0)
    return value


@compiled
def symbol_at(
    row: int,
    frequencies: NDArray[np.int32],
    width: int,
    offset: int,
    unknown_bits: int,
) -> tuple[int, int, int]:
    """The symbol whose part of the interval holds a message, the sum of lower frequencies, and the
    total.

    The symbol is -1 where it depends on unknown bits, and in the part of the interval that rounding
    gives to no symbol.

    frequencies: (R, a multiple of 16), of which one row is used.
    offset: of the message from the interval's low end, with zeros for unknown bits.
    unknown_bits: how many of the 48 bits lie behind the message's end.
    """
    total = 0
    for symbol in range(frequencies.shape[1]):
        total += frequencies[row, symbol]
    step, spread = width // total, (1 << unknown_bits) - 1
    share = offset // step
    if share >= total:
        return -1, 0, total
    symbol = below = 0
    while True:
        block = 0
        for place in range(BLOCK):
            block += frequencies[row, symbol + place]
        if share < below + block:
            break
        symbol, below = symbol + BLOCK, below + block
    while share >= below + frequencies[row, symbol]:
        below += frequencies[row, symbol]
        symbol += 1
    decided = offset + spread < step * (below + frequencies[row, symbol])
    return symbol if decided else -1, below, total


@compiled
def renormalize_decoder(
    bits: NDArray[np.uint8], position: int, end: int, low: int, width: int, offset: int
) -> tuple[int, int, int, int]:
    """Double the interval as the encoder did, reading a bit each time, zeros from `end` on.

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
    """Add one to the bits before a position.

    A carry never leaves the message, as its interval is below 1.
    """
    position -= 1
    while bits[position]:
        bits[position] = 0
        position -= 1
    bits[position] = 1
