"""A run's table by image, read back."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.measures.psnr import PSNR_OF_MEAN_MSE

IMAGE, CELL = "image", "cell"


def mean_mse_terms(images: pd.DataFrame) -> NDArray[np.float64]:
    """From the columns `mse`, `height` and `width`, (B,): what a run takes the mean of for its
    `psnr_of_mean_mse_db`.
    """
    sizes = [*zip(images["height"], images["width"], strict=True)]
    blanks = {size: np.broadcast_to(np.uint8(0), (*size, 3)) for size in set(sizes)}
    return PSNR_OF_MEAN_MSE.terms(images["mse"].to_numpy(), [blanks[size] for size in sizes])


def read_per_image(folder: Path, names: set[str] | None = None) -> pd.DataFrame:
    """Those of these columns that per_image.csv, or per_image.parquet of a large run, has; all of
    them without names.

    Raises ReportError for a folder without the table.
    """
    parquet, path = folder / "per_image.parquet", folder / "per_image.csv"
    try:
        if not parquet.exists():
            columns = None if names is None else names.__contains__
            return pd.read_csv(path, usecols=columns, low_memory=False)
        from pyarrow.dataset import dataset

        source = dataset(parquet, format="parquet", partitioning="hive")
        there = set(source.schema.names)
        table: pd.DataFrame = source.to_table([*there & (names or there)]).to_pandas()
        return table
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror or error}; `semcomm run` writes it") from error
    except ValueError as error:
        raise ReportError(f"{path}: {error}; `semcomm run` writes it") from error
