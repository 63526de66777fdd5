"""What a file holds, by its header, which is read without numpy or PyTorch."""

import json
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from semcomm.errors import CodecError

MAX_BYTES = 1 << 28

MAX_HEADER_BYTES = 1 << 20
"""Of the names and shapes of tensors, and the description."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    system: the kind of system that it is for; a classifier is for none.
    noun: what messages call it.
    makes: of images.
    """

    system: str
    noun: str
    makes: str


KINDS = {
    "semcomm codec": Kind("digital", "a codec", "bits"),
    "semcomm analogue codec": Kind("analogue", "an analogue codec", "symbols"),
    "semcomm esc codec": Kind("esc", "an ESC codec", "symbols of indices"),
    "semcomm classifier": Kind("classifier", "a classifier", "classes"),
}
"""By the `format` of a file's metadata."""


def kind_of(path: Path) -> Kind:
    """The kind of a file.

    Raises CodecError where `metadata_of` does, and for a file of another program.
    """
    form = metadata_of(path).get("format")
    if form not in KINDS:
        raise CodecError(
            f"{path} is a safetensors file, but of another program; train or copy it again"
        )
    return KINDS[form]


def metadata_of(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file, which begins with the header's length in eight bytes and
    the header in JSON.

    Raises CodecError when the file is missing, unreadable or too large, or has no such header.
    """
    try:
        status = path.stat()
        if S_ISDIR(status.st_mode):
            raise CodecError(f"{path} is a folder; name a .safetensors file")
        if not S_ISREG(status.st_mode):  # reading a pipe could wait for ever
            raise CodecError(f"{path} is no regular file; name a .safetensors file")
        if status.st_size > MAX_BYTES:
            raise CodecError(f"{path} is larger than {MAX_BYTES} bytes, so it is not a codec")
        return _metadata(path)
    except (FileNotFoundError, NotADirectoryError):
        raise CodecError(f"there is no file {path}; name another") from None
    except OSError as error:
        raise CodecError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, RecursionError) as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: Exception) -> CodecError:
    """The error about a file whose content is invalid."""
    return CodecError(f"{path} is damaged or of another program ({error}); train or copy it again")


def _metadata(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError(f"a header of {length} bytes; at most {MAX_HEADER_BYTES}")
        text = file.read(length)
    if len(prefix) < 8 or len(text) < length:
        raise ValueError("it ends before its header does")
    header: Any = json.loads(text)
    metadata = header.get("__metadata__", {})
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata is not text")
    return dict(metadata)
