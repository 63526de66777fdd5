"""The difference of two systems by codecs that were trained from several seeds.

Trainings from several seeds end at different rates. Points are therefore moved along their system's
curve, its upper hull with straight lines over the logarithm of the rate, to one rate at which their
qualities are compared. Only the shape of the curve counts in this. Intervals are over seeds. They
say what other seeds would change, and nothing of other images.
"""

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width, welch
from semcomm.report.curves import Curve, upper_hull
from semcomm.terminal import terminal_safe

Values = NDArray[np.float64]


def seeds_comparison(
    anchor: Curve, test: Curve, anchor_seeds: Curve | None, test_seeds: Curve
) -> dict[str, str | float]:
    """How much more quality the test's seeds have, by name, with half the width of the 95 %
    interval over seeds.

    anchor, test: the systems' curves, which may have points of the seeds.
    anchor_seeds, test_seeds: a point per training. With both, they are moved to the mean of their
        mean rates, and the interval is Welch's. Without the anchor's, each of the test's seeds is
        compared at its own rate with the anchor's curve, as if that had no spread.
    Raises ReportError for fewer than two seeds, equal ones, and rates that a curve does not cover.
    """
    _check_seeds(test_seeds)
    if anchor_seeds is None:
        return _above_curve(anchor, test_seeds)
    _check_seeds(anchor_seeds)
    rate = float(anchor_seeds.x.mean() + test_seeds.x.mean()) / 2
    ours, theirs = moved(anchor_seeds, anchor, rate), moved(test_seeds, test, rate)
    return {
        "anchor": anchor_seeds.label,
        "test": test_seeds.label,
        "rate": rate,
        "anchor_quality": float(ours.mean()),
        "test_quality": float(theirs.mean()),
        "difference": float(theirs.mean() - ours.mean()),
        "difference_ci95": welch(ours, theirs),
        "anchor_seeds": ours.size,
        "test_seeds": theirs.size,
        "anchor_deviation": float(ours.std(ddof=1)),
        "test_deviation": float(theirs.std(ddof=1)),
        "moved_at_most": float(np.abs(np.append(anchor_seeds.x, test_seeds.x) - rate).max()),
    }


def moved(points: Curve, along: Curve, rate: float) -> Values:
    """The qualities that the points would have at this rate, were they on curves of that shape.

    Raises ReportError where the curve does not cover the rate or that of a point.

    Example: along a curve that gains 3 dB from 100 to 200 bits, a point of 25 dB at 200 bits has
    22 dB at 100.
    """
    return points.y + heights(along, np.array([rate])) - heights(along, points.x)


def heights(curve: Curve, rates: Values) -> Values:
    """The quality on the curve's hull, along straight lines over the logarithm of the rate."""
    hull = upper_hull(curve)
    outside = rates[(rates < hull.x[0]) | (rates > hull.x[-1])]
    if hull.x[0] <= 0 or outside.size:
        raise ReportError(
            f"{terminal_safe(curve.label)} has rates of {hull.x[0]:g} to {hull.x[-1]:g} on its "
            f"hull, and none at {', '.join(f'{rate:g}' for rate in outside)}"
        )
    return np.interp(np.log(rates), np.log(hull.x), hull.y)


def _check_seeds(seeds: Curve) -> None:
    points = list(zip(seeds.x.tolist(), seeds.y.tolist(), strict=True))
    if len(points) < 2 or len(set(points)) < len(points):
        raise ReportError(
            f"{terminal_safe(seeds.label)}: these are {len(points)} rows with rate and quality; an "
            "interval over seeds takes at least two, and none twice"
        )


def _above_curve(anchor: Curve, seeds: Curve) -> dict[str, str | float]:
    differences = seeds.y - heights(anchor, seeds.x)
    sums, squares = float(differences.sum()), float((differences**2).sum())
    distances = np.abs(seeds.x[:, None] - upper_hull(anchor).x).min(axis=1)
    return {
        "anchor": anchor.label,
        "test": seeds.label,
        "rate": float(seeds.x.mean()),
        "test_quality": float(seeds.y.mean()),
        "difference": sums / differences.size,
        "difference_ci95": half_width(sums, squares, differences.size),
        "test_seeds": differences.size,
        "difference_deviation": float(differences.std(ddof=1)),
        "anchor_distance": float(distances.max()),
    }
