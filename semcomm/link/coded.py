"""Channel coding and retransmission: frames are coded, sent, decoded, checked, and sent again where they are wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.errors import LinkError
from semcomm.frames import Counts, Frames, Reception
from semcomm.link.codes import BlockCode, Code, LdpcCode
from semcomm.link.soft_bits import counted, soft_bits, wrong

Bits = NDArray[np.uint8]
Llrs = NDArray[np.float32]

LENGTH_BITS = 16
CONTROL = LdpcCode("1/5")
CONTROL_EFFICIENCY = Fraction(2, 5)
"""Bits of the control field that a symbol carries, or a symbol of BPSK; fewer where payloads have less than one."""

VERSIONS = (0, 2, 3, 1)
"""The order in which redundancy versions are sent: 3GPP TS 38.214, section 5.1.2.1."""


@dataclass(frozen=True)
class Retransmission:
    """Frames whose check fails are sent again; the receiver answers each transmission with one bit, never wrong.

    model: arq decodes each transmission by itself. chase sends the same bits again and adds up LLRs (Chase, Code
        combining, IEEE Trans. Commun. 33(5), 1985); incremental sends other bits of the mother codeword.
    transmissions: at most so many of a frame, the first included.
    """

    model: Literal["arq", "chase", "incremental"] = "chase"
    transmissions: Annotated[int, Ge(2), Le(64)] = 4


@dataclass(frozen=True)
class Coded(BitChannel):
    """Sends frames over another channel, each as a control field and a coded payload.

    The control field is the frame's length in 16 bits, in a code of lower rate than the payload's. With it a
    receiver knows all it needs: modulation and code are agreed. A frame whose control field is decoded wrong is
    lost, and arrives with no bits.

    intact: the receiver's check, (F,) bool of F frames; what it refuses is sent again.
    """

    channel: BitChannel
    code: Code
    bits_per_symbol: int
    retransmission: Retransmission | None
    intact: Callable[[Frames], NDArray[np.bool_]]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        if frames.lengths.max(initial=0) >= 1 << LENGTH_BITS:
            raise LinkError(
                f"a frame has {frames.lengths.max()} bits, more than the {(1 << LENGTH_BITS) - 1} that the link's "
                "control field can tell: send more slices an image (framing.slices)"
            )
        sent = [_Sent(self, bits) for bits in frames.split()]
        counts = np.zeros((6, len(frames)), np.int64)
        waiting, arrived = np.arange(len(frames)), frames
        for number in range(self.retransmission.transmissions if self.retransmission else 1):
            counts[:, waiting] += self._round(number, [sent[place] for place in waiting], rng.spawn(1)[0])
            arrived = Frames.join([frame.received for frame in sent])
            if number == 0:
                counts[5] = wrong(frames, arrived)
            waiting = waiting[~self.intact(arrived)[waiting]]
            if not waiting.size:
                break
        return Reception(arrived, None, Counts(*counts))

    def _round(self, number: int, sent: Sequence["_Sent"], rng: np.random.Generator) -> NDArray[np.int64]:
        """Send these frames once and decode what has arrived of them; returns what that took, (6, len(sent))."""
        frames = Frames.join([frame.bits_of(number) for frame in sent])
        reception = self.channel.transmit(frames, rng)
        llrs = np.split(soft_bits(frames, reception), np.cumsum(frames.lengths)[:-1])
        for frame, heard in zip(sent, llrs, strict=True):
            frame.hear(number, heard)
        self._decode(sent)
        took = counted(frames, reception)
        once = np.ones(len(sent), np.int64)
        answers = once if self.retransmission else 0 * once
        return np.array([took.channel_uses, took.channel_bits, took.bit_errors, once, answers, 0 * once])

    def _decode(self, sent: Sequence["_Sent"]) -> None:
        controls = _bits_in_rows(CONTROL, [frame.control for frame in sent])
        payloads = _bits_in_rows(self.code, [frame.payload for frame in sent])
        for frame, control, payload in zip(sent, controls, payloads, strict=True):
            known = np.array_equal(control, _length_field(frame.bits.size))
            frame.received = payload[: frame.bits.size] if known else payload[:0]

    @cached_property
    def control_bits(self) -> int:
        """Coded bits of the control field: whole symbols."""
        efficiency = min(Fraction(1), self.bits_per_symbol * self.code.nominal_rate)
        return self.bits_per_symbol * ceil(LENGTH_BITS / (CONTROL_EFFICIENCY * efficiency))


@dataclass
class _Word:
    """A codeword on its way: what is sent of it, and the LLRs that have arrived of all its bits."""

    code: BlockCode
    bits: Bits
    llrs: Llrs = field(init=False)

    def __post_init__(self) -> None:
        filled = np.zeros((1, self.code.payload_bits), np.uint8)
        filled[0, : self.bits.size] = self.bits
        self.word = self.code.mother(filled)[0]
        self.llrs = np.zeros(self.word.size, np.float32)


class _Sent:
    """A frame that is being sent, at both ends."""

    def __init__(self, link: Coded, bits: Bits) -> None:
        self.link, self.bits, self.received = link, bits, bits[:0]
        self.control = _Word(CONTROL.of(LENGTH_BITS), _length_field(bits.size))
        self.payload = _Word(link.code.of(bits.size), bits)

    def bits_of(self, number: int) -> Bits:
        """What transmission `number` sends."""
        control, payload = self._places(number)
        return np.concatenate([self.control.word[control], self.payload.word[payload]])

    def hear(self, number: int, llrs: Llrs) -> None:
        """Take in what has arrived of transmission `number`."""
        control, payload = self._places(number)
        if self.link.retransmission and self.link.retransmission.model == "arq":
            self.control.llrs[:], self.payload.llrs[:] = 0, 0
        np.add.at(self.control.llrs, control, llrs[: control.size])
        np.add.at(self.payload.llrs, payload, llrs[control.size :])

    def _places(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        per_symbol, scheme = self.link.bits_per_symbol, self.link.retransmission
        version = VERSIONS[number % 4] if scheme and scheme.model == "incremental" else 0
        code = self.payload.code
        control = self.control.code.positions(self.link.control_bits, 0, per_symbol)
        return control, code.positions(code.sent_bits(per_symbol), version, per_symbol)


def _length_field(length: int) -> Bits:
    return (length >> np.arange(LENGTH_BITS)[::-1] & 1).astype(np.uint8)


def _bits_in_rows(code: Code, words: Sequence[_Word]) -> list[Any]:
    """The payloads that are decoded from the words' LLRs."""
    bits = code.decode([word.code for word in words], np.concatenate([word.llrs for word in words]))
    return np.split(bits, np.cumsum([word.code.payload_bits for word in words])[:-1])
