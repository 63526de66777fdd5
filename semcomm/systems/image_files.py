"""JPEG, WebP, AVIF and JPEG XL, as a transmitter and a receiver: what else one could send."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any

import numpy as np
import PIL.Image
from annotated_types import Ge, Le, doc
from numpy.typing import NDArray

from semcomm.choices import DamagedPolicy, ImageFormat
from semcomm.errors import CodecError, FramingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image, blank, size_of
from semcomm.receiver import Read, Received
from semcomm.systems.containers import CONTAINERS
from semcomm.transmitter import Sent

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
class ImageCodec:
    """A format at one setting, each image a file of its own.

    has no other.
    """

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
            "that of JPEG"
        ),
    ] = 1.0

    @property
    def source(self) -> "ImageCodec":
        """The choice without what the file of an image does not depend on."""
        return self if self.model == "jpeg" else replace(self, container=True)

    def check(self) -> None:
        """Raises CodecError where what reads and writes the format is not installed, or has no such
        effort.
        """
        _plugged_in(self.model)
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
        return self.encode(blank(height, width))


class ImageTransmitter:
    """Sends each image as a file in one frame.

    Raises FramingError for a framing of several frames an image, CodecError as `ImageCodec.check`
    does.
    """

    def __init__(self, codec: ImageCodec, framing: Framing) -> None:
        check_one_frame(framing)
        codec.check()
        self.codec, self.framing = codec, framing

    def transmit(self, images: Sequence[Image]) -> Sent:
        """Send images, each (H, W, 3) uint8. Raises FramingError for sizes that the framing cannot
        tell.
        """
        return self.send(self.describe(images), [size_of(image) for image in images])

    def describe(self, images: Sequence[Image]) -> list[File]:
        """The whole file of each image."""
        return [np.frombuffer(self.codec.encode(image), np.uint8) for image in images]

    def send(self, files: Sequence[File], sizes: Sequence[tuple[int, int]]) -> Sent:
        """Send the files of images of these heights and widths."""
        self.framing.check(sizes)
        contents = [
            self.codec.content_of(file.tobytes(), *size)
            for file, size in zip(files, sizes, strict=True)
        ]
        payloads = Frames.join(
            [np.unpackbits(np.frombuffer(content, np.uint8)) for content in contents]
        )
        return Sent(self.framing.frame(payloads, sizes), payloads.lengths, None)


class ImageReceiver:
    """Receives files; one that cannot be decoded becomes a grey picture. Raises what
    `ImageTransmitter` does.

    damaged: `drop` makes a grey picture of each frame whose CRC does not fit; a file has no
        neighbours to conceal it from, so both others leave it to the format's decoder.
    """

    def __init__(
        self, codec: ImageCodec, framing: Framing, damaged: DamagedPolicy = "conceal"
    ) -> None:
        check_one_frame(framing)
        codec.check()
        self.codec, self.framing, self.damaged = codec, framing, damaged

    def receive(self, reception: Reception) -> Received:
        """Images of the frames that arrived, as many as were sent."""
        return self.picture(self.read(reception))

    def read(self, reception: Reception) -> Read:
        """The file that each frame tells; one that cannot be is empty."""
        unframed = self.framing.unframe(reception.frames, lambda size, number: 0)
        used = unframed.intact | (self.damaged != "drop")
        contents = zip(unframed.payloads.split(), unframed.sizes, used, strict=True)
        files = [self._file(payload[: payload.size * use], size) for payload, size, use in contents]
        return Read(files, unframed.sizes, ~unframed.intact)

    def picture(self, read: Read) -> Received:
        """The images in these files."""
        decoded = [
            self._decoded(file, size)
            for file, size in zip(read.descriptions, read.sizes, strict=True)
        ]
        images = [
            blank(*size) if image is None else image
            for image, size in zip(decoded, read.sizes, strict=True)
        ]
        broken = np.array([image is None for image in decoded], np.bool_)
        return Received(images, read.damaged | broken, None)

    def _file(self, payload: NDArray[np.uint8], size: tuple[int, int]) -> File:
        try:
            file = (
                self.codec.file_of(np.packbits(payload).tobytes(), *size) if payload.size else b""
            )
        except Exception:  # whatever damaged bytes make of it
            file = b""
        return np.frombuffer(file, np.uint8)

    def _decoded(self, file: File, size: tuple[int, int]) -> Image | None:
        if not file.size:  # of an untrusted frame; libjpeg would make noise of it
            return None
        try:
            return self.codec.decode(file.tobytes(), *size)
        except Exception:  # of damaged files, decoders raise anything from OSError to struct.error
            return None


def check_one_frame(framing: Framing) -> None:
    """Raises FramingError where an image is more than one frame."""
    if framing.slices > 1:
        raise FramingError(
            f"framing.slices is {framing.slices}; an image file is one frame, so it takes 1"
        )


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
