"""Scenarios, run block by block and put together again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from semcomm.experiment.block import Block, Task, block_spans, run_block
from semcomm.experiment.channels import channel_name
from semcomm.experiment.records import carriage, summary
from semcomm.experiment.run_folder import RunFolder
from semcomm.experiment.scenario import Scenario, Stop, Swept
from semcomm.experiment.systems import system_of
from semcomm.experiment.workers import Failed, in_order
from semcomm.images import Image


@dataclass(frozen=True)
class Results:
    """What a scenario gave.

    summary: the row of results.csv; journey: its columns that tell of link and channel alone.
    per_image: the table with a row an image.
    pictures: the first images, as sent and as received.
    """

    summary: dict[str, Any]
    journey: Collection[str]
    per_image: pd.DataFrame
    pictures: list[tuple[Image, Image]]


def simulate(scenario: Scenario, watch: Callable[[int], None] = lambda images: None) -> Results:
    """Send the scenario's images and measure what they cost and what arrived.

    watch: is told after each block how many images it held.
    """
    (results,) = simulate_all([Swept(scenario, {})], 1, watch)
    if isinstance(results, Failed):
        raise results.error
    return results


def simulate_all(
    cells: Sequence[Swept], workers: int, watch: Callable[[int], None], kept: RunFolder | None = None
) -> Iterator[Results | Failed]:
    """The results of each cell, in their order, each as soon as it is there, or why there are none.

    workers: processes that share the work; no result depends on how many there are.
    kept: from where blocks are taken that were done before, and where all are left.
    """
    sources = Counter(cell.scenario.source for cell in cells)
    with TemporaryDirectory(prefix="semcomm-") as folder:
        counts = [len(block_spans(folder, cell.scenario.data, cell.scenario.images)) for cell in cells]
        finished: set[int] = set()
        tasks = (
            Task(folder, place, cell, number, sources[cell.scenario.source] > 1)
            for place, cell in enumerate(cells)
            for number in range(counts[place])
            if place not in finished
        )
        blocks: list[Block] = []
        for task, block in in_order(run_block, tasks, workers, kept.block if kept else lambda task: None):
            if task.place in finished:
                continue  # it was asked for before the cell had enough
            if isinstance(block, Failed):
                finished.add(task.place)
                blocks = []
                yield block
                continue
            if kept:
                kept.keep(task, block)
            blocks.append(block)
            watch(len(block.records))
            if len(blocks) == counts[task.place] or _enough(task.cell.scenario.stop, blocks):
                finished.add(task.place)
                yield _results(task.cell, blocks)
                blocks = []


def default_workers(cells: Sequence[Swept], cores: int) -> int:
    """A process for each core, but none that would start for fewer than 5,000 images."""
    return max(1, min(cores, sum(cell.scenario.image_count() for cell in cells) // 5000))


def _enough(stop: Stop, blocks: Sequence[Block]) -> bool:
    return stop.frame_errors is not None and stop.frame_errors <= sum(
        int(block.records.residual_frame_errors.sum()) for block in blocks
    )


def _told(key: str) -> set[str]:
    """The columns any of which tells the setting of this key path."""
    return {key, key.removeprefix("codec."), key.removeprefix("channel.")}


def _results(cell: Swept, blocks: Sequence[Block]) -> Results:
    """A cell's row is what it is, what was measured, and what a sweep has set that no column tells yet."""
    scenario = cell.scenario
    records = pd.concat([block.records for block in blocks], ignore_index=True)
    counts = np.zeros(max(block.index_counts.size for block in blocks), np.int64)
    for block in blocks:
        counts[: block.index_counts.size] += block.index_counts
    system = system_of(scenario.codec, scenario.framing, scenario.receiver)
    ends = {"channel": channel_name(scenario.channel), "seed": scenario.seed}
    parameters = {f"channel.{name}": value for name, value in vars(scenario.channel).items()}
    journey = carriage(records, scenario.channel, scenario.link)
    row = {"scenario": scenario.name, **system.columns, **ends, **summary(records, counts), **journey}
    row |= {**system.details, **parameters}
    others = {key: value for key, value in cell.changes.items() if not _told(key) & row.keys()}
    return Results(row | others, journey.keys(), records, blocks[0].pictures)
