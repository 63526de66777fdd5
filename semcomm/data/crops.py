"""Random crops of pictures of any sizes, as trainings see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.data.data_set import Data, fingerprint
from semcomm.modalities.rgb8 import Image

CROPS_OF_PICTURE = 64
"""The most that an epoch takes of one picture, which it decodes for them."""

SHUFFLED_PIXELS = 2**24
SAMPLE_PIXELS = 2**25


@dataclass(frozen=True)
class Crops:
    """Square crops of pictures, new ones in each epoch: `TrainingImages` of codec/training/.

    An epoch takes as many crops of a picture as have its pixels together, at least one and at most
    CROPS_OF_PICTURE, at places that overlap or not. It decodes each picture once, in an order of
    its own, and shuffles the crops of successive pictures, SHUFFLED_PIXELS at a time, which is what
    it holds in memory. A picture that is too small is continued by its reflection below and to the
    right.

    side: of a crop, in pixels.
    pictures: how many of the data set are taken, the first ones.
    """

    data: Data
    side: int
    pictures: int

    modality: ClassVar[ModalityName] = "rgb8"

    @property
    def size(self) -> tuple[int, int]:
        return self.side, self.side

    def __len__(self) -> int:
        return sum(self._counts)

    def batches(self, size: int, seed: int, epoch: int) -> Iterator[NDArray[np.uint8]]:
        waiting: list[Image] = []
        for crops in self._shuffled(np.random.default_rng([seed, epoch, *b"crops"])):
            waiting += crops
            while len(waiting) >= size:
                yield np.stack(waiting[:size])
                del waiting[:size]

    def sample(self, seed: int) -> list[Image]:
        """The first crops of the first epoch, of SAMPLE_PIXELS together where there are as many."""
        most = max(1, SAMPLE_PIXELS // self.side**2)
        return [crop for (crop,) in islice(self.batches(1, seed, epoch=0), most)]

    def digest(self) -> str:
        """Of the pictures' names and files."""
        return fingerprint(self.data, self.pictures)

    @cached_property
    def _counts(self) -> list[int]:
        """The crops of each picture in an epoch."""
        fitting = (self.data.pixels(index) // self.side**2 for index in range(self.pictures))
        return [min(max(1, count), CROPS_OF_PICTURE) for count in fitting]

    def _shuffled(self, rng: np.random.Generator) -> Iterator[list[Image]]:
        crops: list[Image] = []
        order = rng.permutation(self.pictures).tolist()
        for picture in order:
            (image,) = self.data.load(picture, picture + 1)
            crops += random_crops(image, self.side, self._counts[picture], rng)
            if len(crops) * self.side**2 >= SHUFFLED_PIXELS or picture == order[-1]:
                yield [crops[place] for place in rng.permutation(len(crops))]
                crops = []


def random_crops(image: Image, side: int, count: int, rng: np.random.Generator) -> list[Image]:
    """So many crops of side x side pixels, each place equally likely."""
    below, right = (max(0, side - length) for length in image.shape[:2])
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="symmetric")
    rows, columns = (
        rng.integers(length - side, size=count, endpoint=True) for length in image.shape[:2]
    )
    return [
        image[row : row + side, column : column + side].copy()  # a view would keep the picture
        for row, column in zip(rows, columns, strict=True)
    ]
