"""Flips with trained probabilities: their rate, their weights and their gradient."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import binom, norm
from torch import Tensor

from semcomm.codec.training.trainable_flips import (
    flipped,
    needed_energy,
    received_codewords,
    soft_codewords,
)

CROSSOVERS = torch.tensor([0.3, 0.02, 0.15], dtype=torch.float64)


def drawn(count: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """A codebook (8, 2), indices (count,) and uniforms (count, 3)."""
    generator = torch.Generator().manual_seed(seed)
    codebook = torch.randn(8, 2, generator=generator, dtype=torch.float64)
    indices = torch.randint(8, (count,), generator=generator)
    return codebook, indices, torch.rand(count, 3, generator=generator, dtype=torch.float64)


def transitions(crossovers: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(arrived | sent) of all pairs, [sent, arrived]."""
    table = np.ones((8, 8))
    for sent in range(8):
        for arrived in range(8):
            for bit, crossover in enumerate(crossovers):
                differs = (sent ^ arrived) >> bit & 1
                table[sent, arrived] *= crossover if differs else 1 - crossover
    return table


def test_each_bit_flips_with_its_probability() -> None:
    count = 20_000
    _, indices, uniforms = drawn(count)
    wrong = (indices ^ flipped(indices, CROSSOVERS, uniforms)).numpy()
    for bit, crossover in enumerate(CROSSOVERS.tolist()):
        low, high = binom.interval(1 - 1e-6, count, crossover)
        assert low <= (wrong >> bit & 1).sum() <= high


def test_at_a_low_temperature_soft_codewords_are_those_that_arrive() -> None:
    codebook, indices, uniforms = drawn(200)
    soft = soft_codewords(codebook, indices, CROSSOVERS, uniforms, 1e-6)
    assert torch.allclose(soft, codebook[flipped(indices, CROSSOVERS, uniforms)])


def test_the_gradient_of_soft_codewords_is_that_of_finite_differences() -> None:
    codebook, indices, uniforms = drawn(20)
    logits = torch.logit(2 * CROSSOVERS).requires_grad_()

    def loss(logits: Tensor, codebook: Tensor) -> Tensor:
        soft = soft_codewords(codebook, indices, torch.sigmoid(logits) / 2, uniforms, 0.5)
        return (soft.sin() + soft.square()).sum(dim=1)

    assert torch.autograd.gradcheck(loss, (logits, codebook.requires_grad_()))


def test_the_gradient_is_that_of_the_expected_loss() -> None:
    """Of a linear loss, whose expectation and its differences follow by enumeration.

    At temperature 0.1 and low crossovers, the relaxed mean is (pi / 20) / sin(pi / 20) = 1.004
    times the true one.
    """
    count, step = 400_000, 1e-6
    codebook, indices, uniforms = drawn(count)
    weights = torch.tensor([0.7, -1.1], dtype=torch.float64)
    values, sent = (codebook @ weights).numpy(), np.bincount(indices, minlength=8) / count

    def expected_loss(crossovers: NDArray[np.float64]) -> float:
        return float(sent @ transitions(crossovers) @ values)

    each = CROSSOVERS.repeat(count, 1).requires_grad_()
    soft = soft_codewords(codebook, indices, each, uniforms, 0.1)
    (soft @ weights).sum().backward()  # type: ignore[no-untyped-call]
    assert each.grad is not None
    ours, spread = each.grad.mean(dim=0).numpy(), each.grad.std(dim=0).numpy() / math.sqrt(count)
    for bit in range(3):
        shift = step * np.eye(3)[bit]
        up, down = (expected_loss(CROSSOVERS.numpy() + sign * shift) for sign in (1, -1))
        truth = (up - down) / (2 * step)
        assert abs(ours[bit] - truth) < norm.isf(1e-5) * spread[bit] + 0.005 * abs(truth)


def test_received_codewords_are_hard_and_give_each_its_gradient() -> None:
    codebook, indices, uniforms = drawn(50)
    codebook.requires_grad_()
    crossovers = CROSSOVERS.clone().requires_grad_()
    hard, soft = received_codewords(codebook, indices, crossovers, uniforms, 0.5)
    assert torch.equal(hard, codebook[flipped(indices, CROSSOVERS, uniforms)])
    assert not soft.any()
    (to_codebook,) = torch.autograd.grad(hard.sum(), codebook, retain_graph=True)
    arrived = flipped(indices, CROSSOVERS, uniforms)
    assert to_codebook[:, 0].tolist() == np.bincount(arrived, minlength=8).tolist()
    ours, none = torch.autograd.grad(soft.sum(), (crossovers, codebook), allow_unused=True)
    other = CROSSOVERS.clone().requires_grad_()
    relaxed = soft_codewords(codebook.detach(), indices, other, uniforms, 0.5).sum()
    assert none is None and torch.equal(ours, torch.autograd.grad(relaxed, other)[0])


@pytest.mark.parametrize(("crossover", "esn0"), [(0.5, 0.0), (0.0786496, 1.0), (3.872108e-6, 10.0)])
def test_energy_is_what_bpsk_needs(crossover: float, esn0: float) -> None:
    """Its bits flip with probability Q(sqrt(2 Es/N0)) = erfc(sqrt(Es/N0)) / 2."""
    given = torch.full((2, 3), crossover, dtype=torch.float64)
    assert needed_energy(given).tolist() == pytest.approx([3 * esn0] * 2, rel=1e-5)
