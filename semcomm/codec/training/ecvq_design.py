"""The classical design of an entropy-constrained vector quantizer for networks that are trained.

Chou, Lookabaugh and Gray, Entropy-constrained vector quantization, IEEE Transactions on Acoustics,
Speech, and Signal Processing 37(1), 1989: Lloyd's algorithm with the Lagrangian D + rate_weight * R
in place of D.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Latents
from semcomm.codec.codec_file import About
from semcomm.codec.quantizers.ecvq import Ecvq
from semcomm.codec.quantizers.nearest import nearest_codewords
from semcomm.codec.training.export import index_counts, networks_of, with_code_table
from semcomm.modalities.rgb8 import Image

TOLERANCE = 1e-4
"""On latents of CIFAR-10, 1e-5 takes twice the iterations and ends within 0.005 dB of the same
rate-PSNR curve.
"""

MAX_ITERATIONS = 500
VECTORS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Iteration:
    """The result of one iteration of the descent; means are over the vectors.

    codebook: (K, D) float32, the centroids of the cells.
    bits: (K,) float64, -log2 of the cells' shares.
    distortion: mean squared distance of a vector to its cell's centroid.
    rate: entropy of the cells, in bits per vector.
    lagrangian: distortion + rate_weight * rate. An iteration raises it by no more than rate_weight
        times log2 of the sum of 2^-bits before it, which is 0 unless there are empty cells.
    """

    codebook: NDArray[np.float32]
    bits: NDArray[np.float64]
    distortion: float
    rate: float
    lagrangian: float

    def __str__(self) -> str:
        costs = f"distortion {self.distortion:.5f}  {self.rate:.4f} bits"
        return f"{costs}  Lagrangian {self.lagrangian:.6f}"


def designed_codec(
    name: str,
    base: Codec,
    rate_weight: float,
    images: Sequence[Image],
    origin: Mapping[str, Any],
    on_progress: Callable[[Iteration], None],
) -> Codec:
    """An ecvq codec with the networks of `base` and a quantizer designed on latents of `images`.

    The descent starts at the codebook of `base` and the shares of its indices. A codec designed for
    a lower rate weight can therefore be the base of another, as the paper goes from each rate
    weight to the next. Probabilities and code lengths are counted over the same images, as by
    `export_codec`. A context model of the base is left out, since it models other indices.

    on_progress: called after each iteration.
    """
    latents = base.encode(images)
    vectors = sub_vectors(latents)
    start = _bits(index_counts(base, latents))
    iterations = 0
    for iteration in descent(vectors, base.codebook, start, rate_weight):
        iterations += 1
        on_progress(iteration)
    origin = {**origin, "rate_weight": rate_weight, "iterations": iterations}
    about = About(base.geometry, "ecvq", origin, base.modality)
    tables = Ecvq.tables(iteration.codebook, iteration.bits, rate_weight)
    return with_code_table(name, about, networks_of(base) | tables, latents)


def descent(
    vectors: NDArray[np.float32],
    codebook: NDArray[np.float32],
    bits: NDArray[np.float64],
    rate_weight: float,
    tolerance: float = TOLERANCE,
) -> Iterator[Iteration]:
    """Assign vectors by criterion (3), then take each cell's centroid and -log2 share; repeat.

    A codeword whose cell is empty stays where it is, at the cost of a share of one vector, until a
    vector is assigned to it at that cost. With rate_weight 0 this is Lloyd's algorithm. It ends
    when an iteration lowers the Lagrangian by no more than `tolerance` of it, or after
    MAX_ITERATIONS.

    vectors: (n, D), at least one.
    codebook, bits: (K, D) and (K,), where the descent starts.
    """
    energy = np.square(vectors, dtype=np.float64).sum()
    before = math.inf
    for _ in range(MAX_ITERATIONS):
        counts, sums = cells(vectors, codebook, rate_weight * bits)
        iteration = _iteration(counts, sums, energy, codebook, rate_weight)
        yield iteration
        codebook, bits = iteration.codebook, iteration.bits
        if before - iteration.lagrangian <= tolerance * iteration.lagrangian:
            return
        before = iteration.lagrangian


def sub_vectors(latents: Sequence[Latents]) -> NDArray[np.float32]:
    """Those of all latents, (n, D)."""
    return np.concatenate([grid.reshape(-1, grid.shape[-1]) for grid in latents])


def cells(
    vectors: NDArray[np.float32], codebook: NDArray[np.float32], bias: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The number of vectors that criterion (3) assigns to each codeword, (K,), and their sum, (K,
    D).
    """
    quantizer = torch.from_numpy(codebook), torch.from_numpy(bias.astype(np.float32))
    indices = np.empty(len(vectors), np.int64)
    for start in range(0, len(vectors), VECTORS_AT_ONCE):  # bounds memory
        part = slice(start, start + VECTORS_AT_ONCE)
        indices[part] = nearest_codewords(torch.from_numpy(vectors[part]), *quantizer).numpy()
    sums = [np.bincount(indices, column, len(codebook)) for column in vectors.T]
    return np.bincount(indices, minlength=len(codebook)), np.stack(sums, axis=1)


def _iteration(
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    energy: float,
    codebook: NDArray[np.float32],
    rate_weight: float,
) -> Iteration:
    means = centroids(codebook, counts, sums)
    bits = _bits(counts)
    squared = np.square(means, dtype=np.float64).sum(axis=1)
    distortion = max(0.0, energy - 2 * (sums * means).sum() + counts @ squared) / counts.sum()
    rate = counts @ bits / counts.sum()
    return Iteration(means, bits, distortion, rate, distortion + rate_weight * rate)


def centroids(
    codebook: NDArray[np.float32], counts: NDArray[Any], sums: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The mean of the vectors in each cell; of an empty one, its codeword.

    counts, sums: (K,) and (K, D), the number of vectors in each cell, and their sum.
    """
    occupied = counts > 0
    means = codebook.copy()
    means[occupied] = sums[occupied] / counts[occupied, None]
    return means


def _bits(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """-log2 of each share; a count of 0 is taken as 1."""
    bits: NDArray[np.float64] = np.log2(counts.sum()) - np.log2(np.maximum(counts, 1))
    return bits
