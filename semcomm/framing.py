"""From entropy-coded payloads to self-describing frames and back. docs/bitstream.md is this file in
prose.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import Crc
from semcomm.crc import POLYNOMIALS, checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames

MAX_PIXELS = 1 << 24
"""The largest image there is here, so that a damaged header cannot make a receiver allocate without
bound.
"""

SIDE_BITS = 16
LONG_BITS = 32

Bits = NDArray[np.uint8]
Size = tuple[Annotated[int, Ge(1), Le(65535)], Annotated[int, Ge(1), Le(65535)]]
FewestBits = Callable[[tuple[int, int], int], int]
"""The fewest bits that the payload of a slice can have: of an image of this height and width, by
the slice's number.
"""


@dataclass(frozen=True)
class Unframed:
    """What the frames of B images say.

    payloads: F of them; that of a frame too short for header and CRC is empty.
    sizes: B times height and width.
    intact: (F,) bool, the header says the size of its image, and the CRC fits.
    """

    payloads: Frames
    sizes: list[tuple[int, int]]
    intact: NDArray[np.bool_]


@dataclass(frozen=True)
class Framing:
    """How a payload, one slice of an image, becomes a frame. Both ends have the same."""

    header: Annotated[
        bool,
        doc(
            "each frame tells its image's size, in one bit where it is the agreed one, and, "
            "but for an image's last frame, its payload's length"
        ),
    ] = True
    slices: Annotated[
        int,
        Ge(1),
        Le(255),
        Unit("frames"),
        doc("frames an image, each a band of rows that is decoded by itself"),
    ] = 1
    crc: Annotated[
        Crc,
        Unit("bits"),
        doc(
            "bits of the check at the end of each frame over all that stands before it; 0 for none"
        ),
    ] = 16
    size: Annotated[Size, Unit("pixels"), doc("the agreed height and width of images")] = (32, 32)
    length_bits: Annotated[
        int,
        Ge(1),
        Le(16),
        Unit("bits"),
        doc("those of a length; one that they do not hold takes 32 more"),
    ] = 8

    def __post_init__(self) -> None:
        if self.crc not in (0, *POLYNOMIALS):
            raise FramingError(f"crc is {self.crc}; it is 0, 8, 16, 24 or 32 bits")
        if not 1 <= self.slices <= 255:
            raise FramingError(f"slices is {self.slices}; there are 1 to 255")
        if self.slices > 1 and not self.header:
            raise FramingError(
                f"slices is {self.slices}, which needs header true: without it an image is one "
                "frame"
            )
        if not 1 <= self.length_bits <= 16:
            raise FramingError(
                f"length_bits is {self.length_bits}; a length has 1 to 16 bits, and 32 more "
                "where needed"
            )
        if not allowed(self.size):
            raise FramingError(
                f"size is {self.size}; sides are 1 to 65535, and at most {MAX_PIXELS} pixels "
                "together"
            )

    @property
    def bare(self) -> bool:
        """Frames are their payloads."""
        return not self.header and not self.crc

    def check(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Raises FramingError for a size, height and width, that these frames cannot tell."""
        for height, width in dict.fromkeys(sizes):
            if not allowed((height, width)):
                raise FramingError(
                    f"an image is {height} x {width}; sides are 1 to 65535, at most {MAX_PIXELS} "
                    "pixels"
                )
            if not self.header and (height, width) != self.size:
                raise FramingError(
                    f"an image is {height} x {width}, but without a header every image has the "
                    "agreed size "
                    f"{self.size[0]} x {self.size[1]}: set framing.header to true, or framing.size"
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
        """Put a header before and a CRC behind each payload, S consecutive ones an image.

        sizes: height and width of each of the B images.
        """
        if self.bare:
            return payloads
        headers, check = [self._header(size) for size in sizes], np.zeros(self.crc, np.uint8)
        frames = []
        for number, payload in enumerate(payloads.split()):
            length = self._length(payload.size, self._is_last(number))
            frames.append(np.concatenate([headers[number // self.slices], length, payload, check]))
        return self._with_crc(Frames.join(frames))

    def unframe(self, frames: Frames, fewest_bits: FewestBits) -> Unframed:
        """Read the frames back. Whatever the bits are, this does not raise.

        A header is believed when its size is within bounds and no larger than the frame can be of,
        and its length is that of the frame. An image's size is what most of those believed say
        whose CRC fits, else most of those believed, else the agreed one; the frames of an image are
        read as if all of them said that, and each as if it told its length.
        """
        if self.bare:
            return Unframed(
                frames, [self.size] * (len(frames) // self.slices), np.ones(len(frames), np.bool_)
            )
        told = [
            self._told(bits, n % self.slices, fewest_bits) for n, bits in enumerate(frames.split())
        ]
        fits = self.intact(frames)
        images = range(0, len(frames), self.slices)
        sizes = [
            self._elected(told[n : n + self.slices], fits[n : n + self.slices]) for n in images
        ]
        agrees = [said == sizes[n // self.slices] for n, said in enumerate(told)]
        totals = enumerate(frames.lengths.tolist())
        before = [
            self._before(total, sizes[n // self.slices], self._is_last(n)) for n, total in totals
        ]
        lengths = np.maximum(frames.lengths - self.crc - before, 0)
        starts = frames.starts + np.array(before, np.int64)
        payloads = [
            frames.bits[start : start + length]
            for start, length in zip(starts, lengths, strict=True)
        ]
        return Unframed(Frames.join(payloads), sizes, fits & np.array(agrees, np.bool_))

    def _header(self, size: tuple[int, int]) -> Bits:
        own = 1 << 2 * SIDE_BITS | size[0] << SIDE_BITS | size[1]
        return _number(0 if size == self.size else own, self._header_bits(size))

    def _is_last(self, frame: int) -> bool:
        return frame % self.slices == self.slices - 1

    def _length(self, length: int, last: bool) -> Bits:
        if last:
            return np.empty(0, np.uint8)
        ones = (1 << self.length_bits) - 1
        if length < ones:
            return _number(length, self.length_bits)
        return _number(ones << LONG_BITS | length, self.length_bits + LONG_BITS)

    def _before(self, total: int, size: tuple[int, int], last: bool) -> int:
        """Where the payload begins in a frame of `total` bits, whatever these are."""
        before = self._header_bits(size) + (0 if last else self.length_bits)
        fits = last or total - self.crc - before < (1 << self.length_bits) - 1
        return before if fits else before + LONG_BITS

    def _header_bits(self, size: tuple[int, int]) -> int:
        if not self.header:
            return 0
        return 1 if size == self.size else 1 + 2 * SIDE_BITS

    def _told(self, bits: Bits, number: int, fewest_bits: FewestBits) -> tuple[int, int] | None:
        """The size that the frame of an image's slice tells, None where it cannot be true."""
        last = self._is_last(number)
        size = self.size
        if self.header and bits.size and bits[0]:
            size = _value(bits[1 : 1 + SIDE_BITS]), _value(bits[1 + SIDE_BITS : 1 + 2 * SIDE_BITS])
        start = self._before(bits.size, size, last)
        payload = bits.size - start - self.crc
        if payload < 0 or not np.array_equal(
            bits[self._header_bits(size) : start], self._length(payload, last)
        ):
            return None
        return size if allowed(size) and payload >= fewest_bits(size, number) else None

    def _elected(
        self, told: Sequence[tuple[int, int] | None], fits: NDArray[np.bool_]
    ) -> tuple[int, int]:
        believed = [size for size in told if size]
        sure = [size for size, fit in zip(told, fits, strict=True) if size and fit]
        return Counter(sure or believed or [self.size]).most_common(1)[0][0]

    def _with_crc(self, frames: Frames) -> Frames:
        """Write each frame's CRC over its last bits."""
        if not self.crc:
            return frames
        ends = frames.starts + frames.lengths
        remainders = checksums(frames.bits, frames.starts, ends - self.crc, self.crc)
        places = np.arange(self.crc)
        frames.bits[ends[:, None] - self.crc + places] = (
            remainders[:, None] >> (self.crc - 1 - places) & 1
        )
        return frames

    def remainders(self, frames: Frames) -> NDArray[np.int64]:
        """(F,) the CRC over each whole frame, 0 where it fits. Without a CRC all are."""
        if not self.crc:
            return np.zeros(len(frames), np.int64)
        return checksums(frames.bits, frames.starts, frames.starts + frames.lengths, self.crc)

    def intact(self, frames: Frames) -> NDArray[np.bool_]:
        """(F,) whether each frame's CRC fits: all that a link can know. Without a CRC every one
        does.
        """
        return np.equal(self.remainders(frames), 0)


def allowed(size: tuple[int, int]) -> bool:
    """Whether an image may have this height and width."""
    return 0 < size[0] <= 65535 and 0 < size[1] <= 65535 and size[0] * size[1] <= MAX_PIXELS


def _number(value: int, width: int) -> Bits:
    """The lowest `width` binary digits of a number, highest first."""
    return np.array([value >> place & 1 for place in reversed(range(width))], np.uint8)


def _value(bits: Bits) -> int:
    """The number whose binary digits these are."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)
