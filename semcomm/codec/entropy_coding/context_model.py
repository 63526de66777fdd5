"""Frequencies of an index, given the indices before it: a small network in integer arithmetic.

From indices to frequencies every operation is exact. Sums are of integers and stay below 2^24 in
magnitude, so that their order, float32 or int32, threads and machines change nothing.
docs/bitstream.md describes this file in prose.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.errors import CodecError

PREFIX = "context."
NEIGHBOURS = [
    (row, column) for row in (-2, -1, 0) for column in range(-2, 3) if row < 0 or column < 0
]
"""The positions that an index depends on, relative to its own: two rows above, two to the left."""

ACTIVATION_SHIFTS = 5, 6
LOGIT_SHIFT = 7
MAX_ACTIVATION = 255
OCTAVE, OCTAVES = 32, 20
MAX_SUM = 1 << 24
MAX_TABLE = 1 << 25
MAX_CODEWORDS = 4096

Tensors = Mapping[str, NDArray[Any]]
Model = tuple[NDArray[Any], ...]


def _powers_of_two() -> NDArray[np.int32]:
    """(641,) the 32nd roots of 2^640, 2^639, ..., 1, by five square roots, each rounded down.

    They fall from 2^20 to 1.
    """
    roots = [1 << place for place in range(OCTAVE * OCTAVES, -1, -1)]
    for _ in range(OCTAVE.bit_length() - 1):
        roots = [math.isqrt(root) for root in roots]
    return np.array(roots, np.int32)


FREQUENCIES = _powers_of_two()
OFFSETS = np.array(NEIGHBOURS, np.int64)


def without_context(tensors: Tensors) -> Tensors:
    """A codec's tensors without those of a context model."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}


def has_context(tensors: Tensors) -> bool:
    """Whether a codec's tensors include a context model."""
    return any(name.startswith(PREFIX) for name in tensors)


