"""Capacities and dispersions against quadrature and Monte Carlo, and the approximation between exact
bounds.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import binom, norm

from semcomm.choices import Modulation
from semcomm.link.modulation import BITS_PER_SYMBOL, modulate
from semcomm.link.normal_approximation import (
    ChannelUse,
    binary_erasure,
    binary_symmetric,
    gaussian,
    modulated,
    normal_approximation,
)

POINTS = [(modulation, esn0_db) for modulation in BITS_PER_SYMBOL for esn0_db in (-5, 3, 11, 20)]
USES = [
    *(gaussian(esn0_db) for esn0_db in (-10, 0, 20)),
    *(modulated(modulation, 8.0) for modulation in BITS_PER_SYMBOL),
    *(binary_symmetric(crossover) for crossover in (0.0, 0.01, 0.11, 0.5)),
    *(binary_erasure(erasure) for erasure in (0.0, 0.1, 0.5)),
]


def information_moment(modulation: Modulation, esn0_db: float, power: int, centre: float) -> float:
    """E (i - centre)^power of one real dimension, over its output y, from the definition

    i(x; y) = log2 p(y | x) / p(y)
    """
    size = 1 << max(BITS_PER_SYMBOL[modulation] // 2, 1)
    levels = np.arange(1.0 - size, size, 2)
    energy = 1.0 if modulation == "bpsk" else 0.5
    levels *= math.sqrt(energy / np.mean(levels**2))
    spread = math.sqrt(10 ** (-esn0_db / 10) / 2)

    def integrand(y: float) -> float:
        logs = norm.logpdf(y, levels, spread)
        densities = (logs - logsumexp(logs) + math.log(size)) / math.log(2)
        return float(np.exp(logs) @ (densities - centre) ** power) / size

    edges = np.concatenate([levels - 9 * spread, levels, levels + 9 * spread])
    edges = np.unique(np.concatenate([edges, (levels[1:] + levels[:-1]) / 2]))
    return sum(
        quad(integrand, low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        for low, high in pairwise(edges)
    )


@pytest.mark.parametrize(("modulation", "esn0_db"), POINTS)
def test_moments_of_a_modulation_are_those_of_quadrature(
    modulation: Modulation, esn0_db: float
) -> None:
    use = modulated(modulation, esn0_db)
    dimensions = 1 if modulation == "bpsk" else 2
    mean = information_moment(modulation, esn0_db, 1, 0.0)
    variance = information_moment(modulation, esn0_db, 2, mean)
    assert use.capacity == pytest.approx(dimensions * mean, abs=1e-9)
    assert use.dispersion == pytest.approx(dimensions * variance, abs=1e-9)
    assert use.input_bits == BITS_PER_SYMBOL[modulation]


def check_moments(use: ChannelUse, densities: NDArray[np.float64]) -> None:
    """Within the intervals that hold in 99.9 % of runs of this file, by Bonferroni's inequality."""
    limit = norm.isf(0.001 / 2 / 24) / math.sqrt(densities.size)
    squares = (densities - use.capacity) ** 2
    assert abs(densities.mean() - use.capacity) < limit * densities.std()
    assert abs(squares.mean() - use.dispersion) < limit * squares.std()


def complex_noise(size: int, esn0_db: float) -> NDArray[np.complex128]:
    noise = np.random.default_rng(1).normal(scale=10 ** (-esn0_db / 20), size=(size, 2))
    return (noise / math.sqrt(2)).view(np.complex128)[:, 0]


@pytest.mark.parametrize(
    ("modulation", "esn0_db"),
    [
        *((name, 2.0) for name in BITS_PER_SYMBOL),
        ("16qam", 10.0),
        ("64qam", 15.0),
        ("256qam", 20.0),
    ],
)
def test_moments_are_those_of_the_links_symbols(modulation: Modulation, esn0_db: float) -> None:
    """Over the whole constellation in the complex plane."""
    width, count = BITS_PER_SYMBOL[modulation], 50_000
    labels = (np.arange(1 << width)[:, None] >> np.arange(width)[::-1] & 1).astype(np.uint8)
    constellation = modulate(labels.ravel(), modulation)
    chosen = np.random.default_rng(0).integers(0, constellation.size, count)
    received = constellation[chosen] + complex_noise(count, esn0_db)
    logs = -(np.abs(received[:, None] - constellation) ** 2) * 10 ** (esn0_db / 10)
    own = logs[np.arange(count), chosen]
    densities = (own - logsumexp(logs, axis=1)) / math.log(2) + width
    check_moments(modulated(modulation, esn0_db), densities)


def test_gaussian_dispersion_is_that_of_equal_energies() -> None:
    """Outputs of Gaussian inputs against a sent symbol of mean energy."""
    esn0 = 10**0.6
    noise = complex_noise(200_000, 6.0)
    exponents = -(np.abs(noise) ** 2) * esn0 + np.abs(1 + noise) ** 2 / (1 + 1 / esn0)
    check_moments(gaussian(6.0), math.log2(1 + esn0) + exponents / math.log(2))


def test_binary_moments_are_those_of_their_two_outcomes() -> None:
    for probability in (0.003, 0.11, 0.4):
        right, wrong = 1 + math.log2(1 - probability), 1 + math.log2(probability)
        mean = (1 - probability) * right + probability * wrong
        variance = (1 - probability) * (right - mean) ** 2 + probability * (wrong - mean) ** 2
        assert binary_symmetric(probability)[:2] == pytest.approx((mean, variance), abs=1e-12)
        erased = 1 - probability
        variance = (1 - probability) * (1 - erased) ** 2 + probability * erased**2
        assert binary_erasure(probability)[:2] == pytest.approx((erased, variance), abs=1e-12)


