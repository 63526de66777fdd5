"""Scalar quantization of channel matrices, the classical system that learned ones compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, ModalityName
from semcomm.errors import CodecError, FramingError
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.csi import ChannelMatrix, blank, given_matrices
from semcomm.modalities.patches import size_of
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.system import System
from semcomm.terms import Terms

Codes = NDArray[np.uint16]
"""(delays, angles, 2) of each real and imaginary part that is sent."""

MISSING = 65535
"""The code of a part that did not arrive, which becomes 0."""


@dataclass(frozen=True)
class MuLaw(System):
    """Real and imaginary parts of some rows, each through a mu-law and a uniform quantizer.

    F(x) = sign(x) ln(1 + mu |x| / peak) / ln(1 + mu), as in ITU-T G.711 with mu = 255.
    """

    model: Annotated[Literal["mu-law"], doc("the system's name")]
    bits: Annotated[int, Ge(1), Le(12), Unit("bits"), doc("of each real and imaginary part")] = 4
    first_delay: Annotated[int, Ge(0), doc("the first row that is sent")] = 0
    delays: Annotated[
        int, Ge(1), doc("how many rows are sent; the receiver takes others as zeros")
    ] = 32
    peak: Annotated[
        float, Gt(0.0), Le(1.0), doc("larger parts are clipped to this; a matrix has the energy 1")
    ] = 0.5
    mu: Annotated[float, Gt(0.0), Le(1e6), doc("the more, the finer are small parts")] = 255.0

    @property
    def modality(self) -> ModalityName:
        return "csi"

    def transmitter(self, terms: Terms, framing: Framing) -> "MuLawTransmitter":
        return MuLawTransmitter(self, framing, terms)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "MuLawReceiver":
        return MuLawReceiver(self, framing, damaged, terms)

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Any]:
        return {
            "framing.slices": partial(check_slices, framing),
            "codec.first_delay": partial(self._check_rows, framing),
            "link.channel_uses": partial(self._check_room, terms, framing),
        }

    def _check_rows(self, framing: Framing) -> None:
        """Raises CodecError where a matrix of the agreed size has none of the rows; where headers
        tell sizes, none is agreed.
        """
        if not framing.header:
            self.rows(framing.size[0])

    def _check_room(self, terms: Terms, framing: Framing) -> None:
        """Raises FramingError where no frame, or none of a matrix of the agreed size, has room."""
        form = FrameFormat(framing, frame_bits=terms.frame_bits)
        payload_bits = np.array([self.bits * self.parts(framing.size)])
        bits = int(form.bits(payload_bits, [Header(framing.size)])[0])
        if terms.budget_bits is not None and not framing.header and bits > terms.budget_bits:
            raise FramingError(
                f"a frame has {terms.frame_bits} bits, and a matrix takes {bits} and at least one "
                "of filling: allow more channel uses (link.channel_uses), or take fewer codec.bits "
                "or codec.delays"
            )

    def rows(self, height: int) -> slice:
        """Those that are sent of a matrix of so many."""
        if self.first_delay >= height:
            raise CodecError(
                f"codec.first_delay is {self.first_delay}; a channel matrix has {height} delays"
            )
        return slice(self.first_delay, min(self.first_delay + self.delays, height))

    def parts(self, size: tuple[int, int]) -> int:
        """How many real and imaginary parts of a matrix of this size are sent; 0 for one that has
        none of the rows.
        """
        height, width = size
        return 2 * width * max(min(self.first_delay + self.delays, height) - self.first_delay, 0)

    def quantize(self, values: NDArray[np.float32]) -> Codes:
        """The codes of values of any shape, from 0 to 2 ** bits - 1."""
        magnitudes = np.minimum(np.abs(values.astype(np.float64)) / self.peak, 1)
        compressed = np.sign(values) * np.log1p(self.mu * magnitudes) / np.log1p(self.mu)
        levels = 1 << self.bits
        codes: Codes = np.clip((compressed + 1) / 2 * levels, 0, levels - 1).astype(np.uint16)
        return codes

    def dequantize(self, codes: Codes) -> NDArray[np.float32]:
        """The middle of each code's interval, as the mu-law compresses it; 0 for MISSING."""
        compressed = (2 * codes.astype(np.float64) + 1) / (1 << self.bits) - 1
        with np.errstate(over="ignore"):  # of MISSING
            magnitudes = np.expm1(np.abs(compressed) * np.log1p(self.mu)) / self.mu
        values = np.sign(compressed) * self.peak * magnitudes
        return np.where(codes == MISSING, 0, values).astype(np.float32)


