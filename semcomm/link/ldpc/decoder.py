"""Layered belief propagation with early stopping, sixteen code blocks at a time.

D. Hocevar, A reduced complexity decoder architecture via layered decoding of LDPC codes, IEEE
Workshop on Signal Processing Systems, 2004: the Z checks of a row of the base graph share no bit,
and the next row already reads their results.

Each code block has a lane of the vector instructions, so that lifting sizes need not fill them. A
lane whose block is done takes the next one; no block sees another.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.link.ldpc.base_graph import CORE_ROWS, LiftedGraph
from semcomm.link.ldpc.check_update import update_checks
from semcomm.link.ldpc.rotation import add_rotated, read_rotated, write_rotated

MOST_LANES = 16
"""Code blocks that are decoded at a time. The LLRs of one bit of all of them lie side by side, so
that loops over a column are long enough for vector instructions, however small the lifting size.
"""

CERTAIN = np.float32(100.0)
"""The LLR of a filler, and the largest that is accepted from a channel; float32 adds small values
to it without loss.
"""

FREE = -1
"""In place of a block's number, for a lane without one."""


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
    """The arrays in which blocks are decoded, a lane for each.

    posteriors: (columns, Z lanes), the LLRs of all bits, the lanes of a bit side by side.
    messages: (edges, Z lanes), the last messages from checks to bits.
    incoming, forward: (largest degree, Z lanes).
    parities: (Z lanes,).
    kept: (Z lanes,), 0 in lanes whose block begins, so that its first messages are zeros, else 1.
    blocks: (lanes,), which of the code blocks a lane holds.
    iterations: (lanes,), how many a lane's block had.
    used: (rows,), whether a row's checks carry information for any block.
    active: (rows, lanes), -1 where they do for a lane's block, else 0.
    odd: (lanes,), negative where a check does not hold.
    """

    posteriors: NDArray[np.float32]
    messages: NDArray[np.float32]
    incoming: NDArray[np.float32]
    forward: NDArray[np.float32]
    parities: NDArray[np.int32]
    kept: NDArray[np.float32]
    blocks: NDArray[np.int64]
    iterations: NDArray[np.int64]
    used: NDArray[np.bool_]
    active: NDArray[np.int32]
    odd: NDArray[np.int32]


