"""An analogue codec as one file of tensors and text (codec/tensor_file.py).

The file's metadata: `format` is "semcomm analogue codec"; `version` is "1"; `about` is a JSON
object with the network, the points, `knows_noise` and the origin.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import Discriminator
from pydantic.dataclasses import dataclass

from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.analogue.networks import AnalogueAutoencoder, Network
from semcomm.codec.tensor_file import (
    Description,
    Tensors,
    check_tensors,
    digest_of,
    load_described,
    write_tensors,
)
from semcomm.codec.weights import weight_shapes
from semcomm.errors import CodecError

FORMAT, VERSION = "semcomm analogue codec", "1"

Points = Annotated[tuple[Annotated[float, Ge(-30.0), Le(60.0)], ...], MinLen(1), MaxLen(64)]
"""Es/N0 in dB, ascending."""


@dataclass(frozen=True)
class AnalogueAbout(Description):
    """The part of an analogue codec that is text; `origin` says how the codec was made."""

    network: Annotated[Network, Discriminator("model")]
    points: Points
    knows_noise: bool
    origin: dict[str, Any]


def analogue_from(name: str, about: AnalogueAbout, tensors: Tensors) -> AnalogueCodec:
    """A codec, after checks of its parts.

    Raises CodecError when the tensors do not match the network or hold invalid values.
    """
    if any(first >= second for first, second in pairwise(about.points)):
        raise CodecError(f"has points {list(about.points)}, which do not ascend")
    check_tensors(tensors, weight_shapes(AnalogueAutoencoder, about.network, about.points))
    digest = digest_of(about.to_json(), tensors)
    return AnalogueCodec(
        name, about.network, about.points, about.knows_noise, tensors, about.origin, digest
    )


def save_analogue(codec: AnalogueCodec, path: Path) -> None:
    """Write the codec's file, whole or not at all."""
    about = AnalogueAbout(codec.network, codec.points, codec.knows_noise, dict(codec.origin))
    write_tensors(path, FORMAT, VERSION, about.to_json(), codec.tensors)


def load_analogue(path: Path) -> AnalogueCodec:
    """Read an analogue codec's file.

    Raises CodecError when the file is missing, damaged, of another version, or none.
    """
    return load_described(path, FORMAT, VERSION, AnalogueAbout, analogue_from)
