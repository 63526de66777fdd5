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
from semcomm.codec.entropy_coding.context_model import ContextModel
from semcomm.codec.entropy_coding.context_network import (
    OCTAVES,
    Network,
    Rows,
    add_group,
    add_neighbours,
    load_group,
    load_neighbours,
)
from semcomm.codec.entropy_coding.interface import Decoded, check_bits, check_symbols
from semcomm.compiled import compiled
from semcomm.ragged import offsets

POSITIONS_AT_ONCE = 32


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
        network = self._model.network
        rows = Rows.of(network, POSITIONS_AT_ONCE)
        lengths = _encode(symbols, runs, network, rows, bits)
        return bits[: lengths.sum()].copy(), lengths

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
        network = self._model.network
        rows = Rows.of(network, POSITIONS_AT_ONCE)
        begins = offsets(lengths)
        ends = begins + lengths
        states = _starts(bits, begins, ends)
        valid = _decode(bits, ends, runs, offsets(counts), network, rows, symbols, states)
        intact = (valid == counts) & _end_as_encoded(ends, states)
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
    symbols: NDArray[np.uint16],
    runs: NDArray[np.int64],
    network: Network,
    rows: Rows,
    bits: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Write the messages into `bits`; returns their lengths."""
    groups, lengths = len(network.bias1), np.zeros(len(runs), np.int64)
    positions = np.empty((len(rows.near), 4), np.int64)
    shares = np.empty((len(rows.near), groups, 3), np.int64)
    first = message = place = 0
    coded = end = begin = 0
    low, width = 0, ONE
    while True:
        count = 0
        while count < len(positions) and message < len(runs):
            if place < runs[message, 1]:
                positions[count, 0], positions[count, 1] = first, place
                positions[count, 2], positions[count, 3] = runs[message, 0], runs[message, 2]
                count, place = count + 1, place + 1
            else:
                first += place * groups
                message, place = message + 1, 0
        if count == 0:
            return lengths
        _set_shares(count, symbols, positions, network, rows, shares)
        for row in range(count):
            while positions[row, 1] == runs[coded, 1]:
                coded += 1
            for group in range(groups):
                below, frequency, total = shares[row, group]
                low, width = narrowed(low, width, below, frequency, total)
                end, low, width = renormalize_encoder(bits, end, low, width)
            if positions[row, 1] == runs[coded, 1] - 1:
                end = write_end(bits, end, low, width)
                lengths[coded] = end - begin
                begin, low, width = end, 0, ONE
                coded += 1


@compiled
def _set_shares(
    count: int,
    symbols: NDArray[np.uint16],
    positions: NDArray[np.int64],
    network: Network,
    rows: Rows,
    shares: NDArray[np.int64],
) -> None:
    """For each symbol of the first positions: the sum of the lower frequencies, its frequency, and
    the sum of all.
    """
    groups, embedding = len(network.bias1), network.embedding
    load_neighbours(count, symbols, positions, groups, embedding, rows.neighbour_words)
    add_neighbours(count, network, rows)
    for group in range(groups):
        add_group(count, group, network, rows)
        _set_group_shares(count, symbols, positions, group, rows.frequencies, shares)
        load_group(count, symbols, positions, groups, group, embedding, rows.before_words)


@compiled
def _set_group_shares(
    count: int,
    symbols: NDArray[np.uint16],
    positions: NDArray[np.int64],
    group: int,
    frequencies: NDArray[np.int32],
    shares: NDArray[np.int64],
) -> None:
    groups = shares.shape[1]
    for row in range(count):
        symbol = np.int64(symbols[positions[row, 0] + positions[row, 1] * groups + group])
        below = total = 0
        for other in range(frequencies.shape[1]):
            total += frequencies[row, other]
            below += frequencies[row, other] if other < symbol else 0
        shares[row, group, 0] = below
        shares[row, group, 1] = frequencies[row, symbol]
        shares[row, group, 2] = total


@compiled
def _decode(
    bits: NDArray[np.uint8],
    ends: NDArray[np.int64],
    runs: NDArray[np.int64],
    firsts: NDArray[np.int64],
    network: Network,
    rows: Rows,
    symbols: NDArray[np.uint16],
    states: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Fill `symbols`; returns `valid` of `Decoded`."""
    groups, embedding = len(network.bias1), network.embedding
    valid = np.zeros(len(runs), np.int64)
    active = np.empty(len(rows.near), np.int64)
    positions = np.empty((len(rows.near), 4), np.int64)
    count = waiting = 0
    while True:
        kept = 0
        for row in range(count):
            message, place = active[row], positions[row, 1] + 1
            if place < runs[message, 1] and valid[message] == place * groups:
                active[kept], positions[kept] = message, positions[row]
                positions[kept, 1] = place
                kept += 1
        while kept < len(active) and waiting < len(runs):
            if runs[waiting, 1] > 0:
                active[kept] = waiting
                positions[kept, 0], positions[kept, 1] = firsts[waiting], 0
                positions[kept, 2], positions[kept, 3] = runs[waiting, 0], runs[waiting, 2]
                kept += 1
            waiting += 1
        count = kept
        if count == 0:
            return valid
        load_neighbours(count, symbols, positions, groups, embedding, rows.neighbour_words)
        add_neighbours(count, network, rows)
        for group in range(groups):
            add_group(count, group, network, rows)
            for row in range(count):
                message = active[row]
                number = positions[row, 1] * groups + group
                if valid[message] == number:
                    symbol = _decode_symbol(
                        row, message, bits, ends[message], rows.frequencies, states
                    )
                    if symbol >= 0:
                        symbols[firsts[message] + number] = symbol
                        valid[message] += 1
            load_group(count, symbols, positions, groups, group, embedding, rows.before_words)


@compiled
def _starts(
    bits: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(M, 4) low, width, offset and position of each message's decoder."""
    states = np.empty((len(begins), 4), np.int64)
    for message in range(len(begins)):
        states[message, 0], states[message, 1] = 0, ONE
        states[message, 2] = window(bits, begins[message], ends[message])
        states[message, 3] = begins[message] + PRECISION
    return states


@compiled
def _end_as_encoded(ends: NDArray[np.int64], states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether what is left of each message is how an encoder ends it."""
    whole = np.empty(len(ends), np.bool_)
    for message in range(len(ends)):
        low, width, offset, position = states[message]
        count, value = termination(low, width)
        whole[message] = ends[message] == position - PRECISION + count and low + offset == value
    return whole


@compiled
def _decode_symbol(
    row: int,
    message: int,
    bits: NDArray[np.uint8],
    end: int,
    frequencies: NDArray[np.int32],
    states: NDArray[np.int64],
) -> int:
    """The next symbol of a message, or -1 where its bits do not decide it."""
    low, width = states[message, 0], states[message, 1]
    offset, position = states[message, 2], states[message, 3]
    unknown_bits = min(max(position - end, 0), PRECISION)
    symbol, below, total = symbol_at(row, frequencies, width, offset, unknown_bits)
    if symbol >= 0:
        above, width = narrowed(0, width, below, frequencies[row, symbol], total)
        position, low, width, offset = renormalize_decoder(
            bits, position, end, low + above, width, offset - above
        )
        states[message, 0], states[message, 1] = low, width
        states[message, 2], states[message, 3] = offset, position
    return symbol
