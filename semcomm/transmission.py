"""Transmissions as files and pipes: what both ends agreed, then block after block of frames.

docs/bitstream.md gives the layout; all numbers are big-endian.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.levels import digest_of
from semcomm.errors import TransmissionError
from semcomm.frames import Frames
from semcomm.framing import Framing

MAGIC = b"SEMC\x02"
MAX_BLOCK_FRAMES, MAX_BLOCK_BITS = 1 << 16, 1 << 28
ENTROPY_CODINGS: tuple[Any, ...] = tuple(ENTROPY_CODERS)

_FIXED = struct.Struct(">5s?BBBBHH8sB")


@dataclass(frozen=True)
class Preamble:
    """What is constant over a transmission, sent once and counted apart from the images' bits.

    codec: its name, by which a receiver finds it; digest: the first eight bytes of its SHA-256.
    """

    codec: str
    digest: bytes
    entropy_coder: EntropyCoding
    framing: Framing

    @classmethod
    def of(
        cls, codec: Codec | Sequence[Codec], entropy_coder: EntropyCoding, framing: Framing
    ) -> Self:
        """The preamble of transmissions with this codec, or with all levels of a file."""
        codecs = (codec,) if isinstance(codec, Codec) else codec
        name = codecs[0].name if len(codecs) == 1 else codecs[0].name.rpartition("@")[0]
        return cls(name, digest_of(codecs)[:8], entropy_coder, framing)

    def to_bytes(self) -> bytes:
        """27 bytes and the codec's name in UTF-8, of at most 255 bytes."""
        name = self.codec.encode()
        if len(name) > 255:
            raise TransmissionError(
                f"the codec's name has {len(name)} bytes; at most 255 can be sent"
            )
        framing, coder = self.framing, ENTROPY_CODINGS.index(self.entropy_coder)
        fields = (
            framing.header,
            framing.slices,
            framing.crc,
            framing.length_bits,
            coder,
            *framing.size,
            self.digest,
            len(name),
        )
        content = _FIXED.pack(MAGIC, *fields) + name
        return content + struct.pack(">I", zlib.crc32(content))

    @classmethod
    def read(cls, stream: BinaryIO) -> Self:
        """Raises TransmissionError where the bytes are no preamble, or a damaged one."""
        magic = _read(stream, len(MAGIC))
        if magic != MAGIC:
            raise TransmissionError(
                f"this is not a transmission: it begins with {magic!r}, not {MAGIC!r}"
            )
        fixed = magic + _read(stream, _FIXED.size - len(MAGIC))
        content = fixed + _read(stream, fixed[-1])
        if _read(stream, 4) != struct.pack(">I", zlib.crc32(content)):
            raise TransmissionError(
                "the transmission's preamble is damaged: its CRC-32 does not fit"
            )
        _, header, slices, crc, length_bits, coder, height, width, digest, _ = _FIXED.unpack(fixed)
        try:
            framing = Framing(header, slices, crc, (height, width), length_bits)
            return cls(content[_FIXED.size :].decode(), digest, ENTROPY_CODINGS[coder], framing)
        except (ValueError, IndexError) as error:
            raise TransmissionError(
                f"the transmission's preamble says what cannot be: {error}"
            ) from None


def write_transmission(stream: BinaryIO, preamble: Preamble, blocks: Iterable[Frames]) -> None:
    """The preamble, each block as `Frames.to_bytes` has it, and a block of no frames as the end."""
    stream.write(preamble.to_bytes())
    for frames in blocks:
        if len(frames) > MAX_BLOCK_FRAMES or frames.bits.size > MAX_BLOCK_BITS:
            raise TransmissionError(
                f"a block has {len(frames)} frames of {frames.bits.size} bits, too many for a file"
            )
        stream.write(frames.to_bytes())
        stream.flush()
    stream.write(Frames.join([]).to_bytes())
    stream.flush()


def read_blocks(stream: BinaryIO) -> Iterator[Frames]:
    """The blocks of a transmission after its preamble.

    Raises TransmissionError, after the blocks that are whole, where the rest is cut off, cannot be,
    or is too much.
    """
    while True:
        head = _read(stream, 4)
        count = int.from_bytes(head, "big")
        if count == 0:
            if stream.read(1):
                raise TransmissionError("the transmission is damaged: it goes on after its end")
            return
        if count > MAX_BLOCK_FRAMES:
            raise TransmissionError(f"the transmission is damaged: a block claims {count} frames")
        lengths = _read(stream, 4 * count)
        bits = sum(struct.unpack(f">{count}I", lengths))
        if bits > MAX_BLOCK_BITS:
            raise TransmissionError(f"the transmission is damaged: a block claims {bits} bits")
        yield Frames.from_bytes(head + lengths + _read(stream, -(-bits // 8)))


def _read(stream: BinaryIO, count: int) -> bytes:
    """Exactly `count` bytes, taken as they come, so that a false count allocates nothing."""
    pieces, missing = [], count
    while missing and (piece := stream.read(min(missing, 1 << 20))):
        pieces.append(piece)
        missing -= len(piece)
    if missing:
        raise TransmissionError("the transmission is cut off: it ends before it says that it does")
    return b"".join(pieces)
