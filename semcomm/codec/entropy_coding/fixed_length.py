"""Fixed-length coding: every index takes the same number of bits."""

import numpy as np

from semcomm.codec.entropy_coding.prefix_code import PrefixCode


class FixedLength(PrefixCode):
    """Symbols 0 to K - 1 as binary numbers of ceil(log2 K) bits, most significant bit first.

    This is a canonical prefix code, since codewords of one length count upwards; its codewords from
    K on are unused.

    Raises ValueError unless `alphabet`, K, is 1 to 65536.

    Example: with K = 5, symbols 4, 1 are the bits 100 001; the bits 101 are a sign of damage.
    """

    def __init__(self, alphabet: int) -> None:
        if not 1 <= alphabet <= 1 << 16:
            raise ValueError(
                f"the alphabet has {alphabet} symbols; a fixed-length code takes 1 to 65536"
            )
        width = (alphabet - 1).bit_length()
        super().__init__(np.full(1 << width, width, np.uint8), alphabet)
