"""Slices of one codec: payloads become grids of indices, whatever arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding.interface import Decoded, EntropyCoder, symbol_counts
from semcomm.concealment.interpolation import interpolate
from semcomm.concealment.neighbourhood import MISSING, Neighbourhood, SliceLayout, unit_vectors
from semcomm.concealment.repair import Repair
from semcomm.frame_format import FrameFormat, ParsedFrames
from semcomm.frames import Frames
from semcomm.ragged import offsets, spans

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class SliceDecoder:
    """Entropy decoder and concealment.

    damaged: what becomes of damaged slices, as `Receiver` has it.
    """

    codec: Codec
    entropy_coder: EntropyCoder
    format: FrameFormat
    damaged: DamagedPolicy

    def decode(
        self, frames: Frames, parsed: ParsedFrames, shapes: Sequence[Shape]
    ) -> tuple[list[Indices], NDArray[np.bool_]]:
        """The indices of images, all below K, and which slices are sound, (F,) bool.

        parsed: what the frames hold.
        shapes: (h, w, g) of the indices of each image.
        """
        runs = self.format.framing.slice_runs(shapes)
        decoded = self.entropy_coder.decode(parsed.payloads.bits, parsed.payloads.lengths, runs)
        sound = parsed.intact & decoded.intact
        counts = symbol_counts(runs)
        if self.damaged == "conceal" and not sound.all():
            layout = SliceLayout.of(counts, list(shapes))
            symbols = self._conceal(frames, parsed, decoded, sound, layout, runs)
        else:
            symbols = self._fill(decoded, sound, counts)
        ends = accumulate(map(prod, shapes))
        grids = [
            symbols[end - prod(shape) : end].reshape(shape)
            for end, shape in zip(ends, shapes, strict=True)
        ]
        return grids, sound

    def min_payload_bits(self, size: tuple[int, int], slice_number: int) -> int:
        """The fewest bits that the indices of this slice can have, for an image of this size."""
        runs = self.format.framing.slice_runs([self.codec.index_shape(size)])
        return int(symbol_counts(runs)[slice_number]) * self.entropy_coder.min_bits_per_symbol

    @cached_property
    def _vectors(self) -> NDArray[np.float64]:
        return unit_vectors(self.codec)

    def _fill(
        self, decoded: Decoded, sound: NDArray[np.bool_], counts: NDArray[np.int64]
    ) -> NDArray[np.uint16]:
        """The symbols of all slices, `fill_index` for those that the policy gives up."""
        usable = np.where(sound, counts, 0) if self.damaged == "drop" else decoded.valid
        symbols = decoded.symbols.copy()
        symbols[spans(offsets(counts) + usable, counts - usable)] = self.codec.fill_index
        return symbols

    def _conceal(
        self,
        frames: Frames,
        parsed: ParsedFrames,
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
        repair = Repair(
            self.entropy_coder,
            self.format,
            frames,
            parsed.header_bits,
            self.format.framing.remainders(frames),
            runs,
            neighbourhood,
            sound.copy(),
        )
        if self.format.framing.crc:
            repair.correct(flips=1)
            repair.correct(flips=2)
        repair.discard_outliers()
        interpolate(self.codec, neighbourhood)
        return symbols.astype(np.uint16)
