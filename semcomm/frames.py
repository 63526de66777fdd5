"""What a channel carries: frames of bits, and what arrives of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frames:
    """Consecutive frames of bits. A frame is one slice of an image: what is lost, checked and
    resent.

    bits: (sum(lengths),) uint8 zeros and ones, the frames after each other.
    lengths: (F,) int64, bits of each frame.
    """

    bits: NDArray[np.uint8]
    lengths: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.bits.dtype != np.uint8 or self.lengths.dtype != np.int64:
            raise ValueError(
                f"frames take uint8 bits and int64 lengths, not {self.bits.dtype}, "
                f"{self.lengths.dtype}"
            )
        if self.lengths.min(initial=0) < 0 or self.lengths.sum() != self.bits.size:
            raise ValueError(
                f"lengths add up to {self.lengths.sum()}, but there are {self.bits.size} bits"
            )
        if self.bits.max(initial=0) > 1:
            raise ValueError(f"bits are zeros and ones, not {self.bits.max()}")

    def __len__(self) -> int:
        return self.lengths.size

    @property
    def starts(self) -> NDArray[np.int64]:
        """(F,) the position of each frame's first bit."""
        return np.cumsum(self.lengths) - self.lengths

    @classmethod
    def join(cls, frames: Sequence[NDArray[np.uint8]]) -> Self:
        """Frames from the bits of each."""
        lengths = np.array([bits.size for bits in frames], np.int64)
        return cls(np.concatenate([np.empty(0, np.uint8), *frames]), lengths)

    def split(self) -> list[NDArray[np.uint8]]:
        """The bits of each frame, as views."""
        return [
            self.bits[a:b] for a, b in zip(self.starts, self.starts + self.lengths, strict=True)
        ]

    def with_bits(self, bits: NDArray[np.uint8]) -> Self:
        """The same frames with other bits, one for each."""
        return type(self)(bits.astype(np.uint8, copy=False), self.lengths)

    def to_bytes(self) -> bytes:
        """F, the lengths, and all bits packed, the first bit in a byte's highest place.

        F and each length are 32-bit unsigned, big-endian; the last byte is filled up with zeros.
        """
        head = np.concatenate([[len(self)], self.lengths]).astype(">u4").tobytes()
        return head + np.packbits(self.bits).tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Undo `to_bytes`. Raises ValueError when the content is not exactly that long."""
        count = int.from_bytes(content[:4], "big")
        head = 4 + 4 * count
        lengths = np.frombuffer(content[4:head], ">u4").astype(np.int64)
        packed = np.frombuffer(content[head:], np.uint8)
        if len(content) < 4 or lengths.size != count or packed.size != -(-int(lengths.sum()) // 8):
            raise ValueError(
                f"{len(content)} bytes do not hold {count} frames of {lengths.sum()} bits"
            )
        return cls(np.unpackbits(packed, count=int(lengths.sum())), lengths)


@dataclass(frozen=True)
class Counts:
    """What carrying each of F frames took, and how it went, as only a simulation knows: (F,) int64
    each.

    channel_uses: complex symbols, pilots, padding and retransmissions included; of a bit-level
        channel its bits.
    channel_bits: bits that were put on the channel, all transmissions.
    bit_errors: those of them that a hard decision got wrong; an erased or lost bit counts as 0.
    transmissions: times the frame was sent, at least 1; feedback_bits: what the receiver answered.
    initial_errors: 1 where the frame was wrong after its first transmission.
    """

    channel_uses: NDArray[np.int64]
    channel_bits: NDArray[np.int64]
    bit_errors: NDArray[np.int64]
    transmissions: NDArray[np.int64]
    feedback_bits: NDArray[np.int64]
    initial_errors: NDArray[np.int64]


@dataclass(frozen=True)
class Reception:
    """What a channel hands to the receiver, as many frames as were sent, in their order.

    frames: hard decisions; lengths may differ from those sent.
    llrs: (sum(lengths),) float32, ln P(0) / P(1) of each bit, exactly 0 where it is erased; None
        where nothing is known.
    counts: what it took; None for a channel that does not say.
    """

    frames: Frames
    llrs: NDArray[np.float32] | None = None
    counts: Counts | None = None

    @classmethod
    def of(cls, frames: Frames) -> Self:
        """The reception of these frames, with nothing known but their bits."""
        return cls(frames)
