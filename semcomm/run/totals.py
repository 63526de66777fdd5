"""What the records of any number of images add up to, in the memory of one block's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.measures.intervals import half_width

Columns = Mapping[str, Any]
"""Entries of images, (B,) each, by the name of what they tell."""

PSNR_STEP_DB = 0.001


@dataclass(frozen=True)
class Totals:
    """Sums over images; those of two parts add up to those of both.

    sums, squares, counts: of each column's values, their squares, and how many are numbers.
    psnr_counts: how many images have a PSNR of 0, 0.001, 0.002 ... dB, rounded, up to the highest.
    index_counts: how often each index was sent, up to the highest that was.
    largest: pixels of the largest image.
    """

    sums: dict[str, float]
    squares: dict[str, float]
    counts: dict[str, float]
    psnr_counts: NDArray[np.int64]
    index_counts: NDArray[np.int64]
    largest: int

    @classmethod
    def of(cls, columns: Columns, index_counts: NDArray[np.int64]) -> "Totals":
        """The totals of one block's columns."""
        numbers = {
            name: np.asarray(values, np.float64)
            for name, values in columns.items()
            if name != "image"
        }
        numbers["pixels"] = pixels = numbers["height"] * numbers["width"]
        numbers["floored_mse"] = np.maximum(numbers["mse"], 1 / (3 * pixels))
        values = np.array(list(numbers.values()))
        steps = np.rint(numbers["psnr_db"] / PSNR_STEP_DB).astype(np.int64)
        sums, squares, counts = (
            dict(zip(numbers, found.astype(np.float64), strict=True))
            for found in (
                np.nansum(values, axis=1),
                np.nansum(values**2, axis=1),
                (~np.isnan(values)).sum(axis=1),
            )
        )
        return cls(sums, squares, counts, np.bincount(steps), index_counts, int(pixels.max()))

    def __add__(self, other: "Totals") -> "Totals":
        sums, squares, counts = (
            {name: value + theirs[name] for name, value in ours.items()}
            for ours, theirs in (
                (self.sums, other.sums),
                (self.squares, other.squares),
                (self.counts, other.counts),
            )
        )
        psnr_counts = _added(self.psnr_counts, other.psnr_counts)
        index_counts = _added(self.index_counts, other.index_counts)
        return Totals(
            sums, squares, counts, psnr_counts, index_counts, max(self.largest, other.largest)
        )

    @property
    def images(self) -> int:
        """How many there are."""
        return int(self.psnr_counts.sum())

    def total(self, name: str) -> int:
        """The sum of a column of whole numbers."""
        return int(self.sums[name])

    def mean(self, name: str) -> float:
        """The mean of a column's values, NaN where none is a number."""
        return float(self.sums[name] / self.counts[name]) if self.counts[name] else math.nan

    def half_width(self, name: str) -> float:
        """Half the width of the 95 % interval of that mean, taking images as drawn independently:
        Student's t.
        """
        return half_width(self.sums[name], self.squares[name], self.counts[name])

    def psnr_db(self, share: float) -> float:
        """The PSNR below which this share of the images is, between those of two images in
        proportion.
        """
        place = share * (self.images - 1)
        below, above = (self._psnr_of(math.floor(place)), self._psnr_of(math.ceil(place)))
        return round(PSNR_STEP_DB * (below + (above - below) * (place % 1)), 6)

    def _psnr_of(self, rank: int) -> int:
        return int(np.searchsorted(self._ranks, rank, side="right"))

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        return np.cumsum(self.psnr_counts)


def _added(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of counts, of which one may go further than the other."""
    short, long = sorted((ours, theirs), key=len)
    found = long.copy()
    found[: short.size] += short
    return found
