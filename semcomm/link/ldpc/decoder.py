"""Layered belief propagation with early stopping, one code block after the other.

D. Hocevar, A reduced complexity decoder architecture via layered decoding of LDPC codes, IEEE
Workshop on Signal Processing Systems, 2004: the Z checks of a row of the base graph share no bit
and are updated together, and the next row already reads their results.
"""

from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.link.ldpc.base_graph import CORE_ROWS, LiftedGraph
from semcomm.link.ldpc.check_update import update_checks
from semcomm.link.ldpc.rotation import add_rotated, read_rotated, write_rotated

CERTAIN = np.float32(100.0)
"""The LLR of a filler, and the largest that is accepted from a channel; float32 adds small values
to it without loss.
"""

VECTOR = 16
"""Lanes are padded to a multiple of this, so that vector instructions update all of them."""


class CodeBlocks(NamedTuple):
    """J code blocks of one graph, of all blocks that are decoded together: (J,) int64 each.

    numbers: their positions among all blocks.
    payload_bits: k.
    bit_starts: where their payload bits begin among those of all blocks.
    llr_starts, llr_stops: where the LLRs of their mother codewords lie among those of all blocks.
    """

    numbers: NDArray[np.int64]
    payload_bits: NDArray[np.int64]
    bit_starts: NDArray[np.int64]
    llr_starts: NDArray[np.int64]
    llr_stops: NDArray[np.int64]


class Results(NamedTuple):
    """The results of all B code blocks: payload bits in a row, iterations (B,), converged (B,)."""

    bits: NDArray[np.uint8]
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


class Memory(NamedTuple):
    """The arrays in which one code block after the other is decoded.

    posteriors: (columns, Z), the LLRs of all bits.
    messages: (edges, lanes), the last messages from checks to bits; lanes from Z on stay zero.
    incoming, forward: (largest degree, lanes).
    parities: (Z,).
    rows: (rows,).
    """

    posteriors: NDArray[np.float32]
    messages: NDArray[np.float32]
    incoming: NDArray[np.float32]
    forward: NDArray[np.float32]
    parities: NDArray[np.int32]
    rows: NDArray[np.int64]


def decode_blocks(
    graph: LiftedGraph,
    blocks: CodeBlocks,
    llrs: NDArray[np.float32],
    max_iterations: int,
    results: Results,
) -> None:
    """Decode code blocks of one graph and write their results to their positions."""
    columns = graph.payload_columns + graph.row_starts.size - 1
    degree = int(np.diff(graph.row_starts).max())
    lanes = VECTOR * ceil(graph.lifting / VECTOR)
    memory = Memory(
        posteriors=np.empty((columns, graph.lifting), np.float32),
        messages=np.zeros((graph.columns.size, lanes), np.float32),
        incoming=np.zeros((degree, lanes), np.float32),
        forward=np.zeros((degree, lanes), np.float32),
        parities=np.empty(graph.lifting, np.int32),
        rows=np.empty(graph.row_starts.size - 1, np.int64),
    )
    _decode_blocks(graph, blocks, llrs, max_iterations, results, memory)


@compiled
def _decode_blocks(
    graph: LiftedGraph,
    blocks: CodeBlocks,
    llrs: NDArray[np.float32],
    max_iterations: int,
    results: Results,
    memory: Memory,
) -> None:
    posteriors = memory.posteriors.reshape(-1)
    for block in range(blocks.numbers.size):
        number, start = blocks.numbers[block], blocks.bit_starts[block]
        payload = posteriors[: blocks.payload_bits[block]]
        _load(graph, payload.size, llrs[blocks.llr_starts[block] : blocks.llr_stops[block]], memory)
        results.iterations[number], results.converged[number] = _iterate(
            graph, payload, max_iterations, memory
        )
        for bit in range(payload.size):
            results.bits[start + bit] = payload[bit] < 0


@compiled
def _load(graph: LiftedGraph, payload_bits: int, llrs: NDArray[np.float32], memory: Memory) -> None:
    """Write LLRs to the posteriors, with fillers between payload and parity, and clear messages."""
    posteriors = memory.posteriors.reshape(-1)
    fillers = graph.payload_columns * graph.lifting - payload_bits
    posteriors[payload_bits : payload_bits + fillers] = CERTAIN
    for bit in range(llrs.size):
        place = bit if bit < payload_bits else bit + fillers
        posteriors[place] = min(max(llrs[bit], -CERTAIN), CERTAIN)
    memory.messages[:] = 0


@compiled
def _iterate(
    graph: LiftedGraph, payload: NDArray[np.float32], max_iterations: int, memory: Memory
) -> tuple[int, bool]:
    """Iterate until every check holds and no payload bit is undecided. Returns the number of
    iterations, and whether that was reached.
    """
    rows = _active_rows(graph, memory)
    for iteration in range(1, max_iterations + 1):
        for row in rows:
            _update_row(graph, row, memory)
        if _checks_hold(graph, rows, memory) and payload.all():
            return iteration, True
    return max_iterations, False


@compiled
def _active_rows(graph: LiftedGraph, memory: Memory) -> NDArray[np.int64]:
    """All rows except those whose own parity column was not received: their checks carry no
    information.
    """
    active = 0
    for row in range(memory.rows.size):
        if row < CORE_ROWS or memory.posteriors[graph.payload_columns + row].any():
            memory.rows[active] = row
            active += 1
    return memory.rows[:active]


@compiled
def _update_row(graph: LiftedGraph, row: int, memory: Memory) -> None:
    first, stop = graph.row_starts[row], graph.row_starts[row + 1]
    incoming, messages = memory.incoming[: stop - first], memory.messages[first:stop]
    for edge in range(first, stop):
        column = memory.posteriors[graph.columns[edge]]
        read_rotated(column, graph.shifts[edge], messages[edge - first], incoming[edge - first])
    update_checks(incoming, memory.forward, messages)
    for edge in range(first, stop):
        column = memory.posteriors[graph.columns[edge]]
        write_rotated(column, graph.shifts[edge], messages[edge - first], incoming[edge - first])


@compiled
def _checks_hold(graph: LiftedGraph, rows: NDArray[np.int64], memory: Memory) -> bool:
    """Whether the hard decisions, the sign bits of the LLRs, have even parity in every check of
    these rows.
    """
    decisions, parities = memory.posteriors.view(np.int32), memory.parities
    for row in rows:
        parities[:] = 0
        for edge in range(graph.row_starts[row], graph.row_starts[row + 1]):
            add_rotated(decisions[graph.columns[edge]], graph.shifts[edge], parities)
        odd = 0
        for lane in range(parities.size):
            odd |= parities[lane]
        if odd < 0:
            return False
    return True
