"""The losses (5) and (6) of the paper, with stop-gradients and the straight-through decoder input.

Read as sums over an image's pixels and latents, and as means over the images of a batch, with pixels
from 0 to 1 (docs/decisions/0003-training.md says why).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semcomm.codec.devices import DType, autocast
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizer import codeword_bits, nearest_codewords


class Model(nn.Module):
    """All that is trained: the networks, the codebook (K, D) and the codewords' logits (K,)."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.geometry = geometry
        self.encoder = semantic_encoder(geometry)
        self.decoder = semantic_decoder(geometry)
        self.codebook = nn.Parameter(torch.randn(geometry.codewords, geometry.dimension))
        self.logits = nn.Parameter(torch.zeros(geometry.codewords))

    def sub_vectors(self, patches: Tensor) -> Tensor:
        """(B, 48, h, w) patches to (B, h, w, groups, D) float32, groups innermost of the positions."""
        latents: Tensor = self.encoder(patches).float().permute(0, 2, 3, 1)
        return latents.reshape(*latents.shape[:3], self.geometry.groups, self.geometry.dimension)

    def patches(self, sub_vectors: Tensor) -> Tensor:
        """The decoder on (B, h, w, groups, D): (B, 48, h, w) float32."""
        decoded: Tensor = self.decoder(sub_vectors.flatten(-2).permute(0, 3, 1, 2))
        return decoded.float()


@dataclass(frozen=True)
class Losses:
    """Means over a batch of each term of (5), in squared pixel or latent units an image, and bits.

    vectors (n, D) and indices (n,) are what was quantized, and to what.
    """

    distortion: Tensor
    codebook: Tensor
    commitment: Tensor
    bits: Tensor
    vectors: Tensor
    indices: Tensor

    def total(self, rate_weight: float, commitment_weight: float) -> Tensor:
        """Equation (5); with rate_weight 0, equation (6)."""
        rate = rate_weight * (1 + commitment_weight) * self.bits
        return self.distortion + self.codebook + commitment_weight * self.commitment + rate


def losses(model: Model, patches: Tensor, rate_weight: float, dtype: DType) -> Losses:
    """Run a batch of (B, 48, h, w) float32 patches through encoder, quantizer and decoder."""
    images = len(patches)
    with autocast(patches.device, dtype):
        latents = model.sub_vectors(patches)
    vectors = latents.flatten(end_dim=-2)
    bits = codeword_bits(model.logits)
    with torch.no_grad():
        indices = nearest_codewords(vectors, model.codebook, rate_weight * bits)
    chosen = F.embedding(indices, model.codebook)
    passed_through = vectors + (chosen - vectors).detach()
    with autocast(patches.device, dtype):
        decoded = model.patches(passed_through.view_as(latents))
    return Losses(
        distortion=F.mse_loss(decoded, patches, reduction="sum") / images,
        codebook=F.mse_loss(chosen, vectors.detach(), reduction="sum") / images,
        commitment=F.mse_loss(vectors, chosen.detach(), reduction="sum") / images,
        bits=bits[indices].sum() / images,
        vectors=vectors.detach(),
        indices=indices,
    )
