"""A whole run: all cells of a scenario file, their tables, and what became of those that failed."""

from collections.abc import Callable, Sequence
from pathlib import Path

from semcomm.errors import RunError
from semcomm.experiment.run_folder import RunFolder
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
    Raises what a cell raised that is the only one; RunError, once the others are done, where cells failed.
    """
    results: list[Results] = []
    failures: list[str] = []
    written: list[Path] = []
    for number, (found, cell) in enumerate(zip(simulate_all(cells, workers, watch, folder), cells, strict=True), 1):
        if isinstance(found, Failed):
            if len(cells) == 1:
                raise found.error
            failures.append(f"cell {number} of {len(cells)} {dict(cell.changes)} failed: {_told(found.error)}")
            continue
        results.append(found)
        written = [write_summaries(results, folder.path)]
        show(found, cell, number)
    if results:
        written += write_images(results, folder.path)
    if failures:
        raise RunError("\n".join([*failures, "the other cells are done; the same command tries these again"]))
    folder.forget_blocks()
    return written


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
