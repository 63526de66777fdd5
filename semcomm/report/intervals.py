"""The 95 % intervals that results.csv holds beside its columns."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.report.results import optional_numbers

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


def interval(table: pd.DataFrame, column: str) -> Ends | None:
    """The lower and the upper end of the interval of each row's value in a column.

    table: as `read_results` returns it. A column has an interval where another one is named after
        it with `_ci95`, half the width, or two are, with `_low` and `_high`.
    Returns two (n,) arrays, NaN in rows without an interval, or None for a column without one.
    Raises ReportError for text in these columns.
    """
    if f"{column}_ci95" in table:
        value, half = (optional_numbers(table, name) for name in (column, f"{column}_ci95"))
        return value - half, value + half
    if f"{column}_low" in table and f"{column}_high" in table:
        return optional_numbers(table, f"{column}_low"), optional_numbers(table, f"{column}_high")
    return None
