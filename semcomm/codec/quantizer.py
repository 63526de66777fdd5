"""The vector quantizer, criterion (3) of the paper, and its codeword probabilities (4)."""

import math
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

QuantizerName = Literal["vq", "ecvq"]

COSTS_AT_ONCE = 1 << 17
"""Half a megabyte: costs are written and read again while the processor still has them at hand."""


@torch.no_grad()
def nearest_codewords(vectors: Tensor, codebook: Tensor, bias: Tensor) -> Tensor:
    """The index k that minimizes |vector - codebook[k]|^2 + bias[k], the lowest one of equals.

    With bias = rate_weight * codeword_bits this is ECVQ's criterion (3); with bias 0 it is VQ.
    The square of the vector is the same for every k and left out; one matrix product gives the rest.

    vectors: (n, D) float32; codebook: (K, D) float32; bias: (K,) float32.
    Returns (n,) int64.
    """
    offsets = codebook.square().sum(dim=1) + bias
    plane = torch.cat([-2 * codebook.T, offsets[None]])
    lifted = F.pad(vectors, (0, 1), value=1.0)
    rows = max(1, COSTS_AT_ONCE // len(codebook))
    if vectors.device.type == "cpu":
        return torch.from_numpy(_lowest_costs(lifted.numpy(), plane.numpy(), rows))
    return torch.cat([(chunk @ plane).argmin(dim=1) for chunk in torch.split(lifted, rows)])


def _lowest_costs(lifted: NDArray[np.float32], plane: NDArray[np.float32], rows: int) -> NDArray[np.int64]:
    """The column of the lowest number in each row of the product, so many rows at once.

    numpy is faster at it than PyTorch: at finding the lowest several times, at a product over so few columns twice.
    """
    costs, indices = np.empty((rows, plane.shape[1]), np.float32), np.empty(len(lifted), np.int64)
    for first in range(0, len(lifted), rows):
        part = lifted[first : first + rows]
        np.matmul(part, plane, out=costs[: len(part)])
        costs[: len(part)].argmin(axis=1, out=indices[first : first + rows])
    return indices


def codeword_bits(logits: Tensor) -> Tensor:
    """-log2 P(k) with P(k) = exp(-logits[k]) / sum_p exp(-logits[p]), equation (4): (K,) to (K,)."""
    return -F.log_softmax(-logits, dim=0) / math.log(2)
