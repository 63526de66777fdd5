"""What runs left in their folders, read back for a report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.report.intervals import Ends, interval
from semcomm.report.tables import numbers, read_results
from semcomm.run.report_samples import KeptCell, load_cell

COLUMNS = "bits_per_image", "channel_uses_per_image", "psnr_db", "images"


@dataclass(frozen=True)
class Runs:
    """Rows of results, one a cell, and what is kept of each.

    table: as `read_results` gives it; cells: what is kept of each row.
    values: the columns that figures are of, as numbers; ends: their 95 % intervals, where the
        results tell of any.
    origins: of each folder, what was asked for, when, and with which versions.
    """

    table: pd.DataFrame
    cells: list[KeptCell]
    values: dict[str, NDArray[np.float64]]
    ends: dict[str, Ends]
    origins: dict[str, dict[str, Any]]


def read_runs(folders: Sequence[Path]) -> Runs:
    """Everything of these runs. Raises ReportError where something is missing, or their first
    images differ.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ReportError(
                f"{folder}: a report is made of folders of runs, as `semcomm run` writes them"
            )
    tables = [read_results([folder]) for folder in folders]
    cells = [
        load_cell(folder, row)
        for folder, rows in zip(folders, tables, strict=True)
        for row in range(len(rows))
    ]
    table = pd.concat(tables, ignore_index=True)
    _check_same_images(cells)
    values = {column: numbers(table, column) for column in COLUMNS}
    ends = {column: found for column in COLUMNS if (found := interval(table, column))}
    return Runs(table, cells, values, ends, {str(folder): _origin(folder) for folder in folders})


def _origin(folder: Path) -> dict[str, Any]:
    path = folder / "origin.json"
    try:
        origin: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ReportError(
            f"{path}: {error}; the command of `semcomm run` again writes it"
        ) from error
    return origin


def _check_same_images(cells: Sequence[KeptCell]) -> None:
    """All rows of pictures show the same images, sent by different systems."""
    first = cells[0].first.sent
    for cell in cells:
        sent = cell.first.sent
        if len(sent) != len(first) or not all(map(np.array_equal, sent, first)):
            names = " and ".join(str(one.scenario["name"]) for one in (cells[0], cell))
            raise ReportError(
                f"{names} sent other images; a report compares systems that sent the same"
            )
