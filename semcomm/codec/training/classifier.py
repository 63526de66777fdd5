"""Training of a classifier of images, by cross-entropy with smoothed labels."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomm.codec.classifier.classifier_file import (
    ClassifierAbout,
    classifier_from,
    save_classifier,
)
from semcomm.codec.classifier.networks import (
    ClassifierLayers,
    ClassifierNetwork,
    whitening_of,
    without_normalization,
)
from semcomm.codec.training.epochs import EpochProgress, EpochTrainer, Sums
from semcomm.codec.training.export import copied
from semcomm.codec.training.images import WholeImages, key_of
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.rgb8 import Image

LABEL_SMOOTHING = 0.2
WHITENING_IMAGES = 5000


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe(Schedule):
    """What becomes of an image in each epoch, beside flips."""

    shift: Annotated[
        int,
        Ge(0),
        Le(8),
        Unit("pixels"),
        doc("by which images are moved in each direction at most; they are mirrored at borders"),
    ] = 2
    cutout: Annotated[
        int,
        Ge(0),
        Le(4096),
        Unit("pixels"),
        doc(
            "side of a square that takes the mean colour of all images; its centre may be "
            "anywhere in an image"
        ),
    ] = 0


@dataclass(frozen=True)
class ClassifierProgress(EpochProgress):
    """The same of a classifier.

    accuracy: share of the training images, moved and flipped, whose class was right.
    """

    accuracy: float

    def figures(self) -> str:
        return f"loss {self.loss:.3f}  {self.accuracy:.2%} right"


class ClassifierTrainer(EpochTrainer[Sums]):
    """Trains the layers on images that are flipped from left to right in every second epoch, moved,
    and covered in part.

    labels: (n,) the classes of the images, by their places in `classes`.
    """

    model: ClassifierLayers
    images: WholeImages

    def __init__(
        self,
        network: ClassifierNetwork,
        classes: Sequence[str],
        recipe: ClassifierRecipe,
        images: WholeImages,
        labels: NDArray[np.int64],
        seed: int,
    ) -> None:
        make = partial(ClassifierLayers, network, len(classes), normalized=True)
        super().__init__(make, recipe, images, seed)
        self.network, self.classes, self.recipe = network, tuple(classes), recipe
        self._images = torch.from_numpy(images.images)
        self._mean = torch.from_numpy(images.images.mean(axis=(0, 1, 2)).round().astype(np.uint8))
        self._labels = torch.from_numpy(labels)
        self._initialize_whitening()

    def settings(self) -> dict[str, Any]:
        labels = self._labels.bincount(minlength=len(self.classes)).tolist()
        return {
            "network": asdict(self.network),
            "training": asdict(self.recipe),
            "classes": dict(zip(self.classes, labels, strict=True)),
        }

    def save(self, path: Path, images: Sequence[Image], origin: Mapping[str, Any]) -> None:
        about = ClassifierAbout(
            self.network, self.classes, {**origin, "training": asdict(self.recipe)}
        )
        state = without_normalization(self.model)
        tensors = {name: copied(tensor.half()) for name, tensor in state.items()}
        save_classifier(classifier_from(path.stem, about, tensors), path)

    def _initialize_whitening(self) -> None:
        kernel, bias = whitening_of(_pixels(self._images[:WHITENING_IMAGES].to(self.device)))
        whitening = self.model.whitening.requires_grad_(False)
        whitening.weight.copy_(kernel)
        assert whitening.bias is not None
        whitening.bias.copy_(bias)

    def _start_epoch(self) -> Sums:
        generator = torch.Generator().manual_seed(key_of(self.seed, "flips"))
        flips = torch.randint(2, (len(self._images),), generator=generator)
        self._flips = (flips + self.epoch) % 2 == 1
        self._moves, self._cuts = (
            torch.Generator().manual_seed(key_of(self.seed, purpose, self.epoch))
            for purpose in ("moves", "cuts")
        )
        return Sums(2)

    def _batches(self) -> Iterator[Tensor]:
        """(B,) the numbers of the images."""
        for numbers in self.images.numbers(self.batch_size, self.seed, self.epoch):
            yield torch.from_numpy(numbers)

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[float, float]:
        """Returns the loss per image, and the share of the batch that was right."""
        images = self._augmented(batch)
        labels = self._labels[batch].to(self.device)
        scores = self.model.scores(_pixels(images.to(self.device)), self.dtype)
        loss = F.cross_entropy(scores, labels, label_smoothing=LABEL_SMOOTHING)
        self.optimizers.step(loss, self.recipe.learning_rate_at(step, step / of_steps))
        normalize_kernels(self.model)
        return loss.item(), (scores.argmax(dim=1) == labels).float().mean().item()

    def _augmented(self, batch: Tensor) -> Tensor:
        """The images of these numbers as this epoch shows them, (B, H, W, 3) uint8."""
        shift, side = self.recipe.shift, self.recipe.cutout
        moves = torch.randint(-shift, shift + 1, (2, len(batch)), generator=self._moves)
        images = moved_images(self._images[batch], moves, self._flips[batch])
        centres = [
            torch.randint(length, (len(batch),), generator=self._cuts)
            for length in self.images.size
        ]
        return cut_images(images, torch.stack(centres), side, self._mean)

    def _progress(self, tally: Sums, steps: int) -> ClassifierProgress:
        loss, accuracy = tally.means()
        return ClassifierProgress(
            epoch=self.epoch,
            images=tally.steps * self.batch_size,
            of_images=steps * self.batch_size,
            loss=loss,
            accuracy=accuracy,
        )


def moved_images(images: Tensor, moves: Tensor, flips: Tensor) -> Tensor:
    """Images moved, mirrored beyond their borders, and flipped from left to right.

    images: (B, H, W, 3); moves: (2, B) pixels up and to the left; flips: (B,) bool.

    Example: a row a b c d moved by 1 is b c d c, and flipped then c d c b.
    """
    count, height, width, _ = images.shape
    rows = _mirrored(torch.arange(height) + moves[0, :, None], height)
    columns = _mirrored(torch.arange(width) + moves[1, :, None], width)
    columns = torch.where(flips[:, None], columns.flip(1), columns)
    return images[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def cut_images(images: Tensor, centres: Tensor, side: int, colour: Tensor) -> Tensor:
    """Images with a square of one colour in each, as far as it lies within the image.

    DeVries and Taylor, Improved regularization of convolutional neural networks with cutout, arXiv
    1708.04552, 2017.

    images: (B, H, W, 3); centres: (2, B) row and column, of an even side those of the pixel after
    the middle; colour: (3,).

    Example: of a row a b c d, a square of side 2 at column 3 leaves a b, at column 0 b c d.
    """
    height, width = images.shape[1:3]
    starts = centres[:, :, None] - side // 2
    rows, columns = torch.arange(height) - starts[0], torch.arange(width) - starts[1]
    in_rows, in_columns = ((places >= 0) & (places < side) for places in (rows, columns))
    within = in_rows[:, :, None] & in_columns[:, None, :]
    return torch.where(within[..., None], colour, images)


def _mirrored(places: Tensor, length: int) -> Tensor:
    return length - 1 - (length - 1 - places.abs()).abs()


@torch.no_grad()
def normalize_kernels(layers: ClassifierLayers) -> None:
    """Give each kernel that batch normalization follows the norm of a matrix with orthonormal rows.

    What the layers compute does not change. A step of Muon then turns a kernel by an angle that the
    learning rate alone decides.
    """
    for module in layers.stages.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.mul_(math.sqrt(len(module.weight)) / module.weight.norm())


def _pixels(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 from 0 to 1."""
    return images.float().div_(255).permute(0, 3, 1, 2)
