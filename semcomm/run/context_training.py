"""What `semcomm context` is asked for, and doing it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import codec_from, load_codec, read_levels, save_codec, save_levels
from semcomm.codec.entropy_coding.context_model import without_context
from semcomm.codec.levels import stacked
from semcomm.codec.stacks import BATCH_IMAGES
from semcomm.codec.training.context import ContextEpoch, ContextRecipe, trained_context
from semcomm.data.choice import DataChoice
from semcomm.data.crops import Crops
from semcomm.data.data_set import blocks
from semcomm.errors import DataError, RunError, ScenarioError
from semcomm.modalities.patches import PATCH
from semcomm.modalities.rgb8 import Image
from semcomm.run.pools import Failure, Pool, ProcessPool, cores, map_in_order
from semcomm.run.training import data_label
from semcomm.version import __version__

Model = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Context:
    """A context model to be made for the codec in a file, or for each of its levels, in place of
    what it may have.

    images: how many it is trained on, the first ones; None is all.
    crop: height and width of random crops that it is trained on in their place, a multiple of 4.
    """

    path: Path
    recipe: ContextRecipe = field(default_factory=ContextRecipe)
    data: DataChoice = field(default_factory=lambda: DataChoice("cifar10", split="train"))
    images: int | None = None
    crop: int | None = None

    def __post_init__(self) -> None:
        if self.crop and self.crop % PATCH:
            raise ScenarioError([f"crop is {self.crop}; it takes a multiple of {PATCH}"])

    @property
    def in_use(self) -> ContextRecipe:
        """The recipe; a batch of crops has as many pixels as one of images of 32 x 32."""
        if self.crop is None:
            return self.recipe
        crops = self.recipe.batch_size * 32**2 // self.crop**2
        return replace(self.recipe, batch_size=max(1, crops))


def level_pool(levels: int) -> Pool:
    """A process on each core, up to one per level."""
    return ProcessPool(min(cores(), levels), threads=1)


def run_context(
    context: Context,
    folder: Path,
    command: str,
    on_progress: Callable[[ContextEpoch], None],
    pool_for: Callable[[int], Pool] = level_pool,
) -> Path:
    """Train the model and write the codec with it to `folder`, under its own name.

    Levels are trained side by side, one on each core; `on_progress` is called as each ends, else
    after each epoch.

    command: what a person typed, kept in the codec.
    pool_for: who trains so many levels.
    Returns the codec's file, NAME.safetensors.
    """
    about, tensors, levels = read_levels(context.path)
    there = len(context.data.open())
    origin = {
        "command": command,
        "data": data_label(context.data),
        "images": min(context.images or there, there),
        **({"crop": context.crop} if context.crop else {}),
        **asdict(context.in_use),
        "semcomm": __version__,
    }
    about = replace(about, origin={**about.origin, "context": origin})
    path = folder / context.path.name
    if levels is None:
        model = _model(context, load_codec(context.path), on_progress)
        save_codec(codec_from(path.stem, about, {**without_context(tensors), **model}), path)
    else:
        models = list(_models(context, levels, on_progress, pool_for(levels)))
        save_levels(about, {**without_context(tensors), **stacked({}, models)}, levels, path)
    return path


def training_indices(codec: Codec, batches: Iterable[Sequence[Image]]) -> NDArray[np.uint16]:
    """The codec's indices of images, (n, h, w, g). Raises DataError where their sizes differ."""
    grids: list[NDArray[Any]] = []
    for images in batches:
        grids += codec.quantize(codec.encode(images))
    shapes = {grid.shape for grid in grids}
    if len(shapes) > 1:
        raise DataError(
            f"training takes images of one size; these have {len(shapes)}, with grids "
            f"{sorted(shapes)[:2]}: train on crops of them by --crop, such as --crop 64"
        )
    return np.stack(grids)


def _image_batches(context: Context) -> Iterator[Sequence[Image]]:
    """The first images, or the crops of them that a training sees in its first epoch."""
    data = context.data.open()
    if context.crop is None:
        return blocks(data, context.images)
    crops = Crops(data, context.crop, context.images or len(data))
    return map(list, crops.batches(min(BATCH_IMAGES, len(crops)), context.recipe.seed, epoch=0))


def _model(context: Context, codec: Codec, on_progress: Callable[[ContextEpoch], None]) -> Model:
    indices = training_indices(codec, _image_batches(context))
    return trained_context(indices, codec.geometry.codewords, context.in_use, on_progress)


def _models(
    context: Context, levels: int, on_progress: Callable[[ContextEpoch], None], pool: Pool
) -> Iterator[Model]:
    with closing(pool):
        for (_, level), outcome in map_in_order(
            _level, ((context, level) for level in range(levels)), pool
        ):
            if isinstance(outcome, Failure) and isinstance(outcome.error, BrokenExecutor):
                raise RunError(
                    f"level {level} got no context model: its process was ended every time"
                )
            if isinstance(outcome, Failure):
                raise outcome.error
            model, last = outcome
            on_progress(replace(last, level=level))
            yield model


def _level(task: tuple[Context, int]) -> tuple[Model, ContextEpoch]:
    """In a process of its own: the model of a level, and its last epoch."""
    context, level = task
    epochs: list[ContextEpoch] = []
    model = _model(context, load_codec(context.path, level), epochs.append)
    return model, epochs[-1]
