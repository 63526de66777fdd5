"""The channel-optimized design: a round against sums written out, its end against theory, and codecs
made by it.
"""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from, load_codec, save_codec
from semcomm.codec.quantizers.covq import covq_tables
from semcomm.codec.training.covq_design import Round, channel_optimized_codec, descent
from semcomm.codec.training.ecvq_design import descent as ecvq_descent
from semcomm.codec.training.ecvq_design import designed_codec, sub_vectors
from semcomm.data.sample import Sample
from semcomm.errors import CodecError
from semcomm.modalities.rgb8 import Image
from semcomm.soft_decoding import expected_codewords

CROSSOVER = 0.05


def nothing(step: Round) -> None:
    pass


def normal(seed: int, *shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def flips(bits: int, crossover: float) -> NDArray[np.float64]:
    """P(j | k), by the number of ones in j xor k."""
    indices = np.arange(1 << bits)
    ones = np.array([[(j ^ k).bit_count() for j in indices.tolist()] for k in indices.tolist()])
    return crossover**ones * (1 - crossover) ** (bits - ones)


def test_a_round_is_that_of_sums_over_all_indices() -> None:
    vectors, codebook = normal(0, 300, 2).astype(np.float64), normal(1, 8, 2)
    chances = flips(3, CROSSOVER)
    squares = np.square(vectors[:, None] - codebook).sum(axis=2)
    sent = (squares @ chances).argmin(axis=1)
    arrives = chances[sent]  # of each vector, as each index
    expected = arrives.T @ vectors / arrives.sum(axis=0)[:, None]
    errors = np.square(vectors[:, None] - expected).sum(axis=2)
    step = next(descent(vectors.astype(np.float32), codebook, CROSSOVER))
    assert step.codebook == pytest.approx(expected, abs=1e-6)  # float32
    assert step.distortion == pytest.approx((arrives * errors).sum() / 300, rel=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(1, 300),
    st.integers(0, 5),
    st.integers(1, 4),
    st.floats(0, 0.5),
)
def test_the_distortion_never_rises(
    seed: int, count: int, bits: int, dimension: int, crossover: float
) -> None:
    vectors, codebook = normal(seed, count, dimension), normal(seed + 1, 1 << bits, dimension)
    for before, after in pairwise(descent(vectors, codebook, crossover, tolerance=1e-6)):
        # Indices are chosen by float32 costs, whose error is some 1e-7 of what makes them up.
        assert after.distortion <= before.distortion + 1e-5


def test_without_flips_it_is_the_design_of_rate_weight_0() -> None:
    vectors, codebook = normal(0, 2000, 3), normal(1, 16, 3)
    ours = list(descent(vectors, codebook, crossover=0.0))
    theirs = list(ecvq_descent(vectors, codebook, np.zeros(16), rate_weight=0.0))
    assert [step.distortion for step in ours] == pytest.approx(
        [step.distortion for step in theirs], rel=1e-9
    )
    assert np.array_equal(ours[-1].codebook, theirs[-1].codebook)


def test_bits_that_say_nothing_leave_the_mean() -> None:
    vectors = normal(0, 500, 2)
    *_, last = descent(vectors, normal(1, 8, 2), crossover=0.5)
    assert last.codebook == pytest.approx(np.tile(vectors.mean(axis=0), (8, 1)), abs=1e-6)
    assert last.distortion == pytest.approx(vectors.var(axis=0).sum(), rel=1e-6)


@pytest.mark.parametrize("crossover", [0.0, 0.01, 0.1, 0.3])
def test_one_bit_of_a_gaussian_is_what_theory_says(crossover: float) -> None:
    """The sign arrives as b = +-(1 - 2 crossover) sqrt(2 / pi), the mean given the bit that arrives;
    the distortion is 1 - b^2.

    The source is 20,000 quantiles, whose variance is 1 but for 2e-4.
    """
    source = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000).astype(np.float32)[:, None]
    *_, last = descent(source, np.array([[-0.1], [0.3]], np.float32), crossover, tolerance=1e-9)
    mean = (1 - 2 * crossover) * np.sqrt(2 / np.pi)
    assert last.codebook.ravel() == pytest.approx([-mean, mean], abs=1e-3)
    assert last.distortion == pytest.approx(1 - mean**2, abs=5e-4)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 64)


@pytest.fixture(scope="module")
def made(tiny_codec: Codec, images: list[Image]) -> Codec:
    return channel_optimized_codec("made", tiny_codec, CROSSOVER, images, {"by": "hand"}, nothing)


