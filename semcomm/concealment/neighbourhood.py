"""Where slices lie in the grids of images, and how likely symbols are beside their neighbours."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.compiled import compiled
from semcomm.ragged import offsets

CORRELATION = 0.4
FREEDOM = 4.0
"""Correlation and degrees of freedom of a Student distribution of the codewords at two neighbouring
positions; docs/decisions/0007-damage.md.
"""

DEPENDENCE = 4.0
"""By how much a symbol's neighbours, which are dependent evidence, count for less."""

MISSING = -1


class SliceLayout(NamedTuple):
    """Where F slices lie among the symbols of all images, laid out one after the other; all (F,)
    int64.

    firsts, counts: the slice's first symbol and its number of symbols.
    begins, ends: the range of its image's symbols.
    rows: symbols per row of its image's grid.
    """

    firsts: NDArray[np.int64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, counts: NDArray[np.int64], shapes: list[tuple[int, int, int]]) -> Self:
        """The layout of slices with these numbers of symbols, equally many slices per image, whose
        grids have these shapes (h, w, g).
        """
        slices = counts.size // max(len(shapes), 1)
        sizes = np.array([math.prod(shape) for shape in shapes], np.int64)
        rows = np.array([columns * groups for _, columns, groups in shapes], np.int64)
        begins = offsets(sizes)
        return cls(
            firsts=offsets(counts),
            counts=counts,
            begins=np.repeat(begins, slices),
            ends=np.repeat(begins + sizes, slices),
            rows=np.repeat(rows, slices),
        )


@dataclass(frozen=True)
class Neighbourhood:
    """The symbols of all images, as far as they are known.

    vectors: (K, D) float64, each symbol's codeword, less the mean of all codewords and divided by
        their standard deviation.
    groups: symbols per position.
    layout: where the slices lie in `symbols`.
    symbols: int64, known where trusted.
    trusted: bool, one per symbol.
    """

    vectors: NDArray[np.float64]
    groups: int
    layout: SliceLayout
    symbols: NDArray[np.int64]
    trusted: NDArray[np.bool_]

    def log_likelihood_ratio(
        self, runs: NDArray[np.int64], slices: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """How much likelier each symbol of candidate runs is beside its neighbours than alone, in
        nats.

        The neighbours of a symbol are those of the same group at the positions to the left, right,
        above and below. Their vectors a and b, of D entries each, are modelled by a joint Student
        distribution with n degrees of freedom and the correlation r between them, and alone by its
        margins. The logarithm of the ratio is

            c - (n + 2 D) / 2 ln(1 + (|a|^2 - 2 r a.b + |b|^2) / (1 - r^2) / n)
              + (n + D) / 2 (ln(1 + |a|^2 / n) + ln(1 + |b|^2 / n)),

        with c = ln(G(n / 2 + D) G(n / 2) / G((n + D) / 2)^2) - D / 2 ln(1 - r^2), G the gamma
        function.

        Neighbours outside the run count where they are trusted. A pair inside the run counts once,
        for the later symbol.

        runs: the symbols of M slices one after the other, -1 where a symbol is missing.
        slices: (M,) the slices that these are candidates for.
        Returns an array like runs.
        """
        return _log_likelihood_ratio(
            runs,
            slices,
            self.layout,
            self.groups,
            self.symbols,
            self.trusted,
            self.vectors,
            CORRELATION,
            FREEDOM,
            DEPENDENCE,
        )


def unit_vectors(codec: Codec) -> NDArray[np.float64]:
    """`Neighbourhood.vectors` of a codec."""
    codebook = codec.codebook.astype(np.float64)
    centred = codebook - codec.probabilities @ codebook
    variance = codec.probabilities @ np.square(centred).mean(axis=1)
    return centred / np.sqrt(variance) if variance > 0 else centred


@compiled
def neighbour(symbol: int, side: int, begin: int, end: int, row: int, groups: int) -> int:
    """The position of the neighbour to the left, above, to the right or below, for sides 0 to 3; -1
    outside the grid.
    """
    column = (symbol - begin) % row
    if side == 0:
        return symbol - groups if column >= groups else -1
    if side == 1:
        return symbol - row if symbol - row >= begin else -1
    if side == 2:
        return symbol + groups if column + groups < row else -1
    return symbol + row if symbol + row < end else -1


@compiled
def _log_likelihood_ratio(
    runs: NDArray[np.int64],
    slices: NDArray[np.int64],
    layout: SliceLayout,
    groups: int,
    symbols: NDArray[np.int64],
    trusted: NDArray[np.bool_],
    vectors: NDArray[np.float64],
    correlation: float,
    freedom: float,
    dependence: float,
) -> NDArray[np.float64]:
    dimension, gain = vectors.shape[1], 1 - correlation * correlation
    joint, single = freedom / 2 + dimension, (freedom + dimension) / 2
    constant = (
        math.lgamma(joint)
        + math.lgamma(freedom / 2)
        - 2 * math.lgamma(single)
        - dimension / 2 * math.log(gain)
    )
    squares = np.sum(vectors * vectors, axis=1)
    apart = single * np.log1p(squares / freedom)
    ratios = np.zeros(runs.size)
    start = 0
    for s in slices:
        first, count = layout.firsts[s], layout.counts[s]
        for t in range(count):
            for side in range(4):
                other = neighbour(
                    first + t, side, layout.begins[s], layout.ends[s], layout.rows[s], groups
                )
                inside = first <= other < first + count
                if other < 0 or (inside and side >= 2) or not (inside or trusted[other]):
                    continue
                a, b = (
                    runs[start + t],
                    runs[start + other - first] if inside else symbols[other],
                )
                if a == MISSING or b == MISSING:
                    continue
                product = 0.0
                for k in range(dimension):
                    product += vectors[a, k] * vectors[b, k]
                distance = (squares[a] - 2 * correlation * product + squares[b]) / gain
                together = constant - joint * math.log1p(distance / freedom)
                ratios[start + t] += (together + apart[a] + apart[b]) / dependence
        start += count
    return ratios
