"""What a receiver knows of each bit, and what carrying it took, whichever channel it was."""

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled
from semcomm.frames import Counts, Frames, Reception

Llrs = NDArray[np.float32]


def soft_bits(sent: Frames, reception: Reception, hard_llr: float = 1.0) -> Llrs:
    """ln P(0) / P(1) of every bit that was sent, (sum(sent.lengths),).

    Of a frame that arrived with more or fewer bits nobody can tell which is which: it counts as
    lost, all 0.

    hard_llr: what bits count of a channel that says no more of them.
    """
    arrived = reception.frames
    llrs = (
        hard_llr * (1 - 2 * arrived.bits.astype(np.float32))
        if reception.llrs is None
        else reception.llrs
    )
    whole = arrived.lengths == sent.lengths
    found = np.zeros(sent.bits.size, np.float32)
    found[np.repeat(whole, sent.lengths)] = llrs[np.repeat(whole, arrived.lengths)]
    return found


def counted(sent: Frames, reception: Reception) -> Counts:
    """What the channel says that it took; of one that says nothing, each bit is a channel use."""
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
        initial_errors=wrong(sent, arrived).astype(np.int64),
    )


def bit_errors(sent: Frames, arrived: Frames) -> NDArray[np.int64]:
    """(F,) wrong bits of each frame, those at the end that did not arrive taken for 0; surplus ones
    do not count.
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
        common, found = min(ours.size, theirs.size), 0
        for place in range(common):
            found += ours[place] ^ theirs[place]
        for place in range(common, ours.size):
            found += ours[place]
        errors[frame] = found
        start += ours.size
        arrived_start += theirs.size
    return errors


def wrong(sent: Frames, arrived: Frames) -> NDArray[np.bool_]:
    """(F,) which frames are not as they were sent, in length or in a bit."""
    found: NDArray[np.bool_] = (sent.lengths != arrived.lengths) | (bit_errors(sent, arrived) > 0)
    return found


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The positions from each start on, as many as each length says, after each other.

    Example: starts 0, 5, 9 and lengths 2, 0, 3 give 0, 1, 9, 10, 11.
    """
    ends = np.cumsum(lengths)
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
