"""The unit of work: one block of images through transmitter, channel and receiver."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.codec.entropy_coding.interface import symbol_counts
from semcomm.data.data_set import Data, block_ranges
from semcomm.errors import ChannelError, LinkError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.link import Link
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Read, Received
from semcomm.run.cached_system import Undisturbed, kept, place
from semcomm.run.columns import NO_INDICES, Compared, compared, frame_columns, image_columns
from semcomm.run.fingerprint import check
from semcomm.run.report_samples import COUNT, FirstSamples, report_pictures
from semcomm.run.seeds import block_generator
from semcomm.run.totals import Columns
from semcomm.scenario.scenario import DataChoice, Scenario, Swept
from semcomm.systems.image_files import ImageCodec
from semcomm.systems.systems import CodecChoice, ReceiverChoice, System, system_of
from semcomm.transmitter import Sent


@dataclass(frozen=True)
class Block:
    """What one block of images gave.

    columns: one entry an image, "image" its name, all others numbers or truth values.
    index_counts: how often each index was sent, up to the highest that was.
    first: of the first block, the first images and what became of them.
    """

    columns: Columns
    index_counts: NDArray[np.int64]
    first: FirstSamples | None


class Task(NamedTuple):
    """One block of one cell of a run.

    run: the name under which the workers of a machine keep what they share.
    place, cell, number: which scenario of the run, and which of its blocks.
    shared: the same indices are sent again, so that they are kept.
    digests: of what the worker, which may be another machine, has to have.
    """

    run: str
    place: int
    cell: Swept
    number: int
    shared: bool
    digests: dict[str, str | None] | None = None


def run_block(task: Task) -> Block:
    """Do a task, on whichever process or machine it is.

    Raises RunError where this machine's semcomm, codec or channel are not those that the run began
    with.
    """
    run, scenario, number = task.run, task.cell.scenario, task.number
    if task.digests:
        check(task.cell, task.digests)
    spans = block_spans(run, scenario.data, scenario.images)
    span = spans[number % len(spans)]
    data, ends = (
        _opened(run, scenario.data),
        system(run, scenario.codec, scenario.framing, scenario.receiver),
    )
    images = data.load(span.start, span.stop)
    still = kept(
        place(run, (scenario.source, span)) if task.shared else None,
        lambda: undisturbed(ends, images),
    )
    sent = ends.transmitter.send(
        still.descriptions, [(image.shape[0], image.shape[1]) for image in images]
    )
    rng = block_generator(scenario.seed, scenario.channel, number)
    reception = carry(scenario.channel, sent.frames, rng, scenario.link, scenario.framing)
    received, similarity = arrived(ends, images, still, ends.receiver.read(reception))
    journey = frame_columns(sent.frames, reception, scenario.framing)
    names = _names(run, scenario.data)[span.start : span.stop]
    columns = {**image_columns(names, images, sent, received, similarity), **journey}
    counts = np.bincount(np.concatenate([grid.ravel() for grid in sent.indices or [NO_INDICES]]))
    return Block(
        columns,
        counts,
        first_images(images, sent, received, scenario.framing) if number == 0 else None,
    )


def records(blocks: Sequence[Block]) -> pd.DataFrame:
    """A row an image, of blocks of one cell."""
    return pd.DataFrame(
        {
            name: np.concatenate([block.columns[name] for block in blocks])
            for name in blocks[0].columns
        }
    )


def undisturbed(system: System, images: list[Image]) -> Undisturbed:
    """What a channel has no part in: descriptions of the images, and the pictures that they are
    of.
    """
    descriptions = system.transmitter.describe(images)
    sizes = [(image.shape[0], image.shape[1]) for image in images]
    pictures = system.receiver.picture(
        Read(descriptions, sizes, np.zeros(len(images), np.bool_))
    ).images
    return Undisturbed(descriptions, pictures, compared(images, pictures))


def arrived(
    system: System, images: list[Image], still: Undisturbed, read: Read
) -> tuple[Received, Compared]:
    """The received images; only those whose description changed on the way are decoded and compared
    again.

    The others have the very descriptions that were sent, so that nobody need look for a difference.
    """
    changed = [number for number in range(len(images)) if not _same(still, read, number)]
    descriptions = list(still.descriptions)
    for number in changed:
        descriptions[number] = read.descriptions[number]
    fresh = system.receiver.picture(read.only(changed))
    again = compared([images[number] for number in changed], fresh.images)
    pictures, damaged = list(still.pictures), read.damaged.copy()
    for number, picture in zip(changed, fresh.images, strict=True):
        pictures[number] = picture
    damaged[changed] = fresh.damaged
    mse, similarity = still.compared.mse.copy(), still.compared.ssim.copy()
    mse[changed], similarity[changed] = again.mse, again.ssim
    indices = None if fresh.indices is None else descriptions
    return Received(pictures, damaged, indices), Compared(mse, similarity)


def first_images(
    images: list[Image], sent: Sent, received: Received, framing: Framing
) -> FirstSamples:
    """The first images of a block, with their frames and indices."""
    slices = framing.slices
    indices, arrived = (list(grids or [])[:COUNT] for grids in (sent.indices, received.indices))
    frames = Frames.join(sent.frames.split()[: COUNT * slices])
    counts = symbol_counts(framing.slice_runs([grid.shape for grid in indices]))
    return FirstSamples(
        report_pictures(images),
        report_pictures(received.images),
        frames,
        framing.crc,
        indices or None,
        arrived or None,
        counts if indices else None,
    )


def _same(still: Undisturbed, read: Read, number: int) -> bool:
    ours, theirs = still.descriptions[number], read.descriptions[number]
    same_size = still.pictures[number].shape[:2] == read.sizes[number]
    return same_size and ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()


def carry(
    channel: BitChannel | SymbolChannel,
    frames: Frames,
    rng: np.random.Generator,
    link: Link | None = None,
    framing: Framing | None = None,
) -> Reception:
    """A block of frames, framed like this, over a link and a channel.

    Raises ChannelError where the channel does not keep its side of the interface, as a new one may.
    """
    carrier = (link or Link()).over(channel, (framing or Framing()).intact)
    name = type(channel).__name__
    frames.bits.flags.writeable = frames.lengths.flags.writeable = (
        False  # what was sent is what is counted
    )
    try:
        reception = carrier.transmit(frames, rng)
    except LinkError:
        raise
    except Exception as error:  # whatever a plug-in raises is its author's to mend
        raise ChannelError(f"channel {name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(reception, Reception) or len(reception.frames) != len(frames):
        raise ChannelError(
            f"channel {name} should return a Reception of {len(frames)} frames, as many as were "
            "sent"
        )
    return reception


def block_count(run: str, scenario: Scenario) -> int:
    """How many blocks a scenario has: those of its images, as often as they are sent."""
    return len(block_spans(run, scenario.data, scenario.images)) * scenario.repeat


@lru_cache(maxsize=8)
def block_spans(run: str, choice: DataChoice, images: int | None) -> list[range]:
    """Which images each block holds, until they are sent again."""
    return block_ranges(_opened(run, choice), images)


@lru_cache(maxsize=8)
def _opened(run: str, choice: DataChoice) -> Data:
    return choice.open()


@lru_cache(maxsize=8)
def _names(run: str, choice: DataChoice) -> list[str]:
    return _opened(run, choice).names()


@lru_cache(maxsize=8)
def system(
    run: str, choice: CodecChoice | ImageCodec, framing: Framing, receiver: ReceiverChoice
) -> System:
    """`system_of` these, once a process and run."""
    return system_of(choice, framing, receiver)
