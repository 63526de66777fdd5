"""Bit errors, frame errors and channel uses of frames that were sent over any channel."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.frames import Counts, Frames, Reception


def channel_counts(sent: Frames, reception: Reception) -> Counts:
    """The channel's own counts; for a channel that counts nothing, one channel use per bit."""
    return reception.counts or counts_of(sent, reception.frames, sent.lengths)


def counts_of(sent: Frames, arrived: Frames, channel_uses: NDArray[np.int64]) -> Counts:
    """Counts of frames that are sent once; bits that did not arrive count as 0."""
    once = np.ones_like(sent.lengths)
    return Counts(
        channel_uses=channel_uses,
        channel_bits=sent.lengths,
        bit_errors=bit_errors(sent, arrived),
        transmissions=once,
        feedback_bits=np.zeros_like(once),
        initial_errors=frame_errors(sent, arrived).astype(np.int64),
    )


def frame_errors(sent: Frames, arrived: Frames) -> NDArray[np.bool_]:
    """(F,) which frames differ from those sent, in length or in a bit."""
    differs: NDArray[np.bool_] = (sent.lengths != arrived.lengths) | (bit_errors(sent, arrived) > 0)
    return differs


def bit_errors(sent: Frames, arrived: Frames) -> NDArray[np.int64]:
    """(F,) wrong bits of each frame. Missing bits at its end count as 0, surplus ones do not
    count.
    """
    return _bit_errors(sent.bits, sent.lengths, arrived.bits, arrived.lengths)


@compiled
def _bit_errors(
    sent: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    arrived: NDArray[np.uint8],
    arrived_lengths: NDArray[np.int64],
) -> NDArray[np.int64]:
    errors = np.zeros(lengths.size, np.int64)
    start = arrived_start = 0
    for frame in range(lengths.size):
        ours = sent[start : start + lengths[frame]]
        theirs = arrived[arrived_start : arrived_start + arrived_lengths[frame]]
        common, wrong_bits = min(ours.size, theirs.size), 0
        for position in range(common):
            wrong_bits += ours[position] ^ theirs[position]
        for position in range(common, ours.size):
            wrong_bits += ours[position]
        errors[frame] = wrong_bits
        start += ours.size
        arrived_start += theirs.size
    return errors
