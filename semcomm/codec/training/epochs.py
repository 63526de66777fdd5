"""What all trainings do: epochs of steps over shuffled batches.

All randomness is a function of seed and epoch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import fast_dtype, torch_device
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.rgb8 import Image, to_network


@dataclass(frozen=True)
class EpochProgress(ABC):
    """The state of an epoch, over its images so far.

    images, of_images: so far, and in the whole epoch.
    """

    epoch: int
    images: int
    of_images: int
    loss: float

    @abstractmethod
    def figures(self) -> str:
        """What a person sees of it."""


@dataclass(frozen=True)
class PsnrProgress(EpochProgress):
    """The same of a codec."""

    psnr_db: float

    def figures(self) -> str:
        return f"{self.psnr_db:.2f} dB"


class Tally(Protocol):
    """Sums over the steps of an epoch."""

    def add(self, *outcome: Any) -> None: ...


TallyOf = TypeVar("TallyOf", bound=Tally)


class EpochTrainer(ABC, Generic[TallyOf]):
    """Trains `model` on patches (n, h, w, 48) uint8; `epoch` epochs are done.

    recipe: the schedule, which may say more.
    """

    model: nn.Module
    optimizers: Optimizers

    def __init__(self, recipe: Schedule, patches: NDArray[np.uint8], seed: int) -> None:
        self.seed, self.epoch, self.epochs = seed, 0, recipe.epochs
        self.device = torch_device(recipe.device)
        self.dtype: DType = fast_dtype(self.device) if recipe.dtype == "auto" else recipe.dtype
        self.patches = torch.from_numpy(patches)
        self.batch_size = min(recipe.batch_size, len(patches))

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that the training depends on but images and seed."""

    @abstractmethod
    def save(self, path: Path, images: Sequence[Image], origin: Mapping[str, Any]) -> None:
        """Write the codec's file.

        images: those of the training, which tables are counted over.
        origin: how the codec was made, to which the settings are added.
        """

    def run_epoch(self) -> Iterator[EpochProgress]:
        """One pass over the images in whole batches; yields its progress every 16 steps and at the
        end.
        """
        order = self._order(self.epoch)
        steps = len(order) // self.batch_size
        tally = self._start_epoch()
        batches = order[: steps * self.batch_size].reshape(steps, self.batch_size)
        for step, images in enumerate(batches):
            tally.add(*self._step(images, self.epoch * steps + step, steps * self.epochs))
            if step % 16 == 15 and step < steps - 1:
                yield self._progress(tally, steps)
        progress = self._progress(tally, steps)
        self.epoch += 1
        self._finish_epoch(tally)
        yield progress

    @abstractmethod
    def _start_epoch(self) -> TallyOf:
        """An empty tally."""

    @abstractmethod
    def _step(self, images: Tensor, step: int, of_steps: int) -> tuple[Any, ...]:
        """Train on the images of these numbers; returns what the tally takes."""

    @abstractmethod
    def _progress(self, tally: TallyOf, steps: int) -> EpochProgress:
        """How far the epoch of so many steps is."""

    def _finish_epoch(self, tally: TallyOf) -> None:
        """What happens between epochs, by default nothing."""

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(key_of(self.seed, "order", epoch))
        return torch.randperm(len(self.patches), generator=generator)

    def _batch(self, images: Tensor) -> Tensor:
        return to_network(self.patches.index_select(0, images).to(self.device))


def key_of(seed: int, purpose: str, epoch: int = 0, level: int = 0) -> int:
    """A generator's seed that depends on the arguments alone."""
    entropy = [seed, epoch, *purpose.encode(), *[level] * (level > 0)]
    words = np.random.SeedSequence(entropy).generate_state(2, np.uint32)
    return int(words[0]) << 31 | int(words[1]) >> 1
