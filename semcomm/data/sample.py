"""The images that ship with the package."""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from semcomm.data.cifar10 import CLASSES
from semcomm.data.data_set import Data
from semcomm.modalities.image_file import read_image
from semcomm.modalities.rgb8 import Image

LABELS = (
    "3880661631095798578670495240966545924195465609397698038877467363"
    "6212372688029338811725278903864660074563113687406213042783128083"
    "5241891297296563876252896005295421668484509998993750052238634058"
    "0172887851871305797459807982769439647651588040551189031922539940"
)
"""The class of each image, a digit each, in the order of CIFAR-10's names."""


@dataclass(frozen=True)
class Sample(Data):
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

    def labels(self, start: int, stop: int) -> NDArray[np.int64]:
        return np.array(list(LABELS[start:stop]), np.int64)

    def classes(self) -> tuple[str, ...]:
        return CLASSES

    @cached_property
    def _tiles(self) -> NDArray[np.uint8]:
        with as_file(files("semcomm") / "data" / "sample.webp") as path:
            sheet = read_image(path)
        return sheet.reshape(16, 32, 16, 32, 3).swapaxes(1, 2).reshape(256, 32, 32, 3)
