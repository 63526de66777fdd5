"""Error patterns of a wrong CRC, against flipping every bit and every two."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.concealment.crc_error_patterns import (
    MAX_PAIR_SEARCH_BITS,
    MAX_PATTERNS,
    crc_error_patterns,
)
from semcomm.crc import checksums


@given(
    st.integers(9, 40),
    st.sampled_from([8, 16, 24]),
    st.integers(1, 2),
    st.integers(0, 3),
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=60)
def test_patterns_are_those_of_an_exhaustive_search(
    length: int, width: int, flips: int, hits: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 2, length, np.uint8)
    start, stop = np.array([0]), np.array([length])
    remainder = checksums(frame, start, stop, width)
    expected = []
    for places in combinations(range(length), flips):
        flipped = frame.copy()
        flipped[list(places)] ^= 1
        if checksums(flipped, start, stop, width)[0] == 0:
            expected.append(places)
    which, patterns = crc_error_patterns(remainder, stop, width, flips)
    assert which.tolist() == [0] * len(expected)
    assert sorted(tuple(sorted(places)) for places in patterns.tolist()) == expected


def test_patterns_of_a_frame_are_independent_of_the_others() -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([70, 30, 0, 50])
    remainders = rng.integers(1, 256, 4)
    which, places = crc_error_patterns(remainders, lengths, 8, 2)
    for number in range(4):
        alone = crc_error_patterns(remainders[[number]], lengths[[number]], 8, 2)[1]
        assert places[which == number].tolist() == alone.tolist()


def test_frame_with_too_many_patterns_has_none() -> None:
    # The polynomial of 8 bits divides x^127 + 1, so that flips at places 127 apart have the
    # same remainder.
    most = 127 * MAX_PATTERNS
    remainder = np.array([7])  # of the last bit, and of each 127 before it
    assert crc_error_patterns(remainder, np.array([most]), 8, 1)[0].size == MAX_PATTERNS
    assert crc_error_patterns(remainder, np.array([most + 1]), 8, 1)[0].size == 0


@pytest.mark.parametrize(
    ("length", "patterns"), [(MAX_PAIR_SEARCH_BITS, 1), (MAX_PAIR_SEARCH_BITS + 1, 0)]
)
def test_pairs_are_searched_in_frames_of_bounded_length(length: int, patterns: int) -> None:
    frame = np.zeros(length, np.uint8)
    frame[[5, 300]] = 1
    ends = np.array([0]), np.array([length])
    remainder = checksums(frame, *ends, 32) ^ checksums(np.zeros(length, np.uint8), *ends, 32)
    which, places = crc_error_patterns(remainder, ends[1], 32, 2)
    assert which.size == patterns
    assert [sorted(pair) for pair in places.tolist()] == [[5, 300]] * patterns
