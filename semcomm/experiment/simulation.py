"""A scenario, run block by block: images through transmitter, channel and receiver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semcomm.channel import BitChannel
from semcomm.errors import ChannelError
from semcomm.experiment.channels import channel_name
from semcomm.experiment.data import Image, block_ranges
from semcomm.experiment.records import image_records, summary
from semcomm.experiment.scenario import Scenario
from semcomm.experiment.seeds import block_generator
from semcomm.frames import Frames, Reception
from semcomm.receiver import Receiver
from semcomm.transmission import Preamble
from semcomm.transmitter import Transmitter

PICTURES = 8


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


def simulate(scenario: Scenario, watch: Callable[[int], None] = lambda images: None) -> Results:
    """Send the scenario's images and measure what they cost and what arrived.

    watch: is told after each block how many images it held.
    """
    codec, coder, framing = scenario.codec.load(), scenario.codec.entropy_coder, scenario.framing
    transmitter, receiver = Transmitter(codec, coder, framing), Receiver(codec, coder, framing)
    data = scenario.data.open()
    names, records = data.names(), []
    pictures: list[tuple[Image, Image]] = []
    index_counts = np.zeros(codec.geometry.codewords, np.int64)
    for block, span in enumerate(block_ranges(data, scenario.images)):
        images = data.load(span.start, span.stop)
        sent = transmitter.transmit(images)
        received = receiver.receive(carry(scenario.channel, sent.frames, scenario.seed, block))
        records.append(image_records(names[span.start : span.stop], images, sent, received))
        for grid in sent.indices:
            index_counts += np.bincount(grid.ravel(), minlength=index_counts.size)
        pictures += zip(images, received.images, strict=True)
        del pictures[PICTURES:]
        watch(len(images))
    per_image = pd.concat(records, ignore_index=True)
    systems = {
        "scenario": scenario.name,
        "codec": codec.name,
        "quantizer": codec.quantizer,
        "entropy_coder": coder,
        "channel": channel_name(scenario.channel),
        "seed": scenario.seed,
    }
    parameters = {f"channel.{name}": value for name, value in vars(scenario.channel).items()}
    preamble = {"preamble_bits": 8 * len(Preamble.of(codec, coder, framing).to_bytes())}
    return Results(systems | summary(per_image, index_counts) | preamble | parameters, per_image, pictures)


def carry(channel: BitChannel, frames: Frames, seed: int, block: int) -> Reception:
    """A block of frames through a channel.

    Raises ChannelError where the channel does not keep its side of the interface, as a new one may.
    """
    name = type(channel).__name__
    try:
        reception = channel.transmit(frames, block_generator(seed, channel, block))
    except Exception as error:  # whatever a plug-in raises is its author's to mend
        raise ChannelError(f"channel {name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(reception, Reception) or len(reception.frames) != len(frames):
        raise ChannelError(f"channel {name} should return a Reception of {len(frames)} frames, as many as were sent")
    return reception
