"""Levels: several codecs in one file, from few bits to many, which share their networks' kernels.

Each output of a shared convolution has a gain per level: a level's own kernel is the shared one
times its gains. All else is a level's own, so a level is a codec like any other. In the file, a
tensor of a level's own has a level axis in front; where its shape differs between levels, there is
a tensor NAME@LEVEL for each. Where files were joined, kernels have an axis of families in front,
one for each of the files.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.networks import Geometry
from semcomm.errors import CodecError

KERNEL, GAIN = ".weight", ".gain"
GROUPS = "groups"
"""The tensor (L,) uint8 of sub-vectors per position, where levels differ in that."""

FAMILIES = "families"
"""The tensor (L,) uint8 of which kernels are a level's, where files were joined."""

FILE_WIDE = GROUPS, FAMILIES

MAX_LEVELS = 64

TAG_BITS = 4
"""Of the level in a frame's header, where levels are chosen image by image."""

Tensors = Mapping[str, NDArray[Any]]


class Digested(Protocol):
    """What has a digest, as a codec."""

    @property
    def digest(self) -> bytes: ...


def level_geometry(geometry: Geometry, tensors: Tensors, level: int) -> Geometry:
    """The geometry of a level of a file."""
    if GROUPS not in tensors:
        return geometry
    return replace(geometry, groups=int(tensors[GROUPS][level]))


def at_level(tensors: Tensors, level: int) -> dict[str, NDArray[Any]]:
    """A level's tensors: shared kernels times gains, computed in float32 and rounded to float16,
    and its own.

    Products too large for float16 become infinite.
    """
    own: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        stem, _, only = name.partition("@")
        if only:
            own |= {stem: tensor} if only == str(level) else {}
        elif _gain(name) in tensors:
            gains = tensors[_gain(name)][level]
            kernel = tensor[tensors[FAMILIES][level]] if FAMILIES in tensors else tensor
            with np.errstate(over="ignore", invalid="ignore"):
                product = kernel.astype(np.float32) * gains[:, None, None, None]
                own[name] = product.astype(np.float16)
        elif not name.endswith(GAIN) and name not in FILE_WIDE:
            own[name] = tensor[level]
    return own


def stacked(networks: Tensors, levels: Sequence[Tensors]) -> dict[str, NDArray[Any]]:
    """Undo `at_level` for all levels.

    networks: the shared kernels, the gains of all levels, `GROUPS` and `FAMILIES`; what else it has
        is left out.
    """
    shared = {
        name: tensor
        for name, tensor in networks.items()
        if name.endswith(GAIN) or _gain(name) in networks or name in FILE_WIDE
    }
    for name in levels[0]:
        parts = [level[name] for level in levels]
        if name not in shared and len({part.shape for part in parts}) == 1:
            shared[name] = np.stack(parts)
        elif name not in shared:
            shared |= {f"{name}@{level}": part for level, part in enumerate(parts)}
    return shared


def check_levels(tensors: Tensors, levels: int, geometry: Geometry) -> None:
    """Raises CodecError unless `at_level` can take out every level; its result is not checked."""
    if not 1 <= levels <= MAX_LEVELS:
        raise CodecError(f"has {levels} levels; a file holds 1 to {MAX_LEVELS}")
    groups = tensors.get(GROUPS, np.ones(levels, np.uint8))
    in_range = (groups >= 1) & (groups <= geometry.groups)
    if groups.dtype != np.uint8 or groups.ndim != 1 or not in_range.all():
        raise CodecError(
            f"has levels of {groups.ravel().tolist()[:MAX_LEVELS]} groups, {groups.shape} "
            f"{groups.dtype}; each takes one number of 1 to {geometry.groups}, as uint8"
        )
    _check_families(tensors, levels)
    axes = 5 if FAMILIES in tensors else 4
    for name, tensor in tensors.items():
        if name.endswith(GAIN):
            kernel = tensors.get(name.removesuffix(GAIN) + KERNEL, np.empty(0))
            shape = (levels, *kernel.shape[axes - 4 : axes - 3])
            if kernel.ndim != axes or tensor.dtype != np.float32 or tensor.shape != shape:
                raise CodecError(
                    f"has no tensor {name} of a gain for each level and output of a kernel"
                )
        elif "@" in name:
            if name.partition("@")[2] not in map(str, range(levels)):
                raise CodecError(f"has a tensor {name}, which is of none of its {levels} levels")
        elif _gain(name) not in tensors and tensor.shape[:1] != (levels,):
            raise CodecError(
                f"has a tensor {name} of shape {tensor.shape}, not one for each of {levels} levels"
            )


def _check_families(tensors: Tensors, levels: int) -> None:
    """Raises CodecError unless each level's family is one of those that every kernel has."""
    if FAMILIES not in tensors:
        return
    families = tensors[FAMILIES]
    kernels = [tensor for name, tensor in tensors.items() if _gain(name) in tensors]
    fewest = min((len(kernel) for kernel in kernels if kernel.ndim), default=0)
    if families.dtype != np.uint8 or families.shape != (levels,) or families.max() >= fewest:
        raise CodecError(
            f"has levels of the families {families.ravel().tolist()[:MAX_LEVELS]}; kernels are "
            f"those of {fewest} families, and each of {levels} levels takes one of 0 to "
            f"{fewest - 1}, as uint8"
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


def _gain(name: str) -> str:
    """The name of the gains of a kernel; no tensor's name where it is none's."""
    return name.removesuffix(KERNEL) + GAIN if name.endswith(KERNEL) else ""
