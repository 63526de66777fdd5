"""What all trainings do: epochs of steps over shuffled batches.

All randomness is a function of seed and epoch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.choices import DType, ModalityName
from semcomm.codec.devices import fast_dtype, torch_device
from semcomm.codec.training.held_out import HeldOut, middles
from semcomm.codec.training.images import TrainingImages, key_of
from semcomm.codec.training.optimizers import Optimizers
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.modality import MODALITIES
from semcomm.modalities.patches import grid_shape, to_patches
from semcomm.modalities.rgb8 import Image


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
class QualityProgress(EpochProgress):
    """The same of a codec.

    quality_db: PSNR of images; NMSE of channel matrices.
    held_out: what the last whole epoch gave, where pictures are held out.
    """

    quality_db: float
    held_out: HeldOut | None = field(default=None, kw_only=True)

    def figures(self) -> str:
        held_out = f"  held out: {self.held_out}" if self.held_out else ""
        return f"{self.of_training()}{held_out}"

    def of_training(self) -> str:
        """The part of `figures` that is of the training's images."""
        return f"{self.quality_db:.2f} dB"


class Tally(Protocol):
    """Sums over the steps of an epoch."""

    def add(self, *outcome: Any) -> None: ...


class Sums:
    """Sums over an epoch, of each of the numbers that its steps return."""

    def __init__(self, numbers: int) -> None:
        self.steps, self.sums = 0, [0.0] * numbers

    def add(self, *outcome: float) -> None:
        self.steps += 1
        self.sums = [total + number for total, number in zip(self.sums, outcome, strict=True)]

    def means(self) -> list[float]:
        """Of each number, per step."""
        return [total / self.steps for total in self.sums]


TallyOf = TypeVar("TallyOf", bound=Tally)


class EpochTrainer(ABC, Generic[TallyOf]):
    """Trains `model` on images; `epoch` epochs are done.

    make: makes the model, with random weights, which depend on the seed alone.
    recipe: the schedule, which may say more.
    own_rates: learning rates of parameters that have others than the recipe's, by name.
    """

    model: nn.Module

    def __init__(
        self,
        make: Callable[[], nn.Module],
        recipe: Schedule,
        images: TrainingImages,
        seed: int,
        own_rates: Mapping[str, float] | None = None,
    ) -> None:
        self.seed, self.epoch, self.epochs = seed, 0, recipe.epochs
        self.device = torch_device(recipe.device)
        self.dtype: DType = fast_dtype(self.device) if recipe.dtype == "auto" else recipe.dtype
        self.images, self.batch_size = images, min(recipe.batch_size, len(images))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(key_of(seed, "weights"))
            model = make()
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self.optimizers = Optimizers(self.model, recipe, own_rates)

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
        for step, batch in enumerate(self._batches()):
            tally.add(*self._step(batch, self.epoch * steps + step, steps * self.epochs))
            if step % 16 == 15 and step < steps - 1:
                yield self._progress(tally, steps)
        self._measure()
        progress = self._progress(tally, steps)
        self.epoch += 1
        self._finish_epoch(tally)
        yield progress

    @abstractmethod
    def _start_epoch(self) -> TallyOf:
        """An empty tally."""

    @abstractmethod
    def _batches(self) -> Iterator[Tensor]:
        """The batches of the epoch, in the form in which `_step` takes them."""

    @abstractmethod
    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[Any, ...]:
        """Train on a batch; returns what the tally takes."""

    @abstractmethod
    def _progress(self, tally: TallyOf, steps: int) -> EpochProgress:
        """How far the epoch of so many steps is."""

    def _measure(self) -> None:
        """What is measured after an epoch, by default nothing."""

    def _finish_epoch(self, tally: TallyOf) -> None:
        """What happens between epochs, by default nothing."""


class CodecTrainer(EpochTrainer[TallyOf]):
    """Of a codec, which sees patches of images.

    held_out: pictures of any sizes that it is measured on after each epoch; of many the first ones,
        of large ones the middle (held_out.py).
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        recipe: Schedule,
        images: TrainingImages,
        seed: int,
        held_out: Sequence[Image] = (),
        own_rates: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(make, recipe, images, seed, own_rates)
        self.grid = grid_shape(*images.size)
        self.held_out = middles(held_out)
        self.measured: HeldOut | None = None

    def _batches(self) -> Iterator[Tensor]:
        """(B, 16 C, h, w) each."""
        for images in self.images.batches(self.batch_size, self.seed, self.epoch):
            yield patches_of(images, self.device, self.images.modality)

    def _measure(self) -> None:
        if self.held_out:
            self.measured = self._held_out_quality()

    @abstractmethod
    def _held_out_quality(self) -> HeldOut:
        """The model as it is, on `held_out`."""


def patches_of(
    images: NDArray[Any], device: torch.device, modality: ModalityName = "rgb8"
) -> Tensor:
    """Images (B, H, W, C) as (B, 16 C, h, w) float32 on a device."""
    return MODALITIES[modality].to_network(torch.from_numpy(to_patches(images)).to(device))
