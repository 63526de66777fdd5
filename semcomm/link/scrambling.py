"""The pseudo-random sequence of 3GPP TS 38.211, section 5.2.1."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SKIPPED = 1600
REGISTER = 31
STEP = 28
"""A bit depends on those 28 to 31 before it, so so many are computed at once."""


@lru_cache(maxsize=64)
def scrambling_sequence(length: int, seed: int = 1) -> NDArray[np.uint8]:
    """(length,) bits, each 0 and 1 equally often.

    seed: c_init, the initial state of the second register, below 2^31.
    """
    first, second = np.zeros((2, SKIPPED + length + REGISTER + STEP), np.uint8)
    first[0] = 1
    second[:REGISTER] = seed >> np.arange(REGISTER) & 1
    for n in range(0, SKIPPED + length, STEP):
        new, taps = slice(n + REGISTER, n + REGISTER + STEP), range(n, n + 4)
        parts = [slice(tap, tap + STEP) for tap in taps]
        first[new] = first[parts[3]] ^ first[parts[0]]
        second[new] = np.bitwise_xor.reduce([second[part] for part in parts])
    sequence: NDArray[np.uint8] = (first ^ second)[SKIPPED : SKIPPED + length]
    sequence.flags.writeable = False
    return sequence
