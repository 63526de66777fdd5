"""95 % intervals of means and of rates."""

import math

from scipy.special import stdtrit

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


def wilson(events: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a rate of so many events of independent trials.

    Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat.
    Assoc. 22, 1927.

    Example: 0 of 100 gives 0 to 0.0370.
    """
    rate, spread = events / of, NORMAL**2 / of
    middle, half = rate + spread / 2, math.sqrt(spread * (rate * (1 - rate) + spread / 4))
    lowest, highest = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (lowest if events else 0.0), (highest if events < of else 1.0)
