"""8-bit RGB images: what a sample is here, and the grids of 4 x 4 pixel patches in which networks
see it.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) red, green, blue."""

PATCH = 4
PATCH_VALUES = PATCH * PATCH * 3


def grid_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches that cover an image: 32 x 32 pixels give 8 x 8, 33 x 32 give 9 x
    8.
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
    """Undo `to_patches`, but for the rows and columns that it filled up: (B, h, w, 48) gives (B, 4
    h, 4 w, 3).
    """
    count, rows, columns, _ = patches.shape
    cells = _patch_rows(patches).swapaxes(2, 3)
    return (
        np.ascontiguousarray(cells)
        .view(patches.dtype)
        .reshape(count, rows * PATCH, columns * PATCH, 3)
    )


def _patch_rows(samples: NDArray[np.uint8]) -> NDArray[np.void]:
    """Twelve samples side by side as one, since that moves faster: (..., 12 n) to (..., n)."""
    return np.ascontiguousarray(samples).view(np.dtype((np.void, PATCH * 3 * samples.itemsize)))


def to_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """255 times each value, rounded to the nearest whole number from 0 to 255, of two equally near
    the even one.
    """
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
