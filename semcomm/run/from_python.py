"""A run as a function: from a scenario to a table."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from semcomm.run.open_pool import open_pool
from semcomm.run.origin import write_origin
from semcomm.run.run import matching, run_cells
from semcomm.run.run_folder import RESULTS, open_folder
from semcomm.run.simulation import OnProgress
from semcomm.scenario.scenario import read_scenarios


def run(
    scenario: Path | str | Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    out: Path | str | None = None,
    where: Sequence[str] = (),
    data_root: Path | str | None = None,
    workers: int = 1,
    fresh: bool = False,
    on_progress: OnProgress = lambda images: None,
) -> pd.DataFrame:
    """Run a scenario as `semcomm run` does; returns the rows of results.csv, one per cell.

    scenario: a file, a shipped scenario's name, or what such a file has as a dict; paths in a dict
        start at the working folder.
    overrides: `key.path=value`, as `--set` takes them.
    out: the folder of the run, which resumes there; by default one that is deleted afterwards.
    where: KEY=VALUE, run only these cells; rows are of all cells that are done in the folder.
    data_root: where CIFAR-10 is, by default SEMCOMM_DATA.
    workers: processes; a script that takes more than one needs `if __name__ == "__main__":`.
    fresh: forget what is in the folder.
    on_progress: called with how many images are done further.
    Raises ScenarioError with every mistake, and RunError where cells failed.

    Example: run("binary-symmetric", ["images=32"]).psnr_db is a column of one value.
    """
    cells = read_scenarios(scenario, overrides, Path(data_root) if data_root else None)
    places = matching(cells, where)
    command = f"semcomm.run({scenario!r}, {[*overrides]!r})"
    with ExitStack() as stack:
        path = Path(out or stack.enter_context(TemporaryDirectory(prefix="semcomm.run-")))
        folder = stack.enter_context(open_folder(path, cells, places, command, fresh))
        if not folder.is_done():
            write_origin(path, command, cells)
            pool = stack.enter_context(open_pool(workers))
            run_cells(cells, folder, pool, on_progress, lambda *cell: None, places)
        return pd.read_csv(path / RESULTS, keep_default_na=False, na_values=[""])
