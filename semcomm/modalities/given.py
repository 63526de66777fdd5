"""Images as they are given in Python: arrays, tensors, pictures of Pillow, paths."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from semcomm.errors import DataError
from semcomm.framing import MAX_PIXELS
from semcomm.modalities.image_file import read_image, to_rgb
from semcomm.modalities.rgb8 import Image, check_image, is_image


def given_images(images: Any) -> list[Image]:
    """The images as arrays (H, W, 3) uint8.

    images: any number of arrays or tensors (H, W, 3) uint8, pictures of Pillow and paths of image
        files; also one array (B, H, W, 3).
    Raises DataError for anything else.
    """
    if isinstance(images, str | Path | PIL.Image.Image) or not isinstance(images, Iterable):
        raise DataError(
            f"images are given as a {type(images).__name__}; they are a list, also of one image"
        )
    if getattr(images, "shape", None) == ():
        raise DataError("images are given as one number; they are a list of images")
    return [
        image if is_image(image) else _given_image(image, f"image {number}")
        for number, image in enumerate(images)
    ]


def _given_image(image: Any, name: str) -> Image:
    if isinstance(image, str | Path):
        return read_image(Path(image))
    try:
        if isinstance(image, PIL.Image.Image):
            if not 0 < image.width * image.height <= MAX_PIXELS:
                raise DataError(
                    f"{name} has {image.width} x {image.height} pixels; it takes 1 to {MAX_PIXELS}"
                )
            return to_rgb(image, name)
        array = np.asarray(image)
    except DataError:
        raise
    except Exception as error:  # of strangers' types, conversion raises anything
        raise DataError(
            f"{name} is a {type(image).__name__} that is no array: {error}; it takes (height, "
            "width, 3) uint8, red, green, blue"
        ) from error
    check_image(array, name)
    return array
