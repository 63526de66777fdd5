"""What a block's images become where nothing happens on the way, kept for all cells that send the
same.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from semcomm.files import write_atomically
from semcomm.modalities.rgb8 import Image
from semcomm.ragged import split_runs
from semcomm.run.columns import Compared
from semcomm.run.scratch import folder


@dataclass(frozen=True)
class Undisturbed:
    """Of B images: their descriptions, the pictures that these are of, and how far those are from
    the images.
    """

    descriptions: list[NDArray[Any]]
    pictures: list[Image]
    compared: Compared


def kept(path: Path | None, make: Callable[[], Undisturbed]) -> Undisturbed:
    """What `make` gives, from the file where it was kept before; without a path nothing is kept."""
    if path is None:
        return make()
    if not path.exists():
        _save(make(), path)
    return _load(path)


def place(run: str, key: object) -> Path:
    """The file of what this key stands for, in this machine's folder of this run."""
    return folder(run) / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.safetensors"


def _save(found: Undisturbed, path: Path) -> None:
    images = _flat("descriptions", found.descriptions) | _flat("pictures", found.pictures)
    write_atomically(
        path, save(images | {"mse": found.compared.mse, "ssim": found.compared.ssim}), durable=False
    )


def _load(path: Path) -> Undisturbed:
    file = load(path.read_bytes())
    compared = Compared(file["mse"], file["ssim"])
    return Undisturbed(_apart(file, "descriptions"), _apart(file, "pictures"), compared)


def _flat(name: str, arrays: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    values = np.concatenate([array.ravel() for array in arrays])
    return {name: values, f"{name}.shapes": np.array([array.shape for array in arrays])}


def _apart(file: dict[str, NDArray[Any]], name: str) -> list[NDArray[Any]]:
    shapes = file[f"{name}.shapes"]
    parts = split_runs(file[name], shapes.prod(axis=1))
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
