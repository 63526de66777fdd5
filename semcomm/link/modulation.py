"""Bits to complex symbols and back: Gray-labelled BPSK, QPSK and 16-, 64- and 256-QAM of unit mean
energy.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import Decisions, Modulation

BITS_PER_SYMBOL: dict[Modulation, int] = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}

LARGEST_LLR = 1e6
"""Log-likelihood ratios are clipped to it, so that sums of them stay finite."""

SYMBOLS_AT_ONCE = 4096
"""So many that the distances to all amplitudes stay in a processor's cache."""

SMALLEST_VARIANCE = 1e-100
"""Lower noise variances are raised to it, so that no division by them overflows."""


def modulate(bits: NDArray[np.uint8], modulation: Modulation) -> NDArray[np.complex128]:
    """The symbols of n m bits, where m is the modulation's bits per symbol: (n,) complex128.

    The labels are those of 3GPP TS 38.211, section 5.1. A square constellation is a pulse amplitude
    modulation in each dimension: a symbol's first, third, fifth and seventh bit choose its real
    part, the others its imaginary part. BPSK, on the diagonal, is QPSK that sends each bit in both
    dimensions.

    Raises ValueError when the bits do not fill whole symbols.
    Example: at 16qam the bits 0, 0, 1, 1 give (3 + 3j) / sqrt(10), and 1, 0, 0, 1 give (-1 + 3j) /
    sqrt(10).
    """
    if bits.size % BITS_PER_SYMBOL[modulation]:
        raise ValueError(
            f"{bits.size} bits do not fill symbols of {BITS_PER_SYMBOL[modulation]} bits"
        )
    pairs = (bits.repeat(2) if modulation == "bpsk" else bits).reshape(
        -1, _bits_per_dimension(modulation), 2
    )
    labels = np.zeros_like(pairs[:, 0])
    for place in range(pairs.shape[1]):
        labels = labels * np.uint8(2) + pairs[:, place]
    symbols: NDArray[np.complex128] = amplitudes(modulation)[labels].view(np.complex128)[:, 0]
    return symbols


def demap(
    symbols: NDArray[np.complex128],
    noise_variances: NDArray[np.float64],
    modulation: Modulation,
    decisions: Decisions = "soft",
) -> NDArray[np.float32]:
    """The log-likelihood ratios ln P(0) / P(1) of the bits of n received symbols, (n m,) float32,
    for bits that are equally likely.

    They are exactly 0 where the noise variance is infinite, whatever the symbol there is.

    noise_variances: (n,) E|noise|^2 of each symbol, both dimensions together.
    decisions: soft gives the exact ratios for complex Gaussian noise, within +-`LARGEST_LLR`; hard
        gives 1 and -1 for a 0 and a 1 in the label of the nearest symbol.
    """
    arrived = np.isfinite(noise_variances)
    received = np.where(arrived, symbols, 0)
    # Without noise only the nearest symbol counts, so that the sign is a hard decision.
    variances = noise_variances if decisions == "soft" else np.zeros(symbols.size)
    precisions = 1 / np.maximum(variances, SMALLEST_VARIANCE)
    llrs = np.empty((symbols.size, BITS_PER_SYMBOL[modulation]), np.float32)
    for first in range(0, symbols.size, SYMBOLS_AT_ONCE):
        part = slice(first, first + SYMBOLS_AT_ONCE)
        llrs[part] = _log_ratios(received[part], precisions[part], modulation)
    if decisions == "hard":
        llrs = np.where(llrs < 0, np.float32(-1), np.float32(1))
    llrs[~arrived] = 0
    return llrs.reshape(-1)


def _bits_per_dimension(modulation: Modulation) -> int:
    return -(-BITS_PER_SYMBOL[modulation] // 2)


@cache
def amplitudes(modulation: Modulation) -> NDArray[np.float64]:
    """The amplitudes of one dimension by their labels, the first bit most significant; their mean
    energy is 1/2.

    Putting a bit b before the label of amplitude a, one of n, gives the amplitude (1 - 2 b) (n -
    a).

    Example: at 16qam, labels 00, 01, 10, 11 have 1, 3, -1, -3, all over sqrt(10).
    """
    levels = np.array([1.0, -1.0])
    while levels.size < 1 << _bits_per_dimension(modulation):
        levels = np.concatenate([levels.size - levels, levels - levels.size])
    levels /= np.sqrt(2 * np.mean(levels**2))
    return levels


@cache
def _levels_by_bit(modulation: Modulation) -> NDArray[np.float64]:
    """The amplitudes whose label has a 0 at each place, then those with a 1 there: (bits of a
    label, 2, amplitudes / 2).
    """
    levels = amplitudes(modulation)
    labels = np.arange(levels.size)
    places = reversed(range(_bits_per_dimension(modulation)))
    return np.array([[levels[labels >> place & 1 == bit] for bit in (0, 1)] for place in places])


def _log_ratios(
    symbols: NDArray[np.complex128], precisions: NDArray[np.float64], modulation: Modulation
) -> NDArray[np.float64]:
    """ln P(0) / P(1) of the m bits of each of n symbols: (n, m).

    precisions: (n,) the inverse of the noise variances.
    """
    levels = _levels_by_bit(modulation)[..., None]
    # The square of the received symbol is left out: it is the same in all distances.
    distances = levels * (levels - 2 * symbols.view(np.float64))
    nearest = distances.min(axis=2, keepdims=True)
    scale = precisions.repeat(2)
    # 1 + exp(-40) is 1 in float64, and the exponential of much lower values is slow.
    totals = np.exp(np.maximum((nearest - distances) * scale, -40)).sum(axis=2)
    ratios = (nearest[:, 1, 0] - nearest[:, 0, 0]) * scale + np.log(totals[:, 0] / totals[:, 1])
    ratios = ratios.reshape(-1, symbols.size, 2).transpose(1, 0, 2)
    if modulation == "bpsk":
        ratios = ratios[..., 0] + ratios[..., 1]
    llrs: NDArray[np.float64] = ratios.reshape(symbols.size, -1).clip(-LARGEST_LLR, LARGEST_LLR)
    return llrs
