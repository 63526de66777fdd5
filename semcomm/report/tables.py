"""Results read back: tables of text whose rows and columns a person chooses."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.files import atomic_writer

SOURCE = "results"
FEW = 12
CHUNK_ROWS = 50_000
MOST_SHOWN = 10_000


class NoRowError(ReportError):
    """No row meets a condition."""


def read_results(paths: Sequence[Path]) -> pd.DataFrame:
    """The rows of tables that `semcomm run` wrote, or of results.csv in folders, in the order
    given.

    Returns each value as its text, missing where its file has no such column. The column `results`
    tells the path that a row was read from, unless a file has a column of that name.
    Raises ReportError, with file and line, for what is no table under one header.
    """
    return pd.concat(read_chunks(paths), ignore_index=True)


def read_chunks(paths: Sequence[Path]) -> Iterator[pd.DataFrame]:
    """The same rows, a part after the other, each with the columns of all, so that any number of
    them can be read.
    """
    tables = [_file_chunks(path) for path in paths]
    firsts = [next(table) for table in tables]
    columns = list(dict.fromkeys(name for first in firsts for name in first))
    for first, others in zip(firsts, tables, strict=True):
        yield from (chunk.reindex(columns=columns) for chunk in chain([first], others))


def select_chunks(
    chunks: Iterable[pd.DataFrame], conditions: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """What `select` leaves of each; only where it leaves nothing of any, the first one's error is
    raised.
    """
    missing, found = None, False
    for chunk in chunks:
        try:
            chosen = select(chunk, conditions)
        except NoRowError as error:
            missing = missing or error
            continue
        found = True
        yield chosen
    if missing and not found:
        raise missing


def select(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """The rows that meet every condition, each KEY=VALUE or KEY=VALUE,VALUE,...

    A value is met by the same text, number or truth value; in text, `*` stands for any characters
    and `?` for one.
    Raises ReportError where a column is in no file, and where no row is left.

    Example: ["codec=vq-*", "channel.crossover=0,1e-3"].
    """
    for condition in conditions:
        key, equals, wanted = condition.partition("=")
        if not equals:
            raise ReportError(f"the condition {shown(condition)} should be KEY=VALUE")
        column = texts(table, key)
        met = [
            text
            for text in column.unique()
            if any(_meets(text, value) for value in wanted.split(","))
        ]
        if not met:
            raise NoRowError(
                f"no row has {shown(condition)}; {key} is {_listed(list(column.unique()))}"
            )
        table = table[column.isin(met)]
    return table


def with_columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns of these names, in this order; all of them for no names. Raises ReportError for
    others.
    """
    return pd.DataFrame({name: texts(table, name) for name in names or table.columns})


