"""Muon against PyTorch's own, which takes matrices alone, and against what it is for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from semcomm.codec.training.muon import Muon, orthogonal

SIZES = st.integers(1, 40)


@given(SIZES, SIZES, st.integers(0, 1000))
def test_an_orthogonal_matrix_has_singular_values_near_1(
    rows: int, columns: int, seed: int
) -> None:
    """All those of a matrix whose own are within 1 to 10 of each other, wherever they are;
    directions are kept.
    """
    generator = torch.Generator().manual_seed(seed)
    left, _, right = torch.linalg.svd(
        torch.randn(rows, columns, generator=generator), full_matrices=False
    )
    values = torch.logspace(3, 4, min(rows, columns))
    matrix = left @ values.diag() @ right
    product = left.T @ orthogonal(matrix[None])[0] @ right.T
    assert product.diag().min() > 0.6 and product.diag().max() < 1.3
    assert (
        product - product.diag().diag()
    ).abs().max() < 1e-3  # float32 sums of some hundred terms


@pytest.mark.parametrize("shape", [(6, 3, 3, 3), (30, 2, 1, 1), (5, 5, 1, 1)])
def test_steps_are_those_of_pytorchs_muon(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    ours = nn.Parameter(torch.randn(shape))
    theirs = nn.Parameter(ours.detach().flatten(start_dim=1).clone())
    start = ours.detach().clone()
    optimizers = (
        Muon([ours], lr=0.1),
        torch.optim.Muon([theirs], lr=0.1, weight_decay=0.0, momentum=0.95),
    )
    for _ in range(5):
        ours.grad = torch.randn(shape)
        theirs.grad = ours.grad.flatten(start_dim=1)
        for optimizer in optimizers:
            optimizer.step()
    moved = (theirs - start.flatten(start_dim=1)).norm()
    # Theirs computes in bfloat16, of eight bits.
    assert (ours.flatten(start_dim=1) - theirs).norm() < 0.02 * moved


def test_a_kernels_memory_layout_does_not_matter() -> None:
    torch.manual_seed(0)
    plain = nn.Parameter(torch.randn(4, 3, 3, 3))
    last = nn.Parameter(plain.detach().to(memory_format=torch.channels_last))
    for kernel in (plain, last):
        optimizer = Muon([kernel], lr=0.1)
        torch.manual_seed(1)
        for _ in range(3):
            kernel.grad = torch.randn(4, 3, 3, 3).to(memory_format=torch.preserve_format)
            optimizer.step()
    assert torch.equal(plain, last)


def test_kernels_of_one_shape_move_as_each_would_alone() -> None:
    torch.manual_seed(0)
    kernels = [nn.Parameter(torch.randn(shape)) for shape in [(4, 3, 3, 3), (6, 2, 1, 1)] * 3]
    alone = [nn.Parameter(kernel.detach().clone()) for kernel in kernels]
    optimizers = [Muon(kernels, lr=0.1), *(Muon([kernel], lr=0.1) for kernel in alone)]
    for kernel, copy in zip(kernels, alone, strict=True):
        kernel.grad = torch.randn_like(kernel)
        copy.grad = kernel.grad.clone()
    for optimizer in optimizers:
        optimizer.step()
    for kernel, copy in zip(kernels, alone, strict=True):
        torch.testing.assert_close(kernel, copy, rtol=0, atol=1e-6)


def test_rows_of_channels_that_died_change_nothing() -> None:
    """Products of what is left in them would be denormal numbers."""
    torch.manual_seed(0)
    matrix = torch.randn(1, 6, 20)
    died = torch.cat([matrix, 1e-20 * torch.randn(1, 3, 20)], dim=1)
    assert torch.equal(orthogonal(died)[:, 6:], torch.zeros(1, 3, 20))
    torch.testing.assert_close(orthogonal(died)[:, :6], orthogonal(matrix), rtol=0, atol=1e-6)


def test_a_kernel_without_a_gradient_stays() -> None:
    kernel = nn.Parameter(torch.ones(2, 2, 1, 1))
    Muon([kernel], lr=0.1).step()
    assert torch.equal(kernel, torch.ones(2, 2, 1, 1))
