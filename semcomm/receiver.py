"""The receiver of the learned digital system: whatever arrives becomes images."""

from functools import cache, cached_property
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.entropy_coding.interface import Decoded, symbol_counts
from semcomm.concealment.interpolation import interpolate
from semcomm.concealment.neighbourhood import MISSING, Neighbourhood, SliceLayout, unit_vectors
from semcomm.concealment.repair import Repair
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.ragged import ragged_arange
from semcomm.stages import Arrived, Received
from semcomm.validation import checked


class Receiver:
    """Unframes, entropy-decodes, dequantizes and decodes.

    damaged: what becomes of a slice whose CRC fails, or that does not decode to its last bit.
        `keep`: its symbols up to the first sign of damage; the others are the codec's
        `fill_index`, its most ordinary codeword, a mid-grey. `drop`: all its symbols are the
        `fill_index`. `conceal`: one or two bit errors are corrected where the CRC allows it;
        failing that, symbols unlike their neighbours are discarded, and what is missing is
        interpolated.
    Raises SettingError for arguments that a scenario refuses, in the same words.
    """

    def __init__(
        self,
        codec: Codec,
        entropy_coder: EntropyCoding = "huffman",
        framing: Framing | None = None,
        damaged: DamagedPolicy = "conceal",
    ) -> None:
        self.codec = codec
        coder = checked("entropy_coder", EntropyCoding, entropy_coder)
        self.entropy_coder = coder_of(coder, codec.tensors)
        self.framing = framing or Framing()
        self.damaged: DamagedPolicy = checked("damaged", DamagedPolicy, damaged)

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: Reception) -> Arrived:
        """Framing, entropy decoder, concealment: `indices`, all below K, and `size` of images."""
        parsed = self.framing.unframe(reception.frames, cache(self._min_payload_bits))
        shape_of = {size: self.codec.index_shape(size) for size in set(parsed.sizes)}
        shapes = [shape_of[size] for size in parsed.sizes]
        runs = self.framing.slice_runs(shapes)
        decoded = self.entropy_coder.decode(parsed.payloads.bits, parsed.payloads.lengths, runs)
        sound = parsed.intact & decoded.intact
        counts = symbol_counts(runs)
        if self.damaged == "conceal" and not sound.all():
            layout = SliceLayout.of(counts, shapes)
            symbols = self._conceal(reception.frames, parsed.payloads, decoded, sound, layout, runs)
        else:
            symbols = self._fill(decoded, sound, counts)
        ends = accumulate(map(prod, shapes))
        grids = [
            symbols[end - prod(shape) : end].reshape(shape)
            for end, shape in zip(ends, shapes, strict=True)
        ]
        sizes = np.array(parsed.sizes, np.int64).reshape(-1, 2)
        damaged = np.any(~sound.reshape(-1, self.framing.slices), axis=1)
        return Arrived({"indices": grids, "size": sizes}, damaged)

    def reconstruct(self, arrived: Arrived) -> Received:
        """Dequantizer and network: the images of these indices."""
        latents = self.codec.dequantize(list(arrived.encoded["indices"]))
        sizes = [(int(height), int(width)) for height, width in arrived.encoded["size"]]
        images = self.codec.decode(latents, sizes)
        return Received(images, arrived.damaged, arrived.encoded)

    def sizes(self, reception: Reception) -> list[tuple[int, int]]:
        """Height and width of each image that `receive` would make, before any is allocated."""
        return self.framing.unframe(reception.frames, self._min_payload_bits).sizes

    @cached_property
    def _vectors(self) -> NDArray[np.float64]:
        return unit_vectors(self.codec)

    def _min_payload_bits(self, size: tuple[int, int], number: int) -> int:
        symbols = symbol_counts(self.framing.slice_runs([self.codec.index_shape(size)]))
        return int(symbols[number]) * self.entropy_coder.min_bits_per_symbol

    def _fill(
        self, decoded: Decoded, sound: NDArray[np.bool_], counts: NDArray[np.int64]
    ) -> NDArray[np.uint16]:
        """The symbols of all slices, `fill_index` for those that the policy gives up."""
        usable = np.where(sound, counts, 0) if self.damaged == "drop" else decoded.valid
        arrived = ragged_arange(counts) < np.repeat(usable, counts)
        return np.where(arrived, decoded.symbols, np.uint16(self.codec.fill_index))

    def _conceal(
        self,
        frames: Frames,
        payloads: Frames,
        decoded: Decoded,
        sound: NDArray[np.bool_],
        layout: SliceLayout,
        runs: NDArray[np.int64],
    ) -> NDArray[np.uint16]:
        """The symbols of all slices, those of damaged ones the most likely."""
        known = np.repeat(sound, layout.counts)
        symbols = np.where(known, decoded.symbols.astype(np.int64), MISSING)
        neighbourhood = Neighbourhood(
            self._vectors, self.codec.geometry.groups, layout, symbols, known
        )
        remainders, crc = self.framing.remainders(frames), self.framing.crc
        repair = Repair(
            self.entropy_coder, crc, frames, remainders, payloads, runs, neighbourhood, sound.copy()
        )
        if crc:
            repair.correct(flips=1)
            repair.correct(flips=2)
        repair.discard_outliers()
        interpolate(self.codec, neighbourhood)
        return symbols.astype(np.uint16)
