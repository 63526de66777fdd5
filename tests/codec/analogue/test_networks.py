"""Networks of analogue codecs: layouts, sizes, and gains that follow the Es/N0 image by image."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from semcomm.codec.analogue.networks import (
    AnalogueAutoencoder,
    ConditionedConvolution,
    DeepJsccNetwork,
    Network,
    PatchesToPixels,
    PatchNetwork,
    PixelsToPatches,
    mixture_of,
)
from semcomm.modalities.patches import from_patches, to_patches

NETWORKS: list[Network] = [PatchNetwork(2, channels=4, blocks=1), DeepJsccNetwork(2)]

points = st.lists(st.integers(-30, 60), min_size=1, max_size=5, unique=True).map(sorted)


@given(points, st.lists(st.floats(-40, 70), min_size=1, max_size=5))
def test_mixtures_interpolate_as_numpy_does(at: list[int], esn0_db: list[float]) -> None:
    mixture = mixture_of(torch.tensor(esn0_db, dtype=torch.float64), at).numpy()
    values = np.random.default_rng(0).normal(size=(len(at), 3))
    expected = np.stack([np.interp(esn0_db, at, column) for column in values.T], axis=1)
    np.testing.assert_allclose(mixture @ values, expected, atol=1e-12)
    assert np.all(mixture >= 0) and np.allclose(mixture.sum(axis=1), 1)


def test_mixture_of_the_documented_example() -> None:
    assert mixture_of(torch.tensor([12.5]), (0.0, 10.0, 20.0)).tolist() == [[0, 0.75, 0.25]]


@pytest.mark.parametrize(
    "convolution",
    [nn.Conv2d(3, 5, 3, padding=1), nn.ConvTranspose2d(3, 5, 5, 2, padding=2, output_padding=1)],
    ids=["convolution", "transposed"],
)
def test_each_image_has_its_own_gain_and_bias(
    convolution: nn.Conv2d | nn.ConvTranspose2d,
) -> None:
    """Against the plain convolution with kernels and biases of one image at a time."""
    layer = ConditionedConvolution(convolution, 2)
    assert convolution.bias is not None
    with torch.no_grad():
        layer.gain.copy_(torch.rand(2, 5))
        layer.bias.copy_(torch.rand(2, 5))
        inputs, mixture = torch.rand(2, 3, 6, 6), torch.tensor([[0.25, 0.75], [1.0, 0.0]])
        outputs = layer(inputs, mixture)
        convolution.bias.zero_()
        for image, weights, output in zip(inputs, mixture, outputs, strict=True):
            plain = convolution(image[None])[0]
            gain, bias = weights @ layer.gain, weights @ layer.bias
            expected = plain * gain[:, None, None] + bias[:, None, None]
            torch.testing.assert_close(output, expected)


def test_patches_become_the_pixels_that_they_were_cut_from() -> None:
    images = np.random.default_rng(0).integers(256, size=(2, 8, 12, 3), dtype=np.uint8)
    patches = torch.from_numpy(to_patches(images)).permute(0, 3, 1, 2)
    pixels = PatchesToPixels()(patches)
    assert np.array_equal(pixels.permute(0, 2, 3, 1).numpy(), images)
    again = PixelsToPatches()(pixels).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(from_patches(np.ascontiguousarray(again)), images)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.model)
@pytest.mark.parametrize("at", [(10.0,), (0.0, 10.0)], ids=["one", "two"])
def test_latents_and_patches_have_the_stated_shapes(
    network: Network, at: tuple[float, ...]
) -> None:
    model, esn0_db = AnalogueAutoencoder(network, at), torch.full((3,), 5.0)
    latents = model.latents(torch.rand(3, 48, 2, 5), esn0_db, "float32")
    assert latents.shape == (3, 2, 5, 4)
    patches = model.patches(latents, esn0_db, "float32")
    assert patches.shape == (3, 48, 2, 5) and patches.dtype == torch.float32


@pytest.mark.parametrize(("symbols", "weights"), [(4, 143_444), (8, 156_252)])
def test_the_published_network_has_its_published_size(symbols: int, weights: int) -> None:
    """Kernels 5 x 5 between widths 3, 16, 32, 32, 32, 2c and back, biases, and ten slopes but
    one.
    """
    widths = [3, 16, 32, 32, 32, 2 * symbols]
    pairs = list(pairwise(widths))
    kernels = 2 * 25 * sum(takes * gives for takes, gives in pairs)
    biases = sum(widths[1:]) + sum(widths[:-1])
    model = AnalogueAutoencoder(DeepJsccNetwork(symbols), (10.0,))
    counted = sum(parameter.numel() for parameter in model.parameters())
    assert counted == kernels + biases + 9 == weights


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.model)
def test_other_points_change_a_picture_only_where_they_are_near(network: Network) -> None:
    model, patches = AnalogueAutoencoder(network, (0.0, 10.0, 20.0)), torch.rand(2, 48, 2, 2)
    convolutions = [part for part in model.modules() if isinstance(part, ConditionedConvolution)]
    before = model.latents(patches, torch.tensor([5.0, 20.0]), "float32")
    with torch.no_grad():
        convolutions[0].gain[2] *= 2
    after = model.latents(patches, torch.tensor([5.0, 20.0]), "float32")
    assert torch.equal(before[0], after[0]) and not torch.equal(before[1], after[1])
