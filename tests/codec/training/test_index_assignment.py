"""Index assignments: as cheap as can be where that is known, and no picture or bit is another."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from
from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.codec.quantizers.covq import covq_tables
from semcomm.codec.training.index_assignment import (
    LARGEST_ANNEALED,
    MOST_PROPOSALS,
    index_assignment,
    reordered,
    with_assigned_indices,
)
from semcomm.data.sample import Sample
from semcomm.modalities.rgb8 import Image

Quantizer = tuple[NDArray[np.float32], NDArray[np.float64]]


def cost(codebook: NDArray[np.float32], probabilities: NDArray[np.float64]) -> float:
    """The mean squared distance that a wrong bit causes, summed over the bits; words not in use are
    the mean.
    """
    used = len(codebook)
    unused_words = (1 << (used - 1).bit_length()) - used
    codewords = np.vstack([codebook, *[probabilities @ codebook] * unused_words], dtype=np.float64)
    indices, total = np.arange(used), 0.0
    for bit in range((used - 1).bit_length()):
        squared = np.square(codewords[indices] - codewords[indices ^ 1 << bit]).sum(axis=1)
        total += float(probabilities @ squared)
    return total


def assigned_cost(
    codebook: NDArray[np.float32], probabilities: NDArray[np.float64], **limits: int
) -> float:
    order = index_assignment(codebook, probabilities, **limits)
    return cost(codebook[order], probabilities[order])


def drawn(seed: int, codewords: int) -> Quantizer:
    """Normal codewords, wider in some dimensions than in others, with probabilities from even to
    very uneven.
    """
    rng = np.random.default_rng(seed)
    scales = rng.exponential(size=rng.integers(1, 5))
    codebook = (rng.standard_normal((codewords, scales.size)) * scales).astype(np.float32)
    return codebook, rng.dirichlet(np.full(codewords, rng.choice([0.1, 0.5, 1, 10])))


quantizers = st.builds(drawn, st.integers(0, 10**6), st.integers(1, 20))


both_ways = pytest.mark.parametrize(
    "largest_annealed", [LARGEST_ANNEALED, 0], ids=["annealed", "split alone"]
)
"""The codebook counts as small, then as too large to be annealed."""


@settings(deadline=None, max_examples=12)
@given(quantizers, st.sampled_from([MOST_PROPOSALS, 64]))
def test_no_exchange_costs_less_nor_did_the_given_order(
    quantizer: Quantizer, most_proposals: int
) -> None:
    """However far annealing comes."""
    codebook, probabilities = quantizer
    order = index_assignment(codebook, probabilities, most_proposals=most_proposals)
    assert order.dtype == np.int64 and sorted(order) == list(range(len(codebook)))
    reached = cost(codebook[order], probabilities[order])
    slack = 1e-7 * (reached + cost(codebook, probabilities))
    assert reached <= cost(codebook, probabilities) + slack
    for i, j in combinations(range(len(codebook)), 2):
        exchanged = order.copy()
        exchanged[[i, j]] = order[[j, i]]
        assert reached <= cost(codebook[exchanged], probabilities[exchanged]) + slack


@settings(deadline=None, max_examples=50)
@given(quantizers)
def test_too_large_a_codebook_costs_no_more_than_as_given(
    quantizer: Quantizer,
) -> None:
    codebook, probabilities = quantizer
    order = index_assignment(codebook, probabilities, largest_annealed=0)
    assert order.dtype == np.int64 and sorted(order) == list(range(len(codebook)))
    assert cost(codebook[order], probabilities[order]) <= cost(codebook, probabilities) * (1 + 1e-9)


@pytest.mark.parametrize("codewords", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_a_few_codewords_costs_less(seed: int, codewords: int) -> None:
    codebook, probabilities = drawn(seed, codewords)
    orders = [list(order) for order in permutations(range(codewords))]
    if codewords == 7:
        orders = orders[
            ::7
        ]  # enough to be missed by what is not an optimum, in a seventh of the time
    least = min(cost(codebook[order], probabilities[order]) for order in orders)
    assert assigned_cost(codebook, probabilities) <= least * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_eight_codewords_costs_less(seed: int) -> None:
    """All 40,320 orders at once: the cost is a sum over the twelve edges of a cube."""
    codebook, probabilities = drawn(seed, 8)
    squared = np.square(codebook[:, None].astype(np.float64) - codebook).sum(axis=2)
    orders = np.array(list(permutations(range(8))))
    edges = [(i, i ^ bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]
    costs = sum(
        (probabilities[orders[:, [i, j]]].sum(axis=1)) * squared[orders[:, i], orders[:, j]]
        for i, j in edges
    )
    assert assigned_cost(codebook, probabilities) == pytest.approx(np.min(costs), rel=1e-9)


@both_ways
@pytest.mark.parametrize("bits", range(1, 9))
def test_a_uniform_scalar_codebook_costs_what_binary_numbers_do(
    bits: int, largest_annealed: int
) -> None:
    """They are best there (McLaughlin, Neuhoff and Ashley, 1995): a wrong bit b moves by 2^b, (4^m
    - 1) / 3 in all.
    """
    levels = np.random.default_rng(bits).permutation(1 << bits).astype(np.float32)[:, None]
    shares = np.full(1 << bits, 0.5**bits)
    assert assigned_cost(levels, shares, largest_annealed=largest_annealed) == pytest.approx(
        (4**bits - 1) / 3, rel=1e-9
    )


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_sums_of_signed_vectors_cost_four_times_their_variance(bits: int) -> None:
    """That is the least for equiprobable codewords, as a hypercube's Laplacian has no positive
    eigenvalue below 2.
    """
    rng = np.random.default_rng(bits)
    signs = 1 - 2 * (np.arange(1 << bits)[:, None] >> np.arange(bits) & 1)
    codebook = rng.permutation(signs @ rng.standard_normal((bits, 3))).astype(np.float32)
    variance = codebook.var(axis=0, dtype=np.float64).sum()
    assert assigned_cost(codebook, np.full(1 << bits, 0.5**bits)) == pytest.approx(
        4 * variance, rel=1e-6
    )


def test_annealing_beats_exchanges_alone_on_256_codewords() -> None:
    rng = np.random.default_rng(0)
    codebook, probabilities = (
        rng.standard_normal((256, 4)).astype(np.float32),
        rng.dirichlet(np.ones(256)),
    )
    # Binary switching from 30 random orders ended at 0.328 to 0.359 of the cost of this random one.
    assert assigned_cost(codebook, probabilities) < 0.32 * cost(codebook, probabilities)


@both_ways
@pytest.mark.parametrize("codewords", [1, 2, 16, 32])
def test_equal_codewords_end_in_some_order(codewords: int, largest_annealed: int) -> None:
    codebook, shares = np.ones((codewords, 2), np.float32), np.full(codewords, 1 / codewords)
    order = index_assignment(codebook, shares, largest_annealed)
    assert sorted(order) == list(range(codewords))


def test_it_is_the_same_whatever_was_drawn_before() -> None:
    codebook, probabilities = drawn(0, 32)
    first = index_assignment(codebook, probabilities)
    np.random.seed(1)
    assert np.array_equal(index_assignment(codebook, probabilities), first)


@pytest.fixture(params=["ecvq", "covq"])
def codec(request: pytest.FixtureRequest, tiny_codec: Codec) -> Codec:
    """With a quantizer that has two tables, and with one that has four."""
    if request.param == "ecvq":
        return tiny_codec
    tables = covq_tables(tiny_codec.codebook, 0.05)
    tables["encoder_centroids"] = tables["encoder_codebook"]
    about = About(tiny_codec.geometry, "covq", {})
    return codec_from("tiny", about, {**tiny_codec.tensors, **tables})


def test_every_picture_and_its_bits_stay_the_same(codec: Codec) -> None:
    """While indices change, and cost less."""
    shuffle = np.random.default_rng(0).permutation(codec.geometry.codewords)
    about = About(codec.geometry, codec.quantizer, {})
    before = codec_from("tiny", about, reordered(codec, shuffle))
    after = codec_from("tiny", about, with_assigned_indices(before))
    images = Sample().load(100, 120)
    latents = before.encode(images)
    indices = before.quantize(latents), after.quantize(latents)
    assert not np.array_equal(*indices)
    assert np.array_equal(pictures(before, indices[0]), pictures(after, indices[1]))
    assert np.array_equal(huffman_bits(before, indices[0]), huffman_bits(after, indices[1]))
    assert (
        cost(after.codebook, after.probabilities)
        < cost(before.codebook, before.probabilities) / 1.5
    )


def pictures(codec: Codec, indices: list[NDArray[np.uint16]]) -> list[Image]:
    return codec.decode(codec.dequantize(indices), [(32, 32)] * len(indices))


def huffman_bits(codec: Codec, indices: list[NDArray[np.uint16]]) -> NDArray[np.int64]:
    """Of each image."""
    coder = ENTROPY_CODERS["huffman"](codec.tensors)
    return coder.encode(
        np.concatenate([grid.ravel() for grid in indices]), whole_grids([g.shape for g in indices])
    )[1]
