"""Indices to bits and back, without loss."""

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from semcomm.codec.entropy_coding.context import ContextCoder
from semcomm.codec.entropy_coding.context_model import ContextModel
from semcomm.codec.entropy_coding.fixed_length import FixedLength
from semcomm.codec.entropy_coding.huffman import Huffman
from semcomm.codec.entropy_coding.interface import EntropyCoder
from semcomm.errors import CodecError

# From a codec's tensors to the coder of a name; CodecError where the codec lacks what it needs.
# A transmission's preamble holds a coder's position in this dict, so new coders go to the end.
ENTROPY_CODERS: dict[str, Callable[[Mapping[str, NDArray[Any]]], EntropyCoder]] = {
    "fixed_length": lambda tensors: FixedLength(tensors["code_lengths"].size),
    "huffman": lambda tensors: Huffman(tensors["code_lengths"]),
    "context": lambda tensors: ContextCoder(ContextModel.of(tensors)),
}


def entropy_coder(name: str, tensors: Mapping[str, NDArray[Any]]) -> EntropyCoder:
    """The coder of this name for a codec's tensors.

    Raises CodecError where the name is unknown, or the codec lacks what the coder needs.
    """
    if name not in ENTROPY_CODERS:
        raise CodecError(
            f"entropy coder {name!r} is unknown; there are {', '.join(ENTROPY_CODERS)}"
        )
    return ENTROPY_CODERS[name](tensors)
