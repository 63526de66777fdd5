"""A whole run: all cells of a scenario file, their tables, and what became of those that failed."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from semcomm.errors import RunError
from semcomm.experiment.first_images import KeptCell, save_cell
from semcomm.experiment.run_folder import RunFolder, told_scenario
from semcomm.experiment.scenario import Swept
from semcomm.experiment.simulation import Results, simulate_all
from semcomm.experiment.tables import write_images, write_summaries
from semcomm.experiment.workers import Failed


def run_cells(
    cells: Sequence[Swept],
    folder: RunFolder,
    workers: int,
    watch: Callable[[int], None],
    show: Callable[[Results, Swept, int], None],
) -> list[Path]:
    """Run all cells and write their tables; returns these files.

    watch: is told how many images are done, block by block; show: each cell's results and its number, from 1 on.
    Raises what the first cell raised where all failed; where some did, RunError, once the others are done.
    """
    results: list[Results] = []
    failures: dict[int, Exception] = {}
    written: list[Path] = []
    for number, (found, cell) in enumerate(zip(simulate_all(cells, workers, watch, folder), cells, strict=True), 1):
        if isinstance(found, Failed):
            failures[number] = found.error
            continue
        results.append(found)
        save_cell(folder.path, len(results) - 1, _kept(found, cell))
        written = [write_summaries(results, folder.path)]
        show(found, cell, number)
    if not results:
        raise failures[1]
    written += write_images(results, folder.path)
    if failures:
        raise RunError("\n".join([*_told(failures, cells), "the others are done; the same command tries these again"]))
    folder.forget_blocks()
    return written


def _kept(found: Results, cell: Swept) -> KeptCell:
    records = json.loads(found.per_image.head(len(found.first.sent)).to_json(orient="records", double_precision=15))
    return KeptCell(told_scenario(cell), found.first, records, found.code, found.index_counts)


def _told(failures: Mapping[int, Exception], cells: Sequence[Swept]) -> list[str]:
    return [
        f"cell {number} of {len(cells)}, {dict(cells[number - 1].changes)}, failed: {type(error).__name__}: {error}"
        for number, error in failures.items()
    ]
