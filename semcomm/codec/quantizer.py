"""The vector quantizer, criterion (3) of the paper, and its codeword probabilities (4)."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from semcomm.compiled import compiled

COSTS_AT_ONCE = 1 << 17
"""Half a megabyte: costs are written and read again while the processor still has them at hand."""

VECTORS_AT_ONCE = 512
FOLD = 4
"""Entries of vectors that are gone through at once; vectors are filled up to a multiple with
zeros.
"""


@torch.no_grad()
def nearest_codewords(
    vectors: Tensor,
    codebook: Tensor,
    bias: Tensor,
    weights: Tensor | None = None,
    bits: Tensor | None = None,
) -> Tensor:
    """The index k that minimizes |vector - codebook[k]|^2 + bias[k], the lowest one of equals.

    With bias = rate_weight * codeword_bits this is ECVQ's criterion (3); with bias 0 it is VQ.
    The square of the vector is the same for every k and left out.

    vectors: (n, D) float32; codebook: (K, D) float32; bias: (K,) float32.
    weights, bits: (n,) and (K,) float32; weight * bits[k] is added for the vector that has this
        weight.
    Returns (n,) int64.
    """
    offsets, slopes = codebook.square().sum(dim=1) + bias, -2 * codebook
    if (
        weights is not None and bits is not None
    ):  # as if they were a further entry of vectors and codewords
        vectors, slopes = torch.column_stack([vectors, weights]), torch.column_stack([slopes, bits])
    search = lowest_sums if vectors.device.type == "cpu" else lowest_products
    return search(vectors, slopes, offsets)


def lowest_sums(vectors: Tensor, slopes: Tensor, offsets: Tensor) -> Tensor:
    """The k with the lowest offsets[k] + slopes[k] . vector: (n, D), (K, D) and (K,) to (n,)."""
    missing = -vectors.shape[1] % FOLD
    entries, slopes = (F.pad(array, (0, missing)).contiguous() for array in (vectors, slopes))
    return torch.from_numpy(_lowest_costs(entries.numpy(), slopes.numpy(), offsets.numpy()))


def lowest_products(vectors: Tensor, slopes: Tensor, offsets: Tensor) -> Tensor:
    """The same by matrix products, as devices other than CPUs like it."""
    rows = max(1, COSTS_AT_ONCE // len(slopes))
    return torch.cat(
        [(chunk @ slopes.T + offsets).argmin(dim=1) for chunk in torch.split(vectors, rows)]
    )


@compiled
def _lowest_costs(
    vectors: NDArray[np.float32], slopes: NDArray[np.float32], offsets: NDArray[np.float32]
) -> NDArray[np.int64]:
    """`lowest_sums`, where D is a multiple of FOLD.

    Many vectors side by side meet one codeword after the other; what is known of all of them stays
    in the processor's nearest memory.
    """
    found = np.empty(len(vectors), np.int64)
    side_by_side = np.zeros((vectors.shape[1], VECTORS_AT_ONCE), np.float32)
    for first in range(0, len(vectors), VECTORS_AT_ONCE):
        few = vectors[first : first + VECTORS_AT_ONCE]
        for number in range(len(few)):
            side_by_side[:, number] = few[number]
        found[first : first + len(few)] = _lowest(side_by_side, slopes, offsets)[: len(few)]
    return found


@compiled
def _lowest(
    entries: NDArray[np.float32], slopes: NDArray[np.float32], offsets: NDArray[np.float32]
) -> NDArray[np.int32]:
    """The same for the columns of `entries`, (D, VECTORS_AT_ONCE)."""
    before = np.zeros(VECTORS_AT_ONCE, np.float32)  # of all entries but the last four
    lowest, found = (
        np.full(VECTORS_AT_ONCE, np.inf, np.float32),
        np.zeros(VECTORS_AT_ONCE, np.int32),
    )
    last = len(entries) - FOLD
    w, x, y, z = entries[last], entries[last + 1], entries[last + 2], entries[last + 3]
    for k in range(len(offsets)):
        if last:
            before[:] = 0
        for d in range(0, last, FOLD):
            _add(before, entries[d : d + FOLD], slopes[k, d : d + FOLD])
        a, b, c, e = slopes[k, last], slopes[k, last + 1], slopes[k, last + 2], slopes[k, last + 3]
        offset, index = offsets[k], np.int32(k)
        for n in range(
            VECTORS_AT_ONCE
        ):  # compilers turn this form, and hardly any other, into wide instructions
            cost, best = (
                offset + (before[n] + (a * w[n] + b * x[n] + c * y[n] + e * z[n])),
                lowest[n],
            )
            lower = cost < best
            lowest[n] = cost if lower else best
            found[n] = index if lower else found[n]
    return found


@compiled
def _add(
    costs: NDArray[np.float32], entries: NDArray[np.float32], slopes: NDArray[np.float32]
) -> None:
    w, x, y, z = entries[0], entries[1], entries[2], entries[3]
    a, b, c, e = slopes[0], slopes[1], slopes[2], slopes[3]
    for n in range(VECTORS_AT_ONCE):
        costs[n] += a * w[n] + b * x[n] + c * y[n] + e * z[n]


def codeword_bits(logits: Tensor) -> Tensor:
    """-log2 P(k) with P(k) = exp(-logits[k]) / sum_p exp(-logits[p]), equation (4): (K,) to
    (K,).
    """
    return -F.log_softmax(-logits, dim=0) / math.log(2)
