"""Joining: the levels of several files in one file, each of these with kernels of its own."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec_file import About, codec_from, of_level, read_levels, save_levels
from semcomm.codec.levels import FAMILIES, GAIN, GROUPS, KERNEL, Tensors, at_level, stacked
from semcomm.errors import CodecError


def join_codecs(parts: Sequence[Path], path: Path, origin: dict[str, Any]) -> None:
    """Write one file with all levels of the files `parts`, which go from few bits to many.

    origin: how it was made, beside the origin of each part.
    Raises CodecError where a part has no levels or is damaged, where parts have unlike networks or
    quantizers, and where a part begins with fewer bits than the part before it ends with.
    """
    contents = [_content(part) for part in parts]
    about = _about([about for about, _, _ in contents], parts)
    about = replace(about, origin=origin | {"parts": _origins(contents, parts)})
    _check_order(contents, parts)
    levels = sum(count for _, _, count in contents)
    save_levels(about, _joined(contents), levels, path)


Content = tuple[About, Tensors, int]


def _content(path: Path) -> Content:
    about, tensors, levels = read_levels(path)
    if levels is None:
        raise CodecError(f"{path} holds one codec, without levels: files with levels can be joined")
    if FAMILIES in tensors:
        raise CodecError(f"{path} was joined before: join all files that it is made of at once")
    return about, tensors, levels


def _about(abouts: Sequence[About], parts: Sequence[Path]) -> About:
    """What is written of all parts but their origin; of the groups, the most."""
    most = max(about.geometry.groups for about in abouts)
    alike = [
        replace(about, geometry=replace(about.geometry, groups=most), origin={}) for about in abouts
    ]
    for about, part in zip(alike, parts, strict=True):
        if about != alike[0]:
            raise CodecError(
                f"{part} has the quantizer {about.quantizer} and {about.geometry}; it takes those "
                f"of {parts[0]}, {alike[0].quantizer} and {alike[0].geometry}, where only groups "
                "may differ"
            )
    return alike[0]


def _origins(contents: Sequence[Content], parts: Sequence[Path]) -> list[dict[str, Any]]:
    return [
        {"codec": part.stem, **about.origin}
        for part, (about, _, _) in zip(parts, contents, strict=True)
    ]


def _check_order(contents: Sequence[Content], parts: Sequence[Path]) -> None:
    for (before, after), part in zip(pairwise(contents), parts[1:], strict=True):
        fewer, more = _bits(before, before[2] - 1), _bits(after, 0)
        if more < fewer:
            raise CodecError(
                f"the first level of {part} has {more:.2f} bits a position, the last of the file "
                f"before it {fewer:.2f}: name files from few bits to many"
            )


def _bits(content: Content, level: int) -> float:
    """The mean of a level's Huffman-coded bits at a position."""
    about, tensors, _ = content
    codec = codec_from(f"@{level}", *of_level(about, tensors, level))
    return float(codec.probabilities @ codec.code_lengths) * codec.geometry.groups


def _joined(contents: Sequence[Content]) -> dict[str, NDArray[Any]]:
    """The tensors of the file: kernels one behind the other in a new axis, gains and groups level
    by level, and all else as `stacked` has it.
    """
    parts = [tensors for _, tensors, _ in contents]
    shared: dict[str, NDArray[Any]] = {
        FAMILIES: np.repeat(np.arange(len(parts)), [count for _, _, count in contents]).astype(
            np.uint8
        ),
        GROUPS: np.concatenate([_groups(content) for content in contents]),
    }
    for gain in (name for name in parts[0] if name.endswith(GAIN)):
        kernel = gain.removesuffix(GAIN) + KERNEL
        shared[gain] = np.concatenate([part[gain] for part in parts])
        shared[kernel] = np.stack([part[kernel] for part in parts])
    levels = [at_level(tensors, level) for _, tensors, count in contents for level in range(count)]
    return stacked(shared, levels)


def _groups(content: Content) -> NDArray[np.uint8]:
    about, tensors, count = content
    return tensors.get(GROUPS, np.full(count, about.geometry.groups, np.uint8))
