"""Which flipped bits explain a CRC that does not fit."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.crc import flip_remainders

MOST_EXPLANATIONS = 64
"""Where more fit by chance, none is worth trying."""

LONGEST_WITH_PAIRS = 1024
"""Bits of a frame in which two flips are looked for: a search over all pairs."""


def explanations(
    remainders: NDArray[np.int64], lengths: NDArray[np.int64], width: int, flips: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The sets of so many flipped bits, 1 or 2, that leave the remainders with which frames
    arrived.

    A CRC is linear: flipping a bit adds, exclusive-or, a remainder that depends on its distance
    from the frame's end alone, so that no frame has to be divided again.

    remainders, lengths: (F,) CRC over each whole frame, not 0, and the frame's bits; width: of the
        CRC.
    Returns the frame of each set, (sets,), and the flipped places in it, (sets, flips). A frame
    with more sets than 64 has none, and for two flips one with more bits than 1024.
    """
    search = lengths if flips == 1 else np.where(lengths <= LONGEST_WITH_PAIRS, lengths, 0)
    distances = np.empty((lengths.size, MOST_EXPLANATIONS, 2), np.int64)
    flip = flip_remainders(int(search.max(initial=0)), width)
    found = (_single if flips == 1 else _pairs)(remainders, search, flip, distances)
    found[found > MOST_EXPLANATIONS] = 0
    frames = np.repeat(np.arange(lengths.size), found)
    kept = np.arange(MOST_EXPLANATIONS) < found[:, None]
    return frames, lengths[frames][:, None] - 1 - distances[kept][:, :flips]


@compiled
def _single(
    remainders: NDArray[np.int64],
    lengths: NDArray[np.int64],
    flip: NDArray[np.int64],
    distances: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Fills `distances` from the end as far as it goes; returns how many sets each frame has."""
    found = np.zeros(lengths.size, np.int64)
    for frame in range(lengths.size):
        for one in range(lengths[frame]):
            if flip[one] == remainders[frame]:
                if found[frame] < distances.shape[1]:
                    distances[frame, found[frame], 0] = one
                found[frame] += 1
    return found


@compiled
def _pairs(
    remainders: NDArray[np.int64],
    lengths: NDArray[np.int64],
    flip: NDArray[np.int64],
    distances: NDArray[np.int64],
) -> NDArray[np.int64]:
    """As `_single`, for two flips. Counting alone is several times as fast as asking each time
    whether to write.
    """
    found = np.zeros(lengths.size, np.int64)
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
                    if found[frame] < distances.shape[1]:
                        distances[frame, found[frame], 0] = one
                        distances[frame, found[frame], 1] = other
                    found[frame] += 1
    return found
