"""From entropy-coded payloads to frames and back; docs/bitstream.md describes the format."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.crc import checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.framing import Framing, allowed
from semcomm.ragged import gather_runs

SIDE_BITS = 16
LONG_BITS = 32

FREE_PIXELS = 1 << 16
PIXELS_PER_BIT = 128
"""What a frame that no CRC vouches for may say of its image's size: so many pixels, and more for
each bit of it and for each slice. Entropy coders may need hardly any bits for a flat image, so that
nothing else bounds what a damaged header says.
"""

Bits = NDArray[np.uint8]


class Header(NamedTuple):
    """What all frames of an image say of it.

    size: height and width.
    tag: what the transmitter chose for this image, such as a codec's level.
    """

    size: tuple[int, int]
    tag: int = 0


MinPayloadBits = Callable[[Header, int], int | None]
"""The fewest bits that the payload of a slice can have, from the image's header and the slice's
number; None where no image has such a header.
"""


@dataclass(frozen=True)
class ParsedFrames:
    """The contents of the frames of B images.

    payloads: F of them; the payload of a frame too short for header and CRC is empty.
    headers: of each of the B images.
    header_bits: (F,) where each frame's payload begins.
    intact: (F,) bool, the frame has the header of its image, its filling if any, and its CRC is
        right.
    """

    payloads: Frames
    headers: list[Header]
    header_bits: NDArray[np.int64]
    intact: NDArray[np.bool_]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(B, 2) height and width of each image."""
        return np.array([header.size for header in self.headers], np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class FrameFormat:
    """The layout of frames: tag, size, length, payload, filling, CRC.

    tag_bits: of the tag, 0 for none.
    frame_bits: of every frame, which is filled up; None where frames have any length. Filled frames
        have no length field.
    Raises FramingError where a frame of an image of the agreed size has no room for what surrounds
    its payload.
    """

    framing: Framing
    tag_bits: int = 0
    frame_bits: int | None = None

    def __post_init__(self) -> None:
        least = self._header_bits(0, Header(self.framing.size), 0) + 1 + self.framing.crc
        if self.frame_bits is not None and self.frame_bits < least:
            raise FramingError(
                f"a frame has {self.frame_bits} bits; header, filling and CRC alone take {least}: "
                "allow more channel uses (link.channel_uses), or a higher code rate or modulation"
            )

    def frame(self, payloads: Frames, headers: Sequence[Header]) -> Frames:
        """Put a header before each payload, a filling and a CRC behind it, S consecutive payloads
        per image.

        headers: of each of the B images.
        Raises FramingError where a payload is too long for frames of an agreed length, or too short
            for a size that no CRC vouches for.
        """
        if self._is_payload_alone:
            return payloads
        crc_field = np.zeros(self.framing.crc, np.uint8)
        frames = []
        for number, payload in enumerate(payloads.split()):
            image, slice_number = divmod(number, self.framing.slices)
            header = self._header(headers[image], payload.size, slice_number)
            filling = self._filling(header.size + payload.size + crc_field.size)
            frames.append(np.concatenate([header, payload, filling, crc_field]))
            self._check_size(headers[image].size, frames[-1].size)
        return self._write_crc(Frames.join(frames))

    def bits(self, payload_bits: NDArray[np.int64], headers: Sequence[Header]) -> NDArray[np.int64]:
        """The bits of each frame, (F,), from those of its payload; filling is not counted."""
        slices = self.framing.slices
        header_bits = [
            self._header(headers[number // slices], length, number % slices).size
            for number, length in enumerate(payload_bits.tolist())
        ]
        return payload_bits + np.array(header_bits, np.int64) + self.framing.crc

    def unframe(self, frames: Frames, min_payload_bits: MinPayloadBits) -> ParsedFrames:
        """Parse the frames. No bits make this raise, only frames that are no multiple of `slices`.

        A header is plausible when its size is within bounds and no larger than the frame's payload
        can encode, and its length is that of the frame. Without a CRC that is right, its size must
        also be credible of the frame's bits.

        The header of an image is the most frequent one among its plausible headers whose CRC is
        right, else among all plausible headers, else the agreed size with tag 0. All frames of an
        image are parsed with that header, and each with the length that its own bits leave.
        """
        slices = self.framing.slices
        if len(frames) % slices:
            raise FramingError(
                f"there are {len(frames)} frames, no multiple of {slices}, the slices of an image"
            )
        agreed = Header(self.framing.size)
        if self._is_payload_alone:
            headers = [agreed] * (len(frames) // slices)
            starts, intact = np.zeros(len(frames), np.int64), np.ones(len(frames), np.bool_)
            return ParsedFrames(frames, headers, starts, intact)
        slice_numbers = (np.arange(len(frames)) % slices).tolist()
        crc_ok = self.framing.crc_ok(frames)
        vouched = crc_ok & bool(self.framing.crc)
        claimed = [
            self._parse_header(bits, number, min_payload_bits, ok)
            for bits, number, ok in zip(frames.split(), slice_numbers, vouched, strict=True)
        ]
        headers = [
            _majority(claimed[n : n + slices], crc_ok[n : n + slices]) or agreed
            for n in range(0, len(frames), slices)
        ]
        of_frame = [header for header in headers for _ in range(slices)]
        agrees = [header == claim for header, claim in zip(of_frame, claimed, strict=True)]
        bits = map(self._header_bits, frames.lengths.tolist(), of_frame, slice_numbers)
        header_bits = np.array([*bits], np.int64)
        payloads = self.payloads(frames, header_bits)
        return ParsedFrames(payloads, headers, header_bits, crc_ok & np.array(agrees, np.bool_))

    def payloads(self, frames: Frames, header_bits: NDArray[np.int64]) -> Frames:
        """What lies between header and CRC, up to the filling; nothing where there is none.

        header_bits: (F,) where each frame's payload begins.
        """
        lengths = np.maximum(frames.lengths - self.framing.crc - header_bits, 0)
        starts = frames.starts + header_bits
        if self.frame_bits is not None:
            ones = np.flatnonzero(frames.bits)
            last = np.append(ones, -1)[np.searchsorted(ones, starts + lengths) - 1]
            lengths = np.maximum(np.minimum(last - starts, lengths), 0)
        return Frames(gather_runs(frames.bits, starts, lengths), lengths)

    @property
    def _is_payload_alone(self) -> bool:
        return self.framing.is_raw and not self.tag_bits and self.frame_bits is None

    def _header(self, header: Header, length: int, slice_number: int) -> Bits:
        """Its bits before a payload of this length."""
        height, width = header.size
        own = 1 << 2 * SIDE_BITS | height << SIDE_BITS | width
        size = 0 if header.size == self.framing.size else own
        fields = _to_bits(header.tag, self.tag_bits), _to_bits(size, self._size_bits(header.size))
        return np.concatenate([*fields, self._length_field(length, slice_number)])

    def _length_field(self, length: int, slice_number: int) -> Bits:
        """The payload's length, or ones and a long length; empty where it ends without it."""
        if not self._has_length(slice_number):
            return np.empty(0, np.uint8)
        ones = (1 << self.framing.length_bits) - 1
        if length < ones:
            return _to_bits(length, self.framing.length_bits)
        return _to_bits(ones << LONG_BITS | length, self.framing.length_bits + LONG_BITS)

    def _size_bits(self, size: tuple[int, int]) -> int:
        """A single 0 for the agreed size; a 1, the height and the width for any other."""
        if not self.framing.header:
            return 0
        return 1 if size == self.framing.size else 1 + 2 * SIDE_BITS

    def _has_length(self, slice_number: int) -> bool:
        """Not an image's last slice, nor filled frames, whose payloads end without it."""
        return slice_number < self.framing.slices - 1 and self.frame_bits is None

    def _filling(self, bits: int) -> Bits:
        """A one and zeros after a header and a payload; `bits` of the frame are these and a CRC."""
        if self.frame_bits is None:
            return np.empty(0, np.uint8)
        if bits >= self.frame_bits:
            raise FramingError(
                f"an image has a frame of {bits} bits; of the {self.frame_bits} agreed it may have "
                f"{self.frame_bits - 1}: allow more channel uses (link.channel_uses), or take "
                "another codec or framing"
            )
        filling = np.zeros(self.frame_bits - bits, np.uint8)
        filling[0] = 1
        return filling

    def _header_bits(self, frame_bits: int, header: Header, slice_number: int) -> int:
        """Bits before the payload in a frame of this length, whatever its bits are."""
        bits = self.tag_bits + self._size_bits(header.size)
        if not self._has_length(slice_number):
            return bits
        bits += self.framing.length_bits
        is_short = frame_bits - self.framing.crc - bits < (1 << self.framing.length_bits) - 1
        return bits if is_short else bits + LONG_BITS

    def _parse_header(
        self, bits: Bits, slice_number: int, min_payload_bits: MinPayloadBits, vouched: bool
    ) -> Header | None:
        """What the header of a frame states, None where it is not plausible.

        vouched: the frame has a CRC, and it is right.
        """
        size, after_tag = self.framing.size, bits[self.tag_bits :]
        if self.framing.header and after_tag.size and after_tag[0]:
            sides = after_tag[1 : 1 + 2 * SIDE_BITS]
            size = _from_bits(sides[:SIDE_BITS]), _from_bits(sides[SIDE_BITS:])
        header = Header(size, _from_bits(bits[: self.tag_bits]))
        header_bits = self._header_bits(bits.size, header, slice_number)
        room = bits.size - header_bits - self.framing.crc
        if room < 0 or not allowed(size) or not (vouched or self._is_credible(size, bits.size)):
            return None
        if (least := min_payload_bits(header, slice_number)) is None:
            return None
        if self.frame_bits is not None:
            ones = np.flatnonzero(bits[header_bits : header_bits + room])
            whole = ones.size > 0 and bits.size == self.frame_bits
            return header if whole and (ones[-1] == 0 or ones[-1] >= least) else None
        length = bits[self.tag_bits + self._size_bits(size) : header_bits]
        same = np.array_equal(length, self._length_field(room, slice_number))
        return header if same and room >= least else None

    def _is_credible(self, size: tuple[int, int], bits: int) -> bool:
        """Whether a frame of so many bits can have an image of this size without a CRC."""
        most = FREE_PIXELS + PIXELS_PER_BIT * bits * self.framing.slices
        return size == self.framing.size or size[0] * size[1] <= most

    def _check_size(self, size: tuple[int, int], bits: int) -> None:
        if not self.framing.crc and not self._is_credible(size, bits):
            raise FramingError(
                f"an image of {size[0]} x {size[1]} has a frame of only {bits} bits, of which no "
                "receiver believes this size without a CRC: set framing.crc (transmit: --crc), or "
                "agree on the size by framing.size (--size)"
            )

    def _write_crc(self, frames: Frames) -> Frames:
        """Write the CRC of each frame over its last bits, in place."""
        if width := self.framing.crc:
            ends, places = frames.starts + frames.lengths, np.arange(width)
            remainders = checksums(frames.bits, frames.starts, ends - width, width)
            frames.bits[ends[:, None] - width + places] = (
                remainders[:, None] >> (width - 1 - places) & 1
            )
        return frames


def _majority(claimed: Sequence[Header | None], crc_ok: NDArray[np.bool_]) -> Header | None:
    """The most frequent header, of the frames of one image."""
    plausible = [header for header in claimed if header]
    checked = [header for header, ok in zip(claimed, crc_ok, strict=True) if header and ok]
    candidates = Counter(checked or plausible).most_common(1)
    return candidates[0][0] if candidates else None


def _to_bits(value: int, width: int) -> Bits:
    """The lowest `width` binary digits of a number, highest first."""
    return np.array([value >> place & 1 for place in reversed(range(width))], np.uint8)


def _from_bits(bits: Bits) -> int:
    """The number with these binary digits, highest first."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)
