"""What the receiver makes of damaged frames: complete images, whatever they are, in how much of
clean ones' time.

    python benchmarks/damaged_frames.py [FRAMES [SEED]]

Each of the kinds of damage hits each frame of an equal part of FRAMES, 100,000 by default, in one
slice per image and in eight. Clean and damaged blocks of 256 images take turns; times are the
process's own, on one thread.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm import Framing, Receiver, Sample, Transmitter, load_codec
from semcomm.frames import Frames, Reception
from semcomm.stages import Received

Bits = NDArray[np.uint8]


def flips(bits: Bits, rng: np.random.Generator) -> Bits:
    """1 to 10 % of the bits flipped."""
    return bits ^ (rng.random(bits.size) < 10 ** rng.uniform(-2, -1))


def insertions(bits: Bits, rng: np.random.Generator) -> Bits:
    """One to eight bits put in anywhere."""
    places = rng.integers(0, bits.size + 1, rng.integers(1, 9))
    return np.insert(bits, places, rng.integers(0, 2, places.size, np.uint8))


def truncation(bits: Bits, rng: np.random.Generator) -> Bits:
    """Cut off anywhere, also before the first bit."""
    return bits[: rng.integers(0, bits.size)]


def random_bytes(bits: Bits, rng: np.random.Generator) -> Bits:
    """As many random bytes, or up to twice as many."""
    return np.unpackbits(
        np.frombuffer(rng.bytes(int(bits.size // 8 * rng.uniform(1, 2))), np.uint8)
    )


KINDS: list[Callable[[Bits, np.random.Generator], Bits]] = [
    flips,
    insertions,
    truncation,
    random_bytes,
]
FRAMINGS = [Framing(), Framing(slices=8, crc=8)]


def damaged(
    frames: Frames, kind: Callable[[Bits, np.random.Generator], Bits], rng: np.random.Generator
) -> Frames:
    """All of the frames, each damaged."""
    return Frames.join([kind(bits, rng) for bits in frames.split()])


def complete(received: Received, images: int, codewords: int) -> bool:
    """Whether there are so many images, and each is of a size that its indices fit, which all are
    codewords.
    """
    assert received.encoded is not None
    indices = received.encoded["indices"]
    grids = zip(received.samples, indices, strict=True)
    return len(received.samples) == images and all(
        image.dtype == np.uint8
        and grid.shape[:2] == (-(-image.shape[0] // 4), -(-image.shape[1] // 4))
        and grid.max() < codewords
        for image, grid in grids
    )


def main(total: int, seed: int = 0) -> None:
    torch.set_num_threads(1)
    codec, images = load_codec("ecvq-n128-nu16"), Sample().load(0, 256)
    print(f"seeds {seed} to {seed + len(KINDS) - 1}")
    print("slices  damage          frames  clean us  damaged us  ratio  slowest block")
    for framing in FRAMINGS:
        receiver = Receiver(codec, framing=framing)
        sent = Transmitter(codec, framing=framing).transmit(images).signal
        blocks = -(-total // (len(KINDS) * len(FRAMINGS)) // len(sent))
        for number, kind in enumerate(KINDS):
            rng = np.random.default_rng(seed + number)
            receptions = [
                sent,
                damaged(sent, kind, rng),
            ]  # the first of each compiles, and does not count
            spent: list[list[float]] = [[], []]
            for block in range(blocks + 1):
                for end, frames in enumerate(receptions):
                    before = time.process_time()
                    received = receiver.receive(Reception.of(frames))
                    spent[end].append(time.process_time() - before)
                    if not complete(received, len(images), codec.geometry.codewords):
                        sys.exit(
                            f"images are missing or cannot be: {framing}, {kind.__name__}, block "
                            f"{block}"
                        )
                receptions[1] = damaged(sent, kind, rng)
            clean, hit = (np.array(times[1:]) / len(sent) * 1e6 for times in spent)
            ratio, slowest = hit.mean() / clean.mean(), hit.max() / clean.mean()
            line = f"{framing.slices:6d}  {kind.__name__:14s}{blocks * len(sent):8d}{clean.mean():10.1f}{hit.mean():12.1f}"
            print(f"{line}{ratio:7.2f}{slowest:15.2f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["100000"]))
