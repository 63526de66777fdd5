"""Indices as symbols and back, by an assignment of codebooks, modulations and energies."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.link.codebook_assignment import Assignment, BitClass
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.link.scrambling import scrambling_sequence

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Values = NDArray[np.complex128]

LARGEST = 1e6
"""Of a received amplitude that is demapped; all above it are decided alike."""


class Placed(NamedTuple):
    """Where the bits of a class are.

    symbols: of a frame. sub_vectors: (n,) of an image.
    scrambling: what the bits of these symbols are added to, so that ones and zeros are equally
        likely; zeros fill the last symbol before.
    """

    of: BitClass
    symbols: slice
    sub_vectors: Indices
    scrambling: NDArray[np.uint8]


def to_symbols(assignment: Assignment, indices: Indices, units: Reals, channel_uses: int) -> Values:
    """(F, N) indices as (F, channel_uses) symbols, of which the last ones may be 0.

    units: (F,) the energy of a symbol that needs an Es/N0 of 1.
    """
    values = np.zeros((len(indices), channel_uses), np.complex128)
    for of, symbols, sub_vectors, scrambling in _placed(assignment, channel_uses):
        bits = np.zeros((len(indices), scrambling.size), np.uint8)
        bits[:, : sub_vectors.size] = indices[:, sub_vectors] >> of.bit & 1
        points = modulate((bits ^ scrambling).ravel(), of.modulation)
        scales = np.sqrt(of.esn0 * units)[:, None]
        values[:, symbols] = points.reshape(len(indices), -1) * scales
    return values


def to_indices(assignment: Assignment, values: Values, units: Reals) -> Indices:
    """The indices that hard decisions make of received symbols: (F, channel_uses) to (F, N)."""
    indices = np.zeros((len(values), assignment.books.size), np.int64)
    for of, symbols, sub_vectors, scrambling in _placed(assignment, values.shape[1]):
        scales = np.sqrt(of.esn0 * units)[:, None]
        parts = (values[:, symbols] / scales).ravel().view(np.float64).clip(-LARGEST, LARGEST)
        points = parts.view(np.complex128)
        llrs = demap(points, np.zeros(points.size), of.modulation, "hard")
        bits = (llrs < 0).reshape(len(values), -1) ^ scrambling
        indices[:, sub_vectors] |= bits[:, : sub_vectors.size].astype(np.int64) << of.bit
    return indices


def _placed(assignment: Assignment, channel_uses: int) -> Iterator[Placed]:
    first, sequence = 0, scrambling_sequence(8 * channel_uses)
    for of in assignment.classes:
        sub_vectors = np.flatnonzero(assignment.books == of.book)
        width = BITS_PER_SYMBOL[of.modulation]
        count = -(-sub_vectors.size // width)
        scrambling = sequence[8 * first : 8 * first + count * width]
        yield Placed(of, slice(first, first + count), sub_vectors, scrambling)
        first += count
