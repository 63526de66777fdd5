"""Networks over large grids, strip by strip, so that their memory does not grow with the grid."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_POSITIONS = 1 << 20
"""Of a grid that a network sees in one piece; a photograph of 2^24 pixels has so many."""

STRIP_POSITIONS = 1 << 17


def in_strips(function: Callable[[Array], Array], grids: Array, reach: int) -> Array:
    """`function` of grids (B, h, w, ...), of which large ones are given to it strip by strip.

    function: gives a whole number of rows for each row it is given, (B, k h, ...), which depend on
        no row further above or below than `reach`.
    The result is that of the whole but for the order in which a network sums.
    """
    rows, columns = grids.shape[1:3]
    if rows * columns <= MAX_POSITIONS:
        return function(grids)
    height, strips = max(1, STRIP_POSITIONS // columns), []
    for top in range(0, rows, height):
        first, end = max(top - reach, 0), min(top + height + reach, rows)
        made = function(grids[:, first:end])
        scale = made.shape[1] // (end - first)
        strips.append(made[:, scale * (top - first) : scale * (top + height - first)])
    return np.concatenate(strips, axis=1)
