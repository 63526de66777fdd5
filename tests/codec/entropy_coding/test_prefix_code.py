from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.code_table import canonical_codes, optimal_code_lengths
from semcomm.codec.entropy_coding.fixed_length import FixedLength
from semcomm.codec.entropy_coding.huffman import Huffman
from semcomm.codec.entropy_coding.interface import flat_runs
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.errors import CodeTableError

SKEWED = np.array([*range(1, 17), 16], np.uint8)
EXAMPLE = Huffman(np.array([2, 1, 3, 3], np.uint8))  # 10, 0, 110, 111
FIVE = FixedLength(5)

# The first call compiles, for longer than hypothesis allows an example.
without_deadline = settings(deadline=None)


@dataclass
class Case:
    """A coder, and its codewords in symbol order as text."""

    coder: PrefixCode
    words: list[str]


def huffman(lengths: NDArray[np.uint8]) -> Case:
    codes = zip(canonical_codes(lengths), lengths, strict=True)
    return Case(Huffman(lengths), [f"{code:016b}"[16 - bits :] for code, bits in codes])


def fixed_length(alphabet: int) -> Case:
    width = int(np.ceil(np.log2(alphabet)))
    return Case(
        FixedLength(alphabet), [f"{symbol:016b}"[16 - width :] for symbol in range(alphabet)]
    )


def cases() -> st.SearchStrategy[Case]:
    counts = st.lists(st.integers(0, 1000), min_size=1, max_size=60)
    tables = counts.map(lambda counts: optimal_code_lengths(np.array(counts)))
    skewed = st.permutations(SKEWED.tolist()).map(lambda lengths: np.array(lengths, np.uint8))
    return st.one_of(tables.map(huffman), skewed.map(huffman), st.integers(1, 40).map(fixed_length))


