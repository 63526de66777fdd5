"""Image files as a system: JPEG, WebP, AVIF, JPEG XL and HEVC."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
import PIL.Image
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray

from semcomm.choices import Chroma, DamagedPolicy, ImageFormat, Tune
from semcomm.errors import CodecError, FramingError, SettingError
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames, Reception
from semcomm.framing import Budget, Framing
from semcomm.modalities.given import given_images
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image, blank
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.containers import CONTAINERS
from semcomm.systems.image_formats import FORMATS, pillow_name
from semcomm.systems.system import System
from semcomm.terms import Terms, check_budget
from semcomm.validation import checked

File = NDArray[np.uint8]
MAX_QUALITY = 100
Quality = Annotated[int, Ge(0), Le(MAX_QUALITY)]


@dataclass(frozen=True)
class ImageFile(System):
    """A format at one setting, each image a file of its own."""

    model: Annotated[
        ImageFormat,
        doc("the format; `jpeg_xl` needs the extra `jxl`, and `hevc` the extra `heif`"),
    ]
    quality: Annotated[
        Quality | None,
        doc(
            "on the format's own scale; by default the best for each image that fits `budget_bits` "
            "or link.channel_uses"
        ),
    ] = None
    container: Annotated[
        bool,
        doc(
            "send whole files; else without the bytes that all files of an image's size "
            "have in common"
        ),
    ] = True
    effort: Annotated[
        float,
        Ge(0.0),
        Le(1.0),
        doc(
            "of the encoder, from 0, its quickest setting, to 1, its most thorough one; "
            "JPEG's encoder has only the latter"
        ),
    ] = 1.0
    budget_bits: Annotated[
        Budget | None,
        doc(
            "the most bits that a frame may have, in place of a quality; by default what "
            "link.channel_uses leaves"
        ),
    ] = None
    tune: Annotated[
        Tune | None,
        doc("the measure that `avif` and `hevc` optimize; null leaves the encoder's own choice"),
    ] = None
    chroma: Annotated[
        Chroma | None,
        doc(
            "the chroma subsampling of `jpeg`, `avif` and `hevc`; null leaves the encoder's own "
            "choice, 4:2:0"
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.quality is not None and self.budget_bits is not None:
            raise SettingError("an image format takes quality or budget_bits; both are given")

    def transmitter(self, terms: Terms, framing: Framing) -> "ImageTransmitter":
        return ImageTransmitter(self, framing, terms)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "ImageReceiver":
        return ImageReceiver(self, framing, damaged, terms)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        form = FORMATS[self.model]
        return {
            "model": partial(pillow_name, self.model),
            "effort": partial(self._check_choice, "effort", bool(form.effort)),
            "tune": partial(self._check_choice, "tune", bool(form.tunes)),
            "chroma": partial(self._check_choice, "chroma", form.chroma),
        }

    def check(self, terms: Terms, framing: Framing) -> None:
        """Raises a SemcommError where the format is not installed, or with such a framing."""
        for actions in (self.disagreements(terms, framing), self.mistakes()):
            for action in actions.values():
                action()

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        return {
            "framing.slices": partial(self.check_framing, framing),
            "codec.quality": partial(self._check_quality, terms),
            "codec.budget_bits": partial(check_budget, self.budget_bits, terms),
            "link.channel_uses": partial(FrameFormat, framing, frame_bits=terms.frame_bits),
        }

    def _check_quality(self, terms: Terms) -> None:
        if self.quality is None and self.budget_bits is None and terms.budget_bits is None:
            raise SettingError(
                "an image format takes quality, budget_bits or link.channel_uses; none is given"
            )

    def check_framing(self, framing: Framing) -> None:
        """Raises FramingError for a framing of several frames per image."""
        if framing.slices > 1:
            raise FramingError(
                f"framing.slices is {framing.slices}; an image file is one frame, so it takes 1"
            )

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """Terms, framing and container decide what fits a budget. Without one, of JPEG alone the
        file depends on whether all of it is sent.
        """
        if self.quality is None:
            return self, terms, framing
        return self if self.model == "jpeg" else replace(self, container=True)

    def reconstruct_key(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> object:
        """A whole file has all that its decoder needs."""
        return self.model

    @property
    def tagged(self) -> bool:
        """Whether each payload begins with its file's quality: the receiver needs it to put back
        what was left out, and cannot know it.
        """
        varies = not self.container and CONTAINERS[self.model].varies
        return varies and self.quality is None

    def at(self, quality: int) -> "ImageFile":
        """The same format at one quality, without a budget."""
        return replace(self, quality=quality, budget_bits=None)

    def content_of(self, file: bytes) -> bytes:
        """The bytes to send for a file."""
        return file if self.container else CONTAINERS[self.model].body_of(file)

    def file_of(self, content: bytes, height: int, width: int) -> bytes:
        """Undo `content_of`; damaged content gives a damaged file, or raises."""
        if self.container:
            return content
        codec = self.at(0) if self.quality is None else self  # any does, where no tag is needed
        container = CONTAINERS[self.model]
        blank_file = codec._blank(height, width) if container.sized else codec._blank(8, 8)
        return container.file_of(content, blank_file)

    def decode(self, file: bytes, height: int, width: int) -> Image:
        """The image (height, width, 3) in a file. Damaged ones raise whatever Pillow raises."""
        with PIL.Image.open(io.BytesIO(file), formats=[pillow_name(self.model)]) as picture:
            _check_size(picture, height, width)  # before anything is allocated
            image = picture.convert("RGB")
            _check_size(image, height, width)  # HEVC's boxes and its data may disagree
            return np.array(image)

    def encode(self, image: Image) -> bytes:
        """The file of an image (H, W, 3), at this codec's quality.

        Huffman tables fitted to each image pay only where tables are sent; JPEG XL at 100 has to be
        lossless.
        """
        form = FORMATS[self.model]
        options = {**form.options, **(form.tunes[self.tune] if self.tune else {})}
        if form.effort:
            name, settings = form.effort
            options[name] = settings[round(self.effort * (len(settings) - 1))]
        if self.model == "hevc":
            options = {"enc_params": options}
        if self.model == "jpeg":
            options["optimize"] = self.container
        if self.model == "jpeg_xl":
            options["lossless"] = self.quality == 100
        if self.chroma:
            options["subsampling"] = self.chroma
        file = io.BytesIO()
        picture = PIL.Image.fromarray(image)
        picture.save(file, pillow_name(self.model), quality=self.quality, **options)
        return file.getvalue()

    def _check_choice(self, name: str, has_choice: bool) -> None:
        value = getattr(self, name)
        if not has_choice and value != getattr(type(self), name):
            raise CodecError(
                f"codec.{name} is {value}; {self.model} has no choice of it: leave it out"
            )

    @cache  # noqa: B019 (a frozen codec, as long-lived as the run)
    def _blank(self, height: int, width: int) -> bytes:
        return self.encode(blank(height, width))


class ImageTransmitter:
    """Sends each image as a file in one frame.

    Raises FramingError for a framing of several frames per image, CodecError where what writes the
    format is not installed or has no such effort.
    """

    def __init__(self, codec: ImageFile, framing: Framing, terms: Terms | None = None) -> None:
        self.codec, self.framing, self.terms = codec, framing, terms or Terms()
        codec.check(self.terms, framing)
        self.budget_bits = codec.budget_bits or self.terms.budget_bits
        self.format = FrameFormat(framing, frame_bits=self.terms.frame_bits)

    def transmit(self, images: Sequence[Any]) -> Sent[Frames]:
        """Send images, each (H, W, 3) uint8.

        Raises FramingError for sizes that the framing does not allow.
        """
        return self.packetize(self.encode(images))

    def encode(self, images: Sequence[Any]) -> Encoded:
        """The whole `file` of each image, its `size`, height and width, and its `quality` where it
        is sent.

        Raises FramingError for an image that no quality makes fit the budget.
        """
        images = given_images(images)
        sizes = np.array([size_of(image) for image in images], np.int64).reshape(-1, 2)
        if self.codec.quality is not None:
            return {"file": [_file(self.codec, image) for image in images], "size": sizes}
        fitted = [self._best(image) for image in images]
        encoded: Encoded = {"file": [file for file, _ in fitted], "size": sizes}
        if self.codec.tagged:
            encoded = {**encoded, "quality": [quality for _, quality in fitted]}
        return encoded

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        """One frame per image, of its file with or without what all files have in common.

        A file that does not fit frames of agreed length is left out, and its image is `unfit`.
        """
        sizes = [(int(height), int(width)) for height, width in encoded["size"]]
        self.framing.check(sizes)
        qualities = encoded.get("quality", [np.empty(0, np.uint8)] * len(sizes))
        payloads = list(map(self._payload, encoded["file"], qualities))
        headers, joined = [Header(size) for size in sizes], Frames.join(payloads)
        if self.budget_bits is not None and self.terms.frame_bits is not None:
            unfit = self.format.bits(joined.lengths, headers) > self.budget_bits
            joined = Frames.join(
                [bits[: bits.size * ~over] for bits, over in zip(payloads, unfit, strict=True)]
            )
            encoded = {**encoded, "unfit": unfit}
        return Sent(self.format.frame(joined, headers), joined.lengths, encoded)

    def _payload(self, file: File, quality: File) -> File:
        """The bits of a file; before them the byte of its quality, where this is sent."""
        content = np.frombuffer(self.codec.content_of(file.tobytes()), np.uint8)
        tag = quality[: self.codec.tagged]
        return np.unpackbits(np.concatenate([tag, content]))

    def _best(self, image: Image) -> tuple[File, File]:
        """An image's file of the best quality that fits the budget, and that quality, (1,).

        By bisection: the quality was measured to fit and the next one not to. Files grow with the
        quality, with few exceptions; for these a better one may fit too. With frames of agreed
        length, which send an unfit image as grey, it is the file of the lowest quality where none
        fits.
        """
        fitting: tuple[File, File] | None = None
        low, high, header = -1, MAX_QUALITY + 1, [Header(size_of(image))]
        while high - low > 1:
            quality = (low + high) // 2
            candidate = _file(self.codec.at(quality), image), np.array([quality], np.uint8)
            bits = self.format.bits(np.array([self._payload(*candidate).size]), header)[0]
            if bits <= self.budget_bits:
                low, fitting = quality, candidate
            else:
                high = quality
        if fitting is None and self.format.frame_bits is None:
            height, width = size_of(image)
            raise FramingError(
                f"budget_bits is {self.budget_bits}, but an image of {height} x {width} has a "
                f"frame of {bits} bits even at the lowest quality of {self.codec.model}: allow "
                "more, or take another codec or framing"
            )
        return fitting or candidate


class ImageReceiver:
    """Receives files; one that fails to decode becomes grey. Raises as `ImageTransmitter` does.

    damaged: `drop` makes a grey picture of each frame whose CRC fails. A file has no neighbours to
        conceal damage from, so both other policies leave it to the format's decoder.
    """

    def __init__(
        self,
        codec: ImageFile,
        framing: Framing,
        damaged: DamagedPolicy = "conceal",
        terms: Terms | None = None,
    ) -> None:
        terms = terms or Terms()
        codec.check(terms, framing)
        self.codec, self.framing = codec, framing
        self.format = FrameFormat(framing, frame_bits=terms.frame_bits)
        self.damaged: DamagedPolicy = checked("damaged", DamagedPolicy, damaged)

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: Reception) -> Arrived:
        """The `file` in each frame, empty where its bytes are none, and its `size`."""
        unframed = self.format.unframe(reception.frames, lambda header, number: 0)
        used = unframed.intact | (self.damaged != "drop")
        contents = [
            np.packbits(payload[: payload.size * use])
            for payload, use in zip(unframed.payloads.split(), used, strict=True)
        ]
        pairs = zip(contents, unframed.headers, strict=True)
        encoded: Encoded = {
            "file": [self._file(content, header.size) for content, header in pairs],
            "size": unframed.sizes,
        }
        if self.codec.tagged:
            encoded = {**encoded, "quality": [content[:1] for content in contents]}
        sent_as_grey = unframed.intact & (unframed.payloads.lengths == 0)
        if self.format.frame_bits is None:
            sent_as_grey[:] = False
        lost = np.array([not file.size for file in encoded["file"]], np.bool_) & ~sent_as_grey
        return Arrived(encoded, ~unframed.intact | lost)

    def reconstruct(self, arrived: Arrived) -> Received:
        """The images in these files."""
        images, broken = [], np.zeros(arrived.damaged.size, np.bool_)
        files = zip(arrived.encoded["file"], arrived.encoded["size"], strict=True)
        for number, (file, (height, width)) in enumerate(files):
            image = self._decoded(file, int(height), int(width))
            broken[number] = image is None and file.size > 0
            images.append(blank(int(height), int(width)) if image is None else image)
        return Received(images, arrived.damaged | broken, None)

    def _file(self, content: File, size: tuple[int, int]) -> File:
        """What the content was taken from; empty where that fails, or where there is none."""
        codec = self.codec
        try:
            if codec.tagged:
                codec, content = codec.at(int(content[0])), content[1:]
            file = codec.file_of(content.tobytes(), *size) if content.size else b""
        except Exception:  # whatever damaged bytes make of it
            file = b""
        return np.frombuffer(file, np.uint8)

    def _decoded(self, file: File, height: int, width: int) -> Image | None:
        if not file.size:  # of an untrusted frame; libjpeg would make noise of it
            return None
        try:
            return self.codec.decode(file.tobytes(), height, width)
        except Exception:  # of damaged files, decoders raise anything from OSError to struct.error
            return None


def _file(codec: ImageFile, image: Image) -> File:
    return np.frombuffer(codec.encode(image), np.uint8)


def _check_size(picture: PIL.Image.Image, height: int, width: int) -> None:
    if picture.size != (width, height):
        raise ValueError(f"the file is of {picture.height} x {picture.width} pixels")
