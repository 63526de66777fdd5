"""SSIM: structural similarity of received images to those sent, one value per image."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.measures.psnr import PEAK, image_pairs
from semcomm.modalities.rgb8 import Image

LUMINANCE_FLOOR = (0.01 * PEAK) ** 2
CONTRAST_FLOOR = (0.03 * PEAK) ** 2

WINDOW = 11
WEIGHTS = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
WEIGHTS /= WEIGHTS.sum()


def ssim(sent: Sequence[Image], received: Sequence[Image]) -> NDArray[np.float64]:
    """Mean structural similarity, 1 for a perfect image.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Trans. Image Process. 13(4), 2004: a Gaussian window of 11 x 11
    with sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance. The mean is over the windows that
    lie wholly inside the image, and over the three colours.

    sent, received: B images (H, W, 3) uint8, of any sizes, or an array (B, H, W, 3).
    Returns (B,), NaN where a side is under 11 and no window fits.
    Raises ValueError when the shapes differ.
    """
    return np.array(
        [_similarity(ours, theirs, WEIGHTS) for ours, theirs in image_pairs(sent, received)],
        np.float64,
    )


@compiled
def _similarity(sent: Image, received: Image, weights: NDArray[np.float64]) -> float:
    if min(sent.shape[0], sent.shape[1]) < WINDOW:
        return math.nan
    sums, windows = window_sums(sent, received, weights, True)
    mean: float = sums.sum() / windows
    return mean


@compiled
def window_sums(
    sent: NDArray[Any], received: NDArray[Any], weights: NDArray[np.float64], luminance: bool
) -> tuple[NDArray[np.float64], int]:
    """The similarities of all windows of an image, added up down its columns.

    All in float64, as a variance is a small difference of large numbers.

    sent, received: (H, W, 3) of any real dtype, sides of at least 11.
    luminance: with the term of the means; else of contrast and structure alone.
    Returns (3 (W - 10),) sums, colour by colour at each place, and how many windows there are in
    all colours.
    """
    height, width, colours = sent.shape
    samples = width * colours
    sent_rows, received_rows = sent.reshape(height, samples), received.reshape(height, samples)
    moments = np.empty((WINDOW, 4, samples))  # of the last eleven rows, row r in place r mod 11
    down = np.empty((4, samples))
    rows, means = moments.reshape(WINDOW, -1), down.reshape(-1)
    sums = np.zeros(samples - 3 * (WINDOW - 1))
    turned = np.concatenate((weights, weights))
    for row in range(height):
        _read_moments(sent_rows[row], received_rows[row], moments[row % WINDOW])
        if row >= WINDOW - 1:
            first = WINDOW - (row + 1) % WINDOW
            _filter_down(rows, turned[first : first + WINDOW], means)
            _add_similarities(down, weights, luminance, sums)
    return sums, sums.size * (height - WINDOW + 1)


@compiled
def _read_moments(sent: NDArray[Any], received: NDArray[Any], moments: NDArray[np.float64]) -> None:
    """x, y, x y and x^2 + y^2 of a row's samples: (n,) and (n,) to (4, n)."""
    for place in range(sent.size):
        x, y = float(sent[place]), float(received[place])
        moments[0, place] = x
        moments[1, place] = y
        moments[2, place] = x * y
        moments[3, place] = x * x + y * y


@compiled
def _filter_down(
    rows: NDArray[np.float64], weights: NDArray[np.float64], means: NDArray[np.float64]
) -> None:
    for place in range(means.size):
        mean = 0.0
        for k in range(WINDOW):
            mean += weights[k] * rows[k, place]
        means[place] = mean


@compiled
def _add_similarities(
    down: NDArray[np.float64],
    weights: NDArray[np.float64],
    luminance: bool,
    sums: NDArray[np.float64],
) -> None:
    """Filter across, where a colour's neighbours are three places apart, and add each window's
    similarity.
    """
    xs, ys, products, squares = down[0], down[1], down[2], down[3]
    for place in range(sums.size):
        mean_x = mean_y = covariance = variances = 0.0
        for k in range(WINDOW):
            mean_x += weights[k] * xs[place + 3 * k]
            mean_y += weights[k] * ys[place + 3 * k]
            covariance += weights[k] * products[place + 3 * k]
            variances += weights[k] * squares[place + 3 * k]
        product, power = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
        alike = 2 * (covariance - product) + CONTRAST_FLOOR
        most = variances - power + CONTRAST_FLOOR
        if luminance:
            alike *= 2 * product + LUMINANCE_FLOOR
            most *= power + LUMINANCE_FLOOR
        sums[place] += alike / most
