"""Messages laid one after the other in a flat array, and what a decoder found in them.

A message is a run of positions of a grid in raster order, with some groups of symbols at each,
groups innermost: its first column, its positions, the grid's columns and its groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Decoded:
    """The symbols of M messages, and how far each can be trusted.

    A code notices damage late or never: symbols before its first sign may be wrong too.
    """

    symbols: NDArray[np.uint16]
    """(symbols of all runs,); a symbol that was not decoded is 0, for the caller to fill in."""
    good: NDArray[np.int64]
    """(M,) symbols decoded before the first sign of damage."""
    intact: NDArray[np.bool_]
    """(M,) all symbols were decoded, and no bit is left over."""


class EntropyCoder(Protocol):
    """Codes many runs of symbols in one call, each by itself; `PrefixCode` says what goes in and
    comes out.
    """

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
    """The symbols of each message, (M,) int64, where they are those that an encoder was handed.

    Raises ValueError when the arrays do not fit together, or a symbol is outside the alphabet.
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
    """The symbols that each message should hold, (M,) int64, where these are messages' bits.

    Raises ValueError when the arrays do not fit together.
    """
    check_vector("bits", bits, np.uint8)
    if total("lengths", lengths) != bits.size:
        raise ValueError(f"lengths sum to {lengths.sum()}; there are {bits.size} bits")
    counts = symbol_counts(runs)
    if counts.size != lengths.size:
        raise ValueError(f"runs are of {counts.size} messages, lengths of {lengths.size}")
    return counts


def symbol_counts(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M,) int64, the symbols of each message; raises ValueError unless `runs` is (M, 4) int64,
    none negative.
    """
    if runs.ndim != 2 or runs.shape[1] != 4 or runs.dtype != np.int64:
        raise ValueError(f"runs are {runs.shape} {runs.dtype}; they must be (n, 4) int64")
    if np.any(runs < 0):
        raise ValueError(
            f"a run is {runs[runs.min(axis=1).argmin()].tolist()}; none of it can be negative"
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
    """Runs (M, 4) of these numbers of symbols, each in one row, for coders that ignore the grid."""
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

    Raises ValueError unless `sizes` is (M,) int64, none is negative and the sum fits int64.
    """
    check_vector(name, sizes, np.int64)
    if np.any(sizes < 0):
        raise ValueError(f"{name}[{sizes.argmin()}] is {sizes.min()}; it cannot be negative")
    if sizes.sum(dtype=np.float64) >= 2.0**62:
        raise ValueError(f"{name} sum to {sizes.sum(dtype=np.float64):g}; no array is that long")
    return int(sizes.sum())
