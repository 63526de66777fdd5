"""Curves: rows of results, grouped and sorted, and their upper hulls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.report.intervals import interval
from semcomm.report.results import numbers
from semcomm.run.conditions import number, select, texts
from semcomm.run.origin import is_error
from semcomm.terminal import terminal_safe

Coordinates = tuple[float, float]

IDEAL = "link.ideal.frame_error_rate"
"""The column in which rows of an ideal code, and they alone, have a value."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of one system, in the order of rising x.

    x, y: (n,) float64, finite, n at least 1.
    low, high: (n,) ends of the 95 % interval of each y, NaN for a point without one; None where the
        results have no intervals.
    approximation: of an ideal code, whose lengths are by the normal approximation.
    theory: computed from a formula, not measured.
    is_error: a lower y is better.
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    approximation: bool = False
    theory: bool = False
    is_error: bool = False

    def __len__(self) -> int:
        return self.x.size

    @property
    def gain(self) -> NDArray[np.float64]:
        """(n,) what is higher the better a point is: y, of an error its negative."""
        return -self.y if self.is_error else self.y

    @property
    def title(self) -> str:
        """What figures call it. Example: "ecvq (normal approximation)"."""
        return approximated(self.label) if self.approximation else self.label


def approximated(label: str) -> str:
    """The label of a line that is an approximation."""
    return f"{label} (normal approximation)" if label else "normal approximation"


def curves_of(table: pd.DataFrame, x: str, y: str, by: Sequence[str] = ()) -> list[Curve]:
    """A curve for each combination of values in the columns `by`, in the order of their first rows;
    rows of an ideal code are curves of their own.

    by: names of columns; `quantizer|codec.model` is the first of the two that is not empty.
        Rows whose x or y is empty are left out.
    Raises ReportError for a column that does not exist, text in place of numbers, and rows
    without a group.

    Example: by ["quantizer", "codec.entropy_coder"] gives curves "vq, fixed_length" and "ecvq,
    huffman".
    """
    return labelled_curves(table, x, y, _row_labels(table, by))


def labelled_curves(table: pd.DataFrame, x: str, y: str, labels: Sequence[str]) -> list[Curve]:
    """A curve for each label of a row, else as `curves_of` has it."""
    groups_of = list(zip(labels, _is_approximation(table), strict=True))
    points = pd.DataFrame({"x": numbers(table, x), "y": numbers(table, y)})
    points["group"] = pd.Series(groups_of, dtype=object)
    if ends := interval(table, y):
        points = points.assign(low=ends[0], high=ends[1])
    measured = points.dropna(subset=["x", "y"]).sort_values(["x", "y"], kind="stable")
    groups: dict[Any, pd.DataFrame] = dict(list(measured.groupby("group")))
    if not groups:
        raise ReportError(f"no row has both {x} and {y}")
    curves, lower_is_better = [], is_error(table, y)
    for label, approximation in dict.fromkeys(groups_of):
        if (rows := groups.get((label, approximation))) is None:
            continue
        low, high = (rows[end].to_numpy() if ends else None for end in ("low", "high"))
        x_values, y_values = rows["x"].to_numpy(), rows["y"].to_numpy()
        values = x_values, y_values, low, high
        curves.append(Curve(label, *values, approximation, is_error=lower_is_better))
    return curves


def curve_where(
    table: pd.DataFrame, conditions: Sequence[str], x: str, y: str, name: str = ""
) -> Curve:
    """All rows that meet the conditions as one curve, labelled with `name` and the conditions.

    Raises ReportError where some of them are of an ideal code and others are not.
    """
    curve, *others = curves_of(select(table, conditions), x, y)
    if others:
        raise ReportError(
            f"some rows are of an ideal code, which is an approximation: {IDEAL}= leaves them out"
        )
    return replace(curve, label=" ".join(filter(None, [name, *conditions])))


