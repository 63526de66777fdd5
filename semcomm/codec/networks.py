"""The semantic encoder and decoder: small residual networks over a grid of patches."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from annotated_types import Ge, Le, doc
from torch import Tensor, nn

from semcomm.modalities.rgb8 import PATCH_VALUES
from semcomm.validation import Validated


@dataclass(frozen=True)
class Geometry(Validated):
    """The shapes of a codec's tensors.

    An image of H x W pixels becomes a grid of ceil(H / 4) x ceil(W / 4) positions with `groups`
    sub-vectors each, so a 32 x 32 image has N = 64 `groups` indices.
    """

    groups: Annotated[int, Ge(1), Le(64), doc("sub-vectors per position")] = 2
    dimension: Annotated[int, Ge(1), Le(1024), doc("D, entries of a sub-vector")] = 4
    codewords: Annotated[int, Ge(1), Le(65536), doc("K, size of the codebook")] = 256
    channels: Annotated[int, Ge(1), Le(1024), doc("feature maps inside the networks")] = 64
    blocks: Annotated[int, Ge(0), Le(16), doc("residual blocks in each network")] = 1

    @property
    def latent_channels(self) -> int:
        return self.groups * self.dimension


def pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    """A convolution over one position.

    The dilation has no effect on a 1 x 1 kernel. Without it, PyTorch would choose another algorithm
    for fewer than 16 images on one thread than on several (use_mkldnn in ATen's Convolution.cpp),
    and results would depend on the number of threads.
    """
    return nn.Conv2d(inputs, outputs, kernel_size=1, dilation=2)


class ResidualBlock(nn.Module):
    """x + f(x), where f looks at a position and its eight neighbours."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1),
            nn.ReLU(),
            pointwise(channels, channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.change(features)
        return changed


class ScaledConvolution(nn.Module):
    """A convolution with several sets of a gain and a bias per output, whose kernel all share.

    gain, bias: (sets, outputs).
    """

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d, sets: int) -> None:
        super().__init__()
        self.weight, self.convolve = convolution.weight, convolution_of(convolution)
        self.gain = nn.Parameter(torch.ones(sets, convolution.out_channels))
        self.bias = nn.Parameter(bias_of(convolution).repeat(sets, 1))

    def scaled(self, inputs: Tensor, per_image: Callable[[Tensor], Tensor]) -> Tensor:
        """Convolve B images.

        per_image: makes (B, outputs) of (sets, outputs), each image's gain or bias.
        """
        convolved: Tensor = self.convolve(inputs, self.weight)
        gain, bias = (
            per_image(part.to(convolved.dtype))[..., None, None] for part in (self.gain, self.bias)
        )
        return torch.addcmul(bias, convolved, gain)


def convolution_of(convolution: nn.Conv2d | nn.ConvTranspose2d) -> Callable[..., Tensor]:
    """A module's convolution as a function of inputs and kernel."""
    settings: dict[str, Any] = {
        "stride": convolution.stride,
        "padding": convolution.padding,
        "dilation": convolution.dilation,
    }
    if isinstance(convolution, nn.ConvTranspose2d):
        return partial(F.conv_transpose2d, output_padding=convolution.output_padding, **settings)
    return partial(F.conv2d, **settings)


def bias_of(convolution: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias.detach()


def semantic_encoder(geometry: Geometry, patch_values: int = PATCH_VALUES) -> nn.Sequential:
    """Patches (B, patch_values, h, w), to (B, groups * dimension, h, w) latents."""
    return patch_encoder(geometry.channels, geometry.blocks, geometry.latent_channels, patch_values)


def semantic_decoder(geometry: Geometry, patch_values: int = PATCH_VALUES) -> nn.Sequential:
    """(B, groups * dimension, h, w) quantized latents, to patches (B, patch_values, h, w)."""
    return patch_decoder(geometry.channels, geometry.blocks, geometry.latent_channels, patch_values)


def semantic_networks(geometry: Geometry, patch_values: int = PATCH_VALUES) -> nn.ModuleDict:
    """Both, as `encoder` and `decoder`."""
    shape = geometry, patch_values
    return nn.ModuleDict({"encoder": semantic_encoder(*shape), "decoder": semantic_decoder(*shape)})


def patch_encoder(
    channels: int, blocks: int, latent_channels: int, patch_values: int = PATCH_VALUES
) -> nn.Sequential:
    """From patches, (B, patch_values, h, w), to latents, (B, latent_channels, h, w)."""
    return nn.Sequential(
        nn.Conv2d(patch_values, channels, kernel_size=3, padding=1),
        *(ResidualBlock(channels) for _ in range(blocks)),
        nn.ReLU(),
        pointwise(channels, latent_channels),
    )


def patch_decoder(
    channels: int, blocks: int, latent_channels: int, patch_values: int = PATCH_VALUES
) -> nn.Sequential:
    """From latents, (B, latent_channels, h, w), to patches, (B, patch_values, h, w)."""
    return nn.Sequential(
        nn.Conv2d(latent_channels, channels, kernel_size=3, padding=1),
        *(ResidualBlock(channels) for _ in range(blocks)),
        nn.ReLU(),
        nn.Conv2d(channels, patch_values, kernel_size=3, padding=1),
    )
