"""The receiver: whatever arrives becomes images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.images import Image
from semcomm.transmitter import EntropyCoding


@dataclass(frozen=True)
class Received:
    """What B images became.

    images: each (H, W, 3) uint8; one whose frames tell no size has the agreed one.
    damaged: (B,) bool, some check on some frame of the image failed.
    indices: B grids (h, w, g) uint16, all below K, whatever arrived; None where the system has none.
    """

    images: list[Image]
    damaged: NDArray[np.bool_]
    indices: list[Indices] | None


@dataclass(frozen=True)
class Read:
    """What the bits of B images say, before any picture is made of it.

    descriptions: what `Transmitter.describe` gave or, where bits were wrong, something else as valid.
    sizes: height and width of each; damaged: (B,) bool, as `Received` has it.
    """

    descriptions: list[NDArray[Any]]
    sizes: list[tuple[int, int]]
    damaged: NDArray[np.bool_]

    def only(self, numbers: Sequence[int]) -> "Read":
        """That of some of the images."""
        return Read([self.descriptions[n] for n in numbers], [self.sizes[n] for n in numbers], self.damaged[numbers])


class Receiver:
    """Unframes, entropy-decodes, dequantizes and decodes. No reception makes it raise.

    Symbols are kept up to the first sign of damage in their frame, even where its CRC fails; those
    that did not arrive are the codec's `fill_index`, its most ordinary codeword.
    """

    def __init__(self, codec: Codec, entropy_coder: EntropyCoding = "huffman", framing: Framing | None = None) -> None:
        self.codec = codec
        self.entropy_coder = coder_of(entropy_coder, codec.tensors)
        self.framing = framing or Framing()

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.picture(self.read(reception))

    def read(self, reception: Reception) -> Read:
        """The indices that the frames tell, every gap filled."""
        unframed = self.framing.unframe(reception.frames, cache(self._fewest_bits))
        indices, decoded = self._entropy_decode(unframed.payloads, unframed.sizes)
        damaged = ~(unframed.intact & decoded).reshape(-1, self.framing.slices)
        return Read(indices, unframed.sizes, np.any(damaged, axis=1))

    def picture(self, read: Read) -> Received:
        """The images of these indices."""
        latents = self.codec.dequantize(read.descriptions)
        images = self.codec.decode(latents, read.sizes)
        return Received(images, read.damaged, list(read.descriptions))

    def sizes(self, reception: Reception) -> list[tuple[int, int]]:
        """Height and width of each image that `receive` would make, told before anything of that size is."""
        return self.framing.unframe(reception.frames, self._fewest_bits).sizes

    def _fewest_bits(self, size: tuple[int, int]) -> int:
        rows, columns, groups = self.codec.index_shape(size)
        return rows // self.framing.slices * columns * groups * self.entropy_coder.min_bits_per_symbol

    def _entropy_decode(
        self, payloads: Frames, sizes: Sequence[tuple[int, int]]
    ) -> tuple[list[Indices], NDArray[np.bool_]]:
        """Index grids, gaps filled, and which payloads were decoded to their last bit."""
        shape_of = {size: self.codec.index_shape(size) for size in set(sizes)}
        shapes = [shape_of[size] for size in sizes]
        slices = self.framing.slice_grids(shapes)
        counts = slices.prod(axis=1)
        decoded = self.entropy_coder.decode(payloads.bits, payloads.lengths, slices)
        place = np.arange(decoded.symbols.size) - np.repeat(np.cumsum(counts) - counts, counts)
        arrived = place < np.repeat(decoded.good, counts)
        symbols = np.where(arrived, decoded.symbols, np.uint16(self.codec.fill_index))
        ends = accumulate(map(prod, shapes))
        grids = [symbols[end - prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True)]
        return grids, decoded.intact