def test_limits_are_clear_and_useless_channels() -> None:
    assert binary_symmetric(0.0) == binary_erasure(0.0)._replace(dimensions=1) == (1, 0, 1, 1)
    assert binary_symmetric(0.5)[:2] == binary_erasure(1.0)[:2] == (0, 0)
    assert 0 < normal_approximation(binary_symmetric(0.5), 1000, 1e-3) < 0.02
    assert 256 * 0.00144 < normal_approximation(gaussian(-30.0), 256, 0.2) < 1.5
    for modulation, bits in BITS_PER_SYMBOL.items():
        assert modulated(modulation, 60.0)[:2] == pytest.approx((bits, 0), abs=1e-12)
        assert modulated(modulation, -30.0).capacity < gaussian(-30.0).capacity < 0.0015


@pytest.mark.parametrize("use", USES, ids=str)
def test_capacity_is_reached_with_many_uses(use: ChannelUse) -> None:
    """But for sqrt(V / n) Qinv(1e-3), 0.0031 sqrt(V) here."""
    rate = normal_approximation(use, 10**6, 1e-3) / 10**6
    assert rate == pytest.approx(use.capacity, abs=0.0031 * math.sqrt(use.dispersion) + 1e-5)


@pytest.mark.parametrize("use", USES, ids=str)
def test_no_more_bits_come_out_than_go_in(use: ChannelUse) -> None:
    for n in (1, 10, 1000):
        assert normal_approximation(use, n, 0.4) <= n * use.input_bits


EXPECTED = {
    (256, 0): (256, 198, 196),
    (256, 1): (301, 241, 236),
    (256, 4): (464, 400, 386),
    (256, 7): (662, 596, 568),
    (256, 10): (886, 819, 772),
    (256, 13): (1124, 1056, 991),
    (256, 16): (1370, 1303, 1220),
    (256, 19): (1620, 1553, 1456),
    (512, 0): (512, 429, 422),
    (512, 1): (602, 516, 506),
    (512, 4): (928, 836, 809),
    (512, 7): (1325, 1230, 1175),
    (512, 10): (1771, 1675, 1583),
    (512, 13): (2247, 2151, 2021),
    (512, 16): (2740, 2643, 2479),
    (512, 19): (3241, 3144, 2950),
}
"""By channel uses and Es/N0: capacity, Gaussian inputs, and the best modulation at a frame error
rate of 1e-3, computed apart from this code with 40 Gauss-Hermite nodes and 1/2 log2 n, half a bit
less.
"""


def test_values_are_those_computed_elsewhere() -> None:
    for (uses, esn0_db), expected in EXPECTED.items():
        bits = normal_approximation(gaussian(esn0_db), uses, 1e-3)
        best = max(
            normal_approximation(modulated(name, esn0_db), uses, 1e-3) for name in BITS_PER_SYMBOL
        )
        capacity = uses * gaussian(esn0_db).capacity
        assert (round(capacity), round(bits - 0.5), round(best - 0.5)) == expected


def erasure_bounds(erasure: float, n: int, frame_error_rate: float) -> tuple[int, int]:
    """The bits of a random code at this frame error rate, and the most that any code has.

    Polyanskiy, Poor and Verdu, Theorems 37 and 38.
    """
    erased = np.arange(n + 1)
    chances = binom.pmf(erased, n, erasure)
    surplus = n - erased - np.arange(1, n)[:, None]
    achieved = 2.0 ** -np.maximum(surplus + 1, 0) @ chances
    least = np.where(surplus < 0, 1 - 2.0 ** np.minimum(surplus, 0), 0) @ chances
    return int((achieved <= frame_error_rate).sum()), int((least <= frame_error_rate).sum())


def symmetric_bounds(crossover: float, n: int, frame_error_rate: float) -> tuple[int, float]:
    """The same: Theorems 33 (random coding union) and 35 (sphere packing)."""
    wrong = np.arange(-1, n + 1)
    spheres, errors = binom.cdf(wrong, n, 0.5), binom.cdf(wrong, n, crossover)
    union = np.minimum(1, 2.0 ** np.arange(1, n)[:, None] * spheres) @ np.diff(errors, prepend=0)
    smallest = np.interp(1 - frame_error_rate, errors, spheres)
    return int((union <= frame_error_rate).sum()), -math.log2(smallest)


@pytest.mark.parametrize("n", [100, 500, 1000])
@pytest.mark.parametrize("probability", [0.01, 0.05, 0.11, 0.5])
def test_binary_approximations_lie_near_exact_bounds(n: int, probability: float) -> None:
    """Within 3 bits, which tells whether there is a logarithmic term: 5 bits at 1000 uses."""
    erasure = normal_approximation(binary_erasure(probability), n, 1e-3)
    low, high = erasure_bounds(probability, n, 1e-3)
    assert low - 3 < erasure < high + 3
    if probability < 0.5:
        symmetric = normal_approximation(binary_symmetric(probability), n, 1e-3)
        achieved, converse = symmetric_bounds(probability, n, 1e-3)
        assert achieved - 3 < symmetric < converse + 3


def test_it_may_exceed_what_any_code_reaches() -> None:
    """The figures of docs/theory.md."""
    bits = normal_approximation(binary_symmetric(0.01), 500, 1e-3)
    assert (bits, *symmetric_bounds(0.01, 500, 1e-3)) == pytest.approx(
        (418.5, 414, 416.6), abs=0.05
    )
