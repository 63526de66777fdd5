"""Transmitter, channel and receiver as three processes over files or pipes, block by block."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from semcomm.carrier import carry
from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import DamagedPolicy, Modulation
from semcomm.codec.codec import Codec
from semcomm.codec.levels import digest_of
from semcomm.data.data_set import BLOCK_PIXELS, Data, blocks
from semcomm.data.folder import ImagePaths
from semcomm.errors import CodecError, DataError, TransmissionError
from semcomm.files import write_atomically
from semcomm.frames import Frames, Reception
from semcomm.framing import MAX_PIXELS
from semcomm.link.link import Link
from semcomm.modalities.modality import MODALITIES, modality_of
from semcomm.receiver import Receiver
from semcomm.run.seeds import block_generator
from semcomm.scenario.document import Document
from semcomm.scenario.plugins import channel_of
from semcomm.stages import Received
from semcomm.transmission import Preamble, read_blocks, write_transmission
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_shipped

PIXELS_PER_BYTE = 1024
"""What a transmission may claim for each of its bytes. Undamaged ones stay below: a white image of
2048 x 2048 pixels has 316 by `ecvq-16-levels@0` with context coding.
"""

FREE_PIXELS = 1 << 20
"""What it may claim further, so that a lost image may be of an agreed size."""


@dataclass(frozen=True)
class Saved:
    """What became of a transmission's images.

    images, damaged: how many were written, and how many of them were damaged.
    nouns: what they are.
    """

    images: int
    damaged: int
    folder: Path
    nouns: str = "images"

    def __str__(self) -> str:
        return f"{self.images} {self.nouns} received, {self.damaged} of them damaged: {self.folder}"


def transmit(data: Data, transmitter: Transmitter, preamble: Preamble, target: BinaryIO) -> None:
    """Send all images of a data set into a file."""
    write_transmission(
        target, preamble, (transmitter.transmit(images).signal for images in blocks(data))
    )


def through_channel(
    source: BinaryIO, channel: BitChannel | SymbolChannel, link: Link, seed: int, target: BinaryIO
) -> None:
    """Carry a transmission from one file to another, with the noise that a run with this seed
    has.
    """
    preamble = Preamble.read(source)
    generators = (block_generator(seed, channel, block) for block in count())
    carried = (
        carry(channel, frames, rng, link)
        for frames, rng in zip(read_blocks(source), generators, strict=False)
    )
    write_transmission(target, preamble, (reception.frames for reception in carried))


def receive(
    source: BinaryIO,
    codecs: Sequence[Codec] | None,
    device: str,
    damaged: DamagedPolicy = "conceal",
) -> Iterator[Received]:
    """Receive a transmission, one block after the other.

    codecs: the one it was sent with, or all levels of its file, or None to take the shipped ones
        that the preamble names.
    damaged: what becomes of damaged slices, as `Receiver` has it.
    Raises TransmissionError where the bytes are no transmission, after the blocks that are whole,
    and CodecError where the codec is not the one it was sent with.
    """
    preamble = Preamble.read(source)
    codecs = codecs or load_shipped(preamble.codec)
    if digest_of(codecs)[:8] != preamble.digest:
        raise CodecError(
            f"the transmission was made with another codec {preamble.codec!r} than this: name "
            "its file"
        )
    on_device = [codec.on(device) for codec in codecs]
    receiver = Receiver(on_device, preamble.entropy_coder, preamble.framing, damaged)
    allowance = FREE_PIXELS
    for frames in read_blocks(source):
        allowance += PIXELS_PER_BYTE * _bytes_of(frames) - _claimed_pixels(receiver, frames)
        if allowance < 0:
            raise TransmissionError(
                "the transmission is damaged: it claims more pixels than its bytes can be of, "
                f"{PIXELS_PER_BYTE} each"
            )
        yield receiver.receive(Reception.of(frames))


def _bytes_of(frames: Frames) -> int:
    """Bytes of a block in a transmission."""
    return 4 + 4 * len(frames) + -(-frames.bits.size // 8)


def _claimed_pixels(receiver: Receiver, frames: Frames) -> int:
    """Few bytes can claim many large images; an honest block ends with the image that brings it to
    2**24 pixels.
    """
    slices = receiver.framing.slices
    if len(frames) % slices:
        raise TransmissionError(
            f"the transmission is damaged: a block has {len(frames)} frames, {slices} an image"
        )
    pixels = sum(height * width for height, width in receiver.sizes(Reception.of(frames)))
    if pixels > BLOCK_PIXELS + MAX_PIXELS:
        raise TransmissionError(
            f"the transmission is damaged: a block claims images of {pixels} pixels"
        )
    return pixels


def save_images(
    received: Iterable[Received], folder: Path, overwrite: bool, names: Sequence[str] | None = None
) -> Saved:
    """Write all images, or samples of another modality, to `folder`, numbered, or by the names of
    the images that were sent.

    names: as `sent_names` gives them.
    Raises DataError before a file that holds anything else would be replaced, unless `overwrite`,
    and where there are more or fewer images than names.
    Raises TransmissionError where the transmission is damaged or cut off, saying which images were
    written before.
    """
    images = damaged = 0
    kind, first, last = MODALITIES["rgb8"], "", ""
    try:
        for block in received:
            for image in block.samples:
                kind = modality_of(image)
                last = _name(images, names, kind.extension)
                first = first or last
                _save(kind.file_content(image), folder / last, overwrite)
                images += 1
            damaged += int(block.damaged.sum())
    except TransmissionError as error:
        if not images:
            raise
        raise TransmissionError(
            f"{error}. The images before that are whole, {first} to {last}: "
            f"{Saved(images, damaged, folder, kind.nouns)}"
        ) from error
    if names is not None and images < len(names):
        raise DataError(f"{images} images were received, but {len(names)} names are given")
    return Saved(images, damaged, folder, kind.nouns)


def _name(number: int, names: Sequence[str] | None, extension: str) -> str:
    if names is None:
        return f"{number:05d}{extension}"
    if number == len(names):
        raise DataError(f"more images were received than the {number} whose names are given")
    return names[number]


def sent_names(images: Sequence[Path]) -> list[str]:
    """The names under which images that were sent are received: `a.jpg` as a.png, in the folders
    that they had; where two would be the same, all of the name, a.jpg.png.

    Raises DataError where images of several folders have one name.
    """
    names = ImagePaths(images).names()
    short = [str(Path(name).with_suffix(".png")) for name in names]
    for made in (short, [f"{name}.png" for name in names]):
        if len({*made}) == len(names):
            return made
    twice = next(name for name, count in Counter(names).items() if count > 1)
    raise DataError(f"two of the images are named {twice}: receive them without --names")


def _save(content: bytes, path: Path, overwrite: bool) -> None:
    """Write a file; one that is there already with the same content stays."""
    if path.exists() and not overwrite:
        if path.is_file() and path.read_bytes() == content:
            return
        raise DataError(f"{path} is there already: name another folder, or say --overwrite")
    write_atomically(path, content, durable=False)


def read_channel(
    name: str, overrides: Sequence[str], modulation: Modulation | None = None
) -> BitChannel | SymbolChannel:
    """The channel of that name with `parameter=value` each; raises ScenarioError with every
    mistake.

    Raises LinkError for a channel of symbols without a modulation, or one of bits with it.
    """
    options = [f"channel.{override}" for override in overrides]
    document = Document.parse(
        f"channel: {{model: {json.dumps(name, ensure_ascii=False)}}}", "semcomm channel", options
    )
    channel = channel_of(document)
    Link(modulation).check(channel, crc=0)
    return channel