def flat(messages: list[list[int]]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    symbols = np.array([symbol for message in messages for symbol in message], np.uint16)
    return symbols, rows([len(message) for message in messages])


def rows(counts: list[int]) -> NDArray[np.int64]:
    """Runs of one row each, of so many symbols."""
    return flat_runs(np.array(counts, np.int64))


def bits_of(*messages: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    bits = np.array([int(bit) for message in messages for bit in message], np.uint8)
    return bits, np.array([len(message) for message in messages], np.int64)


def read_bit_by_bit(words: list[str], bits: str, count: int) -> tuple[list[int], bool]:
    """The symbols before the first sign of damage, and whether there was none."""
    symbol_of = {word: symbol for symbol, word in enumerate(words)}
    symbols: list[int] = []
    begin = end = 0
    while len(symbols) < count:
        while bits[begin:end] not in symbol_of:
            end += 1
            if end > len(bits):
                return symbols, False
        symbols.append(symbol_of[bits[begin:end]])
        begin = end
    return symbols, begin == len(bits)


@given(st.data())
@without_deadline
def test_what_is_encoded_is_decoded(data: st.DataObject) -> None:
    case = data.draw(cases())
    symbol = st.integers(0, len(case.words) - 1)
    messages = data.draw(st.lists(st.lists(symbol, max_size=30), max_size=8))
    symbols, grids = flat(messages)
    bits, lengths = case.coder.encode(symbols, grids)

    expected = bits_of(*("".join(case.words[symbol] for symbol in message) for message in messages))
    assert bits.dtype == np.uint8 and bits.tolist() == expected[0].tolist()
    assert lengths.dtype == np.int64 and lengths.tolist() == expected[1].tolist()

    decoded = case.coder.decode(bits, lengths, grids)
    assert decoded.symbols.dtype == np.uint16 and decoded.symbols.tolist() == symbols.tolist()
    assert decoded.valid.dtype == np.int64 and decoded.valid.tolist() == [
        len(message) for message in messages
    ]
    assert decoded.intact.dtype == np.bool_ and decoded.intact.all()


@given(cases(), st.lists(st.tuples(st.text("01", max_size=40), st.integers(0, 12)), max_size=6))
@example(fixed_length(1), [("", 3), ("1", 2), ("", 0)])
@example(huffman(SKEWED), [("1" * 15, 1), ("1" * 16, 1), ("1" * 17, 1)])
@without_deadline
def test_any_bits_are_decoded_as_if_no_other_message_were_there(
    case: Case, received: list[tuple[str, int]]
) -> None:
    bits, lengths = bits_of(*(text for text, _ in received))
    counts = [count for _, count in received]
    decoded = case.coder.decode(bits, lengths, rows(counts))

    alone = [read_bit_by_bit(case.words, text, count) for text, count in received]
    assert decoded.valid.tolist() == [len(symbols) for symbols, _ in alone]
    assert decoded.intact.tolist() == [intact for _, intact in alone]
    padded = [
        [*symbols, *[0] * (count - len(symbols))]
        for (symbols, _), count in zip(alone, counts, strict=True)
    ]
    assert decoded.symbols.tolist() == [symbol for message in padded for symbol in message]


@pytest.mark.parametrize(
    "coder",
    [FixedLength(65536), FixedLength(40000), Huffman(optimal_code_lengths(np.arange(65536))),
     Huffman(optimal_code_lengths(np.arange(40000)))],
    ids=["fixed 65536", "fixed 40000", "huffman 65536", "huffman 40000"],
)  # fmt: skip
def test_the_largest_alphabets_come_back(coder: PrefixCode) -> None:
    symbols = np.random.default_rng(2).permutation(40000).astype(np.uint16)
    grids = np.array([[0, 0, 3, 1], [2, 13333, 3, 3], [0, 0, 2, 2], [0, 1, 1, 1], [0, 1, 1, 0]])
    decoded = coder.decode(*coder.encode(symbols, grids), grids)
    assert decoded.intact.all() and np.array_equal(decoded.symbols, symbols)


@pytest.mark.parametrize(
    ("coder", "text", "count", "symbols", "intact"),
    [
        (EXAMPLE, "010111", 3, [1, 0, 3], True),
        (EXAMPLE, "01011", 3, [1, 0], False),  # the third codeword is cut
        (EXAMPLE, "010", 3, [1, 0], False),  # the third is missing
        (EXAMPLE, "0101110", 3, [1, 0, 3], False),  # a bit is left over
        (EXAMPLE, "", 0, [], True),
        (EXAMPLE, "0", 0, [], False),
        (FIVE, "100001", 2, [4, 1], True),
        (FIVE, "100101", 2, [4], False),  # 5 is not in use
        (FIVE, "111001", 2, [], False),
        (FIVE, "10000", 2, [4], False),
        (FixedLength(1), "", 3, [0, 0, 0], True),
        (FixedLength(1), "0", 3, [0, 0, 0], False),
    ],
)
def test_good_symbols_end_at_the_first_sign_of_damage(
    coder: PrefixCode, text: str, count: int, symbols: list[int], intact: bool
) -> None:
    follower = "0" * 16  # whose bits would complete a codeword that is cut
    decoded = coder.decode(*bits_of(text, follower), rows([count, 0]))
    assert decoded.valid[0] == len(symbols)
    assert decoded.intact[0] == intact
    assert decoded.symbols.tolist() == [*symbols, *[0] * (count - len(symbols))]


def test_bits_per_symbol_are_those_of_symbols_in_use() -> None:
    assert EXAMPLE.min_bits_per_symbol == 1
    assert FIVE.min_bits_per_symbol == 3
    assert FixedLength(1).min_bits_per_symbol == 0


def test_a_coder_is_made_from_code_lengths_by_name() -> None:
    tensors = {"code_lengths": SKEWED}
    huffman_bits, _ = ENTROPY_CODERS["huffman"](tensors).encode(*flat([[0]]))
    fixed_bits, _ = ENTROPY_CODERS["fixed_length"](tensors).encode(*flat([[0]]))
    assert (huffman_bits.tolist(), fixed_bits.tolist()) == ([0], [0, 0, 0, 0, 0])


def test_tables_that_are_no_code_are_refused() -> None:
    with pytest.raises(CodeTableError, match="Kraft sum 3/4"):
        Huffman(np.array([1, 2], np.uint8))
    for alphabet in (0, 65537):
        with pytest.raises(ValueError, match=f"{alphabet} symbols"):
            FixedLength(alphabet)


@pytest.mark.parametrize(
    ("symbols", "grids", "message"),
    [
        (
            np.array([1, 5], np.uint16),
            np.array([[0, 2, 9, 1]]),
            r"symbols\[1\] is 5; the alphabet is 0 to 4",
        ),
        (np.array([1, 2], np.uint16), np.array([[0, 1, 9, 1]]), "runs hold 1 symbols; there are 2"),
        (
            np.array([1, 2], np.uint16),
            np.array([[0, 3, 9, 1], [0, -1, 9, 1]]),
            r"a run is \[0, -1, 9, 1\]",
        ),
        (np.array([1, 2], np.uint16), np.array([[0, 2**31, 9, 2**31]] * 2), "runs hold 9.2"),
        (
            np.array([1, 2], np.int64),
            np.array([[0, 2, 9, 1]]),
            "symbols is .* int64; it must be .* uint16",
        ),
        (np.array([[1, 2]], np.uint16), np.array([[0, 2, 9, 1]]), r"symbols is \(1, 2\)"),
        (
            np.array([1, 2], np.uint16),
            np.array([[0, 2.0, 9, 1]]),
            r"runs are \(1, 4\) float64; .* \(n, 4\) int64",
        ),
        (np.array([1, 2], np.uint16), np.array([2]), r"runs are \(1,\) int64"),
    ],
)
def test_encode_refuses_arrays_that_do_not_fit_together(
    symbols: Any, grids: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FIVE.encode(symbols, grids)


@pytest.mark.parametrize(
    ("bits", "lengths", "grids", "message"),
    [
        (
            np.zeros(6, np.uint8),
            np.array([3]),
            np.array([[0, 1, 9, 1]]),
            "lengths sum to 3; there are 6 bits",
        ),
        (
            np.zeros(6, np.uint8),
            np.array([9, -3]),
            np.array([[0, 1, 9, 1]] * 2),
            r"lengths\[1\] is -3",
        ),
        (
            np.zeros(6, np.uint8),
            np.array([6]),
            np.array([[0, 1, 9, 1]] * 2),
            "runs are of 2 messages, lengths of 1",
        ),
        (
            np.zeros(6, np.uint8),
            np.array([6]),
            np.array([[0, -1, 9, 1]]),
            r"a run is \[0, -1, 9, 1\]",
        ),
        (
            np.zeros(6, np.uint8),
            np.array([3, 3]),
            np.array([[0, 2**31, 9, 2**31]] * 2),
            "runs hold 9.2",
        ),
        (
            np.zeros(6, np.bool_),
            np.array([6]),
            np.array([[0, 2, 9, 1]]),
            "bits is .* bool; it must be .* uint8",
        ),
        (np.zeros(6, np.uint8), np.array([6]), np.array([1]), r"runs are \(1,\)"),
    ],
)
def test_decode_refuses_arrays_that_do_not_fit_together(
    bits: Any, lengths: Any, grids: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FIVE.decode(bits, lengths, grids)
