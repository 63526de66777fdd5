"""Scenarios, run block by block and put together again."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from semcomm.measures.intervals import after_stop, wilson
from semcomm.measures.totals import RepeatedSums, Totals
from semcomm.run.block import Block, Task, block_count, block_spans, per_image_table, run_block
from semcomm.run.columns import (
    RateInterval,
    averaged_columns,
    carrier_summary,
    joined,
    measure_summary,
)
from semcomm.run.fingerprint import fingerprints
from semcomm.run.pools import Failure, Pool, SerialPool, map_in_order
from semcomm.run.scratch import cache_lock, new_run
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
    with cache_lock(run):
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
    sums: dict[int, CellSums] = {}
    for task, block in map_in_order(
        run_task, tasks, pool, store.block, lambda task: task.place not in finished
    ):
        place, scenario = task.place, task.cell.scenario
        so_far = sums.setdefault(place, CellSums(run, task.cell))
        if not isinstance(block, Failure):
            store.keep(task, block)
        outcome = so_far.add(task.number, block)
        on_progress(so_far.added)
        if outcome is None:
            continue
        del sums[place]
        finished.add(place)
        if left := scenario.image_count() - so_far.samples:
            on_progress(left)
        yield place, outcome


class CellSums:
    """What the blocks of a cell add up to, until it is done.

    samples: how many have been added; added: how many of them by the last block.
    """

    def __init__(self, run: str, cell: Cell) -> None:
        self.samples, self.added = 0, 0
        self._run, self._cell = run, cell
        self._totals: Totals | None = None
        self._repeated: RepeatedSums | None = None

    def add(self, number: int, block: Block | Failure) -> Results | Failure | None:
        """Add the block of this number; returns what became of the cell, None where more is to
        come.

        What a system or a measure raises here is its cell's failure, as in a worker.
        """
        self.added = 0
        if isinstance(block, Failure):
            return block
        try:
            part = _totals(self._cell.scenario, block)
            self._totals = self._totals + part if self._totals else part
            self._add_repeated(number, block)
            self.samples, self.added = self.samples + part.samples, part.samples
            return self._outcome(number, part)
        except Exception as error:
            return Failure(error)

    def _add_repeated(self, number: int, block: Block) -> None:
        scenario = self._cell.scenario
        if scenario.repeat == 1:
            return
        spans = block_spans(self._run, scenario.data, scenario.images)
        if self._repeated is None:
            self._repeated = RepeatedSums(spans[-1].stop)
        first = spans[number % len(spans)].start
        self._repeated.add(block.columns, averaged_columns(block.columns), first)

    def _outcome(self, number: int, last: Totals) -> Results | None:
        scenario, totals = self._cell.scenario, self._totals
        assert totals is not None  # as a block has been added
        wanted = scenario.stop.frame_errors
        is_enough = wanted is not None and totals.total("residual_frame_errors") >= wanted
        if number + 1 < block_count(self._run, scenario) and not is_enough:
            return None
        interval: RateInterval = wilson
        if wanted is not None:
            of_last = last.total("frames")
            before = totals.total("frames") - of_last
            interval = partial(_after_stop, of_last=of_last, before_last=before, wanted=wanted)
        return _results(self._cell, replace(totals, repeated=self._repeated), interval)


def _after_stop(events: int, of: int, **blocks: int) -> tuple[float, float]:
    return after_stop(events, **blocks)


def _tasks(run: str, cells: Mapping[int, Cell]) -> Iterator[Task]:
    """The blocks of all cells. A cell made in this program, which alone can run it, has no text."""
    uses = Counter(repr(cell.scenario.reference_key) for cell in cells.values())
    for place, cell in cells.items():
        shared = uses[repr(cell.scenario.reference_key)] * cell.scenario.repeat > 1
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


def _results(cell: Cell, totals: Totals, interval: RateInterval) -> Results:
    """A cell's row: all that its scenario sets, then what was measured."""
    scenario = cell.scenario
    carried = carrier_summary(totals, scenario.channel, scenario.link, interval)
    row = joined(
        cell.row(),
        {"images": totals.samples},
        scenario.codec.summary(totals),
        measure_summary(totals, scenario.measured),
        {"damaged_images": totals.total("damaged")},
        carried,
    )
    plain = {name: _plain(value) for name, value in row.items()}
    tallies = {name: counts.tolist() for name, counts in totals.tallies.items()}
    return Results(plain, list(carried), tallies)


def _plain(value: Any) -> Any:
    """What JSON gives back as it was: numbers and truth values of Python, all else as text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
