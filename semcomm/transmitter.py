"""The transmitter of the learned digital system: images to frames of bits."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le, Unit
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec, Indices
from semcomm.codec.entropy_coding import entropy_coder as coder_of
from semcomm.codec.level_choice import choose_levels
from semcomm.codec.levels import check_choice, members_by_level, tag_bits
from semcomm.errors import FramingError
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames
from semcomm.framing import Budget, Framing
from semcomm.modalities.modality import MODALITIES, Sample
from semcomm.modalities.patches import size_of
from semcomm.stages import Encoded, Sent
from semcomm.terms import Terms, check_budget
from semcomm.validation import checked

RefinementSteps = Annotated[int, Ge(0), Le(10_000), Unit("steps")]


class Transmitter:
    """Encodes, quantizes, entropy-codes and frames images.

    codec: one, or the levels of one file from few bits to many, of which one is chosen for each
        image (`choose_levels`) and named in a tag of its frames; that takes a budget.
    budget_bits: the most that a frame may have, by default what the terms leave; images whose
        frames would be longer are quantized more coarsely (`fit_to_budget`). With refinement, the
        frames before it decide which images these are, and with which weight they are refined.
    refinement_steps: steps of descent by which each image's latents are refined.
    terms: what the link makes both ends agree, by default nothing.
    Raises SettingError for arguments that a scenario refuses, in the same words.
    """

    def __init__(
        self,
        codec: Codec | Sequence[Codec],
        entropy_coder: EntropyCoding = "huffman",
        framing: Framing | None = None,
        budget_bits: int | None = None,
        refinement_steps: int = 0,
        terms: Terms | None = None,
    ) -> None:
        self.codecs = (codec,) if isinstance(codec, Codec) else tuple(codec)
        coder = checked("entropy_coder", EntropyCoding, entropy_coder)
        self.entropy_coders = [coder_of(coder, codec.tensors) for codec in self.codecs]
        self.framing, self.terms = framing or Framing(), terms or Terms()
        budget = checked("budget_bits", Budget | None, budget_bits)
        check_budget(budget, self.terms)
        self.budget_bits: int | None = budget or self.terms.budget_bits
        check_choice([codec.name for codec in self.codecs], self.budget_bits is not None)
        self.format = FrameFormat(self.framing, tag_bits(len(self.codecs)), self.terms.frame_bits)
        self.refinement_steps: int = checked("refinement_steps", RefinementSteps, refinement_steps)

    def transmit(self, images: Sequence[Any]) -> Sent[Frames]:
        """Send images, each (H, W, 3) uint8, of any sizes that the framing allows.

        Tensors, pictures of Pillow and paths of image files are converted. A codec of another
        modality takes its samples, such as channel matrices (modalities/csi.py).

        Raises FramingError for other sizes and for images that no budget holds, DataError for what
        is no such image.
        """
        return self.packetize(self.encode(images))

    def encode(self, images: Sequence[Any]) -> Encoded:
        """Network and quantizer: `indices`, (h, w, g) uint16 each, and `size`, height and width.

        With several codecs there is the `level` of each image. With frames of agreed length there
        is `unfit`, bool: no indices of the image fit. It is sent as the most probable indices, or
        else as grey, which has none: (0, 0, g).
        """
        images = MODALITIES[self.codecs[0].modality].given(images)
        sizes = np.array([size_of(image) for image in images], np.int64).reshape(-1, 2)
        if self.budget_bits is None:
            (codec,) = self.codecs
            latents = codec.encode(images, self.refinement_steps)
            return {"indices": list(codec.quantize(latents)), "size": sizes}
        longest = partial(self.longest, sizes)
        chosen = choose_levels(
            self.budget_bits, self.codecs, images, self.refinement_steps, longest
        )
        over = np.flatnonzero(chosen.frame_bits > self.budget_bits).tolist()
        encoded: dict[str, Any] = {"size": sizes}
        if self.terms.frame_bits is not None:
            encoded["unfit"] = chosen.frame_bits > self.budget_bits
            for number in over:
                chosen.levels[number] = 0
                chosen.indices[number] = self._stand_in(longest, number, images[number])
        elif over:
            raise self._no_budget_holds(sizes[over[0]], chosen.frame_bits[over[0]])
        if len(self.codecs) > 1:
            encoded["level"] = chosen.levels
        return encoded | {"indices": chosen.indices}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        """Entropy coder and framing: S frames per image.

        Raises FramingError for sizes that the framing does not allow, and for other indices than
        images of these sizes have.
        """
        indices = list(encoded["indices"])
        sizes = [(height, width) for height, width in np.asarray(encoded["size"]).tolist()]
        levels = np.asarray(encoded.get("level", np.zeros(len(sizes), np.int64)))
        self.framing.check(sizes)
        headers = [Header(size, level) for size, level in zip(sizes, levels.tolist(), strict=True)]
        shapes = [grid.shape for grid in indices]
        for header, shape in dict.fromkeys(zip(headers, shapes, strict=True)):
            self._check_shape(header, shape)
        payloads = self._payloads(indices, levels)
        payload_bits = payloads.lengths.reshape(-1, self.framing.slices).sum(axis=1)
        return Sent(self.format.frame(payloads, headers), payload_bits, encoded)

    def _payloads(self, indices: Sequence[Indices], levels: NDArray[np.int64]) -> Frames:
        """S payloads per image, each coded by the coder of the image's level."""
        coded = [Frames.join([])]
        for level, members in members_by_level(levels):
            coded.append(self._entropy_code(level, [indices[n] for n in members.tolist()]))
        by_level = Frames(
            np.concatenate([part.bits for part in coded]),
            np.concatenate([part.lengths for part in coded]),
        )
        places, slices = np.argsort(np.argsort(levels, kind="stable")), self.framing.slices
        return by_level.take((slices * places[:, None] + np.arange(slices)).ravel())

    def _entropy_code(self, level: int, indices: Sequence[Indices]) -> Frames:
        """The payloads of images of one level."""
        symbols = np.concatenate([np.empty(0, np.uint16), *(grid.ravel() for grid in indices)])
        runs = self.framing.slice_runs([grid.shape for grid in indices])
        return Frames(*self.entropy_coders[level].encode(symbols, runs))

    def longest(
        self,
        sizes: NDArray[np.int64],
        level: int,
        numbers: Sequence[int],
        indices: Sequence[Indices],
    ) -> NDArray[np.int64]:
        """The bits of the longest frame of each of these images, without filling."""
        headers = [Header((int(h), int(w)), level) for h, w in sizes[list(numbers)]]
        bits = self.format.bits(self._entropy_code(level, indices).lengths, headers)
        longest: NDArray[np.int64] = bits.reshape(-1, self.framing.slices).max(axis=1)
        return longest

    def _stand_in(self, longest: Any, number: int, image: Sample) -> Indices:
        """The coarsest codec's most probable index everywhere, where that fits, else no indices."""
        shape = self.codecs[0].index_shape(size_of(image))
        most_probable = int(self.codecs[0].probabilities.argmax())
        uniform = np.full(shape, most_probable, np.uint16)
        assert self.budget_bits is not None  # else every image fits
        fits = longest(0, [number], [uniform])[0] <= self.budget_bits
        return uniform if fits else np.empty((0, 0, shape[2]), np.uint16)

    def _check_shape(self, header: Header, shape: tuple[int, ...]) -> None:
        codec, (height, width) = self.codecs[header.tag], header.size
        is_grey = self.terms.frame_bits is not None and 0 in shape
        if shape != codec.index_shape(header.size) and not is_grey:
            raise FramingError(
                f"indices of an image of {height} x {width} have the shape {shape}; "
                f"{codec.name} has {codec.index_shape(header.size)} for it"
            )

    def _no_budget_holds(self, size: NDArray[np.int64], bits: int) -> FramingError:
        return FramingError(
            f"budget_bits is {self.budget_bits}, but an image of {size[0]} x {size[1]} has a frame "
            f"of {bits} bits even with the coarsest indices of {self.codecs[0].name}: allow more, "
            "or take another codec or framing"
        )
