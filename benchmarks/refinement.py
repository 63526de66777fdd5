"""Refinement with the decoder in float32 and in bfloat16: what it takes, and what pictures gain.

The first validation images of CIFAR-10 are refined in turn by both, on the threads that the
environment says. Times are medians of processor time; bits are those of Huffman coding.

    OMP_NUM_THREADS=1 python benchmarks/refinement.py DATA ecvq-levels@3
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from semcomm.choices import DType
from semcomm.codec.codec import Codec
from semcomm.data.cifar10 import Cifar10
from semcomm.measures.psnr import psnr_db
from semcomm.modalities.rgb8 import Image
from semcomm.zoo.find import load_codec

DTYPES: tuple[DType, DType] = ("float32", "bfloat16")


def seconds(codec: Codec, images: list[Image], steps: int) -> float:
    begin = time.process_time()
    codec.encode(images, steps)
    return time.process_time() - begin


def outcome(codec: Codec, images: list[Image], steps: int) -> str:
    """Bits and mean PSNR of the images after so many steps."""
    indices = codec.quantize(codec.encode(images, steps))
    pictures = codec.decode(codec.dequantize(indices), [(32, 32)] * len(images))
    bits = np.mean([codec.code_lengths[grid].sum(dtype=int) for grid in indices])
    quality = psnr_db(images, pictures).mean()
    return f"{bits:10.1f} bits{quality:10.3f} dB"


def main() -> None:
    parser = argparse.ArgumentParser(description="Refinement in float32 and in bfloat16.")
    parser.add_argument("data_root", type=Path, help="folder that holds CIFAR-10")
    parser.add_argument("codec")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    images = Cifar10(options.data_root, "validation").load(0, options.images)
    codec = load_codec(options.codec)
    codecs = [codec.on("cpu", refinement_dtype=dtype) for dtype in DTYPES]
    print(f"{'unrefined':12}{outcome(codec, images, 0)}")
    for dtype, one in zip(DTYPES, codecs, strict=True):
        print(f"{dtype:12}{outcome(one, images, options.steps)}")
    turns = [
        [seconds(one, images, options.steps) for one in codecs] for _ in range(options.repetitions)
    ]
    for dtype, times in zip(DTYPES, zip(*turns, strict=True), strict=True):
        print(f"{dtype:12}{1e3 * statistics.median(times) / len(images):10.2f} ms per image")
    ratios = [slow / fast for slow, fast in turns]
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