def renamed(curves: Sequence[Curve], labels: Sequence[str]) -> list[Curve]:
    """The same curves, some under another label: each of `labels` is OLD=NEW.

    Raises ReportError for an unknown OLD.
    """
    names = {old: new for old, _, new in (label.partition("=") for label in labels)}
    for old in names:
        if old not in [curve.label for curve in curves]:
            known = "; ".join(terminal_safe(curve.label) for curve in curves)
            raise ReportError(f"there is no curve {terminal_safe(old)} to name; there are: {known}")
    return [replace(curve, label=names.get(curve.label, curve.label)) for curve in curves]


def upper_envelope(curve: Curve) -> Curve:
    """The highest point at each x, of an error the lowest, with its interval: the best of what else
    was swept.

    Example: of (1, 1), (1, 3), (2, 2) remain (1, 3) and (2, 2).
    """
    order = np.lexsort((curve.gain, curve.x))
    best = order[np.append(np.diff(curve.x[order]) > 0, True)]
    low, high = (None if ends is None else ends[best] for ends in (curve.low, curve.high))
    return replace(curve, x=curve.x[best], y=curve.y[best], low=low, high=high)


def upper_hull(curve: Curve) -> Curve:
    """The points that no mixture of others beats: the upper concave hull, up to its highest point;
    of an error the lower convex hull, down to its lowest point.

    Sending a share of the images with one system and the rest with another mixes the mean rate and
    the mean quality in that share, so that every point on the hull's straight lines can be
    reached, and none above them. It is the operational rate-distortion function of Chou,
    Lookabaugh and Gray (Entropy-constrained vector quantization, IEEE Trans. ASSP 37(1), 1989),
    here with x for the rate and y for the quality.

    Returns points of the curve, including points on a line between others; x rises, and so does y,
    which of an error falls.

    Example: of (1, 1), (2, 1.5), (3, 5), (4, 4) remain (1, 1) and (3, 5).
    """
    hull: list[Coordinates] = []
    order = np.lexsort((curve.gain, curve.x))
    for point in zip(curve.x[order].tolist(), curve.gain[order].tolist(), strict=True):
        while hull and (
            point[0] == hull[-1][0] or (len(hull) > 1 and _is_below(hull[-2], hull[-1], point))
        ):
            hull.pop()
        hull.append(point)
    highest = 1 + max(range(len(hull)), key=lambda position: hull[position][1])
    x, gain = np.array(hull[:highest]).T
    return replace(curve, x=x, y=-gain if curve.is_error else gain, low=None, high=None)


def _is_below(left: Coordinates, middle: Coordinates, right: Coordinates) -> bool:
    """Whether the middle point lies below the line between its neighbours."""
    to_middle = (middle[1] - left[1]) * (right[0] - left[0])
    return to_middle < (right[1] - left[1]) * (middle[0] - left[0])


def _is_approximation(table: pd.DataFrame) -> list[bool]:
    return texts(table, IDEAL).ne("").tolist() if IDEAL in table else [False] * len(table)


def _row_labels(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """For each row its values in the columns `by` that are not empty; numbers and truth values
    with the name of their column.
    """
    if not by:
        return [""] * len(table)
    groups = [_first_values(table, names.split("|")) for names in by]
    labels = [", ".join(filter(None, row)) for row in zip(*groups, strict=True)]
    if not all(labels):
        raise ReportError(
            f"a row has no value in {', '.join(by)}; `{by[0]}|codec.model` takes codec.model where "
            f"{by[0]} is empty"
        )
    return labels


def _first_values(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """For each row the first value that is not empty."""
    columns = []
    for name in names:
        word = name.rpartition(".")[-1].replace("_", " ")
        columns.append(
            [
                f"{word} {text}" if number(text) is not None or text in ("True", "False") else text
                for text in texts(table, name)
            ]
        )
    return [next(filter(None, row), "") for row in zip(*columns, strict=True)]
