"""The losses (5) and (6): their values on two images by hand, and their gradients against ones
derived by hand.

Encoder and decoder are linear here, one matrix each that is applied at every position, so that the
chain rule can be written out. Tolerances of 1e-5 leave a hundred roundings of float32, in which all
is computed.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from semcomm.codec.networks import Geometry
from semcomm.codec.training.losses import Losses, VqAutoencoder, compute_losses

Array = NDArray[np.float64]

GEOMETRY = Geometry(groups=2, dimension=3, codewords=5)
BATCH, ROWS, COLUMNS = 3, 2, 4


def linear(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel_size=1, bias=False))


def linear_model(
    geometry: Geometry, encoder: Array, decoder: Array, codebook: Array, logits: Array
) -> VqAutoencoder:
    """A model whose networks are the matrices `encoder` (g D, 48) and `decoder` (48, g D)."""
    model = VqAutoencoder(geometry)
    model.encoder, model.decoder = linear(*encoder.shape[::-1]), linear(*decoder.shape[::-1])
    with torch.no_grad():
        model.get_parameter("encoder.0.weight").copy_(torch.from_numpy(encoder[..., None, None]))
        model.get_parameter("decoder.0.weight").copy_(torch.from_numpy(decoder[..., None, None]))
        model.codebook.copy_(torch.from_numpy(codebook))
        model.logits.copy_(torch.from_numpy(logits))
    return model


class Case:
    """A random linear model and batch, and what (1) to (4) make of them, in float64 and one
    position a row.
    """

    def __init__(self, rate_weight: float) -> None:
        rng = np.random.default_rng(5)
        self.encoder = rng.normal(size=(6, 48)) / 4
        self.decoder = rng.normal(size=(48, 6)) / 4
        self.codebook, self.logits = rng.normal(size=(5, 3)), rng.normal(size=5)
        self.x = rng.random((BATCH * ROWS * COLUMNS, 48))
        self.z = self.x @ self.encoder.T
        self.shares = np.exp(-self.logits) / np.exp(-self.logits).sum()
        distances = np.square(self.z.reshape(-1, 1, 3) - self.codebook).sum(axis=2)
        self.indices = (distances - rate_weight * np.log2(self.shares)).argmin(axis=1)
        self.z_q = self.codebook[self.indices].reshape(self.z.shape)
        self.decoded = self.z_q @ self.decoder.T

    def run(self, rate_weight: float) -> tuple[VqAutoencoder, Losses]:
        model = linear_model(GEOMETRY, self.encoder, self.decoder, self.codebook, self.logits)
        grid = self.x.reshape(BATCH, ROWS, COLUMNS, 48).astype(np.float32)
        (losses,) = compute_losses(
            model, torch.from_numpy(grid).permute(0, 3, 1, 2), [rate_weight], "float32"
        )
        assert losses.indices.tolist() == self.indices.tolist()
        return model, losses


@pytest.mark.parametrize("rate_weight", [0.0, 0.7])
def test_the_terms_are_those_of_5_and_6(rate_weight: float) -> None:
    case = Case(rate_weight)
    _, losses = case.run(rate_weight)
    assert losses.distortion.item() == pytest.approx(
        np.square(case.decoded - case.x).sum() / BATCH, rel=1e-5
    )
    assert losses.codebook.item() == pytest.approx(
        np.square(case.z - case.z_q).sum() / BATCH, rel=1e-5
    )
    assert losses.commitment.item() == pytest.approx(
        np.square(case.z - case.z_q).sum() / BATCH, rel=1e-5
    )
    assert losses.bits.item() == pytest.approx(
        -np.log2(case.shares[case.indices]).sum() / BATCH, rel=1e-5
    )


@pytest.mark.parametrize(
    ("rate_weight", "commitment_weight"), [(0.0, 0.25), (0.7, 0.25), (0.3, 2.0)]
)
def test_the_gradients_are_the_derived_ones(rate_weight: float, commitment_weight: float) -> None:
    """With everything that is stopped or passed through written out, and B images a batch:

    decoder   2 (x^ - x) z_q^T / B, summed over positions codebook  2 (b_k - z_i) / B, summed over
    the sub-vectors i that chose k; the decoder adds nothing logits    -log2 P(k) = (w_k + ln sum_p
    e^-w_p) / ln 2, whose derivative by w_j is ([j = k] - P(j)) / ln 2; so nu (1 + beta) / ln 2
    (count_j - N P(j)) / B, with N sub-vectors in the batch encoder   by z: decoder^T 2 (x^ - x) / B
    straight through the quantizer, and beta 2 (z - z_q) / B; from the codebook's and the rate's
    terms, nothing
    """
    case = Case(rate_weight)
    model, losses = case.run(rate_weight)
    losses.total(rate_weight, commitment_weight).backward()  # type: ignore[no-untyped-call]

    by_decoded = 2 * (case.decoded - case.x) / BATCH
    sub_vectors = case.z.reshape(-1, 3)
    codebook = np.zeros((5, 3))
    for vector, index in zip(sub_vectors, case.indices, strict=True):
        codebook[index] += 2 * (case.codebook[index] - vector) / BATCH
    counts = np.bincount(case.indices, minlength=5)
    rate = rate_weight * (1 + commitment_weight) / math.log(2)
    by_latent = by_decoded @ case.decoder + commitment_weight * 2 * (case.z - case.z_q) / BATCH

    assert (
        counts[1] == 0
    )  # an unused codeword, whose logit the rate's gradient reaches all the same
    assert gradient(model, "decoder.0.weight") == pytest.approx(
        by_decoded.T @ case.z_q, rel=1e-5, abs=1e-5
    )
    assert gradient(model, "codebook")[0] == pytest.approx(codebook, rel=1e-5, abs=1e-5)
    assert gradient(model, "logits")[0] == pytest.approx(
        rate * (counts - len(sub_vectors) * case.shares) / BATCH, rel=1e-5, abs=1e-5
    )
    assert gradient(model, "encoder.0.weight") == pytest.approx(
        by_latent.T @ case.x, rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize(
    ("term", "reached"),
    [
        (lambda losses: losses.distortion, {"encoder.0.weight", "decoder.0.weight"}),
        (lambda losses: losses.codebook, {"codebook"}),
        (lambda losses: losses.commitment, {"encoder.0.weight"}),
        (lambda losses: losses.bits, {"logits"}),
    ],
    ids=["distortion", "codebook", "commitment", "bits"],
)
def test_each_term_trains_its_own_part(
    term: Callable[[Losses], torch.Tensor], reached: set[str]
) -> None:
    model, losses = Case(0.7).run(0.7)
    term(losses).backward()  # type: ignore[no-untyped-call]
    assert {
        name for name, parameter in model.named_parameters() if parameter.grad is not None
    } == reached


def test_a_step_down_the_rate_makes_used_codewords_likelier() -> None:
    model, losses = Case(0.7).run(0.7)
    losses.bits.backward()  # type: ignore[no-untyped-call]
    lower = Case(0.7).logits - 1e-3 * gradient(model, "logits")[0]
    shares = np.exp(-lower) / np.exp(-lower).sum()
    assert -np.log2(shares[Case(0.7).indices]).sum() / BATCH < losses.bits.item()


def two_images(columns: int = 1) -> tuple[VqAutoencoder, torch.Tensor]:
    """Images whose first value is z, and whose second nothing sends; codewords 0 and 1 with P = 3/4
    and 1/4.
    """
    first = np.eye(1, 48)
    geometry = Geometry(groups=1, dimension=1, codewords=2)
    model = linear_model(
        geometry, first, first.T, np.array([[0.0], [1.0]]), np.array([0.0, math.log(3)])
    )
    images = torch.zeros(2, 48, 1, columns)
    images[0, 0], images[1, 0], images[1, 1] = 0.25, 1.0, 0.5
    return model, images


@pytest.mark.parametrize(
    ("rate_weight", "distortion", "latent", "bits"),
    [
        # z = 1/4 takes codeword 0 and z = 1 codeword 1; the second image's other value, 1/2, is
        # lost.
        (0.0, (1 / 16 + 1 / 4) / 2, (1 / 16 + 0) / 2, (math.log2(4 / 3) + 2) / 2),
        # Codeword 1 costs log2 3 = 1.58 bits more than codeword 0, and z = 1 is 1 away from that.
        (0.625, (1 / 16 + 1 / 4) / 2, (1 / 16 + 0) / 2, (math.log2(4 / 3) + 2) / 2),
        (0.635, (1 / 16 + 1 + 1 / 4) / 2, (1 / 16 + 1) / 2, math.log2(4 / 3)),
    ],
)
def test_values_of_two_images_by_hand(
    rate_weight: float, distortion: float, latent: float, bits: float
) -> None:
    (losses,) = compute_losses(*two_images(), [rate_weight], "float32")
    terms = [losses.distortion, losses.codebook, losses.commitment, losses.bits]
    assert [term.item() for term in terms] == pytest.approx(
        [distortion, latent, latent, bits], rel=1e-6
    )
    expected = distortion + latent + 0.25 * latent + rate_weight * 1.25 * bits
    assert losses.total(rate_weight, 0.25).item() == pytest.approx(expected, rel=1e-6)


def test_values_of_indices_that_arrive_wrong_by_hand() -> None:
    """z = 1/4 sends 0, which arrives as 1, and z = 1 sends 1, which arrives as 0; the commitment is
    to what was sent.
    """
    model, images = two_images()
    (losses,) = compute_losses(model, images, [0.0], "float32", transmit=lambda sent: 1 - sent)
    assert losses.indices.tolist() == [0, 1]
    latent = (9 / 16 + 1) / 2
    assert [term.item() for term in (losses.distortion, losses.codebook)] == pytest.approx(
        [latent + 1 / 8, latent], rel=1e-6
    )
    assert losses.commitment.item() == pytest.approx(1 / 32, rel=1e-6)
    losses.codebook.backward()  # type: ignore[no-untyped-call]
    # 2 (b - z) / 2 images: codeword 0 stands for z = 1, and codeword 1 for z = 1/4.
    assert gradient(model, "codebook")[0].ravel() == pytest.approx([-1, 3 / 4], rel=1e-6)


def test_gradients_pass_wrong_indices_straight_through() -> None:
    """The decoder's gradient at the codeword that arrives becomes the encoder's."""
    model, images = two_images()
    (losses,) = compute_losses(model, images, [0.0], "float32", transmit=lambda sent: 1 - sent)
    losses.distortion.backward()  # type: ignore[no-untyped-call]
    # 2 (x^ - x) / 2 images by z, times the patch: x^ - x is 3/4 and -1 in the first value.
    patches = images[:, :, 0, 0].numpy()
    expected = 3 / 4 * patches[0] - patches[1]
    assert gradient(model, "encoder.0.weight").ravel() == pytest.approx(expected, rel=1e-6)


def test_terms_are_sums_over_an_image_and_means_over_images() -> None:
    model, images = two_images()
    _, wider = two_images(columns=3)

    def terms(patches: torch.Tensor) -> Array:
        (losses,) = compute_losses(model, patches, [0.5], "float32")
        return np.array(
            [t.item() for t in (losses.distortion, losses.codebook, losses.commitment, losses.bits)]
        )

    assert terms(wider) == pytest.approx(3 * terms(images), rel=1e-6)
    assert terms(images.repeat(4, 1, 1, 1)) == pytest.approx(terms(images), rel=1e-6)
    assert terms(images) == pytest.approx((terms(images[:1]) + terms(images[1:])) / 2, rel=1e-6)


def test_in_bfloat16_quantizer_losses_and_gradients_are_float32() -> None:
    model = VqAutoencoder(Geometry(groups=2, dimension=3, codewords=5, channels=4))
    (losses,) = compute_losses(model, torch.rand(2, 48, 3, 3), [0.1], "bfloat16")
    losses.total(0.1, 0.25).backward()  # type: ignore[no-untyped-call]
    made = [losses.vectors, losses.distortion, losses.codebook, losses.commitment, losses.bits]
    made += [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert {tensor.dtype for tensor in made} == {torch.float32}


def gradient(model: VqAutoencoder, name: str) -> Array:
    parameter = model.get_parameter(name)
    assert parameter.grad is not None
    grad = parameter.grad.numpy().astype(np.float64)
    return grad.reshape(parameter.shape[:2]) if grad.ndim == 4 else grad
