"""The distance between two curves of PSNR, or of another quality, over the rate: on average and at
one rate.

G. Bjontegaard, Calculation of average PSNR differences between RD-curves, VCEG-M33, 2001;
interpolated piecewise through all points (PCHIP) instead of by one cubic through four, as JCT-VC
has done since JCTVC-E137.

Only points on the upper hull of each system count (`curves.upper_hull`): they are what the system
can reach, and a badly chosen point does not change them. A curve on which each further bit gains
less PSNR than the one before, as for video codecs, is its own hull, and its deltas are the
published ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from semcomm.errors import ReportError
from semcomm.report.curves import Curve, upper_hull
from semcomm.terminal import terminal_safe

MIN_POINTS = 4
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Delta:
    """The mean difference of the test from the anchor over the range, low to high, that both
    cover.
    """

    value: float
    low: float
    high: float


def bd_rate(anchor: Curve, test: Curve) -> Delta:
    """How much more rate the test needs for the same quality, in percent over a range of qualities;
    negative is better.

    It is the geometric mean of ratios of rates: the curves are compared by the mean of log10(rate)
    as a function of the quality.
    Raises ReportError for fewer than four points on a hull, rates not above 0, and curves without a
    common quality.

    Example: a test that needs twice the rate at each PSNR gives 100.
    """
    first, second = _hull(anchor, MIN_POINTS), _hull(test, MIN_POINTS)
    low, high = _common_range("quality", (first, first.y), (second, second.y))
    ends = [_mean(hull.y, np.log10(hull.x), low, high) for hull in (first, second)]
    with np.errstate(over="ignore"):
        value = float(100 * np.expm1(math.log(10) * (ends[1] - ends[0])))
    return Delta(value, low, high)


def bd_psnr(anchor: Curve, test: Curve) -> Delta:
    """How much more PSNR, or other quality, the test has at the same rate, in its unit over a range
    of rates; positive is better, of an error negative.

    The mean is over log10(rate). Raises ReportError as `bd_rate` does, and for curves without a
    common rate.

    Example: a test that has 1 dB more at each rate gives 1.
    """
    first, second = _hull(anchor, MIN_POINTS), _hull(test, MIN_POINTS)
    low, high = _common_range("rate", (first, first.x), (second, second.x))
    ends = [
        _mean(np.log10(hull.x), hull.y, math.log10(low), math.log10(high))
        for hull in (first, second)
    ]
    return Delta(ends[1] - ends[0], low, high)


def at_rate(curve: Curve, rate: float) -> float:
    """The quality on the curve's hull at this rate, by PCHIP over log10(rate).

    Raises ReportError outside the hull's rates and for fewer than two points on it.
    """
    hull = _hull(curve, 2)
    if not hull.x[0] <= rate <= hull.x[-1]:
        raise ReportError(
            f"{terminal_safe(curve.label)} has rates of {_range(hull.x)} on its hull, and none at "
            f"{rate:g}"
        )
    return float(PchipInterpolator(np.log10(hull.x), hull.y)(np.log10(rate)))


def comparison(
    anchor: Curve, test: Curve, quality: str, rates: Sequence[float] = ()
) -> dict[str, str | float]:
    """What a person wants to know about two curves, by name: both deltas, or for `rates` the
    qualities at each of them. The points, which are codecs, have their rates beside them: those on
    the hulls, or the nearest of anchor and test and how far from the rate they are.

    quality: the column of y, whose name the delta bears: `bd_psnr_db` is of psnr_db.
    Raises ReportError as the deltas and `at_rate` do.
    """
    names: dict[str, str | float] = {"anchor": anchor.label, "test": test.label}
    if not rates:
        by_quality, by_rate = bd_rate(anchor, test), bd_psnr(anchor, test)
        return names | {
            "bd_rate_percent": by_quality.value,
            f"over_{quality}": _range((by_quality.low, by_quality.high)),
            f"bd_{quality}": by_rate.value,
            "over_rates": _range((by_rate.low, by_rate.high)),
            "anchor_points": f"{_count(anchor)}: {_rates(anchor)}",
            "test_points": f"{_count(test)}: {_rates(test)}",
        }
    values: dict[str, str | float] = {}
    for rate in rates:
        ours, theirs = at_rate(anchor, rate), at_rate(test, rate)
        values[f"anchor_quality_at_{rate:g}"] = ours
        values[f"test_quality_at_{rate:g}"] = theirs
        values[f"difference_at_{rate:g}"] = theirs - ours
        nearest = [_nearest(curve, rate) for curve in (anchor, test)]
        values[f"nearest_points_to_{rate:g}"] = " and ".join(
            f"{point:.6g}, {abs(point - rate):.6g} away" for point in nearest
        )
    return names | values


def _nearest(curve: Curve, rate: float) -> float:
    """The rate of the hull's point that is nearest by ratio."""
    hull = upper_hull(curve)
    return float(hull.x[np.abs(np.log(hull.x / rate)).argmin()])


def _rates(curve: Curve) -> str:
    """Of the points on its hull."""
    return ", ".join(f"{rate:.6g}" for rate in upper_hull(curve).x)


def _hull(curve: Curve, min_points: int) -> Curve:
    hull, name = upper_hull(curve), terminal_safe(curve.label)
    if hull.x[0] <= 0:
        raise ReportError(f"{name} has a rate of {hull.x[0]:g}; rates are above 0")
    if len(hull) < min_points:
        raise ReportError(f"{name} has {_count(curve)}; this takes at least {min_points}")
    if not (np.diff(np.log10(hull.x)) > 0).all():
        raise ReportError(
            f"{name} has rates that are too close to each other to draw a curve through"
        )
    return hull


def _mean(x: Values, y: Values, low: float, high: float) -> float:
    """The mean height, from low to high, of the piecewise cubic through the points.

    x: rising or falling.
    """
    rising = np.argsort(x)
    return float(PchipInterpolator(x[rising], y[rising]).integrate(low, high)) / (high - low)


def _common_range(what: str, *covered: tuple[Curve, Values]) -> tuple[float, float]:
    """From the highest of the minima to the lowest of the maxima."""
    low = max(values.min() for _, values in covered)
    high = min(values.max() for _, values in covered)
    if low >= high:
        ranges = " and ".join(
            f"{terminal_safe(curve.label)} has {_range(values)}" for curve, values in covered
        )
        raise ReportError(f"no {what} is common to both curves: {ranges}")
    return float(low), float(high)


def _range(values: Values | tuple[float, float]) -> str:
    return f"{values[0]:.6g} to {values[-1]:.6g}"


def _count(curve: Curve) -> str:
    return f"{len(upper_hull(curve))} of {len(curve)} points on its hull"
