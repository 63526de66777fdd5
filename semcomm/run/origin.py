"""origin.json of a run's folder: what made it, and which of its columns are errors."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

import pandas as pd

from semcomm.errors import ReportError
from semcomm.files import write_atomically
from semcomm.measures import MEASURES, error_columns
from semcomm.run.checked_files import DamagedFileError, read_plain_json
from semcomm.run.conditions import SOURCE
from semcomm.version import __version__

if TYPE_CHECKING:  # it takes a while
    from semcomm.scenario.scenario import Cell

ORIGIN, ERRORS = "origin.json", "lower_is_better"
PACKAGES = "numpy", "torch", "safetensors", "pillow", "pandas"


def write_origin(folder: Path, command: str, cells: "Sequence[Cell]") -> None:
    """Write what was asked for, when, and with which versions; and the columns of which a lower
    value is better, so that results are read without running a measure's file.
    """
    errors = {column for cell in cells for column in error_columns(cell.scenario.measured)}
    origin = {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "semcomm": __version__,
            "python": python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        ERRORS: sorted(errors),
    }
    write_atomically(folder / ORIGIN, json.dumps(origin, indent=1).encode())


def read_origin(folder: Path) -> dict[str, Any]:
    """Raises ReportError for a folder without the file, and for a damaged one."""
    path = folder / ORIGIN
    try:
        return read_plain_json(path, {"command": str, "date": str, "versions": dict})
    except (OSError, DamagedFileError) as error:
        raise ReportError(
            f"{path}: {error}; the same command of `semcomm run` writes it again"
        ) from error


def is_error(table: pd.DataFrame, column: str) -> bool:
    """Whether a lower value of a column is better.

    table: rows of results or of images, as `read_results` and `read_chunks` return them. Measures
        of files of one's own count where the rows are in the folder of a run, whose origin.json
        names them; elsewhere the shipped measures alone are known.
    Raises ReportError for a damaged origin.json.
    """
    if column in error_columns(MEASURES):
        return True
    paths = map(Path, table.get(SOURCE, pd.Series(dtype=str)).unique())
    folders = {folder for path in paths for folder in (path, path.parent)}
    return any(
        column in read_origin(folder).get(ERRORS, [])
        for folder in folders
        if (folder / ORIGIN).exists()
    )
