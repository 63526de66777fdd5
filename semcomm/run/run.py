"""A whole run: the cells of a scenario file, their tables, and what became of those that failed."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from semcomm.choices import TableFormat
from semcomm.errors import RunError
from semcomm.run.block import Block, records
from semcomm.run.conditions import select
from semcomm.run.fingerprint import identity
from semcomm.run.per_image_table import write_pictures, write_records
from semcomm.run.pools import Failed, Pool
from semcomm.run.report_samples import (
    ReportSample,
    delete_report_samples,
    load_report_sample,
    save_report_sample,
)
from semcomm.run.run_folder import RESULTS, RunFolder
from semcomm.run.simulation import Results, simulate_all
from semcomm.run.tables import write_summaries
from semcomm.scenario.scenario import Swept, _flat
from semcomm.systems.systems import system_of


def run_cells(
    cells: Sequence[Swept],
    folder: RunFolder,
    pool: Pool,
    watch: Callable[[int], None],
    show: Callable[[Results, Swept, int], None],
    places: Sequence[int] | None = None,
    form: TableFormat | None = None,
) -> list[Path]:
    """Run the cells at these places, or all, and write the tables of those that are done; returns
    these files.

    Tables with a row an image are written once it has been every cell's turn.

    watch: is told how many images are done further; show: each cell's results and its number, from
        1 on.
    form: of the table with a row an image; by default CSV up to a million rows.
    Raises what the first cell raised where all failed; where some did, RunError, once the others
    are done.
    """
    places = range(len(cells)) if places is None else places
    done = {place: results for place in range(len(cells)) if (results := folder.results(place))}
    for place in filter(done.__contains__, places):
        watch(cells[place].scenario.image_count())
        show(done[place], cells[place], place + 1)
    failures: dict[int, Exception] = {}
    left = {place: cells[place] for place in places if place not in done}
    delete_report_samples(
        folder.path
    )  # else, interrupted, rows of results.csv would stand beside the pictures of others
    if done:
        _write_summaries(done, folder)
    for place, found in simulate_all(left, pool, watch, folder):
        if isinstance(found, Failed):
            failures[place] = found.error
            continue
        folder.keep_results(place, found)
        done[place] = found
        _write_summaries(done, folder)
        show(found, cells[place], place + 1)
    if not done:
        raise next(iter(failures.values()))
    written = [folder.path / RESULTS]
    if len(done) + len(failures) == len(cells):
        written += _image_tables(cells, done, folder, form)
    if failures:
        raise RunError(
            "\n".join(
                [*_told(failures, cells), "the others are done; the same command tries these again"]
            )
        )
    return written


def matching(cells: Sequence[Swept], conditions: Sequence[str]) -> list[int]:
    """The places of the cells that meet every condition, each KEY=VALUE[,VALUE...] with a key path
    or a column's name.

    Raises ReportError where none is left, or no cell says anything of a key.
    """
    table = pd.DataFrame([cell.told() for cell in cells], dtype=str).assign(results="the scenario")
    return list(select(table, conditions).index)


def _write_summaries(done: Mapping[int, Results], folder: RunFolder) -> None:
    write_summaries([done[place].summary for place in sorted(done)], folder.path / RESULTS)


def _image_tables(
    cells: Sequence[Swept], done: Mapping[int, Results], folder: RunFolder, form: TableFormat | None
) -> list[Path]:
    """The files with images of all cells that are done; where all are, no more is kept than
    these.
    """
    places = sorted(done)
    images = sum(done[place].summary["images"] for place in places)
    table = write_records(
        [folder.blocks(place) for place in places], len(cells) > 1, images, folder.path, form
    )
    for row, place in enumerate(places):
        sample = _report_sample(cells[place], done[place], next(folder.blocks(place)))
        save_report_sample(folder.path, row, sample)
    pictures = write_pictures(load_report_sample(folder.path, len(places) - 1).first, folder.path)
    if len(done) == len(cells):
        folder.forget_blocks()
    return [table, pictures]


def _report_sample(cell: Swept, results: Results, block: Block) -> ReportSample:
    assert block.first  # as the first block of each cell has it
    scenario, counts = cell.scenario, np.array(results.index_counts, np.int64)
    rows = json.loads(
        records([block]).head(len(block.first.sent)).to_json(orient="records", double_precision=15)
    )
    code = system_of(scenario.codec, scenario.framing).code
    settings = {
        key: value if isinstance(value, int | float | str | None) else str(value)
        for key, value in _flat("", identity(cell)["scenario"]).items()
    }
    return ReportSample(settings, block.first, rows, code, counts)


def _told(failures: Mapping[int, Exception], cells: Sequence[Swept]) -> list[str]:
    return [
        f"cell {place + 1} of {len(cells)}, {dict(cells[place].changes)}, failed: "
        f"{type(error).__name__}: {error}"
        for place, error in failures.items()
    ]
