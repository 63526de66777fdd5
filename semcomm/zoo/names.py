"""Names, figures and kinds of codecs, read without loading PyTorch."""

import csv
import json
import re
from pathlib import Path
from typing import Any

from semcomm.choices import ModalityName
from semcomm.errors import CodecError
from semcomm.folders import ZOO, expanded

CODEC_FILE = re.compile(r"\.safetensors(@[0-9]{1,2})?$")
"""The end of a codec's path, with a level where the file has several."""

FIGURES: dict[ModalityName, Path] = {"rgb8": ZOO / "figures.csv", "csi": ZOO / "csi-figures.csv"}
"""Rate and quality of the codecs that ship, as tools/measure_zoo.py measures them, by modality."""

MAX_HEADER_BYTES = 1 << 20
"""As in codec/tensor_file.py, which imports numpy."""

SYSTEMS = {
    "semcomm codec": "digital",
    "semcomm analogue codec": "analogue",
    "semcomm esc codec": "esc",
    "semcomm classifier": "classifier",
}
"""From the `format` of a file's metadata to the kind of system that it is for; a classifier is for
none."""


def codec_names(system: str = "digital", modality: ModalityName | None = None) -> list[str]:
    """The trained codecs that ship with semcomm; levels of one file as NAME@0 and so on.

    system: the kind that they are for, a value of `SYSTEMS`.
    modality: what their samples are; None for any.
    """
    names = []
    for path in sorted(ZOO.glob("*.safetensors"), key=lambda path: path.stem):
        metadata = metadata_of(path)
        if SYSTEMS.get(metadata.get("format", "")) != system:
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


def system_of(name: str) -> str:
    """The kind of system that a codec is for, by its name or the path of its file.

    Where there is no such file it is "digital", and loading it says what is wrong.
    """
    file = codec_file(name)
    return codec_system(file) if file else "digital"


def codec_file(name: str) -> Path | None:
    """The file of a codec, by its name or path; None where there is none."""
    stem = re.sub(r"@[0-9]{1,2}$", "", name)
    file = expanded(stem) if CODEC_FILE.search(name) else ZOO / f"{stem}.safetensors"
    try:
        return file if file.is_file() else None
    except (OSError, ValueError):  # no file has such a name
        return None


def codec_system(path: Path) -> str:
    """The kind of system that a codec's file is for: a value of `SYSTEMS`.

    Only the header is read. Raises CodecError when the file is missing or not a codec.
    """
    form = metadata_of(path).get("format")
    if form not in SYSTEMS:
        raise CodecError(f"{path} is a safetensors file, but not a codec; train or copy it again")
    return SYSTEMS[form]


def metadata_of(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, which begins with the header's length in eight bytes and
    the header in JSON.

    Raises CodecError when the file is missing or has no such header.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER_BYTES:
                raise ValueError(f"a header of {length} bytes is too long")
            header: Any = json.loads(file.read(length))
        metadata = header.get("__metadata__", {})
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("its metadata is not text")
    except FileNotFoundError:
        raise CodecError(f"there is no codec at {path}") from None
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise CodecError(f"{path} is not a codec ({error}); train or copy it again") from None
    return dict(metadata)
