"""The images that ship with the package."""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from semcomm.data.image_file import read_image
from semcomm.modalities.rgb8 import Image


@dataclass(frozen=True)
class Sample:
    """The first 256 test images of CIFAR-10, which ship with the package (made by
    tools/make_sample.py).
    """

    def __len__(self) -> int:
        return 256

    def names(self) -> list[str]:
        return [f"test/{index:05d}" for index in range(len(self))]

    def pixels(self, index: int) -> int:
        return 32 * 32

    def load(self, start: int, stop: int) -> list[Image]:
        return [tile.copy() for tile in self._tiles[start:stop]]

    @cached_property
    def _tiles(self) -> NDArray[np.uint8]:
        with as_file(files("semcomm") / "data" / "sample.webp") as path:
            sheet = read_image(path)
        return sheet.reshape(16, 32, 16, 32, 3).swapaxes(1, 2).reshape(256, 32, 32, 3)
