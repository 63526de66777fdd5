"""Arrays of images in the batches in which networks compute on them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH_IMAGES, BATCH_POSITIONS = 64, 4096

Array = NDArray[Any]


class Stacked(Sequence[Array]):
    """One array per image, where arrays of equal shape lie in stacks.

    A network may sum in an order that depends on the shape of its batch. Stacks are therefore
    padded with zeros to a length that depends on the grid of positions alone: what `map` makes of
    one image depends on no other image.

    stacks: (length, ...) each.
    members: which images the first rows of each stack belong to; the other rows are padding.
    """

    def __init__(self, stacks: list[Array], members: list[list[int]]) -> None:
        self.stacks, self.members = stacks, members

    @classmethod
    def of(
        cls,
        arrays: Sequence[Array],
        grid_of: Callable[[Array], tuple[int, ...]] = lambda array: array.shape[:2],
    ) -> "Stacked":
        """Arrays in stacks; those that already are stay as they are.

        grid_of: rows and columns of an array's grid; equal for arrays of equal shape.
        """
        if isinstance(arrays, Stacked):
            return arrays
        of_shape = defaultdict(list)
        for number, array in enumerate(arrays):
            of_shape[array.shape].append(number)
        stacks, members = [], []
        for numbers in of_shape.values():
            rows, columns = grid_of(arrays[numbers[0]])
            length = max(1, min(BATCH_IMAGES, BATCH_POSITIONS // (rows * columns)))
            for start in range(0, len(numbers), length):
                members.append(numbers[start : start + length])
                stacks.append(_padded([arrays[number] for number in members[-1]], length))
        return cls(stacks, members)

    def map(
        self, function: Callable[..., Array], values: Sequence[float] | Array | None = None
    ) -> "Stacked":
        """`function` of each stack.

        values: one float32 per image; where they are given, `function` takes those of a stack, too.
        """
        further: list[list[Array]] = [[] for _ in self.stacks]
        if values is not None:
            column = np.asarray(values, np.float32)
            further = [
                [_padded(column[numbers], len(stack))]
                for stack, numbers in zip(self.stacks, self.members, strict=True)
            ]
        stacks = [function(stack, *own) for stack, own in zip(self.stacks, further, strict=True)]
        return Stacked(stacks, self.members)

    @cached_property
    def _arrays(self) -> list[Array]:
        arrays: dict[int, Array] = {}
        for stack, numbers in zip(self.stacks, self.members, strict=True):
            arrays.update(zip(numbers, stack, strict=False))
        return [arrays[number] for number in range(len(arrays))]

    def __len__(self) -> int:
        return len(self._arrays)

    def __iter__(self) -> Iterator[Array]:
        return iter(self._arrays)

    def __getitem__(self, number: Any) -> Any:
        return self._arrays[number]


def _padded(arrays: Sequence[Array] | Array, length: int) -> Array:
    """A stack of arrays of equal shape, then zeros."""
    stack = np.zeros((length, *arrays[0].shape), arrays[0].dtype)
    stack[: len(arrays)] = arrays
    return stack
