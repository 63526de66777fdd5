"""From entropy-coded payloads to self-describing frames and back. docs/bitstream.md is this file in prose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le, Unit
from numpy.typing import NDArray

from semcomm.crc import POLYNOMIALS, checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames

MAX_PIXELS = 1 << 24
"""The largest image there is here, so that a damaged header cannot make a receiver allocate without bound."""

SIDE_BITS = 16
LENGTH_PREFIX_BITS = 5

Bits = NDArray[np.uint8]
Size = tuple[Annotated[int, Ge(1), Le(65535)], Annotated[int, Ge(1), Le(65535)]]


class Header(NamedTuple):
    """What a trusted header says: where the payload starts, and the image's height and width."""

    payload_start: int
    size: tuple[int, int]


@dataclass(frozen=True)
class Unframed:
    """What the frames of B images say.

    payloads: F of them; that of a frame which is not trusted is empty.
    sizes: B times height and width.
    intact: (F,) bool, the header fits the frame and the size of its image, and the CRC fits all of it.
    """

    payloads: Frames
    sizes: list[tuple[int, int]]
    intact: NDArray[np.bool_]


@dataclass(frozen=True)
class Framing:
    """How a payload, one slice of an image, becomes a frame. Both ends have the same.

    header: each frame tells its payload's length, and the image's size unless it is the agreed one.
    slices: frames an image, each a band of rows that is decoded by itself.
    crc: bits of the check at the end of each frame over all that stands before it; 0 for none.
    size: the agreed height and width of images.
    """

    header: bool = True
    slices: Annotated[int, Ge(1), Le(255), Unit("frames")] = 1
    crc: Annotated[Literal[0, 8, 16], Unit("bits")] = 16
    size: Annotated[Size, Unit("pixels")] = (32, 32)

    def __post_init__(self) -> None:
        if self.crc not in (0, *POLYNOMIALS):
            raise FramingError(f"crc is {self.crc}; it is 0, 8 or 16 bits")
        if not 1 <= self.slices <= 255:
            raise FramingError(f"slices is {self.slices}; there are 1 to 255")
        if self.slices > 1 and not self.header:
            raise FramingError(f"slices is {self.slices}, which needs header true: without it an image is one frame")
        if not allowed(self.size):
            raise FramingError(f"size is {self.size}; sides are 1 to 65535, and at most {MAX_PIXELS} pixels together")

    @property
    def bare(self) -> bool:
        """Frames are their payloads."""
        return not self.header and not self.crc

    def check(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Raises FramingError for a size, height and width, that these frames cannot tell."""
        for height, width in dict.fromkeys(sizes):
            if not allowed((height, width)):
                raise FramingError(f"an image is {height} x {width}; sides are 1 to 65535, at most {MAX_PIXELS} pixels")
            if not self.header and (height, width) != self.size:
                raise FramingError(
                    f"an image is {height} x {width}, but without a header every image has the agreed size "
                    f"{self.size[0]} x {self.size[1]}: set framing.header to true, or framing.size"
                )

    def slice_grids(self, shapes: Sequence[tuple[int, int, int]]) -> NDArray[np.int64]:
        """Rows, columns and groups of the symbols that each frame holds, (B S, 3), for index grids (h, w, g).

        Slice s of S holds the rows from floor(s h / S) to before floor((s + 1) h / S), in raster order.
        """
        grids = np.repeat(np.array(shapes, np.int64).reshape(-1, 3), self.slices, axis=0)
        number = np.tile(np.arange(self.slices), len(shapes))
        grids[:, 0] = (number + 1) * grids[:, 0] // self.slices - number * grids[:, 0] // self.slices
        return grids

    def frame(self, payloads: Frames, sizes: Sequence[tuple[int, int]]) -> Frames:
        """Put a header before and a CRC behind each payload, S consecutive ones an image.

        sizes: height and width of each of the B images.
        """
        if self.bare:
            return payloads
        frames = []
        for number, payload in enumerate(payloads.split()):
            header = self._write_header(payload.size, sizes[number // self.slices])
            frames.append(np.concatenate([header, payload, np.zeros(self.crc, np.uint8)]))
        return self._with_crc(Frames.join(frames))

    def unframe(self, frames: Frames, fewest_bits: Callable[[tuple[int, int]], int]) -> Unframed:
        """Read the frames back. Whatever the bits are, this does not raise.

        A header is trusted when its length is exactly that of the frame, and its size is within bounds
        and no larger than its payload can be of. An image's size is that of its first intact frame, else
        of its first trusted one, else the agreed one; frames that say otherwise are not trusted.

        fewest_bits: the fewest bits that a payload of an image of this height and width can have.
        """
        if self.bare:
            return Unframed(frames, [self.size] * (len(frames) // self.slices), np.ones(len(frames), np.bool_))
        bodies = frames.split()
        headers = [self._read_header(bits, fewest_bits) for bits in bodies]
        intact = self.intact(frames)
        sizes = [
            self._size_of(headers[first : first + self.slices], intact[first : first + self.slices])
            for first in range(0, len(frames), self.slices)
        ]
        payloads = [np.empty(0, np.uint8)] * len(frames)
        for number, (bits, header) in enumerate(zip(bodies, headers, strict=True)):
            if header and header.size == sizes[number // self.slices]:
                payloads[number] = bits[header.payload_start : bits.size - self.crc]
            else:
                intact[number] = False
        return Unframed(Frames.join(payloads), sizes, intact)

    def _write_header(self, length: int, size: tuple[int, int]) -> Bits:
        if not self.header:
            return np.empty(0, np.uint8)
        explicit = _number(1 << 2 * SIDE_BITS | size[0] << SIDE_BITS | size[1], 1 + 2 * SIDE_BITS)
        return np.concatenate([_number(0, 1) if size == self.size else explicit, _write_length(length)])

    def _read_header(self, bits: Bits, fewest_bits: Callable[[tuple[int, int]], int]) -> Header | None:
        """None where the header cannot be true."""
        if not self.header:
            return Header(0, self.size) if bits.size >= self.crc else None
        start, size = 1, self.size
        if bits[:1].any():
            start += 2 * SIDE_BITS
            size = _value(bits[1 : 1 + SIDE_BITS]), _value(bits[1 + SIDE_BITS : start])
        start, length = _read_length(bits, start)
        fits = start + length + self.crc == bits.size
        return Header(start, size) if fits and allowed(size) and length >= fewest_bits(size) else None

    def _size_of(self, headers: list[Header | None], intact: NDArray[np.bool_]) -> tuple[int, int]:
        trusted = [header for header in headers if header]
        confirmed = [header for header, fits in zip(headers, intact, strict=True) if header and fits]
        return next((header.size for header in confirmed + trusted), self.size)

    def _with_crc(self, frames: Frames) -> Frames:
        """Write each frame's CRC over its last bits."""
        if not self.crc:
            return frames
        ends = frames.starts + frames.lengths
        remainders = checksums(frames.bits, frames.starts, ends - self.crc, self.crc)
        places = np.arange(self.crc)
        frames.bits[ends[:, None] - self.crc + places] = remainders[:, None] >> (self.crc - 1 - places) & 1
        return frames

    def intact(self, frames: Frames) -> NDArray[np.bool_]:
        """(F,) whether each frame's CRC fits: all that a link can know. Without a CRC every one does."""
        if not self.crc:
            return np.ones(len(frames), np.bool_)
        return np.equal(checksums(frames.bits, frames.starts, frames.starts + frames.lengths, self.crc), 0)


def allowed(size: tuple[int, int]) -> bool:
    """Whether an image may have this height and width."""
    return 0 < size[0] <= 65535 and 0 < size[1] <= 65535 and size[0] * size[1] <= MAX_PIXELS


def _write_length(length: int) -> Bits:
    """The number of the length's binary digits in five bits, then the digits after the leading one.

    Example: 534 = 0b1000010110 has ten digits, so 01010 000010110.
    """
    digits = length.bit_length()
    return np.concatenate([_number(digits, LENGTH_PREFIX_BITS), _number(length, max(digits - 1, 0))])


def _read_length(bits: Bits, start: int) -> tuple[int, int]:
    """The position after the length, and the length."""
    rest = start + LENGTH_PREFIX_BITS
    digits = _value(bits[start:rest])
    stop = rest + max(digits - 1, 0)
    return stop, (1 << digits >> 1) | _value(bits[rest:stop])


def _number(value: int, width: int) -> Bits:
    """The lowest `width` binary digits of a number, highest first."""
    return np.array([value >> place & 1 for place in reversed(range(width))], np.uint8)


def _value(bits: Bits) -> int:
    """The number whose binary digits these are."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)
