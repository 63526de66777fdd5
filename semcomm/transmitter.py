"""The transmitter of the learned digital system: images to frames of bits."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le, Unit
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.rate_control import fit_to_budget
from semcomm.errors import FramingError
from semcomm.frames import Frames
from semcomm.framing import Budget, Framing
from semcomm.modalities.given import given_images
from semcomm.modalities.rgb8 import Image, size_of
from semcomm.stages import Encoded, Sent
from semcomm.validation import checked

RefinementSteps = Annotated[int, Ge(0), Le(10_000), Unit("steps")]


class Transmitter:
    """Encodes, quantizes, entropy-codes and frames images.

    budget_bits: the most that a frame may have; images whose frames would be longer are quantized
        more coarsely (`fit_to_budget`).
    refinement_steps: steps of descent by which each image's latents are refined.
    Raises SettingError for arguments that a scenario refuses, in the same words.
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
        coder = checked("entropy_coder", EntropyCoding, entropy_coder)
        self.entropy_coder = coder_of(coder, codec.tensors)
        self.framing = framing or Framing()
        self.budget_bits: int | None = checked("budget_bits", Budget | None, budget_bits)
        self.refinement_steps: int = checked("refinement_steps", RefinementSteps, refinement_steps)

    def transmit(self, images: Sequence[Any]) -> Sent[Frames]:
        """Send images, each (H, W, 3) uint8, of any sizes that the framing allows.

        Tensors, pictures of Pillow and paths of image files are converted.

        Raises FramingError for other sizes and for images that no budget holds, DataError for what
        is no such image.
        """
        return self.packetize(self.encode(images))

    def encode(self, images: Sequence[Any]) -> Encoded:
        """Network and quantizer: `indices`, (h, w, g) uint16 each, and `size`, height and width."""
        images = given_images(images)
        sizes = np.array([size_of(image) for image in images], np.int64).reshape(-1, 2)
        if self.budget_bits is not None:
            return {"indices": list(self._within(self.budget_bits, images, sizes)), "size": sizes}
        latents = self.codec.encode(images, self.refinement_steps)
        return {"indices": list(self.codec.quantize(latents)), "size": sizes}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        """Entropy coder and framing: S frames per image.

        Raises FramingError for sizes that the framing does not allow, and for other indices than
        images of these sizes have.
        """
        indices, sizes = encoded["indices"], [(int(h), int(w)) for h, w in encoded["size"]]
        self.framing.check(sizes)
        for grid, size in zip(indices, sizes, strict=True):
            if grid.shape != self.codec.index_shape(size):
                raise FramingError(
                    f"indices of an image of {size[0]} x {size[1]} have the shape {grid.shape}; "
                    f"{self.codec.name} has {self.codec.index_shape(size)} for it"
                )
        symbols = np.concatenate([np.empty(0, np.uint16), *(grid.ravel() for grid in indices)])
        slices = self.framing.slice_runs([grid.shape for grid in indices])
        payloads = Frames(*self.entropy_coder.encode(symbols, slices))
        payload_bits = payloads.lengths.reshape(-1, self.framing.slices).sum(axis=1)
        return Sent(self.framing.frame(payloads, sizes), payload_bits, encoded)

    def _within(
        self, budget_bits: int, images: Sequence[Image], sizes: NDArray[np.int64]
    ) -> Sequence[Indices]:
        """Find each image's rate weight without refinement, refine with it, then search again."""

        def longest(numbers: Sequence[int], grids: Sequence[Indices]) -> NDArray[np.int64]:
            frames = self.packetize({"indices": list(grids), "size": sizes[list(numbers)]}).signal
            bits: NDArray[np.int64] = frames.lengths.reshape(len(grids), -1).max(axis=1)
            return bits

        indices, weights = fit_to_budget(
            budget_bits, self.codec, self.codec.encode(images), longest
        )
        if self.refinement_steps:
            latents = self.codec.encode(images, self.refinement_steps, weights)
            indices, _ = fit_to_budget(budget_bits, self.codec, latents, longest)
        bits = longest(range(len(images)), indices)
        for number in np.flatnonzero(bits > budget_bits)[:1]:
            height, width = sizes[number]
            raise FramingError(
                f"budget_bits is {budget_bits}, but an image of {height} x {width} has a frame of "
                f"{bits[number]} bits even with the coarsest indices of {self.codec.name}: allow "
                "more, or take another codec or framing"
            )
        return indices
