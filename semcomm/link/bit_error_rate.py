"""The exact bit error rate of uncoded symbols."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from semcomm.choices import Modulation
from semcomm.link.modulation import BITS_PER_SYMBOL

Tail = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""The probability that one dimension's noise exceeds these values, symbols being of unit energy."""


def gray_error_rate(modulation: Modulation, tail: Tail) -> float:
    """The bit error rate of hard decisions: Cho and Yoon, On the general BER expression of one- and
    two-dimensional amplitude modulations, IEEE Trans. Commun. 50(7), 2002.

    No term is a difference from 1, so that rates below the precision of 1 keep their digits.

    Example: bpsk over `awgn_tail(1.0)`, which is Es/N0 0 dB, has 0.0786.
    """
    if modulation == "bpsk":
        return float(tail(np.ones(1))[0])
    width = BITS_PER_SYMBOL[modulation] // 2
    side, total = 1 << width, 0.0
    distance = np.sqrt(1.5 / (side**2 - 1))
    for bit in range(1, width + 1):
        term = np.arange(side - (side >> bit))
        sign = (-1.0) ** (term * 2 ** (bit - 1) // side)
        weight = 2 ** (bit - 1) - np.floor(term * 2 ** (bit - 1) / side + 0.5)
        total += 2 / side * float(np.sum(sign * weight * tail((2 * term + 1) * distance)))
    return total / width


def awgn_tail(esn0: float) -> Tail:
    """Of white Gaussian noise; esn0: energy of a symbol over N0, as a ratio."""
    return lambda distances: ndtr(-distances * np.sqrt(2 * esn0))
