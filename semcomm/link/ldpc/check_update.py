"""The sum-product rule at parity checks, in arithmetic that compiles to vector instructions."""

import math

import numpy as np
from numpy.typing import NDArray

from semcomm.compiled import compiled

ZERO, HALF = np.float32(0.0), np.float32(0.5)
SCALE = np.float32(math.log(2.0) ** (1 / 6))
SLOPE = np.float32(math.log(2.0) ** (1 / 6) / (12 * math.log(2.0)))


@compiled
def box_plus(a: np.float32, b: np.float32) -> np.float32:
    """The LLR of the sum modulo 2 of two bits with LLRs a and b.

    ln((1 + exp(a + b)) / (exp(a) + exp(b))) = (|a + b| - |a - b|) / 2 + f(|a + b|) - f(|a - b|)
    with f(x) = ln(1 + exp(-x)): J. Hagenauer, E. Offer and L. Papke, Iterative decoding of binary
    block and convolutional codes, IEEE Trans. Information Theory 42(2), 1996, section II. f is
    replaced by ln 2 max(0, 1 - x / (12 ln 2))^6, which has the value and slope of f at 0 and
    differs from it by at most 0.0095. The result is exactly 0 where a or b is, and its magnitude
    never exceeds either.
    """
    total, difference = abs(a + b), abs(a - b)
    near = SCALE - SLOPE * total
    far = SCALE - SLOPE * difference
    near = near if near > ZERO else ZERO
    far = far if far > ZERO else ZERO
    near, far = near * near, far * far
    return HALF * (total - difference) + (near * near * near - far * far * far)


@compiled
def update_checks(
    incoming: NDArray[np.float32], forward: NDArray[np.float32], outgoing: NDArray[np.float32]
) -> None:
    """The outgoing message of each edge of a check: the box-plus of the incoming messages of all
    its other edges.

    Partial sums run forward over the edges, then backward; the sum over all edges but one combines
    the two.

    incoming, outgoing: (degree, lanes), degree at least 2, one lane per check; forward: scratch
        space of the same shape.
    """
    last = len(incoming) - 1
    forward[0] = incoming[0]
    for edge in range(1, last):
        _box_plus_lanes(forward[edge - 1], incoming[edge], forward[edge])
    outgoing[last] = forward[last - 1]
    backward = outgoing[0]
    backward[:] = incoming[last]
    for edge in range(last - 1, 0, -1):
        _combine(forward[edge - 1], incoming[edge], backward, outgoing[edge])


@compiled
def _box_plus_lanes(
    a: NDArray[np.float32], b: NDArray[np.float32], total: NDArray[np.float32]
) -> None:
    for lane in range(total.size):
        total[lane] = box_plus(a[lane], b[lane])


@compiled
def _combine(
    forward: NDArray[np.float32],
    incoming: NDArray[np.float32],
    backward: NDArray[np.float32],
    outgoing: NDArray[np.float32],
) -> None:
    for lane in range(outgoing.size):
        behind = backward[lane]
        outgoing[lane] = box_plus(forward[lane], behind)
        backward[lane] = box_plus(behind, incoming[lane])
