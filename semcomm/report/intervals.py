"""95 % intervals of the means in results.csv, from the images that they are means of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from semcomm.report.tables import SOURCE

WIDTH = "half width"

MEASURED = {
    "bits_per_image": "bits",
    "payload_bits_per_image": "payload_bits",
    "coded_bits_per_image": "coded_bits",
    "channel_uses_per_image": "channel_uses",
    "psnr_db": "psnr_db",
    "ssim": "ssim",
}
"""Columns of results.csv that are means over images, and the columns of per_image.csv that they are means of."""


def half_widths(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """By how much the mean of infinitely many such images may differ, at 95 % confidence: Student's t.

    table: whole results as `read_results` gives them, of folders of runs.
    Returns for each of the columns an array (rows,), NaN where there is no interval: a column that is no mean over
    images, a row of one image, a folder without per_image.csv.
    """
    widths = {column: np.full(len(table), np.nan) for column in columns}
    for source in table[SOURCE].unique():
        rows = np.flatnonzero(table[SOURCE] == source)
        found = _of_run(Path(source), len(rows))
        for column in columns:
            if column in found:
                widths[column][rows] = found[column]
    return widths


def with_widths(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The table with one more column, `WIDTH`: half widths of this column's intervals, empty where there is none."""
    widths = half_widths(table, [column])[column]
    return table.assign(**{WIDTH: ["" if np.isnan(width) else repr(float(width)) for width in widths]})


def _of_run(folder: Path, rows: int) -> dict[str, NDArray[np.float64]]:
    path = (folder if folder.is_dir() else folder.parent) / "per_image.csv"
    if not path.is_file():
        return {}
    images = pd.read_csv(path, usecols=lambda name: name == "cell" or name in MEASURED.values())
    cells = images["cell"] if "cell" in images else pd.Series(0, images.index)
    groups = images.groupby(cells)
    found = {}
    for column, name in MEASURED.items():
        if name in images:
            count, spread = groups[name].count(), groups[name].std()
            width = stdtrit(count - 1.0, 0.975) * spread / np.sqrt(count)
            found[column] = np.asarray(width.reindex(range(rows)), np.float64)
    return found
