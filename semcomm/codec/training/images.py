"""What trainings of networks see: images of one size, in an order that seed and epoch decide."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.modalities.modality import Sample


class TrainingImages(Protocol):
    """Images, or samples of another modality, to train on; `len` is how many an epoch has."""

    @property
    def modality(self) -> ModalityName: ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of each."""

    def __len__(self) -> int: ...

    def batches(self, size: int, seed: int, epoch: int) -> Iterator[NDArray[Any]]:
        """The images of an epoch in whole batches, (size, H, W, C); they depend on the arguments
        alone.
        """

    def sample(self, seed: int) -> list[Sample]:
        """Those over which tables are counted: all, or enough of many."""

    def digest(self) -> str:
        """What tells these images from others."""


@dataclass(frozen=True, eq=False)
class WholeImages:
    """Images (n, H, W, C) as they are; each epoch has all of them, in an order of its own."""

    images: NDArray[Any]
    modality: ModalityName = "rgb8"

    @property
    def size(self) -> tuple[int, int]:
        return self.images.shape[1], self.images.shape[2]

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, size: int, seed: int, epoch: int) -> Iterator[NDArray[Any]]:
        for numbers in self.numbers(size, seed, epoch):
            yield self.images[numbers]

    def numbers(self, size: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
        """(size,) which images are in each batch."""
        generator = torch.Generator().manual_seed(key_of(seed, "order", epoch))
        order = torch.randperm(len(self), generator=generator).numpy()
        for start in range(0, len(self) - size + 1, size):
            yield order[start : start + size]

    def sample(self, seed: int) -> list[Sample]:
        return list(self.images)

    def digest(self) -> str:
        return hashlib.sha256(self.images.tobytes()).hexdigest()


def key_of(seed: int, purpose: str, epoch: int = 0, level: int = 0) -> int:
    """A generator's seed that depends on the arguments alone."""
    entropy = [seed, epoch, *purpose.encode(), *[level] * (level > 0)]
    words = np.random.SeedSequence(entropy).generate_state(2, np.uint32)
    return int(words[0]) << 31 | int(words[1]) >> 1
