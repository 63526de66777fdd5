"""From what was sent and received to numbers: a row an image, and their summary."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.link import Link
from semcomm.link.soft_bits import bit_errors, counted, wrong
from semcomm.measures.intervals import wilson
from semcomm.measures.metrics import mean_squared_error, psnr_db, ssim
from semcomm.modalities.rgb8 import Image, blank, size_of
from semcomm.receiver import Received
from semcomm.run.totals import Columns, Totals
from semcomm.transmitter import Sent

NO_INDICES = np.empty(0, np.uint16)


@dataclass(frozen=True)
class Compared:
    """How far pictures are from the images they stand for: (B,) float64 each."""

    mse: NDArray[np.float64]
    ssim: NDArray[np.float64]


def compared(images: Sequence[Image], pictures: Sequence[Image]) -> Compared:
    """MSE and SSIM of each image."""
    arrived = [
        picture if picture.shape == image.shape else blank(*size_of(image))
        for image, picture in zip(images, pictures, strict=True)
    ]
    return Compared(mean_squared_error(images, arrived), ssim(images, arrived))


def image_columns(
    names: Sequence[str],
    images: Sequence[Image],
    sent: Sent,
    received: Received,
    measured: Compared,
) -> Columns:
    """One entry an image: what it cost, and how it came out."""
    slices = len(sent.frames) // len(images)
    shapes = np.array([image.shape for image in images])
    return {
        "image": list(names),
        "height": shapes[:, 0],
        "width": shapes[:, 1],
        "bits": sent.frames.lengths.reshape(-1, slices).sum(axis=1),
        "payload_bits": sent.payload_bits,
        "mse": measured.mse,
        "psnr_db": psnr_db(measured.mse, shapes.prod(axis=1)),
        "ssim": measured.ssim,
        "indices": np.array([grid.size for grid in sent.indices or [NO_INDICES] * len(images)]),
        "index_errors": _index_errors(images, sent, received),
        "damaged": received.damaged,
    }


def frame_columns(sent: Frames, reception: Reception, framing: Framing) -> Columns:
    """One entry an image: what carrying its frames took, and how many of them arrived wrong."""
    arrived, counts = reception.frames, counted(sent, reception)
    is_wrong = wrong(sent, arrived)
    columns = {
        "coded_bits": counts.channel_bits,
        "channel_uses": counts.channel_uses,
        "bit_errors": counts.bit_errors,
        "post_fec_bit_errors": np.where(
            sent.lengths == arrived.lengths, bit_errors(sent, arrived), sent.lengths
        ),
        "frames": np.ones_like(sent.lengths),
        "initial_frame_errors": counts.initial_errors,
        "residual_frame_errors": is_wrong.astype(np.int64),
        "false_accepts": (is_wrong & framing.intact(arrived)).astype(np.int64),
        "transmissions": counts.transmissions,
        "feedback_bits": counts.feedback_bits,
    }
    return {
        name: values.reshape(-1, framing.slices).sum(axis=1) for name, values in columns.items()
    }


def carriage(totals: Totals, channel: BitChannel | SymbolChannel, link: Link) -> dict[str, Any]:
    """The columns of results.csv that tell of link and channel; docs/scenarios.md defines them."""
    sums, frames, wrong_frames = (
        totals.sums,
        totals.total("frames"),
        totals.total("residual_frame_errors"),
    )
    lowest, highest = wilson(wrong_frames, frames)
    row = {
        "coded_bits_per_image": totals.mean("coded_bits"),
        "overhead_bits_per_image": (
            sums["coded_bits"] + sums["feedback_bits"] - sums["payload_bits"]
        )
        / totals.images,
        "channel_uses_per_image": totals.mean("channel_uses"),
        "bandwidth_ratio": sums["channel_uses"] / (3 * sums["pixels"]),
        "transmissions_per_frame": sums["transmissions"] / frames,
        "bit_errors": totals.total("bit_errors"),
        "bit_error_rate": sums["bit_errors"] / sums["coded_bits"],
        "post_fec_bit_errors": totals.total("post_fec_bit_errors"),
        "post_fec_bit_error_rate": sums["post_fec_bit_errors"] / sums["bits"],
        "frames": frames,
        "initial_frame_errors": totals.total("initial_frame_errors"),
        "initial_frame_error_rate": sums["initial_frame_errors"] / frames,
        "residual_frame_errors": wrong_frames,
        "residual_frame_error_rate": wrong_frames / frames,
        "residual_frame_error_rate_low": lowest,
        "residual_frame_error_rate_high": highest,
        "false_accepts": totals.total("false_accepts"),
        "psnr_db_5th_percentile": totals.psnr_db(0.05),
        "psnr_db_median": totals.psnr_db(0.5),
    }
    if isinstance(channel, SymbolChannel) and hasattr(channel, "esn0_db"):
        spent = sums["channel_uses"] / sums["payload_bits"]
        row["ebn0_db"] = channel.esn0_db - 10 * math.log10(link.efficiency)
        row["energy_per_payload_bit_db"] = channel.esn0_db + 10 * math.log10(spent)
    return row


def summary(totals: Totals) -> dict[str, Any]:
    """The measured columns of results.csv, from what all images' records add up to."""
    sums, indices = totals.sums, totals.total("indices")
    mean_mse = np.array(totals.mean("floored_mse"))
    return {
        "images": totals.images,
        "bits_per_image": totals.mean("bits"),
        "bits_per_image_ci95": totals.half_width("bits"),
        "payload_bits_per_image": totals.mean("payload_bits"),
        "entropy_bits_per_image": totals.mean("indices") * _entropy(totals.index_counts)
        if indices
        else None,
        "bpp": sums["bits"] / sums["pixels"],
        "psnr_db": totals.mean("psnr_db"),
        "psnr_db_ci95": totals.half_width("psnr_db"),
        "psnr_of_mean_mse_db": float(psnr_db(mean_mse, 3 * totals.largest)),
        "ssim": totals.mean("ssim"),
        "ssim_ci95": totals.half_width("ssim"),
        "index_error_rate": sums["index_errors"] / indices if indices else None,
        "damaged_images": totals.total("damaged"),
    }


def _entropy(counts: NDArray[np.int64]) -> float:
    """Bits of an index, from how often each occurred."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _index_errors(images: Sequence[Image], sent: Sent, received: Received) -> NDArray[np.int64]:
    """How many of each image's indices arrived wrong: all of them where its size was lost."""
    if not sent.indices or not received.indices:
        return np.zeros(len(images), np.int64)
    same_size = [
        image.shape == picture.shape for image, picture in zip(images, received.images, strict=True)
    ]
    triples = zip(same_size, sent.indices, received.indices, strict=True)
    return np.array(
        [_count_unlike(ours, theirs) if same else ours.size for same, ours, theirs in triples]
    )


def _count_unlike(ours: NDArray[np.uint16], theirs: NDArray[np.uint16]) -> int:
    return 0 if ours is theirs else int(np.count_nonzero(ours != theirs))
