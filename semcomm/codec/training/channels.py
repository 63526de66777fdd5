"""Channels of complex symbols that gradients pass through, for training.

They are those of the simulation, `channels/awgn.py` and `channels/rayleigh.py`, one frame per
image: symbols of unit mean energy, and Es/N0 = E|x|^2 / E|n|^2, both dimensions together.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Le, MinLen, Unit, doc
from torch import Tensor

from semcomm.validation import Validated

Decibels = Annotated[float, Ge(-30.0), Le(60.0)]

Esn0 = Annotated[
    Decibels | Annotated[tuple[Decibels, ...], MinLen(2)],
    Unit("dB"),
    doc(
        "of all images; or several in ascending order: each image has one that is drawn uniformly "
        "from the first to the last, both ends know it, and the networks have gains and biases for "
        "each of the several, which are interpolated between them"
    ),
]


@dataclass(frozen=True)
class TrainingChannel(Validated, ABC):
    """What all channels have in common."""

    esn0_db: Esn0

    def __post_init__(self) -> None:
        points = self.points
        if any(first >= second for first, second in pairwise(points)):
            raise ValueError(f"esn0_db is {list(points)}; several take ascending order")

    @property
    def points(self) -> tuple[float, ...]:
        """The Es/N0 that the networks have gains and biases for."""
        return self.esn0_db if isinstance(self.esn0_db, tuple) else (self.esn0_db,)

    @property
    def knows_noise(self) -> bool:
        """Whether the receiver's input is the linear estimate by the noise variance that it knows.

        With one Es/N0 over AWGN it is the symbols as they arrive, as in the literature.
        """
        return len(self.points) > 1

    def draw_esn0_db(self, images: int, generator: torch.Generator) -> Tensor:
        """(B,) float32, uniform between the lowest and the highest."""
        low, high = self.points[0], self.points[-1]
        return low + (high - low) * torch.rand(images, generator=generator)

    @abstractmethod
    def transmit(
        self, symbols: Tensor, esn0_db: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """What arrives of (B, k) complex symbols of unit mean energy, and (B,) noise variances.

        generator: of the CPU, so that all devices draw alike.
        """


@dataclass(frozen=True)
class TrainingAwgn(TrainingChannel):
    """White Gaussian noise, as the channel awgn."""

    model: Annotated[Literal["awgn"], doc("which channel")] = "awgn"

    def transmit(
        self, symbols: Tensor, esn0_db: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        variances = 10 ** (-esn0_db / 10)
        return symbols + noise_like(symbols, variances, generator), variances


@dataclass(frozen=True)
class TrainingRayleigh(TrainingChannel):
    """Slow Rayleigh fading, as the channel rayleigh: one complex gain per image."""

    model: Annotated[Literal["rayleigh"], doc("which channel")] = "rayleigh"
    estimation: Annotated[
        Literal["known", "none"],
        doc(
            "the receiver is given the gain (known) and divides by it, or has neither gain nor "
            "pilots (none) and takes what arrives"
        ),
    ] = "known"

    @property
    def knows_noise(self) -> bool:
        return self.estimation == "known" or super().knows_noise

    def transmit(
        self, symbols: Tensor, esn0_db: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        variances = 10 ** (-esn0_db / 10)
        gains = complex_normals((len(symbols), 1), generator).to(symbols.device)
        received = gains * symbols + noise_like(symbols, variances, generator)
        if self.estimation == "none":
            return received, variances
        return received / gains, variances / gains[:, 0].abs().square()


CHANNELS: dict[str, type[TrainingChannel]] = {"awgn": TrainingAwgn, "rayleigh": TrainingRayleigh}
"""By the name under `model`."""


def noise_like(symbols: Tensor, variances: Tensor, generator: torch.Generator) -> Tensor:
    """Circularly symmetric noise for (B, k) symbols with each image's variance, (B,)."""
    noise = complex_normals(tuple(symbols.shape), generator).to(symbols.device)
    return variances.sqrt()[:, None] * noise


def complex_normals(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Circularly symmetric complex64 Gaussian draws, E|z|^2 = 1."""
    return torch.randn(shape, dtype=torch.complex64, generator=generator)


def normalized(latents: Tensor) -> Tensor:
    """(B, h, w, 2 s) real latents as (B, k) complex symbols of mean energy 1 in each image.

    z = sqrt(k) z / |z|, with k = h w s: Bourtsoulatze, Kurka and Gunduz, section III.
    """
    values = torch.view_as_complex(latents.reshape(len(latents), -1, 2))
    return values * torch.rsqrt(values.abs().square().mean(dim=1, keepdim=True) + 1e-12)


def linear_estimates(received: Tensor, variances: Tensor) -> Tensor:
    """The linear minimum mean squared error estimate of symbols of unit mean energy: (B, k).

    Kay, Estimation Theory, theorem 12.1: r / (1 + E|n|^2).
    """
    return received / (1 + variances)[:, None]
