"""Channel coding and retransmission: frames are encoded, sent, decoded and checked, and sent again
where the check fails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Annotated, Literal, NamedTuple, Protocol

import numpy as np
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.counting import channel_counts, frame_errors
from semcomm.errors import ChannelError, LinkError
from semcomm.frames import Counts, Frames, Reception
from semcomm.link.codes import Code, LdpcCode, encode_all
from semcomm.link.scrambling import scrambling_sequence
from semcomm.link.soft_bits import soft_bits
from semcomm.validation import Validated

Bits = NDArray[np.uint8]
Numbers = NDArray[np.int64]

LENGTH_BITS = 16
CONTROL = LdpcCode("1/5")
CONTROL_EFFICIENCY = Fraction(2, 5)
"""Bits of the control field per symbol, where payloads have at least one bit per symbol; where they
have fewer, this times theirs.
"""

VERSIONS = (0, 2, 3, 1)
"""The order in which redundancy versions are sent: 3GPP TS 38.214, section 5.1.2.1."""


@dataclass(frozen=True)
class Retransmission(Validated, error=LinkError):
    """Frames whose CRC fails are sent again; the receiver answers each transmission with one bit,
    which is always received correctly.
    """

    model: Annotated[
        Literal["arq", "chase", "incremental"],
        doc(
            "arq decodes each transmission alone. chase sends the same bits again and adds up "
            "LLRs (Chase, Code combining, IEEE Trans. Commun. 33(5), 1985); incremental sends "
            "other bits of the mother codeword."
        ),
    ] = "chase"
    transmissions: Annotated[
        int, Ge(2), Le(64), doc("at most this many per frame, the first included")
    ] = 4


class TransportBlock(NamedTuple):
    """What each transmission of a frame is: its channel uses, its coded bits, and the frame's
    bits.
    """

    channel_uses: int
    sent_bits: int
    frame_bits: int


@dataclass(frozen=True)
class Coded(BitChannel):
    """Sends frames over another channel, each as a control field and a coded payload, or as a
    transport block, which is a coded payload alone.

    The control field is the frame's length in 16 bits, in a code of lower rate than the payload's.
    It is all that the receiver needs, since modulation and code are agreed. A frame whose control
    field is decoded wrong is lost, and arrives with no bits. So does a transport block of which
    nothing arrived. The coded bits of a transport block are scrambled, as the zeros that fill
    frames up would else send one symbol of the constellation far more often than the others.

    bits_per_symbol: of the modulation, 1 for a channel of bits; each part of a frame fills whole
        symbols.
    crc_ok: the receiver's check, (F,) bool of F frames; a frame that fails it is sent again.
    block: of transport blocks; None where frames have any length and a control field.
    """

    channel: BitChannel
    code: Code
    bits_per_symbol: int
    retransmission: Retransmission | None
    crc_ok: Callable[[Frames], NDArray[np.bool_]]
    block: TransportBlock | None = None

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        """As `BitChannel.transmit`; raises LinkError for a frame longer than its control field can
        state, or of another length than was agreed.

        The first transmissions draw from `rng`, as uncoded frames do.
        """
        self._check_lengths(frames.lengths)
        words, received = self._words(frames), [np.empty(0, np.uint8)] * len(frames)
        counts, pending = np.zeros((6, len(frames)), np.int64), np.arange(len(frames))
        repeats = self.retransmission.transmissions - 1 if self.retransmission else 0
        for round_number, round_rng in enumerate([rng, *rng.spawn(repeats)]):
            if not pending.size:
                break
            counts[:5, pending] += self._send(words, pending, round_number, round_rng)
            decoded = words.decode(pending)
            for number, bits in zip(pending, decoded.split(), strict=True):
                received[number] = bits
            if round_number == 0:
                counts[5] = frame_errors(frames, Frames.join(received))
            pending = pending[~self.crc_ok(decoded)]
        return Reception(Frames.join(received), None, Counts(*counts))

    def _check_lengths(self, lengths: Numbers) -> None:
        if self.block and np.any(lengths != self.block.frame_bits):
            wrong = lengths[lengths != self.block.frame_bits][0]
            raise LinkError(
                f"a frame has {wrong} bits, but with link.channel_uses "
                f"{self.block.channel_uses} each has {self.block.frame_bits}: the system has to "
                "fill it up"
            )
        if lengths.max(initial=0) >= 1 << LENGTH_BITS:
            raise LinkError(
                f"a frame has {lengths.max()} bits, more than the {(1 << LENGTH_BITS) - 1} that "
                "the link's control field can state: use more slices per image (framing.slices)"
            )

    def _words(self, frames: Frames) -> "_Words":
        return (
            _BlockWords(self, self.block, frames) if self.block else _ControlledWords(self, frames)
        )

    def _send(
        self, words: "_Words", pending: Numbers, round_number: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Send the pending frames and add what arrives to their words.

        Returns the cost, the first five of `Counts`, as (5, pending frames).
        """
        model = self.retransmission.model if self.retransmission else "arq"
        version = VERSIONS[round_number % len(VERSIONS)] if model == "incremental" else 0
        positions, lengths = words.rate_match(pending, version)
        scrambling = np.zeros(1, np.uint8)
        if self.block:
            scrambling = np.tile(scrambling_sequence(self.block.sent_bits), pending.size)
        frames = Frames(words.bits[positions] ^ scrambling, lengths)
        reception = self.channel.transmit(frames, rng)
        if model == "arq":
            words.llrs[:] = 0
        llrs = soft_bits(frames, reception, self.code.hard_llr) * (1 - 2 * scrambling.view(np.int8))
        np.add.at(words.llrs, positions, llrs)
        cost, once = channel_counts(frames, reception), np.ones_like(lengths)
        self._check_uses(cost.channel_uses)
        feedback = cost.feedback_bits + (1 if self.retransmission else 0)
        return np.array([cost.channel_uses, cost.channel_bits, cost.bit_errors, once, feedback])

    def _check_uses(self, channel_uses: Numbers) -> None:
        if self.block and np.any(channel_uses != self.block.channel_uses):
            raise ChannelError(
                f"the channel counts {channel_uses.max()} channel uses of a frame, but "
                f"link.channel_uses is {self.block.channel_uses}: its symbols_in has to say how "
                "many symbols these hold"
            )

    @cached_property
    def control_bits(self) -> int:
        """Coded bits of the control field: whole symbols."""
        efficiency = min(Fraction(1), self.bits_per_symbol * self.code.nominal_rate)
        return self.bits_per_symbol * ceil(LENGTH_BITS / (CONTROL_EFFICIENCY * efficiency))


