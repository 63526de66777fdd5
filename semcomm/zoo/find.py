"""Loading codecs: shipped ones by name, others by the path of their file."""

import re
from pathlib import Path

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
from semcomm.folders import ZOO, expanded
from semcomm.nearest import instead
from semcomm.zoo.names import CODEC_FILE, codec_names, system_of
from semcomm.zoo.retired import RETIRED


def load_codec(name: str | Path) -> Codec:
    """A shipped codec by its name, or any by the path of its `.safetensors` file.

    Either may end in @LEVEL, which names a level of a file with several.
    Raises CodecError when there is no such codec or it is damaged.
    """
    stem, level = split_level(str(name))
    path = expanded(stem) if CODEC_FILE.search(str(name)) else _shipped(stem)
    return load_file(path, level)


def load_codecs(name: str | Path) -> tuple[Codec, ...]:
    """The codec that `load_codec` loads; of a file with several, without @LEVEL, all its levels."""
    stem, level = split_level(str(name))
    path = expanded(stem) if CODEC_FILE.search(str(name)) else _shipped(stem)
    return _all_levels(path, level)


def load_shipped(name: str) -> tuple[Codec, ...]:
    """The same of shipped codecs. The name, which may be untrusted, is never used as a path."""
    stem, level = split_level(name)
    return _all_levels(_shipped(stem), level)


def _all_levels(path: Path, level: int | None) -> tuple[Codec, ...]:
    levels = read_levels(path)[2]
    if level is None and levels is not None:
        return tuple(load_file(path, number) for number in range(levels))
    return (load_file(path, level),)


def load_analogue(name: str | Path) -> AnalogueCodec:
    """An analogue codec, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such codec or it is damaged.
    """
    is_file = CODEC_FILE.search(str(name))
    return load_analogue_file(expanded(str(name)) if is_file else _shipped(str(name), "analogue"))


def load_esc(name: str | Path) -> EscCodec:
    """An ESC codec, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such codec or it is damaged.
    """
    is_file = CODEC_FILE.search(str(name))
    return load_esc_file(expanded(str(name)) if is_file else _shipped(str(name), "esc"))


def load_classifier(name: str) -> Classifier:
    """A classifier, a shipped one by its name or any by the path of its file.

    Raises CodecError when there is no such classifier or it is damaged.
    """
    is_file = CODEC_FILE.search(name)
    return load_classifier_file(expanded(name) if is_file else _shipped(name, "classifier"))


def load_any(name: str) -> Codec | AnalogueCodec | EscCodec | Classifier:
    """What `load_codec` or another of these functions loads, by the kind of the file."""
    try:
        system = system_of(name)
    except CodecError:  # loading it says more
        system = "digital"
    if system == "classifier":
        return load_classifier(name)
    if system == "esc":
        return load_esc(name)
    return load_analogue(name) if system == "analogue" else load_codec(name)


def changed_at(name: str) -> int:
    """When the file of a codec that is named by its path was changed, in ns; 0 for no file."""
    try:
        return Path(split_level(name)[0]).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def codec_path(name: str) -> Path:
    """The file of a shipped codec, or the path itself.

    Raises CodecError when no such codec ships, or when a level is named: it has no file of its own.
    """
    stem, level = split_level(name)
    if level is not None:
        raise CodecError(f"{name} is one level of a file; name the whole file: {stem}")
    return expanded(name) if name.endswith(".safetensors") else _shipped(name)


def levels_of(name: str) -> tuple[Path, range | None]:
    """The file that CODEC@FIRST-LAST or CODEC@LEVEL names and these levels; without, None for all.

    Raises CodecError when no such codec ships.
    """
    match = re.fullmatch("(.*)@([0-9]{1,2})(?:-([0-9]{1,2}))?", name, re.DOTALL)
    if match is None:
        return codec_path(name), None
    return codec_path(match[1]), range(int(match[2]), int(match[3] or match[2]) + 1)


def split_level(name: str) -> tuple[str, int | None]:
    """NAME@LEVEL in two parts; the level is None where the name has none."""
    match = re.fullmatch("(.*)@([0-9]{1,2})", name, re.DOTALL)
    return (match[1], int(match[2])) if match else (name, None)


def _shipped(stem: str, system: str = "digital") -> Path:
    names = codec_names(system)
    if stem in {split_level(name)[0] for name in names}:
        return ZOO / f"{stem}.safetensors"
    if stem in RETIRED:
        raise CodecError(f"codec {stem!r} no longer ships; in a checkout it is {RETIRED[stem]}")
    noun = "classifier" if system == "classifier" else "codec"
    there = instead(stem, names) if names else "none ship"
    raise CodecError(f"{noun} {stem!r} is unknown; {there}, or name a .safetensors file")
