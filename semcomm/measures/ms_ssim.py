"""MS-SSIM: structural similarity at five scales, one value per image."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.measures.psnr import image_pairs
from semcomm.measures.ssim import WEIGHTS, WINDOW, window_sums
from semcomm.modalities.rgb8 import Image

SCALE_WEIGHTS = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333
"""Exponents, from the image itself to the one halved four times."""

SMALLEST_SIDE = WINDOW << len(SCALE_WEIGHTS) - 1
"""176 pixels, which leave one window at the last scale."""


def ms_ssim(sent: Sequence[Image], received: Sequence[Image]) -> NDArray[np.float64]:
    """Multiscale structural similarity, 1 for a perfect image.

    Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality assessment",
    Asilomar Conf. Signals, Systems and Computers, 2003. Contrast and structure are compared at all
    five scales, luminance at the last alone. Windows and colours are those of `ssim`: of each
    colour, the mean over the windows of each scale is raised to the scale's weight, a negative
    mean counting as 0; then colours are averaged. From one scale to the next, pixels become the
    means of 2 x 2; an odd side repeats its last row or column, as in the authors' program.

    sent, received: B images (H, W, 3) uint8, of any sizes, or an array (B, H, W, 3).
    Returns (B,), NaN where a side is under 176.
    Raises ValueError when the shapes differ.
    """
    return np.array(
        [_similarity(ours, theirs) for ours, theirs in image_pairs(sent, received)], np.float64
    )


def _similarity(sent: NDArray[Any], received: NDArray[Any]) -> float:
    if min(sent.shape[:2]) < SMALLEST_SIDE:
        return math.nan
    product = np.ones(3)
    for scale, weight in enumerate(SCALE_WEIGHTS, start=1):
        sums, windows = window_sums(sent, received, WEIGHTS, scale == len(SCALE_WEIGHTS))
        means = sums.reshape(-1, 3).sum(axis=0) / (windows / 3)
        product *= np.maximum(means, 0) ** weight
        sent, received = _halved(sent), _halved(received)
    return float(product.mean())


def _halved(image: NDArray[Any]) -> NDArray[np.float64]:
    """The means of 2 x 2 pixels: (H, W, 3) to (ceil(H / 2), ceil(W / 2), 3).

    Example: a row 1, 3, 5 becomes 2, 5.
    """
    below, right = image.shape[0] % 2, image.shape[1] % 2
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
    rows = image[::2].astype(np.float64) + image[1::2]
    means: NDArray[np.float64] = (rows[:, ::2] + rows[:, 1::2]) / 4
    return means
