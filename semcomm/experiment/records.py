"""From what was sent and received to numbers: a row an image, and their summary."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.experiment.metrics import mean_squared_error, psnr_db, ssim
from semcomm.images import Image
from semcomm.receiver import Received
from semcomm.transmitter import Sent

GREY = 128
"""Of the picture that stands for an image whose size was lost on the way, when it is measured."""


def image_records(names: Sequence[str], images: Sequence[Image], sent: Sent, received: Received) -> pd.DataFrame:
    """One row an image: what it cost, and how it came out."""
    slices = len(sent.frames) // len(images)
    arrived = [
        picture if picture.shape == image.shape else np.full_like(image, GREY)
        for image, picture in zip(images, received.images, strict=True)
    ]
    mse, similarity = _compared(images, arrived)
    return pd.DataFrame(
        {
            "image": list(names),
            "height": [image.shape[0] for image in images],
            "width": [image.shape[1] for image in images],
            "bits": sent.frames.lengths.reshape(-1, slices).sum(axis=1),
            "payload_bits": sent.payload_bits,
            "mse": mse,
            "psnr_db": [float(psnr_db(error, image.size)) for error, image in zip(mse, images, strict=True)],
            "ssim": similarity,
            "indices": [grid.size for grid in sent.indices] if sent.indices else 0,
            "index_errors": _index_errors(images, sent, received),
            "damaged": received.damaged,
        }
    )


def summary(records: pd.DataFrame, index_counts: NDArray[np.int64]) -> dict[str, Any]:
    """The measured columns of results.csv, from all images' records and how often each index was sent."""
    pixels = records.height * records.width
    mean_mse = np.array(np.maximum(records.mse, 1 / (3 * pixels)).mean())
    indices = records.indices.sum()
    return {
        "images": len(records),
        "bits_per_image": records.bits.mean(),
        "payload_bits_per_image": records.payload_bits.mean(),
        "entropy_bits_per_image": records.indices.mean() * _entropy(index_counts) if indices else None,
        "bpp": records.bits.sum() / pixels.sum(),
        "psnr_db": records.psnr_db.mean(),
        "psnr_of_mean_mse_db": float(psnr_db(mean_mse, 3 * int(pixels.max()))),
        "ssim": records.ssim.mean(),
        "index_error_rate": records.index_errors.sum() / indices if indices else None,
        "damaged_images": int(records.damaged.sum()),
    }


def _compared(images: Sequence[Image], arrived: Sequence[Image]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """MSE and SSIM of each image, computed together for images of one shape."""
    mse, similarity = np.empty(len(images)), np.empty(len(images))
    members = defaultdict(list)
    for number, image in enumerate(images):
        members[image.shape].append(number)
    for numbers in members.values():
        pair = np.stack([images[n] for n in numbers]), np.stack([arrived[n] for n in numbers])
        mse[numbers], similarity[numbers] = mean_squared_error(*pair), ssim(*pair)
    return mse, similarity


def _entropy(counts: NDArray[np.int64]) -> float:
    """Bits of an index, from how often each occurred."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _index_errors(images: Sequence[Image], sent: Sent, received: Received) -> list[int] | int:
    """How many of each image's indices arrived wrong: all of them where its size was lost."""
    if not sent.indices or not received.indices:
        return 0
    same_size = [image.shape == picture.shape for image, picture in zip(images, received.images, strict=True)]
    triples = zip(same_size, sent.indices, received.indices, strict=True)
    return [int((ours != theirs).sum()) if same else ours.size for same, ours, theirs in triples]
