"""The transmitter: images to frames of bits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.rate_control import fit_to_budget
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image, check_image, size_of


@dataclass(frozen=True)
class Sent:
    """What left the transmitter for B images.

    frames: S for each image, all that the channel is handed.
    payload_bits: (B,) int64, the entropy-coded bits alone, without headers and CRCs.
    indices: B grids (h, w, g) uint16, for counting errors, as the frames alone are sent; None where
        there are none.
    """

    frames: Frames
    payload_bits: NDArray[np.int64]
    indices: list[Indices] | None


class Transmitter:
    """Encodes, quantizes, entropy-codes and frames images.

    budget_bits: no frame has more; images for whose frames the codec's indices take more get others
        (`fit_to_budget`).
    refinement_steps: of `refine`, for each image's latents.
    """

    def __init__(
        self,
        codec: Codec,
        entropy_coder: EntropyCoding = "huffman",
        framing: Framing | None = None,
        budget_bits: int | None = None,
        refinement_steps: int = 0,
    ) -> None:
        self.codec = codec
        self.entropy_coder = coder_of(entropy_coder, codec.tensors)
        self.framing = framing or Framing()
        self.budget_bits = budget_bits
        self.refinement_steps = refinement_steps

    def transmit(self, images: Sequence[Image]) -> Sent:
        """Send images, each (H, W, 3) uint8, of any sizes that the framing can tell.

        Raises FramingError for other sizes and images that no budget holds, DataError for what is
        no such image.
        """
        return self.send(self.describe(images), [size_of(image) for image in images])

    def describe(self, images: Sequence[Image]) -> list[Indices]:
        """The indices of images, (h, w, g) uint16 each: those of the codec, or coarser ones where
        there is a budget.
        """
        for image in images:
            check_image(image)
        if self.budget_bits is None:
            return list(self.codec.quantize(self.codec.encode(images, self.refinement_steps)))
        return self._within(self.budget_bits, images)

    def send(self, indices: Sequence[Indices], sizes: Sequence[tuple[int, int]]) -> Sent:
        """Send the indices of images of these heights and widths."""
        self.framing.check(sizes)
        payloads = self._entropy_code(indices)
        frames = self.framing.frame(payloads, sizes)
        payload_bits = payloads.lengths.reshape(-1, self.framing.slices).sum(axis=1)
        return Sent(frames, payload_bits, list(indices))

    def _within(self, budget_bits: int, images: Sequence[Image]) -> list[Indices]:
        """Latents are refined for the rate weights that they would take without, then quantized
        anew.
        """
        sizes = [size_of(image) for image in images]

        def longest(images: Sequence[int], grids: Sequence[Indices]) -> NDArray[np.int64]:
            frames = self.send(grids, [sizes[image] for image in images]).frames
            bits: NDArray[np.int64] = frames.lengths.reshape(len(grids), self.framing.slices).max(
                axis=1
            )
            return bits

        indices, weights = fit_to_budget(
            budget_bits, self.codec, self.codec.encode(images), longest
        )
        if self.refinement_steps:
            latents = self.codec.encode(images, self.refinement_steps, weights)
            indices, _ = fit_to_budget(budget_bits, self.codec, latents, longest)
        for (height, width), bits in zip(
            sizes, longest(range(len(sizes)), indices).tolist(), strict=True
        ):
            if bits > budget_bits:
                raise FramingError(
                    f"budget_bits is {budget_bits}, but an image of {height} x {width} has a "
                    f"frame of {bits} bits "
                    f"even by the coarsest indices of {self.codec.name}: allow more, or take "
                    "another codec or framing"
                )
        return indices

    def _entropy_code(self, indices: Sequence[Indices]) -> Frames:
        symbols = np.concatenate([np.empty(0, np.uint16), *(grid.ravel() for grid in indices)])
        runs = self.framing.slice_runs([grid.shape for grid in indices])
        return Frames(*self.entropy_coder.encode(symbols, runs))
