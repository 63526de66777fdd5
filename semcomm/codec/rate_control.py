"""Rate control: frames of at most so many bits, by a rate weight for each image."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Indices, Latents

WEIGHTS = np.exp2(np.arange(-10, 12, 1 / 16)).astype(np.float32)
"""Rate weights that are added to a codec's own, 1/16 octave apart; with the last, nearly every
sub-vector gets the codeword of fewest bits.
"""

MaxFrameBits = Callable[[Sequence[int], Sequence[Indices]], NDArray[np.int64]]
"""Image numbers and their indices to the bits of each image's longest frame."""


BITS_EXPONENT = 0.2
"""Bits fall about as this power of the whole rate weight, a codec's own included. It says where to
look first, and nothing of the result.
"""

MARGIN = 4
"""So many weights beyond the guess are tried, so that it soon lies between two that were."""


def fit_to_budget(
    budget_bits: int, codec: Codec, latents: Sequence[Latents], max_frame_bits: MaxFrameBits
) -> tuple[list[Indices], NDArray[np.float32]]:
    """Quantize each image with the lowest further rate weight whose frames fit the budget.

    The lowest of 0 and WEIGHTS is searched between one that is too low and one that fits, until
    they are neighbours: the weight returned was measured to fit, and the next lower one not to.
    Higher weights mean fewer bits, except in rare cases of context coding. An image that does not
    fit even with the last weight is over the budget; the caller has to check.

    Returns the indices of each image, and the rate weights (B,) float32.
    """
    indices = list(codec.quantize(latents))
    weights, bits = np.zeros(len(latents), np.float32), max_frame_bits(range(len(latents)), indices)
    left = np.flatnonzero(bits > budget_bits)
    ratios, at = bits[left] / budget_bits, np.zeros(left.size)
    low, high, last = np.full(left.size, -1), np.full(left.size, WEIGHTS.size), WEIGHTS.size - 1
    while (active := np.flatnonzero(high - low > 1)).size:
        wanted = _guess(ratios[active], at[active], codec.rate_weight)
        inside = (low[active] < wanted) & (wanted < high[active])
        is_wide = high[active] - low[active] > 4 * MARGIN
        tried = np.where(inside & is_wide, wanted, (low[active] + high[active]) // 2)
        numbers = left[active].tolist()
        candidates = codec.quantize([latents[number] for number in numbers], WEIGHTS[tried])
        ratios[active] = max_frame_bits(numbers, candidates) / budget_bits
        at[active] = WEIGHTS[tried]
        fits = ratios[active] <= 1
        high[active[fits]], low[active[~fits]] = tried[fits], tried[~fits]
        for place in np.flatnonzero(fits | (tried == last)).tolist():
            indices[numbers[place]] = candidates[place]
    weights[left] = WEIGHTS[np.minimum(high, last)]
    return indices, weights


def _guess(ratios: NDArray[np.float64], at: NDArray[np.float64], own: float) -> NDArray[np.int64]:
    """Which of WEIGHTS may lie just beyond the lowest that fits.

    ratios, at: bits over the budget, measured with these further weights; own: the codec's weight.
    """
    wanted = (own + at) * ratios ** (1 / BITS_EXPONENT) - own
    return np.searchsorted(WEIGHTS, wanted) + np.where(ratios > 1, MARGIN, -MARGIN)
