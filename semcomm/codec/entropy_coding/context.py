"""Arithmetic coding of each index, with frequencies that depend on the indices before it."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.arithmetic import (
    ONE,
    PRECISION,
    TERMINATION_BITS,
    narrowed,
    renormalize_decoder,
    renormalize_encoder,
    symbol_at,
    termination,
    window,
    write_end,
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
    """Codes runs of indices in raster order; each run is independent of the others."""

    min_bits_per_symbol = 0

    def __init__(self, model: ContextModel) -> None:
        self._model = model

    def encode(
        self, symbols: NDArray[np.uint16], runs: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The messages one after the other; result and errors are those of `PrefixCode.encode`."""
        counts = check_symbols(symbols, runs, self._model.codewords)
        self._check(runs)
        most_bits = OCTAVES + self._model.codewords.bit_length() + 1
        bits = np.empty(most_bits * symbols.size + TERMINATION_BITS * counts.size, np.uint8)
        ends = _encode(symbols, runs, self._model.tables, bits)
        return bits[: ends[-1] if ends.size else 0].copy(), np.diff(ends, prepend=0)

    def decode(
        self, bits: NDArray[np.uint8], lengths: NDArray[np.int64], runs: NDArray[np.int64]
    ) -> Decoded:
        """The symbols of messages that may be damaged; arbitrary bits raise no error.

        Symbols are valid as long as the message's bits alone determine them, whatever bits follow.
        A message is intact if it equals the encoding of its symbols, bit for bit. An arithmetic
        decoder cannot notice a wrong bit earlier: it decodes that bit and all that follow to valid
        symbols.

        Arguments, result and errors are those of `PrefixCode.decode`.
        """
        counts = check_bits(bits, lengths, runs)
        self._check(runs)
        symbols = np.zeros(counts.sum(), np.uint16)
        valid, intact = _decode(bits, lengths, runs, self._model.tables, symbols)
        return Decoded(symbols, valid, intact)

    def _check(self, runs: NDArray[np.int64]) -> None:
        starts, positions, columns, groups = runs.T
        if np.any(groups != self._model.groups):
            raise ValueError(
                f"runs have {groups.min()} to {groups.max()} groups; the model has "
                f"{self._model.groups}"
            )
        if np.any((positions > 0) & (starts >= columns)):
            raise ValueError(f"a run begins in column {starts.max()}, outside of its grid")


@compiled
def _encode(
    symbols: NDArray[np.uint16], runs: NDArray[np.int64], model: Model, bits: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Write the messages into `bits`; returns the position behind each."""
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
                position, low, width = renormalize_encoder(bits, position, low, width)
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
    """Fill `symbols`; returns `valid` and `intact` of `Decoded`."""
    valid, intact = np.zeros(len(runs), np.int64), np.zeros(len(runs), np.bool_)
    first = begin = 0
    for message in range(len(runs)):
        end = begin + lengths[message]
        start, positions, columns, groups = runs[message]
        grid = symbols[first : first + positions * groups]
        valid[message], intact[message] = _decode_run(
            bits, begin, end, grid, start, columns, groups, model
        )
        first += grid.size
        begin = end
    return valid, intact


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
    """Fill one run; returns its number of valid symbols, and whether its message is intact."""
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
        position, low, width, offset = renormalize_decoder(
            bits, position, end, low + above, width, offset - above
        )
    count, value = termination(low, width)
    return grid.size, end == position - PRECISION + count and low + offset == value
