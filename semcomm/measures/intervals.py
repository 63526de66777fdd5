"""95 % intervals of means and of rates."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln, stdtrit, xlog1py, xlogy

CONFIDENCE = 0.95
NORMAL = 1.959963984540054
"""Quantile of the normal distribution at the upper end of the interval of that confidence."""


def half_width(sums: float, squares: float, count: float) -> float:
    """Half the width of the 95 % interval of a mean, from sums over independent values; NaN for
    fewer than two.

    Example: 1, 2, 3, 4 give 2.0543, which is 3.1824 (Student's t for 3 degrees of freedom) times
    1.2910 / 2.
    """
    if count < 2:
        return math.nan
    variance = max(squares - sums**2 / count, 0.0) / (count - 1)
    return float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance / count)


def welch(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Half the width of the 95 % interval of the difference of two means, each of independent
    values of a variance of its own; NaN where one has fewer than two.

    Welch, "The generalization of 'Student's' problem when several different population variances
    are involved", Biometrika 34, 1947.

    Example: 1, 3 and 2, 4, 6 give 4.9755. Their means have variances of 1 and 4 / 3, so there are
    49 / 17 degrees of freedom, and Student's t for these, 3.2572, times the root of 7 / 3.
    """
    if min(first.size, second.size) < 2:
        return math.nan
    parts = np.array([values.var(ddof=1) / values.size for values in (first, second)])
    if not parts.any():
        return 0.0
    freedom = parts.sum() ** 2 / (
        parts[0] ** 2 / (first.size - 1) + parts[1] ** 2 / (second.size - 1)
    )
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(parts.sum())


def wilson(events: float, of: int) -> tuple[float, float]:
    """The 95 % interval of a rate of so many events of independent trials.

    Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat.
    Assoc. 22, 1927.

    Example: 0 of 100 gives 0 to 0.0370.
    """
    rate, spread = events / of, NORMAL**2 / of
    middle, half = rate + spread / 2, math.sqrt(spread * (rate * (1 - rate) + spread / 4))
    lowest, highest = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (lowest if events else 0.0), (highest if events < of else 1.0)


def after_stop(events: int, of_last: int, before_last: int, wanted: int) -> tuple[float, float]:
    """The 95 % interval of a rate where blocks of independent trials end with the first after
    which there are `wanted` events, or with the last block that there is.

    It is of Clopper and Pearson's kind, for this rule (inverse sampling in blocks). Outcomes are
    ordered by the rate that they speak for: fewer blocks, then more events in as many. Where a
    trial without the event becomes one with it, an outcome never moves down in this order, so the
    chance of each end is monotone in the rate. The limits are the rates at which outcomes at least
    as high, or as low, as this one have a chance of 2.5 %. The interval holds the rate in at least
    95 % of all runs.

    of_last, before_last: trials in the last block, and in all before it.

    Example: single trials, ended by the first event, which is the third trial, give 0.0084 to
    0.8419, which are 1 - 0.975 ** (1 / 3) and 1 - 0.025 ** (1 / 2).
    """
    tail = (1 - CONFIDENCE) / 2

    def chance_below(most: int, rate: float) -> float:
        return _chance_below(most, rate, of_last, before_last, wanted)

    lowest, highest = 0.0, 1.0
    if events:
        lowest = _root(lambda rate: chance_below(events - 1, rate) - (1 - tail))
    if events < of_last + before_last:
        highest = _root(lambda rate: chance_below(events, rate) - tail)
    return lowest, highest


def _chance_below(most: int, rate: float, of_last: int, before_last: int, wanted: int) -> float:
    """The chance that fewer than `wanted` events come before the last block, and at most `most`
    with it.
    """
    sure = most - of_last - 1  # with so many before, the last block can do as it likes
    before = np.arange(max(sure + 1, 0), min(wanted - 1, before_last, most) + 1)
    in_last = np.cumsum(_binomial(np.arange(of_last + 1), of_last, rate))
    within = _binomial(before, before_last, rate) @ in_last[most - before]
    return float(within) + (float(bdtr(sure, before_last, rate)) if sure >= 0 else 0.0)


def _binomial(events: NDArray[np.int64], trials: int, rate: float) -> NDArray[np.float64]:
    """The chances of these numbers of events."""
    ways = gammaln(trials + 1) - gammaln(events + 1) - gammaln(trials - events + 1)
    chances: NDArray[np.float64] = np.exp(
        ways + xlogy(events, rate) + xlog1py(trials - events, -rate)
    )
    return chances


def _root(excess: Callable[[float], float]) -> float:
    """The rate at which a function that falls from 0 to 1 is zero, to ten digits."""
    from scipy.optimize import brentq  # slow to import for those who only read tables

    return float(brentq(excess, 0.0, 1.0, xtol=1e-300, rtol=1e-10))
