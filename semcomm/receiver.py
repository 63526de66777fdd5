"""The receiver of the learned digital system: whatever arrives becomes images."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, Decisions, EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.entropy_coding.interface import symbol_counts
from semcomm.codec.levels import members_by_level, tag_bits
from semcomm.frame_format import FrameFormat, Header, ParsedFrames
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.modality import MODALITIES, Sample
from semcomm.slice_decoder import SliceDecoder
from semcomm.soft_decoding import check_soft, soft_latents
from semcomm.stages import Arrived, Received
from semcomm.terms import Terms
from semcomm.validation import checked


class Receiver:
    """Unframes, entropy-decodes, dequantizes and decodes.

    codec: one, or the levels of one file of which the transmitter chooses one for each image.
    damaged: what becomes of a slice whose CRC fails, or that does not decode to its last bit.
        `keep`: its symbols up to the first sign of damage; the others are the codec's
        `fill_index`, its most ordinary codeword, a mid-grey. `drop`: all its symbols are the
        `fill_index`. `conceal`: one or two bit errors are corrected where the CRC allows it;
        failing that, symbols unlike their neighbours are discarded, and what is missing is
        interpolated.
    terms: what the link makes both ends agree, by default nothing.
    dequantization: `hard` takes the codeword of each index that is decoded; `soft` the mean of all
        codewords given the bits' LLRs, for frames that are fixed-length indices alone.
    Raises SettingError for arguments that a scenario refuses, in the same words.
    """

    def __init__(
        self,
        codec: Codec | Sequence[Codec],
        entropy_coder: EntropyCoding = "huffman",
        framing: Framing | None = None,
        damaged: DamagedPolicy = "conceal",
        terms: Terms | None = None,
        dequantization: Decisions = "hard",
    ) -> None:
        codecs = (codec,) if isinstance(codec, Codec) else tuple(codec)
        coder = checked("entropy_coder", EntropyCoding, entropy_coder)
        self.framing = framing or Framing()
        frame_bits = (terms or Terms()).frame_bits
        self.format = FrameFormat(self.framing, tag_bits(len(codecs)), frame_bits)
        self.damaged: DamagedPolicy = checked("damaged", DamagedPolicy, damaged)
        self.dequantization: Decisions = checked("dequantization", Decisions, dequantization)
        if self.dequantization == "soft":
            check_soft(coder, self.framing, len(codecs))
        self.modality = codecs[0].modality
        self.levels = [
            SliceDecoder(codec, coder_of(coder, codec.tensors), self.format, self.damaged)
            for codec in codecs
        ]

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: Reception) -> Arrived:
        """Framing, entropy decoder, concealment: `indices`, all below K, and `size` of images; with
        several codecs the `level`, with soft dequantization the `latents`. An image that was sent
        as grey has no indices.
        """
        parsed = self.format.unframe(reception.frames, cache(self._min_payload_bits))
        levels = np.array([header.tag for header in parsed.headers], np.int64)
        shapes = self._shapes(parsed)
        grids: list[Any] = [None] * levels.size
        sound = np.empty((levels.size, self.framing.slices), np.bool_)
        for level, members in members_by_level(levels):
            frames, of_level = _members(reception.frames, parsed, members)
            numbers = members.tolist()
            decoded, sound_slices = self.levels[level].decode(
                frames, of_level, [shapes[number] for number in numbers]
            )
            sound[members] = sound_slices.reshape(members.size, -1)
            for number, grid in zip(numbers, decoded, strict=True):
                grids[number] = grid
        encoded: dict[str, Any] = {"indices": grids, "size": parsed.sizes}
        if len(self.levels) > 1:
            encoded["level"] = levels
        if self.dequantization == "soft":
            codec = self.levels[0].codec
            encoded["latents"] = soft_latents(codec, reception, self.framing.size)
        return Arrived(encoded, np.any(~sound, axis=1))

    def reconstruct(self, arrived: Arrived) -> Received:
        """Dequantizer and network: the images of these indices; where there are none, grey, or what
        else stands for a lost sample.
        """
        encoded = arrived.encoded
        grids, sizes = encoded["indices"], np.asarray(encoded["size"]).tolist()
        soft = encoded.get("latents")
        levels = np.asarray(encoded.get("level", np.zeros(len(sizes), np.int64)))
        has_indices = np.array([grid.size > 0 for grid in grids], np.bool_)
        images: dict[int, Sample] = {}
        for level, members in members_by_level(np.where(has_indices, levels, -1)):
            numbers = members.tolist()
            of_level = [sizes[number] for number in numbers]
            if level < 0:
                blank = MODALITIES[self.modality].blank
                pictures = [blank(height, width) for height, width in of_level]
            else:
                codec = self.levels[level].codec
                latents = (
                    codec.dequantize([grids[number] for number in numbers])
                    if soft is None
                    else [soft[number] for number in numbers]
                )
                pictures = codec.decode(latents, of_level)
            images.update(zip(numbers, pictures, strict=True))
        return Received([images[number] for number in range(len(sizes))], arrived.damaged, encoded)

    def sizes(self, reception: Reception) -> list[tuple[int, int]]:
        """Height and width of each image that `receive` would make, before any is allocated."""
        headers = self.format.unframe(reception.frames, self._min_payload_bits).headers
        return [header.size for header in headers]

    def _min_payload_bits(self, header: Header, slice_number: int) -> int | None:
        if header.tag >= len(self.levels):
            return None
        return self.levels[header.tag].min_payload_bits(header.size, slice_number)

    def _shapes(self, parsed: ParsedFrames) -> list[tuple[int, int, int]]:
        """(h, w, g) of the indices of each image; (0, 0, g) where it was sent as grey.

        It was if a sound frame of it is filled and has no payload, although its slice has indices:
        more than one codeword takes at least one bit.
        """
        shape_of = {
            header: self.levels[header.tag].codec.index_shape(header.size)
            for header in set(parsed.headers)
        }
        shapes = [shape_of[header] for header in parsed.headers]
        if self.format.frame_bits is None:
            return shapes
        counts = symbol_counts(self.framing.slice_runs(shapes))
        empty = parsed.intact & (parsed.payloads.lengths == 0) & (counts > 0)
        is_grey = empty.reshape(-1, self.framing.slices).any(axis=1)
        return [
            (0, 0, shape[2])
            if grey and self.levels[header.tag].codec.geometry.codewords > 1
            else shape
            for grey, header, shape in zip(is_grey, parsed.headers, shapes, strict=True)
        ]


def _members(
    frames: Frames, parsed: ParsedFrames, members: NDArray[np.int64]
) -> tuple[Frames, ParsedFrames]:
    """The frames of the images of these numbers, and what they hold."""
    if members.size == len(parsed.headers):
        return frames, parsed
    slices = len(frames) // len(parsed.headers)
    numbers = (slices * members[:, None] + np.arange(slices)).ravel()
    headers = [parsed.headers[number] for number in members]
    payloads = parsed.payloads.take(numbers)
    return frames.take(numbers), ParsedFrames(
        payloads, headers, parsed.header_bits[numbers], parsed.intact[numbers]
    )
