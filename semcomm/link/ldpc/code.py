"""The code of a whole payload, cut into code blocks, and the joint decoding of many frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import LinkError
from semcomm.link.ldpc.base_graph import MAX_PAYLOAD_BITS, LiftedGraph
from semcomm.link.ldpc.code_block import CodeBlock, choose_base_graph
from semcomm.link.ldpc.decoder import CodeBlocks, Results, decode_blocks
from semcomm.link.ldpc.encoder import encode
from semcomm.ragged import offsets

RATES = Fraction(30, 1024), Fraction(948, 1024)
"""The lowest and the highest code rate of the tables of 3GPP TS 38.214, section 5.1.3.1.

TS 38.212 itself sets no limits: below the rate of a base graph's mother codeword, 1/3 of base graph
1 and 1/5 of base graph 2, rate matching goes around the circular buffer more than once.
"""

SHORT_RATES = (34, Fraction(9, 10)), (125, Fraction(11, 12))
"""Payloads shorter than each of these lengths are sent at no higher rate than that beside it. So
few bits of payloads of 19 to 22 and 31 to 33 bits would be sent at 11/12, and of some of up to 124
bits at 948/1024, that belief propagation could not recover the bits never sent even without noise.
"""

MAX_ITERATIONS = 20


@dataclass(frozen=True)
class Decoded:
    """The decoder's output for F frames.

    payloads: uint8 zeros and ones, (F, k) where all frames have one code, else the payloads of all
        frames in a row.
    iterations: (F,) int64, the most that a code block of the frame took.
    converged: (F,) bool, every parity check holds and no payload bit is undecided. Rarely a wrong
        payload converges too; only a check of the payload itself, such as the frame's CRC, detects
        it.
    """

    payloads: NDArray[np.uint8]
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


@dataclass(frozen=True)
class Ldpc:
    """The LDPC code of 5G NR for payloads of k bits at a code rate from 30/1024 to 948/1024.

    A payload longer than a code block is cut into as few and as equal code blocks as possible (3GPP
    TS 38.212, section 5.2.2). The standard gives each code block a CRC, so that fewer are sent
    again; frames here have a CRC of their own and are sent again as a whole, so code blocks have
    none. The mother codeword is that of all code blocks in a row.

    payload_bits: k, 12 or more.
    rate: the code rate, which determines the base graph and `sent_bits`.
    """

    payload_bits: int
    rate: Fraction

    def __post_init__(self) -> None:
        if self.payload_bits < 12:
            raise LinkError(
                f"a payload of {self.payload_bits} bits; the LDPC codes of 5G NR take 12 or more"
            )
        if not RATES[0] <= self.rate <= RATES[1]:
            raise LinkError(
                f"code rate {self.rate}; the LDPC codes of 5G NR take {RATES[0]} to {RATES[1]}"
            )

    @cached_property
    def blocks(self) -> tuple[CodeBlock, ...]:
        base_graph = choose_base_graph(self.payload_bits, self.rate)
        count = ceil(self.payload_bits / MAX_PAYLOAD_BITS[base_graph])
        return tuple(CodeBlock(size, base_graph) for size in _shares(self.payload_bits, count))

    @cached_property
    def mother_bits(self) -> int:
        return sum(block.mother_bits for block in self.blocks)

    def sent_bits(self, bits_per_symbol: int = 1) -> int:
        """The number of bits in a first transmission: the fewest that fill whole symbols at no more
        than the code rate.
        """
        limits = [rate for length, rate in SHORT_RATES if self.payload_bits < length]
        rate = min([self.rate, *limits])
        return bits_per_symbol * ceil(self.payload_bits / rate / bits_per_symbol)

    def encode(self, payloads: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The mother codewords, (F, m), of payloads (F, k), uint8 zeros and ones."""
        if payloads.shape[1:] != (self.payload_bits,):
            raise LinkError(
                f"payloads of shape {payloads.shape}; this code is for {self.payload_bits} bits "
                "each"
            )
        stops = np.cumsum([block.payload_bits for block in self.blocks])
        parts = np.split(payloads, stops[:-1], axis=1)
        blocks = zip(self.blocks, parts, strict=True)
        return np.concatenate(
            [encode(block.graph, np.ascontiguousarray(part)) for block, part in blocks], axis=1
        )

    def rate_match(
        self, sent: int, version: int = 0, bits_per_symbol: int = 1
    ) -> NDArray[np.int64]:
        """The positions in the mother codeword of the bits that are sent, in order, (sent,); all
        code blocks have equal shares.

        sent: the number of bits, a multiple of bits_per_symbol.
        version: the redundancy version, 0 to 3. Version 0, which is sent first, starts with the
            payload, without the 2 Z bits that are never sent.
        bits_per_symbol: see `CodeBlock.rate_match`.
        """
        if version not in range(4):
            raise LinkError(f"redundancy version {version}; there are 0 to 3")
        if sent % bits_per_symbol:
            raise LinkError(f"{sent} bits do not fill symbols of {bits_per_symbol} bits")
        parts, start = [], 0
        shares = _shares(sent // bits_per_symbol, len(self.blocks))
        for block, symbols in zip(self.blocks, shares, strict=True):
            part = block.rate_match(symbols * bits_per_symbol, version, bits_per_symbol)
            parts.append(start + part)
            start += block.mother_bits
        return np.concatenate(parts)

    def decode(self, llrs: NDArray[np.float32], max_iterations: int = MAX_ITERATIONS) -> Decoded:
        """Decode frames from the LLRs of their mother codewords, as `decode` does.

        llrs: (F, m) float32 ln P(0) / P(1), the sum over all transmissions of a bit, 0 for a bit
            that was not received.
        """
        decoded = decode([self] * len(llrs), llrs.reshape(-1), max_iterations)
        return replace(decoded, payloads=decoded.payloads.reshape(-1, self.payload_bits))


def decode(
    codes: Sequence[Ldpc], llrs: NDArray[np.float32], max_iterations: int = MAX_ITERATIONS
) -> Decoded:
    """Decode frames, each with its own code; the result of a frame does not depend on the others.

    llrs: (sum of mother_bits,) float32 ln P(0) / P(1), one frame after the other, 0 where nothing
        was received.
    max_iterations: a frame stops after the first iteration that satisfies all parity checks, or
        after this many.
    """
    blocks = [block for code in codes for block in code.blocks]
    payload_bits = np.array([block.payload_bits for block in blocks], np.int64)
    mother_bits = np.array([block.mother_bits for block in blocks], np.int64)
    if llrs.shape != (mother_bits.sum(),):
        raise LinkError(
            f"LLRs of shape {llrs.shape}; the mother codewords have {mother_bits.sum()} bits in "
            "a row"
        )
    llr_starts = offsets(mother_bits)
    table = CodeBlocks(
        numbers=np.arange(len(blocks)),
        payload_bits=payload_bits,
        bit_starts=offsets(payload_bits),
        llr_starts=llr_starts,
        llr_stops=llr_starts + mother_bits,
    )
    results = Results(
        bits=np.empty(payload_bits.sum(), np.uint8),
        iterations=np.empty(len(blocks), np.int64),
        converged=np.empty(len(blocks), bool),
    )
    contiguous = np.ascontiguousarray(llrs, np.float32)
    for graph, numbers in _by_graph(blocks):
        members = CodeBlocks(*(column[numbers] for column in table))
        decode_blocks(graph, members, contiguous, max_iterations, results)
    firsts = offsets(np.array([len(code.blocks) for code in codes], np.int64))
    return Decoded(
        payloads=results.bits,
        iterations=np.maximum.reduceat(results.iterations, firsts),
        converged=np.logical_and.reduceat(results.converged, firsts),
    )


def _by_graph(blocks: list[CodeBlock]) -> list[tuple[LiftedGraph, list[int]]]:
    """The graphs of code blocks, and the numbers of the blocks of each."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    for number, block in enumerate(blocks):
        groups.setdefault(
            (block.base_graph, block.lifting, block.graph.payload_columns), []
        ).append(number)
    return [(blocks[numbers[0]].graph, numbers) for numbers in groups.values()]


def _shares(total: int, count: int) -> list[int]:
    """`count` numbers that add up to `total` and differ by at most 1, the smaller ones first."""
    return [
        stop - start
        for start, stop in pairwise(total * number // count for number in range(count + 1))
    ]
