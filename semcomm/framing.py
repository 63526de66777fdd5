"""From entropy-coded payloads to self-describing frames and back. docs/bitstream.md describes the
format in prose.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import Crc
from semcomm.crc import checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.ragged import gather_runs
from semcomm.validation import Validated

MAX_PIXELS = 1 << 24
"""Pixels of the largest image, so that a damaged header cannot make a receiver allocate without
bound.
"""

SIDE_BITS = 16
LONG_BITS = 32

Bits = NDArray[np.uint8]
Budget = Annotated[int, Ge(1), Unit("bits")]
"""The most bits that a frame may have, header and CRC included."""

Size = tuple[Annotated[int, Ge(1), Le(65535)], Annotated[int, Ge(1), Le(65535)]]
MinPayloadBits = Callable[[tuple[int, int], int], int]
"""The fewest bits that the payload of a slice can have, from the image's height and width and the
slice's number.
"""


@dataclass(frozen=True)
class ParsedFrames:
    """The contents of the frames of B images.

    payloads: F of them; the payload of a frame too short for header and CRC is empty.
    sizes: height and width of each of the B images.
    intact: (F,) bool, the frame's header states the size of its image, and its CRC is right.
    """

    payloads: Frames
    sizes: list[tuple[int, int]]
    intact: NDArray[np.bool_]


@dataclass(frozen=True)
class Framing(Validated, error=FramingError):
    """How a payload, one slice of an image, becomes a frame. Both ends use the same framing."""

    header: Annotated[
        bool,
        doc(
            "each frame states its image's size, in one bit where it is the agreed size, and its "
            "payload's length, except in an image's last frame"
        ),
    ] = True
    slices: Annotated[
        int,
        Ge(1),
        Le(255),
        Unit("frames"),
        doc("frames per image, each a band of rows that is decoded independently"),
    ] = 1
    crc: Annotated[
        Crc,
        Unit("bits"),
        doc("CRC at the end of each frame, over everything before it; 0 for none"),
    ] = 16
    size: Annotated[Size, Unit("pixels"), doc("the agreed height and width of images")] = (32, 32)
    length_bits: Annotated[
        int,
        Ge(1),
        Le(16),
        Unit("bits"),
        doc("bits of a length field; a length that they cannot hold takes 32 more"),
    ] = 8

    def __post_init__(self) -> None:
        if self.slices > 1 and not self.header:
            raise FramingError(
                f"slices is {self.slices}, which needs header true: without a header an image is "
                "one frame"
            )
        if not allowed(self.size):
            raise FramingError(
                f"size is {self.size}; sides are 1 to 65535, and at most {MAX_PIXELS} pixels "
                "together"
            )

    @classmethod
    def raw(cls) -> Self:
        """Frames that are their payloads: no header and no CRC."""
        return cls(header=False, crc=0)

    @property
    def is_raw(self) -> bool:
        """Whether frames are their payloads."""
        return not self.header and not self.crc

    def check(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Raises FramingError for a size, height and width, that these frames cannot state."""
        for height, width in dict.fromkeys(sizes):
            if not allowed((height, width)):
                raise FramingError(
                    f"an image is {height} x {width}; sides are 1 to 65535, at most {MAX_PIXELS} "
                    "pixels"
                )
            if not self.header and (height, width) != self.size:
                raise FramingError(
                    f"an image is {height} x {width}, but without a header every image has the "
                    f"agreed size {self.size[0]} x {self.size[1]}: set framing.header to true, or "
                    "framing.size"
                )

    def slice_runs(self, shapes: Sequence[tuple[int, int, int]]) -> NDArray[np.int64]:
        """First column, positions, columns and groups of each frame's symbols, (B S, 4), for index
        grids (h, w, g).

        Slice s of S holds the rows from floor(s h / S) to before floor((s + 1) h / S), in raster
        order.
        """
        rows, columns, groups = np.repeat(
            np.array(shapes, np.int64).reshape(-1, 3), self.slices, axis=0
        ).T
        number = np.tile(np.arange(self.slices), len(shapes))
        begin, end = (edge * rows // self.slices for edge in (number, number + 1))
        return np.stack([np.zeros_like(rows), (end - begin) * columns, columns, groups], axis=1)

    def frame(self, payloads: Frames, sizes: Sequence[tuple[int, int]]) -> Frames:
        """Put a header before and a CRC behind each payload, S consecutive payloads per image.

        sizes: height and width of each of the B images.
        """
        if self.is_raw:
            return payloads
        size_fields = [self._size_field(size) for size in sizes]
        crc_field = np.zeros(self.crc, np.uint8)
        frames = []
        for number, payload in enumerate(payloads.split()):
            image, slice_number = divmod(number, self.slices)
            length_field = self._length_field(payload.size, slice_number)
            frames.append(np.concatenate([size_fields[image], length_field, payload, crc_field]))
        return self._write_crc(Frames.join(frames))

    def unframe(self, frames: Frames, min_payload_bits: MinPayloadBits) -> ParsedFrames:
        """Parse the frames. No bits make this raise, only frames that are no multiple of `slices`.

        A header is plausible when its size is within bounds and no larger than the frame's payload
        can encode, and its length is that of the frame. The size of an image is the most frequent
        one among its plausible headers whose CRC is right, else among all plausible headers, else
        the agreed size. All frames of an image are parsed with that size, and each with the length
        that its own bits leave.
        """
        if len(frames) % self.slices:
            raise FramingError(
                f"there are {len(frames)} frames, no multiple of {self.slices}, the slices of an "
                "image"
            )
        if self.is_raw:
            sizes = [self.size] * (len(frames) // self.slices)
            return ParsedFrames(frames, sizes, np.ones(len(frames), np.bool_))
        slice_numbers = np.arange(len(frames)) % self.slices
        claimed = [
            self._parse_size(bits, number, min_payload_bits)
            for bits, number in zip(frames.split(), slice_numbers.tolist(), strict=True)
        ]
        crc_ok = self.crc_ok(frames)
        sizes = [
            self._majority_size(claimed[n : n + self.slices], crc_ok[n : n + self.slices])
            for n in range(0, len(frames), self.slices)
        ]
        size_of_frame = [size for size in sizes for _ in range(self.slices)]
        agrees = [size == claim for size, claim in zip(size_of_frame, claimed, strict=True)]
        headers = map(
            self._header_bits, frames.lengths.tolist(), size_of_frame, slice_numbers.tolist()
        )
        header_bits = np.array([*headers], np.int64)
        lengths = np.maximum(frames.lengths - self.crc - header_bits, 0)
        payloads = Frames(gather_runs(frames.bits, frames.starts + header_bits, lengths), lengths)
        return ParsedFrames(payloads, sizes, crc_ok & np.array(agrees, np.bool_))

    def remainders(self, frames: Frames) -> NDArray[np.int64]:
        """(F,) the CRC over each whole frame, 0 where it is right. Without a CRC all are 0."""
        if not self.crc:
            return np.zeros(len(frames), np.int64)
        return checksums(frames.bits, frames.starts, frames.starts + frames.lengths, self.crc)

    def crc_ok(self, frames: Frames) -> NDArray[np.bool_]:
        """(F,) whether the CRC of each frame is right, the only check that a link can make. Without
        a CRC all are.
        """
        return np.equal(self.remainders(frames), 0)

    def _size_field(self, size: tuple[int, int]) -> Bits:
        """A single 0 for the agreed size; a 1, the height and the width for any other."""
        own = 1 << 2 * SIDE_BITS | size[0] << SIDE_BITS | size[1]
        return _to_bits(0 if size == self.size else own, self._size_bits(size))

    def _size_bits(self, size: tuple[int, int]) -> int:
        if not self.header:
            return 0
        return 1 if size == self.size else 1 + 2 * SIDE_BITS

    def _length_field(self, length: int, slice_number: int) -> Bits:
        """The payload's length, or ones and a long length; empty for an image's last slice."""
        if slice_number == self.slices - 1:
            return np.empty(0, np.uint8)
        ones = (1 << self.length_bits) - 1
        if length < ones:
            return _to_bits(length, self.length_bits)
        return _to_bits(ones << LONG_BITS | length, self.length_bits + LONG_BITS)

    def _header_bits(self, frame_bits: int, size: tuple[int, int], slice_number: int) -> int:
        """Bits before the payload in a frame of this length, whatever its bits are."""
        size_bits = self._size_bits(size)
        if slice_number == self.slices - 1:
            return size_bits
        header_bits = size_bits + self.length_bits
        is_short = frame_bits - self.crc - header_bits < (1 << self.length_bits) - 1
        return header_bits if is_short else header_bits + LONG_BITS

    def _parse_size(
        self, bits: Bits, slice_number: int, min_payload_bits: MinPayloadBits
    ) -> tuple[int, int] | None:
        """The size that the header of a frame states, None where the header is not plausible."""
        size = self.size
        if self.header and bits.size and bits[0]:
            size = (
                _from_bits(bits[1 : 1 + SIDE_BITS]),
                _from_bits(bits[1 + SIDE_BITS : 1 + 2 * SIDE_BITS]),
            )
        size_bits = self._size_bits(size)
        header_bits = self._header_bits(bits.size, size, slice_number)
        payload_bits = bits.size - header_bits - self.crc
        plausible = (
            payload_bits >= 0
            and np.array_equal(
                bits[size_bits:header_bits], self._length_field(payload_bits, slice_number)
            )
            and allowed(size)
            and payload_bits >= min_payload_bits(size, slice_number)
        )
        return size if plausible else None

    def _majority_size(
        self, claimed: Sequence[tuple[int, int] | None], crc_ok: NDArray[np.bool_]
    ) -> tuple[int, int]:
        """The most frequent size, of the frames of one image."""
        plausible = [size for size in claimed if size]
        checked = [size for size, ok in zip(claimed, crc_ok, strict=True) if size and ok]
        return Counter(checked or plausible or [self.size]).most_common(1)[0][0]

    def _write_crc(self, frames: Frames) -> Frames:
        """Write the CRC of each frame over its last bits, in place."""
        if self.crc:
            ends = frames.starts + frames.lengths
            remainders = checksums(frames.bits, frames.starts, ends - self.crc, self.crc)
            places = np.arange(self.crc)
            frames.bits[ends[:, None] - self.crc + places] = (
                remainders[:, None] >> (self.crc - 1 - places) & 1
            )
        return frames


def allowed(size: tuple[int, int]) -> bool:
    """Whether an image may have this height and width."""
    return 0 < size[0] <= 65535 and 0 < size[1] <= 65535 and size[0] * size[1] <= MAX_PIXELS


def _to_bits(value: int, width: int) -> Bits:
    """The lowest `width` binary digits of a number, highest first."""
    return np.array([value >> place & 1 for place in reversed(range(width))], np.uint8)


def _from_bits(bits: Bits) -> int:
    """The number with these binary digits, highest first."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)
