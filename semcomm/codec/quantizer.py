"""The vector quantizer, criterion (3) of the paper, and its codeword probabilities (4)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_COSTS = 1 << 22
"""Costs held at once, so that a large image or codebook does not fill the memory."""


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
    chunks = torch.split(lifted, max(1, MAX_COSTS // len(codebook)))
    return torch.cat([(chunk @ plane).argmin(dim=1) for chunk in chunks])


def codeword_bits(logits: Tensor) -> Tensor:
    """-log2 P(k) with P(k) = exp(-logits[k]) / sum_p exp(-logits[p]), equation (4): (K,) to (K,)."""
    return -F.log_softmax(-logits, dim=0) / math.log(2)
