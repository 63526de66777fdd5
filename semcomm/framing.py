"""What both ends agree on frames; frame_format.py makes and parses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import Crc
from semcomm.crc import checksums
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.validation import Validated

MAX_PIXELS = 1 << 26
"""Pixels of the largest image, so that a damaged header cannot make a receiver allocate without
bound.
"""

Budget = Annotated[int, Ge(1), Unit("bits")]
"""The most bits that a frame may have, header and CRC included."""

Size = tuple[Annotated[int, Ge(1), Le(65535)], Annotated[int, Ge(1), Le(65535)]]


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
                    f"agreed size {self.size[0]} x {self.size[1]}: set framing.header to true "
                    "(transmit: --header), or framing.size (--size)"
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


def allowed(size: tuple[int, int]) -> bool:
    """Whether an image may have this height and width."""
    return 0 < size[0] <= 65535 and 0 < size[1] <= 65535 and size[0] * size[1] <= MAX_PIXELS
