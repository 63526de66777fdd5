"""Images to send: what a data set offers, the blocks it is cut into, and images from anyone's files."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from semcomm.errors import DataError
from semcomm.folders import expanded
from semcomm.images import Image

BLOCK_IMAGES = 256
BLOCK_PIXELS = 2**24
IMAGE_PIXELS = 2**24


class Data(Protocol):
    """A data set: a frozen dataclass whose fields are its parameters.

    Constructing one reads nothing; what is missing or damaged is a DataError of the first use.
    """

    def __len__(self) -> int:
        """How many images there are."""

    def names(self) -> list[str]:
        """One name an image, such as `test/00017` or a file's path inside its folder."""

    def pixels(self, index: int) -> int:
        """Height times width of one image, without decoding it."""

    def load(self, start: int, stop: int) -> list[Image]:
        """Images `start` to `stop - 1`, the caller's to keep."""


def blocks(data: Data, images: int | None = None) -> Iterator[list[Image]]:
    """The first `images` images (all of them by default), block by block as `block_ranges` cuts them."""
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


@dataclass(frozen=True)
class Sample:
    """The first 256 test images of CIFAR-10, which ship with the package (made by tools/make_sample.py)."""

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


@dataclass(frozen=True)
class ImageFolder:
    """Every image in the folder `images` and the folders below it, sorted by path; or one image's file.

    Files whose extension is no image's are passed over; an image that cannot be read is an error.
    """

    images: Path

    def __len__(self) -> int:
        return len(self._paths)

    def names(self) -> list[str]:
        above = self._root if self._root.is_dir() else self._root.parent
        return [path.relative_to(above).as_posix() for path in self._paths]

    def pixels(self, index: int) -> int:
        with _opened(self._paths[index]) as picture:
            return picture.width * picture.height

    def load(self, start: int, stop: int) -> list[Image]:
        return [read_image(path) for path in self._paths[start:stop]]

    @property
    def _root(self) -> Path:
        return expanded(self.images)

    @cached_property
    def _paths(self) -> list[Path]:
        if self._root.is_file():
            return [self._root]
        if not self._root.is_dir():
            raise DataError(f"{self._root} is neither a folder nor a file")
        # A broken link stays in: passing over it would change the data set without a word.
        found = [p for p in self._root.rglob("*") if p.suffix.lower() in _extensions() and not p.is_dir()]
        if not found:
            raise DataError(f"{self._root} holds no images, nor do the folders below it")
        return sorted(found, key=lambda path: path.relative_to(self._root).as_posix())


def read_image(path: Path) -> Image:
    """The image in a file, upright and as 8-bit red, green and blue.

    The orientation that a camera noted is applied and transparency is laid on white. Of 16-bit samples the
    upper 8 bits are kept, of several frames the first. Colour profiles are ignored.

    Returns (H, W, 3).
    Raises DataError when there is no such file, Pillow cannot read it, it has more than 2**24 pixels,
    or its samples are floating-point or beyond 16 bits and so have no known white.
    """
    with _opened(path) as picture:
        upright = PIL.ImageOps.exif_transpose(picture)
        if upright.mode == "F":
            raise DataError(f"{path} holds floating-point samples; images of 8 or 16 bits can be sent")
        if upright.mode.startswith("I"):
            return _from_wide_grey(upright, path)
        if upright.has_transparency_data:
            white = PIL.Image.new("RGBA", upright.size, "white")
            upright = PIL.Image.alpha_composite(white, upright.convert("RGBA"))
        return np.array(upright.convert("RGB"))


def _from_wide_grey(picture: PIL.Image.Image, path: Path) -> Image:
    """Pillow's own conversion clips grey above 255 to white; this one keeps the upper 8 of 16 bits."""
    grey = np.asarray(picture).astype(np.int64)
    if grey.min() < 0 or grey.max() > 65535:
        raise DataError(f"{path} holds samples from {grey.min()} to {grey.max()}; images of 8 or 16 bits can be sent")
    grey[grey == picture.info.get("transparency", -1)] = 65535
    return np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2)


@contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """An image whose header is read and whose size is allowed; what goes wrong with it is a DataError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(path, formats=_formats()) as picture:
                _check_size(picture, path)
                yield picture
    except DataError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise DataError(f"{path} has far more pixels than the {IMAGE_PIXELS} an image may have") from error
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    # Pillow's readers let through whatever their parsing runs into: struct.error, SyntaxError, KeyError.
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {error}") from error


def _check_size(picture: PIL.Image.Image, path: Path) -> None:
    if picture.width * picture.height > IMAGE_PIXELS:
        size = f"{picture.width} x {picture.height} = {picture.width * picture.height} pixels"
        raise DataError(f"{path} has {size}; an image may have {IMAGE_PIXELS}")


_NOT_PICTURES = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "PDF", "PALM"}
"""What Pillow lists but does not decode itself (EPS would run Ghostscript), or only writes."""


@cache
def _formats() -> list[str]:
    PIL.Image.init()
    return sorted(set(PIL.Image.OPEN) - _NOT_PICTURES)


@cache
def _extensions() -> frozenset[str]:
    known = PIL.Image.registered_extensions()
    return frozenset(extension for extension, form in known.items() if form not in _NOT_PICTURES)
