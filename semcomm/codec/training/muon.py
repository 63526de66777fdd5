"""Muon: steps whose singular values are all near 1, for the kernels of convolutions.

Jordan and others, Muon: an optimizer for hidden layers in neural networks, 2024. Five steps of a
Newton-Schulz iteration, with the coefficients given there, bring the momentum near the nearest
matrix with orthonormal rows or columns.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
NEGLIGIBLE = 1e-9
"""Entries up to this, where the whole matrix has norm 1, count as zeros: the iteration makes them
less than 1e-6, and their products may be denormal numbers, with which CPUs compute many times as
slowly. Channels that died have such entries.
"""


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
        """Move each kernel that has a gradient; those of one shape together."""
        for group in self.param_groups:
            of_shape = defaultdict(list)
            for kernel in group["params"]:
                if kernel.grad is not None:
                    of_shape[kernel.shape].append(kernel)
            for kernels in of_shape.values():
                steps = orthogonal(torch.stack([self._ahead(kernel) for kernel in kernels]))
                rows, columns = steps.shape[1:]
                scale = max(1.0, rows / columns) ** 0.5
                for kernel, matrix in zip(kernels, steps, strict=True):
                    kernel.add_(matrix.view(kernel.shape), alpha=-scale * group["lr"])

    def _ahead(self, kernel: Tensor) -> Tensor:
        """Nesterov's momentum after this step's gradient, as a matrix."""
        assert kernel.grad is not None
        momentum = self.state[kernel]["momentum"].mul_(MOMENTUM).add_(kernel.grad)
        ahead: Tensor = kernel.grad.add(momentum, alpha=MOMENTUM).flatten(start_dim=1)
        return ahead


def orthogonal(matrices: Tensor) -> Tensor:
    """(n, rows, columns): about the nearest matrices with orthonormal rows, or columns where there
    are fewer of those.

    Singular values of the result are from 0.7 to 1.2.
    """
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / (wide.norm(dim=(1, 2), keepdim=True) + 1e-7)
    wide = F.hardshrink(wide, NEGLIGIBLE)
    nearest: Tensor = _factor(wide @ wide.mT) @ wide
    return nearest.mT if tall else nearest


def _factor(gram: Tensor) -> Tensor:
    """What the iteration multiplies matrices by from the left, given their Gram matrices.

    It is computed without the matrices, which are several times as wide.
    """
    a, b, c = COEFFICIENTS
    factor: Tensor = torch.eye(gram.shape[1], device=gram.device).expand_as(gram)
    for _ in range(ITERATIONS):
        change = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        change.diagonal(dim1=1, dim2=2).add_(a)
        factor, gram = change @ factor, change @ gram @ change
    return factor
