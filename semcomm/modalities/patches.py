"""Samples as grids of 4 x 4 patches, which networks see."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PATCH = 4


def size_of(sample: NDArray[Any]) -> tuple[int, int]:
    """Height and width of a sample (H, W, C)."""
    return sample.shape[0], sample.shape[1]


def grid_shape(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches that cover a sample.

    Example: 32 x 32 pixels give 8 x 8, and 33 x 32 give 9 x 8.
    """
    return -(-height // PATCH), -(-width // PATCH)


def to_patches(samples: NDArray[Any]) -> NDArray[Any]:
    """Cut samples into patches, repeating the last row and column up to a multiple of four.

    samples: (B, H, W, C).
    Returns (B, ceil(H / 4), ceil(W / 4), 16 C), a patch's entries row by row, channels last.
    """
    count, height, width, channels = samples.shape
    rows, columns = grid_shape(height, width)
    below, right = rows * PATCH - height, columns * PATCH - width
    if below or right:
        samples = np.pad(samples, ((0, 0), (0, below), (0, right), (0, 0)), mode="edge")
    values = PATCH * channels
    cells = _patch_rows(samples.reshape(count, rows, PATCH, columns * values), values)
    whole = np.ascontiguousarray(cells.swapaxes(2, 3)).view(samples.dtype)
    return whole.reshape(count, rows, columns, PATCH * values)


def from_patches(patches: NDArray[Any]) -> NDArray[Any]:
    """Undo `to_patches`, but keep repeated rows and columns.

    patches: (B, h, w, 16 C).
    Returns (B, 4 h, 4 w, C).
    """
    count, rows, columns, values = patches.shape
    cells = np.ascontiguousarray(_patch_rows(patches, values // PATCH).swapaxes(2, 3))
    return cells.view(patches.dtype).reshape(count, rows * PATCH, columns * PATCH, -1)


def _patch_rows(samples: NDArray[Any], values: int) -> NDArray[np.void]:
    """So many adjacent values as one, which moves faster: (..., values n) to (..., n)."""
    return np.ascontiguousarray(samples).view(np.dtype((np.void, values * samples.itemsize)))
