"""Names, figures and kinds of codecs, read without loading PyTorch."""

import csv
import json
import re
from collections.abc import Callable, Collection
from pathlib import Path

from semcomm.choices import ModalityName
from semcomm.codec.header import KINDS, Kind, kind_of, metadata_of
from semcomm.errors import CodecError
from semcomm.folders import ZOO, expanded
from semcomm.nearest import instead

CODEC_FILE = re.compile(r"\.safetensors(@[0-9]{1,2})?$")
"""The end of a codec's path, with a level where the file has several."""

SHIPPED = re.compile("[A-Za-z0-9_-]{1,100}")
"""A name that a codec may ship by, without its level: it leads to no other folder."""

FIGURES: dict[ModalityName, Path] = {"rgb8": ZOO / "figures.csv", "csi": ZOO / "csi-figures.csv"}
"""Rate and quality of the codecs that ship, as tools/measure_zoo.py measures them, by modality."""


def codec_names(system: str = "digital", modality: ModalityName | None = None) -> list[str]:
    """The trained codecs that ship with semcomm; levels of one file as NAME@0 and so on.

    system: the kind that they are for, `system` of one of `KINDS`.
    modality: what their samples are; None for any.
    """
    names = []
    for path in sorted(ZOO.glob("*.safetensors"), key=lambda path: path.stem):
        metadata = metadata_of(path)
        kind = KINDS.get(metadata.get("format", ""))
        if kind is None or kind.system != system:
            continue
        if modality not in (None, json.loads(metadata["about"]).get("modality", "rgb8")):
            continue
        levels = metadata.get("levels")
        several = [f"{path.stem}@{level}" for level in range(int(levels or 0))]
        names += [path.stem] if levels is None else several
    return names


def codec_figures(modality: ModalityName) -> list[dict[str, str]]:
    """The row of `FIGURES` of each codec that ships, or its name alone where it has none."""
    with FIGURES[modality].open(newline="") as file:
        rows = {row["codec"]: row for row in csv.DictReader(file)}
    return [rows.get(name, {"codec": name}) for name in codec_names(modality=modality)]


def codec_file(name: str, there: Callable[[], Collection[str]] = codec_names) -> tuple[Path, Kind]:
    """The file that a codec's name or path names, with or without a level, and its kind.

    there: the names that an error about an unknown one lists.
    Raises CodecError where no codec of this name ships, for a file that is missing or of another
    program, and for a level of anything but a digital codec.
    """
    path = file_at(name) if CODEC_FILE.search(name) else shipped_file(name, there)
    kind, (_, level) = kind_of(path), split_level(name)
    if level is not None and kind.system != "digital":
        raise CodecError(
            f"{path} is {kind.noun}; levels (@) are of digital codecs with several: omit @{level}"
        )
    return path, kind


def shipped_file(name: str, there: Callable[[], Collection[str]] = codec_names) -> Path:
    """The file of a codec that ships. The name, which may be untrusted, is never used as a path.

    Raises CodecError where no codec of this name ships.
    """
    stem, _ = split_level(name)
    if SHIPPED.fullmatch(stem) and file_at(name).is_file():
        return file_at(name)
    names = there()
    listed = instead(name, names) if names else "none ship"
    raise CodecError(f"codec {name!r} is unknown; {listed}, or name a .safetensors file")


def file_at(name: str) -> Path:
    """Where the file is that a codec's name or path names; there may be none, or another's."""
    stem, _ = split_level(name)
    return expanded(stem) if CODEC_FILE.search(name) else ZOO / f"{stem}.safetensors"


def split_level(name: str) -> tuple[str, int | None]:
    """NAME@LEVEL in two parts; the level is None where the name has none."""
    match = re.fullmatch("(.*)@([0-9]{1,2})", name, re.DOTALL)
    return (match[1], int(match[2])) if match else (name, None)
