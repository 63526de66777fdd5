"""Refinement with one choice changed at a time, and what each gives on the first of CIFAR-10's test
or validation images.

    python tools/refinement_trials.py DATA_ROOT --images 250
    python tools/refinement_trials.py DATA_ROOT --split validation --codec ecvq-16-levels --shown 4,5,7

Prints for three levels of a codec bits per image with Huffman coding, PSNR, and bits more or less
for the same PSNR than the levels have without refinement (straight lines over the logarithm of
bits). `ecvq-levels`, the default, was trained on the validation images, `ecvq-16-levels` was not.
"""

import argparse
from pathlib import Path

import numpy as np

from semcomm import load_codec
from semcomm.codec import refinement
from semcomm.codec.codec import Codec
from semcomm.data.cifar10 import Cifar10
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.modalities.rgb8 import Image
from semcomm.zoo.names import codec_names

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
    "three tenths": (10, {"FIRST_STEP": 0.3}),
    "two fifths": (10, {"FIRST_STEP": 0.4}),
    "three fifths": (10, {"FIRST_STEP": 0.6}),
    "four fifths": (10, {"FIRST_STEP": 0.8}),
    "two fifths, no momentum": (10, {"FIRST_STEP": 0.4, "MOMENTUM": 0.0}),
    "four fifths, no momentum": (10, {"FIRST_STEP": 0.8, "MOMENTUM": 0.0}),
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


def main() -> None:
    """Print a row per change and level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--codec", default="ecvq-levels")
    parser.add_argument("--shown", default="0,2,5", help="levels")
    asked = parser.parse_args()
    images = Cifar10(asked.root, asked.split).load(0, asked.images)
    count = sum(name.startswith(f"{asked.codec}@") for name in codec_names())
    codecs = [load_codec(f"{asked.codec}@{level}") for level in range(count)]
    bits, psnrs = np.transpose([measured(codec, images, 0) for codec in codecs])
    print("change  level  bits  psnr_db  percent of bits")
    for name, (steps, constants) in CHANGES.items():
        for constant, value in (CONSTANTS | constants).items():
            setattr(refinement, constant, value)
        for level in map(int, asked.shown.split(",")):
            spent, psnr = measured(codecs[level], images, steps)
            share = 100 * (spent / np.exp(np.interp(psnr, psnrs, np.log(bits))) - 1)
            print(f"{name}  {level}  {spent:.1f}  {psnr:.3f}  {share:+.1f}", flush=True)


if __name__ == "__main__":
    main()
