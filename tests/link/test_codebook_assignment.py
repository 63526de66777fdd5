"""Codebooks, modulation and energy by bit: against enumeration, a closed form and the budget."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.errors import LinkError
from semcomm.link.bit_error_rate import awgn_tail, gray_error_rate
from semcomm.link.codebook_assignment import Choice, frontier, least_energy, needed_esn0
from semcomm.link.modulation import BITS_PER_SYMBOL

CROSSOVERS = np.array([[0.2, 0.1], [0.05, 0.02], [0.003, 0.001]])
DISTORTIONS = np.array([9.0, 4.0, 1.0])


@given(st.sampled_from([*BITS_PER_SYMBOL]), st.floats(1e-9, 0.4999))
def test_the_needed_es_n0_gives_the_error_rate(modulation: str, crossover: float) -> None:
    esn0 = needed_esn0(modulation, crossover)  # type: ignore[arg-type]
    rate = gray_error_rate(modulation, awgn_tail(esn0))  # type: ignore[arg-type]
    floor = rate < crossover and esn0 == pytest.approx(1e-6)
    assert floor or rate == pytest.approx(crossover, rel=1e-6)


def test_the_needed_es_n0_of_bpsk_is_the_closed_form() -> None:
    assert needed_esn0("bpsk", 1e-3) == pytest.approx(norm.isf(1e-3) ** 2 / 2)


@given(st.integers(1, 4), st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_the_least_energy_is_that_of_enumeration(classes: int, uses: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    symbols, energies = rng.integers(1, 12, (classes, 3)), rng.uniform(0, 9, (classes, 3))
    rows, best = np.arange(classes), np.inf
    for options in product(range(3), repeat=classes):
        if symbols[rows, options].sum() <= uses:
            best = min(best, energies[rows, options].sum())
    chosen = least_energy(symbols, energies, uses)
    if chosen is None:
        assert best == np.inf
    else:
        assert symbols[rows, chosen].sum() <= uses
        assert energies[rows, chosen].sum() == pytest.approx(best)


def every_assignment(sub_vectors: int, uses: int, by_bit: bool) -> NDArray[np.float64]:
    """Energy and mean distortion of all numbers of each codebook and modulations of each bit."""
    bits, made = np.array([*BITS_PER_SYMBOL.values()]), [np.empty((0, 2))]
    needed = np.array(
        [[[needed_esn0(m, mu) for m in BITS_PER_SYMBOL] for mu in book] for book in CROSSOVERS]
    )
    for counts in product(range(sub_vectors + 1), repeat=3):
        if sum(counts) != sub_vectors:
            continue
        numbers = np.repeat(counts, 2)
        symbols = -(-numbers[:, None] // bits)
        energies = symbols * needed.reshape(6, -1)
        used = np.flatnonzero(numbers)
        choices = product(range(bits.size), repeat=used.size)
        picks = np.array([*choices] if by_bit else [[m] * used.size for m in range(bits.size)])
        fits = symbols[used, picks].sum(axis=1) <= uses
        distortion = np.dot(counts, DISTORTIONS) / sub_vectors
        totals = energies[used, picks].sum(axis=1)[fits]
        made.append(np.column_stack([totals, np.full(totals.size, distortion)]))
    return np.concatenate(made)


@pytest.mark.parametrize("by_bit", [False, True])
@pytest.mark.parametrize("uses", [3, 6, 12])
def test_two_codebooks_lose_little_to_any_numbers(uses: int, by_bit: bool) -> None:
    """Less than one sub-vector's difference; and no assignment is better than all that exist."""
    made = frontier(CROSSOVERS, DISTORTIONS, 4, uses, "by_bit" if by_bit else "one")
    every = every_assignment(4, uses, by_bit)
    for budget in np.geomspace(every[:, 0].min() * 1.001, 300, 30):
        ours = [one.distortion for one in made if one.energy <= budget][-1]
        least = every[every[:, 0] <= budget, 1].min()
        assert least - 1e-9 <= ours < least + np.ptp(DISTORTIONS) / 4


@pytest.mark.parametrize("choice", ["one", "by_bit", "qpsk", "16qam"])
def test_more_energy_gives_less_distortion(choice: Choice) -> None:
    made = frontier(CROSSOVERS, DISTORTIONS, 10, 10, choice)
    assert all(np.diff([one.energy for one in made]) > 0)
    assert all(np.diff([one.distortion for one in made]) < 0)
    for one in made:
        numbers = np.bincount(one.books, minlength=3)
        assert one.distortion == pytest.approx(numbers @ DISTORTIONS / 10)
        symbols = [-(-numbers[c.book] // BITS_PER_SYMBOL[c.modulation]) for c in one.classes]
        assert sum(symbols) <= 10
        energies = [c.esn0 * count for c, count in zip(one.classes, symbols, strict=True)]
        assert one.energy == pytest.approx(sum(energies))
        if choice not in ("one", "by_bit"):
            assert {each.modulation for each in one.classes} == {choice}


def test_modulation_by_bit_takes_no_more_energy_than_one_for_all() -> None:
    least = [frontier(CROSSOVERS, DISTORTIONS, 12, 5, each)[0].energy for each in ("one", "by_bit")]
    assert least[1] < least[0]


def test_a_codebooks_share_is_spread_evenly() -> None:
    made = frontier(CROSSOVERS[:2], DISTORTIONS[:2], 5, 10, "qpsk")
    books = {tuple(one.books.tolist()) for one in made}
    assert (0, 0, 1, 0, 1) in books


def test_bits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LinkError, match="8 bits do not go into 3 channel uses by modulation qpsk"):
        frontier(CROSSOVERS, DISTORTIONS, 4, 3, "qpsk")
