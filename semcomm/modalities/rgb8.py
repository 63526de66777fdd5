"""8-bit RGB images: what a sample is, and how networks see its patches."""

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.errors import DataError
from semcomm.modalities.patches import PATCH, from_patches

if TYPE_CHECKING:
    from torch import Tensor

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) red, green, blue."""

PATCH_VALUES = PATCH * PATCH * 3
GREY = 128


def is_image(image: object) -> bool:
    """Whether it is an array (H, W, 3) uint8, of at least one pixel."""
    if type(image) is not np.ndarray or image.dtype != np.uint8 or image.ndim != 3:
        return False
    return image.shape[2] == 3 and image.size > 0


def check_image(image: Image, name: str = "an image") -> None:
    """Raises DataError unless the image is (H, W, 3) uint8, of at least one pixel."""
    if not is_image(image):
        raise DataError(
            f"{name} is {image.shape} {image.dtype}; it takes (height, width, 3) uint8, red, "
            "green, blue, of at least one pixel"
        )


def blank(height: int, width: int) -> Image:
    """A grey image, which stands for one that is lost."""
    return np.full((height, width, 3), GREY, np.uint8)


def to_network(patches: "Tensor") -> "Tensor":
    """Patches as networks take them: (B, h, w, 48) uint8 to (B, 48, h, w) float32 from 0 to 1."""
    return patches.float().div_(255).permute(0, 3, 1, 2)


def from_network(values: "Tensor") -> NDArray[np.uint8]:
    """Undo `to_network` and `to_patches`: (B, 48, h, w) float32 to images (B, 4 h, 4 w, 3)."""
    return from_patches(to_bytes(values.permute(0, 2, 3, 1).contiguous().cpu().numpy()))


def psnr_db(squared_error: float, patches: int) -> float:
    """PSNR in dB of images of so many patches with this squared error of values from 0 to 1."""
    return -10 * math.log10(max(squared_error / (patches * PATCH_VALUES), 1e-12))


def to_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """255 times each value, clipped to 0 to 255 and rounded, ties to even."""
    return _to_bytes(values.reshape(-1)).reshape(values.shape)


@compiled
def _to_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    rounded = np.empty(values.size, np.uint8)
    for place in range(values.size):
        value = values[place] * np.float32(255)
        value = value if value > np.float32(0) else np.float32(0)
        value = value if value < np.float32(255) else np.float32(255)
        rounded[place] = np.uint8(np.int32(np.rint(value)))
    return rounded
