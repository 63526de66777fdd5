"""Round trips of a context coder between ends that compute in unlike ways.

python benchmarks/context_round_trips.py CODEC DATA_ROOT

100,000 images: CIFAR-10's 50,000 for training, its 10,000 for tests, and 40,000 of the first,
mirrored. One end codes image after image on one thread; the other, blocks of 256 on two threads,
its model's hidden units and embedding in another order, so that sums are taken in another. Each
decodes what the other encoded.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.context import ContextCoder
from semcomm.codec.entropy_coding.context_model import ContextModel, Tensors
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.data.choice import DataChoice
from semcomm.data.cifar10 import Split
from semcomm.zoo.find import load_codec

IMAGES_AT_ONCE = 2048
BLOCK = 256
PARTS: tuple[tuple[Split, int, int], ...] = (
    ("train_and_validation", 50_000, 1),
    ("test", 10_000, 1),
    ("train", 40_000, -1),
)
"""Which images, how many, and the step from a pixel to the next."""

Grids = NDArray[np.uint16]
Message = NDArray[np.uint8]


def main(name: str, root: Path) -> None:
    codec = load_codec(name)
    first = ContextCoder(ContextModel.of(codec.tensors))
    second = ContextCoder(ContextModel.of(permuted(codec.tensors, np.random.default_rng(0))))
    images, counts = 0, np.zeros(3, np.int64)
    for grids in indices(codec, root):
        images, counts = images + len(grids), counts + crossed(first, second, grids)
    bits, messages, wrong = counts
    print(f"{images} images, {bits / images:.2f} bits per image")
    print(f"{messages} messages differ, {wrong} indices were decoded wrong")


def crossed(first: ContextCoder, second: ContextCoder, grids: Grids) -> NDArray[np.int64]:
    """Bits that were sent, messages that the ends make unlike, and indices that either decodes
    wrong.
    """
    blocks = [grids[start : start + BLOCK] for start in range(0, len(grids), BLOCK)]
    one_by_one = [encoded(first, grid[None])[0] for grid in grids]
    pairs = [one_by_one[start : start + BLOCK] for start in range(0, len(grids), BLOCK)]
    with ThreadPoolExecutor(2) as pool:
        in_blocks = [
            message for block in pool.map(partial(encoded, second), blocks) for message in block
        ]
        there = np.concatenate(list(pool.map(partial(decoded, second, grids.shape[1:]), pairs)))
    back = np.concatenate([decoded(first, grids.shape[1:], [message]) for message in in_blocks])
    unlike = sum(not np.array_equal(a, b) for a, b in zip(one_by_one, in_blocks, strict=True))
    wrong = np.count_nonzero(there != grids) + np.count_nonzero(back != grids)
    return np.array([sum(message.size for message in one_by_one), unlike, wrong])


def indices(codec: Codec, root: Path) -> Iterator[Grids]:
    """(n, 8, 8, g), until there were 100,000."""
    for split, count, step in PARTS:
        data = DataChoice("cifar10", root=root, split=split).open()
        for start in range(0, count, IMAGES_AT_ONCE):
            images = data.load(start, min(start + IMAGES_AT_ONCE, count))
            yield np.stack(
                codec.quantize(codec.encode([image[:, ::step].copy() for image in images]))
            )


def encoded(coder: ContextCoder, grids: Grids) -> list[Message]:
    bits, lengths = coder.encode(grids.ravel(), whole_grids([grid.shape for grid in grids]))
    return np.split(bits, np.cumsum(lengths)[:-1])


def decoded(coder: ContextCoder, shape: tuple[int, ...], messages: list[Message]) -> Grids:
    lengths = np.array([message.size for message in messages])
    decoded = coder.decode(np.concatenate(messages), lengths, whole_grids([shape] * len(messages)))
    return decoded.symbols.reshape(-1, *shape)


def permuted(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    """The same context model with the entries of its embedding and its hidden units in another
    order.
    """
    entries, first, second = (
        rng.permutation(tensors[f"context.{name}"].shape[-1])
        for name in ("embedding", "bias1", "bias2")
    )
    return {
        "context.embedding": tensors["context.embedding"][:, entries],
        "context.neighbours": tensors["context.neighbours"][:, entries][:, :, first],
        "context.before": tensors["context.before"][:, entries][:, :, first],
        "context.bias1": tensors["context.bias1"][:, first],
        "context.weight2": tensors["context.weight2"][:, first][:, :, second],
        "context.bias2": tensors["context.bias2"][:, second],
        "context.weight3": tensors["context.weight3"][:, second],
        "context.bias3": tensors["context.bias3"],
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
