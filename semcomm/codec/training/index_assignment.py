"""Index assignment: codewords near each other get indices that differ in few bits.

A wrong bit in a fixed-length index then gives a codeword near the correct one. K. Zeger and A.
Gersho, Pseudo-Gray coding, IEEE Trans. Communications 38(12), 1990; by simulated annealing, as N.
Farvardin, A study of vector quantization for noisy channels, IEEE Trans. Information Theory 36(4),
1990, section III.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.quantizers import QUANTIZERS
from semcomm.compiled import compiled

LARGEST_ANNEALED = 2048
"""Larger codebooks, whose matrix of distances would be too large, are only split."""

MOST_PROPOSALS = 1 << 24
TEMPERATURES = np.geomspace(3, 1e-4, 32)
"""In mean distances between two codewords: the first accepts nearly all exchanges, the last only
those that cost nothing.
"""


def with_assigned_indices(codec: Codec) -> dict[str, NDArray[Any]]:
    """A codec's tensors with codewords in the order of `index_assignment`."""
    return reordered(codec, index_assignment(codec.codebook, codec.probabilities))


def reordered(codec: Codec, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """A codec's tensors with codeword order[i] at index i; the codec's pictures are the same."""
    of_codewords = (*QUANTIZERS[codec.quantizer].TABLES, "probabilities", "code_lengths")
    return {
        name: tensor[order] if name in of_codewords else tensor
        for name, tensor in codec.tensors.items()
    }


def index_assignment(
    codebook: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    largest_annealed: int = LARGEST_ANNEALED,
    most_proposals: int = MOST_PROPOSALS,
) -> NDArray[np.int64]:
    """An order of codewords in which a single wrong bit in an index costs little.

    The cost is the sum over i and bits of P(i) |b(i) - b(i with that bit wrong)|^2. Where K is not
    a power of two, a decoder detects words from K on as damage and substitutes the fill index, so
    they count as the mean codeword.

    The result costs no more than the given order and, unless K is above `largest_annealed`, no
    exchange of two indices lowers its cost. It is deterministic.

    codebook: (K, D).
    probabilities: (K,), their sum 1.
    most_proposals: of exchanges that annealing tries.
    Returns (K,) int64: codeword order[i] gets index i.

    Example: codebook [[0], [3], [1], [2]] with equal probabilities gives 0, 2, 3, 1 or one that
    costs the same.
    """
    used, words = len(codebook), 1 << (len(codebook) - 1).bit_length()
    mean = probabilities @ codebook
    points = np.concatenate(
        [codebook, np.broadcast_to(mean, (words - used, mean.size))], dtype=np.float64
    )
    shares = np.concatenate([probabilities, np.zeros(words - used)])
    given = np.arange(words)
    split = np.concatenate([_split(points[:used] - mean, probabilities), given[used:]])
    if used > largest_annealed:
        return min((given, split), key=lambda order: _cost(points, shares, order))[:used]
    distances = _distances(points, shares)
    candidates = [given, split, *_annealed(distances, used, most_proposals)]
    best = min(candidates, key=lambda order: _cost(points, shares, order)).copy()
    _descend(distances, best, used, 1e-9 * distances.mean())
    return best[:used]


def _cost(
    points: NDArray[np.float64], shares: NDArray[np.float64], order: NDArray[np.int64]
) -> float:
    total, indices = 0.0, np.arange(order.size)
    for bit in range(_width(order.size)):
        wrong = points[order[indices ^ 1 << bit]]
        total += float(shares[order] @ np.square(points[order] - wrong).sum(axis=1))
    return total


def _split(centred: NDArray[np.float64], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Halve the codewords once per bit, along the principal axis with the most variance left.

    All parts are split along the same axis, so that parts which differ in one earlier bit lie side
    by side. A scalar codebook is sorted, which is best for a uniform one: S. W. McLaughlin, D. L.
    Neuhoff and J. J. Ashley, Optimal binary index assignments for a class of equiprobable scalar
    and vector quantizers, IEEE Trans. Information Theory 41(6), 1995.
    """
    variances, axes = np.linalg.eigh((centred.T * probabilities) @ centred)
    places = centred @ axes
    parts = [np.arange(len(centred))]
    for bit in reversed(range(_width(len(centred)))):
        axis = variances.argmax()
        variances[axis] /= 4
        ranked = [part[places[part, axis].argsort(kind="stable")] for part in parts]
        parts = [half for part in ranked for half in np.split(part, [1 << bit])]
    return np.concatenate(parts)


def _distances(points: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(words, words): the cost of receiving each of two words for the other, added up."""
    squares = np.square(points).sum(axis=1)
    squared = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
    weighted: NDArray[np.float64] = (shares[:, None] + shares) * squared
    return weighted


def _annealed(
    distances: NDArray[np.float64], used: int, most_proposals: int
) -> Iterator[NDArray[np.int64]]:
    """The results of several annealings; small codebooks get more, as they get stuck more easily.

    The threshold of an exchange is exponential, which is Metropolis' rule: a rise is accepted with
    probability exp(-rise / temperature).
    """
    rng = np.random.default_rng(0)
    proposals = min(64 * used**2, most_proposals) // TEMPERATURES.size
    for _ in range(min(max(1, 256 // used), 32)):
        order = np.arange(len(distances))
        for temperature in TEMPERATURES * distances.mean():
            pairs = rng.integers(used, size=(proposals, 2))
            _exchange(distances, order, pairs, temperature * rng.exponential(size=proposals))
        yield order


@compiled
def _exchange(
    distances: NDArray[np.float64],
    order: NDArray[np.int64],
    pairs: NDArray[np.int64],
    thresholds: NDArray[np.float64],
) -> None:
    for proposal in range(thresholds.size):
        i, j = pairs[proposal]
        if _rise(distances, order, i, j) < thresholds[proposal]:
            order[i], order[j] = order[j], order[i]


@compiled
def _descend(
    distances: NDArray[np.float64], order: NDArray[np.int64], used: int, least: float
) -> None:
    """Binary switching until no exchange of two indices gains more than `least`.

    least: above rounding errors.
    """
    improved = True
    while improved:
        improved = False
        for i in range(used):
            for j in range(i):
                if _rise(distances, order, i, j) < -least:
                    order[i], order[j] = order[j], order[i]
                    improved = True


@compiled
def _rise(distances: NDArray[np.float64], order: NDArray[np.int64], i: int, j: int) -> float:
    """How much the cost rises when i and j exchange codewords.

    If i and j are neighbours, they remain neighbours, at the same cost.
    """
    at_i, at_j = distances[order[i]], distances[order[j]]
    rise = 0.0
    bit = 1
    while bit < order.size:
        if i ^ bit != j:
            beside_i, beside_j = order[i ^ bit], order[j ^ bit]
            rise += at_j[beside_i] - at_i[beside_i] + at_i[beside_j] - at_j[beside_j]
        bit *= 2
    return rise


def _width(codewords: int) -> int:
    return (codewords - 1).bit_length()
