"""Symbols that are missing, made up from those around them."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.compiled import compiled
from semcomm.concealment.neighbourhood import Places, Surroundings, neighbour

MEAN_WEIGHT = 0.5
"""How much the mean of all codewords counts among a position's neighbours, each of which counts as
1.
"""

SWEEPS = 8


def fill(codec: Codec, surroundings: Surroundings) -> None:
    """Write the codeword nearest to the mean of its neighbours' for each symbol that is not
    trusted.

    A missing sub-vector is the weighted mean of those of its group to the left, right, above and
    below, where there are such, and of the mean of all codewords; where neighbours are missing too,
    all together solve these equations (Gauss-Seidel). That is the least-squares estimate of a field
    of which every sub-vector is drawn to its neighbours and, more weakly, to the mean. Where
    nothing is known it is the mean.
    """
    missing = ~surroundings.trusted
    mean = (codec.probabilities @ codec.codebook).astype(np.float64)
    latents = codec.codebook.astype(np.float64)[np.where(missing, 0, surroundings.symbols)]
    latents[missing] = mean
    gaps = np.flatnonzero(
        np.logical_or.reduceat(np.append(missing, False), surroundings.places.firsts)
    )
    _relax(latents, missing, mean, surroundings.places, gaps, surroundings.groups)
    surroundings.symbols[missing] = codec.nearest(latents[missing].astype(np.float32))


@compiled
def _relax(
    latents: NDArray[np.float64],
    missing: NDArray[np.bool_],
    mean: NDArray[np.float64],
    places: Places,
    slices: NDArray[np.int64],
    groups: int,
) -> None:
    for _ in range(SWEEPS):
        for s in slices:
            for here in range(places.firsts[s], places.firsts[s] + places.counts[s]):
                if not missing[here]:
                    continue
                weight = MEAN_WEIGHT
                for k in range(mean.size):
                    latents[here, k] = MEAN_WEIGHT * mean[k]
                for side in range(4):
                    there = neighbour(
                        here, side, places.begins[s], places.ends[s], places.rows[s], groups
                    )
                    if there >= 0:
                        weight += 1.0
                        for k in range(mean.size):
                            latents[here, k] += latents[there, k]
                for k in range(mean.size):
                    latents[here, k] /= weight
