"""Means over the rows of a table that have values in common, each with its 95 % interval."""

from collections.abc import Iterable, Sequence

import pandas as pd
from pandas.util import hash_pandas_object

from semcomm.measures.intervals import half_width
from semcomm.report.results import numbers
from semcomm.run.conditions import SOURCE, number, texts

IMAGE = "image"
"""The column that tables with a row per image have."""

TRUTH = {"True": "1", "False": "0"}


def means(
    chunks: Iterable[pd.DataFrame], by: Sequence[str], columns: Sequence[str] = ()
) -> pd.DataFrame:
    """A row for each combination of values in the columns `by`, in the order of their first rows.

    chunks: of one table, as text; one is in memory at a time. Rows count as independent draws, but
        rows of results that are equal in all columns, such as those of equal seeds, count once.
    columns: to average; by default all whose values in the first chunk are numbers or truth
        values.
    Returns `by`, `rows`, and for each of the columns its mean and, as `NAME_ci95`, half the width
    of its interval, both as text, empty where undefined. Raises ReportError for columns that do
    not exist or hold other text.
    """
    totals, counted = pd.DataFrame(), set[int]()
    for chunk in chunks:
        if IMAGE not in chunk:  # else images that come again have rows of their own
            chunk = _new_rows(chunk, counted)
        columns = columns or [
            name for name in map(str, chunk) if name not in by and _is_numeric(chunk[name])
        ]
        sums = _group_sums(chunk, by, columns)
        totals = pd.concat([totals, sums]).groupby(level=0, sort=False).sum()
    rows = []
    for key, (_, group) in zip(totals.index, totals.iterrows(), strict=True):
        shared = dict(zip(by, key, strict=True)) | {"rows": str(int(group["rows"]))}
        rows.append(shared | _mean_cells(group, columns))
    return pd.DataFrame(rows, dtype=str)


def _new_rows(chunk: pd.DataFrame, counted: set[int]) -> pd.DataFrame:
    """The rows that did not come before, wherever they were read from; `counted` has all since."""
    content = chunk.drop(columns=SOURCE, errors="ignore")
    if content.empty:
        return chunk
    keys = hash_pandas_object(content.fillna(""), index=False)
    chunk = chunk[~(keys.isin(counted) | keys.duplicated())]
    counted.update(keys)
    return chunk


def _group_sums(chunk: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """For each group: the number of rows, and for each column the sum of its values, the sum of
    their squares and their count.
    """
    parts = {"rows": pd.Series(1.0, chunk.index)}
    for name in columns:
        as_numbers = chunk.assign(**{name: texts(chunk, name).replace(TRUTH)})
        values = pd.Series(numbers(as_numbers, name), chunk.index)
        parts |= {
            f"sum {name}": values,
            f"square {name}": values**2,
            f"count {name}": values.notna().astype(float),
        }
    keys = list(zip(*(texts(chunk, name) for name in by), strict=True))
    return pd.DataFrame(parts).groupby(pd.Series(keys, chunk.index, dtype=object), sort=False).sum()


def _mean_cells(sums: "pd.Series[float]", columns: Sequence[str]) -> dict[str, str]:
    """The mean and half the interval of each column, from the sums of one group."""
    cells = {}
    for name in columns:
        count, total = sums[f"count {name}"], sums[f"sum {name}"]
        cells[name] = str(total / count) if count else ""
        cells[f"{name}_ci95"] = (
            str(half_width(total, sums[f"square {name}"], count)) if count > 1 else ""
        )
    return cells


def _is_numeric(column: "pd.Series[str]") -> bool:
    texts_of = column.fillna("")
    return bool(texts_of.map(lambda t: t in ("", *TRUTH) or number(t) is not None).all())
