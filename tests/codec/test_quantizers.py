"""The quantizer's criterion (3) against brute force, its ties, and the probabilities (4)."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from semcomm.choices import QuantizerName, TrainedQuantizerName
from semcomm.codec.codec import Codec
from semcomm.codec.quantizers import QUANTIZERS, TRAINED
from semcomm.codec.quantizers import nearest as search
from semcomm.codec.quantizers.codebook import codeword_bits, straight_through
from semcomm.codec.quantizers.covq import covq_tables
from semcomm.codec.quantizers.ecvq import Ecvq
from semcomm.codec.quantizers.nearest import nearest_codewords
from semcomm.codec.quantizers.vq import Vq

Floats = NDArray[np.float32]

SMALL = st.integers(-3, 3)
LOGITS = hnp.arrays(np.float32, st.integers(1, 40), elements=st.floats(-20, 20, width=32))


def nearest(vectors: Floats, codebook: Floats, bias: Floats) -> NDArray[np.int64]:
    return nearest_codewords(*map(torch.from_numpy, (vectors, codebook, bias))).numpy()


def normal(rng: np.random.Generator, *shape: int) -> Floats:
    return rng.standard_normal(shape, dtype=np.float32)


@st.composite
def whole_numbers(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Vectors, codebook and bias of small whole numbers, all of whose costs float32 holds
    exactly.
    """
    count, codewords, dimension = draw(
        st.tuples(st.integers(0, 30), st.integers(1, 20), st.integers(1, 3))
    )
    shapes = (count, dimension), (codewords, dimension), (codewords,)
    vectors, codebook, bias = (
        draw(hnp.arrays(np.float32, shape, elements=SMALL)) for shape in shapes
    )
    return vectors, codebook, np.abs(bias)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(2, 8), st.floats(0, 2))
def test_the_codeword_is_that_of_criterion_3(
    seed: int, codewords: int, dimension: int, rate_weight: float
) -> None:
    rng = np.random.default_rng(seed)
    vectors, codebook = normal(rng, 200, dimension), normal(rng, codewords, dimension)
    logits = 3 * rng.random(codewords, dtype=np.float32)
    bias = rate_weight * codeword_bits(torch.from_numpy(logits))
    chosen = nearest(vectors, codebook, bias.numpy())

    shares = np.exp(-logits.astype(np.float64)) / np.exp(-logits.astype(np.float64)).sum()
    differences = vectors[:, None].astype(np.float64) - codebook
    costs = -rate_weight * np.log2(shares) + np.square(differences).sum(axis=2)
    lowest = np.sort(costs, axis=1)[:, :2]
    # float32 errs by 6e-8 of each of the some twenty numbers that make up a cost, of which none is
    # above `size`;
    # where the two lowest costs are closer than that allows, either may be taken.
    size = (
        1
        + np.square(vectors).sum(axis=1)
        + np.square(codebook).sum(axis=1).max()
        + bias.numpy().max()
    )
    clear = lowest[:, -1] - lowest[:, 0] > 1e-5 * size if codewords > 1 else np.ones(200, bool)
    assert clear.mean() > 0.9
    assert np.array_equal(chosen[clear], costs.argmin(axis=1)[clear])


@settings(deadline=None)
@given(whole_numbers())
def test_of_codewords_that_cost_the_same_the_lowest_is_taken(
    case: tuple[Floats, Floats, Floats],
) -> None:
    vectors, codebook, bias = case
    costs = np.square(vectors[:, None] - codebook).sum(axis=2) + bias
    assert nearest(vectors, codebook, bias).tolist() == [
        row.tolist().index(row.min()) for row in costs
    ]


