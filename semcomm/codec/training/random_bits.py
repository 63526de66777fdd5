"""Bits that are drawn, and gradients for what they are drawn by.

Tensors of bits are (B, ...) per image; with K draws per image they are (K, B, ...).
"""

import math

import torch
from torch import Tensor


def arrival_probabilities(logits: Tensor, crossovers: Tensor) -> Tensor:
    """The probability of each bit to arrive as 1 over a binary symmetric channel.

    A bit is sent as 1 with probability s = sigmoid(logit). At crossover e it arrives as 1 with
    s (1 - e) + (1 - s) e = s - 2 s e + e.

    logits: (B, ...).
    crossovers: (B,), that of each image.

    Example: logit 0 gives 1/2 at any crossover.
    """
    sent = torch.sigmoid(logits)
    return sent + (1 - 2 * sent) * crossovers.view(-1, *[1] * (logits.ndim - 1))


def draw_bits(probabilities: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """K independent draws of bits, float32 of 0 and 1: (B, ...) to (K, B, ...).

    generator: of the CPU, so that all devices draw alike.
    """
    uniform = torch.rand((draws, *probabilities.shape), generator=generator)
    return (uniform.to(probabilities.device) < probabilities).float()


def straight_through_bits(bits: Tensor, probabilities: Tensor) -> Tensor:
    """The bits, exactly, with the gradient of their probabilities (Bengio, Leonard and Courville,
    Estimating or propagating gradients through stochastic neurons, 2013).
    """
    return bits + (probabilities - probabilities.detach())


def log_probabilities(bits: Tensor, probabilities: Tensor) -> Tensor:
    """The log-probability of each draw, all bits of an image together: (K, B).

    What `draw_bits` drew never has probability 0, in float32 either.

    bits: (K, B, ...); probabilities: (B, ...).
    """
    chosen = torch.where(bits > 0, probabilities, 1 - probabilities)
    return chosen.log().flatten(start_dim=2).sum(dim=2)


def vimco_objective(scores: Tensor, of_bits: Tensor) -> Tensor:
    """L = log (1/K) sum over j of exp(score j), to be raised, with the gradient of VIMCO.

    A. Mnih and D. J. Rezende, Variational inference for Monte Carlo objectives, ICML 2016. Its
    gradient is, in expectation over the draws, that of the expectation of L:

        sum over j of w_j grad(score j) + (L - L_j) grad(log-probability j)

    with w the softmax of the scores, and L_j as L, but with the mean of the others in place of
    score j.

    scores, of_bits: (K, B), of each draw its score and the log-probability of its bits; K is at
        least 2.
    Returns (B,).
    """
    objective = log_mean_exp(scores)
    signals = (objective - left_out(scores)).detach()
    weighted = (signals * of_bits).sum(dim=0)
    return objective + (weighted - weighted.detach())


def left_out(scores: Tensor) -> Tensor:
    """L_j of `vimco_objective` for each j: (K, B) to (K, B).

    Example: of scores 0, 0 and log 4, L_0 is log((2 + 1 + 4) / 3), as their mean without the first
    is log 2.
    """
    means = (scores.sum(dim=0) - scores) / (len(scores) - 1)
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)[..., None]
    return log_mean_exp(torch.where(own, means, scores[:, None]))


def log_mean_exp(values: Tensor) -> Tensor:
    """Over the first dimension."""
    return values.logsumexp(dim=0) - math.log(len(values))
