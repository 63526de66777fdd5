"""A whole run: the cells of a scenario file, their tables, and what became of those that failed."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from semcomm.choices import TableFormat
from semcomm.errors import RunError
from semcomm.files import write_atomically
from semcomm.run.block import Block, Task, per_image_table, run_block
from semcomm.run.conditions import select
from semcomm.run.partial_run import results_table
from semcomm.run.per_image_table import write_per_image, write_pictures
from semcomm.run.pools import Failure, Pool
from semcomm.run.report_samples import (
    ReportSample,
    delete_report_samples,
    load_report_sample,
    save_report_sample,
)
from semcomm.run.run_folder import RESULTS, RunFolder
from semcomm.run.simulation import OnProgress, Results, simulate_all
from semcomm.scenario.scenario import Cell
from semcomm.validation import as_yaml

REASONS_SHOWN = 20
LARGER_TABLE = 1.01
"""How many times as many rows results.csv has each time it is written during a run, at least one
more: written for each cell, 100,000 cells would take a day.
"""
PROCESS_LOST = "the process that ran it was ended from outside, as where memory runs out"

OnCell = Callable[[Results, Cell, int], None]
"""Called with the results of a cell, the cell and its number, from 1 on."""


def run_cells(
    cells: Sequence[Cell],
    folder: RunFolder,
    pool: Pool,
    on_progress: OnProgress,
    on_cell: OnCell,
    places: Sequence[int] | None = None,
    form: TableFormat | None = None,
    run_task: Callable[[Task], Block] = run_block,
) -> list[Path]:
    """Run the cells at these places, or all, and write the tables of those that are done.

    Tables with a row per image are written once every cell has had its turn.

    form: of the table with a row per image; by default CSV up to a million rows.
    run_task: what does the work of a block.
    Returns the files that were written. Raises RunError where some failed, once the others are
    done.
    """
    places = range(len(cells)) if places is None else places
    chosen = set(places)
    known = {place: folder.results(place, place in chosen) for place in range(len(cells))}
    done = {place: results for place, results in known.items() if results}
    for place in filter(done.__contains__, places):
        on_progress(cells[place].scenario.image_count())
        on_cell(done[place], cells[place], place + 1)
    failures: dict[int, Exception] = {}
    left = {place: cells[place] for place in places if place not in done}
    if not left:  # else no other part can be about to write the tables of all cells
        folder.require_alone()
    # Else, interrupted, rows of results.csv would stand beside the pictures of others.
    folder.reopen()
    delete_report_samples(folder.path)
    if done:
        write_results(done, folder)
    in_table = len(done)
    for place, outcome in simulate_all(left, pool, on_progress, folder, run_task):
        if isinstance(outcome, Failure):
            failures[place] = outcome.error
            continue
        folder.keep_results(place, outcome, _report_sample(cells, place, outcome, folder))
        done[place] = outcome
        if len(done) > in_table * LARGER_TABLE:
            write_results(done, folder)
            in_table = len(done)
        on_cell(outcome, cells[place], place + 1)
    if len(done) > in_table:
        write_results(done, folder)
    written = [folder.path / RESULTS] if done else []
    if done and len(done) + len(failures) == len(cells):
        written += write_image_files(cells, done, folder, form)
    if failures:
        raise _failed(cells, failures)
    return written


def matching(cells: Sequence[Cell], conditions: Sequence[str]) -> list[int]:
    """The places of the cells that meet every condition, KEY=VALUE[,VALUE...] with a key path.

    Raises ReportError where none is left, or no cell has the key.
    """
    if not conditions:
        return list(range(len(cells)))
    rows = [{key: _text(value) for key, value in cell.row().items()} for cell in cells]
    table = pd.DataFrame(rows, dtype=str).assign(results="the scenario")
    return list(select(table, conditions).index)


def write_results(done: Mapping[int, Results], folder: RunFolder) -> None:
    """Write results.csv, a row per cell that is done, in their order."""
    table = results_table([done[place].summary for place in sorted(done)])
    write_atomically(folder.path / RESULTS, table.to_csv(index=False).encode())


def write_image_files(
    cells: Sequence[Cell], done: Mapping[int, Results], folder: RunFolder, form: TableFormat | None
) -> list[Path]:
    """Write the files with images of all cells that are done.

    Where all are, what only an interrupted run needs is deleted.
    """
    places = sorted(done)
    images = sum(done[place].summary["images"] for place in places)
    blocks = [folder.blocks(place) for place in places]
    table = write_per_image(blocks, len(cells) > 1, images, folder.path, form)
    for row, place in enumerate(places):
        sample = _report_sample(cells, place, done[place], folder)
        save_report_sample(folder.path, row, sample)
    pictures = write_pictures(load_report_sample(folder.path, len(places) - 1).first, folder.path)
    if len(done) == len(cells):
        folder.finish()
    return [table, pictures]


def _report_sample(
    cells: Sequence[Cell], place: int, results: Results, folder: RunFolder
) -> ReportSample:
    cell, block = cells[place], next(iter(folder.blocks(place)))
    assert block.first  # as the first block of each cell has it
    counts = np.array(results.tallies.get("index", []), np.int64)
    table = per_image_table([block]).head(len(block.first.sent))
    rows = json.loads(table.to_json(orient="records", double_precision=15))
    return ReportSample(
        cell.settings(), block.first, rows, cell.scenario.codec.code_table(), counts
    )


def _failed(cells: Sequence[Cell], failures: Mapping[int, Exception]) -> RunError:
    """What to raise for the cells that failed, with the error of the first as its cause."""
    whats = {place: _what(failure) for place, failure in failures.items()}
    lines = [
        f"cell {place + 1} of {len(cells)}, {as_yaml(cells[place].changes)}, failed: {what}"
        for place, what in [*whats.items()][:REASONS_SHOWN]
    ]
    if len(whats) > len(lines):
        lines.append(f"and {len(whats) - len(lines)} more cells failed")
    if len(whats) == len(cells) and len(set(whats.values())) == 1:
        which = f"each of the {len(cells)} cells" if len(cells) > 1 else "the run"
        lines = [f"{which} failed: {whats[0]}"]
    others = "the others are done; " if len(whats) < len(cells) else ""
    again = f"{others}the same command tries {'these' if len(cells) > 1 else 'it'} again"
    error = RunError("\n".join([*lines, again]))
    error.__cause__ = next(iter(failures.values()))
    return error


def _what(failure: Exception) -> str:
    if isinstance(failure, BrokenExecutor):
        return PROCESS_LOST
    return f"{type(failure).__name__}: {failure}"


def _text(value: object) -> str:
    return "" if value is None else str(value)
