"""Image files as a system: JPEG, WebP, AVIF and JPEG XL."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
import PIL.Image
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, ImageFormat
from semcomm.errors import CodecError, FramingError
from semcomm.frame_format import FrameFormat, Header
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.measures.totals import Columns, Totals
from semcomm.modalities.given import given_images
from semcomm.modalities.rgb8 import Image, blank, size_of
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.containers import CONTAINERS
from semcomm.systems.digital import bit_columns, bit_summary
from semcomm.systems.system import System
from semcomm.terms import Terms
from semcomm.validation import checked

File = NDArray[np.uint8]

PILLOW: dict[str, str] = {"jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF", "jpeg_xl": "JXL"}
ONE_THREAD: dict[str, dict[str, Any]] = {"avif": {"max_threads": 1}, "jpeg_xl": {"num_threads": 1}}
EFFORTS: dict[str, tuple[str, Sequence[int]]] = {
    "webp": ("method", range(7)),
    "avif": ("speed", range(10, -1, -1)),
    "jpeg_xl": ("effort", range(1, 10)),
}
"""What Pillow calls an encoder's effort, and its settings from the quickest to the most
thorough.
"""


@dataclass(frozen=True)
class ImageFile(System):
    """A format at one setting, each image a file of its own."""

    model: Annotated[ImageFormat, doc("the format; `jpeg_xl` needs the extra `jxl`")]
    quality: Annotated[int, Ge(0), Le(100), doc("on the format's own scale")]
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

    def transmitter(self, terms: Terms, framing: Framing) -> "ImageTransmitter":
        return ImageTransmitter(self, framing, terms)

    def receiver(self, terms: Terms, framing: Framing, damaged: DamagedPolicy) -> "ImageReceiver":
        return ImageReceiver(self, framing, damaged, terms)

    def mistakes(self) -> Mapping[str, Callable[[], object]]:
        return {"model": partial(_plugged_in, self.model), "effort": self._check_effort}

    def check(self, framing: Framing) -> None:
        """Raises a SemcommError where the format is not installed, or with such a framing."""
        self.check_framing(framing)
        for action in self.mistakes().values():
            action()

    def disagreements(self, terms: Terms, framing: Framing) -> Mapping[str, Callable[[], object]]:
        return {
            "framing.slices": partial(self.check_framing, framing),
            "link.channel_uses": partial(FrameFormat, framing, frame_bits=terms.frame_bits),
        }

    def check_framing(self, framing: Framing) -> None:
        """Raises FramingError for a framing of several frames per image."""
        if framing.slices > 1:
            raise FramingError(
                f"framing.slices is {framing.slices}; an image file is one frame, so it takes 1"
            )

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        """Of JPEG alone the file depends on whether all of it is sent."""
        return self if self.model == "jpeg" else replace(self, container=True)

    def columns(self, sent: Sent[Frames], received: Received) -> Columns:
        return bit_columns(sent)

    def summary(self, totals: Totals) -> dict[str, Any]:
        return bit_summary(totals)

    def _check_effort(self) -> None:
        if self.model not in EFFORTS and self.effort != 1:
            raise CodecError(
                f"codec.effort is {self.effort}; {self.model} has no other than 1: leave it out"
            )

    def content_of(self, file: bytes, height: int, width: int) -> bytes:
        """The bytes to send for the file of an image of this size."""
        return (
            file
            if self.container
            else CONTAINERS[self.model].body_of(file, self._blank(height, width))
        )

    def file_of(self, content: bytes, height: int, width: int) -> bytes:
        """Undo `content_of`; damaged content gives a damaged file, or raises."""
        return (
            content
            if self.container
            else CONTAINERS[self.model].file_of(content, self._blank(height, width))
        )

    def decode(self, file: bytes, height: int, width: int) -> Image:
        """The image (height, width, 3) in a file. Damaged ones raise whatever Pillow raises."""
        with PIL.Image.open(io.BytesIO(file), formats=[_plugged_in(self.model)]) as picture:
            if picture.size != (width, height):
                raise ValueError(f"the file is of {picture.height} x {picture.width} pixels")
            return np.array(picture.convert("RGB"))

    def encode(self, image: Image) -> bytes:
        """The file of an image (H, W, 3).

        Huffman tables fitted to each image pay only where tables are sent; JPEG XL at 100 has to be
        lossless.
        """
        options = dict(ONE_THREAD.get(self.model, {}))
        if self.model in EFFORTS:
            name, settings = EFFORTS[self.model]
            options[name] = settings[round(self.effort * (len(settings) - 1))]
        if self.model == "jpeg":
            options["optimize"] = self.container
        if self.model == "jpeg_xl":
            options["lossless"] = self.quality == 100
        file = io.BytesIO()
        picture = PIL.Image.fromarray(image)
        picture.save(file, _plugged_in(self.model), quality=self.quality, **options)
        return file.getvalue()

    @cache  # noqa: B019 (a frozen codec, as long-lived as the run)
    def _blank(self, height: int, width: int) -> bytes:
        return self.encode(blank(int(height), int(width)))


class ImageTransmitter:
    """Sends each image as a file in one frame.

    Raises FramingError for a framing of several frames per image, CodecError where what writes the
    format is not installed or has no such effort.
    """

    def __init__(self, codec: ImageFile, framing: Framing, terms: Terms | None = None) -> None:
        codec.check(framing)
        self.codec, self.framing, self.terms = codec, framing, terms or Terms()
        self.format = FrameFormat(framing, frame_bits=self.terms.frame_bits)

    def transmit(self, images: Sequence[Any]) -> Sent[Frames]:
        """Send images, each (H, W, 3) uint8.

        Raises FramingError for sizes that the framing does not allow.
        """
        return self.packetize(self.encode(images))

    def encode(self, images: Sequence[Any]) -> Encoded:
        """The whole `file` of each image, and its `size`, height and width."""
        images = given_images(images)
        sizes = np.array([size_of(image) for image in images], np.int64).reshape(-1, 2)
        files = [np.frombuffer(self.codec.encode(image), np.uint8) for image in images]
        return {"file": files, "size": sizes}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        """One frame per image, of its file with or without what all files have in common.

        A file that does not fit frames of agreed length is left out, and its image is `unfit`.
        """
        sizes = [(int(height), int(width)) for height, width in encoded["size"]]
        self.framing.check(sizes)
        payloads = []
        for file, size in zip(encoded["file"], sizes, strict=True):
            content = np.frombuffer(self.codec.content_of(file.tobytes(), *size), np.uint8)
            payloads.append(np.unpackbits(content))
        headers, joined = [Header(size) for size in sizes], Frames.join(payloads)
        if self.terms.budget_bits is not None:
            unfit = self.format.bits(joined.lengths, headers) > self.terms.budget_bits
            joined = Frames.join(
                [bits[: bits.size * ~over] for bits, over in zip(payloads, unfit, strict=True)]
            )
            encoded = {**encoded, "unfit": unfit}
        return Sent(self.format.frame(joined, headers), joined.lengths, encoded)


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
        codec.check(framing)
        self.codec, self.framing = codec, framing
        self.format = FrameFormat(framing, frame_bits=(terms or Terms()).frame_bits)
        self.damaged: DamagedPolicy = checked("damaged", DamagedPolicy, damaged)

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.reconstruct(self.depacketize(reception))

    def depacketize(self, reception: Reception) -> Arrived:
        """The `file` in each frame, empty where its bytes are none, and its `size`."""
        unframed = self.format.unframe(reception.frames, lambda header, number: 0)
        used = unframed.intact | (self.damaged != "drop")
        contents = zip(unframed.payloads.split(), unframed.headers, used, strict=True)
        files = [
            self._file(payload[: payload.size * use], header.size)
            for payload, header, use in contents
        ]
        sent_as_grey = unframed.intact & (unframed.payloads.lengths == 0)
        if self.format.frame_bits is None:
            sent_as_grey[:] = False
        lost = np.array([not file.size for file in files], np.bool_) & ~sent_as_grey
        return Arrived({"file": files, "size": unframed.sizes}, ~unframed.intact | lost)

    def reconstruct(self, arrived: Arrived) -> Received:
        """The images in these files."""
        images, broken = [], np.zeros(arrived.damaged.size, np.bool_)
        files = zip(arrived.encoded["file"], arrived.encoded["size"], strict=True)
        for number, (file, (height, width)) in enumerate(files):
            image = self._decoded(file, int(height), int(width))
            broken[number] = image is None and file.size > 0
            images.append(blank(int(height), int(width)) if image is None else image)
        return Received(images, arrived.damaged | broken, None)

    def _file(self, payload: NDArray[np.uint8], size: tuple[int, int]) -> File:
        try:
            content = np.packbits(payload).tobytes()
            file = self.codec.file_of(content, *size) if payload.size else b""
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


def _plugged_in(model: ImageFormat) -> str:
    """Pillow's name of a format that it can write, after what it needs is imported."""
    PIL.Image.init()
    if model == "jpeg_xl":
        try:
            import pillow_jxl  # noqa: F401 (registers itself)
        except ImportError as error:
            raise CodecError(
                f"codec jpeg_xl needs a plug-in: pip install 'semcomm[jxl]' ({error})"
            ) from error
    if PILLOW[model] not in PIL.Image.SAVE:
        raise CodecError(
            f"codec {model} needs a Pillow built with it, as its wheels are: pip install "
            "'pillow>=11.3'"
        )
    return PILLOW[model]
