"""Joining: levels of several files in one file, each of these with kernels of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec_file import (
    About,
    check_replaceable,
    codec_from,
    of_level,
    read_levels,
    save_levels,
)
from semcomm.codec.levels import FAMILIES, GAIN, GROUPS, KERNEL, Tensors, at_level, stacked
from semcomm.errors import CodecError


@dataclass(frozen=True)
class Part:
    """Levels of one file; all of them where `levels` is None."""

    path: Path
    levels: range | None = None


def join_codecs(parts: Sequence[Part], path: Path, origin: dict[str, Any]) -> None:
    """Write one file with the levels of `parts`, which go from few bits to many.

    origin: how it was made, beside the origin of each part.
    Raises CodecError where `path` is a file made otherwise, where a part lacks its levels or is
    damaged, where parts have unlike networks or quantizers, and where a part begins with fewer bits
    than the part before it ends with.
    """
    check_replaceable(path, origin)
    contents = [_content(part) for part in parts]
    about = _about(contents)
    about = replace(about, origin=origin | {"parts": [content.origin for content in contents]})
    _check_order(contents)
    levels = sum(len(content.levels) for content in contents)
    save_levels(about, _joined(contents), levels, path)


@dataclass(frozen=True)
class _Content:
    """A part's file, read, and which of its levels are taken."""

    path: Path
    about: About
    tensors: Tensors
    levels: range

    @property
    def origin(self) -> dict[str, Any]:
        return {"codec": self.path.stem, "levels": list(self.levels), **self.about.origin}

    @property
    def groups(self) -> NDArray[np.uint8]:
        """Sub-vectors per position of the levels that are taken."""
        all_alike = np.full(self.levels.stop, self.about.geometry.groups, np.uint8)
        return self.tensors.get(GROUPS, all_alike)[self.levels]

    def bits(self, level: int) -> float:
        """The mean of a level's Huffman-coded bits at a position."""
        codec = codec_from(f"@{level}", *of_level(self.about, self.tensors, level))
        return float(codec.probabilities @ codec.code_lengths) * codec.geometry.groups


def _content(part: Part) -> _Content:
    path = part.path
    about, tensors, count = read_levels(path)
    if count is None:
        raise CodecError(f"{path} holds one codec, without levels: files with levels can be joined")
    if FAMILIES in tensors:
        raise CodecError(f"{path} was joined before: join all files that it is made of at once")
    levels = range(count) if part.levels is None else part.levels
    if not 0 <= levels.start < levels.stop <= count:
        raise CodecError(
            f"{path}@{levels.start}-{levels.stop - 1}: the file has the levels 0 to {count - 1}; "
            "name the first and then the last that are wanted"
        )
    return _Content(path, about, tensors, levels)


def _about(contents: Sequence[_Content]) -> About:
    """What is written of all parts but their origin; of the groups, the most."""
    most = max(int(content.groups.max()) for content in contents)
    alike = [
        replace(about, geometry=replace(about.geometry, groups=most), origin={})
        for about in (content.about for content in contents)
    ]
    for about, content in zip(alike, contents, strict=True):
        if about.modality != alike[0].modality:
            raise CodecError(
                f"{content.path} is of {about.modality}, {contents[0].path} of "
                f"{alike[0].modality}; codecs of one modality can be joined"
            )
        if about != alike[0]:
            raise CodecError(
                f"{content.path} has the quantizer {about.quantizer} and {about.geometry}; it "
                f"takes those of {contents[0].path}, {alike[0].quantizer} and "
                f"{alike[0].geometry}, where only groups may differ"
            )
    return alike[0]


def _check_order(contents: Sequence[_Content]) -> None:
    for before, after in pairwise(contents):
        fewer, more = before.bits(before.levels[-1]), after.bits(after.levels[0])
        if more < fewer:
            raise CodecError(
                f"the first level of {after.path} has {more:.2f} bits a position, the last of the "
                f"file before it {fewer:.2f}: name files from few bits to many"
            )


def _joined(contents: Sequence[_Content]) -> dict[str, NDArray[Any]]:
    """The tensors of the file: kernels one behind the other in a new axis, gains and groups level
    by level, and all else as `stacked` has it.
    """
    counts = [len(content.levels) for content in contents]
    shared: dict[str, NDArray[Any]] = {
        FAMILIES: np.repeat(np.arange(len(contents)), counts).astype(np.uint8),
        GROUPS: np.concatenate([content.groups for content in contents]),
    }
    for gain in (name for name in contents[0].tensors if name.endswith(GAIN)):
        kernel = gain.removesuffix(GAIN) + KERNEL
        shared[gain] = np.concatenate(
            [content.tensors[gain][content.levels] for content in contents]
        )
        shared[kernel] = np.stack([content.tensors[kernel] for content in contents])
    levels = [at_level(content.tensors, level) for content in contents for level in content.levels]
    return stacked(shared, levels)
