"""Refined latents: cheaper by the encoder's own loss, near the cheapest there are, and each image's
its own.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from semcomm.choices import DType
from semcomm.codec.codec import Codec
from semcomm.codec.networks import Geometry
from semcomm.codec.quantizers.codebook import codeword_bits
from semcomm.codec.refinement import COMMITMENT_WEIGHT, Assign, _cost, refine
from semcomm.codec.training.losses import VqAutoencoder, compute_losses
from semcomm.data.sample import Sample
from semcomm.measures.psnr import mean_squared_error
from semcomm.modalities.rgb8 import Image
from semcomm.zoo.find import load_codec

MIXED = torch.randn(48, 4, generator=torch.Generator().manual_seed(3)) / 7


def mixing(latents: Tensor) -> Tensor:
    """A decoder that is a matrix: (B, 1, 2, 1, 2) to (B, 48, 1, 1)."""
    return (latents.flatten(1) @ MIXED.T)[:, :, None, None]


def scattered(images: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Latents, patches that `mixing` makes of others near them, and a quantizer of six
    codewords.
    """
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(images, 1, 2, 1, 2, generator=generator)
    patches = mixing(latents + 0.3 * torch.randn(latents.shape, generator=generator))
    codebook, bias = torch.randn(6, 2, generator=generator), torch.rand(6, generator=generator)
    return latents, patches, codebook, bias


def choosing(codebook: Tensor, bias: Tensor) -> Assign:
    """Criterion (3) as it is written."""

    def assign(latents: Tensor) -> tuple[Tensor, Tensor]:
        distances = (latents[..., None, :] - codebook).square().sum(dim=-1)
        indices = (distances + bias).argmin(dim=-1)
        return codebook[indices], bias[indices]

    return assign


def cost(latents: Tensor, patches: Tensor, codebook: Tensor, bias: Tensor) -> Tensor:
    return _cost(latents, patches, choosing(codebook, bias), mixing).costs.flatten()


def descended(
    latents: Tensor, patches: Tensor, codebook: Tensor, bias: Tensor, steps: int
) -> Tensor:
    return refine(latents, patches, choosing(codebook, bias), mixing, steps)


def cheapest(patches: Tensor, codebook: Tensor, bias: Tensor) -> Tensor:
    """The lowest cost of each image, of all 36 pairs of codewords."""
    pairs = torch.cartesian_prod(torch.arange(6), torch.arange(6))
    pictures = mixing(codebook[pairs].view(36, 1, 2, 1, 2)).flatten(1)
    prices = COMMITMENT_WEIGHT * bias[pairs].sum(dim=1)
    return (
        (torch.cdist(patches.flatten(1).double(), pictures.double()).square() + prices)
        .min(dim=1)
        .values
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.integers(0, 12))
def test_costs_never_rise_nor_fall_below_the_cheapest_codewords(seed: int, steps: int) -> None:
    latents, *rest = scattered(16, seed)
    before, after = cost(latents, *rest), cost(descended(latents, *rest, steps), *rest)
    assert torch.all(after <= before)
    assert torch.all(after >= cheapest(*rest) - 1e-4)


def test_refinement_comes_near_the_cheapest_codewords() -> None:
    latents, *rest = scattered(500, seed=1)
    means = [cost(descended(latents, *rest, steps), *rest).mean().item() for steps in (0, 10, 40)]
    best = cheapest(*rest).mean().item()
    gaps = [mean - best for mean in means]
    assert gaps[0] > 0.05
    assert gaps[1] < 0.05 * gaps[0]
    assert gaps[2] < 0.05 * gaps[0]


def test_the_gradient_is_that_of_the_encoders_training_loss() -> None:
    torch.manual_seed(0)
    model = VqAutoencoder(Geometry(groups=2, dimension=3, codewords=5, channels=4, blocks=1))
    patches, nu = torch.rand(3, 48, 2, 3), 0.3
    seen: list[Tensor] = []
    whole = model.sub_vectors

    def watched(images: Tensor) -> Tensor:
        latents = whole(images)
        latents.retain_grad()
        seen.append(latents)
        return latents

    model.sub_vectors = watched  # type: ignore[method-assign]
    (losses,) = compute_losses(model, patches, [nu], "float32")
    losses.total(nu, COMMITMENT_WEIGHT).backward()  # type: ignore[no-untyped-call]
    bias = nu * codeword_bits(model.logits[0])
    assign = choosing(model.codebook[0].detach(), bias.detach())
    ours = _cost(seen[0].detach(), patches, assign, model.patches)
    assert seen[0].grad is not None
    # The training's loss is a mean over three images.
    assert torch.allclose(ours.gradient / 3, seen[0].grad, rtol=1e-4, atol=1e-6)


