"""Runs of different lengths that lie after each other in one flat array.

Frames, symbols, slices and code blocks are all laid out like this: M runs, their values in one
array, their lengths in another.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

Scalar = TypeVar("Scalar", bound=np.generic)


def offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position at which each run begins, (M,).

    Example: counts 2, 0, 3 give 0, 2, 2.
    """
    starts: NDArray[np.int64] = np.cumsum(counts) - counts
    return starts


def ragged_arange(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position of each value within its run, (sum(counts),).

    Example: counts 2, 0, 3 give 0, 1, 0, 1, 2.
    """
    return np.arange(counts.sum()) - offsets(counts).repeat(counts)


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions start, start + 1, ... of each run, (sum(lengths),).

    Example: starts 0, 5, 9 and lengths 2, 0, 3 give 0, 1, 9, 10, 11.
    """
    return np.repeat(starts - offsets(lengths), lengths) + np.arange(lengths.sum())


def split_runs(values: NDArray[Scalar], lengths: NDArray[np.int64]) -> list[NDArray[Scalar]]:
    """The values of each run, as views."""
    starts = offsets(lengths)
    return [values[a:b] for a, b in zip(starts, starts + lengths, strict=True)]


def join_runs(
    runs: Sequence[NDArray[Scalar]], dtype: type[Scalar]
) -> tuple[NDArray[Scalar], NDArray[np.int64]]:
    """The values of all runs in one array of this dtype, and the length of each: undo `split_runs`.

    The dtype is that of an empty result; numpy's rules apply where the runs have others.
    """
    lengths = np.array([run.size for run in runs], np.int64)
    return np.concatenate([np.empty(0, dtype), *runs]), lengths


def sum_runs(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of each run, (M,) float64; 0 for an empty one."""
    run_of_value = np.repeat(np.arange(counts.size), counts)
    return np.bincount(run_of_value, values, counts.size).astype(np.float64)


@compiled
def gather_runs(
    values: NDArray[Any], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[Any]:
    """A copy of the runs with these starts and lengths, `values[spans(starts, lengths)]`.

    Runs may overlap, and one may be taken several times.
    """
    copies = np.empty(lengths.sum(), values.dtype)
    position = 0
    for run in range(starts.size):
        # Compilers vectorize the loop over views whose places are never negative.
        run_values, run_copies = values[starts[run] :], copies[position:]
        for k in range(lengths[run]):
            run_copies[k] = run_values[k]
        position += lengths[run]
    return copies
