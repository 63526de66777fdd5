"""What the figures of any number of samples add up to, in the memory of one block's."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.measures.intervals import half_width, wilson

Columns = Mapping[str, Any]
"""Entries of samples, (B,) each, by the name of what they are."""


@dataclass(frozen=True)
class Histogram:
    """How many values there are of each whole multiple of a step, from the lowest to the highest.

    lowest: the multiple that counts[0] is of.
    """

    step: float
    lowest: int
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.float64], step: float) -> Self:
        """Of values, each rounded to the nearest multiple; those that are NaN are left out."""
        multiples = np.rint(values[np.isfinite(values)] / step).astype(np.int64)
        lowest = int(multiples.min(initial=0))
        return cls(step, lowest, np.bincount(multiples - lowest))

    def __add__(self, other: "Histogram") -> "Histogram":
        lowest = min(self.lowest, other.lowest)
        ours, theirs = (
            np.concatenate([np.zeros(part.lowest - lowest, np.int64), part.counts])
            for part in (self, other)
        )
        return Histogram(self.step, lowest, added(ours, theirs))

    def percentile(self, share: float) -> float:
        """The value below which this share is, between those of two samples in proportion.

        NaN where there is no value.
        """
        ranks = np.cumsum(self.counts)
        if not self.counts.sum():
            return math.nan
        place = share * (ranks[-1] - 1)
        below, above = (
            int(np.searchsorted(ranks, rank, side="right")) + self.lowest
            for rank in (math.floor(place), math.ceil(place))
        )
        return float(round(self.step * (below + (above - below) * (place % 1)), 6))


class RepeatedSums:
    """Sums over the repetitions of each image, which are one draw of an image together.

    images: how many there are before they repeat; memory is two numbers for each and each column.
    """

    def __init__(self, images: int) -> None:
        self._images = images
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}

    def add(self, columns: Columns, names: Iterable[str], first: int) -> None:
        """Add the named columns of a block, of images from number `first` on."""
        for name in names:
            values = np.asarray(columns[name], np.float64)
            sums = self._sums.setdefault(name, np.zeros(self._images))
            counts = self._counts.setdefault(name, np.zeros(self._images, np.int64))
            part = slice(first, first + values.size)
            sums[part] += np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf)
            counts[part] += ~np.isnan(values)

    def count(self, name: str) -> int | None:
        """How many images have a number in a column; None for other columns."""
        return int((self._counts[name] > 0).sum()) if name in self._counts else None

    def half_width(self, name: str) -> float | None:
        """Half the width of the 95 % interval over the means of images; None for other columns."""
        if name not in self._sums:
            return None
        there = self._counts[name] > 0
        means = self._sums[name][there] / self._counts[name][there]
        return half_width(float(means.sum()), float((means**2).sum()), means.size)


@dataclass(frozen=True)
class Totals:
    """Sums over samples; the totals of two parts add up to those of both.

    samples: how many there are.
    sums, squares, counts: of each column's values, their squares, and how many are numbers.
    histograms: of the columns that have percentiles.
    tallies: counts by value, such as how often each index was sent.
    repeated: where images repeat, the sums of each.
    """

    samples: int
    sums: dict[str, float]
    squares: dict[str, float]
    counts: dict[str, float]
    histograms: dict[str, Histogram]
    tallies: dict[str, NDArray[np.int64]]
    repeated: RepeatedSums | None = None

    @classmethod
    def of(
        cls,
        columns: Columns,
        tallies: Mapping[str, NDArray[np.int64]],
        steps: Mapping[str, float] | None = None,
    ) -> Self:
        """The totals of one block's columns.

        columns: numbers and truth values, at least one column; lists of text are left out.
        steps: of the columns of which there shall be histograms.
        """
        numbers = {
            name: np.asarray(values, np.float64)
            for name, values in columns.items()
            if not isinstance(values, list)
        }
        values = np.array(list(numbers.values()))
        sums, squares, counts = (
            dict(zip(numbers, part.astype(np.float64), strict=True))
            for part in (
                np.nansum(values, axis=1),
                np.nansum(values**2, axis=1),
                (~np.isnan(values)).sum(axis=1),
            )
        )
        histograms = {
            name: Histogram.of(numbers[name], step) for name, step in (steps or {}).items()
        }
        return cls(values.shape[1], sums, squares, counts, histograms, dict(tallies))

    def __add__(self, other: "Totals") -> "Totals":
        sums, squares, counts = (
            {name: value + theirs[name] for name, value in ours.items()}
            for ours, theirs in (
                (self.sums, other.sums),
                (self.squares, other.squares),
                (self.counts, other.counts),
            )
        )
        return Totals(
            self.samples + other.samples,
            sums,
            squares,
            counts,
            {name: ours + other.histograms[name] for name, ours in self.histograms.items()},
            {name: added(ours, other.tallies[name]) for name, ours in self.tallies.items()},
        )

    def total(self, name: str) -> int:
        """The sum of a column of whole numbers."""
        return int(self.sums[name])

    def mean(self, name: str) -> float:
        """The mean of a column's values, NaN where none is a number."""
        return float(self.sums[name] / self.counts[name]) if self.counts[name] else math.nan

    def half_width(self, name: str) -> float:
        """Half the width of the 95 % interval of that mean, by Student's t.

        Images are taken as drawn independently; repetitions of one count as their mean.
        """
        of_images = self.repeated.half_width(name) if self.repeated else None
        if of_images is not None:
            return of_images
        return half_width(self.sums[name], self.squares[name], self.counts[name])

    def wilson(self, name: str) -> tuple[float, float]:
        """Wilson's 95 % interval of that mean, of values that are 0 or 1; NaN where there is none.

        Repetitions of an image count as one trial, whose outcome is their mean.
        """
        of_images = self.repeated.count(name) if self.repeated else None
        trials = int(self.counts[name]) if of_images is None else of_images
        return wilson(self.mean(name) * trials, trials) if trials else (math.nan, math.nan)


def added(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of counts, of which one may go further than the other."""
    short, long = sorted((ours, theirs), key=len)
    sums = long.copy()
    sums[: short.size] += short
    return sums
