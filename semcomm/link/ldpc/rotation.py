"""Between the bits of a column and the checks of a row: check i holds bit (i + shift) mod Z."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

Lanes = NDArray[np.float32]


@compiled
def read_rotated(column: Lanes, shift: int, told: Lanes, incoming: Lanes) -> None:
    """The bits of a column in the order of their checks, less what these checks have told them.

    column: (Z,); told, incoming: (Z or more,), of which Z are read and written.
    """
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    told_tail, incoming_tail = told[turn:], incoming[turn:]
    for lane in range(turn):
        incoming[lane] = head[lane] - told[lane]
    for lane in range(shift):
        incoming_tail[lane] = tail[lane] - told_tail[lane]


@compiled
def write_rotated(column: Lanes, shift: int, told: Lanes, incoming: Lanes) -> None:
    """The way back: what was read, with what the checks tell now, into the column."""
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    told_tail, incoming_tail = told[turn:], incoming[turn:]
    for lane in range(turn):
        head[lane] = incoming[lane] + told[lane]
    for lane in range(shift):
        tail[lane] = incoming_tail[lane] + told_tail[lane]


@compiled
def add_rotated(column: NDArray[Any], shift: int, sums: NDArray[Any]) -> None:
    """Add the integers of a column, bit by bit modulo 2, to those of their checks: (Z,) each, of
    one dtype.
    """
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    sums_tail = sums[turn:]
    for lane in range(turn):
        sums[lane] ^= head[lane]
    for lane in range(shift):
        sums_tail[lane] ^= tail[lane]
