"""What a data set is, and the blocks that it is cut into."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import DataError
from semcomm.modalities.modality import Sample

BLOCK_IMAGES = 256
BLOCK_PIXELS = 2**24


class Data(Protocol):
    """A data set of images, or of samples of another modality, for which all that is said of images
    holds: a frozen dataclass whose fields are its parameters.

    Constructing one reads nothing; what is missing or damaged is a DataError of the first use.

    Example: Sample()[0] is the first image, Sample()[-2:] are the last two, and a loop over
    Sample() goes through all, one at a time.
    """

    def __len__(self) -> int:
        """How many images there are."""

    def names(self) -> list[str]:
        """One name an image, such as `test/00017` or a file's path inside its folder."""

    def pixels(self, index: int) -> int:
        """Height times width of one image, without decoding it."""

    def load(self, start: int, stop: int) -> list[Sample]:
        """Images `start` to `stop - 1`, the caller's to keep."""

    def labels(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """The classes of these images, by their places in `classes`; None without labels."""

    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a data set without labels."""

    def files(self) -> list[Path]:
        """The files of the images, in their order, or one of all; none of a data set whose name
        says what is in it, as by a SHA-256 that is checked.
        """
        return []

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        number = range(len(self))[index]
        return self.load(number, number + 1)[0]

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))


def blocks(data: Data, images: int | None = None) -> Iterator[list[Sample]]:
    """The first `images` images (all of them by default), block by block as `block_ranges` cuts
    them.
    """
    return (data.load(block.start, block.stop) for block in block_ranges(data, images))


def block_ranges(data: Data, images: int | None = None) -> list[range]:
    """Which images each block holds: 256, or fewer where they reach 2**24 pixels before.

    The cut depends on the images' sizes alone, so that a block is the same work on any machine.
    Raises DataError when `images` is not between 1 and what there is.

    Example: 600 images of 32 x 32 give range(0, 256), range(256, 512), range(512, 600).
    """
    count = len(data) if images is None else images
    if not 1 <= count <= len(data):
        raise DataError(f"{count} images are asked for; the data set holds {len(data)}")
    ranges, start, held = [], 0, 0
    for stop in range(1, count + 1):
        held += data.pixels(stop - 1)
        if stop - start == BLOCK_IMAGES or held >= BLOCK_PIXELS or stop == count:
            ranges.append(range(start, stop))
            start, held = stop, 0
    return ranges


def fingerprint(data: Data, images: int) -> str:
    """What tells the first images from others: SHA-256 of their names, classes and files.

    Each file is read once, which takes far less time than to decode it.
    """
    digest = hashlib.sha256(repr((data.names()[:images], data.classes())).encode())
    for path in data.files()[:images]:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
