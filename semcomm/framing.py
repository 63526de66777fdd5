"""From entropy-coded payloads to self-describing frames and back. docs/bitstream.md is this file in prose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from semcomm.crc import POLYNOMIALS, checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.header import SIZE_BITS, Bits, only_header, told_size, write_header

MAX_PIXELS = 1 << 24
"""The largest image there is here, so that a damaged header cannot make a receiver allocate without bound."""

HEADER_FLIPS = 2
"""Wrong bits that a header may have and be read all the same."""

NO_BITS: Bits = np.empty(0, np.uint8)
Size = tuple[Annotated[int, Ge(1), Le(65535)], Annotated[int, Ge(1), Le(65535)]]
FewestBits = Callable[[tuple[int, int]], int]


class Header(NamedTuple):
    """What a trusted header says: the image's height and width.

    bits: the header as it must have been sent; flips: how many of them arrived wrong.
    """

    bits: Bits
    size: tuple[int, int]
    flips: int


@dataclass(frozen=True)
class Unframed:
    """What the frames of B images say.

    frames: as they arrived, F of them, but trusted headers put right.
    starts, stops: (F,) int64, the payload is frames.bits[start:stop]; that of a frame which is not trusted is empty.
    sizes: B times height and width.
    intact: (F,) bool, the header is right as it arrived and of its image's size, and the CRC fits.
    """

    frames: Frames
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    sizes: list[tuple[int, int]]
    intact: NDArray[np.bool_]

    @cached_property
    def payloads(self) -> Frames:
        """The F payloads."""
        places, lengths = np.arange(self.frames.bits.size), self.frames.lengths
        inside = (places >= np.repeat(self.starts, lengths)) & (places < np.repeat(self.stops, lengths))
        return Frames(self.frames.bits[inside], self.stops - self.starts)


@dataclass(frozen=True)
class Framing:
    """How a payload, one slice of an image, becomes a frame. Both ends have the same.

    header: each frame tells its payload's length, and the image's size unless it is the agreed one.
    slices: frames an image, each a band of rows that is decoded by itself.
    crc: bits of the check at the end of each frame over all that stands before it; 0 for none.
    size: the agreed height and width of images.
    """

    header: bool = True
    slices: Annotated[int, Ge(1), Le(255)] = 1
    crc: Literal[0, 8, 16, 24, 32] = 16
    size: Size = (32, 32)

    def __post_init__(self) -> None:
        if self.crc not in (0, *POLYNOMIALS):
            raise FramingError(f"crc is {self.crc}; it is 0, 8, 16, 24 or 32 bits")
        if not 1 <= self.slices <= 255:
            raise FramingError(f"slices is {self.slices}; there are 1 to 255")
        if self.slices > 1 and not self.header:
            raise FramingError(f"slices is {self.slices}, which needs header true: without it an image is one frame")
        if not allowed(self.size):
            raise FramingError(f"size is {self.size}; sides are 1 to 65535, and at most {MAX_PIXELS} pixels together")

    def check(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Raises FramingError for a size, height and width, that these frames cannot tell."""
        for height, width in sizes:
            if not allowed((height, width)):
                raise FramingError(f"an image is {height} x {width}; sides are 1 to 65535, at most {MAX_PIXELS} pixels")
            if not self.header and (height, width) != self.size:
                raise FramingError(
                    f"an image is {height} x {width}, but without a header every image has the agreed size "
                    f"{self.size[0]} x {self.size[1]}: set framing.header to true, or framing.size"
                )

    def slice_counts(self, shapes: Sequence[tuple[int, int, int]]) -> NDArray[np.int64]:
        """How many symbols each frame holds, (B S,), for index grids of shapes (h, w, g).

        Slice s of S holds the rows from floor(s h / S) to before floor((s + 1) h / S), in raster order.
        """
        edges = np.arange(self.slices + 1)
        bands = [np.diff(edges * rows // self.slices) * columns * groups for rows, columns, groups in shapes]
        return np.concatenate([np.empty(0, np.int64), *bands])

    def frame(self, payloads: Frames, sizes: Sequence[tuple[int, int]]) -> Frames:
        """Put a header before and a CRC behind each payload, S consecutive ones an image.

        sizes: height and width of each of the B images.
        """
        frames = []
        for number, payload in enumerate(payloads.split()):
            size = sizes[number // self.slices]
            header = write_header(payload.size, self._told(size)) if self.header else NO_BITS
            frames.append(np.concatenate([header, payload, np.zeros(self.crc, np.uint8)]))
        return self._with_crc(Frames.join(frames))

    def unframe(self, frames: Frames, fewest_bits: FewestBits) -> Unframed:
        """Read the frames back. Whatever the bits are, this does not raise.

        The bits that arrived leave one header for a size, which is trusted where at most two bits of the frame are
        against it, and where a size that the frame tells is within bounds and no larger than its payload can be of.
        An image's size is that of its first intact frame, else of its first with no bit against its header, else of
        its first trusted one, else the agreed one; frames that say otherwise are not trusted.

        fewest_bits: the fewest bits that a payload of an image of this height and width can have.
        """
        heads = [self._read_header(bits, fewest_bits) for bits in frames.split()]
        fits = self.intact(frames)
        images = range(0, len(frames), self.slices)
        sizes = [self._size_of(heads[n : n + self.slices], fits[n : n + self.slices]) for n in images]
        size_of_frame = [size for size in sizes for _ in range(self.slices)]
        headers = [
            head if head and head.size == size else self._header(bits, size)
            for bits, head, size in zip(frames.split(), heads, size_of_frame, strict=True)
        ]
        return self._unframed(frames, headers, sizes, fits)

    def _told(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """The size as a header tells it; the agreed one goes without saying."""
        return None if size == self.size else size

    def _header(self, frame: Bits, size: tuple[int, int]) -> Header | None:
        """The header of a frame whose image has this size, where no more than a few bits are against it."""
        if not self.header:
            return Header(NO_BITS, size, 0) if frame.size >= self.crc else None
        expected = only_header(frame.size - self.crc, self._told(size))
        if expected is None:
            return None
        flips = int(np.count_nonzero(expected != frame[: expected.size]))
        return Header(expected, size, flips) if flips <= HEADER_FLIPS else None

    def _read_header(self, frame: Bits, fewest_bits: FewestBits) -> Header | None:
        """What a frame by itself says, with the fewest wrong bits; None where its header cannot be true."""
        plain = self._header(frame, self.size)
        if (plain and not plain.flips) or not self.header or frame.size <= SIZE_BITS:
            return plain
        size = told_size(frame)
        told = self._header(frame, size) if allowed(size) else None
        if told and frame.size - told.bits.size - self.crc < fewest_bits(size):
            told = None
        return min((header for header in (plain, told) if header), key=lambda header: header.flips, default=None)

    def _size_of(self, headers: list[Header | None], fits: NDArray[np.bool_]) -> tuple[int, int]:
        trusted = [(header.flips > 0, not fit, header) for header, fit in zip(headers, fits, strict=True) if header]
        return min(trusted, key=lambda found: found[:2])[2].size if trusted else self.size

    def _unframed(
        self, frames: Frames, headers: list[Header | None], sizes: list[tuple[int, int]], fits: NDArray[np.bool_]
    ) -> Unframed:
        bits, starts = frames.bits.copy(), frames.starts
        for number, header in enumerate(headers):
            if header:
                bits[starts[number] : starts[number] + header.bits.size] = header.bits
        trusted = np.array([header is not None for header in headers], np.bool_)
        exact = np.array([header is not None and not header.flips for header in headers], np.bool_)
        payloads = starts + np.array([header.bits.size if header else 0 for header in headers], np.int64)
        stops = np.where(trusted, starts + frames.lengths - self.crc, payloads)
        return Unframed(frames.with_bits(bits), payloads, stops, sizes, fits & exact)

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
