"""The classical design: each step by hand and against Lloyd's, where it ends against theory, and
codecs made by it.
"""

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.cluster.vq import kmeans2

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.codec.training.ecvq_design import Iteration, descent, designed_codec
from semcomm.data.sample import Sample
from semcomm.modalities.rgb8 import Image
from semcomm.zoo.find import load_codec

RATE_WEIGHTS = [0.05, 0.2, 0.8]


def nothing(step: Iteration) -> None:
    pass


def column(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None]


def uniform_bits(codewords: int) -> NDArray[np.float64]:
    return np.full(codewords, np.log2(codewords))


def test_four_points_and_two_codewords_by_hand() -> None:
    """First {0, 1, 2} and {8}; then 8 costs 49 + 32 log2(4/3) in the first cell and 32 * 2 in its
    own, which is more.

    The cell that is left empty keeps its codeword, at log2(4) bits: 8 would cost 64 there and costs
    5.25^2 here.
    """
    first, second, third = descent(
        column(0, 1, 2, 8), column(0, 5), uniform_bits(2), rate_weight=32
    )
    assert first.codebook.ravel().tolist() == [1, 8]
    assert first.bits == pytest.approx([np.log2(4 / 3), 2])
    assert first.distortion == 0.5
    assert first.rate == pytest.approx(0.75 * np.log2(4 / 3) + 0.5)
    assert first.lagrangian == pytest.approx(0.5 + 32 * first.rate)
    for step in (second, third):
        assert step.codebook.ravel().tolist() == [2.75, 8]
        assert step.bits.tolist() == [0, 2]
        assert (step.distortion, step.rate, step.lagrangian) == (38.75 / 4, 0, 38.75 / 4)


def test_a_lower_rate_weight_keeps_the_second_codeword_by_hand() -> None:
    """49 + 16 log2(4/3) is more than 16 * 2."""
    *_, last = descent(column(0, 1, 2, 8), column(0, 5), uniform_bits(2), rate_weight=16)
    assert last.codebook.ravel().tolist() == [1, 8]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(1, 300),
    st.integers(1, 40),
    st.integers(1, 4),
    st.floats(0, 3),
)
def test_the_lagrangian_never_rises_but_by_unused_prices(
    seed: int, count: int, codewords: int, dimension: int, rate_weight: float
) -> None:
    rng = np.random.default_rng(seed)
    vectors, codebook = (
        rng.standard_normal((n, dimension), np.float32) for n in (count, codewords)
    )
    bits = -np.log2(rng.dirichlet(np.ones(codewords)))
    for before, after in pairwise(descent(vectors, codebook, bits, rate_weight, tolerance=1e-6)):
        # Prices of empty cells come on top of shares that add up to 1, so all prices together are
        # too low by this.
        surplus = rate_weight * np.log2(np.sum(2.0**-before.bits))
        # Cells are chosen by float32 costs, whose error is some 1e-7 of the numbers that make them
        # up.
        assert after.lagrangian <= before.lagrangian + surplus + 1e-5


@pytest.mark.parametrize("rate_weight", [0.0, 0.1, 0.5])
def test_it_ends_at_a_fixed_point_of_centroids_bits_and_cells(
    rate_weight: float,
) -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 2), np.float32)
    *_, last = descent(vectors, vectors[:12], uniform_bits(12), rate_weight, tolerance=0.0)
    squared = np.square(vectors[:, None].astype(np.float64) - last.codebook).sum(axis=2)
    cells = (squared + rate_weight * last.bits).argmin(axis=1)
    used = np.unique(cells)
    for k in used:
        assert last.codebook[k] == pytest.approx(
            vectors[cells == k].mean(axis=0), abs=1e-5
        )  # float32
        assert last.bits[k] == pytest.approx(-np.log2(np.mean(cells == k)))
    assert last.distortion == pytest.approx(squared[np.arange(500), cells].mean(), rel=1e-5)
    assert last.rate == pytest.approx(stats.entropy(np.bincount(cells), base=2))
    assert len(used) == 12 if rate_weight < 0.5 else len(used) < 12


@pytest.mark.parametrize("iterations", [1, 2, 10])
def test_with_rate_weight_0_it_is_lloyds(iterations: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((2000, 3), np.float32)
    expected, labels = kmeans2(
        vectors.astype(np.float64), vectors[:20].astype(np.float64), iterations, minit="matrix"
    )
    iterations = list(
        islice(descent(vectors, vectors[:20], uniform_bits(20), 0.0, tolerance=0.0), iterations)
    )
    assert iterations[-1].codebook == pytest.approx(expected, abs=1e-5)  # float32
    assert np.exp2(-iterations[-1].bits) == pytest.approx(np.bincount(labels) / 2000)


@pytest.mark.parametrize(
    ("codewords", "rate_weight", "bits"),
    [(5, 0.443, 1), (33, 0.1223, 2), (65, 0.0311, 3), (65, 0.0311 / 4, 4)],
)
def test_a_gaussian_source_gets_the_best_scalar_quantizer(
    codewords: int, rate_weight: float, bits: float
) -> None:
    """Farvardin and Modestino, Optimum quantizer performance for a class of non-Gaussian memoryless
    sources, IEEE Transactions on Information Theory 30(3), 1984: uniform thresholds with centroids
    are as good as the best.

    The source is 20,000 quantiles, not random numbers, so the law itself but for what lies in
    between: at 4 bits, where cells hold fewest, 0.004 dB is found to be missing; below that, less.
    """
    source = column(*stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000))
    reach = min(4.0, codewords / 2.5)
    start = np.linspace(-reach, reach, codewords, dtype=np.float32)[:, None]
    *_, last = descent(source, start, uniform_bits(codewords), rate_weight, tolerance=1e-7)
    assert last.rate == pytest.approx(bits, abs=0.04)
    width = optimize.brentq(lambda width: uniform_thresholds(width)[0] - last.rate, 0.01, 8)
    _, best = uniform_thresholds(width)
    assert 10 * np.log10(best / last.distortion) == pytest.approx(0, abs=0.01)


