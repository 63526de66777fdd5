"""Frequencies of an index, given the indices before it: a small network in integer arithmetic.

From indices to frequencies every operation is exact. Sums are of integers and stay below 2^24 in
magnitude, so that their order, float32 or int32, threads and machines change nothing.
docs/bitstream.md describes this file in prose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.context_network import (
    MAX_ACTIVATION,
    NEIGHBOURS,
    Network,
    Rows,
    add_group,
    add_neighbours,
    load_group,
    load_neighbours,
)
from semcomm.compiled import compiled
from semcomm.errors import CodecError

PREFIX = "context."
MAX_SUM = 1 << 24
MAX_TABLE = 1 << 25
MAX_CODEWORDS = 4096

Tensors = Mapping[str, NDArray[Any]]


def without_context(tensors: Tensors) -> Tensors:
    """A codec's tensors without those of a context model."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}


def context_of(tensors: Tensors) -> Tensors:
    """The tensors of a codec's context model; none where it has none."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}


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
    """The context model of a codec's indices, prepared for computing with it."""

    groups: int
    codewords: int
    network: Network

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
        _check_sums(part)
        groups, codewords = part["bias3"].shape
        return cls(groups, codewords, Network.of(part))

    def frequencies(
        self, symbols: NDArray[np.uint16], rows: int, columns: int
    ) -> NDArray[np.int32]:
        """(n, K) frequencies from 1 to 2^20, for each of the n symbols of a grid.

        symbols: (n,), where n = rows * columns * groups.
        """
        frequencies = np.empty((symbols.size, self.codewords), np.int32)
        memory = Rows.of(self.network, 1)
        _all_frequencies(symbols, columns, self.network, memory, frequencies)
        return frequencies


def _check_sums(part: Tensors) -> None:
    """Raises CodecError unless no input can bring a sum to 2^24."""
    embedding = part["embedding"].astype(np.float64)
    near, before = (
        (embedding @ part[name].astype(np.float64)).astype(np.int32)
        for name in ("neighbours", "before")
    )
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
def _all_frequencies(
    symbols: NDArray[np.uint16],
    columns: int,
    network: Network,
    rows: Rows,
    frequencies: NDArray[np.int32],
) -> None:
    groups = len(network.bias1)
    position = np.array([[0, 0, 0, columns]])
    for place in range(symbols.size // groups):
        position[0, 1] = place
        load_neighbours(1, symbols, position, groups, network.embedding, rows.neighbour_words)
        add_neighbours(1, network, rows)
        for group in range(groups):
            add_group(1, group, network, rows)
            frequencies[place * groups + group] = rows.frequencies[0, : frequencies.shape[1]]
            load_group(1, symbols, position, groups, group, network.embedding, rows.before_words)
