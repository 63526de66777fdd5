"""Scenarios, run block by block and put together again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from semcomm.measures.totals import Totals
from semcomm.run.block import Block, Task, block_count, per_image_table, run_block
from semcomm.run.columns import carrier_summary, measure_summary
from semcomm.run.fingerprint import fingerprints
from semcomm.run.pools import Failure, Pool, SerialPool, map_in_order
from semcomm.run.scratch import new_run
from semcomm.scenario.scenario import Cell, Scenario

OnProgress = Callable[[int], None]
"""Called with how many images are done further."""


@dataclass(frozen=True)
class Results:
    """What a scenario gave.

    summary: the row of results.csv.
    link_columns: those of its columns that concern link and channel alone.
    tallies: counts by value, such as how often each index was sent.
    """

    summary: dict[str, Any]
    link_columns: Collection[str]
    tallies: Mapping[str, Collection[int]]


@dataclass(frozen=True)
class Simulated(Results):
    """The results of a scenario, and the table with a row per image."""

    per_image: pd.DataFrame


class BlockStore(Protocol):
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


def simulate(scenario: Scenario, on_progress: OnProgress = lambda images: None) -> Simulated:
    """Send the scenario's images and measure what they cost and what arrived.

    on_progress: called after each block with how many images it held.
    """
    store = InMemory()
    ((_, results),) = simulate_all({0: Cell(scenario, {})}, SerialPool(), on_progress, store)
    if isinstance(results, Failure):
        raise results.error
    table = per_image_table(store.blocks)
    return Simulated(results.summary, results.link_columns, results.tallies, table)


def simulate_all(
    cells: Mapping[int, Cell],
    pool: Pool,
    on_progress: OnProgress,
    store: BlockStore,
    run_task: Callable[[Task], Block] = run_block,
) -> Iterator[tuple[int, Results | Failure]]:
    """The place and results of each cell, in their order, each as soon as it is there.

    cells: by their places in the run; of one that fails, why it did.
    pool: who does the work; no result depends on it.
    on_progress: called with how many images are done further, or need not be done.
    """
    run = new_run()
    try:
        yield from _simulated(run, cells, pool, on_progress, store, run_task)
    finally:
        pool.delete(run)


def _simulated(
    run: str,
    cells: Mapping[int, Cell],
    pool: Pool,
    on_progress: OnProgress,
    store: BlockStore,
    run_task: Callable[[Task], Block],
) -> Iterator[tuple[int, Results | Failure]]:
    finished: set[int] = set()
    tasks = (task for task in _tasks(run, cells) if task.place not in finished)
    totals: dict[int, Totals] = {}
    for task, block in map_in_order(
        run_task, tasks, pool, store.block, lambda task: task.place not in finished
    ):
        place, scenario = task.place, task.cell.scenario
        if isinstance(block, Failure):
            outcome: Results | Failure = block
            sent = totals.pop(place).samples if place in totals else 0
        else:
            store.keep(task, block)
            part = _totals(scenario, block)
            totals[place] = totals[place] + part if place in totals else part
            on_progress(part.samples)
            is_last = task.number + 1 == block_count(run, scenario)
            if not is_last and not _enough(scenario, totals[place]):
                continue
            outcome = _results(task.cell, totals[place])
            sent = totals.pop(place).samples
        finished.add(place)
        if left := scenario.image_count() - sent:
            on_progress(left)
        yield place, outcome


def _tasks(run: str, cells: Mapping[int, Cell]) -> Iterator[Task]:
    """The blocks of all cells. A cell made in this program, which alone can run it, has no text."""
    uses = Counter(repr(cell.scenario.encode_key) for cell in cells.values())
    for place, cell in cells.items():
        shared = uses[repr(cell.scenario.encode_key)] * cell.scenario.repeat > 1
        needed = fingerprints(cell) if cell.text else None
        for number in range(block_count(run, cell.scenario)):
            yield Task(run, place, cell, number, shared, needed)


def default_workers(images: int, cores: int) -> int:
    """A process for each core, but none that would start for fewer than 5,000 images."""
    return max(1, min(cores, images // 5000))


def _totals(scenario: Scenario, block: Block) -> Totals:
    measures = scenario.measured.items()
    steps = {name: measure.step for name, measure in measures if measure.percentiles}
    return Totals.of(block.columns, block.tallies, steps)


def _enough(scenario: Scenario, totals: Totals) -> bool:
    wanted = scenario.stop.frame_errors
    return wanted is not None and totals.total("residual_frame_errors") >= wanted


def _results(cell: Cell, totals: Totals) -> Results:
    """A cell's row: all that its scenario sets, then what was measured."""
    scenario = cell.scenario
    carried = carrier_summary(totals, scenario.channel, scenario.link)
    row = {
        **cell.settings(),
        "images": totals.samples,
        **scenario.codec.summary(totals),
        **measure_summary(totals, scenario.measured),
        "damaged_images": totals.total("damaged"),
        **carried,
    }
    plain = {name: _plain(value) for name, value in row.items()}
    tallies = {name: counts.tolist() for name, counts in totals.tallies.items()}
    return Results(plain, list(carried), tallies)


def _plain(value: Any) -> Any:
    """What JSON gives back as it was: numbers and truth values of Python, all else as text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
