"""A codec as one safetensors file, of tensors and text; reading it runs no code from it.

The file's metadata: `format` is "semcomm codec"; `version` is "2"; `about` is a JSON object with
the geometry, the quantizer and the origin; `sha256` covers `about` and all tensors, so that any
damage is detected; `levels` is the number of codecs, in a file of several (levels.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.choices import QuantizerName
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.codec.entropy_coding.context_model import ContextModel, has_context
from semcomm.codec.levels import at_level, check_levels, level_geometry
from semcomm.codec.networks import Geometry
from semcomm.codec.shapes import codec_shapes
from semcomm.errors import CodecError, CodeTableError
from semcomm.files import write_atomically

FORMAT, VERSION = "semcomm codec", "2"
MAX_BYTES = 1 << 28

MAX_HEADER_BYTES = 1 << 20
"""Of the names and shapes of tensors, and the description."""

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class About:
    """The part of a codec that is text; `origin` says for people how the codec was made."""

    geometry: Geometry
    quantizer: QuantizerName
    origin: dict[str, Any]

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def codec_from(name: str, about: About, tensors: Tensors) -> Codec:
    """A codec, after checks of its parts.

    Raises CodecError when the tensors do not match the geometry or hold invalid values.
    """
    _check_shapes(about, tensors)
    _check_values(tensors)
    digest = _digest(about.to_json(), tensors)
    return Codec(name, about.geometry, about.quantizer, tensors, about.origin, digest)


def save_codec(codec: Codec, path: Path) -> None:
    """Write the codec's file, whole or not at all."""
    _write(About(codec.geometry, codec.quantizer, dict(codec.origin)), codec.tensors, {}, path)


def save_levels(about: About, tensors: Tensors, levels: int, path: Path) -> None:
    """Write the file of codecs that share their kernels, with tensors made by `stacked`."""
    _write(about, tensors, {"levels": str(levels)}, path)


def load_codec(path: Path, level: int | None = None) -> Codec:
    """Read a codec's file.

    level: which codec of a file with several levels; its name is NAME@LEVEL.
    Raises CodecError when the file is missing, damaged, of another version, or not a codec.
    """
    about, tensors, levels = read_levels(path)
    name = path.stem
    if levels is None and level is not None:
        raise CodecError(
            f"{path} holds one codec, without levels: name it {name}, not {name}@{level}"
        )
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
    return About(geometry, about.quantizer, origin), at_level(tensors, level)


def read_levels(path: Path) -> tuple[About, Tensors, int | None]:
    """The content of a file, and its number of levels; None for a file of one codec."""
    metadata, tensors = _read(path)
    try:
        about = _about(metadata, tensors)
        levels = int(metadata["levels"]) if "levels" in metadata else None
        if levels is not None:
            check_levels(tensors, levels, about.geometry)
        return about, tensors, levels
    except (CodecError, ValueError) as error:
        raise CodecError(f"{path} {error}; train or copy it again") from None


def _write(about: About, tensors: Tensors, further: dict[str, str], path: Path) -> None:
    text = about.to_json()
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "about": text,
        "sha256": _digest(text, tensors).hex(),
    }
    write_atomically(path, save(dict(tensors), metadata | further))


def _read(path: Path) -> tuple[Mapping[str, str], Tensors]:
    try:
        if path.is_dir():
            raise CodecError(f"{path} is a folder; a codec is a .safetensors file")
        if path.exists() and not path.is_file():  # reading a pipe could wait for ever
            raise CodecError(f"{path} is no regular file; a codec is a .safetensors file")
        if path.stat().st_size > MAX_BYTES:
            raise CodecError(f"{path} is larger than {MAX_BYTES} bytes, so it is not a codec")
        _check_header(path)
        with safe_open(path, framework="np") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise CodecError(f"there is no codec at {path}") from None
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise CodecError(
            f"{path} is damaged or not a codec ({error}); train or copy it again"
        ) from None


def _check_header(path: Path) -> None:
    """The header is text, whose cost is bounded before anything parses it."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"a header of {length} bytes; at most {MAX_HEADER_BYTES}")


def _about(metadata: Mapping[str, str], tensors: Tensors) -> About:
    if metadata.get("format") != FORMAT:
        raise CodecError("is a safetensors file, but not a codec")
    if metadata.get("version") != VERSION:
        raise CodecError(
            f"is a codec of version {metadata.get('version')!r}; this semcomm reads version "
            f"{VERSION}"
        )
    about = metadata.get("about", "")
    if metadata.get("sha256") != _digest(about, tensors).hex():
        raise CodecError("is damaged: its SHA-256 is wrong")
    try:
        made = TypeAdapter(About).validate_json(about)
        made.to_json().encode()
        return made
    except ValidationError as error:
        raise CodecError(f"has an invalid description: {error.errors()[0]['msg']}") from None
    except (ValueError, RecursionError) as error:  # numbers and nesting that Python cannot write
        raise CodecError(f"has an invalid description: {error}") from None


def _check_shapes(about: About, tensors: Tensors) -> None:
    shapes = {name: (tensor.shape, tensor.dtype.name) for name, tensor in tensors.items()}
    expected = codec_shapes(about.geometry, about.quantizer, tensors)
    for name, (shape, dtype) in expected.items():
        if shapes.pop(name, None) != (shape, dtype):
            raise CodecError(f"has no tensor {name} of shape {shape} and type {dtype}")
    if shapes:
        raise CodecError(f"has unknown tensors: {', '.join(sorted(shapes))}")


def _check_values(tensors: Tensors) -> None:
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise CodecError(f"has values in {name} that are not finite")
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


def _digest(about: str, tensors: Tensors) -> bytes:
    """SHA-256 of the JSON text, then of each tensor in the order of names: name, type, shape,
    little-endian bytes.
    """
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype.name} {tensor.shape}\n".encode())
        digest.update(np.ascontiguousarray(tensor.astype(tensor.dtype.newbyteorder("<"))).tobytes())
    return digest.digest()