class _Words(Protocol):
    """The mother codewords of F frames and what has arrived of them.

    bits: the mother codewords, one after the other.
    llrs: the sum of the LLRs that arrived for each bit; 0 where none did.
    """

    bits: Bits
    llrs: NDArray[np.float32]

    def rate_match(self, numbers: Numbers, version: int) -> tuple[Numbers, Numbers]:
        """The bits that the frames of these numbers send.

        Returns their positions among all codewords, frame after frame, and how many each sends.
        """

    def decode(self, numbers: Numbers) -> Frames:
        """The payloads of the frames of these numbers; no bits of a frame that is lost."""


class _BlockWords:
    """Those of transport blocks: all frames have one code, and are the rows of one array. A frame
    of which nothing arrived is lost.
    """

    def __init__(self, link: Coded, block: TransportBlock, frames: Frames) -> None:
        self.model, self.block, self.per_symbol = link.code, block, link.bits_per_symbol
        self.code = link.code.of(block.frame_bits)
        payloads = np.zeros((len(frames), self.code.payload_bits), np.uint8)
        payloads[:, : block.frame_bits] = frames.bits.reshape(len(frames), block.frame_bits)
        words = self.code.encode(payloads)
        self.bits, self.llrs = words.ravel(), np.zeros(words.size, np.float32)
        self.rows = np.arange(words.size).reshape(words.shape)

    def rate_match(self, numbers: Numbers, version: int) -> tuple[Numbers, Numbers]:
        sent = self.code.rate_match(self.block.sent_bits, version, self.per_symbol)
        return self.rows[numbers][:, sent].ravel(), np.full(numbers.size, sent.size)

    def decode(self, numbers: Numbers) -> Frames:
        llrs = self.llrs[self.rows[numbers]]
        decoded = self.model.decode([self.code] * numbers.size, llrs.ravel())
        arrived = np.any(llrs, axis=1)
        bits = decoded.reshape(numbers.size, -1)[arrived, : self.block.frame_bits]
        return Frames(bits.ravel(), self.block.frame_bits * arrived)


class _ControlledWords:
    """Those of frames of any length: for each that of its control field, then that of its payload.
    A frame whose control field is decoded wrong is lost.
    """

    def __init__(self, link: Coded, frames: Frames) -> None:
        self.link, lengths = link, frames.lengths.tolist()
        code_of = {length: link.code.of(length) for length in set(lengths)}
        self.fields = (frames.lengths[:, None] >> np.arange(LENGTH_BITS)[::-1] & 1).astype(np.uint8)
        pairs = zip(self.fields, frames.split(), strict=True)
        self.payloads = Frames.join([bits for pair in pairs for bits in pair])
        self.codes = [
            code for length in lengths for code in (CONTROL.of(LENGTH_BITS), code_of[length])
        ]
        words = encode_all(self.codes, self.payloads)
        self.bits, self.starts, self.stops = words.bits, words.starts, words.starts + words.lengths
        self.llrs = np.zeros(words.bits.size, np.float32)

    def rate_match(self, numbers: Numbers, version: int) -> tuple[Numbers, Numbers]:
        per_symbol, payload_of = self.link.bits_per_symbol, dict[int, Numbers]()
        control = CONTROL.of(LENGTH_BITS).rate_match(self.link.control_bits, 0, per_symbol)
        parts = []
        for word in 2 * numbers + 1:
            code = self.codes[word]
            if code.payload_bits not in payload_of:
                sent_bits = code.sent_bits(per_symbol)
                payload_of[code.payload_bits] = code.rate_match(sent_bits, version, per_symbol)
            payload = self.starts[word] + payload_of[code.payload_bits]
            parts.append(np.concatenate([self.starts[word - 1] + control, payload]))
        return np.concatenate(parts), np.array([part.size for part in parts])

    def decode(self, numbers: Numbers) -> Frames:
        payloads = self._decode_words(self.link.code, 2 * numbers + 1)
        controls = self._decode_words(CONTROL, 2 * numbers)
        arrived = np.all(controls == self.fields[numbers], axis=1)
        return Frames.join(
            [bits if ok else bits[:0] for bits, ok in zip(payloads, arrived, strict=True)]
        )

    def _decode_words(self, model: Code, words: Numbers) -> list[Bits]:
        codes = [self.codes[word] for word in words]
        llrs = np.concatenate([self.llrs[self.starts[word] : self.stops[word]] for word in words])
        code_bits = np.array([code.payload_bits for code in codes])
        decoded = Frames(model.decode(codes, llrs), code_bits).split()
        lengths = self.payloads.lengths[words]
        return [bits[:length] for bits, length in zip(decoded, lengths, strict=True)]
