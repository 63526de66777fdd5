"""What an ESC codec trains, and its loss.

A reconstruction of ESC-MVQ (docs/decisions/0018-esc.md). A batch is divided among the codebooks.
Where codebook v has the share w_v of an image's N sub-vectors, an image's loss is

    |x - x'|^2 + |sg(z) - b|^2 + beta |z - sg(b_k)|^2 + sum over v of w_v weight_v N E(mu_v)

with b_k the codewords chosen, b those that arrive, sg no gradient, and E the energy, over
that of the noise, with which the bits of an index flip with the probabilities mu_v.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import autocast
from semcomm.codec.esc.quantizer import channel_optimized
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers.codebook import straight_through
from semcomm.codec.training.esc_recipe import EscRecipe
from semcomm.codec.training.losses import level_shares
from semcomm.codec.training.trainable_flips import needed_energy, received_codewords

FIRST_CROSSOVER = 0.05
"""Of the most noise-proof codebook before the training; each further one has half of it."""


class EscAutoencoder(nn.Module):
    """All that is trained.

    codebooks: (V, K, D); flip_logits: (V, B), twice the flip probabilities as logits.
    """

    def __init__(self, geometry: Geometry, codebooks: int) -> None:
        super().__init__()
        self.geometry = geometry
        self.encoder, self.decoder = semantic_encoder(geometry), semantic_decoder(geometry)
        shape = codebooks, geometry.codewords, geometry.dimension
        self.codebooks = nn.Parameter(torch.randn(shape))
        first = FIRST_CROSSOVER / 2 ** torch.arange(codebooks)
        bits = geometry.codewords.bit_length() - 1
        self.flip_logits = nn.Parameter(torch.logit(2 * first)[:, None].repeat(1, bits))

    @property
    def crossovers(self) -> Tensor:
        """(V, B) the flip probabilities, from 0 to 1/2."""
        return torch.sigmoid(self.flip_logits) / 2

    def sub_vectors(self, patches: Tensor, dtype: DType = "float32") -> Tensor:
        """(B, 48, h, w) patches to (B, N, D) float32."""
        with autocast(patches.device, dtype):
            latents: Tensor = self.encoder(patches)
        rows = latents.float().permute(0, 2, 3, 1)
        return rows.reshape(len(patches), -1, self.geometry.dimension)

    def patches(self, vectors: Tensor, grid: Sequence[int], dtype: DType = "float32") -> Tensor:
        """(B, N, D) sub-vectors of a grid (h, w) to (B, 48, h, w) float32."""
        latents = vectors.reshape(len(vectors), *grid, -1).permute(0, 3, 1, 2)
        with autocast(vectors.device, dtype):
            decoded: Tensor = self.decoder(latents)
        return decoded.float()


class EscLosses(NamedTuple):
    """Means over a batch of what an image's loss adds up, and the patches that were received."""

    distortion: Tensor
    codebook: Tensor
    commitment: Tensor
    energy: Tensor
    received: Tensor

    def total(self, commitment_weight: float) -> Tensor:
        return self.distortion + self.codebook + commitment_weight * self.commitment + self.energy


def esc_losses(
    model: EscAutoencoder,
    patches: Tensor,
    books: Tensor,
    recipe: EscRecipe,
    generator: torch.Generator,
    dtype: DType = "float32",
) -> EscLosses:
    """Run a batch of (B, 48, h, w) float32 patches through encoder, flips and decoder.

    books: (B, N) int64, the codebook of each sub-vector.
    generator: of the CPU, so that all devices draw alike.
    """
    latents = model.sub_vectors(patches, dtype)
    sent = transmitted(model, latents.flatten(end_dim=1), books.flatten(), recipe, generator)
    received = model.patches(sent.vectors.view_as(latents), patches.shape[2:], dtype)
    weights = torch.tensor(recipe.energy_weights, device=patches.device)
    prices = weights * needed_energy(model.crossovers) * latents.shape[1]
    return EscLosses(
        (received - patches).square().sum(dim=(1, 2, 3)).mean(),
        sent.codebook / len(patches),
        sent.commitment / len(patches),
        prices.mean(),
        received,
    )


class Transmitted(NamedTuple):
    """What becomes of n sub-vectors, and the sums of their terms of the loss.

    vectors: (n, D) the codewords that arrive; their gradient goes to the flip probabilities, and
        straight through to those sub-vectors whose own codewords arrive. That of a wrong codeword
        would push latents outwards, away from the mean of all codewords.
    """

    vectors: Tensor
    codebook: Tensor
    commitment: Tensor


def transmitted(
    model: EscAutoencoder,
    vectors: Tensor,
    books: Tensor,
    recipe: EscRecipe,
    generator: torch.Generator,
) -> Transmitted:
    """Quantize sub-vectors (n, D), each by its codebook, and flip bits of their indices.

    books: (n,) int64.
    """
    crossovers = model.crossovers
    draws = torch.rand(len(vectors), crossovers.shape[1], generator=generator).to(vectors.device)
    of_codebooks, commitment = torch.zeros(2, device=vectors.device).unbind()
    quantized = torch.empty_like(vectors)
    for book, (codebook, own) in enumerate(zip(model.codebooks, crossovers, strict=True)):
        rows = torch.nonzero(books == book).flatten()
        ours, uniforms = vectors[rows], draws[rows]
        with torch.no_grad():
            indices = channel_optimized(codebook, own).assign(ours)
            chosen = codebook[indices]
        arrived, soft = received_codewords(codebook, indices, own, uniforms, recipe.temperature)
        intact = (chosen == arrived).all(dim=1, keepdim=True)
        through = straight_through(torch.where(intact, ours, ours.detach()), arrived)
        quantized = quantized.index_copy(0, rows, through + soft)
        of_codebooks = of_codebooks + F.mse_loss(arrived, ours.detach(), reduction="sum")
        commitment = commitment + F.mse_loss(ours, chosen, reduction="sum")
    return Transmitted(quantized, of_codebooks, commitment)


def draw_books(
    images: int, sub_vectors: int, codebooks: int, mixed: float, generator: torch.Generator
) -> Tensor:
    """The codebook of each sub-vector of a batch of images, (images, sub_vectors) int64.

    mixed: as in `EscRecipe`; the images that have one codebook are divided equally.
    """
    shares = torch.tensor(level_shares(images, codebooks))
    alone = torch.arange(codebooks).repeat_interleave(shares)[:, None]
    pairs = torch.randint(codebooks, (images, 2), generator=generator)
    is_mixed, share = torch.rand(2, images, 1, generator=generator)
    is_first = torch.rand(images, sub_vectors, generator=generator) < share
    drawn = torch.where(is_first, pairs[:, :1], pairs[:, 1:])
    return torch.where(is_mixed < mixed, drawn, alone)
