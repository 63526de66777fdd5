"""A binary symmetric channel for the bits of fixed-length indices, in training.

It is that of the simulation, `channels/binary_symmetric.py`. What arrives is an index like any
other: gradients pass it by, straight through.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Le, doc
from torch import Tensor

from semcomm.validation import Validated

Crossover = Annotated[float, Ge(0.0), Le(0.5)]


@dataclass(frozen=True)
class BitFlips(Validated):
    """Flips each bit of an index independently."""

    crossover: Annotated[
        Crossover | tuple[Crossover, Crossover],
        doc(
            "probability that a bit flips; or the lowest and the highest, between which each image "
            "of each step has one that is drawn uniformly"
        ),
    ]

    def __post_init__(self) -> None:
        low, high = self.bounds
        if low > high:
            raise ValueError(f"crossover is [{low}, {high}]; the lower one comes first")

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest crossover."""
        one = self.crossover
        return one if isinstance(one, tuple) else (one, one)

    def draw_crossovers(self, images: int, generator: torch.Generator) -> Tensor:
        """(B,) float32, uniform between the lowest and the highest."""
        low, high = self.bounds
        return low + (high - low) * torch.rand(images, generator=generator)

    def transmit(
        self, indices: Tensor, images: int, codewords: int, generator: torch.Generator
    ) -> Tensor:
        """What arrives of indices, (n,) int64: as many of each of `images`, one image after the
        other.

        codewords: K, a power of two.
        generator: of the CPU, so that all devices draw alike.
        """
        bits = 1 << torch.arange((codewords - 1).bit_length())
        crossovers = self.draw_crossovers(images, generator)[:, None, None]
        draws = torch.rand(images, len(indices) // images, len(bits), generator=generator)
        flips = ((draws < crossovers) * bits).sum(dim=2)
        return indices ^ flips.flatten().to(indices.device)