def check_slices(framing: Framing) -> None:
    """Raises FramingError for a framing of several frames per matrix."""
    if framing.slices > 1:
        raise FramingError(
            f"framing.slices is {framing.slices}; the codes of a matrix are one frame, so it "
            "takes 1"
        )


class MuLawTransmitter:
    """Sends the codes of each channel matrix in one frame, row by row, each in as many bits."""

    def __init__(self, codec: MuLaw, framing: Framing, terms: Terms) -> None:
        check_slices(framing)
        self.codec, self.framing = codec, framing
        self.format = FrameFormat(framing, frame_bits=terms.frame_bits)

    def encode(self, samples: Samples) -> Encoded:
        """`codes` of each matrix, and its `size`."""
        matrices = given_matrices(samples)
        codes = [
            self.codec.quantize(matrix[self.codec.rows(matrix.shape[0])]) for matrix in matrices
        ]
        sizes = np.array([size_of(matrix) for matrix in matrices], np.int64).reshape(-1, 2)
        return {"codes": codes, "size": sizes}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        sizes = [(int(height), int(width)) for height, width in encoded["size"]]
        self.framing.check(sizes)
        payloads = Frames.join([bits_of(codes, self.codec.bits) for codes in encoded["codes"]])
        frames = self.format.frame(payloads, [Header(size) for size in sizes])
        return Sent(frames, payloads.lengths, encoded)


class MuLawReceiver:
    """Receives codes; parts whose bits did not arrive are 0.

    damaged: `drop` makes zeros of each matrix whose frame's CRC fails; `keep` and `conceal` take
        its bits as they are.
    """

    def __init__(
        self, codec: MuLaw, framing: Framing, damaged: DamagedPolicy, terms: Terms
    ) -> None:
        check_slices(framing)
        self.codec, self.damaged = codec, damaged
        self.format = FrameFormat(framing, frame_bits=terms.frame_bits)

    def depacketize(self, reception: Reception) -> Arrived:
        """`codes`, MISSING where there are none, and `size`."""
        parsed = self.format.unframe(
            reception.frames, lambda header, number: self.codec.bits * self.codec.parts(header.size)
        )
        used = parsed.intact | (self.damaged != "drop")
        codes, whole = [], parsed.intact.copy()
        for number, payload in enumerate(parsed.payloads.split()):
            size = parsed.headers[number].size
            arrived = codes_of(payload[: payload.size * used[number]], self.codec.bits)
            parts = np.full(self.codec.parts(size), MISSING, np.uint16)
            count = min(arrived.size, parts.size)
            parts[:count] = arrived[:count]
            codes.append(parts.reshape(-1, size[1], 2))
            whole[number] &= payload.size == self.codec.bits * parts.size
        return Arrived({"codes": codes, "size": parsed.sizes}, ~whole)

    def reconstruct(self, arrived: Arrived) -> Received:
        sizes, codes = arrived.encoded["size"], arrived.encoded["codes"]
        matrices = [
            self._matrix(int(height), int(width), parts)
            for (height, width), parts in zip(sizes, codes, strict=True)
        ]
        return Received(matrices, arrived.damaged, None)

    def _matrix(self, height: int, width: int, codes: Codes) -> ChannelMatrix:
        matrix, first = blank(height, width), self.codec.first_delay
        matrix[first : first + len(codes)] = self.codec.dequantize(codes)
        return matrix


def bits_of(codes: Codes, width: int) -> NDArray[np.uint8]:
    """Each code in so many bits, the highest first."""
    places = np.arange(width - 1, -1, -1, dtype=np.uint16)
    return ((codes.reshape(-1, 1) >> places) & 1).astype(np.uint8).ravel()


def codes_of(bits: NDArray[np.uint8], width: int) -> Codes:
    """Undo `bits_of`; bits that make no whole code are left out."""
    groups = bits[: bits.size // width * width].reshape(-1, width)
    codes: Codes = (groups * (1 << np.arange(width - 1, -1, -1))).sum(axis=1).astype(np.uint16)
    return codes
