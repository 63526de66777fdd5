"""Bits that are drawn and their gradients, against enumeration of all outcomes of three bits."""

from itertools import product
from math import log

import pytest
import torch
from scipy import stats
from torch import Tensor

from semcomm.codec.training.random_bits import (
    arrival_probabilities,
    draw_bits,
    left_out,
    log_probabilities,
    straight_through_bits,
    vimco_objective,
)

LOGITS = torch.tensor([[0.3, -1.2, 2.0]], dtype=torch.float64)
OUTCOMES = torch.tensor(list(product([0.0, 1.0], repeat=3)), dtype=torch.float64)
"""(8, 3): the numbers 0 to 7 in three bits."""


def bernoulli(outcomes: Tensor, probabilities: Tensor) -> Tensor:
    """The probability of each outcome, (n, 3), of bits that are 1 with given ones, (3,)."""
    factors = outcomes * probabilities + (1 - outcomes) * (1 - probabilities)
    return factors.prod(dim=-1)


def crossover(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64)


@pytest.mark.parametrize("flips_at", [0.0, 0.05, 0.5])
def test_the_channel_within_is_the_channel_behind(flips_at: float) -> None:
    """The probability of each outcome equals the sum over all bits sent and all flips of them."""
    sent = bernoulli(OUTCOMES, torch.sigmoid(LOGITS[0]))
    flips = bernoulli(OUTCOMES, torch.full((3,), flips_at, dtype=torch.float64))
    arrived = [0.0] * 8
    for bits, flip in product(range(8), repeat=2):
        arrived[bits ^ flip] += float(sent[bits] * flips[flip])

    probabilities = arrival_probabilities(LOGITS, crossover(flips_at))
    ours = log_probabilities(OUTCOMES[:, None], probabilities)[:, 0].exp()
    assert ours.tolist() == pytest.approx(arrived, abs=1e-15)


def test_each_image_has_the_probabilities_of_its_crossover() -> None:
    logits = LOGITS.view(1, 3, 1, 1).repeat(2, 1, 2, 2)
    both = arrival_probabilities(logits, torch.tensor([0.0, 0.2]))
    assert torch.equal(both[0], torch.sigmoid(logits[0]))
    assert torch.allclose(both[1], 0.8 * both[0] + 0.2 * (1 - both[0]))


def test_bits_are_drawn_as_often_as_their_probabilities() -> None:
    probabilities, draws = torch.tensor([[0.0, 0.02, 0.5, 1.0]]), 20_000
    bits = draw_bits(probabilities, draws, torch.Generator().manual_seed(0))
    assert bits.shape == (draws, 1, 4) and set(bits.unique().tolist()) == {0.0, 1.0}
    # Counts of independent draws lie in this interval but for one in ten million.
    low, high = stats.binom.interval(1 - 1e-7, draws, probabilities[0].numpy())
    counts = bits.sum(dim=(0, 1)).numpy()
    assert ((low <= counts) & (counts <= high)).all()


def test_no_draw_is_impossible_whatever_the_logits() -> None:
    """Where probabilities round to 0 and 1."""
    logits = torch.linspace(-120, 120, 241)[None].requires_grad_()
    probabilities = arrival_probabilities(logits, torch.zeros(1))
    bits = draw_bits(probabilities, 100, torch.Generator().manual_seed(0))
    log_probabilities(bits, probabilities).sum().backward()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_straight_through_bits_are_bits_with_a_gradient() -> None:
    logits = LOGITS.float().requires_grad_()
    probabilities = arrival_probabilities(logits, torch.tensor([0.1]))
    bits = draw_bits(probabilities, 200, torch.Generator().manual_seed(0))
    through = straight_through_bits(bits, probabilities)
    assert torch.equal(through, bits)

    weights = torch.tensor([1.0, -2.0, 3.0])
    (through[:1] * weights).sum().backward()
    sent = torch.sigmoid(LOGITS.float())
    assert logits.grad is not None
    assert torch.allclose(logits.grad, weights * 0.8 * sent * (1 - sent))


def scored(outcomes: Tensor, weights: Tensor) -> Tensor:
    """A score of each outcome, as of a decoder with `weights` that wants to say 1."""
    return -(1 - outcomes @ weights).square() / 0.3


@pytest.mark.parametrize("draws", [2, 3])
def test_the_expected_gradient_of_vimco_is_exact(draws: int) -> None:
    """Over all 8^K results of K draws of three bits, with flips, for encoder and decoder."""
    logits, weights = LOGITS.clone().requires_grad_(), OUTCOMES[3] * 0.4 + 0.2
    weights.requires_grad_()
    results = torch.cartesian_prod(*[torch.arange(8)] * draws).T
    drawn = OUTCOMES[results]  # (K, 8^K, 3)

    def parts() -> tuple[Tensor, Tensor]:
        probabilities = arrival_probabilities(logits, crossover(0.1))
        of_bits = log_probabilities(drawn, probabilities.expand(drawn.shape[1:]))
        return scored(drawn, weights), of_bits

    scores, of_bits = parts()
    shares = of_bits.sum(dim=0).exp()
    assert shares.sum().item() == pytest.approx(1)
    expected = (shares * (scores.exp().mean(dim=0)).log()).sum()
    exact = torch.autograd.grad(expected, [logits, weights])

    scores, of_bits = parts()
    estimates = vimco_objective(scores, of_bits)
    assert torch.allclose(estimates, scores.exp().mean(dim=0).log())
    ours = torch.autograd.grad((shares.detach() * estimates).sum(), [logits, weights])
    for theirs, mean in zip(exact, ours, strict=True):
        assert torch.allclose(mean, theirs, rtol=1e-10) and theirs.abs().min() > 1e-3


def test_a_draw_left_out_counts_as_the_mean_of_the_others() -> None:
    scores = torch.tensor([[0.0], [0.0], [log(4)]], dtype=torch.float64)
    by_hand = [log((2 + 1 + 4) / 3), log((1 + 2 + 4) / 3), log((1 + 1 + 1) / 3)]
    assert left_out(scores)[:, 0].tolist() == pytest.approx(by_hand, abs=1e-15)
