"""Conditions on the rows of a table of text, KEY=VALUE, as `--where` takes them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pandas as pd

from semcomm.errors import ReportError
from semcomm.nearest import instead
from semcomm.terminal import terminal_safe

SOURCE = "results"
"""The column that names the file of each row."""

RETIRED = {
    "codec": "codec.model",
    "entropy_coder": "codec.entropy_coder",
    "channel": "channel.model",
    "ebn0_db": "channel.ebn0_db",
}
"""Columns of the first release, and what they are called now."""

VALUES_SHOWN = 12


class NoRowError(ReportError):
    """No row meets a condition."""


def select(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """The rows that meet every condition, each KEY=VALUE or KEY=VALUE,VALUE,...

    A cell meets a value that is the same text, number or truth value; in text, `*` stands for any
    characters and `?` for one.

    table: text, with a column `results` that names the source of each row.
    Raises ReportError for a column that does not exist, and NoRowError where no row is left.

    Example: ["codec.model=vq-*", "channel.crossover=0,1e-3"].
    """
    for condition in conditions:
        key, equals, values = condition.partition("=")
        if not equals:
            raise ReportError(f"the condition {terminal_safe(condition)} should be KEY=VALUE")
        column = texts(table, key)
        distinct = list(column.unique())
        matches = [text for text in distinct if any(_matches(text, v) for v in values.split(","))]
        if not matches:
            shown = [terminal_safe(text) or "empty" for text in distinct[:VALUES_SHOWN]]
            more = ["..."] if len(distinct) > VALUES_SHOWN else []
            raise NoRowError(
                f"no row has {terminal_safe(condition)}; {key} is {', '.join(shown + more)}"
            )
        table = table[column.isin(matches)]
    return table


def texts(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    """A column as text, empty where a row's file lacks it. Raises ReportError where all lack it."""
    if name not in table:
        raise missing_column(table, name)
    return table[name].astype(object).fillna("")


def number(text: str) -> float | None:
    """The number that a text is, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def missing_column(table: pd.DataFrame, name: str) -> ReportError:
    """The error for a column that the files of this table lack."""
    files = ", ".join(map(terminal_safe, table[SOURCE].unique()))
    if RETIRED.get(name) in table:
        return ReportError(f"{files}: the column {name} is now called {RETIRED[name]}")
    names = map(terminal_safe, table.columns)
    return ReportError(f"{files}: there is no column {terminal_safe(name)}; {instead(name, names)}")


def _matches(text: str, value: str) -> bool:
    if value.lower() in ("true", "false"):
        return text.lower() == value.lower()
    pattern = value.replace("[", "[[]")
    return fnmatchcase(text, pattern) or (
        number(text) is not None and number(text) == number(value)
    )
