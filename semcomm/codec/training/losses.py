"""What is trained, and the losses (5) and (6) of the paper.

Their norms are read as sums over an image's pixels and latents and as means over the images of a
batch, with pixels from 0 to 1 (docs/decisions/0003-training.md gives the reasons).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from semcomm.choices import DType, QuantizerName
from semcomm.codec.devices import autocast
from semcomm.codec.networks import Geometry, semantic_decoder, semantic_encoder
from semcomm.codec.quantizers import QUANTIZERS
from semcomm.codec.quantizers.codebook import CodebookQuantizer


class VqAutoencoder(nn.Module):
    """All that is trained: networks, and for each of L levels a codebook and its logits.

    Levels share the kernels of the networks; each level has its own gain and bias for every output
    of a convolution.

    codebook: (L, K, D); logits: (L, K), which give P by equation (4).
    """

    def __init__(
        self, geometry: Geometry, levels: int = 1, quantizer: QuantizerName = "ecvq"
    ) -> None:
        super().__init__()
        self.geometry, self.levels, self.quantizer_name = geometry, levels, quantizer
        self.encoder = semantic_encoder(geometry)
        self.decoder = semantic_decoder(geometry)
        self.codebook = nn.Parameter(torch.randn(levels, geometry.codewords, geometry.dimension))
        self.logits = nn.Parameter(torch.zeros(levels, geometry.codewords))
        if levels > 1:
            for network in (self.encoder, self.decoder):
                _add_levels(network, levels)

    def quantizer(self, rate_weight: float, level: int = 0) -> CodebookQuantizer:
        """The quantizer of a level; gradients reach its codebook and logits."""
        quantizer = QUANTIZERS[self.quantizer_name]
        return quantizer.in_training(self.codebook[level], self.logits[level], rate_weight)

    def sub_vectors(self, patches: Tensor, level: int = 0) -> Tensor:
        """(B, 48, h, w) patches to (B, h, w, groups, D) float32."""
        latents = self._run(self.encoder, patches, level).permute(0, 2, 3, 1)
        return latents.reshape(*latents.shape[:3], self.geometry.groups, self.geometry.dimension)

    def patches(self, sub_vectors: Tensor, level: int = 0) -> Tensor:
        """The decoder: (B, h, w, groups, D) to (B, 48, h, w) float32."""
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
    """The weights of a level's network, by name."""
    weights = {}
    for name, convolution in _convolutions(network):
        assert convolution.bias is not None
        gains = convolution.get_parameter("gain")[level, :, None, None, None]
        weights[f"{name}.weight"] = convolution.weight * gains
        weights[f"{name}.bias"] = convolution.bias[level]
    return weights


@dataclass(frozen=True)
class Losses:
    """Means over a batch of the terms of (5), in squared pixel or latent units per image, and bits.

    vectors, indices: (n, D) and (n,), what was quantized, and the result.
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


def compute_losses(
    model: VqAutoencoder, patches: Tensor, rate_weight: float, dtype: DType, level: int = 0
) -> Losses:
    """Run a batch of (B, 48, h, w) float32 patches through encoder, quantizer and decoder."""
    images = len(patches)
    with autocast(patches.device, dtype):
        latents = model.sub_vectors(patches, level)
    vectors = latents.flatten(end_dim=-2)
    step = model.quantizer(rate_weight, level).training_step(vectors)
    with autocast(patches.device, dtype):
        decoded = model.patches(step.straight_through.view_as(latents), level)
    return Losses(
        distortion=F.mse_loss(decoded, patches, reduction="sum") / images,
        codebook=step.codebook / images,
        commitment=step.commitment / images,
        bits=step.bits / images,
        vectors=vectors.detach(),
        indices=step.indices,
    )
