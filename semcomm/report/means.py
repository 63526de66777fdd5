"""Means over the rows of a table that have something in common, each with its 95 % interval."""

from collections.abc import Iterable, Sequence

import pandas as pd

from semcomm.measures.intervals import half_width
from semcomm.report.tables import number, numbers, texts

TRUTH = {"True": "1", "False": "0"}


def means(
    chunks: Iterable[pd.DataFrame], by: Sequence[str], columns: Sequence[str] = ()
) -> pd.DataFrame:
    """A row for each combination of values in the columns `by`, in the order of their first rows.

    chunks: of one table, as text; one is held at a time. Rows are taken as drawn independently.
    columns: whose means are asked for; by default all whose values in the first chunk are numbers
        or truth values.
    Returns `by`, `rows`, and of each of the columns its mean and, as `NAME_ci95`, half the width of
    its interval, both as text, empty where there is none. Raises ReportError for columns that are
    not there, or hold other text.
    """
    totals = pd.DataFrame()
    for chunk in chunks:
        columns = columns or [
            name for name in map(str, chunk) if name not in by and _is_numeric(chunk[name])
        ]
        totals = pd.concat([totals, _totals(chunk, by, columns)]).groupby(level=0, sort=False).sum()
    rows = [
        dict(zip(by, key, strict=True)) | {"rows": str(int(found["rows"]))} | _told(found, columns)
        for key, (_, found) in zip(totals.index, totals.iterrows(), strict=True)
    ]
    return pd.DataFrame(rows, dtype=str)


def _totals(chunk: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Sums over each group: of rows, and of each column's values, their squares and how many are
    numbers.
    """
    parts = {"rows": pd.Series(1.0, chunk.index)}
    for name in columns:
        values = pd.Series(
            numbers(chunk.assign(**{name: texts(chunk, name).replace(TRUTH)}), name), chunk.index
        )
        parts |= {
            f"sum {name}": values,
            f"square {name}": values**2,
            f"count {name}": values.notna().astype(float),
        }
    groups = pd.Series(
        list(zip(*(texts(chunk, name) for name in by), strict=True)), chunk.index, dtype=object
    )
    return pd.DataFrame(parts).groupby(groups, sort=False).sum()


def _told(found: "pd.Series[float]", columns: Sequence[str]) -> dict[str, str]:
    told = {}
    for name in columns:
        count, total = found[f"count {name}"], found[f"sum {name}"]
        told[name] = str(total / count) if count else ""
        told[f"{name}_ci95"] = (
            str(half_width(total, found[f"square {name}"], count)) if count > 1 else ""
        )
    return told


def _is_numeric(column: "pd.Series[str]") -> bool:
    return bool(
        column.fillna("").map(lambda text: text in ("", *TRUTH) or number(text) is not None).all()
    )
