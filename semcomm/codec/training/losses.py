"""The losses (5) and (6) of the paper, with stop-gradients and the straight-through decoder input.

Read as sums over an image's pixels and latents, and as means over the images of a batch, with
pixels from 0 to 1 (docs/decisions/0003-training.md says why).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from semcomm.choices import DType
from semcomm.codec.devices import autocast
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizer import codeword_bits, nearest_codewords


class Model(nn.Module):
    """All that is trained: the networks, and for each of L levels a codebook (L, K, D) and its
    logits (L, K).

    Levels share the kernels of the networks; outputs of each convolution have gains and biases of
    their own.
    """

    def __init__(self, geometry: Geometry, levels: int = 1) -> None:
        super().__init__()
        self.geometry, self.levels = geometry, levels
        self.encoder = semantic_encoder(geometry)
        self.decoder = semantic_decoder(geometry)
        self.codebook = nn.Parameter(torch.randn(levels, geometry.codewords, geometry.dimension))
        self.logits = nn.Parameter(torch.zeros(levels, geometry.codewords))
        if levels > 1:
            for network in (self.encoder, self.decoder):
                _add_levels(network, levels)

    def sub_vectors(self, patches: Tensor, level: int = 0) -> Tensor:
        """(B, 48, h, w) patches to (B, h, w, groups, D) float32, groups innermost of the
        positions.
        """
        latents = self._run(self.encoder, patches, level).permute(0, 2, 3, 1)
        return latents.reshape(*latents.shape[:3], self.geometry.groups, self.geometry.dimension)

    def patches(self, sub_vectors: Tensor, level: int = 0) -> Tensor:
        """The decoder on (B, h, w, groups, D): (B, 48, h, w) float32."""
        return self._run(self.decoder, sub_vectors.flatten(-2).permute(0, 3, 1, 2), level)

    def _run(self, network: nn.Module, inputs: Tensor, level: int) -> Tensor:
        weights = _weights(network, level) if self.levels > 1 else {}
        outputs: Tensor = functional_call(network, weights, inputs)
        return outputs.float()


def _convolutions(network: nn.Module) -> Iterator[tuple[str, nn.Conv2d]]:
    return (
        (name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d)
    )


def _add_levels(network: nn.Module, levels: int) -> None:
    for _, convolution in _convolutions(network):
        assert convolution.bias is not None
        convolution.gain = nn.Parameter(torch.ones(levels, convolution.out_channels))
        convolution.bias = nn.Parameter(convolution.bias.detach().repeat(levels, 1))


def _weights(network: nn.Module, level: int) -> dict[str, Tensor]:
    """The weights that make the network that of a level."""
    found = {}
    for name, convolution in _convolutions(network):
        assert convolution.bias is not None
        found[f"{name}.weight"] = (
            convolution.weight * convolution.get_parameter("gain")[level, :, None, None, None]
        )
        found[f"{name}.bias"] = convolution.bias[level]
    return found


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


def losses(
    model: Model, patches: Tensor, rate_weight: float, dtype: DType, level: int = 0
) -> Losses:
    """Run a batch of (B, 48, h, w) float32 patches through encoder, quantizer and decoder."""
    images = len(patches)
    with autocast(patches.device, dtype):
        latents = model.sub_vectors(patches, level)
    vectors = latents.flatten(end_dim=-2)
    codebook, bits = model.codebook[level], codeword_bits(model.logits[level])
    with torch.no_grad():
        indices = nearest_codewords(vectors, codebook, rate_weight * bits)
    chosen = F.embedding(indices, codebook)
    passed_through = vectors + (chosen - vectors).detach()
    with autocast(patches.device, dtype):
        decoded = model.patches(passed_through.view_as(latents), level)
    return Losses(
        distortion=F.mse_loss(decoded, patches, reduction="sum") / images,
        codebook=F.mse_loss(chosen, vectors.detach(), reduction="sum") / images,
        commitment=F.mse_loss(vectors, chosen.detach(), reduction="sum") / images,
        bits=bits[indices].sum() / images,
        vectors=vectors.detach(),
        indices=indices,
    )
