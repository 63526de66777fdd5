"""A table with one column for each value of a swept field, as of codecs over crossovers."""

from collections.abc import Sequence

import pandas as pd

from semcomm.errors import ReportError
from semcomm.run.conditions import texts


def spread(table: pd.DataFrame, names: Sequence[str], field: str) -> pd.DataFrame:
    """The last of the named columns, spread over one column for each value of `field`; a row for
    each combination of values in the other named columns. Rows and columns have the order of their
    first values, and where there is no row, a cell is empty.

    Raises ReportError for columns that do not exist, and where two rows share a cell.
    """
    *keys, value = names
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for *row, column, cell in zip(
        *(texts(table, name) for name in (*keys, field, value)), strict=True
    ):
        cells = rows.setdefault(tuple(row), {})
        if column in cells:
            place = zip((*keys, field), (*row, column), strict=True)
            shared = ", ".join(f"{name} {text}" for name, text in place)
            raise ReportError(
                f"two rows have {shared}; --columns takes what tells them apart, and --where or "
                "--best leaves one"
            )
        cells[column] = cell
    columns = dict.fromkeys(texts(table, field))
    return pd.DataFrame(
        [[*row, *(cells.get(column, "") for column in columns)] for row, cells in rows.items()],
        columns=[*keys, *(f"{field} {column}" for column in columns)],
    )
