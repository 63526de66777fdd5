"""Samples for tests: those that ship, pieces of images of them, and folders of small files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import PIL.Image

from semcomm.choices import ModalityName
from semcomm.data.choice import DataChoice
from semcomm.data.data_set import Data
from semcomm.data.sample import Sample
from semcomm.modalities.rgb8 import Image


def sample_of(modality: ModalityName) -> Data:
    """The 256 images, or channel matrices, that ship with semcomm."""
    return DataChoice(csi="sample").open() if modality == "csi" else Sample()


def pieces(sizes: Iterable[tuple[int, int]]) -> list[Image]:
    """Images of these heights and widths, at most 96 each: nine of the sample as a sheet, cut off.

    There is something to see in them, unlike in noise.
    """
    sheet = np.concatenate(
        [np.concatenate(Sample().load(3 * row, 3 * row + 3), axis=1) for row in range(3)]
    )
    return [sheet[:height, :width].copy() for height, width in sizes]


def noise(count: int, seed: int = 0) -> list[Image]:
    """Images of 8 x 8 random pixels."""
    return list(np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), np.uint8))


def save_images(folder: Path, images: Iterable[Image], ending: str = "png") -> Path:
    """Write images to 0000.png, 0001.png, ... in a folder, which is made; returns it.

    ending: `ppm` is quickest, where there are many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        PIL.Image.fromarray(image).save(folder / f"{number:04d}.{ending}")
    return folder
