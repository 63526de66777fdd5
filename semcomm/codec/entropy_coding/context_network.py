"""The network of a context model, for several positions at once, in exact integer arithmetic.

The positions are of one message or of several. Rows do not depend on each other, so how many are
computed at once changes nothing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.integer_products import add_products, padded, paired
from semcomm.compiled import compiled

NEIGHBOURS = [
    (row, column) for row in (-2, -1, 0) for column in range(-2, 3) if row < 0 or column < 0
]
"""The positions that an index depends on, relative to its own: two rows above, two to the left."""

ACTIVATION_SHIFTS = 5, 6
LOGIT_SHIFT = 7
MAX_ACTIVATION = 255
OCTAVE, OCTAVES = 32, 20

OFFSETS = np.array(NEIGHBOURS, np.int64)
ENTRIES_PER_WORD = 4

# Five float32 coefficients, and one minus a fiftieth: see `_power`.
P4, P3, P2, P1, P0 = np.array(
    [2.1379877e-07, 5.9237289e-05, 0.013656616, 2.526952, 351.38126], "f4"
)
ALMOST_ONE = np.float32(0.98)


class Network(NamedTuple):
    """Weights and biases of G groups, as `add_products` takes them.

    Embeddings have W words of four 16-bit entries, the last ones filled up with zeros.
    """

    embedding: NDArray[np.int64]
    """(K + 1, W) words; the last row is for neighbours outside of the run."""
    neighbours: NDArray[np.int16]
    """First layer, from the embeddings of all neighbours' indices."""
    before: NDArray[np.int16]
    """(G, ...) first layer, from the indices before a group at its own position."""
    weight2: NDArray[np.int16]
    weight3: NDArray[np.int16]
    bias1: NDArray[np.int32]
    bias2: NDArray[np.int32]
    bias3: NDArray[np.int32]
    zeros: NDArray[np.int32]

    @classmethod
    def of(cls, part: Mapping[str, NDArray[Any]]) -> Self:
        """The network of a context model's tensors, by their names in docs/bitstream.md."""
        groups, first = part["bias1"].shape
        fill = [(0, 0), (0, -part["embedding"].shape[1] % ENTRIES_PER_WORD)]
        embedding = np.ascontiguousarray(np.pad(part["embedding"].astype(np.int16), fill))
        neighbours, pairs = (
            np.pad(part[name], [*fill, (0, 0)]) for name in ("neighbours", "before")
        )
        entries = embedding.shape[1]
        before = np.zeros((groups, groups * entries, first), np.int8)
        for group in range(groups):
            pair = group * (group - 1) // 2
            before[group, : group * entries] = pairs[pair : pair + group].reshape(-1, first)
        return cls(
            embedding.view(np.int64),
            paired(neighbours.reshape(1, -1, first)),
            paired(before),
            paired(part["weight2"]),
            paired(part["weight3"]),
            _filled(part["bias1"]),
            _filled(part["bias2"]),
            _filled(part["bias3"]),
            zeros=np.zeros((1, padded(first)), np.int32),
        )


class Rows(NamedTuple):
    """Memory for the computation of R positions, a row for each."""

    neighbours: NDArray[np.int16]
    """The embeddings of all neighbours' indices."""
    neighbour_words: NDArray[np.int64]
    before: NDArray[np.int16]
    """The embeddings of the position's own indices."""
    before_words: NDArray[np.int64]
    near: NDArray[np.int32]
    """What the neighbours add to the first layer's sums."""
    first: NDArray[np.int32]
    first_active: NDArray[np.int16]
    second: NDArray[np.int32]
    second_active: NDArray[np.int16]
    logits: NDArray[np.int32]
    frequencies: NDArray[np.int32]
    """Of the next index of each position; (R, K), then zeros."""

    @classmethod
    def of(cls, network: Network, rows: int) -> Self:
        words = network.embedding.shape[1]
        groups = len(network.bias1)
        first, second, third = (
            biases.shape[1] for biases in (network.bias1, network.bias2, network.bias3)
        )
        neighbours = np.zeros((rows, len(NEIGHBOURS) * groups * words), np.int64)
        before = np.zeros((rows, groups * words), np.int64)
        return cls(
            neighbours.view(np.int16),
            neighbours,
            before.view(np.int16),
            before,
            np.zeros((rows, first), np.int32),
            np.zeros((rows, first), np.int32),
            np.zeros((rows, first), np.int16),
            np.zeros((rows, second), np.int32),
            np.zeros((rows, second), np.int16),
            np.zeros((rows, third), np.int32),
            np.zeros((rows, third), np.int32),
        )


