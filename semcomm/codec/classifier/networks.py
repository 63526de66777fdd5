"""A residual network from pixels to the classes of images."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le, MaxLen, MinLen, doc
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import autocast
from semcomm.validation import Validated

WHITENED = 2
"""Side, in pixels, of the patches whose values the first layer makes uncorrelated."""


@dataclass(frozen=True)
class ClassifierNetwork(Validated):
    """Stages of two convolutions each, the first of which halves the resolution."""

    widths: Annotated[
        tuple[Annotated[int, Ge(1), Le(1024)], ...],
        MinLen(1),
        MaxLen(5),
        doc("feature maps of each stage"),
    ] = (64, 256, 256)

    @property
    def least_side(self) -> int:
        """Height and width, in pixels, of the smallest images of which something is left."""
        return WHITENED - 1 + (1 << len(self.widths))


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, change: nn.Sequential) -> None:
        super().__init__()
        self.change = change

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = features + self.change(features)
        return changed


class ClassifierLayers(nn.Module):
    """From pixels to a score for each class.

    normalized: as in training, with batch normalization. Without it, each convolution has a bias
        instead, as in the file.
    """

    def __init__(self, network: ClassifierNetwork, classes: int, normalized: bool) -> None:
        super().__init__()
        width = 2 * 3 * WHITENED**2
        self.whitening = nn.Conv2d(3, width, WHITENED)
        stages: list[nn.Module] = [nn.GELU()]
        for wider in network.widths:
            stages.append(_convolution(width, wider, normalized, halved=True))
            stages.append(Residual(_convolution(wider, wider, normalized)))
            width = wider
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(width, classes)

    def scores(self, pixels: Tensor, dtype: DType) -> Tensor:
        """(B, 3, H, W) from 0 to 1, to (B, classes) float32.

        The first layer takes small differences of pixels, and always computes in float32.
        """
        whitened = self.whitening(pixels)
        with autocast(pixels.device, dtype):
            features = self.stages(whitened)
        scores: Tensor = self.head(features.float().amax(dim=(2, 3)))
        return scores


def _convolution(
    inputs: int, outputs: int, normalized: bool, halved: bool = False
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=not normalized),
        nn.MaxPool2d(2) if halved else nn.Identity(),
        _normalization(outputs) if normalized else nn.Identity(),
        nn.GELU(),
    )


def _normalization(width: int) -> nn.BatchNorm2d:
    """Without a gain, so that it commutes with a maximum and can become part of a convolution."""
    normalization = nn.BatchNorm2d(width)
    normalization.weight.requires_grad_(False)
    return normalization


@torch.no_grad()
def whitening_of(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Kernel and bias of the first layer, which make values of 2 x 2 pixels uncorrelated and of
    variance 1.

    Each uncorrelated value comes twice, the second time negated. Variances count as if 3e-5 larger,
    so that noise of the directions in which pixels hardly differ is not amplified.

    pixels: (B, 3, H, W) from 0 to 1.
    Returns (24, 3, 2, 2) and (24,), rounded to float16.
    """
    values = nn.functional.unfold(pixels, WHITENED).transpose(1, 2).flatten(0, 1).double()
    variances, directions = torch.linalg.eigh(values.T.cov())
    rows = directions.T / (variances + 3e-5).sqrt()[:, None]
    kernel = torch.cat([rows, -rows]).half().float()
    bias = -(kernel.double() @ values.mean(dim=0))
    return kernel.view(-1, 3, WHITENED, WHITENED), bias.half().float()


@torch.no_grad()
def without_normalization(layers: ClassifierLayers) -> dict[str, Tensor]:
    """The state of the same layers with `normalized` false, from those of a training."""
    state = {
        name: tensor
        for name, tensor in layers.state_dict().items()
        if name.startswith(("whitening.", "head."))
    }
    for name, module in layers.named_modules():
        if isinstance(module, nn.Sequential) and isinstance(module[0], nn.Conv2d):
            norm = module[2]
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None and norm.running_var is not None
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            state[f"{name}.0.weight"] = module[0].weight * gain[:, None, None, None]
            state[f"{name}.0.bias"] = norm.bias - norm.running_mean * gain
    return state
