"""The image in a file, whichever format it has."""

import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps

from semcomm.errors import DataError
from semcomm.framing import MAX_PIXELS
from semcomm.modalities.rgb8 import Image


def read_image(path: Path | str) -> Image:
    """The image in a file, upright and as 8-bit red, green and blue.

    The orientation that a camera noted is applied and transparency is laid on white. Of 16-bit
    samples the upper 8 bits are kept, of several frames the first. Colour profiles are ignored.

    Returns (H, W, 3). Warnings of Pillow are given with the file's name.
    Raises DataError when there is no such file, Pillow cannot read it, it has more than 2**26
    pixels, or its samples are floating-point or beyond 16 bits and so have no known white.
    """
    path = Path(path)
    with warnings.catch_warnings(record=True, action="always") as warned, _opened(path) as picture:
        image = to_rgb(picture, path)
    for warning in warned or ():
        warnings.warn_explicit(str(warning.message), warning.category, str(path), 0)
    return image


def fault_of(path: Path) -> str:
    """Why `read_image` fails on a file; "" where it does not. A file is looked at once."""
    try:
        status = path.stat()
    except OSError:
        return _fault(path, 0, 0)
    return _fault(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1 << 17)
def _fault(path: Path, changed: int, size: int) -> str:
    try:
        with warnings.catch_warnings(action="ignore"), _opened(path) as picture:
            picture.draft(None, (1, 1))  # all of a JPEG file is read, but an eighth decoded
            to_rgb(picture, path)
    except DataError as error:
        return str(error)
    return ""


def to_rgb(picture: PIL.Image.Image, name: object) -> Image:
    """A picture of Pillow, upright and as 8-bit red, green and blue, as `read_image` has it.

    name: what messages call it.
    """
    upright = PIL.ImageOps.exif_transpose(picture)
    if upright.mode == "F":
        raise DataError(f"{name} holds floating-point samples; images of 8 or 16 bits can be sent")
    if upright.mode.startswith("I"):
        return _from_wide_grey(upright, name)
    if upright.has_transparency_data:
        white = PIL.Image.new("RGBA", upright.size, "white")
        upright = PIL.Image.alpha_composite(white, upright.convert("RGBA"))
    return np.array(upright.convert("RGB"))


def png_content(image: Image) -> bytes:
    """An image as the content of a PNG file."""
    file = io.BytesIO()
    PIL.Image.fromarray(image).save(file, format="PNG")
    return file.getvalue()


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of the image in a file, without decoding it. Raises DataError as
    `read_image` does.
    """
    with warnings.catch_warnings(action="ignore"), _opened(path) as picture:
        return picture.height, picture.width


def _from_wide_grey(picture: PIL.Image.Image, name: object) -> Image:
    """Pillow's own conversion clips grey above 255 to white; this one keeps the upper 8 of 16
    bits.
    """
    grey = np.asarray(picture).astype(np.int64)
    if grey.min() < 0 or grey.max() > 65535:
        raise DataError(
            f"{name} holds samples from {grey.min()} to {grey.max()}; images of 8 or 16 bits can "
            "be sent"
        )
    grey[grey == picture.info.get("transparency", -1)] = 65535
    return np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2)


@contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """An image whose header is read and whose size is allowed; what goes wrong with it is a
    DataError.
    """
    try:
        # Opening a pipe or a device could wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path} is no regular file; an image is one")
        with PIL.Image.open(path, formats=_formats()) as picture:
            _check_size(picture, path)
            yield picture
    except DataError:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise DataError(
            f"{path} has far more pixels than the {MAX_PIXELS} an image may have"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    # Pillow's readers let through whatever their parsing runs into: struct.error, SyntaxError,
    # KeyError.
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {error}") from error


def _check_size(picture: PIL.Image.Image, path: Path) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        size = f"{picture.width} x {picture.height} = {picture.width * picture.height} pixels"
        raise DataError(f"{path} has {size}; an image may have {MAX_PIXELS}")


_NOT_PICTURES = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "PDF", "PALM"}
"""What Pillow lists but does not decode itself (EPS would run Ghostscript), or only writes."""


def register_jxl() -> None:
    """Let Pillow read and write JPEG XL. Raises ImportError without the extra `jxl`."""
    import pillow_jxl  # noqa: F401 (registers itself)


def register_heif() -> None:
    """Let Pillow read and write HEIF, as .heic files are. Raises ImportError without the extra
    `heif`.
    """
    import pillow_heif

    pillow_heif.register_heif_opener(decode_threads=1)


@cache
def _register() -> None:
    """Let Pillow read all that it can on this machine, whatever was imported before."""
    PIL.Image.init()
    for register in (register_jxl, register_heif):
        with suppress(ImportError):
            register()


@cache
def _formats() -> list[str]:
    _register()
    return sorted(set(PIL.Image.OPEN) - _NOT_PICTURES)


@cache
def image_extensions() -> frozenset[str]:
    """The endings of files that are taken for images."""
    _register()
    known = PIL.Image.registered_extensions()
    return frozenset(extension for extension, form in known.items() if form not in _NOT_PICTURES)
