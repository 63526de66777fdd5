"""Files that carry the SHA-256 of their content, so that a damaged one is never read as whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from semcomm.errors import RunError
from semcomm.files import write_atomically

DIGEST = "sha256"


class DamagedFileError(RunError):
    """The content of a file and its digest differ, or it is none of these files."""


def save_arrays(
    path: Path, texts: Mapping[str, str], arrays: Mapping[str, NDArray[Any]], durable: bool = True
) -> None:
    """Write a safetensors file of arrays, and of texts in its metadata, whole or not at all."""
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content = save(arrays, {**texts, DIGEST: _arrays_digest(texts, arrays)})
    write_atomically(path, content, durable)


def load_arrays(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Undo `save_arrays`. Raises OSError, or DamagedFileError with the reason."""
    try:
        with safe_open(path, framework="np") as file:
            texts = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise DamagedFileError(str(error)) from error
    if texts.pop(DIGEST, None) != _arrays_digest(texts, arrays):
        raise DamagedFileError("its content and its SHA-256 differ")
    return texts, arrays


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping that JSON can hold, whole or not at all."""
    checked = {DIGEST: _json_digest(content), **content}
    write_atomically(path, json.dumps(checked, indent=1).encode())


def read_json(path: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Undo `write_json`. Raises OSError, or DamagedFileError with the reason.

    kinds: of the values that are needed, by their names.
    """
    content = read_plain_json(path, {})
    if content.pop(DIGEST, None) != _json_digest(content):
        raise DamagedFileError("its content and its SHA-256 differ")
    require_kinds(content, kinds)
    return content


def read_plain_json(path: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    """As `read_json`, of a mapping without a digest."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(str(error)) from error
    require_kinds(content, kinds)
    return dict(content)


def require_kinds(content: Any, kinds: Mapping[str, type]) -> None:
    """Raises DamagedFileError unless it is a mapping in which each name has a value of its kind."""
    if not isinstance(content, dict):
        raise DamagedFileError(f"it holds a {type(content).__name__}, not a mapping")
    for name, kind in kinds.items():
        if not isinstance(content.get(name), kind):
            raise DamagedFileError(f"it has no {name} of the type {kind.__name__}")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, DIGEST).hexdigest()


def _arrays_digest(texts: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over all texts and arrays with their names, dtypes and shapes."""
    digest = hashlib.sha256(json.dumps(dict(texts), sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _json_digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
