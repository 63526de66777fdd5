"""Differences in quality at the rates of a test's own points, paired by image.

A curve between two points is no codec, so a difference is taken at a rate at which the test has
one. There the anchor is the straight line, over the logarithm of the rate, between its neighbours:
for each image the mixture of what they make of it. Intervals are over images. They say what other
images of the kind would change, and nothing of other seeds of a training.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width
from semcomm.report.curves import Curve, upper_hull
from semcomm.report.results import numbers, read_results
from semcomm.run.conditions import select

MEAN_MSE = "psnr_of_mean_mse_db"
IMAGE, CELL = "image", "cell"


@dataclass(frozen=True, eq=False)
class Point:
    """A row of results.csv, with what per_image.csv has of its images.

    parts: by image; their mean is `quality`, and differences of means have the variance of theirs.
    """

    rate: float
    quality: float
    parts: "pd.Series[float]"


def points_of(folder: Path, conditions: Sequence[str], rate: str, quality: str) -> list[Point]:
    """The rows of a run that meet the conditions, by rising rate.

    quality: a column of both tables, or `psnr_of_mean_mse_db`, whose parts are those of its
        linearization in the images' `mse` (the delta method).
    Raises ReportError for a folder without the tables, and for columns that they lack.
    """
    rows = select(read_results([folder]), conditions)
    values = zip(rows.index, numbers(rows, rate), numbers(rows, quality), strict=True)
    column = "mse" if quality == MEAN_MSE else quality
    images = _images(folder, column)
    points = []
    for cell, bits, value in values:
        if not (math.isnan(bits) or math.isnan(value)):
            own = images.loc[cell]
            linear = value + 10 * (1 - own / own.mean()) / math.log(10)
            points.append(Point(bits, value, linear if quality == MEAN_MSE else own))
    return sorted(points, key=lambda point: point.rate)


def _images(folder: Path, column: str) -> "pd.Series[float]":
    """A column of per_image.csv by row of results.csv and by image; repetitions count as one."""
    path = folder / "per_image.csv"
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: {error}; `semcomm run` writes it") from error
    missing = {IMAGE, column} - set(table)
    if missing:
        raise ReportError(f"{path}: there is no column {', '.join(sorted(missing))}")
    table = table if CELL in table else table.assign(**{CELL: 0})
    return table.groupby([CELL, IMAGE], sort=False)[column].mean()


def differences(anchor: Sequence[Point], test: Sequence[Point]) -> pd.DataFrame:
    """The test's quality above the anchor's hull at each of the test's rates that the hull covers.

    A row has the rate, the difference and half the width of its 95 % interval, and the rates of the
    anchor's points on either side, which show how far the difference is interpolated, all as text.
    Raises ReportError where no rate is covered, and for points over different images.
    """
    hull = _on_hull(anchor)
    rows = []
    for point in test:
        if hull[0].rate <= point.rate <= hull[-1].rate:
            above = next(place for place, other in enumerate(hull) if other.rate >= point.rate)
            rows.append(_difference(hull[max(above - 1, 0)], hull[above], point))
    if not rows:
        raise ReportError(
            f"no point of the test, which has {_range(test)} bits, is within the anchor's "
            f"{_range(hull)}"
        )
    return pd.DataFrame(rows).astype(str)


def _difference(low: Point, high: Point, point: Point) -> dict[str, Any]:
    """`low` and `high` may be one point, at the test's own rate."""
    span = math.log(high.rate / low.rate)
    share = math.log(point.rate / low.rate) / span if span else 1.0
    if not low.parts.index.equals(point.parts.index) or not high.parts.index.equals(
        low.parts.index
    ):
        raise ReportError("anchor and test are over different images, so they have no pairs")
    apart = point.parts - (1 - share) * low.parts - share * high.parts
    half = half_width(float(apart.sum()), float((apart**2).sum()), len(apart))
    return {
        "rate": point.rate,
        "difference_db": float(apart.mean()),
        "difference_db_ci95": half,
        "anchor_rate_below": low.rate,
        "anchor_rate_above": high.rate,
    }


def _on_hull(points: Sequence[Point]) -> list[Point]:
    rates: NDArray[np.float64] = np.array([point.rate for point in points])
    curve = upper_hull(Curve("", rates, np.array([point.quality for point in points])))
    kept = set(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    return [point for point in points if (point.rate, point.quality) in kept]


def _range(points: Sequence[Point]) -> str:
    return f"{points[0].rate:g} to {points[-1].rate:g}"
