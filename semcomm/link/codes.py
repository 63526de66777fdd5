"""Channel codes: from payloads to codewords, and from LLRs to payloads."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import ceil, floor, log, log2
from typing import Annotated, Any, Protocol

import numpy as np
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray
from pydantic import StringConstraints
from scipy.optimize import brentq

from semcomm.errors import LinkError
from semcomm.frames import Frames
from semcomm.link.ldpc import RATES, Ldpc, decode
from semcomm.nearest import instead
from semcomm.validation import Validated

Bits = NDArray[np.uint8]
Llrs = NDArray[np.float32]

MIN_PAYLOAD_BITS = 12
"""Of the shortest payload that an LDPC code takes; zeros fill up shorter payloads."""


class BlockCode(Protocol):
    """The code of payloads of one length: the mother codeword, and which of its bits are sent."""

    @property
    def payload_bits(self) -> int: ...

    def sent_bits(self, bits_per_symbol: int = 1) -> int:
        """The number of bits in a transmission, a multiple of bits_per_symbol."""

    def encode(self, payloads: Bits) -> Bits:
        """The mother codewords of payloads: (F, payload_bits) to (F, mother bits)."""

    def rate_match(
        self, sent: int, version: int = 0, bits_per_symbol: int = 1
    ) -> NDArray[np.int64]:
        """(sent,) the positions in the mother codeword of the bits that a transmission sends."""


Rate = (
    Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}/[1-9][0-9]{0,3}$")]
    | Annotated[float, Ge(float(RATES[0])), Le(float(RATES[1]))]
)


@dataclass(frozen=True)
class LdpcCode(Validated, error=LinkError):
    """The LDPC codes of 5G NR (3GPP TS 38.212), decoded by belief propagation."""

    rate: Annotated[
        Rate,
        doc(
            "payload bits per coded bit, a fraction such as 1/2 or 658/1024, or a number: 30/1024 "
            "to 948/1024, which are the limits of 3GPP TS 38.214, section 5.1.3.1. Below 1/3, or "
            "1/5 for short frames, bits of the mother codeword are sent again."
        ),
    ] = "1/2"
    iterations: Annotated[
        int, Ge(1), Le(1000), doc("the decoder stops after this many, or once all checks hold")
    ] = 20

    def __post_init__(self) -> None:
        if not RATES[0] <= self.nominal_rate <= RATES[1]:
            raise LinkError(
                f"rate is {self.rate}; the LDPC codes of 5G NR take 30/1024 to 948/1024 (3GPP TS "
                "38.214, section 5.1.3.1)"
            )

    @property
    def nominal_rate(self) -> Fraction:
        """The rate as it is written: 0.6426 is 3213/5000."""
        return Fraction(str(self.rate))

    @property
    def hard_llr(self) -> float:
        """The LLR of a hard decision: its value at the code's limit, 1 - H(crossover) = rate.

        Sum-product decoding depends on it; at lower crossovers the code has margin to spare.
        """
        return _llr_at_capacity(float(self.nominal_rate))

    def of(self, payload_bits: int) -> BlockCode:
        """The code of payloads of this length."""
        return _ldpc(max(payload_bits, MIN_PAYLOAD_BITS), self.nominal_rate)

    def payload_bits_in(self, sent_bits: int) -> int:
        """The longest payload that a transmission of so many bits carries at the code rate."""
        longest = floor(sent_bits * self.nominal_rate)
        while longest >= MIN_PAYLOAD_BITS and self.of(longest).sent_bits() > sent_bits:
            longest -= 1
        return longest

    def decode(self, codes: Sequence[Any], llrs: Llrs) -> Bits:
        """The payloads of all frames in a row, from the LLRs of all mother codewords."""
        return decode(codes, llrs, self.iterations).payloads


@cache
def _llr_at_capacity(capacity: float) -> float:
    """ln((1 - p) / p) of the binary symmetric channel with this capacity.

    Example: 2.09 for a capacity of 1/2.
    """

    def surplus(crossover: float) -> float:
        return 1 + crossover * log2(crossover) + (1 - crossover) * log2(1 - crossover) - capacity

    crossover = brentq(surplus, 1e-9, 0.5)
    return log((1 - crossover) / crossover)


@lru_cache(maxsize=4096)
def _ldpc(payload_bits: int, rate: Fraction) -> Ldpc:
    return Ldpc(payload_bits, rate)


@dataclass(frozen=True)
class Repeated:
    """The block code of `RepetitionCode`: each payload bit `times` times."""

    payload_bits: int
    times: int

    def sent_bits(self, bits_per_symbol: int = 1) -> int:
        return bits_per_symbol * ceil(self.times * self.payload_bits / bits_per_symbol)

    def encode(self, payloads: Bits) -> Bits:
        return payloads

    def rate_match(
        self, sent: int, version: int = 0, bits_per_symbol: int = 1
    ) -> NDArray[np.int64]:
        return np.arange(sent) % self.payload_bits


@dataclass(frozen=True)
class RepetitionCode(Validated, error=LinkError):
    """Sends the payload `times` times and adds up the LLRs of each bit; once is no coding."""

    times: Annotated[int, Ge(1), Le(100), doc("how often each payload bit is sent")] = 3

    @property
    def nominal_rate(self) -> Fraction:
        return Fraction(1, self.times)

    @property
    def hard_llr(self) -> float:
        """The LLR of a hard decision. It does not matter here, but the control field beside these
        bits is decoded well with it.
        """
        return 2.0

    def of(self, payload_bits: int) -> BlockCode:
        """The code of payloads of this length."""
        return Repeated(max(payload_bits, 1), self.times)

    def payload_bits_in(self, sent_bits: int) -> int:
        """The longest payload that a transmission of so many bits carries at the code rate."""
        return sent_bits // self.times

    def decode(self, codes: Sequence[Any], llrs: Llrs) -> Bits:
        """The payloads of all frames in a row, from the LLRs of all mother codewords."""
        return (llrs < 0).astype(np.uint8)


Code = LdpcCode | RepetitionCode
CODES: dict[str, type[Code]] = {"ldpc": LdpcCode, "repetition": RepetitionCode}


def find_code(name: str) -> type[Code]:
    """The class of a code by its name."""
    if name not in CODES:
        raise LinkError(f"code {name} is unknown; {instead(name, CODES)}")
    return CODES[name]


def encode_all(codes: Sequence[BlockCode], payloads: Frames) -> Frames:
    """The mother codeword of each payload; zeros fill a payload up to the length of its code."""
    numbers_of = defaultdict(list)
    for number, code in enumerate(codes):
        numbers_of[code].append(number)
    bits, words = payloads.split(), [np.empty(0, np.uint8)] * len(codes)
    for code, numbers in numbers_of.items():
        rows = np.zeros((len(numbers), code.payload_bits), np.uint8)
        for row, number in zip(rows, numbers, strict=True):
            row[: bits[number].size] = bits[number]
        for number, word in zip(numbers, code.encode(rows), strict=True):
            words[number] = word
    return Frames.join(words)
