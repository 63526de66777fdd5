"""How far received images are from those sent: MSE, PSNR and SSIM, one value an image."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

PEAK = 255
WINDOW = 11
WINDOW_SIGMA = 1.5
LUMINANCE_FLOOR = (0.01 * PEAK) ** 2
CONTRAST_FLOOR = (0.03 * PEAK) ** 2

TILE = 64
TILE_IMAGES = 32


def mean_squared_error(sent: NDArray[np.uint8], received: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean over an image's samples of the squared difference.

    sent, received: (B, H, W, 3), samples from 0 to 255.
    Returns (B,).
    Raises ValueError when the shapes differ.

    Example: an image of 0 received as all 2 has 4.
    """
    _check_shapes(sent, received)
    errors = np.subtract(sent, received, dtype=np.int16)
    totals: NDArray[np.int64] = np.einsum("bhwc,bhwc->b", errors, errors, dtype=np.int64)
    return totals / math.prod(sent.shape[1:])


def psnr_db(mse: NDArray[np.float64], values: int) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio, 10 log10(255^2 / mse), in dB.

    A perfect image counts as if one of its samples were off by one, because infinity has no mean. The
    paper's (7) squares the MSE, a slip: this is the usual definition.

    mse: of any shape.
    values: samples of an image, 3 H W.
    Returns the shape of `mse`.

    Example: an MSE of 65.025 gives 30 dB; an MSE of 0 over 3 x 32 x 32 samples 83.0 dB.
    """
    decibels: NDArray[np.float64] = 10 * np.log10(PEAK**2 / np.maximum(mse, 1 / values))
    return decibels


def ssim(sent: NDArray[np.uint8], received: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean structural similarity, 1 for a perfect image.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE Trans. Image Process. 13(4), 2004: a Gaussian window of 11 x 11 with sigma 1.5,
    K1 = 0.01, K2 = 0.03, population covariance. The mean is over the windows that lie wholly inside the
    image, and over the three colours.

    sent, received: (B, H, W, 3).
    Returns (B,), NaN where a side is under 11 and no window fits.
    Raises ValueError when the shapes differ.
    """
    _check_shapes(sent, received)
    count, height, width, _ = sent.shape
    rows, columns = height - WINDOW + 1, width - WINDOW + 1
    if min(rows, columns) < 1:
        return np.full(count, np.nan)
    total = np.zeros(count)
    # Tiles bound both the memory and the size of the filter matrices; neighbours share 10 pixels.
    for first in range(0, count, TILE_IMAGES):
        images = slice(first, first + TILE_IMAGES)
        for top in range(0, rows, TILE):
            for left in range(0, columns, TILE):
                tile = np.s_[images, top : top + TILE + WINDOW - 1, left : left + TILE + WINDOW - 1]
                total[images] += _similarity(_filled(sent[tile]), _filled(received[tile]))[: len(sent[images])]
    means: NDArray[np.float64] = total / (rows * columns * 3)
    return means


def _filled(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As many images as a tile can have: a matrix product's sums may be ordered by its shape."""
    return np.pad(images, ((0, TILE_IMAGES - len(images)), (0, 0), (0, 0), (0, 0)))


def _similarity(sent: NDArray[np.uint8], received: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sum over windows and colours: (B, h, w, 3) gives (B,). float64, as a variance is a small difference."""
    x, y = _samples_last(sent), _samples_last(received)
    mean_x, mean_y = _filtered(x), _filtered(y)
    product = mean_x * mean_y
    power = mean_x**2 + mean_y**2
    covariance = _filtered(x * y) - product
    variances = _filtered(x**2 + y**2) - power
    luminance = (2 * product + LUMINANCE_FLOOR) / (power + LUMINANCE_FLOOR)
    contrast = (2 * covariance + CONTRAST_FLOOR) / (variances + CONTRAST_FLOOR)
    sums: NDArray[np.float64] = (luminance * contrast).reshape(-1, len(sent), 3).sum(axis=(0, 2))
    return sums


def _samples_last(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(B, h, w, 3) gives (h, w, 3 B): one long matrix product filters all images at once."""
    count, height, width, _ = images.shape
    return images.transpose(1, 2, 0, 3).reshape(height, width, 3 * count).astype(np.float64)


def _filtered(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted means over the windows that lie wholly inside: (h, w, n) gives (h - 10, w - 10, n)."""
    height, width, count = samples.shape
    down = (_filter(height) @ samples.reshape(height, -1)).reshape(-1, width, count)
    across: NDArray[np.float64] = _filter(width) @ down
    return across


@cache
def _filter(length: int) -> NDArray[np.float64]:
    """(length - 10, length): row i holds the window's eleven weights from column i on."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-0.5 * (offsets / WINDOW_SIGMA) ** 2)
    matrix = np.zeros((length - WINDOW + 1, length))
    for row, band in enumerate(matrix):
        band[row : row + WINDOW] = weights / weights.sum()
    return matrix


def _check_shapes(sent: NDArray[np.uint8], received: NDArray[np.uint8]) -> None:
    if sent.shape != received.shape:
        raise ValueError(f"sent has the shape {sent.shape}, received {received.shape}; they must agree")
