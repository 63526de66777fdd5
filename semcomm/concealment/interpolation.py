"""Missing symbols, interpolated from their neighbours."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.compiled import compiled
from semcomm.concealment.neighbourhood import Neighbourhood, SliceLayout, neighbour

MEAN_WEIGHT = 0.5
"""Weight of the mean of all codewords beside a position's neighbours, which have weight 1 each."""

SWEEPS = 8


def interpolate(codec: Codec, neighbourhood: Neighbourhood) -> None:
    """Write the codeword nearest to the mean of its neighbours for each symbol that is not trusted.

    A missing sub-vector is the weighted mean of its neighbours of the same group to the left,
    right, above and below, where there are such, and of the mean of all codewords. Where neighbours
    are missing too, these equations are solved jointly (Gauss-Seidel). The solution is the
    least-squares estimate of a field in which every sub-vector is drawn to its neighbours and, more
    weakly, to the mean. Where all symbols are missing it is the mean.
    """
    missing = ~neighbourhood.trusted
    mean = (codec.probabilities @ codec.codebook).astype(np.float64)
    latents = codec.codebook.astype(np.float64)[np.where(missing, 0, neighbourhood.symbols)]
    latents[missing] = mean
    slices = np.flatnonzero(
        np.logical_or.reduceat(np.append(missing, False), neighbourhood.layout.firsts)
    )
    layout, groups = neighbourhood.layout, neighbourhood.groups
    _relax(latents, missing, mean, layout, slices, groups, MEAN_WEIGHT)
    neighbourhood.symbols[missing] = codec.nearest(latents[missing].astype(np.float32))


@compiled
def _relax(
    latents: NDArray[np.float64],
    missing: NDArray[np.bool_],
    mean: NDArray[np.float64],
    layout: SliceLayout,
    slices: NDArray[np.int64],
    groups: int,
    mean_weight: float,
) -> None:
    for _ in range(SWEEPS):
        for s in slices:
            for symbol in range(layout.firsts[s], layout.firsts[s] + layout.counts[s]):
                if not missing[symbol]:
                    continue
                weight = mean_weight
                for k in range(mean.size):
                    latents[symbol, k] = mean_weight * mean[k]
                for side in range(4):
                    other = neighbour(
                        symbol, side, layout.begins[s], layout.ends[s], layout.rows[s], groups
                    )
                    if other >= 0:
                        weight += 1.0
                        for k in range(mean.size):
                            latents[symbol, k] += latents[other, k]
                for k in range(mean.size):
                    latents[symbol, k] /= weight
