"""Encoding and decoding with a prefix code by table, many messages in one call."""

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.code_table import MAX_CODE_LENGTH, canonical_codes
from semcomm.codec.entropy_coding.interface import Decoded, check_bits, check_symbols
from semcomm.compiled import compiled


class PrefixCode:
    """The canonical prefix code with the given code lengths; symbols are 0 to `alphabet` - 1.

    code_lengths: (at least alphabet,) uint8.
    Raises CodeTableError when they do not form a complete prefix code.

    Example: code lengths [2, 1, 3, 3] give the codewords 10, 0, 110, 111. Symbols 1, 0, 3 are the
    bits 0 10 111; the bits 0 10 11 are two valid symbols and the beginning of a third.
    """

    def __init__(self, code_lengths: NDArray[np.uint8], alphabet: int) -> None:
        codes = canonical_codes(code_lengths)
        self._alphabet = alphabet
        self._code_lengths = np.ascontiguousarray(code_lengths)
        self._codewords = _left_aligned_bits(codes, code_lengths)
        self._symbol_of_window = _symbol_of_window(code_lengths)
        self._length_of_window = code_lengths[self._symbol_of_window]

    @property
    def code_lengths(self) -> NDArray[np.uint8]:
        """(alphabet,) bits of each symbol's codeword."""
        return self._code_lengths[: self._alphabet]

    @property
    def min_bits_per_symbol(self) -> int:
        return int(self.code_lengths.min())

    def encode(
        self, symbols: NDArray[np.uint16], runs: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The codewords of all messages one after the other, most significant bit first.

        symbols: all messages one after the other.
        runs: (M, 4) the positions of each; a prefix code uses their number alone.
        Returns bits (sum(lengths),) uint8 zeros and ones, and lengths (M,) int64, the bits of each
        message.
        Raises ValueError when the arrays are inconsistent, or a symbol is outside the alphabet.
        """
        counts = check_symbols(symbols, runs, self._alphabet)
        lengths = _message_lengths(symbols, counts, self._code_lengths)
        bits = np.empty(lengths.sum() + MAX_CODE_LENGTH, np.uint8)
        _write_codewords(symbols, self._codewords, self._code_lengths, bits)
        return bits[:-MAX_CODE_LENGTH], lengths

    def decode(
        self, bits: NDArray[np.uint8], lengths: NDArray[np.int64], runs: NDArray[np.int64]
    ) -> Decoded:
        """The symbols of messages that may be damaged; arbitrary bits raise no error.

        A message is decoded up to its first sign of damage, which is an unused codeword or one that
        is cut off by the message's end. Each message is decoded from its own bits alone.

        bits: (sum(lengths),) zeros and ones, all messages one after the other.
        lengths: (M,) bits of each message.
        runs: (M, 4) the positions that each message should hold; all their symbols are allocated.
        Raises ValueError when the arrays are inconsistent.
        """
        counts = check_bits(bits, lengths, runs)
        symbols = np.zeros(counts.sum(), np.uint16)
        tables = self._symbol_of_window, self._length_of_window, self._alphabet
        valid, intact = _decode_messages(_packed(bits), lengths, counts, tables, symbols)
        return Decoded(symbols, valid, intact)


def _left_aligned_bits(
    codes: NDArray[np.uint32], code_lengths: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(K, 16) zeros and ones: each codeword's bits, then zeros."""
    aligned = (codes << (MAX_CODE_LENGTH - code_lengths)).astype(">u2")
    return np.unpackbits(aligned.view(np.uint8).reshape(-1, 2), axis=1)


def _symbol_of_window(code_lengths: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """(2^longest,) the symbol whose codeword begins a window of `longest` bits, by its value."""
    canonical = np.argsort(code_lengths, kind="stable")
    unused_bits = code_lengths.max() - code_lengths[canonical].astype(np.int64)
    return np.repeat(canonical.astype(np.uint16), 1 << unused_bits)


def _packed(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Eight bits per byte, and three bytes of zeros for windows at the very end."""
    return np.concatenate([np.packbits(bits), np.zeros(3, np.uint8)])


@compiled
def _message_lengths(
    symbols: NDArray[np.uint16], counts: NDArray[np.int64], code_lengths: NDArray[np.uint8]
) -> NDArray[np.int64]:
    lengths = np.zeros(counts.size, np.int64)
    first = 0
    for message, count in enumerate(counts):
        for symbol in symbols[first : first + count]:
            lengths[message] += code_lengths[symbol]
        first += count
    return lengths


@compiled
def _write_codewords(
    symbols: NDArray[np.uint16],
    codewords: NDArray[np.uint8],
    code_lengths: NDArray[np.uint8],
    bits: NDArray[np.uint8],
) -> None:
    """Copy 16 bits for each symbol, which is one instruction; the next symbol overwrites the
    excess.
    """
    position = 0
    for symbol in symbols:
        for k in range(16):
            bits[position + k] = codewords[symbol, k]
        position += int(code_lengths[symbol])


@compiled
def _decode_messages(
    packed: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    counts: NDArray[np.int64],
    tables: tuple[NDArray[np.uint16], NDArray[np.uint8], int],
    symbols: NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Fill `symbols`; returns `valid` and `intact` of `Decoded`.

    A window may extend into the next message. A codeword in it is accepted only where it ends
    within this message, and then this message's bits alone determine it.
    """
    symbol_of_window, length_of_window, alphabet = tables
    spare_bits = 24 - int(length_of_window.max())
    valid = np.zeros(counts.size, np.int64)
    intact = np.zeros(counts.size, np.bool_)
    first = begin = 0
    for message in range(counts.size):
        position, end = begin, begin + lengths[message]
        while valid[message] < counts[message]:
            byte = position >> 3
            three_bytes = (
                int(packed[byte]) << 16 | int(packed[byte + 1]) << 8 | int(packed[byte + 2])
            )
            window = three_bytes >> (spare_bits - (position & 7)) & (symbol_of_window.size - 1)
            symbol, length = symbol_of_window[window], int(length_of_window[window])
            if symbol >= alphabet or length > end - position:
                break
            symbols[first + valid[message]] = symbol
            valid[message] += 1
            position += length
        intact[message] = valid[message] == counts[message] and position == end
        first += counts[message]
        begin = end
    return valid, intact
