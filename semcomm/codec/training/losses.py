"""What is trained, and the losses (5) and (6) of the paper.

Their norms are read as sums over an image's pixels and latents and as means over the images of a
batch, with pixels from 0 to 1 (docs/decisions/0003-training.md gives the reasons).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semcomm.choices import DType, ModalityName, TrainedQuantizerName
from semcomm.codec.devices import autocast
from semcomm.codec.networks import (
    Geometry,
    ScaledConvolution,
    bias_of,
    convolution_of,
    semantic_decoder,
    semantic_encoder,
)
from semcomm.codec.quantizers import TRAINED
from semcomm.codec.quantizers.codebook import TrainedQuantizer, Transmit
from semcomm.modalities.modality import MODALITIES


class SharedConvolution(ScaledConvolution):
    """A convolution whose kernels all levels share; each has its own gain and bias per output.

    Of a batch, every level has its share of the images (`level_shares`).
    """

    def forward(self, inputs: Tensor) -> Tensor:
        shares = torch.tensor(level_shares(len(inputs), len(self.gain)), device=inputs.device)
        return self.scaled(
            inputs, lambda part: part.repeat_interleave(shares, dim=0, output_size=len(inputs))
        )


class OwnConvolutions(nn.Module):
    """A convolution of each level's own, over its share of a batch.

    A level may take or give fewer channels than others do: the first ones. Zeros stand for those
    that it does not give.
    """

    def __init__(self, convolution: nn.Conv2d, shapes: Sequence[tuple[int, int]]) -> None:
        """shapes: how many channels each level takes and gives."""
        super().__init__()
        self.convolve, weight = convolution_of(convolution), convolution.weight.detach()
        self.weights = nn.ParameterList(weight[:gives, :takes].clone() for takes, gives in shapes)
        self.biases = nn.ParameterList(bias_of(convolution)[:gives].clone() for _, gives in shapes)

    def forward(self, inputs: Tensor) -> Tensor:
        most = max(len(bias) for bias in self.biases)
        parts = torch.split(inputs, level_shares(len(inputs), len(self.biases)))
        outputs = [
            self.convolve(part[:, : weight.shape[1]], weight, bias)
            for part, weight, bias in zip(parts, self.weights, self.biases, strict=True)
        ]
        return torch.cat([F.pad(part, (0, 0, 0, 0, 0, most - part.shape[1])) for part in outputs])


class VqAutoencoder(nn.Module):
    """All that is trained: networks, and for each of L levels a codebook and its logits.

    Levels share the kernels of the networks but for the convolutions that make and take latents.

    groups: sub-vectors per position that each level uses, the first ones.
    codebook: (L, K, D); logits: (L, K), which give P by equation (4).
    """

    def __init__(
        self,
        geometry: Geometry,
        levels: int = 1,
        quantizer: TrainedQuantizerName = "ecvq",
        groups: Sequence[int] = (),
        modality: ModalityName = "rgb8",
    ) -> None:
        super().__init__()
        self.geometry, self.levels, self.quantizer_name = geometry, levels, quantizer
        self.modality, patch_values = modality, MODALITIES[modality].patch_values
        self.groups = list(groups) or [geometry.groups] * levels
        self.encoder = semantic_encoder(geometry, patch_values)
        self.decoder = semantic_decoder(geometry, patch_values)
        self.codebook = nn.Parameter(torch.randn(levels, geometry.codewords, geometry.dimension))
        self.logits = nn.Parameter(torch.zeros(levels, geometry.codewords))
        if levels > 1:
            self._add_levels()

    def _add_levels(self) -> None:
        """Give each level its own convolutions of latents, and its share of all others."""
        wide, latents = (
            self.geometry.channels,
            [count * self.geometry.dimension for count in self.groups],
        )
        shapes = [[(wide, few) for few in latents], [(few, wide) for few in latents]]
        places = (self.encoder, len(self.encoder) - 1), (self.decoder, 0)
        for (network, place), takes_and_gives in zip(places, shapes, strict=True):
            convolution = network[place]
            assert isinstance(convolution, nn.Conv2d)
            network[place] = OwnConvolutions(convolution, takes_and_gives)
            _share_kernels(network, self.levels)

    def quantizer(self, rate_weight: float, level: int = 0) -> TrainedQuantizer:
        """The quantizer of a level; gradients reach its codebook and logits."""
        quantizer = TRAINED[self.quantizer_name]
        return quantizer.in_training(self.codebook[level], self.logits[level], rate_weight)

    def sub_vectors(self, patches: Tensor) -> Tensor:
        """Patches (B, 16 C, h, w) to (B, h, w, groups, D) float32."""
        latents: Tensor = self.encoder(patches).float().permute(0, 2, 3, 1)
        return latents.reshape(*latents.shape[:3], self.geometry.groups, self.geometry.dimension)

    def patches(self, sub_vectors: Tensor) -> Tensor:
        """The decoder: (B, h, w, groups, D) to (B, 16 C, h, w) float32."""
        decoded: Tensor = self.decoder(sub_vectors.flatten(-2).permute(0, 3, 1, 2))
        return decoded.float()


def level_shares(images: int, levels: int) -> list[int]:
    """How many images of a batch each level has: as equal parts as possible.

    Example: 7 images and 3 levels give 3, 2, 2.
    """
    return [images // levels + (level < images % levels) for level in range(levels)]


def _share_kernels(network: nn.Module, levels: int) -> None:
    """Put a SharedConvolution in place of each convolution."""
    for name, module in list(network.named_children()):
        if isinstance(module, nn.Conv2d):
            setattr(network, name, SharedConvolution(module, levels))
        else:
            _share_kernels(module, levels)


@dataclass(frozen=True)
class Losses:
    """Means over a batch of the terms of (5), in squared units of patches, as networks see
    them, or of latents, per image, and bits.

    vectors, indices: (n, D) and (n,), what was quantized, and the indices chosen.
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
    model: VqAutoencoder,
    patches: Tensor,
    rate_weights: Sequence[float],
    dtype: DType,
    transmit: Transmit | None = None,
) -> list[Losses]:
    """Run a batch of (B, 16 C, h, w) float32 patches through encoder, quantizer and decoder.

    transmit: what the indices of the images of a level become on the way.
    Returns the losses of each level, over its share of the batch (`level_shares`).
    """
    with autocast(patches.device, dtype):
        latents = model.sub_vectors(patches)
    shares = level_shares(len(patches), model.levels)
    parts = torch.split(latents, shares)
    vectors, steps, quantized = [], [], []
    for level, (part, groups) in enumerate(zip(parts, model.groups, strict=True)):
        used = part[..., :groups, :]
        vectors.append(used.flatten(end_dim=-2))
        quantizer = model.quantizer(rate_weights[level], level)
        steps.append(quantizer.training_step(vectors[-1], transmit))
        unused = (0, 0, 0, model.geometry.groups - groups)
        quantized.append(F.pad(steps[-1].straight_through.view_as(used), unused))
    with autocast(patches.device, dtype):
        decoded = model.patches(torch.cat(quantized))
    squares = (decoded - patches).square().sum(dim=(1, 2, 3))
    return [
        Losses(
            distortion=squares_of_level.mean(),
            codebook=step.codebook / len(part),
            commitment=step.commitment / len(part),
            bits=step.bits / len(part),
            vectors=vector.detach(),
            indices=step.indices,
        )
        for squares_of_level, part, step, vector in zip(
            torch.split(squares, shares), parts, steps, vectors, strict=True
        )
    ]
