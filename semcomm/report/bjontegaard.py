"""How far two rate-PSNR curves are apart, on average and at one rate.

G. Bjontegaard, Calculation of average PSNR differences between RD-curves, VCEG-M33, 2001;
interpolated piecewise through all points (PCHIP) instead of by one cubic through four, as JCT-VC
has done since JCTVC-E137.

Of each system the points on its upper hull count (`curves.upper_hull`): it is as good as what can
be reached with it, and a badly chosen point makes it no worse. A curve on which each further bit
gains less PSNR than the one before, as that of a video codec does, is its own hull, and its deltas
are the published ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from semcomm.errors import ReportError
from semcomm.report.curves import Curve, upper_hull
from semcomm.report.tables import shown

FEWEST = 4
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Delta:
    """The test's mean difference from the anchor over a range, from low to high, that both
    cover.
    """

    value: float
    low: float
    high: float


def bd_rate(anchor: Curve, test: Curve) -> Delta:
    """How much more rate the test takes for the same PSNR: percent, over a range of PSNRs; negative
    is better.

    The mean of log10(rate) as a function of PSNR is compared, so that it is the geometric mean of
    ratios of rates.
    Raises ReportError for fewer than four points on a hull, rates not above 0, and curves without a
    common PSNR.

    Example: a test that takes twice the rate at each PSNR gives 100.
    """
    first, second = _hull(anchor, FEWEST), _hull(test, FEWEST)
    low, high = _common_range("PSNR", "dB", (first, first.y), (second, second.y))
    ends = [_mean(hull.y, np.log10(hull.x), low, high) for hull in (first, second)]
    with np.errstate(over="ignore"):
        return Delta(float(100 * np.expm1(math.log(10) * (ends[1] - ends[0]))), low, high)


def bd_psnr(anchor: Curve, test: Curve) -> Delta:
    """How much more PSNR the test has at the same rate: dB, over a range of rates; positive is
    better.

    The mean is over log10(rate). Raises ReportError as `bd_rate` does, and for curves without a
    common rate.

    Example: a test that has 1 dB more at each rate gives 1.
    """
    first, second = _hull(anchor, FEWEST), _hull(test, FEWEST)
    low, high = _common_range("rate", "bits", (first, first.x), (second, second.x))
    ends = [
        _mean(np.log10(hull.x), hull.y, math.log10(low), math.log10(high))
        for hull in (first, second)
    ]
    return Delta(ends[1] - ends[0], low, high)


def at_rate(curve: Curve, rate: float) -> float:
    """The PSNR that the curve's hull has at this rate, by PCHIP over log10(rate).

    Raises ReportError outside the hull's rates and for fewer than two points on it.
    """
    hull = _hull(curve, 2)
    if not hull.x[0] <= rate <= hull.x[-1]:
        raise ReportError(
            f"{shown(curve.label)} has {_range(hull.x)} bits on its hull, and nothing at {rate:g}"
        )
    return float(PchipInterpolator(np.log10(hull.x), hull.y)(np.log10(rate)))


def compared(anchor: Curve, test: Curve, rates: Sequence[float] = ()) -> dict[str, str | float]:
    """What a person wants to know of two curves, by name: both deltas, or the PSNRs at each of the
    rates.

    Raises ReportError as the deltas and `at_rate` do.
    """
    about: dict[str, str | float] = {"anchor": anchor.label, "test": test.label}
    for rate in rates:
        psnrs = at_rate(anchor, rate), at_rate(test, rate)
        names = (f"{name}_db_at_{rate:g}" for name in ("anchor", "test", "difference"))
        about |= zip(names, [*psnrs, psnrs[1] - psnrs[0]], strict=True)
    return about | ({} if rates else _deltas(anchor, test))


def _deltas(anchor: Curve, test: Curve) -> dict[str, str | float]:
    rate, psnr = bd_rate(anchor, test), bd_psnr(anchor, test)
    return {
        "bd_rate_percent": rate.value,
        "over_psnr_db": _range((rate.low, rate.high)),
        "bd_psnr_db": psnr.value,
        "over_rates": _range((psnr.low, psnr.high)),
        "anchor_points": _count(anchor),
        "test_points": _count(test),
    }


def _hull(curve: Curve, fewest: int) -> Curve:
    hull, name = upper_hull(curve), shown(curve.label)
    if hull.x[0] <= 0:
        raise ReportError(f"{name} has a rate of {hull.x[0]:g}; rates are above 0")
    if len(hull) < fewest:
        raise ReportError(f"{name} has {_count(curve)}; this takes at least {fewest}")
    if not (np.diff(np.log10(hull.x)) > 0).all():
        raise ReportError(
            f"{name} has rates that are too close to each other to draw a curve through"
        )
    return hull


def _mean(x: Values, y: Values, low: float, high: float) -> float:
    """The mean height, from low to high, of the piecewise cubic through the points."""
    return float(PchipInterpolator(x, y).integrate(low, high)) / (high - low)


def _common_range(what: str, unit: str, *covered: tuple[Curve, Values]) -> tuple[float, float]:
    """From the highest of the lowest values to the lowest of the highest ones."""
    low, high = max(values[0] for _, values in covered), min(values[-1] for _, values in covered)
    if low >= high:
        told = " and ".join(
            f"{shown(curve.label)} has {_range(values)} {unit}" for curve, values in covered
        )
        raise ReportError(f"no {what} is common to both curves: {told}")
    return float(low), float(high)


def _range(values: Values | tuple[float, float]) -> str:
    return f"{values[0]:.6g} to {values[-1]:.6g}"


def _count(curve: Curve) -> str:
    return f"{len(upper_hull(curve))} of {len(curve)} points on its hull"
