"""Indices to bits and back, without loss."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.fixed_length import FixedLength
from semcomm.codec.entropy_coding.huffman import Huffman
from semcomm.codec.entropy_coding.prefix_code import PrefixCode

# What a codec holds, the code lengths (K,) uint8, to the coder that a scenario names.
ENTROPY_CODERS: dict[str, Callable[[NDArray[np.uint8]], PrefixCode]] = {
    "huffman": Huffman,
    "fixed_length": lambda code_lengths: FixedLength(code_lengths.size),
}