def context_shapes(
    tensors: Tensors, groups: int, codewords: int
) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and dtype of each tensor of a context model by name; empty where there is no model.

    The entries of an embedding and the hidden units are read from the tensors.
    Raises CodecError where the model would be too large.
    """
    if not has_context(tensors):
        return {}
    sides = {name: tensor.shape[-1] for name, tensor in tensors.items() if tensor.ndim}
    names = ("embedding", "bias1", "bias2")
    entries, first, second = (sides.get(PREFIX + name, 0) for name in names)
    slots = len(NEIGHBOURS) * groups + groups * (groups - 1) // 2
    table = slots * (codewords + 1) * first
    if codewords > MAX_CODEWORDS or table > MAX_TABLE or max(entries, first, second) > 1024:
        raise CodecError(
            f"has a context model of {codewords} codewords, {groups} groups and {first} and "
            f"{second} hidden units, more than is supported"
        )
    shapes = {
        "embedding": ((codewords + 1, entries), "int8"),
        "neighbours": ((len(NEIGHBOURS) * groups, entries, first), "int8"),
        "before": ((groups * (groups - 1) // 2, entries, first), "int8"),
        "bias1": ((groups, first), "int32"),
        "weight2": ((groups, first, second), "int8"),
        "bias2": ((groups, second), "int32"),
        "weight3": ((groups, second, codewords), "int8"),
        "bias3": ((groups, codewords), "int32"),
    }
    return {PREFIX + name: shape for name, shape in shapes.items()}


@dataclass(frozen=True, eq=False)
class ContextModel:
    """The context model of a codec's indices, prepared for computing with it.

    tables: first-layer outputs for each neighbour and for each earlier group, then biases and
        weights, as `frequencies_at` takes them.
    """

    groups: int
    codewords: int
    tables: Model

    @classmethod
    def of(cls, tensors: Tensors) -> Self:
        """The model in a codec's tensors, which have the shapes of `context_shapes`.

        Raises CodecError where there is no model, or where a sum could reach 2^24.
        """
        if not has_context(tensors):
            raise CodecError("the codec has no context model; `semcomm context CODEC` makes one")
        part = {
            name.removeprefix(PREFIX): tensor
            for name, tensor in tensors.items()
            if name.startswith(PREFIX)
        }
        embedding = part["embedding"].astype(np.float64)
        near, before = (
            (embedding @ part[name].astype(np.float64)).astype(np.int32)
            for name in ("neighbours", "before")
        )
        _check_sums(part, near, before)
        wide = [part[name].astype(np.float32) for name in ("weight2", "bias2", "weight3", "bias3")]
        groups, codewords = part["bias3"].shape
        return cls(groups, codewords, (near, before, part["bias1"], *wide))

    def frequencies(
        self, symbols: NDArray[np.uint16], rows: int, columns: int
    ) -> NDArray[np.int32]:
        """(n, K) frequencies from 1 to 2^20, for each of the n symbols of a grid.

        symbols: (n,), where n = rows * columns * groups.
        """
        frequencies = np.empty((symbols.size, self.codewords), np.int32)
        _all_frequencies(symbols, rows, columns, self.tables, frequencies)
        return frequencies


def _check_sums(part: Tensors, near: NDArray[np.int32], before: NDArray[np.int32]) -> None:
    """Raises CodecError unless no input can bring a sum to 2^24."""
    highest = np.abs(near).max(axis=1, initial=0).sum(axis=0, dtype=np.int64)
    highest += np.abs(before).max(axis=1, initial=0).sum(axis=0, dtype=np.int64)
    bounds = {"bias1": highest}
    for weight, bias in (("weight2", "bias2"), ("weight3", "bias3")):
        bounds[bias] = MAX_ACTIVATION * np.abs(part[weight].astype(np.int64)).sum(axis=1)
    for bias, bound in bounds.items():
        largest = int((bound + np.abs(part[bias].astype(np.int64))).max(initial=0))
        if largest >= MAX_SUM:
            raise CodecError(
                f"has a context model whose sums with {PREFIX}{bias} reach {largest}, not below "
                "2^24"
            )


@compiled
def neighbour_sums(
    symbols: NDArray[np.uint16],
    place: int,
    start: int,
    columns: int,
    groups: int,
    near: NDArray[np.int32],
    sums: NDArray[np.int32],
) -> None:
    """Set `sums` to what the neighbours of a position add to the first layer.

    A neighbour outside of the run has the last row of `near`.

    place: of the position in its run.
    start: the column in which the run begins.
    """
    sums[:] = 0
    outside, column = near.shape[1] - 1, (start + place) % columns
    for number in range(len(OFFSETS)):
        beside = column + OFFSETS[number, 1]
        there = place + OFFSETS[number, 0] * columns + OFFSETS[number, 1]
        inside = there >= 0 and beside >= 0 and beside < columns
        for group in range(groups):
            symbol = symbols[there * groups + group] if inside else outside
            table = near[number * groups + group, symbol]
            for unit in range(sums.size):
                sums[unit] += table[unit]


@compiled
def frequencies_at(
    before_here: NDArray[np.uint16],
    sums: NDArray[np.int32],
    model: Model,
    frequencies: NDArray[np.int32],
) -> int:
    """Fill in the frequencies (K,) of the next index of a position; returns their total.

    before_here: the indices of the earlier groups at the same position.
    sums: as `neighbour_sums` sets them.
    """
    _, before, bias1, weight2, bias2, weight3, bias3 = model
    group = len(before_here)
    first = sums + bias1[group]
    for earlier in range(group):
        table = before[group * (group - 1) // 2 + earlier, before_here[earlier]]
        for unit in range(first.size):
            first[unit] += table[unit]
    second = bias2[group].copy()
    _add_products(first, ACTIVATION_SHIFTS[0], weight2[group], second)
    logits = bias3[group].copy()
    _add_products(second.astype(np.int32), ACTIVATION_SHIFTS[1], weight3[group], logits)
    return _powers(logits.astype(np.int32), frequencies)


@compiled
def _all_frequencies(
    symbols: NDArray[np.uint16],
    rows: int,
    columns: int,
    model: Model,
    frequencies: NDArray[np.int32],
) -> None:
    groups, units = model[2].shape
    sums = np.empty(units, np.int32)
    for place in range(rows * columns):
        neighbour_sums(symbols, place, 0, columns, groups, model[0], sums)
        for group in range(groups):
            here = symbols[place * groups : place * groups + group]
            frequencies_at(here, sums, model, frequencies[place * groups + group])


@compiled
def _add_products(
    sums: NDArray[np.int32], shift: int, weights: NDArray[np.float32], outputs: NDArray[np.float32]
) -> None:
    """Add a layer's products to `outputs`, which begin as its biases.

    Activations are sums shifted right and clipped to 0 to 255.
    """
    for unit in range(sums.size):
        activation = np.float32(min(max(sums[unit] >> shift, 0), MAX_ACTIVATION))
        if activation:
            for output in range(outputs.size):
                outputs[output] += activation * weights[unit, output]


@compiled
def _powers(logits: NDArray[np.int32], frequencies: NDArray[np.int32]) -> int:
    """Fill in 2^20 for the highest logit, the others by `FREQUENCIES`; returns the total."""
    highest = logits.max() >> LOGIT_SHIFT
    total = 0
    for symbol in range(logits.size):
        below = highest - (logits[symbol] >> LOGIT_SHIFT)
        frequencies[symbol] = FREQUENCIES[min(below, OCTAVE * OCTAVES)]
        total += frequencies[symbol]
    return total
