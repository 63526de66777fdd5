"""Rate control: frames of at most so many bits, by a rate weight for each image."""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Indices, Latents
from semcomm.codec.stacks import Stacked

WEIGHTS = np.exp2(np.arange(-10, 12, 1 / 16)).astype(np.float32)
"""Rate weights that are added to a codec's own, 1/16 octave apart; with the last, nearly every
sub-vector gets the codeword of fewest bits.
"""

MaxFrameBits = Callable[[Sequence[int], Sequence[Indices]], NDArray[np.int64]]
"""Image numbers and their indices to the bits of each image's longest frame."""


def fit_to_budget(
    budget_bits: int, codec: Codec, latents: Sequence[Latents], max_frame_bits: MaxFrameBits
) -> tuple[list[Indices], NDArray[np.float32]]:
    """Quantize each image with the lowest further rate weight whose frames fit the budget.

    The lowest of 0 and WEIGHTS is found by bisection: the weight returned was measured to fit, and
    the next lower one not to. Higher weights mean fewer bits, except in rare cases of context
    coding. An image that does not fit even with the last weight is over the budget; the caller has
    to check.

    Returns the indices of each image, and the rate weights (B,) float32.
    """
    indices = list(codec.quantize(latents))
    left = np.flatnonzero(max_frame_bits(range(len(latents)), indices) > budget_bits).tolist()
    over = Stacked.of([latents[n] for n in left])
    low, high = np.full(len(left), -1), np.full(len(left), WEIGHTS.size - 1)
    _replace(indices, left, codec.quantize(over, WEIGHTS[high]))
    while np.any(high - low > 1):
        middle = (low + high) // 2
        candidates = codec.quantize(over, WEIGHTS[middle])
        fits = (max_frame_bits(left, candidates) <= budget_bits) & (middle > low)
        _replace(indices, compress(left, fits), compress(candidates, fits))
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    weights = np.zeros(len(latents), np.float32)
    weights[left] = WEIGHTS[high]
    return indices, weights


def _replace(indices: list[Indices], numbers: Iterable[int], others: Iterable[Indices]) -> None:
    for number, grid in zip(numbers, others, strict=True):
        indices[number] = grid
