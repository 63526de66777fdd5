"""Labels by the standard's formulas, LLRs against the sum over all symbols, and decisions by
distance.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import norm

from semcomm.choices import Modulation
from semcomm.link.modulation import BITS_PER_SYMBOL, LARGEST_LLR, SYMBOLS_AT_ONCE, demap, modulate

Bits = NDArray[np.uint8]

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None)

every_modulation = pytest.mark.parametrize("modulation", list(BITS_PER_SYMBOL))


def labels(modulation: Modulation) -> Bits:
    """(2^m, m) all labels of a symbol's bits."""
    width = BITS_PER_SYMBOL[modulation]
    return (np.arange(1 << width)[:, None] >> np.arange(width)[::-1] & 1).astype(np.uint8)


def constellation(modulation: Modulation) -> NDArray[np.complex128]:
    return modulate(labels(modulation).reshape(-1), modulation)


def points(
    modulation: Modulation, count: int = 2000
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Points of the plane, and noise variances from far below to far above a symbol's energy."""
    rng = np.random.default_rng(7)
    symbols = 2 * rng.uniform(-1, 1, (count, 2)).view(np.complex128)[:, 0]
    return symbols, 10 ** rng.uniform(-3, 3, count)


def noisy(modulation: Modulation, bits: Bits, variance: float, seed: int) -> NDArray[np.complex128]:
    symbols = modulate(bits, modulation)
    noise = np.random.default_rng(seed).normal(scale=np.sqrt(variance / 2), size=(symbols.size, 2))
    return symbols + noise.view(np.complex128)[:, 0]


@pytest.mark.parametrize(
    ("modulation", "bits", "real", "imaginary", "energy"),
    [
        ("bpsk", "0", 1, 1, 2),  # 38.211, 5.1.2: (1 - 2 b0) (1 + j) / sqrt(2)
        ("bpsk", "1", -1, -1, 2),
        ("qpsk", "01", 1, -1, 2),  # 5.1.3: ((1 - 2 b0) + j (1 - 2 b1)) / sqrt(2)
        ("qpsk", "10", -1, 1, 2),
        (
            "16qam",
            "0000",
            1,
            1,
            10,
        ),  # 5.1.4: ((1 - 2 b0) (2 - (1 - 2 b2)) + j (1 - 2 b1) (2 - (1 - 2 b3))) / sqrt(10)
        ("16qam", "0110", 3, -1, 10),
        ("16qam", "1001", -1, 3, 10),
        (
            "64qam",
            "000000",
            3,
            3,
            42,
        ),  # 5.1.5: (1 - 2 b0) (4 - (1 - 2 b2) (2 - (1 - 2 b4))) + j (...), over sqrt(42)
        ("64qam", "100011", -1, 1, 42),
        ("64qam", "011101", 5, -7, 42),
        ("64qam", "101011", -7, 1, 42),
        (
            "256qam",
            "00000000",
            5,
            5,
            170,
        ),  # 5.1.6: (1 - 2 b0) (8 - (1 - 2 b2) (4 - (1 - 2 b4) (2 - (1 - 2 b6)))) + j (...)
        ("256qam", "10001011", -1, 7, 170),
        ("256qam", "01110110", 9, -13, 170),
        ("256qam", "10101000", -13, 5, 170),
    ],
)
def test_symbols_are_those_of_the_standards_formulas(
    modulation: Modulation, bits: str, real: int, imaginary: int, energy: int
) -> None:
    symbol = modulate(np.array(list(bits), np.uint8), modulation)
    assert symbol == pytest.approx((real + 1j * imaginary) / np.sqrt(energy))


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam", "256qam"])
def test_symbols_are_those_of_sionnas_mapper(modulation: Modulation) -> None:
    import torch
    from sionna.phy.mapping import Mapper

    width = BITS_PER_SYMBOL[modulation]
    theirs = Mapper("qam", width, device="cpu")(
        torch.from_numpy(labels(modulation).astype(np.float32))
    )
    # It computes in float32.
    np.testing.assert_allclose(constellation(modulation), theirs.numpy()[:, 0], atol=1e-6)


@every_modulation
def test_the_mean_energy_is_one(modulation: Modulation) -> None:
    assert np.mean(np.abs(constellation(modulation)) ** 2) == pytest.approx(1)


@every_modulation
def test_nearest_neighbours_differ_in_one_bit(modulation: Modulation) -> None:
    symbols, differing = (
        constellation(modulation),
        labels(modulation)[:, None] != labels(modulation),
    )
    distances = np.abs(symbols[:, None] - symbols) + np.where(np.eye(symbols.size), np.inf, 0)
    neighbours = distances < distances.min() * 1.001
    assert neighbours.any(axis=1).all()
    assert (differing.sum(axis=2)[neighbours] == 1).all()


@given(st.sampled_from(list(BITS_PER_SYMBOL)), st.data())
@without_deadline
def test_without_noise_the_bits_come_back(modulation: Modulation, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 20)) * BITS_PER_SYMBOL[modulation]
    bits = np.array(
        data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)), np.uint8
    )
    symbols = modulate(bits, modulation)
    hard = demap(symbols, np.zeros(symbols.size), modulation, "hard")
    soft = demap(symbols, np.full(symbols.size, 1e-3), modulation)
    assert symbols.dtype == np.complex128
    assert hard.dtype == soft.dtype == np.float32
    assert hard.tolist() == (1.0 - 2.0 * bits).tolist()
    assert ((soft < 0) == bits).all()


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam", "256qam"])
def test_bits_that_do_not_fill_a_symbol_are_refused(modulation: Modulation) -> None:
    with pytest.raises(
        ValueError, match=f"13 bits do not fill symbols of {BITS_PER_SYMBOL[modulation]} bits"
    ):
        modulate(np.zeros(13, np.uint8), modulation)


