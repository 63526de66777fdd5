"""A scenario, run block by block: images through transmitter, channel and receiver."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.channel import BitChannel
from semcomm.errors import ChannelError
from semcomm.experiment.channels import channel_name
from semcomm.experiment.data import Data, block_ranges
from semcomm.experiment.records import image_records, summary
from semcomm.experiment.scenario import Scenario
from semcomm.experiment.seeds import block_generator
from semcomm.experiment.systems import System, system_of
from semcomm.frames import Frames, Reception
from semcomm.images import Image

PICTURES = 8
MAX_CODEWORDS = 1 << 16
NO_INDICES = np.empty(0, np.uint16)
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Results:
    """What a scenario gave.

    summary: the row of results.csv.
    per_image: the table with a row an image.
    pictures: the first images, as sent and as received.
    """

    summary: dict[str, Any]
    per_image: pd.DataFrame
    pictures: list[tuple[Image, Image]]


@dataclass(frozen=True)
class Block:
    """What one block of images gave: their records, how often each index was sent, and the images themselves."""

    records: pd.DataFrame
    index_counts: NDArray[np.int64]
    pictures: list[tuple[Image, Image]]


def simulate(
    scenario: Scenario, watch: Callable[[int], None] = lambda images: None, changes: Mapping[str, Any] = NOTHING
) -> Results:
    """Send the scenario's images and measure what they cost and what arrived.

    watch: is told after each block how many images it held.
    changes: what a sweep has set in the scenario, for columns of their own.
    """
    system, data = system_of(scenario.codec, scenario.framing), scenario.data.open()
    parts = []
    for number, span in enumerate(block_ranges(data, scenario.images)):
        parts.append(run_block(scenario, system, data, number, span))
        watch(len(span))
    records = pd.concat([part.records for part in parts], ignore_index=True)
    measured = summary(records, np.sum([part.index_counts for part in parts], axis=0))
    ends = {"channel": channel_name(scenario.channel), "seed": scenario.seed}
    parameters = {f"channel.{name}": value for name, value in vars(scenario.channel).items()}
    row = {"scenario": scenario.name, **system.columns, **ends, **measured, **system.details, **parameters}
    others = {key: value for key, value in changes.items() if not {key, key.removeprefix("codec.")} & row.keys()}
    return Results(row | others, records, parts[0].pictures)


def run_block(scenario: Scenario, system: System, data: Data, number: int, span: range) -> Block:
    """Images `span` of the data set, the block of this number, through transmitter, channel and receiver."""
    images = data.load(span.start, span.stop)
    sent = system.transmitter.transmit(images)
    received = system.receiver.receive(carry(scenario.channel, sent.frames, scenario.seed, number))
    records = image_records(data.names()[span.start : span.stop], images, sent, received)
    indices = np.concatenate([grid.ravel() for grid in sent.indices or [NO_INDICES]])
    counts = np.bincount(indices, minlength=MAX_CODEWORDS)
    return Block(records, counts, list(zip(images, received.images, strict=True))[:PICTURES])


def carry(channel: BitChannel, frames: Frames, seed: int, block: int) -> Reception:
    """A block of frames through a channel.

    Raises ChannelError where the channel does not keep its side of the interface, as a new one may.
    """
    name = type(channel).__name__
    frames.bits.flags.writeable = frames.lengths.flags.writeable = False  # what was sent is what is counted
    try:
        reception = channel.transmit(frames, block_generator(seed, channel, block))
    except Exception as error:  # whatever a plug-in raises is its author's to mend
        raise ChannelError(f"channel {name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(reception, Reception) or len(reception.frames) != len(frames):
        raise ChannelError(f"channel {name} should return a Reception of {len(frames)} frames, as many as were sent")
    return reception
