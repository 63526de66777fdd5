"""Finding codecs: those that ship with semcomm by name, others by the path of their file."""

from pathlib import Path

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec as load_file
from semcomm.codec.zoo_names import codec_names
from semcomm.errors import CodecError
from semcomm.folders import ZOO, expanded


def load_codec(name: str | Path) -> Codec:
    """A shipped codec by its name, or any by the path of its `.safetensors` file.

    Raises CodecError when there is none or it is damaged.
    """
    return load_file(expanded(name)) if str(name).endswith(".safetensors") else load_shipped(str(name))


def load_shipped(name: str) -> Codec:
    """A shipped codec; the name is never taken for a path, so that it may come from a stranger."""
    there = codec_names()
    if name not in there:
        raise CodecError(f"codec {name!r} is not known; there are {', '.join(there)}, or name a .safetensors file")
    return load_file(ZOO / f"{name}.safetensors")
