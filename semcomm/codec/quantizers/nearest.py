"""The search for the codeword of lowest cost."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from semcomm.compiled import compiled

COSTS_AT_ONCE = 1 << 17
"""Half a megabyte: costs are read again while they are in the processor's cache."""

VECTORS_AT_ONCE = 512
FOLD = 4
"""Entries of a vector that are processed together; vectors are padded with zeros to a multiple."""


@torch.no_grad()
def nearest_codewords(
    vectors: Tensor,
    codebook: Tensor,
    bias: Tensor,
    weights: Tensor | None = None,
    bits: Tensor | None = None,
) -> Tensor:
    """The index k that minimizes |vector - codebook[k]|^2 + bias[k]; of equals, the lowest.

    With bias = rate_weight * codeword_bits this is ECVQ's criterion (3); with bias 0 it is VQ.
    The square of the vector is the same for every k and is left out.

    vectors: (n, D) float32.
    codebook: (K, D) float32.
    bias: (K,) float32.
    weights, bits: (n,) and (K,) float32; where they are given, vector i costs weights[i] * bits[k]
        more with codeword k.
    Returns (n,) int64.
    """
    offsets, slopes = codebook.square().sum(dim=1) + bias, -2 * codebook
    if weights is not None and bits is not None:  # one more entry of vectors and codewords
        vectors, slopes = torch.column_stack([vectors, weights]), torch.column_stack([slopes, bits])
    search = lowest_sums if vectors.device.type == "cpu" else lowest_products
    return search(vectors, slopes, offsets)


def lowest_sums(vectors: Tensor, slopes: Tensor, offsets: Tensor) -> Tensor:
    """The k with the lowest offsets[k] + slopes[k] . vector: (n, D), (K, D) and (K,) to (n,)."""
    missing = -vectors.shape[1] % FOLD
    entries, slopes = (F.pad(array, (0, missing)).contiguous() for array in (vectors, slopes))
    return torch.from_numpy(_lowest_costs(entries.numpy(), slopes.numpy(), offsets.numpy()))


def lowest_products(vectors: Tensor, slopes: Tensor, offsets: Tensor) -> Tensor:
    """The same by matrix products, which suit devices other than CPUs."""
    rows = max(1, COSTS_AT_ONCE // len(slopes))
    return torch.cat(
        [(chunk @ slopes.T + offsets).argmin(dim=1) for chunk in torch.split(vectors, rows)]
    )


@compiled
def _lowest_costs(
    vectors: NDArray[np.float32], slopes: NDArray[np.float32], offsets: NDArray[np.float32]
) -> NDArray[np.int64]:
    """`lowest_sums` where D is a multiple of FOLD.

    Each codeword is compared with many vectors side by side, so that their lowest costs so far stay
    in the processor's fastest cache.
    """
    indices = np.empty(len(vectors), np.int64)
    side_by_side = np.zeros((vectors.shape[1], VECTORS_AT_ONCE), np.float32)
    for first in range(0, len(vectors), VECTORS_AT_ONCE):
        few = vectors[first : first + VECTORS_AT_ONCE]
        for number in range(len(few)):
            side_by_side[:, number] = few[number]
        indices[first : first + len(few)] = _lowest(side_by_side, slopes, offsets)[: len(few)]
    return indices


@compiled
def _lowest(
    entries: NDArray[np.float32], slopes: NDArray[np.float32], offsets: NDArray[np.float32]
) -> NDArray[np.int32]:
    """The same for the columns of `entries`, (D, VECTORS_AT_ONCE)."""
    before = np.zeros(VECTORS_AT_ONCE, np.float32)  # of all entries but the last four
    lowest = np.full(VECTORS_AT_ONCE, np.inf, np.float32)
    indices = np.zeros(VECTORS_AT_ONCE, np.int32)
    last = len(entries) - FOLD
    w, x, y, z = entries[last], entries[last + 1], entries[last + 2], entries[last + 3]
    for k in range(len(offsets)):
        if last:
            before[:] = 0
        for d in range(0, last, FOLD):
            _add(before, entries[d : d + FOLD], slopes[k, d : d + FOLD])
        a, b, c, e = slopes[k, last], slopes[k, last + 1], slopes[k, last + 2], slopes[k, last + 3]
        offset, index = offsets[k], np.int32(k)
        # Compilers vectorize this form, and hardly any other.
        for n in range(VECTORS_AT_ONCE):
            cost = offset + (before[n] + (a * w[n] + b * x[n] + c * y[n] + e * z[n]))
            best = lowest[n]
            lower = cost < best
            lowest[n] = cost if lower else best
            indices[n] = index if lower else indices[n]
    return indices


@compiled
def _add(
    costs: NDArray[np.float32], entries: NDArray[np.float32], slopes: NDArray[np.float32]
) -> None:
    w, x, y, z = entries[0], entries[1], entries[2], entries[3]
    a, b, c, e = slopes[0], slopes[1], slopes[2], slopes[3]
    for n in range(VECTORS_AT_ONCE):
        costs[n] += a * w[n] + b * x[n] + c * y[n] + e * z[n]
