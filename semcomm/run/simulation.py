"""Scenarios, run block by block and put together again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from semcomm.run.block import Block, Task, block_count, records, run_block, system
from semcomm.run.columns import carriage, summary
from semcomm.run.fingerprint import digests
from semcomm.run.pools import Failed, Here, Pool, in_order
from semcomm.run.scratch import new_run
from semcomm.run.totals import Totals
from semcomm.scenario.plugins import channel_name
from semcomm.scenario.scenario import Scenario, Swept


@dataclass(frozen=True)
class Results:
    """What a scenario gave.

    summary: the row of results.csv; journey: its columns that tell of link and channel alone.
    index_counts: how often each index was sent, up to the highest that was.
    """

    summary: dict[str, Any]
    journey: Collection[str]
    index_counts: Collection[int]


@dataclass(frozen=True)
class Simulated(Results):
    """And its images.

    per_image: the table with a row an image.
    """

    per_image: pd.DataFrame


class Blocks(Protocol):
    """Where blocks are kept: those that were done before, and each as soon as it is done."""

    def block(self, task: Task) -> Block | None: ...

    def keep(self, task: Task, block: Block) -> None: ...


class InMemory:
    """Blocks of one scenario, in their order."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def block(self, task: Task) -> Block | None:
        return None

    def keep(self, task: Task, block: Block) -> None:
        self.blocks.append(block)


def simulate(scenario: Scenario, watch: Callable[[int], None] = lambda images: None) -> Simulated:
    """Send the scenario's images and measure what they cost and what arrived.

    watch: is told after each block how many images it held.
    """
    kept = InMemory()
    ((_, results),) = simulate_all({0: Swept(scenario, {})}, Here(), watch, kept)
    if isinstance(results, Failed):
        raise results.error
    return Simulated(results.summary, results.journey, results.index_counts, records(kept.blocks))


def simulate_all(
    cells: Mapping[int, Swept], pool: Pool, watch: Callable[[int], None], kept: Blocks
) -> Iterator[tuple[int, Results | Failed]]:
    """The place and results of each cell, in their order, each as soon as it is there, or why there
    are none.

    cells: by their places in the run.
    pool: who does the work; no result depends on it.
    watch: is told how many images are done further, or need not be done.
    """
    run = new_run()
    try:
        yield from _simulated(run, cells, pool, watch, kept)
    finally:
        pool.forget(run)


def _simulated(
    run: str, cells: Mapping[int, Swept], pool: Pool, watch: Callable[[int], None], kept: Blocks
) -> Iterator[tuple[int, Results | Failed]]:
    uses = Counter(cell.scenario.source for cell in cells.values())
    finished: set[int] = set()
    tasks = (
        Task(
            run,
            place,
            cell,
            number,
            uses[cell.scenario.source] * cell.scenario.repeat > 1,
            _digests(cell),
        )
        for place, cell in cells.items()
        for number in range(block_count(run, cell.scenario))
        if place not in finished
    )
    totals: dict[int, Totals] = {}
    for task, block in in_order(
        run_block, tasks, pool, kept.block, lambda task: task.place not in finished
    ):
        place, scenario = task.place, task.cell.scenario
        if isinstance(block, Failed):
            outcome: Results | Failed = block
            sent = totals.pop(place).images if place in totals else 0
        else:
            kept.keep(task, block)
            found = Totals.of(block.columns, block.index_counts)
            totals[place] = totals[place] + found if place in totals else found
            watch(found.images)
            if task.number + 1 < block_count(run, scenario) and not _enough(
                scenario, totals[place]
            ):
                continue
            outcome = _results(run, task.cell, totals[place])
            sent = totals.pop(place).images
        finished.add(place)
        if left := scenario.image_count() - sent:
            watch(left)
        yield place, outcome


def _digests(cell: Swept) -> dict[str, str | None] | None:
    """Nothing where its scenario was made in this program, which alone can run it."""
    return digests(cell) if cell.text else None


def default_workers(images: int, cores: int) -> int:
    """A process for each core, but none that would start for fewer than 5,000 images."""
    return max(1, min(cores, images // 5000))


def _enough(scenario: Scenario, totals: Totals) -> bool:
    wanted = scenario.stop.frame_errors
    return wanted is not None and totals.total("residual_frame_errors") >= wanted


def _told(key: str) -> set[str]:
    """The columns any of which tells the setting of this key path."""
    return {key, key.removeprefix("codec."), key.removeprefix("channel.")}


def _results(run: str, cell: Swept, totals: Totals) -> Results:
    """A cell's row is what it is, what was measured, and what a sweep has set that no column tells
    yet.
    """
    scenario = cell.scenario
    ends = system(run, scenario.codec, scenario.framing, scenario.receiver)
    way = {"channel": channel_name(scenario.channel), "seed": scenario.seed}
    parameters = {f"channel.{name}": value for name, value in vars(scenario.channel).items()}
    journey = carriage(totals, scenario.channel, scenario.link)
    row = {"scenario": scenario.name, **ends.columns, **way, **summary(totals), **journey}
    row |= {**ends.details, **parameters}
    others = {key: value for key, value in cell.changes.items() if not _told(key) & row.keys()}
    plain = {name: _plain(value) for name, value in (row | others).items()}
    return Results(plain, list(journey), totals.index_counts.tolist())


def _plain(value: Any) -> Any:
    """What JSON gives back as it was: numbers and truth values as Python's own, and all else as
    text.
    """
    value = value.item() if isinstance(value, np.generic) else value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
