"""What a budget for each frame costs in PSNR: rate weights image by image, against one for all that
always fits.

    python benchmarks/budget.py CODEC DATA_ROOT BUDGET_BITS... [--refinement-steps N]

All test images of CIFAR-10, the entropy-coded bits alone; and the codec without a budget. Refined
are the images without a budget and those whose rate weights are their own.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from semcomm import Framing, Transmitter, load_codec
from semcomm.codec.codec import Codec, Latents
from semcomm.codec.rate_control import WEIGHTS
from semcomm.data.cifar10 import Cifar10
from semcomm.frames import Frames
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.modalities.rgb8 import Image
from semcomm.stages import Sent

BARE = Framing.raw()
SIZE = (32, 32)


def single(codec: Codec, latents: Sequence[Latents], budget_bits: int) -> Sent[Frames]:
    """All images by the lowest of the further rate weights with which every one fits."""
    plain, low, high = Transmitter(codec, framing=BARE), -1, WEIGHTS.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        fits = _sent(plain, latents, WEIGHTS[middle]).signal.lengths.max() <= budget_bits
        low, high = (low, middle) if fits else (middle, high)
    return _sent(plain, latents, WEIGHTS[high])


def _sent(transmitter: Transmitter, latents: Sequence[Latents], weight: float) -> Sent[Frames]:
    indices = transmitter.codecs[0].quantize(latents, [weight] * len(latents))
    return transmitter.packetize({"indices": list(indices), "size": np.full((len(latents), 2), 32)})


def show(name: str, codec: Codec, images: list[Image], sent: Sent[Frames]) -> None:
    """A line of the table."""
    pictures = codec.decode(codec.dequantize(list(sent.encoded["indices"])), [SIZE] * len(images))
    quality = finite_psnr_db(mean_squared_error(images, pictures), images[0].size).mean()
    print(
        f"{name:24}{sent.signal.lengths.mean():10.2f}{sent.signal.lengths.max():8d}{quality:10.3f}",
        flush=True,
    )


def main(name: str, root: Path, budgets: list[int], steps: int) -> None:
    codec, images = load_codec(name), Cifar10(root).load(0, 10_000)
    latents = codec.encode(images)
    print(f"{name:24}{'mean bits':>10}{'most':>8}{'PSNR dB':>10}")
    show(
        "no budget",
        codec,
        images,
        Transmitter(codec, framing=BARE, refinement_steps=steps).transmit(images),
    )
    for budget_bits in budgets:
        adapted = Transmitter(
            codec, framing=BARE, budget_bits=budget_bits, refinement_steps=steps
        ).transmit(images)
        show(f"{budget_bits}, image by image", codec, images, adapted)
        show(f"{budget_bits}, one weight", codec, images, single(codec, latents, budget_bits))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What a budget for each frame costs in PSNR.")
    parser.add_argument("codec")
    parser.add_argument("root", type=Path)
    parser.add_argument("budgets", type=int, nargs="+")
    parser.add_argument("--refinement-steps", type=int, default=0)
    options = parser.parse_args()
    main(options.codec, options.root, options.budgets, options.refinement_steps)
