"""The choice of a level for each image under a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Indices
from semcomm.codec.levels import members_by_level
from semcomm.codec.rate_control import fit_to_budget
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image

LongestFrame = Callable[[int, Sequence[int], Sequence[Indices]], NDArray[np.int64]]
"""A level, image numbers and their indices to the bits of each image's longest frame."""


@dataclass(frozen=True)
class Choice:
    """What is sent of B images; the arrays may be changed.

    levels, frame_bits: (B,) int64, of the longest frame; rate_weights: (B,) float32.
    """

    levels: NDArray[np.int64]
    indices: list[Indices]
    rate_weights: NDArray[np.float32]
    frame_bits: NDArray[np.int64]

    @classmethod
    def none(cls, count: int) -> "Choice":
        """Nothing yet."""
        levels, weights = np.zeros(count, np.int64), np.zeros(count, np.float32)
        indices = [np.empty((0, 0, 0), np.uint16)] * count
        return cls(levels, indices, weights, np.zeros(count, np.int64))

    def put(self, numbers: NDArray[np.int64], other: "Choice") -> None:
        """Take over what was chosen for the images of these numbers."""
        self.levels[numbers] = other.levels
        self.rate_weights[numbers] = other.rate_weights
        self.frame_bits[numbers] = other.frame_bits
        for number, grid in zip(numbers, other.indices, strict=True):
            self.indices[number] = grid

    def only(self, numbers: NDArray[np.int64]) -> "Choice":
        """The part that concerns the images of these numbers."""
        indices = [self.indices[number] for number in numbers]
        weights, bits = self.rate_weights[numbers], self.frame_bits[numbers]
        return Choice(self.levels[numbers], indices, weights, bits)


def choose_levels(
    budget_bits: int,
    codecs: Sequence[Codec],
    images: Sequence[Image],
    refinement_steps: int,
    longest: LongestFrame,
) -> Choice:
    """The level, rate weight and indices of each image, each on its own.

    Two levels are tried, each with the lowest rate weight whose frames fit the budget: the finest
    that fits without a further weight, and the next finer one. The one whose picture has the lower
    squared error is taken (docs/decisions/0013-levels.md). Then the latents are refined at that
    level and with that weight, and the weight is searched again.

    codecs: from few bits to many.
    An image that does not fit even with the coarsest level and the last weight is over the budget;
    the caller has to check.
    """
    first = np.zeros(len(images), np.int64)
    if len(codecs) > 1:
        first = np.maximum(finest_that_fits(budget_bits, codecs, images, longest), 0)
    chosen = fitted(budget_bits, codecs, first, images, longest)
    finer = np.flatnonzero(first + 1 < len(codecs))
    if finer.size:
        ours, pictures = chosen.only(finer), [images[number] for number in finer.tolist()]
        theirs = fitted(
            budget_bits, codecs, first[finer] + 1, pictures, partial(_of, longest, finer)
        )
        errors = [squared_errors(codecs, pictures, choice) for choice in (ours, theirs)]
        better = (theirs.frame_bits <= budget_bits) & (errors[1] < errors[0])
        chosen.put(finer[better], theirs.only(np.flatnonzero(better)))
    if not refinement_steps:
        return chosen
    return fitted(
        budget_bits, codecs, chosen.levels, images, longest, refinement_steps, chosen.rate_weights
    )


def finest_that_fits(
    budget_bits: int, codecs: Sequence[Codec], images: Sequence[Image], longest: LongestFrame
) -> NDArray[np.int64]:
    """(B,) the finest level whose frames fit without a further rate weight, -1 where none does.

    By bisection, as a finer level takes more bits, but for rare images.
    """
    low, high = np.full(len(images), -1), np.full(len(images), len(codecs))
    while np.any(high - low > 1):
        middle = (low + high) // 2
        for level, numbers in members_by_level(np.where(high - low > 1, middle, -1)):
            if level < 0:
                continue
            codec = codecs[level]
            indices = codec.quantize(codec.encode([images[number] for number in numbers]))
            fits = longest(level, numbers.tolist(), indices) <= budget_bits
            low[numbers[fits]], high[numbers[~fits]] = level, level
    return low


def fitted(
    budget_bits: int,
    codecs: Sequence[Codec],
    levels: NDArray[np.int64],
    images: Sequence[Image],
    longest: LongestFrame,
    refinement_steps: int = 0,
    rate_weights: NDArray[np.float32] | None = None,
) -> Choice:
    """Each image at its level, with the lowest rate weight that fits the budget.

    rate_weights: of the refinement.
    """
    chosen = Choice.none(len(images))
    for level, numbers in members_by_level(levels):
        codec, members = codecs[level], [images[number] for number in numbers]
        own = None if rate_weights is None else rate_weights[numbers]
        latents = codec.encode(members, refinement_steps, own)
        of_level = partial(_of, longest, numbers, level)
        indices, weights = fit_to_budget(budget_bits, codec, latents, of_level)
        bits = of_level(range(len(members)), indices)
        chosen.put(numbers, Choice(levels[numbers], indices, weights, bits))
    return chosen


def _of(
    longest: LongestFrame,
    numbers: NDArray[np.int64],
    level: int,
    chosen: Sequence[int],
    indices: Sequence[Indices],
) -> NDArray[np.int64]:
    """`longest` of images that are the `chosen` ones among those of these numbers."""
    return longest(level, numbers[list(chosen)].tolist(), indices)


def squared_errors(
    codecs: Sequence[Codec], images: Sequence[Image], choice: Choice
) -> NDArray[np.float64]:
    """(B,) of each image's picture."""
    errors = np.empty(len(images))
    for level, numbers in members_by_level(choice.levels):
        codec, originals = codecs[level], [images[number] for number in numbers]
        latents = codec.dequantize([choice.indices[number] for number in numbers])
        pictures = codec.decode(latents, [size_of(image) for image in originals])
        for number, ours, theirs in zip(numbers, originals, pictures, strict=True):
            errors[number] = np.square(ours.astype(np.float64) - theirs).sum()
    return errors
