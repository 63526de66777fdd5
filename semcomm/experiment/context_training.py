"""What `semcomm context` is asked for, and doing it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm import __version__
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from, save_codec
from semcomm.codec.entropy_coding.context_model import without_context
from semcomm.codec.training.context import ContextEpoch, ContextRecipe, trained_context
from semcomm.errors import DataError
from semcomm.experiment.data import blocks
from semcomm.experiment.scenario import DataChoice
from semcomm.experiment.training import told


@dataclass(frozen=True)
class Context:
    """A context model to be made for a codec, in place of the one that it may have.

    images: how many it is trained on, the first ones; None is all.
    """

    codec: Codec
    recipe: ContextRecipe = field(default_factory=ContextRecipe)
    data: DataChoice = field(default_factory=lambda: DataChoice("cifar10", split="train"))
    images: int | None = None


def run_context(context: Context, folder: Path, command: str, watch: Callable[[ContextEpoch], None]) -> Path:
    """Train the model and write the codec with it to `folder`, under its own name.

    command: what a person typed, kept in the codec.
    Returns the codec's file, NAME.safetensors.
    """
    codec = context.codec
    indices = training_indices(context)
    model = trained_context(indices, codec.geometry.codewords, context.recipe, watch)
    origin = {
        "command": command,
        "data": told(context.data),
        "images": len(indices),
        **asdict(context.recipe),
        "semcomm": __version__,
    }
    about = About(codec.geometry, codec.quantizer, {**codec.origin, "context": origin})
    path = folder / f"{codec.name}.safetensors"
    save_codec(codec_from(codec.name, about, {**without_context(codec.tensors), **model}), path)
    return path


def training_indices(context: Context) -> NDArray[np.uint16]:
    """The codec's indices of all images, (n, h, w, g). Raises DataError where their sizes differ."""
    grids: list[NDArray[Any]] = []
    for images in blocks(context.data.open(), context.images):
        grids += context.codec.indices_of(images)
    shapes = {grid.shape for grid in grids}
    if len(shapes) > 1:
        raise DataError(f"training takes images of one size; these have {len(shapes)}, with grids {sorted(shapes)[:2]}")
    return np.stack(grids)
