"""What all trainings do: epochs of steps over shuffled batches.

All randomness is a function of seed and epoch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType
from semcomm.codec.devices import fast_dtype, torch_device
from semcomm.codec.training.held_out import HeldOut, middles
from semcomm.codec.training.images import TrainingImages
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.rgb8 import Image, grid_shape, to_network, to_patches


@dataclass(frozen=True)
class EpochProgress:
    """The state of an epoch, over its images so far.

    images, of_images: so far, and in the whole epoch.
    held_out: what the last whole epoch gave, where pictures are held out.
    """

    epoch: int
    images: int
    of_images: int
    loss: float
    psnr_db: float
    held_out: HeldOut | None = field(default=None, kw_only=True)

    def figures(self) -> str:
        """What a person sees of it."""
        held_out = f"  held out: {self.held_out}" if self.held_out else ""
        return f"{self.of_training()}{held_out}"

    def of_training(self) -> str:
        """The part of `figures` that is of the training's images."""
        return f"{self.psnr_db:.2f} dB"


class Tally(Protocol):
    """Sums over the steps of an epoch."""

    def add(self, *outcome: Any) -> None: ...


TallyOf = TypeVar("TallyOf", bound=Tally)


class EpochTrainer(ABC, Generic[TallyOf]):
    """Trains `model` on images; `epoch` epochs are done.

    recipe: the schedule, which may say more.
    held_out: pictures of any sizes that it is measured on after each epoch; of many the first ones,
        of large ones the middle (held_out.py).
    """

    model: nn.Module
    optimizers: Optimizers

    def __init__(
        self, recipe: Schedule, images: TrainingImages, seed: int, held_out: Sequence[Image] = ()
    ) -> None:
        self.seed, self.epoch, self.epochs = seed, 0, recipe.epochs
        self.device = torch_device(recipe.device)
        self.dtype: DType = fast_dtype(self.device) if recipe.dtype == "auto" else recipe.dtype
        self.images, self.batch_size = images, min(recipe.batch_size, len(images))
        self.grid = grid_shape(*images.size)
        self.held_out = middles(held_out)
        self.measured: HeldOut | None = None

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
        steps = len(self.images) // self.batch_size
        tally = self._start_epoch()
        batches = self.images.batches(self.batch_size, self.seed, self.epoch)
        for step, images in enumerate(batches):
            patches = self._patches(images)
            tally.add(*self._step(patches, self.epoch * steps + step, steps * self.epochs))
            if step % 16 == 15 and step < steps - 1:
                yield replace(self._progress(tally, steps), held_out=self.measured)
        if self.held_out:
            self.measured = self._measure()
        progress = replace(self._progress(tally, steps), held_out=self.measured)
        self.epoch += 1
        self._finish_epoch(tally)
        yield progress

    @abstractmethod
    def _start_epoch(self) -> TallyOf:
        """An empty tally."""

    @abstractmethod
    def _step(self, patches: Tensor, step: int, of_steps: int) -> tuple[Any, ...]:
        """Train on (B, 48, h, w) patches of images; returns what the tally takes."""

    @abstractmethod
    def _progress(self, tally: TallyOf, steps: int) -> EpochProgress:
        """How far the epoch of so many steps is."""

    @abstractmethod
    def _measure(self) -> HeldOut:
        """The model as it is, on `held_out`."""

    def _finish_epoch(self, tally: TallyOf) -> None:
        """What happens between epochs, by default nothing."""

    def _patches(self, images: NDArray[np.uint8]) -> Tensor:
        """Images (B, H, W, 3) as (B, 48, h, w) float32 on the device."""
        return to_network(torch.from_numpy(to_patches(images)).to(self.device))