def texts(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    """A column as text, empty where its file has none. Raises ReportError where no file has it."""
    if name not in table:
        raise _lacks(table, name)
    return table[name].fillna("")


def numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column of every file as finite numbers, and NaN where it is empty or says nan.

    Raises ReportError for a file without it and for any other text.
    """
    column = texts(table, name)
    lacking = table[table[name].isna()]
    if len(lacking):
        raise _lacks(lacking.dropna(axis="columns", how="all"), name)
    values = column.map(lambda text: number(text or "nan")).astype(float)
    for row in column.index[
        np.isinf(values) | (values.isna() & ~column.str.lower().isin(["", "nan"]))
    ][:1]:
        place = shown(str(table[SOURCE][row]))
        raise ReportError(
            f"{place}: {name} is {shown(column[row])} in a row; it takes finite numbers"
        )
    return np.asarray(values, np.float64)


def number(text: str) -> float | None:
    """The number that a text is, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def few(chunks: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All rows together. Raises ReportError where they are too many to be looked at."""
    found: list[pd.DataFrame] = []
    for chunk in chunks:
        found.append(chunk)
        if sum(map(len, found)) > MOST_SHOWN:
            raise ReportError(
                f"there are over {MOST_SHOWN} rows; write them with -o, or choose with --where "
                "or --by"
            )
    return pd.concat(found, ignore_index=True)


def write_csv(chunks: Iterable[pd.DataFrame], path: Path) -> None:
    """Write chunks of one table as a CSV file, whole or not at all."""
    with atomic_writer(path) as file:
        for number, chunk in enumerate(chunks):
            file.write(chunk.to_csv(index=False, header=number == 0).encode())


def aligned(table: pd.DataFrame) -> str:
    """A table for people: columns below each other, numbers to six digits."""
    brief = table.map(lambda text: shown(_rounded(text))).rename(columns=shown)
    return brief.to_string(index=False)


def shown(text: str) -> str:
    """A stranger's text, such that it steers no terminal and no page."""
    return text if text.isprintable() else ascii(text)


def _file_chunks(path: Path) -> Iterator[pd.DataFrame]:
    chunks = _parquet_chunks(path) if path.suffix == ".parquet" else _csv_chunks(path)
    return (chunk if SOURCE in chunk else chunk.assign(**{SOURCE: str(path)}) for chunk in chunks)


def _parquet_chunks(path: Path) -> Iterator[pd.DataFrame]:
    """Of a data set partitioned by `cell`, or of one file."""
    from pyarrow import ArrowException
    from pyarrow.dataset import dataset

    try:
        for batch in dataset(path, format="parquet", partitioning="hive").to_batches(
            batch_size=CHUNK_ROWS
        ):
            yield (
                batch.to_pandas()
                .astype(object)
                .map(lambda value: "" if value != value else str(value))
                .astype(str)
            )
    except (OSError, ArrowException) as error:
        raise ReportError(f"{path}: this is no Parquet data set: {error}") from error


def _csv_chunks(path: Path) -> Iterator[pd.DataFrame]:
    file = path / "results.csv" if path.is_dir() else path
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = _rows(file, lines)
            header = next(rows)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                yield pd.DataFrame(chunk, columns=header, dtype=str)
    except OSError as error:
        raise ReportError(f"{file}: {error.strerror}; `semcomm run` writes results.csv") from error
    except UnicodeDecodeError as error:
        raise ReportError(f"{file}: this is no text in UTF-8, as results.csv is") from error


def _rows(file: Path, lines: Iterable[str]) -> Iterator[list[str]]:
    """The header and at least one row under it, all of one length."""
    reader, header, last = csv.reader(lines, strict=True), list[str](), list[str]()
    try:
        for row in filter(None, reader):
            header, last = header or _checked(file, row), row
            if len(row) != len(header):
                raise ReportError(
                    f"{file}:{reader.line_num}: {len(row)} values under {len(header)} columns"
                )
            yield row
    except csv.Error as error:
        raise ReportError(f"{file}:{reader.line_num}: {error}") from error
    if not last or last is header:
        raise ReportError(f"{file}: there is no row under a header")


def _checked(file: Path, header: list[str]) -> list[str]:
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ReportError(f"{file}: there are two columns {shown(twice[0])}")
    return header


def _meets(text: str, wanted: str) -> bool:
    if wanted.lower() in ("true", "false"):
        return text.lower() == wanted.lower()
    pattern = wanted.replace("[", "[[]")
    return fnmatchcase(text, pattern) or (
        number(text) is not None and number(text) == number(wanted)
    )


def _rounded(text: str) -> str:
    return text if number(text) is None or text.lstrip("+-").isdigit() else f"{float(text):.6g}"


def _lacks(table: pd.DataFrame, name: str) -> ReportError:
    files, names = (
        ", ".join(map(shown, values)) for values in (table[SOURCE].unique(), table.columns)
    )
    return ReportError(f"{files}: there is no column {shown(name)}; there are {names}")


def _listed(values: Sequence[str]) -> str:
    told = [shown(value) or "empty" for value in values[:FEW]]
    return ", ".join([*told, *(["..."] if len(values) > FEW else [])])
