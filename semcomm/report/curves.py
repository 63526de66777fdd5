"""Curves: rows of results, grouped and sorted, and what the best of them reach together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.report.intervals import interval
from semcomm.report.tables import number, numbers, select, shown, texts

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of one system, x never falling.

    x, y: (n,) float64, finite, n at least 1.
    low, high: (n,) ends of each y's 95 % interval, NaN where it has none; None where the results
        tell of none.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return self.x.size


def curves_of(table: pd.DataFrame, x: str, y: str, by: Sequence[str] = ()) -> list[Curve]:
    """A curve for each combination of values in the columns `by`, in the order of their first rows.

    by: names of columns; `quantizer|codec` is the first of the two that is not empty.
        Points whose x or y is empty were not simulated, and are left out.
    Raises ReportError for a column that is not there, text where numbers should be, and rows
    without a group.

    Example: by ["quantizer", "entropy_coder"] gives curves "vq, fixed_length" and "ecvq, huffman".
    """
    points = pd.DataFrame(
        {"x": numbers(table, x), "y": numbers(table, y), "label": _labels(table, by)}
    )
    ends, columns = interval(table, y), ["x", "y"]
    if ends:
        points, columns = points.assign(low=ends[0], high=ends[1]), ["x", "y", "low", "high"]
    measured = points.dropna(subset=["x", "y"]).sort_values(["x", "y"], kind="stable")
    groups = dict(list(measured.groupby("label")))
    if not groups:
        raise ReportError(f"no row has both {x} and {y}")
    return [
        Curve(label, *(groups[label][name].to_numpy() for name in columns))
        for label in points.label.unique()
        if label in groups
    ]


def curve_where(
    table: pd.DataFrame, conditions: Sequence[str], x: str, y: str, name: str = ""
) -> Curve:
    """All rows that meet the conditions, as one curve that goes by its name and its conditions."""
    (curve,) = curves_of(select(table, conditions), x, y)
    return replace(curve, label=" ".join(filter(None, [name, *conditions])))


def renamed(curves: Sequence[Curve], labels: Sequence[str]) -> list[Curve]:
    """The same curves, some by another name: each of the labels is OLD=NEW. Raises ReportError for
    no such curve.
    """
    names = {old: new for old, _, new in (label.partition("=") for label in labels)}
    unknown = [old for old in names if old not in [curve.label for curve in curves]]
    if unknown:
        there = "; ".join(curve.label for curve in curves)
        raise ReportError(f"there is no curve {shown(unknown[0])} to name; there are: {there}")
    return [replace(curve, label=names.get(curve.label, curve.label)) for curve in curves]


def upper_hull(curve: Curve) -> Curve:
    """The points that no mixture of others beats: the upper concave hull, up to its highest point.

    Sending a share of the images by one system and the rest by another mixes the mean bits and the
    mean PSNR in that share, so that all of the hull's straight lines can be reached, and nothing
    above them. It is the operational rate-distortion function of Chou, Lookabaugh and Gray
    (Entropy-constrained vector quantization, IEEE Trans. ASSP 37(1), 1989), here with x for the
    rate and y for the quality.

    Returns points of the curve, x and y rising; points on a line between others stay.

    Example: of (1, 1), (2, 1.5), (3, 5), (4, 4) remain (1, 1) and (3, 5).
    """
    hull: list[Point] = []
    for point in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        while hull and (
            point[0] == hull[-1][0] or (len(hull) > 1 and _is_below(hull[-2], hull[-1], point))
        ):
            hull.pop()
        hull.append(point)
    highest = 1 + max(range(len(hull)), key=lambda number: hull[number][1])
    x, y = np.array(hull[:highest]).T
    return replace(curve, x=x, y=y, low=None, high=None)


def _is_below(left: Point, middle: Point, right: Point) -> bool:
    """Whether the middle point lies below the line between its neighbours."""
    return (middle[1] - left[1]) * (right[0] - left[0]) < (right[1] - left[1]) * (
        middle[0] - left[0]
    )


def _labels(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """For each row the values of the columns `by`, those that are not empty; numbers and truth
    values with names.
    """
    parts = [_parts(table, names.split("|")) for names in by]
    labels = (
        [", ".join(filter(None, row)) for row in zip(*parts, strict=True)]
        if by
        else [""] * len(table)
    )
    if by and not all(labels):
        raise ReportError(
            f"a row has none of {', '.join(by)}; `{by[0]}|codec` takes the codec where that is "
            "empty"
        )
    return labels


def _parts(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """For each row the first value that is not empty."""
    columns = [texts(table, name).map(lambda text, name=name: _part(name, text)) for name in names]
    return [next(filter(None, row), "") for row in zip(*columns, strict=True)]


def _part(name: str, text: str) -> str:
    bare = text and number(text) is None and text not in ("True", "False")
    last = name.rpartition(".")[-1].replace("_", " ")
    return text if bare or not text else f"{last} {text}"
