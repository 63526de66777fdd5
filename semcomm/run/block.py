"""The unit of work: one block of images through transmitter, channel and receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.carrier import carry
from semcomm.choices import ModalityName
from semcomm.codec.entropy_coding.interface import symbol_counts
from semcomm.data.choice import DataChoice
from semcomm.data.data_set import Data, block_ranges
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.link.checked_channel import with_checks
from semcomm.measures.totals import Columns
from semcomm.run.cached_system import CachedSystem, Ends, cache_path
from semcomm.run.columns import carrier_columns, joined, measure_columns, sample_columns
from semcomm.run.fingerprint import require_same
from semcomm.run.first_gains import first_gains
from semcomm.run.image_gains import gain_column
from semcomm.run.report_samples import COUNT, FirstSamples, report_pictures
from semcomm.run.seeds import block_generator
from semcomm.scenario.scenario import Cell, Scenario
from semcomm.stages import Received, Samples, Sent
from semcomm.systems.checked import (
    CheckedReceiver,
    CheckedTransmitter,
    checked_columns,
    checked_tallies,
    running,
)
from semcomm.systems.digital import bit_columns
from semcomm.systems.system import System
from semcomm.terms import Terms


@dataclass(frozen=True)
class Block:
    """What one block of images gave.

    columns: one entry per image; "image" is its name, all others are numbers or truth values.
    tallies: counts by value, such as how often each index was sent.
    first: of the first block, the first images and what became of them.
    """

    columns: Columns
    tallies: Mapping[str, NDArray[np.int64]]
    first: FirstSamples | None


class Task(NamedTuple):
    """One block of one cell of a run.

    run: the name under which the workers of a machine keep what they share.
    place, cell, number: which scenario of the run, and which of its blocks.
    shared: other blocks send the same encodings, so that they are kept.
    fingerprints: of what the worker, which may be another machine, has to have.
    """

    run: str
    place: int
    cell: Cell
    number: int
    shared: bool
    fingerprints: dict[str, str | None] | None = None


def run_block(task: Task) -> Block:
    """Do a task, on whichever process or machine it is.

    Raises RunError where this machine's semcomm, codec or plug-ins are not those of the run.
    """
    if task.fingerprints:
        require_same(task.cell, task.fingerprints)
    run, scenario, number = task.run, task.cell.scenario, task.number
    spans = block_spans(run, scenario.data, scenario.images)
    span = spans[number % len(spans)]
    data, measures = _opened(run, scenario.data), scenario.measured
    for name, measure in measures.items():
        measure.check_modality(name, scenario.data.modality)
    labels = None
    if any(measure.labelled for measure in measures.values()):
        for name, measure in measures.items():
            measure.check_classes(name, data.classes())
        labels = data.labels(span.start, span.stop)
    path = cache_path(run, (scenario.reference_key, span)) if task.shared else None
    system = CachedSystem(_ends(run, scenario), measures, labels, path)
    rng = block_generator(scenario.seed, scenario.channel, number)

    samples = data.load(span.start, span.stop)
    encoded = system.encode(samples)
    state = None
    if scenario.codec.takes_state and scenario.terms.frame_gain_known:
        state = with_checks(scenario.channel).draw(len(samples), rng)
    sent = system.packetize(encoded, state)
    reception = carry(scenario.channel, sent.signal, rng, scenario.link, scenario.framing, state)
    received = system.reconstruct(system.depacketize(reception))

    columns = joined(
        sample_columns(_names(run, scenario.data)[span.start : span.stop], samples),
        bit_columns(sent) if isinstance(sent.signal, Frames) else {},
        checked_columns(scenario.codec, sent, received),
        measure_columns(measures, system.measure(samples, received), samples),
        {"damaged": received.damaged},
        carrier_columns(sent, reception, scenario.framing, scenario.link),
        gain_column(scenario, number, len(samples), len(sent.signal)),
    )
    first = None
    if number == 0:
        gains_db, loads = first_gains(scenario, len(samples), len(sent.signal))
        first = first_samples(samples, sent, received, scenario.framing, scenario.codec.modality)
        first = replace(first, gains_db=gains_db, loads=loads)
    return Block(columns, checked_tallies(scenario.codec, sent), first)


def per_image_table(blocks: Sequence[Block]) -> pd.DataFrame:
    """A row per image, of blocks of one cell."""
    columns = {name: [block.columns[name] for block in blocks] for name in blocks[0].columns}
    return pd.DataFrame(
        {name: np.concatenate(parts) for name, parts in columns.items() if " " not in name}
    )


def first_samples(
    samples: Samples,
    sent: Sent[Any],
    received: Received,
    framing: Framing,
    modality: ModalityName = "rgb8",
) -> FirstSamples:
    """The first samples of a block as pictures, with their frames and indices, or with their
    symbols.
    """
    pictures = (
        report_pictures(samples, modality),
        report_pictures(received.samples, modality),
    )
    if isinstance(sent.signal, Symbols):
        return FirstSamples(*pictures, symbols=sent.signal.split()[:COUNT])
    indices, arrived = (
        list((encoded or {}).get("indices", []))[:COUNT]
        for encoded in (sent.encoded, received.encoded)
    )
    counts = symbol_counts(framing.slice_runs([grid.shape for grid in indices]))
    return FirstSamples(
        *pictures,
        Frames.join(sent.signal.split()[: COUNT * framing.slices]),
        framing.crc,
        indices or None,
        arrived or None,
        counts if indices else None,
    )


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


def _ends(run: str, scenario: Scenario) -> Ends:
    system, terms = scenario.codec, scenario.terms
    return _built(run, system, terms, scenario.framing, scenario.receiver.damaged)


@lru_cache(maxsize=8)
def _built(run: str, system: System, terms: Terms, framing: Framing, damaged: Any) -> Ends:
    """Both ends of a system, made once per process and run."""
    with running(system, system):
        transmitter = system.transmitter(terms, framing)
        receiver = system.receiver(terms, framing, damaged)
    return Ends(
        CheckedTransmitter(system, transmitter, framing),
        CheckedReceiver(system, receiver, framing),
        repeats=system.repeats,
        modality=system.modality,
    )
