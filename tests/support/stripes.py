"""Pictures of two classes that a tiny classifier tells apart: stripes that lie or stand."""

from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

CLASSES = "lying", "standing"


def stripes(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(count, 16, 16, 3) pictures of any phase and two any colours, with noise; (count,) labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=count)
    waves = np.sin(np.arange(16) * rng.uniform(1.2, 2, (count, 1)) + rng.uniform(0, 6, (count, 1)))
    lying = np.broadcast_to(waves[:, :, None], (count, 16, 16))
    shades = np.where(labels[:, None, None] == 0, lying, lying.swapaxes(1, 2))
    ends = rng.uniform(30, 220, (2, count, 1, 1, 3))
    pictures = ends[0] + (ends[1] - ends[0]) * (shades[..., None] + 1) / 2
    noisy = pictures + rng.normal(0, 8, pictures.shape)
    return noisy.clip(0, 255).astype(np.uint8), labels


def save_stripes(folder: Path, count: int, seed: int = 0) -> None:
    """The pictures as PNG files, each in a folder that is named by its class."""
    for number, (picture, label) in enumerate(zip(*stripes(count, seed), strict=True)):
        path = folder / CLASSES[label] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(picture).save(path)
