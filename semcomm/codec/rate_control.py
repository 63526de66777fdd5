"""Frames of at most so many bits: what a bit weighs against distortion is chosen image by image."""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Indices, Latents

WEIGHTS = np.exp2(np.arange(-10, 12, 1 / 16)).astype(np.float32)
"""Rate weights that a codec's own is raised by, a sixteenth of an octave apart; the last leaves
hardly a choice.
"""

Longest = Callable[[Sequence[int], list[Indices]], NDArray[np.int64]]
"""Bits of the longest frame of each of the images with these numbers, sent as these indices."""


def within(
    budget_bits: int, codec: Codec, latents: Sequence[Latents], longest: Longest
) -> tuple[list[Indices], NDArray[np.float32]]:
    """The indices of each image by the lowest further rate weight with which no frame of it is over
    the budget.

    And these weights, (B,).

    The lowest of none and of WEIGHTS is found by halving, so that one of WEIGHTS is measured to fit
    and the next lower one not to. Higher weights mean fewer bits but for context coding, where one
    here and there may not. Where even the last does not fit, the image is over the budget: whoever
    sends it has to look.
    """
    indices = codec.quantize(latents)
    left = np.flatnonzero(longest(range(len(latents)), indices) > budget_bits).tolist()
    over = [latents[n] for n in left]
    low, high = np.full(len(left), -1), np.full(len(left), WEIGHTS.size - 1)
    _replace(indices, left, codec.quantize(over, WEIGHTS[high]))
    while np.any(high - low > 1):
        middle = (low + high) // 2
        tried = codec.quantize(over, WEIGHTS[middle])
        fits = (longest(left, tried) <= budget_bits) & (middle > low)
        _replace(indices, compress(left, fits), compress(tried, fits))
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    weights = np.zeros(len(latents), np.float32)
    weights[left] = WEIGHTS[high]
    return indices, weights


def _replace(indices: list[Indices], numbers: Iterable[int], others: Iterable[Indices]) -> None:
    for number, grid in zip(numbers, others, strict=True):
        indices[number] = grid
