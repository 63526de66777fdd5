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
    """The bit error rate of hard decisions, from the probabilities of all decision regions.

    Amplitudes from left to right have the binary reflected Gray code. Cho and Yoon, On the general
    BER expression of one- and two-dimensional amplitude modulations, IEEE Trans. Commun. 50(7),
    2002.

    Example: bpsk over `awgn_tail(1.0)`, which is Es/N0 0 dB, has 0.0786.
    """
    if modulation == "bpsk":
        return float(tail(np.ones(1))[0])
    width = BITS_PER_SYMBOL[modulation] // 2
    index = np.arange(1 << width)
    gray = index ^ index >> 1
    spacing = np.sqrt(6 / ((1 << 2 * width) - 1))
    edges = np.concatenate([[-np.inf], index[1:] - 0.5, [np.inf]])
    decided = -np.diff(tail(spacing * (edges - index[:, None])))
    wrong_bits = np.bitwise_count(gray[:, None] ^ gray)
    return float((decided * wrong_bits).sum() / (index.size * width))


def awgn_tail(esn0: float) -> Tail:
    """Of white Gaussian noise; esn0: energy of a symbol over N0, as a ratio."""
    return lambda distances: ndtr(-distances * np.sqrt(2 * esn0))
