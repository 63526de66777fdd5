"""Networks from images to complex symbols and back, told the Es/N0 of each image.

A network trained for several Es/N0 has, for each of them, a gain and a bias per output of each
convolution. Between them, an image's gains and biases are interpolated linearly in dB; below the
lowest and above the highest they are constant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Le, Unit, doc
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import autocast
from semcomm.codec.networks import ResidualBlock, ScaledConvolution, patch_decoder, patch_encoder
from semcomm.modalities.patches import PATCH
from semcomm.validation import Validated

SymbolsPerPatch = Annotated[
    int,
    Ge(1),
    Le(64),
    Unit("channel uses"),
    doc("complex symbols per patch of 4 x 4 pixels; an image of 32 x 32 pixels has 64 patches"),
]


@dataclass(frozen=True)
class PatchNetwork(Validated):
    """The residual networks of the digital codecs, over patches of 4 x 4 pixels."""

    model: Annotated[Literal["patches"], doc("which networks")] = field(
        default="patches", kw_only=True
    )
    symbols: SymbolsPerPatch = 4
    channels: Annotated[int, Ge(1), Le(1024), doc("feature maps inside the networks")] = 64
    blocks: Annotated[int, Ge(0), Le(16), doc("residual blocks in each network")] = 4

    def encoder(self) -> nn.Sequential:
        """(B, 48, h, w) patches with values from 0 to 1, to (B, 2 * symbols, h, w) latents."""
        return patch_encoder(self.channels, self.blocks, 2 * self.symbols)

    def decoder(self) -> nn.Sequential:
        """(B, 2 * symbols, h, w) latents to (B, 48, h, w) patches, about 0 to 1."""
        return patch_decoder(self.channels, self.blocks, 2 * self.symbols)


@dataclass(frozen=True)
class DeepJsccNetwork(Validated):
    """The convolutional networks of Bourtsoulatze, Kurka and Gunduz.

    Deep joint source-channel coding for wireless image transmission, IEEE Trans. Cogn. Commun.
    Netw. 5(3), 2019. Kernels are 5 x 5; two of the five layers halve or double the resolution.
    """

    model: Annotated[Literal["deepjscc"], doc("which networks")] = field(
        default="deepjscc", kw_only=True
    )
    symbols: SymbolsPerPatch = 4

    def encoder(self) -> nn.Sequential:
        """As `PatchNetwork.encoder`."""
        widths, strides = [3, 16, 32, 32, 32, 2 * self.symbols], [2, 2, 1, 1, 1]
        layers: list[nn.Module] = [PatchesToPixels()]
        for takes, gives, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            layers += [nn.Conv2d(takes, gives, 5, stride, padding=2), nn.PReLU()]
        return nn.Sequential(*layers)

    def decoder(self) -> nn.Sequential:
        """As `PatchNetwork.decoder`, within 0 to 1."""
        widths, strides = [2 * self.symbols, 32, 32, 32, 16, 3], [1, 1, 1, 2, 2]
        layers: list[nn.Module] = []
        for takes, gives, stride in zip(widths[:-1], widths[1:], strides, strict=True):
            layers += [
                nn.ConvTranspose2d(takes, gives, 5, stride, padding=2, output_padding=stride - 1),
                nn.PReLU(),
            ]
        return nn.Sequential(*layers[:-1], nn.Sigmoid(), PixelsToPatches())


Network = PatchNetwork | DeepJsccNetwork

NETWORKS: dict[str, type[Network]] = {"patches": PatchNetwork, "deepjscc": DeepJsccNetwork}
"""By the name under `model`."""


class PatchesToPixels(nn.Module):
    """(B, 48, h, w) patches to (B, 3, 4 h, 4 w) pixels."""

    def forward(self, patches: Tensor) -> Tensor:
        count, _, rows, columns = patches.shape
        cells = patches.reshape(count, PATCH, PATCH, 3, rows, columns).permute(0, 3, 4, 1, 5, 2)
        return cells.reshape(count, 3, rows * PATCH, columns * PATCH)


class PixelsToPatches(nn.Module):
    """Undoes `PatchesToPixels`."""

    def forward(self, pixels: Tensor) -> Tensor:
        count, _, height, width = pixels.shape
        cells = pixels.reshape(count, 3, height // PATCH, PATCH, width // PATCH, PATCH)
        return cells.permute(0, 3, 5, 1, 2, 4).flatten(1, 3)


class ConditionedConvolution(ScaledConvolution):
    """A convolution whose gain and bias are mixtures, image by image."""

    def forward(self, inputs: Tensor, mixture: Tensor) -> Tensor:
        """mixture: (B, sets), how much of each set an image has."""
        return self.scaled(
            inputs, lambda part: (mixture.to(part.dtype)[..., None] * part).sum(dim=1)
        )


class ConditionedBlock(nn.Module):
    """A `ResidualBlock` of conditioned convolutions."""

    def __init__(self, change: "Conditioned") -> None:
        super().__init__()
        self.change = change

    def forward(self, features: Tensor, mixture: Tensor) -> Tensor:
        changed: Tensor = features + self.change(features, mixture)
        return changed


class Conditioned(nn.Sequential):
    """Layers after each other; the mixture goes to those that take one."""

    def forward(  # type: ignore[override]
        self, features: Tensor, mixture: Tensor
    ) -> Tensor:
        for layer in self:
            takes_it = isinstance(layer, ConditionedConvolution | ConditionedBlock)
            features = layer(features, mixture) if takes_it else layer(features)
        return features


def conditioned(layers: nn.Sequential, sets: int) -> Conditioned:
    """The same layers, whose convolutions have `sets` of gains and biases if more than one."""
    return Conditioned(*(_conditioned(layer, sets) if sets > 1 else layer for layer in layers))


def _conditioned(layer: nn.Module, sets: int) -> nn.Module:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        return ConditionedConvolution(layer, sets)
    if isinstance(layer, ResidualBlock):
        return ConditionedBlock(conditioned(layer.change, sets))
    return layer


def mixture_of(esn0_db: Tensor, points: Sequence[float]) -> Tensor:
    """How much of each point's gains and biases an image has: (B,) to (B, P), which sum to 1.

    points: ascending, dB.

    Example: with points 0, 10, 20, an Es/N0 of 12.5 dB has 0, 0.75, 0.25.
    """
    at = torch.tensor(points, dtype=esn0_db.dtype, device=esn0_db.device)
    passed = ((esn0_db[:, None] - at[:-1]) / at.diff()).clamp(0, 1)
    ones = torch.ones_like(esn0_db)[:, None]
    return torch.cat([ones, passed], dim=1) - torch.cat([passed, 0 * ones], dim=1)


class AnalogueAutoencoder(nn.Module):
    """Both networks.

    points: ascending Es/N0 in dB for which they have gains and biases.
    """

    def __init__(self, network: Network, points: Sequence[float]) -> None:
        super().__init__()
        self.network, self.points = network, tuple(points)
        self.encoder = conditioned(network.encoder(), len(self.points))
        self.decoder = conditioned(network.decoder(), len(self.points))

    def latents(self, patches: Tensor, esn0_db: Tensor, dtype: DType) -> Tensor:
        """(B, 48, h, w) patches to (B, h, w, 2 * symbols) float32, not yet normalized.

        esn0_db: (B,), what the transmitter believes.
        """
        with autocast(patches.device, dtype):
            latents: Tensor = self.encoder(patches, mixture_of(esn0_db, self.points))
        return latents.float().permute(0, 2, 3, 1)

    def patches(self, latents: Tensor, esn0_db: Tensor, dtype: DType) -> Tensor:
        """(B, h, w, 2 * symbols) as they arrived, to (B, 48, h, w) float32, about 0 to 1.

        esn0_db: (B,), what the receiver believes.
        """
        with autocast(latents.device, dtype):
            patches: Tensor = self.decoder(
                latents.permute(0, 3, 1, 2), mixture_of(esn0_db, self.points)
            )
        return patches.float()
