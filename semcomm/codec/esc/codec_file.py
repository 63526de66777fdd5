"""An ESC codec as one file of tensors and text (codec/tensor_file.py).

The file's metadata: `format` is "semcomm esc codec"; `version` is "1"; `about` is a JSON object
with the geometry, the number of codebooks and the origin.
"""

from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from semcomm.codec.esc.codec import EscCodec
from semcomm.codec.networks import Geometry, semantic_networks
from semcomm.codec.tensor_file import (
    Description,
    Shapes,
    Tensors,
    check_tensors,
    digest_of,
    load_described,
    write_tensors,
)
from semcomm.codec.weights import weight_shapes
from semcomm.errors import CodecError

FORMAT, VERSION = "semcomm esc codec", "1"

CROSSOVERS = 1e-9, 0.499
"""The range of what a file may hold."""


@dataclass(frozen=True)
class EscAbout(Description):
    """The part of an ESC codec that is text; `origin` says how the codec was made."""

    geometry: Geometry
    codebooks: Annotated[int, Ge(1), Le(16)]
    origin: dict[str, Any]


def esc_from(name: str, about: EscAbout, tensors: Tensors) -> EscCodec:
    """A codec, after checks of its parts.

    Raises CodecError when the tensors do not match the geometry or hold invalid values.
    """
    check_codewords(about.geometry)
    check_tensors(tensors, _shapes(about.geometry, about.codebooks))
    crossovers, (low, high) = tensors["crossovers"], CROSSOVERS
    if crossovers.min() < low or crossovers.max() > high:
        raise CodecError(
            f"has crossovers from {crossovers.min():g} to {crossovers.max():g}; they are from "
            f"{low:g} to {high:g}"
        )
    if tensors["distortions"].min() < 0:
        raise CodecError(f"has a distortion of {tensors['distortions'].min():g}, below 0")
    digest = digest_of(about.to_json(), tensors)
    return EscCodec(name, about.geometry, tensors, about.origin, digest)


def check_codewords(geometry: Geometry) -> None:
    """Raises CodecError unless all indices of some bits are codewords."""
    codewords = geometry.codewords
    if codewords < 2 or codewords & (codewords - 1):
        raise CodecError(
            f"has geometry.codewords {codewords}; indices whose bits flip take a power of two, at "
            "least 2"
        )


def save_esc(codec: EscCodec, path: Path) -> None:
    """Write the codec's file, whole or not at all."""
    about = EscAbout(codec.geometry, len(codec.crossovers), dict(codec.origin))
    write_tensors(path, FORMAT, VERSION, about.to_json(), codec.tensors)


def load_esc(path: Path) -> EscCodec:
    """Read an ESC codec's file.

    Raises CodecError when the file is missing, damaged, of another version, or none.
    """
    return load_described(path, FORMAT, VERSION, EscAbout, esc_from)


def _shapes(geometry: Geometry, codebooks: int) -> Shapes:
    bits = geometry.codewords.bit_length() - 1
    return {
        **weight_shapes(semantic_networks, geometry),
        "codebooks": ((codebooks, geometry.codewords, geometry.dimension), "float32"),
        "crossovers": ((codebooks, bits), "float64"),
        "distortions": ((codebooks,), "float64"),
    }
