"""Channel-state information: channel matrices over delay and angle, and how networks see them.

A sample is the window of a channel matrix that has nearly all of its energy: rows are delays from
the earliest on, columns are angles. It is divided by its norm, so that its energy is 1. The norm,
which a terminal reports as signal strength, is neither sent nor counted: NMSE and cosine similarity
do not depend on it.
"""

import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import DataError
from semcomm.framing import MAX_PIXELS
from semcomm.modalities.patches import PATCH, from_patches

if TYPE_CHECKING:
    from torch import Tensor

ChannelMatrix: TypeAlias = NDArray[np.float32]
"""(rows, columns, 2) real and imaginary parts."""

PATCH_VALUES = PATCH * PATCH * 2

SCALE = 16
"""Of what networks see: samples have the energy 256 there, near the variance of the pixels of an
image of 32 x 32. Learning rates and rate weights of images then do for channel matrices.
"""

ENERGY_TOLERANCE = 1e-3
AT_ONCE = 4096
"""Matrices that are normalized at once, which bounds memory."""

DARKEST_DB = -50.0


def normalized(matrices: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Channel matrices (n, rows, columns, 2) divided by their norms.

    Raises DataError for the first that holds a value that is not finite, or only zeros.
    """
    unit = np.empty(matrices.shape, np.float32)
    for first in range(0, len(matrices), AT_ONCE):
        with np.errstate(over="ignore"):  # of a wider type; an infinite value is refused below
            wide = matrices[first : first + AT_ONCE].astype(np.float64)
        largest = np.abs(wide).max(axis=(1, 2, 3), keepdims=True)
        for number, value in enumerate(largest.ravel().tolist(), start=first):
            if not 0 < value < np.inf:
                what = "only zeros" if value == 0 else "a value that is not finite"
                raise DataError(f"channel matrix {number} holds {what}, so that it has no norm")
        wide /= largest  # else squares of the smallest and the largest would be 0 or infinite
        norms = np.sqrt(np.square(wide).sum(axis=(1, 2, 3), keepdims=True))
        unit[first : first + AT_ONCE] = wide / norms
    return unit


def given_matrices(matrices: Any) -> list[ChannelMatrix]:
    """The channel matrices as arrays (rows, columns, 2) float32.

    matrices: any number of arrays or tensors (rows, columns, 2) float32 of energy 1; also one array
        (B, rows, columns, 2).
    Raises DataError for anything else.
    """
    if isinstance(matrices, str) or not isinstance(matrices, Iterable):
        raise DataError(
            f"channel matrices are given as a {type(matrices).__name__}; they are a list, also of "
            "one matrix"
        )
    if getattr(matrices, "shape", None) == ():
        raise DataError("channel matrices are given as one number; they are a list of matrices")
    return [_given(matrix, f"channel matrix {number}") for number, matrix in enumerate(matrices)]


def _given(matrix: Any, name: str) -> ChannelMatrix:
    try:
        array = np.asarray(matrix)
    except Exception as error:  # of strangers' types, conversion raises anything
        raise DataError(f"{name} is a {type(matrix).__name__} that is no array: {error}") from error
    if array.dtype != np.float32 or array.ndim != 3 or array.shape[2] != 2 or not array.size:
        raise DataError(
            f"{name} is {array.shape} {array.dtype}; it takes (delays, angles, 2) float32, real "
            "and imaginary parts"
        )
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise DataError(f"{name} is {array.shape}; it takes at most {MAX_PIXELS} entries")
    energy = float(np.square(array, dtype=np.float64).sum())
    if not abs(energy - 1) <= ENERGY_TOLERANCE:
        raise DataError(
            f"{name} has the energy {energy:g}; it takes 1: divide it by its norm, as "
            "semcomm.modalities.csi.normalized does"
        )
    return array


def blank(height: int, width: int) -> ChannelMatrix:
    """Zeros, which stand for a matrix that is lost: its NMSE is 1, or 0 dB."""
    return np.zeros((height, width, 2), np.float32)


def to_network(patches: "Tensor") -> "Tensor":
    """Patches as networks take them: (B, h, w, 32) float32 to (B, 32, h, w), 16 times as large."""
    return patches.mul(SCALE).permute(0, 3, 1, 2)


def from_network(values: "Tensor") -> NDArray[np.float32]:
    """Undo `to_network` and `to_patches`: (B, 32, h, w) to matrices (B, 4 h, 4 w, 2)."""
    patches = values.div(SCALE).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return from_patches(patches)


def nmse_db(squared_error: float, patches: int) -> float:
    """NMSE in dB, of the mean squared error of samples as networks see them."""
    return 10 * math.log10(max(squared_error / SCALE**2, 1e-12))


def magnitudes(matrix: ChannelMatrix) -> NDArray[np.uint8]:
    """A grey picture (rows, columns, 3) of the share of energy of each entry, in dB.

    White is all of the energy in one entry, black 50 dB less.
    """
    energies = np.square(matrix, dtype=np.float64).sum(axis=2)
    decibels = 10 * np.log10(np.maximum(energies, 10 ** (DARKEST_DB / 10)))
    grey = np.clip(255 * (1 - decibels / DARKEST_DB), 0, 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def npy_content(matrix: ChannelMatrix) -> bytes:
    """A matrix as the content of a NumPy file."""
    file = io.BytesIO()
    np.save(file, matrix, allow_pickle=False)
    return file.getvalue()