def test_networks_are_the_bases_and_the_tables_are_new(tiny_codec: Codec, made: Codec) -> None:
    assert (made.quantizer, made.geometry) == ("covq", tiny_codec.geometry)
    for name, tensor in tiny_codec.tensors.items():
        if name.startswith(("encoder.", "decoder.")):
            assert np.array_equal(made.tensors[name], tensor)
    for name, table in covq_tables(made.codebook, CROSSOVER).items():
        assert np.array_equal(made.tensors[name], table)


def test_the_encoders_centroids_are_the_means_of_what_is_sent(
    made: Codec, images: list[Image]
) -> None:
    latents = made.encode(images)
    vectors, sent = (
        sub_vectors(latents),
        np.concatenate(list(map(np.ravel, made.quantize(latents)))),
    )
    for index in set(sent.tolist()):
        mean = vectors[sent == index].mean(axis=0, dtype=np.float64)
        assert made.sent_codewords[index] == pytest.approx(mean, abs=1e-6)  # float32


def test_what_arrives_is_decoded_as_its_bits_llrs_say(made: Codec, images: list[Image]) -> None:
    """Behind the channel of the design, soft decoding gives the decoder's codebook, but for what the
    last round still changed: some thousandths of the codewords' spread.
    """
    signs = 1 - 2 * (np.arange(32)[:, None] >> np.arange(5)[::-1] & 1)
    llrs = (signs * np.log((1 - CROSSOVER) / CROSSOVER)).astype(np.float32)
    soft = expected_codewords(llrs, made.sent_codewords, made.probabilities)
    error = np.square(soft - made.codebook).sum(axis=1)
    assert (
        error.max()
        < 1e-3 * np.square(made.codebook - made.codebook.mean(axis=0)).sum(axis=1).mean()
    )
    twice = expected_codewords(llrs, made.codebook, made.probabilities)
    assert np.square(twice - made.codebook).sum(axis=1).mean() > 10 * error.mean()


def test_its_file_is_read_back(made: Codec, tmp_path: Path) -> None:
    save_codec(made, tmp_path / "made.safetensors")
    read = load_codec(tmp_path / "made.safetensors")
    assert (read.digest, read.quantizer) == (made.digest, "covq")
    assert read.origin == {"by": "hand", "crossover": CROSSOVER, "rounds": made.origin["rounds"]}


def test_flipped_bits_cost_what_the_design_expects(
    tiny_codec: Codec, made: Codec, images: list[Image]
) -> None:
    """Its last round against sent indices whose bits flip; before it, the base costs more."""
    rounds: list[Round] = []
    channel_optimized_codec("made", tiny_codec, CROSSOVER, images, {}, rounds.append)
    latents = made.encode(images)
    vectors, rng = sub_vectors(latents), np.random.default_rng(0)

    def errors(codec: Codec) -> NDArray[np.float64]:
        sent = np.concatenate([grid.ravel() for grid in codec.quantize(latents)]).astype(np.int64)
        flipped = (rng.random((sent.size, 5)) < CROSSOVER) @ (1 << np.arange(5))
        return np.square(vectors - codec.codebook[sent ^ flipped], dtype=np.float64).sum(axis=1)

    found = errors(made)
    # Five standard errors: one run in two million is outside.
    slack = 5 * found.std() / np.sqrt(found.size)
    assert found.mean() == pytest.approx(rounds[-1].distortion, abs=slack)
    assert errors(tiny_codec).mean() > found.mean() + slack


def test_a_covq_codec_can_be_the_base_of_either_design(made: Codec, images: list[Image]) -> None:
    again = channel_optimized_codec("again", made, 0.2, images, {}, nothing)
    assert again.quantizer == "covq"
    classical = designed_codec("classical", made, 0.1, images, {}, lambda step: None)
    assert classical.quantizer == "ecvq" and "encoder_codebook" not in classical.tensors


def test_codewords_have_to_be_a_power_of_two(tiny_codec: Codec, images: list[Image]) -> None:
    rows = {"codebook", "bias", "probabilities", "code_lengths"}
    tensors = {n: t[:2] if n in rows else t for n, t in tiny_codec.tensors.items()}
    three = {n: np.repeat(t, [1, 2], axis=0) if n in rows else t for n, t in tensors.items()}
    three["probabilities"], three["code_lengths"] = np.ones(3) / 3, np.array([1, 2, 2], np.uint8)
    geometry = replace(tiny_codec.geometry, codewords=3)
    base = codec_from("three", About(geometry, "vq", {}), three)
    with pytest.raises(CodecError, match=r"three has 3 codewords; .* takes a power of two"):
        channel_optimized_codec("made", base, 0.1, images, {}, nothing)
