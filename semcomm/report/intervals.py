"""The 95 % intervals that results.csv tells of its columns."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.report.tables import numbers

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


def interval(table: pd.DataFrame, column: str) -> Ends | None:
    """The lower and the upper end of each row's interval of a column's value, NaN in rows that have
    none.

    table: as `read_results` gives it. A column has an interval where another one has its name and
    `_ci95`, half the width, or two have its name and `_low` and `_high`; else it is None. Raises
    ReportError for text in these.
    """
    if f"{column}_ci95" in table:
        value, half = numbers(table, column), _found(table, f"{column}_ci95")
        return value - half, value + half
    if f"{column}_low" in table and f"{column}_high" in table:
        return _found(table, f"{column}_low"), _found(table, f"{column}_high")
    return None


def _found(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as numbers, NaN also in rows of files without it."""
    return numbers(table.assign(**{name: table[name].fillna("")}), name)
