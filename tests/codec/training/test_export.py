"""Finished codecs: probabilities, code lengths and bias are those of the indices of the training
images.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.networks import Geometry
from semcomm.codec.quantizers.codebook import codeword_bits
from semcomm.codec.quantizers.nearest import nearest_codewords
from semcomm.codec.training import export
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.export import export_codec
from semcomm.codec.training.index_assignment import with_assigned_indices
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.data.sample import Sample
from semcomm.modalities.rgb8 import Image

UNUSED, FAR = [4, 9], 100.0
RATE_WEIGHT = 0.05
VQ, ECVQ = Recipe("vq", 0.0), Recipe("ecvq", RATE_WEIGHT)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return [image[:12, :9] for image in Sample().load(0, 40)]


@pytest.fixture(scope="module")
def model(images: list[Image]) -> VqAutoencoder:
    """Untrained networks, 16 codewords among their latents but for two that are far off, and any
    logits.
    """
    geometry = Geometry(groups=2, dimension=2, codewords=16, channels=4)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        made = VqAutoencoder(geometry)
        made.logits.copy_(torch.rand(16))
        made.get_parameter("encoder.3.weight").mul_(
            20
        )  # so that latents lie about as far apart as trained ones
        latents = export_codec("any", made, VQ, images, {}).encode(images[:1])[0]
        made.codebook.copy_(torch.from_numpy(latents.reshape(-1, 2)[:16]))
        made.codebook[:, UNUSED] = FAR
    return made


def unused(codec: Codec) -> list[int]:
    """The indices of the two codewords that are far off."""
    return np.flatnonzero(codec.codebook[:, 0] == FAR).tolist()


def counted(codec: Codec, images: list[Image]) -> NDArray[np.int64]:
    indices = codec.quantize(codec.encode(images))
    return np.bincount(np.concatenate([grid.ravel() for grid in indices]), minlength=16)


@pytest.mark.parametrize("recipe", [VQ, ECVQ], ids=["vq", "ecvq"])
def test_code_tables_are_those_of_the_training_images_indices(
    model: VqAutoencoder, images: list[Image], recipe: Recipe
) -> None:
    codec = export_codec("tiny", model, recipe, images, {})
    counts = counted(codec, images)
    assert not counts[unused(codec)].any()
    counts = np.maximum(counts, 1)
    assert np.array_equal(codec.probabilities, counts / counts.sum())
    # Of codewords with equal counts, either may have the shorter code.
    assert np.array_equal(np.sort(codec.code_lengths), np.sort(optimal_code_lengths(counts)))
    assert counts @ codec.code_lengths == counts @ optimal_code_lengths(counts)


@pytest.mark.parametrize("recipe", [VQ, ECVQ], ids=["vq", "ecvq"])
def test_codewords_that_no_training_image_used_can_be_sent(
    model: VqAutoencoder, images: list[Image], recipe: Recipe
) -> None:
    codec = export_codec("tiny", model, recipe, images, {})
    coder = ENTROPY_CODERS["huffman"](codec.tensors)
    symbols, grids = (
        np.array([*unused(codec), 0, *unused(codec)], np.uint16),
        np.array([[0, 5, 5, 1]]),
    )
    bits, lengths = coder.encode(symbols, grids)
    assert coder.decode(bits, lengths, grids).symbols.tolist() == symbols.tolist()


def test_vq_has_no_bias(model: VqAutoencoder, images: list[Image]) -> None:
    assert not export_codec("tiny", model, VQ, images, {}).tensors["bias"].any()


def test_ecvqs_bias_is_of_the_shares_of_the_pass_before(
    model: VqAutoencoder, images: list[Image]
) -> None:
    """It is the rate weight times -log2 of the shares that the pass before counted."""
    codec = export_codec("tiny", model, ECVQ, images, {})
    vectors = torch.from_numpy(
        np.concatenate([grid.reshape(-1, 2) for grid in codec.encode(images)])
    )
    bits = codeword_bits(model.logits[0].detach()).double()
    for _ in range(3):
        bias = (RATE_WEIGHT * bits).float()
        indices = nearest_codewords(vectors, model.codebook[0].detach(), bias)
        counts = torch.bincount(indices, minlength=16).clamp(min=1)
        bits = -(counts / counts.sum(dtype=torch.float64)).log2()
    # The last pass' shares are the codec's, and the bias with which they were counted is, too, up
    # to rounding.
    order = (
        (codec.codebook[:, None] == model.codebook[0].detach().numpy()).all(axis=2).argmax(axis=1)
    )
    assert codec.probabilities == pytest.approx((counts / counts.sum()).numpy()[order], rel=1e-6)
    assert codec.tensors["bias"] == pytest.approx(bias.numpy()[order], rel=1e-6)
    assert np.exp2(-codec.tensors["bias"] / RATE_WEIGHT).sum() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("recipe", [VQ, ECVQ], ids=["vq", "ecvq"])
def test_indices_are_assigned_last(
    model: VqAutoencoder, images: list[Image], recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = export_codec("tiny", model, recipe, images, {})
    monkeypatch.setattr(export, "with_assigned_indices", lambda codec: dict(codec.tensors))
    as_trained = export_codec("tiny", model, recipe, images, {})
    assert np.array_equal(as_trained.codebook, model.codebook[0].detach().numpy())
    expected = with_assigned_indices(as_trained)
    assert all(np.array_equal(codec.tensors[name], expected[name]) for name in expected)


def test_indices_that_a_channel_assigned_stay(model: VqAutoencoder, images: list[Image]) -> None:
    recipe = Recipe("vq", 0.0, channel=BitFlips(0.1))
    codec = export_codec("made", model, recipe, images, {})
    assert np.array_equal(codec.codebook, model.codebook[0].detach().numpy())


def test_a_higher_rate_weight_takes_fewer_bits(model: VqAutoencoder, images: list[Image]) -> None:
    spent = []
    for rate_weight in (0.0, 0.05, 0.5):
        codec = export_codec("tiny", model, Recipe("ecvq", rate_weight), images, {})
        spent.append(counted(codec, images) @ codec.code_lengths.astype(np.int64))
    assert spent[0] > spent[1] > spent[2]


def test_ecvq_with_rate_weight_0_is_vq(model: VqAutoencoder, images: list[Image]) -> None:
    vq = export_codec("tiny", model, VQ, images, {})
    ecvq = export_codec("tiny", model, Recipe("ecvq", 0.0), images, {})
    others = Sample().load(200, 210)
    pairs = zip(vq.quantize(vq.encode(others)), ecvq.quantize(ecvq.encode(others)), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    assert all(np.array_equal(vq.tensors[name], ecvq.tensors[name]) for name in vq.tensors)


def test_a_codec_does_not_change_when_its_model_is_trained_on(
    model: VqAutoencoder, images: list[Image]
) -> None:
    codec = export_codec("tiny", model, VQ, images, {})
    before = {name: tensor.copy() for name, tensor in codec.tensors.items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
        after = {name: tensor.copy() for name, tensor in codec.tensors.items()}
        for parameter in model.parameters():
            parameter.sub_(1)
    assert all(np.array_equal(after[name], before[name]) for name in before)
