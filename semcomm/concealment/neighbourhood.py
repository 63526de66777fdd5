"""Where slices lie in the images' grids, and how well symbols fit into their surroundings."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.compiled import compiled

CORRELATION = 0.4
FREEDOM = 4.0
"""Of a Student distribution of the codewords at two neighbouring positions;
docs/decisions/0007-damage.md.
"""

ABSENT = -1


class Places(NamedTuple):
    """Of F slices, in the symbols of all images laid out one after the other; all (F,) int64.

    firsts, counts: the slice's own symbols; begins, ends: those of its image; rows: symbols in a
        row of its grid.
    """

    firsts: NDArray[np.int64]
    counts: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, counts: NDArray[np.int64], shapes: list[tuple[int, int, int]]) -> Self:
        """Of slices with so many symbols, as many of each image, whose grids have these shapes (h,
        w, g).
        """
        slices = counts.size // max(len(shapes), 1)
        sizes = np.array([math.prod(shape) for shape in shapes], np.int64)
        rows = np.array([columns * groups for _, columns, groups in shapes], np.int64)
        end = np.cumsum(sizes)
        return cls(
            np.cumsum(counts) - counts,
            counts,
            np.repeat(end - sizes, slices),
            np.repeat(end, slices),
            np.repeat(rows, slices),
        )


@dataclass(frozen=True)
class Surroundings:
    """What is known of all images' symbols.

    vectors: (K, D) float64 each symbol's codeword, less the mean of all and in units of its
        deviation from it.
    groups: symbols at a position. symbols: int64, known where trusted: bool, both of all images.
    """

    vectors: NDArray[np.float64]
    groups: int
    places: Places
    symbols: NDArray[np.int64]
    trusted: NDArray[np.bool_]

    def likeness(self, runs: NDArray[np.int64], slices: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much likelier each symbol of candidate runs is beside its neighbours than by itself,
        in nats.

        A neighbour of a symbol is that of the same group at the position to the left, right, above
        or below. Their vectors a and b, of D entries each, are taken to have a joint Student
        distribution with n degrees of freedom and the correlation r between them, and by themselves
        its margins. The logarithm of the ratio is

            c - (n + 2 D) / 2 ln(1 + (|a|^2 - 2 r a.b + |b|^2) / (1 - r^2) / n)
              + (n + D) / 2 (ln(1 + |a|^2 / n) + ln(1 + |b|^2 / n)),

        with c = ln(G(n / 2 + D) G(n / 2) / G((n + D) / 2)^2) - D / 2 ln(1 - r^2), G the gamma
        function.

        Neighbours outside the run count where they are trusted, those inside once, for the later
        one.

        runs: the symbols of M slices one after the other, -1 where there is none; slices: (M,)
            which slices.
        Returns an array like runs.
        """
        return _likeness(
            runs,
            slices,
            self.places,
            self.groups,
            self.symbols,
            self.trusted,
            self.vectors,
            CORRELATION,
            FREEDOM,
        )


def unit_vectors(codec: Codec) -> NDArray[np.float64]:
    """`Surroundings.vectors` of a codec."""
    codebook = codec.codebook.astype(np.float64)
    centred = codebook - codec.probabilities @ codebook
    variance = codec.probabilities @ np.square(centred).mean(axis=1)
    return centred / np.sqrt(variance) if variance > 0 else centred


@compiled
def neighbour(here: int, side: int, begin: int, end: int, row: int, groups: int) -> int:
    """The place to the left of `here`, above, to the right or below, for sides 0 to 3; -1 outside
    the grid.
    """
    column = (here - begin) % row
    if side == 0:
        return here - groups if column >= groups else -1
    if side == 1:
        return here - row if here - row >= begin else -1
    if side == 2:
        return here + groups if column + groups < row else -1
    return here + row if here + row < end else -1


@compiled
def _likeness(
    runs: NDArray[np.int64],
    slices: NDArray[np.int64],
    places: Places,
    groups: int,
    symbols: NDArray[np.int64],
    trusted: NDArray[np.bool_],
    vectors: NDArray[np.float64],
    correlation: float,
    freedom: float,
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
    fits = np.zeros(runs.size)
    start = 0
    for s in slices:
        first, count = places.firsts[s], places.counts[s]
        for t in range(count):
            for side in range(4):
                there = neighbour(
                    first + t, side, places.begins[s], places.ends[s], places.rows[s], groups
                )
                inside = first <= there < first + count
                if there < 0 or (inside and side >= 2) or not (inside or trusted[there]):
                    continue
                one, other = (
                    runs[start + t],
                    runs[start + there - first] if inside else symbols[there],
                )
                if one == ABSENT or other == ABSENT:
                    continue
                product = 0.0
                for k in range(dimension):
                    product += vectors[one, k] * vectors[other, k]
                distance = (squares[one] - 2 * correlation * product + squares[other]) / gain
                together = constant - joint * math.log1p(distance / freedom)
                fits[start + t] += (together + apart[one] + apart[other]) / 4
        start += count
    return fits
