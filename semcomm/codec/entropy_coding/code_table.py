"""Code tables: the length and the bits of each symbol's codeword.

A table is stored as its code lengths alone; both ends derive the same codewords from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import CodeTableError
from semcomm.ragged import offsets

MAX_CODE_LENGTH = 16


@dataclass(frozen=True)
class CodeTable:
    """The prefix code of K indices.

    lengths: (K,) uint8 bits of each codeword.
    probabilities: (K,) float64, shares over the training images.
    """

    lengths: NDArray[np.uint8]
    probabilities: NDArray[np.float64]


def optimal_code_lengths(
    counts: NDArray[np.int64] | NDArray[np.float64], limit: int = MAX_CODE_LENGTH
) -> NDArray[np.uint8]:
    """Code lengths of an optimal prefix code for `counts`, none above `limit`.

    Package-merge (Larmore and Hirschberg, A fast algorithm for optimal length-limited Huffman
    codes, Journal of the ACM 37(3), 1990). A symbol of count 0 gets a codeword, too, at the lowest
    cost for the symbols that occur.

    Several codes can be optimal. Of these, this is the one whose longest codeword is shortest,
    which keeps decoding tables small; of symbols with equal counts, the lower has the shorter
    codeword. The result is the same on every machine.

    counts: (K,) integers or weights, K from 1 to 65536, finite and not negative; computed in
        float64, exact while 16 times their sum is below 2^53.
    Returns (K,) lengths from 1 to limit. A single symbol gets length 0: since the number of symbols
    is known, it needs no bits.
    Raises CodeTableError when K is above 2^limit, ValueError for invalid counts or a limit outside
    1 to 16.

    Example: counts [3, 9, 1, 1] give [2, 1, 3, 3]; with limit 2 they give [2, 2, 2, 2].
    """
    _check(counts, limit)
    weights = counts.astype(np.float64)
    ascending = np.lexsort((-np.arange(weights.size), weights))
    lengths = np.empty(weights.size, np.uint8)
    lengths[ascending] = _package_merge(weights[ascending], limit)
    return lengths


def canonical_codes(lengths: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Canonical prefix code with the given code lengths.

    Codewords of one length count upwards in symbol order, and each length continues where the
    shorter one stopped (RFC 1951, section 3.2.2).

    lengths: (K,) bits for each symbol, 1 to 16; or 0 for the only symbol.
    Returns (K,) codewords, right-aligned.
    Raises CodeTableError when the lengths do not form a complete prefix code.

    Example: lengths [2, 1, 3, 3] give 10, 0, 110, 111.
    """
    if lengths.ndim != 1 or lengths.dtype != np.uint8:
        raise CodeTableError(
            f"code lengths are {lengths.shape} {lengths.dtype}; they must be (K,) uint8"
        )
    if np.any(lengths > MAX_CODE_LENGTH):
        raise CodeTableError(
            f"code length {lengths.argmax()} is {lengths.max()}; the longest possible is 16"
        )
    unused_bits = MAX_CODE_LENGTH - lengths.astype(np.int64)
    shares = 1 << unused_bits
    if shares.sum() != 1 << MAX_CODE_LENGTH:
        kraft_sum = Fraction(int(shares.sum()), 1 << MAX_CODE_LENGTH)
        raise CodeTableError(
            f"{lengths.size} code lengths have Kraft sum {kraft_sum}; a complete code has 1"
        )
    canonical = np.argsort(lengths, kind="stable")
    codes = np.empty(lengths.size, np.uint32)
    codes[canonical] = offsets(shares[canonical]) >> unused_bits[canonical]
    return codes


def _check(counts: NDArray[Any], limit: int) -> None:
    if not 1 <= limit <= MAX_CODE_LENGTH:
        raise ValueError(f"the limit is {limit} bits; a codeword takes 1 to {MAX_CODE_LENGTH}")
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(f"counts are {counts.shape}; they must be (K,), for at least one symbol")
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        raise ValueError(
            f"counts[{wrong.argmax()}] is {counts[wrong][0]}; it must be finite and at least 0"
        )
    if counts.size > 1 << limit:
        raise CodeTableError(
            f"{counts.size} symbols are too many for codewords of at most {limit} bits"
        )


def _package_merge(weights: NDArray[np.float64], limit: int) -> NDArray[np.uint8]:
    """Code lengths of ascending `weights`.

    The cheapest 2K - 2 entries of the last level are taken, and with each package its two entries
    of the level before. A symbol's code length is the number of times that its leaf is taken.
    """
    lengths = np.zeros(weights.size, np.uint8)
    taken = 2 * weights.size - 2
    for is_leaf in reversed(list(_levels(weights, limit))):
        leaves = int(np.count_nonzero(is_leaf[:taken]))
        lengths[:leaves] += 1
        taken = 2 * (taken - leaves)
    return lengths


def _levels(weights: NDArray[np.float64], limit: int) -> Iterator[NDArray[np.bool_]]:
    """Which entries of each level are leaves; the others are packages of two entries of the level
    before.

    A leaf precedes a package of equal weight, whose symbols would all get longer codewords.
    """
    level = np.empty(0)
    for _ in range(limit):
        pairs = level[: level.size // 2 * 2].reshape(-1, 2)
        entries = np.concatenate([weights, pairs.sum(axis=1)])
        ascending = np.argsort(entries, kind="stable")
        level = entries[ascending]
        yield ascending < weights.size
