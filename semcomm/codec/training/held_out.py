"""What a training measures after each epoch, on pictures that it does not train on.

It has to be cheap beside an epoch, so it takes the middle of a few pictures. `semcomm run` measures
all of them, whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcomm.codec.codec import Codec
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image

PICTURES, SIDE = 4, 512


@dataclass(frozen=True)
class HeldOut:
    """Of several levels, means over the levels.

    psnr_db: mean over the pictures.
    bits_per_pixel: of all pictures together, Huffman-coded; None where there are no bits.
    """

    psnr_db: float
    bits_per_pixel: float | None = None

    def __str__(self) -> str:
        bits = "" if self.bits_per_pixel is None else f"  {self.bits_per_pixel:.3f} bits per pixel"
        return f"{self.psnr_db:.2f} dB{bits}"


def middles(pictures: Sequence[Image]) -> list[Image]:
    """The first PICTURES pictures; of larger ones the middle SIDE x SIDE pixels."""
    return [_middle(picture) for picture in pictures[:PICTURES]]


def _middle(picture: Image) -> Image:
    top, left = (max(0, length - SIDE) // 2 for length in size_of(picture))
    return picture[top : top + SIDE, left : left + SIDE]


def measured(codecs: Sequence[Codec], pictures: Sequence[Image]) -> HeldOut:
    """Pictures through codecs of several levels, or of one."""
    psnr_db, bits = 0.0, 0
    for codec in codecs:
        indices = codec.quantize(codec.encode(pictures))
        bits += sum(int(codec.code_lengths[grid].sum(dtype=np.int64)) for grid in indices)
        sizes = [size_of(picture) for picture in pictures]
        psnr_db += mean_psnr_db(pictures, codec.decode(codec.dequantize(indices), sizes))
    pixels = sum(math.prod(size_of(picture)) for picture in pictures)
    return HeldOut(psnr_db / len(codecs), bits / pixels / len(codecs))


def mean_psnr_db(sent: Sequence[Image], received: Sequence[Image]) -> float:
    """Mean over pictures of their PSNR; a perfect one counts as in measures/psnr.py."""
    psnrs = []
    for ours, theirs in zip(sent, received, strict=True):
        squares = np.square(ours.astype(np.int64) - theirs).sum()
        psnrs.append(10 * math.log10(255**2 * ours.size / max(int(squares), 1)))
    return sum(psnrs) / len(psnrs)
