"""What a channel carries: frames of bits or of complex symbols, and what arrives of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from semcomm.ragged import gather_runs, join_runs, offsets, split_runs


def lossless(name: str, values: Any, dtype: DTypeLike) -> NDArray[Any]:
    """The values as an array of this dtype.

    Raises ValueError where a value is not exactly one of that dtype.
    Example: True and 1.0 become the bit 1; 0.95 does not.
    """
    given, wanted = np.asarray(values), np.dtype(dtype)
    if given.dtype == wanted:
        return given
    takes = f"{name} takes what {wanted} holds exactly"
    if given.dtype.kind not in "biufc" or (given.dtype.kind == "c" and wanted.kind != "c"):
        raise ValueError(f"{takes}, not {given.dtype}")
    with np.errstate(invalid="ignore", over="ignore"):
        converted: NDArray[Any] = given.astype(wanted)
    if not np.can_cast(given.dtype, wanted) and np.any(differs := converted != given):
        raise ValueError(f"{takes}, not {given[differs].flat[0]}")
    return converted


@dataclass(frozen=True)
class Frames:
    """Consecutive frames of bits. A frame is one slice of an image: what is lost, checked and
    resent as a whole.

    bits: (sum(lengths),) uint8 zeros and ones, the frames after each other.
    lengths: (F,) int64, the number of bits of each frame.

    Other dtypes are converted where nothing is lost. Raises ValueError for all else.
    """

    bits: NDArray[np.uint8]
    lengths: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", lossless("bits", self.bits, np.uint8))
        object.__setattr__(self, "lengths", lossless("lengths", self.lengths, np.int64))
        _check_runs("bits", self.bits, self.lengths)
        if self.bits.max(initial=0) > 1:
            raise ValueError(f"bits are zeros and ones, not {self.bits.max()}")

    def __len__(self) -> int:
        return self.lengths.size

    @property
    def starts(self) -> NDArray[np.int64]:
        """(F,) the position of each frame's first bit."""
        return offsets(self.lengths)

    @classmethod
    def join(cls, frames: Sequence[NDArray[np.uint8]]) -> Self:
        """Frames from the bits of each."""
        return cls(*join_runs(frames, np.uint8))

    def split(self) -> list[NDArray[np.uint8]]:
        """The bits of each frame, as views."""
        return split_runs(self.bits, self.lengths)

    def take(self, numbers: NDArray[np.int64]) -> Self:
        """A copy of the frames of these numbers, in their order; a number may repeat."""
        lengths = self.lengths[numbers]
        return type(self)(gather_runs(self.bits, self.starts[numbers], lengths), lengths)

    def with_bits(self, bits: NDArray[np.uint8]) -> Self:
        """Frames of the same lengths with these bits, (sum(lengths),)."""
        return type(self)(bits, self.lengths)

    def to_bytes(self) -> bytes:
        """F, the lengths, and all bits packed, the first bit in the most significant place.

        F and each length are 32-bit unsigned, big-endian; zeros fill the last byte.
        """
        head = np.concatenate([[len(self)], self.lengths]).astype(">u4").tobytes()
        return head + np.packbits(self.bits).tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Undo `to_bytes`. Raises ValueError when the content has any other length."""
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
class Symbols:
    """Consecutive frames of complex symbols, laid out as `Frames` lays out bits.

    values: (sum(lengths),) complex128, the frames after each other.
    lengths: (F,) int64, the number of symbols of each frame.

    Other dtypes are converted where nothing is lost. Raises ValueError for all else.
    """

    values: NDArray[np.complex128]
    lengths: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", lossless("symbols", self.values, np.complex128))
        object.__setattr__(self, "lengths", lossless("lengths", self.lengths, np.int64))
        _check_runs("symbols", self.values, self.lengths)

    def __len__(self) -> int:
        return self.lengths.size

    @property
    def starts(self) -> NDArray[np.int64]:
        """(F,) the position of each frame's first symbol."""
        return offsets(self.lengths)

    @classmethod
    def join(cls, frames: Sequence[NDArray[np.complex128]]) -> Self:
        """Symbols from the values of each frame."""
        return cls(*join_runs(frames, np.complex128))

    def split(self) -> list[NDArray[np.complex128]]:
        """The values of each frame, as views."""
        return split_runs(self.values, self.lengths)

    def with_values(self, values: NDArray[np.complex128]) -> Self:
        """Symbols of the same lengths with these values, (sum(lengths),)."""
        return type(self)(values, self.lengths)


@dataclass(frozen=True)
class Counts:
    """The cost and the outcome of sending each of F frames, as only a simulation knows them: (F,)
    int64 each.

    channel_uses: complex symbols, with pilots, padding and retransmissions; for a bit-level channel
        its bits.
    channel_bits: bits put on the channel, in all transmissions.
    bit_errors: those of them that a hard decision gets wrong; an erased or lost bit counts as 0.
    transmissions: how often the frame was sent, at least 1.
    feedback_bits: bits that the receiver answered.
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
    """What a channel hands to the receiver: as many frames as were sent, in the same order.

    frames: hard decisions; their lengths may differ from those sent.
    llrs: (sum(lengths),) float32, ln P(0) / P(1) of each bit, exactly 0 where it is erased; None
        where the channel has no soft values.
    counts: the cost; None where the channel does not count it.
    """

    frames: Frames
    llrs: NDArray[np.float32] | None = None
    counts: Counts | None = None

    @classmethod
    def of(cls, frames: Frames) -> Self:
        """A reception of hard decisions alone."""
        return cls(frames)


def _check_runs(noun: str, values: NDArray[Any], lengths: NDArray[np.int64]) -> None:
    """Raises ValueError unless the values are those of frames of these lengths."""
    for name, array in ((noun, values), ("lengths", lengths)):
        if array.ndim != 1:
            raise ValueError(f"{name} has the shape {array.shape}; it takes one dimension")
    if lengths.min(initial=0) < 0 or lengths.sum() != values.size:
        raise ValueError(f"lengths add up to {lengths.sum()}, but there are {values.size} {noun}")
