"""Levels: several codecs in one file, from few bits to many, which share their networks' kernels.

Each output of a convolution has a gain per level. A level's own kernels are the shared kernels
times its gains, so a level is a codec like any other.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import CodecError

KERNEL, GAIN = ".weight", ".gain"
MAX_LEVELS = 64

TAG_BITS = 4
"""Of the level in a frame's header, where levels are chosen image by image."""

Tensors = Mapping[str, NDArray[Any]]


class Digested(Protocol):
    """What has a digest, as a codec."""

    @property
    def digest(self) -> bytes: ...


def at_level(tensors: Tensors, level: int) -> dict[str, NDArray[Any]]:
    """A level's tensors: kernels times gains, computed in float32 and rounded to float16, and its
    part of all others.

    Products too large for float16 become infinite.
    """
    own = {
        name: tensor[level] for name, tensor in tensors.items() if not name.endswith((KERNEL, GAIN))
    }
    for name, kernel in tensors.items():
        if name.endswith(KERNEL):
            gains = tensors[_gain(name)][level]
            with np.errstate(over="ignore", invalid="ignore"):
                product = kernel.astype(np.float32) * gains[:, None, None, None]
                own[name] = product.astype(np.float16)
    return own


def stacked(networks: Tensors, levels: Sequence[Tensors]) -> dict[str, NDArray[Any]]:
    """Undo `at_level` for all levels.

    networks: the shared kernels, and the gains of all levels.
    """
    shared = {name: tensor for name, tensor in networks.items() if name.endswith((KERNEL, GAIN))}
    own = {
        name: np.stack([level[name] for level in levels])
        for name in levels[0]
        if not name.endswith(KERNEL)
    }
    return shared | own


def check_levels(tensors: Tensors, levels: int) -> None:
    """Raises CodecError unless `at_level` can take out every level; its result is not checked."""
    if not 1 <= levels <= MAX_LEVELS:
        raise CodecError(f"has {levels} levels; a file holds 1 to {MAX_LEVELS}")
    for name, tensor in tensors.items():
        if name.endswith(KERNEL):
            gains = tensors.get(_gain(name))
            shape = (levels, *tensor.shape[:1])
            if gains is None or gains.dtype != np.float32 or gains.shape != shape:
                raise CodecError(
                    f"has no tensor {_gain(name)} of a gain for each level and output of {name}"
                )
        elif tensor.shape[:1] != (levels,):
            raise CodecError(
                f"has a tensor {name} of shape {tensor.shape}, not one for each of {levels} levels"
            )


def check_choice(names: Sequence[str], has_budget: bool) -> None:
    """Raises CodecError where no level can be chosen for each image from those of these names."""
    first, last, count = names[0], names[-1], len(names)
    held = f"{first.partition('@')[0]} holds {count} codecs, from few bits to many"
    if count > 1 and not has_budget:
        raise CodecError(
            f"{held}: name one of {first} to {last}, or limit frames by codec.budget_bits or "
            "link.channel_uses, so that one is chosen for each image"
        )
    if count > 1 << TAG_BITS:
        raise CodecError(
            f"{held}; of more than {1 << TAG_BITS} none can be chosen for each image, by a tag of "
            f"{TAG_BITS} bits: name one of {first} to {last}"
        )


def digest_of(codecs: Sequence[Digested]) -> bytes:
    """What tells a codec, or all levels of a file, from others: for these SHA-256 of their
    digests.
    """
    digests = [codec.digest for codec in codecs]
    return digests[0] if len(digests) == 1 else hashlib.sha256(b"".join(digests)).digest()


def tag_bits(codecs: int) -> int:
    """Bits of the tag that names one of so many codecs."""
    return TAG_BITS if codecs > 1 else 0


def members_by_level(levels: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each level that occurs, from the lowest, and the numbers of the images that have it."""
    for level in np.unique(levels).tolist():
        yield level, np.flatnonzero(levels == level)


def _gain(kernel: str) -> str:
    return kernel.removesuffix(KERNEL) + GAIN
