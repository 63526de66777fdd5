"""Refinement: for the image at hand, more steps down the loss that the encoder was trained to make
small on all images.

By the paper's loss (5), an encoder makes latents z with a low cost

    J(z) = D + beta min over k of (|z - c_k|^2 + nu bits_k),

summed over an image's sub-vectors, where D is the squared error of the picture that the decoder
makes of the codewords; the stop-gradients of (5) leave it nothing else
(docs/decisions/0014-refinement.md). No network finds the lowest cost of each image, and a
transmitter has the decoder at hand, so it can look further: iterative inference (Yang, Bamler and
Mandt, Improving inference for neural image compression, 2020). Bitstream and receiver do not
change.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

COMMITMENT_WEIGHT = 0.25
FIRST_STEP, MOMENTUM = 0.2, 0.5

Choose = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Criterion (3): latents (B, h, w, g, D) to their codewords, as many, and what the bits of each
cost, (B, h, w, g).
"""

Decode = Callable[[Tensor], Tensor]
"""Codewords (B, h, w, g, D) to patches (B, 48, h, w)."""


class Cost(NamedTuple):
    """Of latents, image by image: J but for |z - c_k|^2, which only the encoder sees, and the
    gradient of J.

    errors: z - c_k.
    """

    costs: Tensor
    gradient: Tensor
    errors: Tensor


@torch.no_grad()
def refined(latents: Tensor, patches: Tensor, choose: Choose, decode: Decode, steps: int) -> Tensor:
    """The latents of lowest cost among those given and those that so many steps of descent lead to.

    Steps are as long as a share of the quantizer's error in the image, which falls evenly to 0.
    An image's result is its own: other images of the batch have no part in it.

    latents: (B, h, w, g, D) float32; patches: what they are to give, (B, 48, h, w).
    """
    cost_of = partial(_cost, patches=patches, choose=choose, decode=decode)
    found = cost_of(latents)
    best, lowest = latents, found.costs
    rate = FIRST_STEP * _norm(found.errors) / _norm(found.gradient).clamp_min(1e-30)
    velocity = torch.zeros_like(latents)
    for step in range(steps):
        velocity = MOMENTUM * velocity + found.gradient
        latents = latents - (1 - step / steps) * rate * velocity
        found = cost_of(latents)
        better = found.costs < lowest
        best, lowest = torch.where(better, latents, best), torch.where(better, found.costs, lowest)
    return best


def _cost(latents: Tensor, patches: Tensor, choose: Choose, decode: Decode) -> Cost:
    codewords, prices = choose(latents)
    with torch.enable_grad():
        squares = (decode(codewords.requires_grad_()) - patches).square()
        (gradient,) = torch.autograd.grad(squares.sum(), codewords)
    errors = latents - codewords.detach()
    costs = _image_sums(squares.detach()) + COMMITMENT_WEIGHT * _image_sums(prices)
    return Cost(costs, gradient + 2 * COMMITMENT_WEIGHT * errors, errors)


def _norm(vectors: Tensor) -> Tensor:
    return _image_sums(vectors.square()).sqrt()


def _image_sums(values: Tensor) -> Tensor:
    """(B, ...) to (B, 1, 1, 1, 1), one dimension after the other, so that no sum is so long that
    threads share it.
    """
    while values.ndim > 1:
        values = values.sum(dim=-1)
    return values.view(-1, 1, 1, 1, 1)
