"""Which codebooks an image's sub-vectors have, and how their bits are modulated and powered, so
that each bit flips with the probability that its codebook was trained for.

A reconstruction of the joint assignment of ESC-MVQ (docs/decisions/0018-esc.md). All sub-vectors
are alike, so it is a question of how many of them each codebook gets. Bits at one place of one
codebook's indices are a class, whose symbols have one modulation and one energy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from semcomm.choices import Modulation
from semcomm.errors import LinkError
from semcomm.link.bit_error_rate import awgn_tail, gray_error_rate
from semcomm.link.modulation import BITS_PER_SYMBOL

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

Choice = Modulation | Literal["one", "by_bit"]
"""A modulation for all bits; the best one for all (JCAP); or the best for each class (JCAMP)."""

STEPS = 128
"""Shares of a codebook that are tried: all numbers of up to so many sub-vectors."""

SEARCHED_DB = -60.0, 60.0


class BitClass(NamedTuple):
    """The bits at one place of one codebook's indices.

    book, bit: which; the bit's value in an index is 2^bit.
    esn0: that its symbols need, as a ratio.
    """

    book: int
    bit: int
    modulation: Modulation
    esn0: float


@dataclass(frozen=True, eq=False)
class Assignment:
    """What an image's sub-vectors and their bits get.

    counts: (V,) int64, how many sub-vectors each codebook has.
    classes: in the order in which they are sent.
    energy: of all symbols together, at a noise variance of 1.
    distortion: the mean over the sub-vectors of their codebooks' distortions.
    """

    counts: Numbers
    classes: Sequence[BitClass]
    energy: float
    distortion: float

    @cached_property
    def books(self) -> Numbers:
        """(N,) the codebook of each sub-vector; those of each are spread evenly."""
        return _spread(self.counts)


@cache
def needed_esn0(modulation: Modulation, crossover: float) -> float:
    """The Es/N0, as a ratio, at which uncoded bits have this error rate; at least -60 dB.

    crossover: below 1/2.

    Example: bpsk has 0.0786 at 1.0, which is 0 dB.
    """

    def excess(esn0_db: float) -> float:
        rate = gray_error_rate(modulation, awgn_tail(10 ** (esn0_db / 10)))
        return float(np.log(max(rate, 1e-300) / crossover))

    low, high = SEARCHED_DB
    return float(10 ** ((brentq(excess, low, high) if excess(low) > 0 else low) / 10))


def frontier(
    crossovers: Reals, distortions: Reals, sub_vectors: int, channel_uses: int, choice: Choice
) -> list[Assignment]:
    """The assignments within so many channel uses that no other beats in energy and distortion,
    from the least energy on.

    Each mixes two codebooks at most. Where shares could be any, that would lose nothing: the least
    distortion under one limit of energy is a linear program of two constraints.

    crossovers: (V, B); distortions: (V,).
    Raises LinkError where even the densest modulation takes more channel uses.
    """
    needed = np.array(
        [[[needed_esn0(m, bit) for m in BITS_PER_SYMBOL] for bit in book] for book in crossovers]
    )
    tried = [
        _assigned(counts, distortions, needed, channel_uses, choice)
        for counts in _counts(len(crossovers), sub_vectors)
    ]
    made = [one for one in tried if one]
    if not made:
        bits = sub_vectors * crossovers.shape[1]
        raise LinkError(
            f"{bits} bits do not go into {channel_uses} channel uses by modulation {choice}: take "
            "more channel uses, a denser modulation or a codec of fewer sub-vectors"
        )
    return _best(made)


def _assigned(
    counts: Numbers, distortions: Reals, needed: Reals, uses: int, choice: Choice
) -> Assignment | None:
    """The assignment of least energy where codebooks have so many sub-vectors, (V,); None where
    their bits take more channel uses.

    needed: (V, B, M) the Es/N0 that each bit needs by each modulation.
    """
    names, bits = [*BITS_PER_SYMBOL], needed.shape[1]
    places = [(book, bit) for book in np.flatnonzero(counts).tolist() for bit in range(bits)]
    numbers, options = counts[counts > 0].repeat(bits), np.concatenate(needed[counts > 0])
    picks = _picked(numbers, options, uses, choice)
    if picks is None:
        return None
    classes = [
        BitClass(*place, names[pick], float(row[pick]))
        for place, pick, row in zip(places, picks, options, strict=True)
    ]
    energies = (_symbols(numbers) * options)[np.arange(numbers.size), picks]
    distortion = float(counts @ distortions / counts.sum())
    return Assignment(counts, classes, float(energies.sum()), distortion)


def _counts(codebooks: int, sub_vectors: int) -> Iterator[Numbers]:
    """How many sub-vectors each codebook has: all of them one, or two their shares."""
    shares = np.unique(np.rint(np.linspace(0, sub_vectors, min(sub_vectors, STEPS) + 1)))
    for first in range(codebooks):
        for second in range(first, codebooks):
            for share in shares[1:-1].astype(np.int64) if second > first else [0]:
                counts = np.zeros(codebooks, np.int64)
                counts[first] = sub_vectors - share
                counts[second] += share
                yield counts


def _symbols(numbers: Numbers) -> Numbers:
    """Those that so many bits fill, (C,) to (C, M)."""
    symbols: Numbers = -(-numbers[:, None] // np.array([*BITS_PER_SYMBOL.values()]))
    return symbols


def _picked(numbers: Numbers, options: Reals, uses: int, choice: Choice) -> Numbers | None:
    """The modulation of each class, by its place in BITS_PER_SYMBOL; None where nothing fits.

    numbers: (C,) bits of each class.
    options: (C, M) the Es/N0 that each modulation needs.
    """
    symbols = _symbols(numbers)
    energies = symbols * options
    if choice == "by_bit":
        return least_energy(symbols, energies, uses)
    totals = np.where(symbols.sum(axis=0) <= uses, energies.sum(axis=0), np.inf)
    if choice != "one":
        others = np.arange(totals.size) != [*BITS_PER_SYMBOL].index(choice)
        totals[others] = np.inf
    best = int(totals.argmin())
    return np.full(numbers.size, best) if np.isfinite(totals[best]) else None


def least_energy(symbols: Numbers, energies: Reals, uses: int) -> Numbers | None:
    """The option of each class with the least energy together, within so many channel uses.

    It is exact: the least energy within any number of channel uses follows class by class
    (dynamic programming).

    symbols, energies: (C, M) of each class by each option.
    Returns (C,), or None where nothing fits.
    """
    uses = min(uses, int(symbols.max(axis=1).sum()))
    least, picks = np.zeros(uses + 1), []
    for lengths, costs in zip(symbols, energies, strict=True):
        options = np.full((lengths.size, uses + 1), np.inf)
        for option, (length, cost) in enumerate(zip(lengths, costs, strict=True)):
            options[option, length:] = least[: max(uses + 1 - length, 0)] + cost
        picks.append(options.argmin(axis=0))
        least = options.min(axis=0)
    if np.isinf(least[-1]):
        return None
    chosen, left = np.empty(len(picks), np.int64), uses
    for place in reversed(range(len(picks))):
        chosen[place] = picks[place][left]
        left -= symbols[place, chosen[place]]
    return chosen


def _spread(counts: Numbers) -> Numbers:
    """A codebook for each of sum(counts) sub-vectors, the second one's spread evenly.

    Example: counts of 0, 3 and 2 give 1, 1, 2, 1, 2.
    """
    first, *others = np.flatnonzero(counts).tolist()
    books = np.full(counts.sum(), first)
    for other in others:
        reached = np.arange(1, books.size + 1) * counts[other] // books.size
        books[np.diff(reached, prepend=0) > 0] = other
    return books


def _best(made: list[Assignment]) -> list[Assignment]:
    """Those with less distortion than all that take as little energy, from the least energy on."""
    kept: list[Assignment] = []
    for one in sorted(made, key=lambda one: (one.energy, one.distortion)):
        if not kept or one.distortion < kept[-1].distortion:
            kept.append(one)
    return kept
