"""Differences in quality at the rates of a test's own points, paired by image.

A curve between two points is no codec, so a difference is taken at a rate at which the test has
one. There the anchor is the straight line, over the logarithm of the rate, between its neighbours:
for each image the mixture of what they make of it. Runs over different numbers of images are
compared over the first images, which all of them have. Intervals are over images. They say what
other images of the kind would change, and nothing of other seeds of a training, which are in
`semcomm.report.seeds`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width
from semcomm.measures.psnr import PSNR_OF_MEAN_MSE
from semcomm.report.curves import Curve, upper_hull
from semcomm.report.per_image import CELL, IMAGE, mean_mse_terms, read_per_image
from semcomm.report.results import numbers, read_results
from semcomm.run.conditions import select
from semcomm.run.origin import is_error

MEAN_MSE = PSNR_OF_MEAN_MSE.name
VALUE, RATE = "value", "rate"


@dataclass(frozen=True, eq=False)
class Point:
    """A row of results.csv, with what per_image.csv has of its images.

    values: by image, in the order of the run: the quality, or where it is `psnr_of_mean_mse_db`
        the terms of that mean.
    rates: by image; None where the rate is no mean over images.
    is_error: a lower quality is better.
    """

    rate: float
    values: "pd.Series[float]"
    rates: "pd.Series[float] | None"
    is_of_mean_mse: bool
    is_error: bool = False

    @property
    def quality(self) -> float:
        """Of all images together."""
        mean = float(self.values.to_numpy().mean())
        return PSNR_OF_MEAN_MSE.value(mean) if self.is_of_mean_mse else mean

    @property
    def parts(self) -> "pd.Series[float]":
        """By image; their mean is `quality`, and differences of means have the variance of theirs.

        Those of `psnr_of_mean_mse_db` are those of its linearization in `mse` (the delta method).
        """
        if not self.is_of_mean_mse:
            return self.values
        return self.quality + 10 * (1 - self.values / self.values.mean()) / math.log(10)

    def place(self) -> tuple[float, float]:
        """Its coordinates, by which points are sorted."""
        return self.rate, self.quality

    def of_first(self, count: int) -> "Point":
        """The row as it would be over its first images alone.

        Raises ReportError where the rate of these is unknown.
        """
        if count == len(self.values):
            return self
        if self.rates is None:
            raise ReportError(
                f"runs over {count} and over {len(self.values)} images have the first {count} in "
                "common, and this rate is of all images: take one that per_image.csv has, such as "
                "bits_per_image or channel_uses_per_image"
            )
        rates = self.rates.iloc[:count]
        return replace(self, rate=float(rates.mean()), values=self.values.iloc[:count], rates=rates)


def points_of(folder: Path, conditions: Sequence[str], rate: str, quality: str) -> list[Point]:
    """The rows of a run that meet the conditions.

    quality: a column of both tables, or `psnr_of_mean_mse_db`.
    Raises ReportError for a folder without the tables, for columns that they lack, and where no row
    has both rate and quality.
    """
    rows = select(read_results([folder]), conditions)
    values = zip(rows.index, numbers(rows, rate), numbers(rows, quality), strict=True)
    is_of_mean_mse = quality == MEAN_MSE
    images = _images(folder, quality, rate.removesuffix("_per_image"))
    points, lower_is_better = [], is_error(rows, quality)
    for cell, mean, value in values:
        if not (math.isnan(mean) or math.isnan(value)):
            own = images.loc[cell]
            is_setting = "." in rate
            rates = pd.Series(mean, own.index) if is_setting else own.get(RATE)
            points.append(Point(mean, own[VALUE], rates, is_of_mean_mse, lower_is_better))
    if not points:
        raise ReportError(f"{folder}: none of the rows has both {rate} and {quality}")
    return points


def _images(folder: Path, quality: str, rate: str) -> pd.DataFrame:
    """The columns `value` and, where the run has it by image, `rate`, by row of results.csv and by
    image; repetitions count as one.
    """
    needed = {IMAGE, *(("mse", "height", "width") if quality == MEAN_MSE else (quality,))}
    table = read_per_image(folder, needed | {CELL, rate})
    if missing := needed - set(table):
        raise ReportError(f"{folder}: there is no column {', '.join(sorted(missing))} by image")
    values = mean_mse_terms(table) if quality == MEAN_MSE else table[quality]
    columns = {VALUE: values} | ({RATE: table[rate]} if rate in table else {})
    keys = [table[CELL] if CELL in table else np.zeros(len(table), np.int64), table[IMAGE]]
    return pd.DataFrame(columns).groupby(keys, sort=False).mean()


def differences(anchor: Sequence[Point], test: Sequence[Point]) -> pd.DataFrame:
    """The test's quality above the anchor's hull at each of the test's rates that the hull covers.

    A row has the rate, the difference and half the width of its 95 % interval in the quality's
    unit, over how many images they are, the rates of the anchor's points on either side, and how
    far the nearer one is from the test's, all as text. At a distance of 0 the difference is of two
    points, elsewhere it is interpolated.
    Raises ReportError where no rate is covered, and for points over different images.
    """
    anchor, test = over_common_images(anchor, test)
    hull = _on_hull(anchor)
    rows = []
    for point in test:
        if hull[0].rate <= point.rate <= hull[-1].rate:
            above = next(place for place, other in enumerate(hull) if other.rate >= point.rate)
            rows.append(_difference(hull[max(above - 1, 0)], hull[above], point))
    if not rows:
        raise ReportError(
            f"no point of the test, which has rates of {_range(test)}, is within the anchor's "
            f"{_range(hull)}"
        )
    return pd.DataFrame(rows).astype(str)


def over_common_images(
    anchor: Sequence[Point], test: Sequence[Point]
) -> tuple[list[Point], list[Point]]:
    """All points over the first images, as many as each of them has, by rising rate and quality.

    Raises ReportError where these are not the same images.
    """
    count = min(len(point.values) for point in (*anchor, *test))
    ours, theirs = ([point.of_first(count) for point in points] for points in (anchor, test))
    for point in (*ours, *theirs):
        if not point.values.index.equals(ours[0].values.index):
            raise ReportError("anchor and test are over different images, so they have no pairs")
    return sorted(ours, key=Point.place), sorted(theirs, key=Point.place)


def _difference(low: Point, high: Point, point: Point) -> dict[str, Any]:
    """`low` and `high` may be one point, at the test's own rate."""
    span = math.log(high.rate / low.rate)
    share = math.log(point.rate / low.rate) / span if span else 1.0
    apart = point.parts - (1 - share) * low.parts - share * high.parts
    half = half_width(float(apart.sum()), float((apart**2).sum()), len(apart))
    return {
        "rate": point.rate,
        "difference": float(apart.mean()),
        "difference_ci95": half,
        "images": len(apart),
        "anchor_rate_below": low.rate,
        "anchor_rate_above": high.rate,
        "anchor_distance": min(abs(end.rate - point.rate) for end in (low, high)),
    }


def _on_hull(points: Sequence[Point]) -> list[Point]:
    rates, qualities = np.array([point.place() for point in points]).T
    curve = upper_hull(Curve("", rates, qualities, is_error=points[0].is_error))
    kept = set(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    return [point for point in points if point.place() in kept]


def _range(points: Sequence[Point]) -> str:
    return f"{points[0].rate:g} to {points[-1].rate:g}"
