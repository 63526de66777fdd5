"""Indices to bits and back, without loss."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.fixed_length import FixedLength
from semcomm.codec.entropy_coding.huffman import Huffman
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.errors import CodecError

# What a codec holds, the code lengths (K,) uint8, to the coder that a scenario names.
# A transmission's preamble tells the coder by its place here, so new ones go to the end.
ENTROPY_CODERS: dict[str, Callable[[NDArray[np.uint8]], PrefixCode]] = {
    "fixed_length": lambda code_lengths: FixedLength(code_lengths.size),
    "huffman": Huffman,
}


def entropy_coder(name: str, code_lengths: NDArray[np.uint8]) -> PrefixCode:
    """The coder of this name for a codec's code lengths. Raises CodecError where there is none."""
    if name not in ENTROPY_CODERS:
        raise CodecError(f"entropy coder {name!r} is not known; there are {', '.join(ENTROPY_CODERS)}")
    return ENTROPY_CODERS[name](code_lengths)
