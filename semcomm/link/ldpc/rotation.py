"""Rotations between the bits of a column and the checks of a row: check i contains bit (i + shift)
mod Z.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

Lanes = NDArray[np.float32]


@compiled
def read_rotated(column: Lanes, shift: int, kept: Lanes, messages: Lanes, incoming: Lanes) -> None:
    """Write the LLRs of a column, in the order of its checks and less their last messages times
    `kept`, to `incoming`; (Z,) each.
    """
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    kept_tail, messages_tail, incoming_tail = kept[turn:], messages[turn:], incoming[turn:]
    for lane in range(turn):
        incoming[lane] = head[lane] - kept[lane] * messages[lane]
    for lane in range(shift):
        incoming_tail[lane] = tail[lane] - kept_tail[lane] * messages_tail[lane]


@compiled
def write_rotated(column: Lanes, shift: int, messages: Lanes, incoming: Lanes) -> None:
    """Undo `read_rotated`: write `incoming` plus the checks' new messages to the column."""
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    messages_tail, incoming_tail = messages[turn:], incoming[turn:]
    for lane in range(turn):
        head[lane] = incoming[lane] + messages[lane]
    for lane in range(shift):
        tail[lane] = incoming_tail[lane] + messages_tail[lane]


@compiled
def add_rotated(column: NDArray[Any], shift: int, sums: NDArray[Any]) -> None:
    """Add the bits of a column, bitwise modulo 2, to the sums of their checks: (Z,) each, of one
    integer dtype.
    """
    turn = column.size - shift
    head, tail = column[shift:], column[:shift]
    sums_tail = sums[turn:]
    for lane in range(turn):
        sums[lane] ^= head[lane]
    for lane in range(shift):
        sums_tail[lane] ^= tail[lane]
