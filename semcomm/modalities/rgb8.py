"""8-bit RGB images: what a sample is, and the grid of 4 x 4 pixel patches that networks see."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) red, green, blue."""

PATCH = 4
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


def size_of(image: Image) -> tuple[int, int]:
    """Height and width of an image, in pixels."""
    return image.shape[0], image.shape[1]


def blank(height: int, width: int) -> Image:
    """A grey image, which stands for one that is lost."""
    return np.full((height, width, 3), GREY, np.uint8)


def grid_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches that cover an image.

    Example: 32 x 32 pixels give 8 x 8, and 33 x 32 give 9 x 8.
    """
    return -(-height // PATCH), -(-width // PATCH)


def to_patches(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut images into patches, repeating the last row and column up to a multiple of four.

    images: (B, H, W, 3).
    Returns (B, ceil(H / 4), ceil(W / 4), 48), a patch's pixels row by row, red, green, blue.
    """
    count, height, width, _ = images.shape
    rows, columns = grid_shape(height, width)
    below, right = rows * PATCH - height, columns * PATCH - width
    if below or right:
        images = np.pad(images, ((0, 0), (0, below), (0, right), (0, 0)), mode="edge")
    cells = _patch_rows(images.reshape(count, rows, PATCH, columns * PATCH * 3)).swapaxes(2, 3)
    return np.ascontiguousarray(cells).view(np.uint8).reshape(count, rows, columns, PATCH_VALUES)


def from_patches(patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo `to_patches`, but keep repeated rows and columns.

    patches: (B, h, w, 48).
    Returns (B, 4 h, 4 w, 3).
    """
    count, rows, columns, _ = patches.shape
    cells = np.ascontiguousarray(_patch_rows(patches).swapaxes(2, 3))
    return cells.view(patches.dtype).reshape(count, rows * PATCH, columns * PATCH, 3)


def _patch_rows(samples: NDArray[np.uint8]) -> NDArray[np.void]:
    """Twelve adjacent samples as one, which moves faster: (..., 12 n) to (..., n)."""
    return np.ascontiguousarray(samples).view(np.dtype((np.void, PATCH * 3 * samples.itemsize)))


def to_network(patches: "Tensor") -> "Tensor":
    """Patches as networks take them: (B, h, w, 48) uint8 to (B, 48, h, w) float32 from 0 to 1."""
    return patches.float().div_(255).permute(0, 3, 1, 2)


def from_network(values: "Tensor") -> NDArray[np.uint8]:
    """Undo `to_network` and `to_patches`: (B, 48, h, w) float32 to images (B, 4 h, 4 w, 3)."""
    return from_patches(to_bytes(values.permute(0, 2, 3, 1).contiguous().cpu().numpy()))


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
