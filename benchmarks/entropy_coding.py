"""Symbols a second of our entropy coders and of others, on one core.

10,000 messages of 128 symbols, independently drawn from 256 with Zipf-like probabilities. Each coder gets
and returns the form it likes best (lists, one bitarray or model a table), made before the clock starts, and
every message is coded on its own, since each is lost on its own. The clock counts processor time of all
threads: other work on the machine does not slow a coder down, and a second thread would not speed it up.

    python benchmarks/entropy_coding.py
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import constriction  # it ships no type hints
import numpy as np
from bitarray import bitarray, decodetree
from bitarray.util import huffman_code
from numpy.typing import NDArray

from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths

SYMBOLS = 128
PROBABILITIES = 1 / (np.arange(256) + 2.0) ** 1.2
PROBABILITIES /= PROBABILITIES.sum()

Messages = NDArray[np.uint16]


@dataclass(frozen=True)
class Contestant:
    """A coder of (M, 128) messages, its arguments prepared."""

    name: str
    encode: Callable[[], Any]
    decode: Callable[[Any], Any]
    bits: Callable[[Any], int]
    """Bits that what `encode` returned has to be sent in."""


def ours(name: str, messages: Messages) -> Contestant:
    coder = ENTROPY_CODERS[name]({"code_lengths": optimal_code_lengths(PROBABILITIES)})
    symbols, grids = messages.ravel(), np.tile([1, SYMBOLS, 1], (len(messages), 1))
    return Contestant(
        name=f"semcomm {name}",
        encode=lambda: coder.encode(symbols, grids),
        decode=lambda encoded: coder.decode(encoded[0], encoded[1], grids).symbols,
        bits=lambda encoded: encoded[0].size,
    )


def bitarray_huffman(messages: Messages) -> Contestant:
    code = huffman_code(dict(enumerate(PROBABILITIES.tolist())))
    tree = decodetree(code)
    lists = messages.tolist()

    def encode() -> list[bitarray]:
        encoded = [bitarray() for _ in lists]
        for bits, message in zip(encoded, lists, strict=True):
            bits.encode(code, message)
        return encoded

    return Contestant(
        name="bitarray huffman",
        encode=encode,
        decode=lambda encoded: [list(bits.decode(tree)) for bits in encoded],
        bits=lambda encoded: sum(map(len, encoded)),
    )


def constriction_huffman(messages: Messages) -> Contestant:
    encoder_tree = constriction.symbol.huffman.EncoderHuffmanTree(PROBABILITIES)
    decoder_tree = constriction.symbol.huffman.DecoderHuffmanTree(PROBABILITIES)
    lists = messages.tolist()

    def encode_one(message: list[int]) -> tuple[NDArray[np.uint32], int]:
        encoder = constriction.symbol.QueueEncoder()
        for symbol in message:
            encoder.encode_symbol(symbol, encoder_tree)
        words, bits = encoder.get_compressed_and_bitrate()
        return words, bits

    def decode_one(words: NDArray[np.uint32]) -> list[int]:
        decoder = constriction.symbol.QueueDecoder(words)
        return [decoder.decode_symbol(decoder_tree) for _ in range(SYMBOLS)]

    return Contestant(
        name="constriction huffman",
        encode=lambda: [encode_one(message) for message in lists],
        decode=lambda encoded: [decode_one(words) for words, _ in encoded],
        bits=lambda encoded: sum(bits for _, bits in encoded),
    )


def constriction_range(messages: Messages) -> Contestant:
    model = constriction.stream.model.Categorical(PROBABILITIES.astype(np.float32), perfect=False)
    arrays = list(messages.astype(np.int32))

    def encode_one(message: NDArray[np.int32]) -> NDArray[np.uint32]:
        encoder = constriction.stream.queue.RangeEncoder()
        encoder.encode(message, model)
        return np.asarray(encoder.get_compressed())

    def decode_one(words: NDArray[np.uint32]) -> NDArray[np.int32]:
        return np.asarray(constriction.stream.queue.RangeDecoder(words).decode(model, SYMBOLS))

    return Contestant(
        name="constriction range",
        encode=lambda: [encode_one(message) for message in arrays],
        decode=lambda encoded: [decode_one(words) for words in encoded],
        bits=lambda encoded: 32 * sum(words.size for words in encoded),
    )


def seconds(task: Callable[[], Any], runs: int) -> float:
    """Median processor time of several runs."""
    times = []
    for _ in range(runs):
        begin = time.process_time()
        task()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def report(contestant: Contestant, messages: Messages, runs: int) -> str:
    encoded = contestant.encode()
    decoded = np.asarray(contestant.decode(encoded)).reshape(messages.shape)
    if not np.array_equal(decoded, messages):
        raise RuntimeError(f"{contestant.name} decoded other symbols than it encoded")
    encode_speed = messages.size / seconds(contestant.encode, runs) / 1e6
    decode_speed = messages.size / seconds(lambda: contestant.decode(encoded), runs) / 1e6
    bits = contestant.bits(encoded) / messages.size
    return f"{contestant.name:22}{encode_speed:10.1f}{decode_speed:10.1f}{bits:16.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Symbols a second of entropy coders, on one core.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7, help="the median of so many counts")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    drawn = rng.choice(PROBABILITIES.size, (options.messages, SYMBOLS), p=PROBABILITIES)
    messages = drawn.astype(np.uint16)
    entropy = -PROBABILITIES @ np.log2(PROBABILITIES)
    print(f"{options.messages} messages of {SYMBOLS} symbols, {entropy:.3f} bits of entropy each")
    print(f"{'million symbols/s':22}{'encode':>10}{'decode':>10}{'bits a symbol':>16}")
    others = [bitarray_huffman, constriction_huffman, constriction_range]
    for contestant in [ours(name, messages) for name in ENTROPY_CODERS] + [make(messages) for make in others]:
        print(report(contestant, messages, options.runs), flush=True)


if __name__ == "__main__":
    main()