def _filled(biases: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.pad(biases, [(0, 0), (0, padded(biases.shape[1]) - biases.shape[1])])


@compiled
def load_neighbours(
    count: int,
    symbols: NDArray[np.uint16],
    positions: NDArray[np.int64],
    groups: int,
    embedding: NDArray[np.int64],
    words: NDArray[np.int64],
) -> None:
    """Set the first rows of `neighbour_words`.

    symbols: of all runs.
    positions: (R, 4) the first symbol of the position's run, its place in the run, the column in
        which the run begins, and the grid's columns.
    """
    for row in range(count):
        first, place, start, columns = positions[row]
        outside, column, end = len(embedding) - 1, (start + place) % columns, 0
        for number in range(len(OFFSETS)):
            beside = column + OFFSETS[number, 1]
            there = place + OFFSETS[number, 0] * columns + OFFSETS[number, 1]
            inside = there >= 0 and beside >= 0 and beside < columns
            for group in range(groups):
                symbol = np.int64(symbols[first + there * groups + group]) if inside else outside
                for word in range(embedding.shape[1]):
                    words[row, end] = embedding[symbol, word]
                    end += 1


@compiled
def load_group(
    count: int,
    symbols: NDArray[np.uint16],
    positions: NDArray[np.int64],
    groups: int,
    group: int,
    embedding: NDArray[np.int64],
    words: NDArray[np.int64],
) -> None:
    """Set what the first rows of `before_words` have of this group, now that it is known."""
    size = embedding.shape[1]
    for row in range(count):
        symbol = symbols[positions[row, 0] + positions[row, 1] * groups + group]
        for word in range(size):
            words[row, group * size + word] = embedding[symbol, word]


@compiled
def add_neighbours(count: int, network: Network, rows: Rows) -> None:
    """Set `near` of the first rows from their neighbours."""
    inputs = rows.neighbours
    _fill(count, network.zeros, 0, rows.near)
    add_products(count, rows.near, inputs, network.neighbours, 0, inputs.shape[1] // 2)


@compiled
def add_group(count: int, group: int, network: Network, rows: Rows) -> None:
    """Set `frequencies` of the first rows to those of this group's index.

    They are 1 to 2^20. `near` and what `before` has of the groups before it must be set.

    Without loops in this function, numba need not count references to the arrays.
    """
    first, second, logits = rows.first, rows.second, rows.logits
    weight2, weight3 = network.weight2, network.weight3
    pairs = group * network.embedding.shape[1] * (ENTRIES_PER_WORD // 2)
    _add_bias(count, rows.near, network.bias1, group, first)
    add_products(count, first, rows.before, network.before, group, pairs)
    _activate(count, first, ACTIVATION_SHIFTS[0], rows.first_active)
    _fill(count, network.bias2, group, second)
    add_products(count, second, rows.first_active, weight2, group, weight2.shape[2])
    _activate(count, second, ACTIVATION_SHIFTS[1], rows.second_active)
    _fill(count, network.bias3, group, logits)
    add_products(count, logits, rows.second_active, weight3, group, weight3.shape[2])
    _powers(count, len(network.embedding) - 1, logits, rows.frequencies)


@compiled
def _fill(count: int, biases: NDArray[np.int32], group: int, sums: NDArray[np.int32]) -> None:
    for row in range(count):
        for unit in range(sums.shape[1]):
            sums[row, unit] = biases[group, unit]


@compiled
def _add_bias(
    count: int,
    near: NDArray[np.int32],
    biases: NDArray[np.int32],
    group: int,
    sums: NDArray[np.int32],
) -> None:
    for row in range(count):
        for unit in range(sums.shape[1]):
            sums[row, unit] = near[row, unit] + biases[group, unit]


@compiled
def _activate(count: int, sums: NDArray[np.int32], shift: int, active: NDArray[np.int16]) -> None:
    """Activations are sums shifted right and clipped to 0 to 255."""
    for row in range(count):
        for unit in range(sums.shape[1]):
            active[row, unit] = min(max(sums[row, unit] >> shift, 0), MAX_ACTIVATION)


@compiled
def _powers(
    count: int, codewords: int, logits: NDArray[np.int32], frequencies: NDArray[np.int32]
) -> None:
    """Set the highest logit's frequency to 2^20, and the others' by their distance from it."""
    for row in range(count):
        highest = logits[row, 0]
        for symbol in range(codewords):
            highest = max(highest, logits[row, symbol])
        highest = np.int32(highest >> LOGIT_SHIFT)
        for symbol in range(codewords):
            below = np.int32(highest - np.int32(logits[row, symbol] >> LOGIT_SHIFT))
            frequencies[row, symbol] = _power(min(below, np.int32(OCTAVE * OCTAVES)))


@compiled
def _power(below: np.int32) -> np.int32:
    """The largest integer whose 32nd power is at most 2^(640 - below), for `below` from 0 to 640.

    It is 2^20 times 2^(r / 32), with r from 0 to 31, rounded down and shifted right by whole
    octaves. The power lies below the line 2^20 + 2^15 r by r (32 - r) times a polynomial, whose
    error in float32 is below 0.01, and at least 0.039 from any integer, except for r = 0.
    """
    part = np.int32(-below & (OCTAVE - 1))
    x = np.float32(np.int32(part - OCTAVE // 2))
    slope = (((P4 * x + P3) * x + P2) * x + P1) * x + P0
    sag = np.int32((np.float32(OCTAVE**2 // 4) - x * x) * slope + ALMOST_ONE)
    mantissa = np.int32(np.int32(np.int32(1 << OCTAVES) + np.int32(part << 15)) - sag)
    # The last mask changes nothing; it lets LLVM shift 32 bits instead of 64.
    return np.int32(mantissa >> (np.int32(np.int32(below + OCTAVE - 1) // OCTAVE) & 31))