@settings(deadline=None)
@given(whole_numbers(), st.integers(1, 100))
def test_the_costs_held_at_once_change_nothing(
    case: tuple[Floats, Floats, Floats], max_costs: int
) -> None:
    at_once = nearest(*case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "COSTS_AT_ONCE", max_costs)
        assert np.array_equal(nearest(*case), at_once)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_with_rate_weight_0_the_criterion_is_that_of_vq(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, codebook = normal(rng, 100, 4), normal(rng, 64, 4)
    bits = codeword_bits(torch.from_numpy(10 * normal(rng, 64))).numpy()
    assert np.array_equal(
        nearest(vectors, codebook, np.float32(0) * bits),
        nearest(vectors, codebook, np.zeros_like(bits)),
    )


def test_a_rate_weight_moves_boundaries_to_rarer_codewords() -> None:
    codebook, bias = np.array([[0.0], [1.0]], np.float32), np.array([1.0, 1.5], np.float32)
    # z^2 + 1 = (z - 1)^2 + 1.5 at z = 0.75, where the two are equal and the lower index is taken.
    vectors = np.array([[0.74], [0.75], [0.76]], np.float32)
    assert nearest(vectors, codebook, bias).tolist() == [0, 0, 1]


@given(LOGITS)
def test_codeword_bits_are_those_of_equation_4(logits: Floats) -> None:
    exact = logits.astype(np.float64)
    bits = codeword_bits(torch.from_numpy(logits)).numpy()
    # float32 errs by 6e-8 of the logits and of their logarithmic sum, which reach 24; more is left
    # for rounding.
    assert bits == pytest.approx(-np.log2(np.exp(-exact) / np.exp(-exact).sum()), abs=1e-5)
    assert np.exp2(-bits.astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


def test_a_higher_logit_makes_a_rarer_codeword() -> None:
    bits = codeword_bits(torch.tensor([0.0, math.log(2), math.log(4)]))
    assert bits.tolist() == pytest.approx(
        [math.log2(7 / 4), math.log2(7 / 2), math.log2(7)], abs=1e-6
    )


def test_bits_stay_finite_where_probabilities_vanish() -> None:
    bits = codeword_bits(torch.tensor([0.0, 300.0]))
    assert bits.tolist() == pytest.approx([0, 300 / math.log(2)], rel=1e-6)


def test_choices_list_the_quantizers() -> None:
    assert get_args(QuantizerName) == tuple(QUANTIZERS)
    assert get_args(TrainedQuantizerName) == tuple(TRAINED)


def test_vq_and_ecvq_differ_in_their_bias() -> None:
    codebook, bits = np.zeros((3, 2), np.float32), np.array([1.0, 2.0, 2.0])
    assert Vq.tables(codebook, bits, 0.5)["bias"].tolist() == [0, 0, 0]
    assert Ecvq.tables(codebook, bits, 0.5)["bias"].tolist() == [0.5, 1, 1]
    assert all(tables["codebook"] is codebook for tables in [Vq.tables(codebook, bits, 0.0)])


@pytest.mark.parametrize("name", QUANTIZERS)
def test_tables_have_the_shapes_of_the_codec_file(name: str, tiny_codec: Codec) -> None:
    shapes = QUANTIZERS[name].shapes(tiny_codec.geometry)
    assert tuple(shapes) == QUANTIZERS[name].TABLES
    tables = {**tiny_codec.tensors, **covq_tables(tiny_codec.codebook, crossover=0.1)}
    tables["encoder_centroids"] = tiny_codec.codebook
    for table, (shape, dtype) in shapes.items():
        assert tables[table].shape == shape and tables[table].dtype == dtype


def test_rate_costs_are_what_assign_adds_to_distances() -> None:
    rng = np.random.default_rng(0)
    codebook, bias, bits = (torch.from_numpy(normal(rng, *shape)) for shape in ((9, 3), (9,), (9,)))
    quantizer = Ecvq(codebook, bias, bits.abs())
    latents, weights = torch.from_numpy(normal(rng, 2, 4, 5, 2, 3)), torch.tensor([0.1, 2.0])
    everything = torch.arange(9).expand(2, 4, 5, 2, 9)
    distances = (latents[..., None, :] - codebook).square().sum(dim=-1)
    for rate_weights in (None, weights):
        shape = (2, -1, 1, 1)  # all codewords at all positions, as further positions
        costs = quantizer.rate_costs(everything.reshape(shape), rate_weights)
        expected = (distances + costs.view(distances.shape)).argmin(dim=-1)
        assert torch.equal(quantizer.assign(latents, rate_weights), expected)


def test_straight_through_gives_codewords_and_passes_gradients() -> None:
    vectors, codewords = torch.ones(2, 3, requires_grad=True), torch.zeros(2, 3)
    result = straight_through(vectors, codewords)
    assert torch.equal(result, codewords)
    (gradient,) = torch.autograd.grad((3 * result).sum(), vectors)
    assert torch.equal(gradient, torch.full((2, 3), 3.0))
