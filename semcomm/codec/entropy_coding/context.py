"""Arithmetic coding of each index with frequencies that those decoded before it give."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.arithmetic import (
    ONE,
    PRECISION,
    TERMINATION_BITS,
    ending,
    narrowed,
    read_settled,
    symbol_at,
    window,
    write_end,
    write_settled,
)
from semcomm.codec.entropy_coding.context_model import (
    OCTAVES,
    ContextModel,
    Model,
    frequencies_at,
    neighbour_sums,
)
from semcomm.codec.entropy_coding.interface import Decoded, check_bits, check_symbols
from semcomm.compiled import compiled


class ContextCoder:
    """Codes runs of indices of grids in raster order, each run by itself."""

    min_bits_per_symbol = 0

    def __init__(self, model: ContextModel) -> None:
        self._model = model

    def encode(
        self, symbols: NDArray[np.uint16], runs: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The messages one after the other, as `PrefixCode.encode` returns them, and with its
        errors.
        """
        counts = check_symbols(symbols, runs, self._model.codewords)
        self._check(runs)
        most_bits = OCTAVES + self._model.codewords.bit_length() + 1
        bits = np.empty(most_bits * symbols.size + TERMINATION_BITS * counts.size, np.uint8)
        ends = _encode(symbols, runs, self._model.tables, bits)
        return bits[: ends[-1] if ends.size else 0].copy(), np.diff(ends, prepend=0)

    def decode(
        self, bits: NDArray[np.uint8], lengths: NDArray[np.int64], runs: NDArray[np.int64]
    ) -> Decoded:
        """The symbols of messages that may be damaged: whatever the bits are, they raise no error.

        A message is good as far as its bits alone decide its symbols, whatever bits would follow
        them. It is intact if they end where the symbols' own message ends: not one bit less, more
        or other. An arithmetic decoder cannot know of a wrong bit before that: it makes valid
        symbols of it and of all that follow.

        Arguments, result and errors are those of `PrefixCode.decode`.
        """
        counts = check_bits(bits, lengths, runs)
        self._check(runs)
        symbols = np.zeros(counts.sum(), np.uint16)
        good, intact = _decode(bits, lengths, runs, self._model.tables, symbols)
        return Decoded(symbols, good, intact)

    def _check(self, runs: NDArray[np.int64]) -> None:
        starts, positions, columns, groups = runs.T
        if np.any(groups != self._model.groups):
            raise ValueError(
                f"runs have {groups.min()} to {groups.max()} groups; the model's have "
                f"{self._model.groups}"
            )
        if np.any((positions > 0) & (starts >= columns)):
            raise ValueError(f"a run begins in column {starts.max()} of a grid with fewer")


@compiled
def _encode(
    symbols: NDArray[np.uint16], runs: NDArray[np.int64], model: Model, bits: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Writes the messages into `bits`; returns the position behind each."""
    ends = np.empty(len(runs), np.int64)
    sums, frequencies = np.empty(model[2].shape[1], np.int32), np.empty(model[6].shape[1], np.int32)
    first = position = 0
    for message in range(len(runs)):
        start, positions, columns, groups = runs[message]
        grid = symbols[first : first + positions * groups]
        low, width = 0, ONE
        for place in range(positions):
            neighbour_sums(grid, place, start, columns, groups, model[0], sums)
            here = grid[place * groups : (place + 1) * groups]
            for group in range(groups):
                total = frequencies_at(here[:group], sums, model, frequencies)
                below = frequencies[: here[group]].sum()
                low, width = narrowed(low, width, below, frequencies[here[group]], total)
                position, low, width = write_settled(bits, position, low, width)
        position = ends[message] = write_end(bits, position, low, width)
        first += grid.size
    return ends


@compiled
def _decode(
    bits: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    runs: NDArray[np.int64],
    model: Model,
    symbols: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Fills `symbols`; returns which were good and which messages are intact, as `Decoded` has
    them.
    """
    good, intact = np.zeros(len(runs), np.int64), np.zeros(len(runs), np.bool_)
    first = begin = 0
    for message in range(len(runs)):
        end = begin + lengths[message]
        start, positions, columns, groups = runs[message]
        grid = symbols[first : first + positions * groups]
        good[message], intact[message] = _decode_run(
            bits, begin, end, grid, start, columns, groups, model
        )
        first += grid.size
        begin = end
    return good, intact


@compiled
def _decode_run(
    bits: NDArray[np.uint8],
    begin: int,
    end: int,
    grid: NDArray[np.uint16],
    start: int,
    columns: int,
    groups: int,
    model: Model,
) -> tuple[int, bool]:
    """Fills in one run; returns how many of its symbols are good, and whether its message is
    intact.
    """
    sums, frequencies = np.empty(model[2].shape[1], np.int32), np.empty(model[6].shape[1], np.int32)
    low, width, offset = 0, ONE, window(bits, begin, end)
    position = begin + PRECISION
    for number in range(grid.size):
        place, group = number // groups, number % groups
        if group == 0:
            neighbour_sums(grid, place, start, columns, groups, model[0], sums)
        total = frequencies_at(grid[number - group : number], sums, model, frequencies)
        unknown_bits = min(max(position - end, 0), PRECISION)
        symbol, below = symbol_at(frequencies, total, width, offset, unknown_bits)
        if symbol < 0:
            return number, False
        grid[number] = symbol
        above, width = narrowed(0, width, below, frequencies[symbol], total)
        position, low, width, offset = read_settled(
            bits, position, end, low + above, width, offset - above
        )
    count, value = ending(low, width)
    return grid.size, end == position - PRECISION + count and low + offset == value
