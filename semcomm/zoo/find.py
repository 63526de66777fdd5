"""Loading codecs: shipped ones by name, others by the path of their file."""

import re
from collections.abc import Callable
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import TypeVar

from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.analogue.codec_file import load_analogue as load_analogue_file
from semcomm.codec.classifier.classifier import Classifier
from semcomm.codec.classifier.classifier_file import load_classifier as load_classifier_file
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec as load_file
from semcomm.codec.codec_file import read_levels
from semcomm.codec.esc.codec import EscCodec
from semcomm.codec.esc.codec_file import load_esc as load_esc_file
from semcomm.errors import CodecError
from semcomm.zoo.names import codec_file, codec_names, file_at, shipped_file, split_level

Loaded = TypeVar("Loaded")


def _until_changed(load: Callable[[str], Loaded]) -> Callable[[str], Loaded]:
    """The same function, which loads a file again only where the file has changed."""

    @lru_cache(maxsize=64)
    def loaded(name: str, path: Path, changed: int) -> Loaded:
        return load(name)

    @wraps(load)
    def load_once(name: str) -> Loaded:
        path = file_at(name)
        try:
            changed = path.stat().st_mtime_ns
        except (OSError, ValueError):  # loading it says what is wrong
            changed = 0
        return loaded(name, path, changed)

    return load_once


def load_codec(name: str | Path) -> Codec:
    """A shipped codec by its name, or any by the path of its `.safetensors` file.

    Either may end in @LEVEL, which names a level of a file with several.
    Raises CodecError when there is no such codec or it is damaged.
    """
    path, _ = codec_file(str(name))
    return load_file(path, split_level(str(name))[1])


@_until_changed
def load_codecs(name: str) -> tuple[Codec, ...]:
    """The codec that `load_codec` loads; of a file with several, without @LEVEL, all its levels."""
    path, _ = codec_file(name)
    return _all_levels(path, split_level(name)[1])


def load_shipped(name: str) -> tuple[Codec, ...]:
    """The same of shipped codecs. The name, which may be untrusted, is never used as a path."""
    return _all_levels(shipped_file(name), split_level(name)[1])


def _all_levels(path: Path, level: int | None) -> tuple[Codec, ...]:
    levels = read_levels(path)[2]
    if level is None and levels is not None:
        return tuple(load_file(path, number) for number in range(levels))
    return (load_file(path, level),)


@_until_changed
def load_analogue(name: str) -> AnalogueCodec:
    """An analogue codec, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such codec or it is damaged.
    """
    path, _ = codec_file(name, partial(codec_names, "analogue"))
    return load_analogue_file(path)


@_until_changed
def load_esc(name: str) -> EscCodec:
    """An ESC codec, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such codec or it is damaged.
    """
    path, _ = codec_file(name, partial(codec_names, "esc"))
    return load_esc_file(path)


@_until_changed
def load_classifier(name: str) -> Classifier:
    """A classifier, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such classifier or it is damaged.
    """
    path, _ = codec_file(name, partial(codec_names, "classifier"))
    return load_classifier_file(path)


def load_any(name: str) -> Codec | AnalogueCodec | EscCodec | Classifier:
    """What `load_codec` or another of these functions loads, by the kind of the file."""
    loaders: dict[str, Callable[[str], Codec | AnalogueCodec | EscCodec | Classifier]] = {
        "digital": load_codec,
        "analogue": load_analogue,
        "esc": load_esc,
        "classifier": load_classifier,
    }
    _, kind = codec_file(name)
    return loaders[kind.system](name)


def codec_path(name: str) -> Path:
    """The file of a shipped codec, or the path itself.

    Raises CodecError when no such codec ships, or when a level is named: it has no file of its own.
    """
    (path, _), (stem, level) = codec_file(name), split_level(name)
    if level is not None:
        raise CodecError(f"{name} is one level of a file; name the whole file: {stem}")
    return path


def levels_of(name: str) -> tuple[Path, range | None]:
    """The file that CODEC@FIRST-LAST or CODEC@LEVEL names and these levels; without, None for all.

    Raises CodecError when no such codec ships.
    """
    match = re.fullmatch("(.*)@([0-9]{1,2})(?:-([0-9]{1,2}))?", name, re.DOTALL)
    if match is None:
        return codec_path(name), None
    return codec_path(match[1]), range(int(match[2]), int(match[3] or match[2]) + 1)
