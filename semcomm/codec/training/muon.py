"""Muon: steps whose singular values are all near 1, for the kernels of convolutions.

Jordan and others, Muon: an optimizer for hidden layers in neural networks, 2024. Five steps of a
Newton-Schulz iteration, with the coefficients given there, bring the momentum near the nearest
matrix with orthonormal rows or columns.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Orthogonalized Nesterov momentum; a kernel (out, in, height, width) is a matrix (out, rest).

    lr: about the root mean square of a step's entries, times the square root of the row length.
    """

    def __init__(self, kernels: Iterable[Tensor], lr: float) -> None:
        super().__init__(kernels, {"lr": lr})
        for group in self.param_groups:
            for kernel in group["params"]:
                self.state[kernel]["momentum"] = torch.zeros_like(kernel)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move each kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is not None:
                    momentum = self.state[kernel]["momentum"].mul_(MOMENTUM).add_(kernel.grad)
                    ahead = kernel.grad.add(momentum, alpha=MOMENTUM).flatten(start_dim=1)
                    rows, columns = ahead.shape
                    scale = max(1.0, rows / columns) ** 0.5
                    kernel.add_(orthogonal(ahead).view(kernel.shape), alpha=-scale * group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix with orthonormal rows, or columns where there are fewer of those.

    Singular values of the result are from 0.7 to 1.2.
    """
    wide = matrix.T if len(matrix) > matrix.shape[1] else matrix
    nearest = wide / (wide.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = nearest @ nearest.T
        nearest = a * nearest + (b * gram + c * gram @ gram) @ nearest
    result: Tensor = nearest if wide is matrix else nearest.T
    return result
