"""What is done of a run that has not ended, read from its folder without touching it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.errors import ReportError
from semcomm.run.checked_files import DamagedFileError, read_json
from semcomm.run.conditions import SOURCE
from semcomm.run.report_samples import ReportSample, read_report_sample
from semcomm.run.run_folder import BLOCKS, IDENTITY, OF_IDENTITY, OF_ROW, ROW, SAMPLE


@dataclass(frozen=True)
class PartialRun:
    """The cells of a run that are done.

    table: their rows as `read_results` would give them; samples: of each row.
    cells: how many the run has, done or not.
    """

    table: pd.DataFrame
    samples: list[ReportSample]
    cells: int


def read_partial(folder: Path) -> PartialRun | None:
    """What is done of the run in a folder; None where all of it is, or the folder holds no run.

    A cell whose row is damaged counts as not done: the run computes it again.
    Raises ReportError where no cell is done.
    """
    try:
        cells = len(read_json(folder / IDENTITY, OF_IDENTITY)["cells"])
    except (OSError, DamagedFileError):
        return None
    if not (folder / BLOCKS).is_dir():
        return None
    rows: list[Mapping[str, Any]] = []
    samples = []
    for cell in sorted((folder / BLOCKS).iterdir()):
        try:
            rows.append(read_json(cell / ROW, OF_ROW)["summary"])
        except (OSError, DamagedFileError):
            continue
        samples.append(read_report_sample(cell / SAMPLE))
    if not rows:
        raise ReportError(
            f"{folder}: none of the run's {cells} cells is done yet; the same command of "
            "`semcomm run` goes on with it"
        )
    file = io.StringIO(results_table(rows).to_csv(index=False))
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    return PartialRun(table.assign(**{SOURCE: str(folder)}), samples, cells)


def results_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The table of these rows of results.csv.

    Settings stand before measured columns: all that are before `images` in any row, then all
    others.
    """
    head: dict[str, None] = {}
    tail: dict[str, None] = {}
    for row in rows:
        part = head
        for name in row:
            part = tail if name == "images" else part
            part[name] = None
    return pd.DataFrame(rows, columns=[*head, *tail], dtype=object)