def decode_blocks(
    graph: LiftedGraph,
    blocks: CodeBlocks,
    llrs: NDArray[np.float32],
    max_iterations: int,
    results: Results,
) -> None:
    """Decode code blocks of one graph and write their results to their positions."""
    lanes = min(MOST_LANES, blocks.numbers.size)
    rows, width = graph.row_starts.size - 1, graph.lifting * lanes
    columns, degree = graph.payload_columns + rows, int(np.diff(graph.row_starts).max())
    memory = Memory(
        posteriors=np.zeros((columns, width), np.float32),
        messages=np.zeros((graph.columns.size, width), np.float32),
        incoming=np.empty((degree, width), np.float32),
        forward=np.empty((degree, width), np.float32),
        parities=np.empty(width, np.int32),
        kept=np.empty(width, np.float32),
        blocks=np.full(lanes, FREE),
        iterations=np.zeros(lanes, np.int64),
        used=np.zeros(rows, np.bool_),
        active=np.zeros((rows, lanes), np.int32),
        odd=np.zeros(lanes, np.int32),
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
    for block in range(blocks.numbers.size):
        for row in range(memory.used.size):
            memory.used[row] = memory.used[row] or _carries(graph, blocks, block, llrs, row)
    waiting, left = 0, blocks.numbers.size
    while left:
        for lane in range(memory.blocks.size):
            if memory.blocks[lane] == FREE and waiting < blocks.numbers.size:
                _load(graph, blocks, waiting, llrs, lane, memory)
                waiting += 1
        _iterate(graph, memory)
        for lane in range(memory.blocks.size):
            block = memory.blocks[lane]
            if block == FREE:
                continue
            payload = _of_lane(memory, lane)[: blocks.payload_bits[block]]
            converged = bool(memory.odd[lane] >= 0 and payload.all())
            if converged or memory.iterations[lane] == max_iterations:
                _finish(blocks, block, converged, memory.iterations[lane], payload, results)
                memory.blocks[lane] = FREE
                left -= 1


@compiled
def _of_lane(memory: Memory, lane: int) -> NDArray[np.float32]:
    """(columns Z,) the LLRs of the block in a lane."""
    return memory.posteriors.reshape(-1, memory.blocks.size)[:, lane]


@compiled
def _load(
    graph: LiftedGraph,
    blocks: CodeBlocks,
    block: int,
    llrs: NDArray[np.float32],
    lane: int,
    memory: Memory,
) -> None:
    """Write a block's LLRs to the posteriors of a lane, with fillers between payload and parity."""
    posteriors = _of_lane(memory, lane)
    payload_bits, start = blocks.payload_bits[block], blocks.llr_starts[block]
    first_parity = graph.payload_columns * graph.lifting
    for bit in range(payload_bits):
        posteriors[bit] = _accepted(llrs[start + bit])
    for bit in range(payload_bits, first_parity):
        posteriors[bit] = CERTAIN
    parities = llrs[start + payload_bits : blocks.llr_stops[block]]
    for bit in range(parities.size):
        posteriors[first_parity + bit] = _accepted(parities[bit])
    for row in range(memory.used.size):
        memory.active[row, lane] = -1 if _carries(graph, blocks, block, llrs, row) else 0
    memory.blocks[lane], memory.iterations[lane] = block, 0


@compiled
def _carries(
    graph: LiftedGraph, blocks: CodeBlocks, block: int, llrs: NDArray[np.float32], row: int
) -> bool:
    """Whether a row's checks carry information for a block: not where the row's own parity column
    was not received. Then all messages of these checks are 0, but for those to that column.
    """
    start = blocks.llr_starts[block] + blocks.payload_bits[block] + row * graph.lifting
    return bool(row < CORE_ROWS or llrs[start : start + graph.lifting].any())


@compiled
def _accepted(llr: np.float32) -> np.float32:
    return min(max(llr, -CERTAIN), CERTAIN)


@compiled
def _finish(
    blocks: CodeBlocks,
    block: int,
    converged: bool,
    iterations: int,
    payload: NDArray[np.float32],
    results: Results,
) -> None:
    number, start = blocks.numbers[block], blocks.bit_starts[block]
    results.iterations[number], results.converged[number] = iterations, converged
    for bit in range(payload.size):
        results.bits[start + bit] = payload[bit] < 0


@compiled
def _iterate(graph: LiftedGraph, memory: Memory) -> None:
    """Update the checks of all rows in use, then see in which lanes they hold."""
    kept = memory.kept.reshape(-1, memory.blocks.size)
    for lane in range(memory.blocks.size):
        kept[:, lane] = memory.iterations[lane] > 0
        memory.iterations[lane] += 1
    for row in range(graph.row_starts.size - 1):
        if memory.used[row]:
            _update_row(graph, row, memory)
    memory.odd[:] = 0
    for row in range(graph.row_starts.size - 1):
        if memory.used[row]:
            _check_row(graph, row, memory)


@compiled
def _update_row(graph: LiftedGraph, row: int, memory: Memory) -> None:
    first, stop = graph.row_starts[row], graph.row_starts[row + 1]
    incoming, messages = memory.incoming[: stop - first], memory.messages[first:stop]
    for edge in range(first, stop):
        column, shift = (
            memory.posteriors[graph.columns[edge]],
            memory.blocks.size * graph.shifts[edge],
        )
        read_rotated(column, shift, memory.kept, messages[edge - first], incoming[edge - first])
    update_checks(incoming, memory.forward, messages)
    for edge in range(first, stop):
        column, shift = (
            memory.posteriors[graph.columns[edge]],
            memory.blocks.size * graph.shifts[edge],
        )
        write_rotated(column, shift, messages[edge - first], incoming[edge - first])


@compiled
def _check_row(graph: LiftedGraph, row: int, memory: Memory) -> None:
    """Note in which lanes the hard decisions, the sign bits of the LLRs, have odd parity."""
    decisions, parities = memory.posteriors.view(np.int32), memory.parities
    lanes = memory.blocks.size
    parities[:] = 0
    for edge in range(graph.row_starts[row], graph.row_starts[row + 1]):
        add_rotated(decisions[graph.columns[edge]], lanes * graph.shifts[edge], parities)
    for check in range(0, parities.size, lanes):
        for lane in range(lanes):
            memory.odd[lane] |= parities[check + lane] & memory.active[row, lane]
