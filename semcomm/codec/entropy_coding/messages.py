"""Messages laid one after the other in a flat array, and what a decoder found in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True)
class Decoded:
    """The symbols of M messages, and how far each can be trusted.

    A prefix code notices damage late or never: symbols before its first sign may be wrong too.
    """

    symbols: NDArray[np.uint16]
    """(sum(counts),); a symbol that was not decoded is 0, for the caller to fill in."""
    good: NDArray[np.int64]
    """(M,) symbols decoded before the first sign of damage."""
    intact: NDArray[np.bool_]
    """(M,) all symbols were decoded, and no bit is left over."""


def check_vector(name: str, vector: NDArray[Any], dtype: DTypeLike) -> None:
    """Raises ValueError unless `vector` is one-dimensional and of `dtype`."""
    if vector.ndim != 1 or vector.dtype != dtype:
        raise ValueError(f"{name} is {vector.shape} {vector.dtype}; it must be (n,) {np.dtype(dtype)}")


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


def places_in(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each symbol's place in its message: 0 to count - 1 for each count, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
