"""Symbols a second of our entropy coders and of others, on one core.

10,000 messages of 128 symbols, independently drawn from 256 with Zipf-like probabilities. Each
coder gets and returns the form it likes best (lists, one bitarray or model a table), made before
the clock starts, and every message is coded on its own, since each is lost on its own. Then the
same for the indices of the sample's images, which a context model makes something of: constriction
gets its frequencies for nothing, so that it only codes, and ours computes them. The clock counts
processor time of all
threads: other work on the machine does not slow a coder down, and a second thread would not speed
    it up.

    python benchmarks/entropy_coding.py
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import constriction  # it ships no type hints
import numpy as np
from bitarray import bitarray, decodetree
from bitarray.util import huffman_code
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.entropy_coding.context_model import ContextModel
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.data.sample import Sample
from semcomm.zoo.find import load_codec

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


def ours(
    name: str, messages: Messages, tensors: Mapping[str, NDArray[Any]], grid: tuple[int, int, int]
) -> Contestant:
    coder = ENTROPY_CODERS[name](tensors)
    symbols, runs = messages.ravel(), whole_grids([grid] * len(messages))
    return Contestant(
        name=f"semcomm {name}",
        encode=lambda: coder.encode(symbols, runs),
        decode=lambda encoded: coder.decode(encoded[0], encoded[1], runs).symbols,
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


def constriction_range(
    messages: Messages, probabilities: NDArray[np.float64] = PROBABILITIES
) -> Contestant:
    model = constriction.stream.model.Categorical(probabilities.astype(np.float32), perfect=False)
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


def constriction_context(messages: Messages, codec: Codec) -> Contestant:
    """Its range coder with the frequencies of our context model, computed before the clock
    starts.
    """
    family = constriction.stream.model.Categorical(perfect=False)
    model, arrays = ContextModel.of(codec.tensors), list(messages.astype(np.int32))
    frequencies = [model.frequencies(message, 8, 8).astype(np.float32) for message in messages]

    def encode_one(message: NDArray[np.int32], known: NDArray[np.float32]) -> NDArray[np.uint32]:
        encoder = constriction.stream.queue.RangeEncoder()
        encoder.encode(message, family, known)
        return np.asarray(encoder.get_compressed())

    def decode_one(words: NDArray[np.uint32], known: NDArray[np.float32]) -> NDArray[np.int32]:
        return np.asarray(constriction.stream.queue.RangeDecoder(words).decode(family, known))

    return Contestant(
        name="constriction range, given ours",
        encode=lambda: [encode_one(*pair) for pair in zip(arrays, frequencies, strict=True)],
        decode=lambda encoded: [
            decode_one(*pair) for pair in zip(encoded, frequencies, strict=True)
        ],
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
    bits = contestant.bits(encoded) / len(messages)
    return f"{contestant.name:32}{encode_speed:10.2f}{decode_speed:10.2f}{bits:16.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Symbols a second of entropy coders, on one core.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7, help="the median of so many counts")
    parser.add_argument("--codec", default="ecvq-n128-nu16", help="one with a context model")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    drawn = rng.choice(PROBABILITIES.size, (options.messages, SYMBOLS), p=PROBABILITIES)
    messages = drawn.astype(np.uint16)
    entropy = -PROBABILITIES @ np.log2(PROBABILITIES)
    tensors = {"code_lengths": optimal_code_lengths(PROBABILITIES)}
    contestants = [
        ours(name, messages, tensors, (1, SYMBOLS, 1)) for name in ("fixed_length", "huffman")
    ]
    contestants += [
        make(messages) for make in (bitarray_huffman, constriction_huffman, constriction_range)
    ]
    title = f"{options.messages} messages of {SYMBOLS} symbols, {SYMBOLS * entropy:.2f} bits of entropy each"
    show(title, contestants, messages, options.runs)

    codec = load_codec(options.codec)
    grids = np.stack(codec.quantize(codec.encode(Sample().load(0, 256))))
    indices, grid = grids.reshape(len(grids), -1), grids[0].shape
    contestants = [ours(name, indices, codec.tensors, grid) for name in ("huffman", "context")]
    contestants += [
        constriction_range(indices, codec.probabilities),
        constriction_context(indices, codec),
    ]
    ideal = information(ContextModel.of(codec.tensors), indices)
    title = f"the indices of the sample's images, {ideal:.2f} bits of information each to the context model"
    show(title, contestants, indices, options.runs)


def information(model: ContextModel, messages: Messages) -> float:
    """-log2 of the shares of a message's symbols, the mean over messages."""
    bits = 0.0
    for message in messages:
        frequencies = model.frequencies(message, 8, 8)
        bits -= np.log2(
            frequencies[np.arange(message.size), message] / frequencies.sum(axis=1)
        ).sum()
    return bits / len(messages)


def show(title: str, contestants: list[Contestant], messages: Messages, runs: int) -> None:
    print(title)
    print(f"{'million symbols/s':32}{'encode':>10}{'decode':>10}{'bits a message':>16}")
    for contestant in contestants:
        print(report(contestant, messages, runs), flush=True)


if __name__ == "__main__":
    main()
