"""Finding codecs: those that ship with semcomm by name, others by the path of their file."""

import re
from pathlib import Path

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec as load_file
from semcomm.errors import CodecError
from semcomm.folders import ZOO, expanded
from semcomm.zoo.names import CODEC_FILE, codec_names


def load_codec(name: str | Path) -> Codec:
    """A shipped codec by its name, or any by the path of its `.safetensors` file; a level by @LEVEL
    behind either.

    Raises CodecError when there is none or it is damaged.
    """
    if not CODEC_FILE.search(str(name)):
        return load_shipped(str(name))
    path, level = split_level(str(name))
    return load_file(expanded(path), level)


def load_shipped(name: str) -> Codec:
    """A shipped codec; the name is never taken for a path, so that it may come from a stranger."""
    stem, level = split_level(name)
    return load_file(_shipped(stem), level)


def codec_path(name: str) -> Path:
    """The file of a shipped codec, or the path itself.

    Raises CodecError when no such codec ships, or where a level is named, which has no file of its
    own.
    """
    stem, level = split_level(name)
    if level is not None:
        raise CodecError(f"{name} is one level of a file, which is made as a whole: say {stem}")
    return expanded(name) if name.endswith(".safetensors") else _shipped(name)


def _shipped(stem: str) -> Path:
    there = codec_names()
    if stem not in {split_level(name)[0] for name in there}:
        raise CodecError(
            f"codec {stem!r} is unknown; there are {', '.join(there)}, or name a .safetensors file"
        )
    return ZOO / f"{stem}.safetensors"


def split_level(name: str) -> tuple[str, int | None]:
    """NAME@LEVEL in two; None where no level is named."""
    found = re.fullmatch("(.*)@([0-9]{1,2})", name, re.DOTALL)
    return (found[1], int(found[2])) if found else (name, None)
