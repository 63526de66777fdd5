"""Which bit errors explain a wrong CRC."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.crc import flip_remainders

MAX_PATTERNS = 64
"""Where more patterns match, most do so by chance, and none is worth trying."""

MAX_PAIR_SEARCH_BITS = 1024
"""Bits of the longest frame in which two errors are searched for, which tries all pairs."""


def crc_error_patterns(
    remainders: NDArray[np.int64], lengths: NDArray[np.int64], width: int, flips: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The patterns of 1 or 2 flipped bits that leave the remainders of the frames that arrived.

    A CRC is linear: flipping a bit adds (exclusive or) a remainder that depends only on its
    distance from the frame's end, so that no frame has to be divided again.

    remainders: (F,) the CRC over each whole frame, not 0.
    lengths: (F,) the bits of each frame.
    width: bits of the CRC.
    flips: the number of flipped bits, 1 or 2.
    Returns the frame of each pattern, (patterns,), and its positions in that frame, (patterns,
    flips). A frame with more than `MAX_PATTERNS` patterns has none; for two flips, so has a frame
    with more than `MAX_PAIR_SEARCH_BITS` bits.
    """
    search = lengths if flips == 1 else np.where(lengths <= MAX_PAIR_SEARCH_BITS, lengths, 0)
    distances = np.empty((lengths.size, MAX_PATTERNS, 2), np.int64)
    flip = flip_remainders(int(search.max(initial=0)), width)
    counts = (_single if flips == 1 else _pairs)(remainders, search, flip, distances)
    counts[counts > MAX_PATTERNS] = 0
    frames = np.repeat(np.arange(lengths.size), counts)
    used = np.arange(MAX_PATTERNS) < counts[:, None]
    return frames, lengths[frames][:, None] - 1 - distances[used][:, :flips]


@compiled
def _single(
    remainders: NDArray[np.int64],
    lengths: NDArray[np.int64],
    flip: NDArray[np.int64],
    distances: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Write the distances from the frame's end, up to the width of `distances`; returns the number
    of patterns of each frame.
    """
    counts = np.zeros(lengths.size, np.int64)
    for frame in range(lengths.size):
        for one in range(lengths[frame]):
            if flip[one] == remainders[frame]:
                if counts[frame] < distances.shape[1]:
                    distances[frame, counts[frame], 0] = one
                counts[frame] += 1
    return counts


@compiled
def _pairs(
    remainders: NDArray[np.int64],
    lengths: NDArray[np.int64],
    flip: NDArray[np.int64],
    distances: NDArray[np.int64],
) -> NDArray[np.int64]:
    """As `_single`, for two flips.

    Counting matches first is several times as fast as testing each pair for whether to write it.
    """
    counts = np.zeros(lengths.size, np.int64)
    for frame in range(lengths.size):
        for one in range(lengths[frame]):
            rest = remainders[frame] ^ flip[one]
            hits = 0
            for other in range(one):
                hits += flip[other] == rest
            if hits == 0:
                continue
            for other in range(one):
                if flip[other] == rest:
                    if counts[frame] < distances.shape[1]:
                        distances[frame, counts[frame], 0] = one
                        distances[frame, counts[frame], 1] = other
                    counts[frame] += 1
    return counts
