"""Systematic encoding by back-substitution.

T. Richardson and S. Kudekar, Design of low-density parity check codes for 5G New Radio, IEEE
Communications Magazine 56(3), 2018.
"""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.link.ldpc.base_graph import CORE_ROWS, LiftedGraph
from semcomm.link.ldpc.rotation import add_rotated

Columns = NDArray[np.uint8]


@compiled
def encode(graph: LiftedGraph, payloads: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mother codewords of payloads of one length: (F, k) to (F, k + parity bits), uint8 zeros
    and ones.
    """
    frames, payload_bits = payloads.shape
    rows = graph.row_starts.size - 1
    codewords = np.empty((frames, payload_bits + rows * graph.lifting), np.uint8)
    columns = np.empty((graph.payload_columns + rows, graph.lifting), np.uint8)
    for frame in range(frames):
        columns[:] = 0
        columns.reshape(-1)[:payload_bits] = payloads[frame]
        _solve_core(graph, columns)
        for row in range(CORE_ROWS, rows):
            _add_row(graph, row, columns, graph.payload_columns + row)
        codewords[frame, :payload_bits] = payloads[frame]
        codewords[frame, payload_bits:] = columns[graph.payload_columns :].reshape(-1)
    return codewords


@compiled
def _solve_core(graph: LiftedGraph, columns: Columns) -> None:
    """Solve the first four parity columns, which the first four rows share.

    The first of these columns has three shifts, two of them equal; the others form an unshifted
    staircase with two ones per column. The sum of the four rows contains only the payload and,
    once, the first column. With that column known, rows 0, 1 and 3 have one unknown column left,
    each a different one.
    """
    first, shift = graph.payload_columns, 0
    for row in range(CORE_ROWS):
        shift ^= _add_row(graph, row, columns, first)
    shifted = columns[first].copy()
    columns[first] = 0
    add_rotated(shifted, (graph.lifting - shift) % graph.lifting, columns[first])
    for row, unknown in ((0, first + 1), (1, first + 2), (3, first + 3)):
        _add_row(graph, row, columns, unknown)


@compiled
def _add_row(graph: LiftedGraph, row: int, columns: Columns, unknown: int) -> int:
    """Add the sum of the other columns of a row, check by check, to an unknown column that begins
    as zeros.

    This solves the unknown column where it is the only one and not shifted. Returns its shift, 0
    where the row does not contain it.
    """
    shift = 0
    for edge in range(graph.row_starts[row], graph.row_starts[row + 1]):
        if graph.columns[edge] == unknown:
            shift = graph.shifts[edge]
        else:
            add_rotated(columns[graph.columns[edge]], graph.shifts[edge], columns[unknown])
    return shift