def test_costs_by_hand() -> None:
    """Two scalars 0.9 and 2.2 become codewords 1 and 2; the decoder gives 48 times their sum."""
    codebook, bias = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([0.0, 0.02, 0.4])

    def decode(latents: Tensor) -> Tensor:
        return latents.sum(dim=(1, 2, 3, 4)).view(-1, 1, 1, 1).expand(-1, 48, 1, 1)

    latents, patches = torch.tensor([0.9, 2.2]).view(1, 1, 1, 2, 1), torch.full((1, 48, 1, 1), 2.5)
    result = _cost(latents, patches, choosing(codebook, bias), decode)
    assert result.costs.item() == pytest.approx(48 * 0.5**2 + 0.25 * (0.02 + 0.4))
    # 2 * 48 * (3 - 2.5) for each, and half of 0.9 - 1 and of 2.2 - 2
    assert result.gradient.flatten().tolist() == pytest.approx([48 - 0.05, 48 + 0.1])


@pytest.mark.parametrize("share", [0.0, 1e-30])
def test_results_stay_finite_where_the_gradient_vanishes(share: float) -> None:
    """Where the picture hardly depends on the latents, or latents are codewords."""
    latents, patches, codebook, _ = scattered(4, seed=0)
    on_codewords, assign = (
        codebook[:2].repeat(4, 1).view(latents.shape),
        choosing(codebook, torch.zeros(6)),
    )
    for start in (latents, on_codewords):
        result = refine(start, patches, assign, lambda z: share * mixing(z), 5)
        assert torch.all(torch.isfinite(result))


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 48)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("ecvq-levels@2", None),
        ("ecvq-levels@2", "bfloat16"),
        ("ecvq-n128-nu16", None),
        ("vq-n64", None),
    ],
)
def test_shipped_codecs_gain_quality_for_hardly_more_bits(
    name: str, dtype: DType | None, images: list[Image]
) -> None:
    codec = load_codec(name).on("cpu", refinement_dtype=dtype)
    sizes = [(32, 32)] * len(images)

    def measured(steps: int) -> tuple[float, float]:
        indices = codec.quantize(codec.encode(images, steps))
        bits = np.mean([codec.code_lengths[grid].sum(dtype=int) for grid in indices])
        return float(bits), float(
            np.mean(mean_squared_error(images, codec.decode(codec.dequantize(indices), sizes)))
        )

    (bits, error), (more_bits, less_error) = measured(0), measured(10)
    assert less_error < 0.92 * error
    assert more_bits < 1.04 * bits


@pytest.mark.slow
def test_an_images_result_depends_on_no_other_image_or_thread(tiny_codec: Codec) -> None:
    rng = np.random.default_rng(0)
    sizes = [(32, 32), (7, 21), (32, 32), (200, 150), (1, 1), (32, 32)]
    images = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2):
        torch.set_num_threads(count)
        results.append(tiny_codec.encode(images, 4))
        results.append([tiny_codec.encode([image], 4)[0] for image in images])
        results.append(tiny_codec.encode(images[::-1], 4)[::-1])
    torch.set_num_threads(threads)
    plain = tiny_codec.encode(images)
    assert any(not np.array_equal(*pair) for pair in zip(plain, results[0], strict=True))
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_refinements_dtype_changes_nothing_else(
    shipped_codec: Codec, images: list[Image]
) -> None:
    other = shipped_codec.on("cpu", refinement_dtype="bfloat16")
    for steps, alike in ((0, True), (4, False)):
        pairs = zip(shipped_codec.encode(images, steps), other.encode(images, steps), strict=True)
        assert all(np.array_equal(*pair) for pair in pairs) == alike


def test_no_step_is_no_change(tiny_codec: Codec, images: list[Image]) -> None:
    for one, other in zip(tiny_codec.encode(images), tiny_codec.encode(images, 0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_cost_with_further_rate_weights_falls_in_each_image(
    shipped_codec: Codec, images: list[Image]
) -> None:
    codec, weights = shipped_codec, np.linspace(0, 0.3, 48, dtype=np.float32)

    def costs(steps: int) -> np.ndarray:
        grids = codec.quantize(codec.encode(images, steps, weights), weights)
        pictures = codec.decode(codec.dequantize(grids), [(32, 32)] * 48)
        bits = np.array([codec.code_lengths[grid].sum(dtype=int) for grid in grids])
        bias = np.array([codec.tensors["bias"][grid].sum() for grid in grids])
        squares = 3072 * mean_squared_error(images, pictures) / 255**2
        return squares + COMMITMENT_WEIGHT * (bias + weights * bits)

    plain, fine = costs(0), costs(10)
    assert np.all(fine < plain + 0.05)  # pictures are rounded and cut, costs are not
    assert fine.mean() < 0.97 * plain.mean()
