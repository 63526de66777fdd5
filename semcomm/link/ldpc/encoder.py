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
    """The mother codewords of payloads of one length: (F, k) uint8 zeros and ones to (F, k + parity
    bits).
    """
    frames, payload_bits = payloads.shape
    rows = graph.row_starts.size - 1
    mothers = np.empty((frames, payload_bits + rows * graph.lifting), np.uint8)
    columns = np.empty((graph.payload_columns + rows, graph.lifting), np.uint8)
    for frame in range(frames):
        columns[:] = 0
        columns.reshape(-1)[:payload_bits] = payloads[frame]
        _solve_core(graph, columns)
        for row in range(CORE_ROWS, rows):
            _add_row(graph, row, columns, graph.payload_columns + row)
        mothers[frame, :payload_bits] = payloads[frame]
        mothers[frame, payload_bits:] = columns[graph.payload_columns :].reshape(-1)
    return mothers


@compiled
def _solve_core(graph: LiftedGraph, columns: Columns) -> None:
    """The first four columns of parity, which the first four rows share.

    One of them has three shifts, of which two are equal; the others are a staircase of two ones a
    column, unshifted. In the sum of the four rows there remain the payload and, once, the first
    column; then rows 0, 1 and 3 have one unknown column left, each another.
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
    """Add to an unknown column, which begins as zeros, what the others of a row add up to in each
    of its checks.

    Where it is the only unknown one and not shifted, this solves it. Returns its shift, 0 where it
    is not in the row.
    """
    shift = 0
    for edge in range(graph.row_starts[row], graph.row_starts[row + 1]):
        if graph.columns[edge] == unknown:
            shift = graph.shifts[edge]
        else:
            add_rotated(columns[graph.columns[edge]], graph.shifts[edge], columns[unknown])
    return shift
