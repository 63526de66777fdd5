"""Refinement: for one image, further steps down the loss that the encoder was trained on.

By the paper's loss (5), an encoder makes latents z with a low cost

    J(z) = D + beta min over k of (|z - c_k|^2 + nu bits_k),

summed over an image's sub-vectors, where D is the squared error of the picture that the decoder
makes of the codewords; the stop-gradients of (5) leave the encoder nothing else
(docs/decisions/0014-refinement.md). No network finds the lowest cost of every image, but a
transmitter can run the decoder and search further: iterative inference (Yang, Bamler and Mandt,
Improving inference for neural image compression, 2020). Bitstream and receiver do not change.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

COMMITMENT_WEIGHT = 0.25
FIRST_STEP, MOMENTUM = 0.2, 0.5

Assign = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Criterion (3): latents (B, h, w, g, D) to their codewords, of the same shape, and to the cost of
each codeword's bits, (B, h, w, g).
"""

Decode = Callable[[Tensor], Tensor]
"""Codewords (B, h, w, g, D) to patches (B, 48, h, w)."""


class Cost(NamedTuple):
    """The cost of latents, image by image.

    costs: J without |z - c_k|^2, which matters to the encoder alone, (B, 1, 1, 1, 1).
    gradient: of J, (B, h, w, g, D).
    errors: z - c_k, (B, h, w, g, D).
    """

    costs: Tensor
    gradient: Tensor
    errors: Tensor


@torch.no_grad()
def refine(latents: Tensor, patches: Tensor, assign: Assign, decode: Decode, steps: int) -> Tensor:
    """The latents of lowest cost among those given and those after each step of a descent.

    The first step is as long as a share of the quantizer's error in the image, and step lengths
    fall linearly to 0. An image's result does not depend on the other images of the batch.

    latents: (B, h, w, g, D) float32.
    patches: (B, 48, h, w) float32, the image that the decoder should reconstruct.
    """
    cost_of = partial(_cost, patches=patches, assign=assign, decode=decode)
    cost = cost_of(latents)
    best, lowest = latents, cost.costs
    rate = FIRST_STEP * _norm(cost.errors) / _norm(cost.gradient).clamp_min(1e-30)
    velocity = torch.zeros_like(latents)
    for step in range(steps):
        velocity = MOMENTUM * velocity + cost.gradient
        latents = latents - (1 - step / steps) * rate * velocity
        cost = cost_of(latents)
        better = cost.costs < lowest
        best, lowest = torch.where(better, latents, best), torch.where(better, cost.costs, lowest)
    return best


def _cost(latents: Tensor, patches: Tensor, assign: Assign, decode: Decode) -> Cost:
    codewords, rate_costs = assign(latents)
    with torch.enable_grad():
        squares = (decode(codewords.requires_grad_()) - patches).square()
        (gradient,) = torch.autograd.grad(squares.sum(), codewords)
    errors = latents - codewords.detach()
    costs = _image_sums(squares.detach()) + COMMITMENT_WEIGHT * _image_sums(rate_costs)
    return Cost(costs, gradient + 2 * COMMITMENT_WEIGHT * errors, errors)


def _norm(vectors: Tensor) -> Tensor:
    return _image_sums(vectors.square()).sqrt()


def _image_sums(values: Tensor) -> Tensor:
    """(B, ...) to (B, 1, 1, 1, 1).

    One dimension is summed at a time, so that no sum is long enough for threads to share it.
    """
    while values.ndim > 1:
        values = values.sum(dim=-1)
    return values.view(-1, 1, 1, 1, 1)
