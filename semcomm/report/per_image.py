"""A run's table by image, read back."""

from pathlib import Path

import pandas as pd

from semcomm.errors import ReportError

IMAGE, CELL = "image", "cell"


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
