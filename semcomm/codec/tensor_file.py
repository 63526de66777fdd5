"""Files of tensors and text: safetensors with a checksum; reading one runs no code from it.

A file's metadata: `format` and `version` say what it is; `about` is a JSON object; `sha256` covers
`about` and all tensors, so that any damage is detected.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.codec.header import KINDS, damaged, kind_of
from semcomm.errors import CodecError
from semcomm.files import write_atomically

Tensors = Mapping[str, NDArray[Any]]

Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""Shape and dtype of each tensor, by name."""


@dataclass(frozen=True)
class Description:
    """The part of a file that is text; dataclasses of pydantic add what it says."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


Described = TypeVar("Described", bound=Description)
Made = TypeVar("Made")


def write_tensors(
    path: Path,
    form: str,
    version: str,
    about: str,
    tensors: Tensors,
    further: Mapping[str, str] | None = None,
) -> None:
    """Write a file, whole or not at all.

    about: JSON; further: entries of the metadata that the checksum does not cover.
    """
    metadata = {
        "format": form,
        "version": version,
        "about": about,
        "sha256": digest_of(about, tensors).hex(),
    }
    write_atomically(path, save(dict(tensors), metadata | dict(further or {})))


def read_tensors(path: Path, form: str) -> tuple[Mapping[str, str], Tensors]:
    """The metadata and the tensors of a file of this format, not checked further.

    Raises CodecError when the file is missing, too large, or of another format.
    """
    kind, needed = kind_of(path), KINDS[form]
    if kind != needed:
        raise CodecError(
            f"{path} is {kind.noun}, which makes {kind.makes}; one that makes {needed.makes} is "
            "needed here"
        )
    try:
        with safe_open(path, framework="np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return file.metadata() or {}, tensors
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise damaged(path, error) from None


def intact_about(form: str, version: str, metadata: Mapping[str, str], tensors: Tensors) -> str:
    """The JSON text `about` of a file of this format.

    Raises CodecError where the version is another or the checksum is wrong; the message is to stand
    behind the file's path.
    """
    if metadata.get("version") != version:
        raise CodecError(
            f"is {KINDS[form].noun} of version {metadata.get('version')!r}; this semcomm reads "
            f"version {version}"
        )
    about = metadata.get("about", "")
    if metadata.get("sha256") != digest_of(about, tensors).hex():
        raise CodecError("is damaged: its SHA-256 is wrong")
    return about


def described(kind: type[Described], about: str) -> Described:
    """What the JSON text of a file says.

    Raises CodecError where the text is invalid.
    """
    try:
        made = TypeAdapter(kind).validate_json(about)
        made.to_json().encode()
        return made
    except ValidationError as error:
        raise CodecError(f"has an invalid description: {error.errors()[0]['msg']}") from None
    except (ValueError, RecursionError) as error:  # numbers and nesting that Python cannot write
        raise CodecError(f"has an invalid description: {error}") from None


def load_described(
    path: Path,
    form: str,
    version: str,
    kind: type[Described],
    make: Callable[[str, Described, Tensors], Made],
) -> Made:
    """What `make` makes of a file's name, its text, a dataclass `kind`, and its tensors.

    Raises CodecError when the file is missing, damaged, or of another format or version, and where
    `make` does.
    """
    metadata, tensors = read_tensors(path, form)
    try:
        about = described(kind, intact_about(form, version, metadata, tensors))
        return make(path.stem, about, tensors)
    except CodecError as error:
        raise CodecError(f"{path} {error}; train or copy it again") from None


def check_tensors(tensors: Tensors, expected: Shapes) -> None:
    """Raises CodecError unless the tensors are these, and finite."""
    shapes = {name: (tensor.shape, tensor.dtype.name) for name, tensor in tensors.items()}
    for name, (shape, dtype) in expected.items():
        if shapes.pop(name, None) != (shape, dtype):
            raise CodecError(f"has no tensor {name} of shape {shape} and type {dtype}")
    if shapes:
        raise CodecError(f"has unknown tensors: {', '.join(sorted(shapes))}")
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise CodecError(f"has values in {name} that are not finite")


def digest_of(about: str, tensors: Tensors) -> bytes:
    """SHA-256 of the JSON text, then of each tensor in the order of names: name, type, shape,
    little-endian bytes.
    """
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype.name} {tensor.shape}\n".encode())
        digest.update(np.ascontiguousarray(tensor.astype(tensor.dtype.newbyteorder("<"))).tobytes())
    return digest.digest()
