"""Huffman coding."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.prefix_code import PrefixCode


class Huffman(PrefixCode):
    """The canonical prefix code of K symbols with the given code lengths.

    code_lengths: (K,) uint8, as `optimal_code_lengths` returns them.
    Raises CodeTableError when they do not form a complete prefix code.
    """

    def __init__(self, code_lengths: NDArray[np.uint8]) -> None:
        super().__init__(code_lengths, alphabet=code_lengths.size)
