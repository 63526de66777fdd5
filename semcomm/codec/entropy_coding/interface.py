"""The interface of entropy coders: messages one after the other in flat arrays.

A message is a run of positions of a grid in raster order, with some groups of symbols at each,
groups innermost. A run is described by its first column, its number of positions, and the grid's
columns and groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Decoded:
    """The symbols of M messages, and how far each can be trusted.

    A code detects damage late or never: symbols before its first sign may be wrong, too.
    """

    symbols: NDArray[np.uint16]
    """(symbols of all runs,); a symbol that was not decoded is 0, which the caller replaces."""
    valid: NDArray[np.int64]
    """(M,) number of symbols decoded before the first sign of damage."""
    intact: NDArray[np.bool_]
    """(M,) whether all symbols were decoded and no bit is left over."""


class EntropyCoder(Protocol):
    """Codes many runs of symbols in one call, each independently; see `PrefixCode` for details."""

    @property
    def min_bits_per_symbol(self) -> int: ...

    def encode(
        self, symbols: NDArray[np.uint16], runs: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]: ...

    def decode(
        self, bits: NDArray[np.uint8], lengths: NDArray[np.int64], runs: NDArray[np.int64]
    ) -> Decoded: ...


def check_symbols(
    symbols: NDArray[np.uint16], runs: NDArray[np.int64], alphabet: int
) -> NDArray[np.int64]:
    """Check the arguments of `encode`; returns the number of symbols of each message, (M,) int64.

    Raises ValueError when the arrays are inconsistent, or a symbol is outside the alphabet.
    """
    check_vector("symbols", symbols, np.uint16)
    counts = symbol_counts(runs)
    if counts.sum() != symbols.size:
        raise ValueError(f"runs hold {counts.sum()} symbols; there are {symbols.size}")
    if symbols.size and symbols.max() >= alphabet:
        outside = f"symbols[{symbols.argmax()}] is {symbols.max()}"
        raise ValueError(f"{outside}; the alphabet is 0 to {alphabet - 1}")
    return counts


def check_bits(
    bits: NDArray[np.uint8], lengths: NDArray[np.int64], runs: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Check the arguments of `decode`; returns the number of symbols of each message, (M,) int64.

    Raises ValueError when the arrays are inconsistent.
    """
    check_vector("bits", bits, np.uint8)
    if total("lengths", lengths) != bits.size:
        raise ValueError(f"lengths sum to {lengths.sum()}; there are {bits.size} bits")
    counts = symbol_counts(runs)
    if counts.size != lengths.size:
        raise ValueError(f"runs are of {counts.size} messages, lengths of {lengths.size}")
    return counts


def symbol_counts(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of symbols of each message, (M,) int64.

    Raises ValueError unless `runs` is (M, 4) int64 and not negative.
    """
    if runs.ndim != 2 or runs.shape[1] != 4 or runs.dtype != np.int64:
        raise ValueError(f"runs are {runs.shape} {runs.dtype}; they must be (n, 4) int64")
    if np.any(runs < 0):
        raise ValueError(
            f"a run is {runs[runs.min(axis=1).argmin()].tolist()}; it must not be negative"
        )
    symbols = (runs[:, 1].astype(np.float64) * runs[:, 3]).sum()
    if symbols >= 2.0**62:
        raise ValueError(f"runs hold {symbols:g} symbols; no array is that long")
    counts: NDArray[np.int64] = runs[:, 1] * runs[:, 3]
    return counts


def whole_grids(shapes: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    """The runs (M, 4) of all positions of grids (h, w, g)."""
    rows, columns, groups = np.array(shapes, np.int64).reshape(-1, 3).T
    return np.stack([np.zeros_like(rows), rows * columns, columns, groups], axis=1)


def flat_runs(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Runs (M, 4) of one row each, for coders that use the number of symbols alone."""
    ones = np.ones_like(counts)
    return np.stack([np.zeros_like(counts), counts, np.maximum(counts, 1), ones], axis=1)


def check_vector(name: str, vector: NDArray[Any], dtype: DTypeLike) -> None:
    """Raises ValueError unless `vector` is one-dimensional and of `dtype`."""
    if vector.ndim != 1 or vector.dtype != dtype:
        raise ValueError(
            f"{name} is {vector.shape} {vector.dtype}; it must be (n,) {np.dtype(dtype)}"
        )


def total(name: str, sizes: NDArray[np.int64]) -> int:
    """The sum of `sizes`, the length of an array that holds all messages.

    Raises ValueError unless `sizes` is (M,) int64, not negative, and its sum is below 2^62.
    """
    check_vector(name, sizes, np.int64)
    if np.any(sizes < 0):
        raise ValueError(f"{name}[{sizes.argmin()}] is {sizes.min()}; it must not be negative")
    if sizes.sum(dtype=np.float64) >= 2.0**62:
        raise ValueError(f"{name} sum to {sizes.sum(dtype=np.float64):g}; no array is that long")
    return int(sizes.sum())