def uniform_thresholds(width: float) -> tuple[float, float]:
    """Entropy in bits and squared error of a unit Gaussian in cells of one width around 0, at their
    centroids.
    """
    above = np.arange(0.5, 12 / width) * width
    upper, lower = above, np.concatenate([[-above[0]], above[:-1]])
    share = stats.norm.sf(lower) - stats.norm.sf(upper)
    moment = stats.norm.pdf(lower) - stats.norm.pdf(upper)
    times = np.where(
        np.arange(len(above)) == 0, 1, 2
    )  # all cells but that around 0 have their mirror image
    there = share > 0
    share, moment, times = share[there], moment[there], times[there]
    return -float(times @ (share * np.log2(share))), 1 - float(times @ (moment**2 / share))


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 256)


@pytest.fixture(scope="module")
def base() -> Codec:
    return load_codec("vq-n64")


@pytest.fixture(scope="module")
def codecs(base: Codec, images: list[Image]) -> list[Codec]:
    return [
        designed_codec("made", base, weight, images, {"by": "hand"}, nothing)
        for weight in RATE_WEIGHTS
    ]


def sent(codec: Codec, images: Sequence[Image]) -> tuple[float, float]:
    """Bits an image, that were decoded again, and mean squared error of a pixel."""
    indices = codec.quantize(codec.encode(images))
    symbols, grids = (
        np.concatenate([grid.ravel() for grid in indices]),
        whole_grids([grid.shape for grid in indices]),
    )
    coder = ENTROPY_CODERS["huffman"](codec.tensors)
    bits, lengths = coder.encode(symbols, grids)
    assert np.array_equal(coder.decode(bits, lengths, grids).symbols, symbols)
    decoded = codec.decode(codec.dequantize(indices), [image.shape[:2] for image in images])
    return float(np.mean(lengths)), float(
        np.mean(np.square(np.stack(decoded) - np.stack(images).astype(np.float64)))
    )


def test_rate_and_psnr_fall_as_the_rate_weight_grows(
    base: Codec, codecs: list[Codec], images: list[Image]
) -> None:
    bits, errors = zip(*(sent(codec, images) for codec in [base, *codecs]), strict=True)
    assert all(after < before - 15 for before, after in pairwise(bits))
    assert all(
        after > before for before, after in pairwise(errors[1:])
    )  # against base, centroids may even gain


def test_networks_are_the_bases_and_the_quantizer_is_new(base: Codec, codecs: list[Codec]) -> None:
    new = {"codebook", "bias", "probabilities", "code_lengths"}
    for codec in codecs:
        assert (codec.quantizer, codec.geometry) == ("ecvq", base.geometry)
        assert codec.tensors.keys() == base.tensors.keys()
        assert {
            k for k, v in codec.tensors.items() if not np.array_equal(v, base.tensors[k])
        } == new


def test_code_tables_are_those_of_the_images_indices(
    codecs: list[Codec], images: list[Image]
) -> None:
    for codec, weight in zip(codecs, RATE_WEIGHTS, strict=True):
        indices = np.concatenate([grid.ravel() for grid in codec.quantize(codec.encode(images))])
        counts = np.bincount(indices, minlength=256)
        assert weight < 0.8 or np.any(counts == 0)
        counts = np.maximum(counts, 1)
        assert np.array_equal(codec.probabilities, counts / counts.sum())
        assert np.array_equal(codec.code_lengths, optimal_code_lengths(counts))
        # Prices are a step behind the shares, and a last step, for 1e-4 of the Lagrangian, changes
        # few.
        surplus = codec.tensors["bias"] / weight + np.log2(counts / indices.size)
        assert abs(codec.probabilities @ surplus) < 1e-3


def test_one_design_is_one_codec_and_says_what_it_took(
    base: Codec, codecs: list[Codec], images: list[Image]
) -> None:
    iterations: list[Any] = []
    again = designed_codec("made", base, RATE_WEIGHTS[1], images, {"by": "hand"}, iterations.append)
    assert again.digest == codecs[1].digest
    assert again.origin == {
        "by": "hand",
        "rate_weight": RATE_WEIGHTS[1],
        "iterations": len(iterations),
    }


def test_a_design_goes_on_from_another(codecs: list[Codec], images: list[Image]) -> None:
    """At the same rate weight there is next to nothing left to gain."""
    iterations: list[Iteration] = []
    designed_codec("made", codecs[1], RATE_WEIGHTS[1], images, {}, iterations.append)
    assert len(iterations) < codecs[1].origin["iterations"] / 4
    assert iterations[0].lagrangian - iterations[-1].lagrangian < 1e-3 * iterations[-1].lagrangian
