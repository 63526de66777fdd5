"""The choice of a codeword where each bit of an index flips with a probability of its own."""

import torch
from torch import Tensor

from semcomm.codec.quantizers.codebook import CodebookQuantizer


def channel_optimized(codebook: Tensor, crossovers: Tensor) -> CodebookQuantizer:
    """The transmitter's quantizer, which chooses the index of lowest expected squared error
    (quantizers/covq.py). Its codebook are the means of what may arrive.

    codebook: (K, D) float32; K is a power of two.
    crossovers: (B,) the probability that bit j of an index flips, whose value is 2^j; K = 2^B.

    Example: codewords 0 and 1 at a crossover of 0.25 have the means 0.25 and 0.75, and both have
    the bias 0.1875.
    """
    means = expected(codebook, crossovers)
    squares = expected(codebook.square().sum(dim=1), crossovers)
    bias = (squares - means.square().sum(dim=1)).clamp(min=0)
    return CodebookQuantizer(means, bias, torch.zeros_like(bias))


def expected(values: Tensor, crossovers: Tensor) -> Tensor:
    """For each index sent, the mean of the values of what may arrive: (K, ...), both."""
    indices = torch.arange(len(values), device=values.device)
    for place, crossover in enumerate(crossovers.unbind()):
        values = (1 - crossover) * values + crossover * values[indices ^ (1 << place)]
    return values
