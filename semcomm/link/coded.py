"""Channel coding and retransmission: frames are coded, sent, decoded, checked, and sent again where
they are wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.counting import channel_counts, frame_errors
from semcomm.errors import LinkError
from semcomm.frames import Counts, Frames, Reception
from semcomm.link.codes import Code, LdpcCode, mothers
from semcomm.link.soft_bits import soft_bits

Bits = NDArray[np.uint8]
Llrs = NDArray[np.float32]
Numbers = NDArray[np.int64]

LENGTH_BITS = 16
CONTROL = LdpcCode("1/5")
CONTROL_EFFICIENCY = Fraction(2, 5)
"""Bits of the control field a symbol, where payloads have one or more; where they have fewer, this
times theirs.
"""

VERSIONS = (0, 2, 3, 1)
"""The order in which redundancy versions are sent: 3GPP TS 38.214, section 5.1.2.1."""


@dataclass(frozen=True)
class Retransmission:
    """Frames whose check fails are sent again; the receiver answers each transmission with one bit,
    never wrong.
    """

    model: Annotated[
        Literal["arq", "chase", "incremental"],
        doc(
            "arq decodes each transmission by itself. chase sends the same bits again and "
            "adds up LLRs (Chase, Code combining, IEEE Trans. Commun. 33(5), 1985); "
            "incremental sends other bits of the mother codeword."
        ),
    ] = "chase"
    transmissions: Annotated[
        int, Ge(2), Le(64), doc("at most so many of a frame, the first included")
    ] = 4


@dataclass(frozen=True)
class Coded(BitChannel):
    """Sends frames over another channel, each as a control field and a coded payload.

    The control field is the frame's length in 16 bits, in a code of lower rate than the payload's.
    With it a receiver knows all it needs: modulation and code are agreed. A frame whose control
    field is decoded wrong is lost, and arrives with no bits.

    bits_per_symbol: of the modulation, 1 for a channel of bits; both parts of a frame fill whole
        symbols.
    intact: the receiver's check, (F,) bool of F frames; what it refuses is sent again.
    """

    channel: BitChannel
    code: Code
    bits_per_symbol: int
    retransmission: Retransmission | None
    intact: Callable[[Frames], NDArray[np.bool_]]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        """As `BitChannel.transmit`; raises LinkError for a frame that is longer than its control
        field can tell.

        The first transmissions draw from `rng`, as frames do that are not coded.
        """
        if frames.lengths.max(initial=0) >= 1 << LENGTH_BITS:
            raise LinkError(
                f"a frame has {frames.lengths.max()} bits, more than the "
                f"{(1 << LENGTH_BITS) - 1} that the link's "
                "control field can tell: send more slices an image (framing.slices)"
            )
        words, received = _Words(self, frames), [np.empty(0, np.uint8)] * len(frames)
        counts, waiting = np.zeros((6, len(frames)), np.int64), np.arange(len(frames))
        again = self.retransmission.transmissions - 1 if self.retransmission else 0
        for number, draws in enumerate([rng, *rng.spawn(again)]):
            if not waiting.size:
                break
            counts[:5, waiting] += self._send(words, waiting, number, draws)
            decoded = words.decoded(waiting)
            for place, bits in zip(waiting, decoded, strict=True):
                received[place] = bits
            if number == 0:
                counts[5] = frame_errors(frames, Frames.join(received))
            waiting = waiting[~self.intact(Frames.join(decoded))]
        return Reception(Frames.join(received), None, Counts(*counts))

    def _send(
        self, words: "_Words", waiting: Numbers, number: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Send the frames that wait, `number` times before, once more; returns what that took, (5,
        how many wait).
        """
        model = self.retransmission.model if self.retransmission else "arq"
        places, lengths = words.sent(
            waiting, VERSIONS[number % len(VERSIONS)] if model == "incremental" else 0
        )
        frames = Frames(words.bits[places], lengths)
        reception = self.channel.transmit(frames, rng)
        if model == "arq":
            words.llrs[:] = 0
        np.add.at(words.llrs, places, soft_bits(frames, reception, self.code.hard_llr))
        took, once = channel_counts(frames, reception), np.ones_like(lengths)
        answers = once if self.retransmission else 0 * once
        return np.array([took.channel_uses, took.channel_bits, took.bit_errors, once, answers])

    @cached_property
    def control_bits(self) -> int:
        """Coded bits of the control field: whole symbols."""
        efficiency = min(Fraction(1), self.bits_per_symbol * self.code.nominal_rate)
        return self.bits_per_symbol * ceil(LENGTH_BITS / (CONTROL_EFFICIENCY * efficiency))


class _Words:
    """The codewords of F frames on their way, for each that of its control field and then that of
    its payload.

    bits: the 2 F mother codewords, one after the other. llrs: what has arrived of each bit, added
        up; 0 is nothing.
    """

    def __init__(self, link: Coded, frames: Frames) -> None:
        self.link = link
        self.fields = (frames.lengths[:, None] >> np.arange(LENGTH_BITS)[::-1] & 1).astype(np.uint8)
        pairs = zip(self.fields, frames.split(), strict=True)
        self.payloads = Frames.join([bits for pair in pairs for bits in pair])
        lengths = frames.lengths.tolist()
        code_of, control = (
            {length: link.code.of(length) for length in set(lengths)},
            CONTROL.of(LENGTH_BITS),
        )
        self.codes = [code for length in lengths for code in (control, code_of[length])]
        words = mothers(self.codes, self.payloads)
        self.bits, self.starts, self.stops = words.bits, words.starts, words.starts + words.lengths
        self.llrs = np.zeros(words.bits.size, np.float32)

    def sent(self, numbers: Numbers, version: int) -> tuple[Numbers, Numbers]:
        """Where among all codewords those bits are that the frames of these numbers send, and how
        many each sends.
        """
        per_symbol = self.link.bits_per_symbol
        control = CONTROL.of(LENGTH_BITS).positions(self.link.control_bits, 0, per_symbol)
        codes = {self.codes[word].payload_bits: self.codes[word] for word in 2 * numbers + 1}
        payload = {
            bits: code.positions(code.sent_bits(per_symbol), version, per_symbol)
            for bits, code in codes.items()
        }
        places = []
        for word in 2 * numbers:
            behind = payload[self.codes[word + 1].payload_bits]
            places.append(
                np.concatenate([self.starts[word] + control, self.starts[word + 1] + behind])
            )
        return np.concatenate(places), np.array([part.size for part in places])

    def decoded(self, numbers: Numbers) -> list[Bits]:
        """The payloads of the frames of these numbers; those whose control field is wrong have no
        bits.
        """
        controls = self._decoded(CONTROL, 2 * numbers)
        payloads = self._decoded(self.link.code, 2 * numbers + 1)
        known = np.all(controls == self.fields[numbers], axis=1)
        return [bits if right else bits[:0] for bits, right in zip(payloads, known, strict=True)]

    def _decoded(self, model: Code, words: Numbers) -> list[Bits]:
        codes = [self.codes[word] for word in words]
        llrs = np.concatenate([self.llrs[self.starts[word] : self.stops[word]] for word in words])
        rows = Frames(
            model.decode(codes, llrs), np.array([code.payload_bits for code in codes])
        ).split()
        return [
            bits[:length] for bits, length in zip(rows, self.payloads.lengths[words], strict=True)
        ]
