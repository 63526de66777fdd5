"""The semantic encoder and decoder: small residual networks over a grid of image patches."""

from dataclasses import dataclass
from typing import Annotated

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


def semantic_encoder(geometry: Geometry) -> nn.Sequential:
    """(B, 48, h, w) patches with values from 0 to 1, to (B, groups * dimension, h, w) latents."""
    channels = geometry.channels
    return nn.Sequential(
        nn.Conv2d(PATCH_VALUES, channels, kernel_size=3, padding=1),
        *(ResidualBlock(channels) for _ in range(geometry.blocks)),
        nn.ReLU(),
        pointwise(channels, geometry.latent_channels),
    )


def semantic_decoder(geometry: Geometry) -> nn.Sequential:
    """(B, groups * dimension, h, w) quantized latents, to (B, 48, h, w) patches, about 0 to 1."""
    channels = geometry.channels
    return nn.Sequential(
        nn.Conv2d(geometry.latent_channels, channels, kernel_size=3, padding=1),
        *(ResidualBlock(channels) for _ in range(geometry.blocks)),
        nn.ReLU(),
        nn.Conv2d(channels, PATCH_VALUES, kernel_size=3, padding=1),
    )
