"""Channel codes: what a payload becomes before it is sent, and what is made of the LLRs that
arrive.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import ceil, log, log2
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray
from scipy.optimize import brentq

from semcomm.errors import LinkError
from semcomm.frames import Frames
from semcomm.link.ldpc import Ldpc, decode

Bits = NDArray[np.uint8]
Llrs = NDArray[np.float32]

SHORTEST = 12
"""Bits of the shortest payload that an LDPC code takes; zeros fill up shorter ones."""


class BlockCode(Protocol):
    """The code of payloads of one length: its mother codeword, and which of its bits are sent."""

    @property
    def payload_bits(self) -> int: ...

    def sent_bits(self, bits_per_symbol: int = 1) -> int:
        """Bits of a transmission, a multiple of bits_per_symbol."""

    def mother(self, payloads: Bits) -> Bits:
        """(F, payload_bits) to (F, bits of the mother codeword)."""

    def positions(self, sent: int, version: int = 0, bits_per_symbol: int = 1) -> NDArray[np.int64]:
        """(sent,) which bits of the mother codeword a transmission sends."""


Rate = Literal[
    "1/5", "1/4", "1/3", "2/5", "1/2", "3/5", "2/3", "3/4", "4/5", "5/6", "7/8", "8/9", "11/12"
]


@dataclass(frozen=True)
class LdpcCode:
    """The LDPC codes of 5G NR (3GPP TS 38.212), decoded by belief propagation."""

    rate: Annotated[Rate, doc("payload bits a coded bit")] = "1/2"
    iterations: Annotated[
        int, Ge(1), Le(1000), doc("the decoder stops after as many, or where all checks hold")
    ] = 20

    @property
    def nominal_rate(self) -> Fraction:
        return Fraction(self.rate)

    @property
    def hard_llr(self) -> float:
        """What a hard decision counts: its LLR where the code meets its limit, 1 - H(crossover) =
        rate.

        Sum-product decoding depends on it, and where hard decisions are surer the code has errors
        to spare.
        """
        return _llr_at_capacity(float(self.nominal_rate))

    def of(self, payload_bits: int) -> BlockCode:
        """The code of payloads of this length."""
        return _ldpc(max(payload_bits, SHORTEST), self.rate)

    def decode(self, codes: Sequence[Any], llrs: Llrs) -> Bits:
        """The payloads of all frames after each other, from the LLRs of all mother codewords."""
        return decode(codes, llrs, self.iterations).payloads


@cache
def _llr_at_capacity(capacity: float) -> float:
    """ln((1 - p) / p) of the binary symmetric channel that has this capacity. Example: of 1/2 it is
    2.09.
    """

    def surplus(crossover: float) -> float:
        return 1 + crossover * log2(crossover) + (1 - crossover) * log2(1 - crossover) - capacity

    crossover = brentq(surplus, 1e-9, 0.5)
    return log((1 - crossover) / crossover)


@lru_cache(maxsize=4096)
def _ldpc(payload_bits: int, rate: Rate) -> Ldpc:
    return Ldpc(payload_bits, Fraction(rate))


@dataclass(frozen=True)
class Repeated:
    """Each payload bit, `times` times over: the block code of `RepetitionCode`."""

    payload_bits: int
    times: int

    def sent_bits(self, bits_per_symbol: int = 1) -> int:
        return bits_per_symbol * ceil(self.times * self.payload_bits / bits_per_symbol)

    def mother(self, payloads: Bits) -> Bits:
        return payloads

    def positions(self, sent: int, version: int = 0, bits_per_symbol: int = 1) -> NDArray[np.int64]:
        return np.arange(sent) % self.payload_bits


@dataclass(frozen=True)
class RepetitionCode:
    """Sends the payload `times` times and adds up the LLRs of each bit; once is no code at all."""

    times: Annotated[int, Ge(1), Le(100), doc("how often each payload bit is sent")] = 3

    @property
    def nominal_rate(self) -> Fraction:
        return Fraction(1, self.times)

    @property
    def hard_llr(self) -> float:
        """What a hard decision counts: no matter here, but the control field beside these bits is
        decoded well so.
        """
        return 2.0

    def of(self, payload_bits: int) -> BlockCode:
        """The code of payloads of this length."""
        return Repeated(max(payload_bits, 1), self.times)

    def decode(self, codes: Sequence[Any], llrs: Llrs) -> Bits:
        """The payloads of all frames after each other, from the LLRs of all mother codewords."""
        return (llrs < 0).astype(np.uint8)


Code = LdpcCode | RepetitionCode
CODES: dict[str, type[Code]] = {"ldpc": LdpcCode, "repetition": RepetitionCode}


def find_code(name: str) -> type[Code]:
    """The class of a code by its name."""
    if name not in CODES:
        raise LinkError(f"code {name} is not known; there are {', '.join(CODES)}")
    return CODES[name]


def mothers(codes: Sequence[BlockCode], payloads: Frames) -> Frames:
    """The mother codeword of each payload, of no more bits than its code takes; zeros fill it
    up.
    """
    members = defaultdict(list)
    for number, code in enumerate(codes):
        members[code].append(number)
    bits, words = payloads.split(), [np.empty(0, np.uint8)] * len(codes)
    for code, numbers in members.items():
        rows = np.zeros((len(numbers), code.payload_bits), np.uint8)
        for row, number in zip(rows, numbers, strict=True):
            row[: bits[number].size] = bits[number]
        for number, word in zip(numbers, code.mother(rows), strict=True):
            words[number] = word
    return Frames.join(words)
