"""Refinement with one choice changed at a time, and what each gives on the first of CIFAR-10's test
images.

    python tools/refinement_trials.py DATA_ROOT [IMAGES]

Prints for a coarse, a middle and a fine level of the default codec bits per image with Huffman
coding, PSNR, and bits more or less for the same PSNR than the levels have without refinement
(straight lines over the logarithm of bits).
"""

import sys
from pathlib import Path

import numpy as np

from semcomm import load_codec
from semcomm.codec import refinement
from semcomm.codec.codec import Codec
from semcomm.data.cifar10 import Cifar10
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.modalities.rgb8 import Image

LEVELS, SHOWN = range(8), (0, 2, 5)
CONSTANTS = {
    name: getattr(refinement, name) for name in ("FIRST_STEP", "MOMENTUM", "COMMITMENT_WEIGHT")
}
CHANGES: dict[str, tuple[int, dict[str, float]]] = {
    "5 steps": (5, {}),
    "10 steps": (10, {}),
    "20 steps": (20, {}),
    "40 steps": (40, {}),
    "10 steps, first a twentieth of the error": (10, {"FIRST_STEP": 0.05}),
    "a tenth": (10, {"FIRST_STEP": 0.1}),
    "two fifths": (10, {"FIRST_STEP": 0.4}),
    "no momentum": (10, {"MOMENTUM": 0.0}),
    "momentum 0.8": (10, {"MOMENTUM": 0.8}),
    "beta 0: distortion alone": (10, {"COMMITMENT_WEIGHT": 0.0}),
    "beta 1/8": (10, {"COMMITMENT_WEIGHT": 0.125}),
    "beta 1/2": (10, {"COMMITMENT_WEIGHT": 0.5}),
}


def measured(codec: Codec, images: list[Image], steps: int) -> tuple[float, float]:
    """Bits per image and PSNR."""
    indices = codec.quantize(codec.encode(images, steps))
    pictures = codec.decode(codec.dequantize(indices), [(32, 32)] * len(images))
    bits = np.mean([codec.code_lengths[grid].sum(dtype=int) for grid in indices])
    return float(bits), float(
        finite_psnr_db(mean_squared_error(images, pictures), images[0].size).mean()
    )


def main(root: Path, count: int) -> None:
    """Print a row per change and level."""
    images = Cifar10(root).load(0, count)
    codecs = [load_codec(f"ecvq-levels@{level}") for level in LEVELS]
    bits, psnrs = np.transpose([measured(codec, images, 0) for codec in codecs])
    print("change  level  bits  psnr_db  percent of bits")
    for name, (steps, constants) in CHANGES.items():
        for constant, value in (CONSTANTS | constants).items():
            setattr(refinement, constant, value)
        for level in SHOWN:
            spent, psnr = measured(codecs[level], images, steps)
            share = 100 * (spent / np.exp(np.interp(psnr, psnrs, np.log(bits))) - 1)
            print(f"{name}  {level}  {spent:.1f}  {psnr:.3f}  {share:+.1f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
