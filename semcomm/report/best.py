"""The best row of each group of rows, as a sweep over modulations and code rates asks for."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from semcomm.errors import ReportError
from semcomm.report.results import numbers
from semcomm.run.conditions import texts
from semcomm.run.origin import is_error


def best_rows(chunks: Iterable[pd.DataFrame], best: str, per: Sequence[str] = ()) -> pd.DataFrame:
    """The row with the highest value in the column `best`, of an error the lowest, for each
    combination of values in the columns `per`, in the order of their first rows; of equal values
    the first row.

    chunks: of one table, as text; one is in memory at a time. Rows whose `best` is empty do not
        count. Without `per` there is one row.
    Returns whole rows. Raises ReportError for columns that do not exist, text in place of numbers,
    and where no row counts.
    """
    found = pd.DataFrame()
    for chunk in chunks:
        rows = pd.concat([found, chunk[~np.isnan(numbers(chunk, best))]], ignore_index=True)
        shared = pd.DataFrame({name: texts(rows, name) for name in per}, rows.index)
        keys = pd.Series(list(map(tuple, shared.to_numpy().tolist())), dtype=object)
        values = pd.Series(numbers(rows, best)).groupby(keys, sort=False)
        found = rows.loc[values.idxmin() if is_error(rows, best) else values.idxmax()]
    if found.empty:
        raise ReportError(f"no row has a value in {best}")
    return found.reset_index(drop=True)
