from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from bitarray.util import huffman_code
from hypothesis import given
from hypothesis import strategies as st

from semcomm.codec.entropy_coding.code_table import canonical_codes, optimal_code_lengths
from semcomm.errors import CodeTableError

FIBONACCI = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597]


@cache
def complete_codes(symbols: int, limit: int) -> list[tuple[int, ...]]:
    """The ascending code lengths of every complete prefix code."""
    lengths = combinations_with_replacement(range(1, limit + 1), symbols)
    return [code for code in lengths if sum(Fraction(1, 2**bits) for bits in code) == 1]


def spent(counts: list[int], ascending_lengths: tuple[int, ...]) -> int:
    """Bits of the best way to hand out the lengths: the shortest to the symbol seen most often."""
    return int(np.dot(sorted(counts, reverse=True), ascending_lengths))


# 40 counts of 1 to 100 sum to less than 4181, the least with which a Huffman codeword takes 17
# bits.
@given(st.lists(st.integers(1, 100), min_size=2, max_size=40))
def test_lengths_below_the_limit_are_as_good_as_huffmans(
    counts: list[int],
) -> None:
    outside = huffman_code(dict(enumerate(counts)))
    lengths = optimal_code_lengths(np.array(counts))
    assert np.dot(counts, lengths.astype(int)) == sum(
        n * len(outside[k]) for k, n in enumerate(counts)
    )


@given(st.lists(st.integers(0, 20), min_size=2, max_size=7), st.integers(3, 6))
def test_no_code_within_the_limit_is_better(counts: list[int], limit: int) -> None:
    """Nor is one as good with a shorter longest codeword."""
    best = min((spent(counts, code), max(code)) for code in complete_codes(len(counts), limit))
    lengths = optimal_code_lengths(np.array(counts), limit).astype(int)
    assert (np.dot(counts, lengths), lengths.max()) == best


@given(st.lists(st.integers(0, 9), min_size=1, max_size=300))
def test_lengths_form_a_complete_code_and_lower_symbols_win_ties(counts: list[int]) -> None:
    lengths = optimal_code_lengths(np.array(counts))
    assert lengths.dtype == np.uint8
    assert sum(Fraction(1, 2 ** int(bits)) for bits in lengths) == 1
    preferred = sorted(range(len(counts)), key=lambda symbol: (-counts[symbol], symbol))
    assert np.all(np.diff(lengths[preferred].astype(int)) >= 0)


@pytest.mark.parametrize(
    ("counts", "limit", "lengths"),
    [
        ([7], 16, [0]),
        ([0], 16, [0]),
        ([0, 0], 16, [1, 1]),
        ([3, 9, 1, 1], 16, [2, 1, 3, 3]),
        ([3, 9, 1, 1], 2, [2, 2, 2, 2]),
        ([0, 5, 0, 0], 16, [2, 1, 3, 3]),
        ([0.25, 0.5, 0.125, 0.125], 16, [2, 1, 3, 3]),
        (FIBONACCI, 16, [16, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_lengths_of_a_case_worked_by_hand(
    counts: list[float], limit: int, lengths: list[int]
) -> None:
    assert optimal_code_lengths(np.array(counts), limit).tolist() == lengths


def test_the_limit_holds_where_huffman_would_exceed_it() -> None:
    lengths = optimal_code_lengths(np.array([2**k for k in range(40)]))
    assert lengths.max() == 16
    canonical_codes(lengths)


@pytest.mark.parametrize("symbols", [40000, 65535, 65536])
def test_as_many_symbols_as_the_limit_allows(symbols: int) -> None:
    counts = np.random.default_rng(1).geometric(1e-3, symbols)
    lengths = optimal_code_lengths(counts)
    assert (
        np.unique(canonical_codes(lengths).astype(int) << (16 - lengths.astype(int))).size
        == symbols
    )


@pytest.mark.parametrize(
    ("counts", "limit", "error", "message"),
    [
        (np.ones(65537), 16, CodeTableError, "65537 symbols .* 16 bits"),
        (np.ones(5), 2, CodeTableError, "5 symbols .* 2 bits"),
        (np.ones(5), 17, ValueError, "limit is 17"),
        (np.ones(5), 0, ValueError, "limit is 0"),
        (np.ones(0), 16, ValueError, r"\(0,\)"),
        (np.ones((2, 2)), 16, ValueError, r"\(2, 2\)"),
        (np.array([3, -4]), 16, ValueError, r"counts\[1\] is -4"),
        (np.array([1.0, np.nan]), 16, ValueError, r"counts\[1\] is nan"),
        (np.array([np.inf, 1.0]), 16, ValueError, r"counts\[0\] is inf"),
    ],
)
def test_counts_that_have_no_code_are_refused(
    counts: Any, limit: int, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        optimal_code_lengths(counts, limit)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([2, 1, 3, 3], ["10", "0", "110", "111"]),
        # RFC 1951, section 3.2.2: the alphabet ABCDEFGH
        ([3, 3, 3, 3, 3, 2, 4, 4], ["010", "011", "100", "101", "110", "00", "1110", "1111"]),
        ([1, 1], ["0", "1"]),
    ],
)
def test_canonical_codes_of_published_examples(lengths: list[int], words: list[str]) -> None:
    codes = canonical_codes(np.array(lengths, np.uint8))
    assert [f"{code:0{bits}b}" for code, bits in zip(codes, lengths, strict=True)] == words


def test_a_single_symbol_has_the_empty_codeword() -> None:
    assert canonical_codes(np.zeros(1, np.uint8)).tolist() == [0]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (np.array([1, 2, 3], np.uint8), "Kraft sum 7/8"),
        (np.array([1, 1, 16], np.uint8), "Kraft sum 65537/65536"),
        (np.array([0, 1], np.uint8), "Kraft sum 3/2"),
        (np.array([1], np.uint8), "Kraft sum 1/2"),
        (np.array([], np.uint8), "Kraft sum 0"),
        (np.array([1, 2, 17, 17], np.uint8), "code length 2 is 17"),
        (np.array([1, 1], np.int64), "int64"),
        (np.array([[1, 1]], np.uint8), r"\(1, 2\)"),
    ],
)
def test_lengths_of_no_complete_code_are_refused(lengths: Any, message: str) -> None:
    with pytest.raises(CodeTableError, match=message):
        canonical_codes(lengths)
