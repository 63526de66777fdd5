"""Doing what `semcomm train` and `semcomm design` are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import check_replaceable, save_codec
from semcomm.codec.training.covq_design import Round, channel_optimized_codec
from semcomm.codec.training.ecvq_design import Iteration, designed_codec
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.held_out import PICTURES
from semcomm.codec.training.images import TrainingImages, WholeImages
from semcomm.codec.training.train import train
from semcomm.data.choice import DataChoice
from semcomm.data.crops import Crops
from semcomm.data.data_set import blocks
from semcomm.errors import DataError, ScenarioError
from semcomm.files import check_writable
from semcomm.modalities.rgb8 import Image
from semcomm.scenario.training import CodecTraining
from semcomm.version import __version__


def run_training(
    scenario: CodecTraining,
    folder: Path,
    command: str,
    on_progress: Callable[[EpochProgress], None],
) -> Path:
    """Train the codec and write it to `folder`; what was interrupted there before goes on.

    command: what a person typed, kept in the codec.
    Returns the codec's file, NAME.safetensors; NAME.checkpoint.safetensors stands beside it.
    """
    images = training_images(scenario)
    trainer = scenario.trainer(images, held_out_pictures(scenario.data))
    check_writable(folder)
    train(trainer, folder / f"{scenario.name}.checkpoint.safetensors", on_progress)
    origin = {
        "command": command,
        "data": data_label(scenario.data),
        "images": scenario.images or len(scenario.data.open()),
        "seed": scenario.seed,
        "semcomm": __version__,
    }
    path = folder / f"{scenario.name}.safetensors"
    trainer.save(path, images.sample(scenario.seed), origin)
    return path


def training_images(scenario: CodecTraining) -> TrainingImages:
    """Crops of the images, or the whole images, all of one size.

    Raises DataError when they are not, or fewer than asked for.
    """
    data = scenario.data.open()
    count = scenario.images or len(data)
    if count > len(data):
        raise DataError(f"{count} images are asked for; the data set holds {len(data)}")
    if scenario.training.crop:
        return Crops(data, scenario.training.crop, count)
    images = data.load(0, count)
    sizes = {image.shape[:2] for image in images}
    if len(sizes) > 1:
        raise DataError(
            f"training takes images of one size; these have {len(sizes)}, such as "
            f"{sorted(sizes)[:2]}: train on crops of them by training.crop, such as 64"
        )
    return WholeImages(np.stack(images), scenario.data.modality)


def held_out_pictures(data: DataChoice) -> list[Image]:
    """Those that a training is measured on: a few of the folder's validation share, if it has
    one.
    """
    if not data.validation:
        return []
    held_out = replace(data, split="validation").open()
    return held_out.load(0, min(PICTURES, len(held_out)))


@dataclass(frozen=True)
class Design:
    """A codec to be made of another one: its networks and a new quantizer, by one of two designs.

    rate_weight: squared latent distance that one bit is worth, from 0 to 1000000: an ecvq codec.
    crossover: probability that a bit of an index flips, from 0 to 0.5: a covq codec.
    images: how many its quantizer is designed on, the first ones; None is all.
    """

    name: str
    base: Codec
    rate_weight: float | None = None
    crossover: float | None = None
    data: DataChoice = field(default_factory=lambda: DataChoice("cifar10", split="train"))
    images: int | None = None

    def __post_init__(self) -> None:
        if (self.rate_weight is None) == (self.crossover is None):
            raise ScenarioError(["a design takes --rate-weight or --crossover, one of them"])
        if self.rate_weight is not None and not 0 <= self.rate_weight <= 1e6:
            raise ScenarioError(
                [f"rate weight is {self.rate_weight}; it takes a number from 0 to 1000000"]
            )
        if self.crossover is not None and not 0 <= self.crossover <= 0.5:
            raise ScenarioError([f"crossover is {self.crossover}; it takes a number from 0 to 0.5"])


def run_design(
    design: Design, folder: Path, command: str, on_progress: Callable[[Iteration | Round], None]
) -> Path:
    """Design the codec and write it to `folder`.

    command: what a person typed, kept in the codec.
    Returns the codec's file, NAME.safetensors. Raises CodecError where a file made otherwise has
    this name.
    """
    images = [image for block in blocks(design.data.open(), design.images) for image in block]
    origin = {
        "command": command,
        "base": design.base.name,
        "base_sha256": design.base.digest.hex(),
        "data": data_label(design.data),
        "images": len(images),
        "semcomm": __version__,
    }
    name, base = design.name, design.base
    path = folder / f"{name}.safetensors"
    check_replaceable(path, origin)
    if design.rate_weight is not None:
        codec = designed_codec(name, base, design.rate_weight, images, origin, on_progress)
    else:
        assert design.crossover is not None  # as Design checks
        codec = channel_optimized_codec(name, base, design.crossover, images, origin, on_progress)
    save_codec(codec, path)
    return path


def data_label(data: DataChoice) -> str:
    """Which images, without where they are."""
    if data.csi:
        return f"csi {data.csi.name if isinstance(data.csi, Path) else data.csi}"
    return f"{data.name or 'a folder'} {data.split or ''}".strip()
