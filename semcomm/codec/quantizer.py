"""The vector quantizer, criterion (3) of the paper, and its codeword probabilities (4)."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
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
    costs = lifted.new_empty(max(1, COSTS_AT_ONCE // len(codebook)), len(codebook))
    chunks = torch.split(lifted, len(costs))
    return torch.cat([_lowest(torch.mm(chunk, plane, out=costs[: len(chunk)])) for chunk in chunks])


def _lowest(costs: Tensor) -> Tensor:
    """The column of each row's lowest cost; on a CPU by numpy, several times as fast as PyTorch."""
    if costs.device.type == "cpu":
        return torch.from_numpy(costs.numpy().argmin(axis=1))
    return costs.argmin(dim=1)


def codeword_bits(logits: Tensor) -> Tensor:
    """-log2 P(k) with P(k) = exp(-logits[k]) / sum_p exp(-logits[p]), equation (4): (K,) to (K,)."""
    return -F.log_softmax(-logits, dim=0) / math.log(2)
