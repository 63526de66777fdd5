"""MSE and PSNR: how far received images are from those sent, one value per image."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.measures.measure import OfMean
from semcomm.modalities.given import given_images
from semcomm.modalities.rgb8 import Image

PEAK = 255


def mean_squared_error(sent: Sequence[Image], received: Sequence[Image]) -> NDArray[np.float64]:
    """Mean over an image's samples of the squared difference.

    sent, received: B images (H, W, 3) uint8, of any sizes, or an array (B, H, W, 3).
    Returns (B,).
    Raises ValueError when the shapes differ, DataError for what is no image.

    Example: an image of 0 received as all 2 has 4.
    """
    errors = [
        _squared_error(ours, theirs) / ours.size for ours, theirs in image_pairs(sent, received)
    ]
    return np.array(errors, np.float64)


@compiled
def _squared_error(sent: Image, received: Image) -> int:
    total, ours, theirs = 0, sent.reshape(-1), received.reshape(-1)
    for place in range(ours.size):
        error = int(ours[place]) - int(theirs[place])
        total += error * error
    return total


def psnr_of_mse_db(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio, 10 log10(255^2 / mse), in dB.

    The paper's (7) squares the MSE, a slip: this is the usual definition.

    Example: an MSE of 65.025 gives 30 dB.
    """
    decibels: NDArray[np.float64] = 10 * np.log10(PEAK**2 / mse)
    return decibels


def finite_psnr_db(
    mse: NDArray[np.float64], values: int | NDArray[np.int64]
) -> NDArray[np.float64]:
    """PSNR of images with these MSEs, in dB.

    A perfect image counts as if one of its samples were off by one, because infinity has no mean.

    mse: of any shape; values: samples of an image, 3 H W; one for all, or one for each.
    Example: an MSE of 0 over 3 x 32 x 32 samples gives 83.0 dB.
    """
    return psnr_of_mse_db(np.maximum(mse, 1 / values))


PSNR_OF_MEAN_MSE = OfMean(
    "psnr_of_mean_mse_db",
    terms=lambda mse, images: np.maximum(mse, [1 / image.size for image in images]),
    value=lambda mean: float(psnr_of_mse_db(np.array(mean))),
)
"""The PSNR of the mean MSE, in which a perfect image counts as in `finite_psnr_db`."""


def psnr_db(sent: Sequence[Image], received: Sequence[Image]) -> NDArray[np.float64]:
    """PSNR of each image in dB, as `finite_psnr_db` has it.

    sent, received: B images (H, W, 3) uint8, of any sizes, or an array (B, H, W, 3).
    Returns (B,).
    Raises ValueError when the shapes differ, DataError for what is no image.
    """
    sent = given_images(sent)
    values = np.array([image.size for image in sent])
    return finite_psnr_db(mean_squared_error(sent, received), values)


def image_pairs(sent: Sequence[Any], received: Sequence[Any]) -> Iterator[tuple[Image, Image]]:
    """Each image as sent and as received.

    Tensors, pictures of Pillow and paths of image files are converted.
    """
    ours, theirs = given_images(sent), given_images(received)
    if len(ours) != len(theirs):
        raise ValueError(
            f"{len(ours)} images are sent, {len(theirs)} received; they must be as many"
        )
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one.shape != other.shape:
            raise ValueError(
                f"image {number} is sent as {one.shape}, received as {other.shape}; they must agree"
            )
    return zip(map(np.ascontiguousarray, ours), map(np.ascontiguousarray, theirs), strict=True)
