"""The receiver: whatever arrives becomes images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, EntropyCoding
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.entropy_coding.interface import Decoded, places_in, symbol_counts
from semcomm.concealment.interpolation import fill
from semcomm.concealment.neighbourhood import ABSENT, Places, Surroundings, unit_vectors
from semcomm.concealment.repair import Repair
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image


@dataclass(frozen=True)
class Received:
    """What B images became.

    images: each (H, W, 3) uint8; one whose frames tell no size has the agreed one.
    damaged: (B,) bool, some check on some frame of the image failed.
    indices: B grids (h, w, g) uint16, all below K, whatever arrived; None where the system has
        none.
    """

    images: list[Image]
    damaged: NDArray[np.bool_]
    indices: list[Indices] | None


@dataclass(frozen=True)
class Read:
    """What the bits of B images say, before any picture is made of it.

    descriptions: what `Transmitter.describe` gave or, where bits were wrong, something else as
        valid.
    sizes: height and width of each; damaged: (B,) bool, as `Received` has it.
    """

    descriptions: list[NDArray[Any]]
    sizes: list[tuple[int, int]]
    damaged: NDArray[np.bool_]

    def only(self, numbers: Sequence[int]) -> "Read":
        """That of some of the images."""
        return Read(
            [self.descriptions[n] for n in numbers],
            [self.sizes[n] for n in numbers],
            self.damaged[numbers],
        )


class Receiver:
    """Unframes, entropy-decodes, dequantizes and decodes. No reception makes it raise.

    damaged: what becomes of a slice whose CRC does not fit, or that does not decode to its last
        bit. `keep`: its symbols up to the first sign of damage; the others are the codec's
        `fill_index`. `drop`: all its symbols are the `fill_index`, its most ordinary codeword, a
        mid-grey. `conceal`: a bit or two are flipped where the CRC then fits; else the symbols that
        do not fit their surroundings, and those that did not arrive, are made up from their
        neighbours.
    """

    def __init__(
        self,
        codec: Codec,
        entropy_coder: EntropyCoding = "huffman",
        framing: Framing | None = None,
        damaged: DamagedPolicy = "conceal",
    ) -> None:
        self.codec = codec
        self.entropy_coder = coder_of(entropy_coder, codec.tensors)
        self.framing = framing or Framing()
        self.damaged = damaged

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.picture(self.read(reception))

    def read(self, reception: Reception) -> Read:
        """The indices that the frames tell, every gap filled."""
        unframed = self.framing.unframe(reception.frames, cache(self._fewest_bits))
        shape_of = {size: self.codec.index_shape(size) for size in set(unframed.sizes)}
        shapes = [shape_of[size] for size in unframed.sizes]
        runs = self.framing.slice_runs(shapes)
        counts = symbol_counts(runs)
        decoded = self.entropy_coder.decode(unframed.payloads.bits, unframed.payloads.lengths, runs)
        sound = unframed.intact & decoded.intact
        symbols = self._filled(decoded, sound, counts)
        if self.damaged == "conceal" and not sound.all():
            places = Places.of(counts, shapes)
            symbols = self._concealed(
                reception.frames, unframed.payloads, decoded, sound, places, runs
            )
        ends = accumulate(map(prod, shapes))
        grids = [
            symbols[end - prod(shape) : end].reshape(shape)
            for end, shape in zip(ends, shapes, strict=True)
        ]
        return Read(grids, unframed.sizes, np.any(~sound.reshape(-1, self.framing.slices), axis=1))

    def picture(self, read: Read) -> Received:
        """The images of these indices."""
        images = self.codec.decode(self.codec.dequantize(read.descriptions), read.sizes)
        return Received(images, read.damaged, list(read.descriptions))

    def sizes(self, reception: Reception) -> list[tuple[int, int]]:
        """Height and width of each image that `receive` would make, told before anything of that
        size is.
        """
        return self.framing.unframe(reception.frames, self._fewest_bits).sizes

    @cached_property
    def _vectors(self) -> NDArray[np.float64]:
        return unit_vectors(self.codec)

    def _fewest_bits(self, size: tuple[int, int], number: int) -> int:
        symbols = symbol_counts(self.framing.slice_runs([self.codec.index_shape(size)]))
        return int(symbols[number]) * self.entropy_coder.min_bits_per_symbol

    def _filled(
        self, decoded: Decoded, sound: NDArray[np.bool_], counts: NDArray[np.int64]
    ) -> NDArray[np.uint16]:
        """The symbols of all slices, of damaged ones those before the first sign of it, or none."""
        good = np.where(sound, counts, 0) if self.damaged == "drop" else decoded.valid
        arrived = places_in(counts) < np.repeat(good, counts)
        return np.where(arrived, decoded.symbols, np.uint16(self.codec.fill_index))

    def _concealed(
        self,
        frames: Frames,
        payloads: Frames,
        decoded: Decoded,
        sound: NDArray[np.bool_],
        places: Places,
        runs: NDArray[np.int64],
    ) -> NDArray[np.uint16]:
        """The symbols of all slices, of damaged ones those that are likeliest."""
        known = np.repeat(sound, places.counts)
        symbols = np.where(known, decoded.symbols.astype(np.int64), ABSENT)
        surroundings = Surroundings(
            self._vectors, self.codec.geometry.groups, places, symbols, known
        )
        remainders, crc = self.framing.remainders(frames), self.framing.crc
        repair = Repair(
            self.entropy_coder, crc, frames, remainders, payloads, runs, surroundings, sound.copy()
        )
        if crc:
            repair.correct(flips=1)
            repair.correct(flips=2)
        repair.cut_out()
        fill(self.codec, surroundings)
        return symbols.astype(np.uint16)
