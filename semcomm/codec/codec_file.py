"""A codec as one file of tensors and text (tensor_file.py).

The file's metadata: `format` is "semcomm codec"; `version` is "2"; `about` is a JSON object with
the geometry, the quantizer, the origin and, where it is not rgb8, the modality; `levels` is the
number of codecs, in a file of several (levels.py).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass

from semcomm.choices import ModalityName, QuantizerName
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.codec.entropy_coding.context_model import ContextModel, has_context
from semcomm.codec.levels import at_level, check_levels, level_geometry
from semcomm.codec.networks import Geometry
from semcomm.codec.shapes import codec_shapes
from semcomm.codec.tensor_file import (
    Description,
    Tensors,
    check_tensors,
    described,
    digest_of,
    intact_about,
    read_tensors,
    write_tensors,
)
from semcomm.errors import CodecError, CodeTableError
from semcomm.files import check_writable

FORMAT, VERSION = "semcomm codec", "2"


@dataclass(frozen=True)
class About(Description):
    """The part of a codec that is text; `origin` says for people how the codec was made."""

    geometry: Geometry
    quantizer: QuantizerName
    origin: dict[str, Any]
    modality: ModalityName = "rgb8"

    def to_json(self) -> str:
        """Without the modality rgb8, as in files of before there were others."""
        entries = asdict(self)
        if self.modality == "rgb8":
            del entries["modality"]
        return json.dumps(entries, sort_keys=True)


def codec_from(name: str, about: About, tensors: Tensors) -> Codec:
    """A codec, after checks of its parts.

    Raises CodecError when the tensors do not match the geometry or hold invalid values.
    """
    check_tensors(tensors, codec_shapes(about.geometry, about.quantizer, tensors, about.modality))
    _check_values(tensors)
    digest = digest_of(about.to_json(), tensors)
    parts = about.geometry, about.quantizer, tensors, about.origin
    return Codec(name, *parts, digest, about.modality)


def save_codec(codec: Codec, path: Path) -> None:
    """Write the codec's file, whole or not at all."""
    about = About(codec.geometry, codec.quantizer, dict(codec.origin), codec.modality)
    _write(about, codec.tensors, {}, path)


def save_levels(about: About, tensors: Tensors, levels: int, path: Path) -> None:
    """Write the file of codecs that share their kernels, with tensors made by `stacked`."""
    _write(about, tensors, {"levels": str(levels)}, path)


def check_replaceable(path: Path, origin: Mapping[str, Any]) -> None:
    """Raises CodecError for a file that another command than the origin's made, and OSError where
    none can be written, before work that takes minutes.
    """
    check_writable(path.parent)
    if path.exists() and _command(path) != origin.get("command"):
        raise CodecError(f"{path} is there already: take another --name or --out, or remove it")


def load_codec(path: Path, level: int | None = None) -> Codec:
    """Read a codec's file.

    level: which codec of a file with several levels; its name is NAME@LEVEL.
    Raises CodecError when the file is missing, damaged, of another version, or not a codec.
    """
    about, tensors, levels = read_levels(path)
    name = path.stem
    if levels is None and level is not None:
        raise CodecError(f"{path} holds one codec, without levels: omit @{level}")
    if levels is not None:
        if level is None or not 0 <= level < levels:
            raise CodecError(
                f"{path} holds {levels} codecs, from few bits to many: name one of {name}@0 to "
                f"{name}@{levels - 1}"
            )
        name = f"{name}@{level}"
    try:
        if level is not None:
            about, tensors = of_level(about, tensors, level)
        return codec_from(name, about, tensors)
    except CodecError as error:
        raise CodecError(f"{path} {error}; train or copy it again") from None


def of_level(about: About, tensors: Tensors, level: int) -> tuple[About, Tensors]:
    """The content of the file that a level would have by itself.

    tensors: those of a file with levels, which `check_levels` accepts.
    """
    geometry = level_geometry(about.geometry, tensors, level)
    origin = {**about.origin, "level": level}
    return replace(about, geometry=geometry, origin=origin), at_level(tensors, level)


def read_levels(path: Path) -> tuple[About, Tensors, int | None]:
    """The content of a file, and its number of levels; None for a file of one codec."""
    metadata, tensors = read_tensors(path, FORMAT)
    try:
        about = described(About, intact_about(FORMAT, VERSION, metadata, tensors))
        levels = int(metadata["levels"]) if "levels" in metadata else None
        if levels is not None:
            check_levels(tensors, levels, about.geometry)
        return about, tensors, levels
    except (CodecError, ValueError) as error:
        raise CodecError(f"{path} {error}; train or copy it again") from None


def _write(about: About, tensors: Tensors, further: dict[str, str], path: Path) -> None:
    write_tensors(path, FORMAT, VERSION, about.to_json(), tensors, further)


def _command(path: Path) -> Any:
    """What made a codec's file; None for a file that is none."""
    try:
        return read_levels(path)[0].origin.get("command")
    except CodecError:
        return None


def _check_values(tensors: Tensors) -> None:
    probabilities = tensors["probabilities"]
    if probabilities.min() < 0 or abs(probabilities.sum() - 1) > 1e-6:
        raise CodecError(
            f"has probabilities that are at least {probabilities.min()} and add up to "
            f"{probabilities.sum()}"
        )
    try:
        canonical_codes(tensors["code_lengths"])
    except CodeTableError as error:
        raise CodecError(f"has an invalid code table: {error}") from None
    if has_context(tensors):
        ContextModel.of(tensors)