@every_modulation
def test_soft_llrs_are_sums_over_the_whole_constellation(
    modulation: Modulation,
) -> None:
    symbols, variances = points(modulation)
    exponents = -(np.abs(symbols[:, None] - constellation(modulation)) ** 2) / variances[:, None]
    expected = [
        logsumexp(exponents[:, labels(modulation)[:, place] == 0], axis=1)
        - logsumexp(exponents[:, labels(modulation)[:, place] == 1], axis=1)
        for place in range(BITS_PER_SYMBOL[modulation])
    ]
    soft = demap(symbols, variances, modulation)
    # float32 rounds to 6e-8 of a value; the sum over the plane loses up to 1e-12 of its exponents
    # of up to 1e4
    np.testing.assert_allclose(soft.reshape(symbols.size, -1).T, expected, rtol=1e-7, atol=1e-10)


@every_modulation
def test_hard_decisions_are_those_for_the_nearest_symbol(modulation: Modulation) -> None:
    symbols, variances = points(modulation)
    nearest = np.abs(symbols[:, None] - constellation(modulation)).argmin(axis=1)
    hard = demap(symbols, variances, modulation, "hard")
    assert hard.tolist() == (1.0 - 2.0 * labels(modulation)[nearest].reshape(-1)).tolist()


@every_modulation
@pytest.mark.parametrize("variance", [0.05, 0.3, 1.0, 10.0])
def test_soft_ratios_are_calibrated(modulation: Modulation, variance: float) -> None:
    """Where the LLR gives P(0) = p, a share p of the bits is 0, in each of 20 equal bins."""
    bits = np.random.default_rng(3).integers(0, 2, 240_000, dtype=np.uint8)
    symbols = noisy(modulation, bits, variance, seed=4)
    llrs = demap(symbols, np.full(symbols.size, variance), modulation).astype(np.float64)
    p_zero = 1 / (1 + np.exp(-llrs))
    limit = norm.isf(0.001 / 2 / (16 * 20))
    for members in np.array_split(np.argsort(llrs), 20):
        expected, spread = (
            p_zero[members].sum(),
            np.sqrt((p_zero[members] * (1 - p_zero[members])).sum()),
        )
        # Where less than one error is expected, the normal law does not hold and 12 more are out of
        # the question.
        assert abs((bits[members] == 0).sum() - expected) <= limit * spread + 12 * (spread < 1)


@every_modulation
@pytest.mark.parametrize("decisions", ["soft", "hard"])
def test_llrs_are_0_where_nothing_arrived(modulation: Modulation, decisions: str) -> None:
    symbols = constellation(modulation)
    symbols[0] = complex(np.nan, np.inf)
    variances = np.full(symbols.size, 0.1)
    variances[0] = np.inf
    llrs = demap(symbols, variances, modulation, decisions).reshape(symbols.size, -1)
    assert (llrs[0] == 0).all()
    assert (llrs[1:] != 0).all()


@every_modulation
@pytest.mark.parametrize("variance", [0.0, 5e-324, 1e-300, 1e-30, 1e30, 1e300])
def test_llrs_are_finite_for_any_noise_variance(modulation: Modulation, variance: float) -> None:
    symbols = np.concatenate([constellation(modulation), [1e9 - 1e-9j, 1e-9 + 1e9j]])
    with np.errstate(all="raise", under="ignore"):
        llrs = demap(symbols, np.full(symbols.size, variance), modulation)
    hard = demap(symbols, np.ones(symbols.size), modulation, "hard")
    assert np.isfinite(llrs).all()
    if variance < 1:
        assert (llrs == LARGEST_LLR * hard)[: -2 * BITS_PER_SYMBOL[modulation]].all()
    else:
        assert (np.abs(llrs) < 1e-20).all()


def test_bpsk_decides_by_the_sum_of_both_dimensions() -> None:
    """However little noise there is."""
    symbols = np.array([0.9 - 0.8j, 0.8 - 0.9j])
    for variance in (1.0, 1e-12, 0.0):
        assert np.sign(demap(symbols, np.full(2, variance), "bpsk")).tolist() == [1, -1]
        assert demap(symbols, np.full(2, variance), "bpsk", "hard").tolist() == [1, -1]


@every_modulation
def test_many_symbols_are_demapped_as_few_are(modulation: Modulation) -> None:
    symbols, variances = points(modulation, 2 * SYMBOLS_AT_ONCE + 3)
    pieces = [
        demap(symbols[n : n + 1000], variances[n : n + 1000], modulation)
        for n in range(0, symbols.size, 1000)
    ]
    np.testing.assert_array_equal(demap(symbols, variances, modulation), np.concatenate(pieces))
