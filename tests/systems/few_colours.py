"""A system of one file: the mean colour of each 4 x 4 patch, sent in a few bits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy
from semcomm.errors import FramingError
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.system import System
from semcomm.terms import Terms

PATCH = 4


@dataclass(frozen=True)
class FewColours(System):
    """Mean red, green and blue of each patch of 4 x 4 pixels, each in `bits` bits.

    The sides of images are multiples of 4.
    """

    bits: Annotated[int, Ge(1), Le(8), Unit("bits"), doc("of each red, green or blue")] = 3

    def transmitter(self, terms: Terms, framing: Framing) -> "Sender":
        return Sender(self, framing, terms)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "Drawer":
        return Drawer(self, framing, terms, damaged)

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        return {
            "framing.slices": partial(check_slices, framing),
            "link.channel_uses": partial(FrameFormat, framing, frame_bits=terms.frame_bits),
        }

    def payload_bits(self, header: Header, slice_number: int = 0) -> int | None:
        """Of an image of this size; None where it cannot have been sent."""
        height, width = header.size
        if height % PATCH or width % PATCH:
            return None
        return height // PATCH * (width // PATCH) * 3 * self.bits


def check_slices(framing: Framing) -> None:
    """Raises FramingError for several frames per image."""
    if framing.slices > 1:
        raise FramingError(f"framing.slices is {framing.slices}; an image is one frame: it takes 1")


class Sender:
    """Sends the colours of an image row by row, in one frame."""

    def __init__(self, codec: FewColours, framing: Framing, terms: Terms) -> None:
        self.codec, self.framing = codec, framing
        self.format = FrameFormat(framing, frame_bits=terms.frame_bits)

    def encode(self, samples: Samples) -> Encoded:
        """`codes` (H / 4, W / 4, 3) uint8 of each image, from 0 to 2^bits - 1."""
        codes = []
        for image in samples:
            rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
            means = image.reshape(rows, PATCH, columns, PATCH, 3).mean(axis=(1, 3))
            codes.append((means / 256 * 2**self.codec.bits).astype(np.uint8))
        return {"codes": codes}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        codes = encoded["codes"]
        sizes = [(PATCH * each.shape[0], PATCH * each.shape[1]) for each in codes]
        self.framing.check(sizes)
        places = np.arange(self.codec.bits)[::-1]
        bits = [(each[..., None] >> places & 1).astype(np.uint8).ravel() for each in codes]
        payloads = Frames.join(bits)
        frames = self.format.frame(payloads, [Header(size) for size in sizes])
        return Sent(frames, payloads.lengths, encoded)


class Drawer:
    """Fills each patch with its colour; bits that did not arrive make it grey.

    damaged: `drop` takes no bits of a frame whose CRC fails; `keep` and `conceal` take all.
    """

    def __init__(
        self, codec: FewColours, framing: Framing, terms: Terms, damaged: DamagedPolicy
    ) -> None:
        self.codec, self.damaged = codec, damaged
        self.format = FrameFormat(framing, frame_bits=terms.frame_bits)

    def depacketize(self, reception: Reception) -> Arrived:
        parsed = self.format.unframe(reception.frames, self.codec.payload_bits)
        codes, whole = [], parsed.intact.copy()
        for number, payload in enumerate(parsed.payloads.split()):
            wanted = self.codec.payload_bits(parsed.headers[number]) or 0
            whole[number] &= payload.size == wanted
            kept = payload[: 0 if self.damaged == "drop" and not whole[number] else wanted]
            height, width = parsed.headers[number].size
            codes.append(self._codes(kept, wanted).reshape(height // PATCH, width // PATCH, 3))
        return Arrived({"codes": codes}, ~whole)

    def _codes(self, bits: NDArray[np.uint8], wanted: int) -> NDArray[np.uint8]:
        """Of an image's bits; where they end, the code in the middle, a one and zeros."""
        grey = np.eye(1, self.codec.bits, dtype=np.uint8).ravel()
        filled = np.resize(grey, wanted)
        filled[: bits.size] = bits
        places = np.arange(self.codec.bits)[::-1]
        codes: NDArray[np.uint8] = (filled.reshape(-1, self.codec.bits) << places).sum(axis=1)
        return codes.astype(np.uint8)

    def reconstruct(self, arrived: Arrived) -> Received:
        images = []
        for codes in arrived.encoded["codes"]:
            small = ((codes + 0.5) * 256 / 2**self.codec.bits).astype(np.uint8)
            images.append(small.repeat(PATCH, axis=0).repeat(PATCH, axis=1))
        return Received(images, arrived.damaged, None)
