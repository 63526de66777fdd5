"""Log-likelihood ratios of the bits that were sent, over any channel."""

import numpy as np
from numpy.typing import NDArray

from semcomm.frames import Frames, Reception


def soft_bits(sent: Frames, reception: Reception, hard_llr: float = 1.0) -> NDArray[np.float32]:
    """ln P(0) / P(1) of every bit that was sent, (sum(sent.lengths),).

    In a frame that arrived with more or fewer bits the receiver cannot match bits to those sent: it
    counts as lost, all 0.

    hard_llr: the LLR of a hard decision, for a channel without soft values.
    """
    arrived = reception.frames
    llrs = (
        hard_llr * (1 - 2 * arrived.bits.astype(np.float32))
        if reception.llrs is None
        else reception.llrs
    )
    whole = arrived.lengths == sent.lengths
    matched = np.zeros(sent.bits.size, np.float32)
    matched[np.repeat(whole, sent.lengths)] = llrs[np.repeat(whole, arrived.lengths)]
    return matched
