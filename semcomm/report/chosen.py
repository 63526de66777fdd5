"""Tables of what a transmitter chose, image by image, among rows of a run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width, wilson
from semcomm.measures.psnr import PSNR_OF_MEAN_MSE
from semcomm.report.paired import MEAN_MSE
from semcomm.report.per_image import CELL, IMAGE, mean_mse_terms
from semcomm.report.results import write_csv


@dataclass(frozen=True, eq=False)
class Chosen:
    """A row of results.csv, and the rows of per_image.csv that it sums up."""

    row: Mapping[str, str | float]
    images: pd.DataFrame

    @classmethod
    def of(
        cls, settings: Mapping[str, str], images: pd.DataFrame, columns: Collection[str]
    ) -> "Chosen":
        """settings: of the row; columns: of the results that the images are from."""
        return cls({**settings, **_measured(images, columns)}, images)


def cell_images(images: pd.DataFrame, cells: Sequence[int]) -> list[pd.DataFrame]:
    """The rows by image of each of these cells.

    Raises ReportError where they are over different images.
    """
    parts = [images[images[CELL] == cell].reset_index(drop=True) for cell in cells]
    for cell, part in zip(cells, parts, strict=True):
        if not part[IMAGE].equals(parts[0][IMAGE]):
            raise ReportError(
                f"cells {cells[0]} and {cell} are over different images, of which none can be "
                "chosen: run them over the same"
            )
    return parts


def choose_images(parts: Sequence[pd.DataFrame], choice: NDArray[np.int64]) -> pd.DataFrame:
    """Of each image its row in the part that was chosen for it, (B,)."""
    chosen: pd.DataFrame = pd.concat([part[choice == n] for n, part in enumerate(parts)])
    return chosen.sort_index()


def write_chosen(chosen: Sequence[Chosen], folder: Path) -> None:
    """Write results.csv and per_image.csv, as `semcomm run` writes them.

    Raises ReportError for the folder of a run.
    """
    if (folder / "run.json").exists():
        raise ReportError(f"{folder} holds a run: write to another folder")
    folder.mkdir(parents=True, exist_ok=True)
    tables = [part.images.assign(**{CELL: cell}) for cell, part in enumerate(chosen)]
    write_csv([pd.concat(tables)], folder / "per_image.csv")
    write_csv([pd.DataFrame([part.row for part in chosen])], folder / "results.csv")


def _measured(images: pd.DataFrame, columns: Collection[str]) -> dict[str, float]:
    """The columns of measures, with their intervals, and of channel uses and lost frames."""
    row: dict[str, float] = {"images": len(images)}
    values = images.rename(columns={"residual_frame_errors": "residual_frame_error_rate"})
    for name in map(str, values):
        if f"{name}_ci95" in columns:
            there = values[name].dropna()
            half = half_width(float(there.sum()), float((there**2).sum()), len(there))
            row |= {name: float(there.mean()), f"{name}_ci95": half}
        elif f"{name}_low" in columns:
            low, high = wilson(float(values[name].sum()), len(values))
            row |= {name: float(values[name].mean()), f"{name}_low": low, f"{name}_high": high}
    if MEAN_MSE in columns:
        row[MEAN_MSE] = PSNR_OF_MEAN_MSE.value(float(mean_mse_terms(images).mean()))
    return row | {"channel_uses_per_image": float(images["channel_uses"].mean())}
