"""Tables of results: read as text, reduced to the columns a person names, and written again."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.files import atomic_writer
from semcomm.run.conditions import SOURCE, NoRowError, missing_column, number, select, texts
from semcomm.terminal import terminal_safe

CHUNK_ROWS = 50_000
MAX_ROWS_SHOWN = 10_000


def read_results(paths: Sequence[Path]) -> pd.DataFrame:
    """The rows of tables that `semcomm run` wrote, or of results.csv in folders, in the order
    given.

    Returns each value as text, missing where its file has no such column. The column `results` is
    the path that a row was read from, unless a file has a column of that name.
    Raises ReportError, with file and line, for a file that is not a table under one header.
    """
    return pd.concat(read_chunks(paths), ignore_index=True)


def read_chunks(paths: Sequence[Path], chunk_rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
    """The same rows in parts, each with the columns of all files, so that a table may be larger
    than memory.

    chunk_rows: of a part, at most.
    """
    tables = [_file_chunks(path, chunk_rows) for path in paths]
    firsts = [next(table) for table in tables]
    columns = list(dict.fromkeys(name for first in firsts for name in first))
    for first, others in zip(firsts, tables, strict=True):
        yield from (chunk.reindex(columns=columns) for chunk in chain([first], others))


def select_chunks(
    chunks: Iterable[pd.DataFrame], conditions: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """`select` applied to each chunk. Raises its error only where no chunk has a row left."""
    first_error, any_rows = None, False
    for chunk in chunks:
        try:
            selected = select(chunk, conditions)
        except NoRowError as error:
            first_error = first_error or error
            continue
        any_rows = True
        yield selected
    if first_error and not any_rows:
        raise first_error


def with_columns(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The named columns in this order, or all columns for no names.

    Raises ReportError for a column that does not exist.
    """
    return pd.DataFrame({name: texts(table, name) for name in names or table.columns})


def numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column as finite numbers, NaN where it is empty or holds nan.

    Raises ReportError for a file without the column and for any other text.
    """
    column = texts(table, name)
    without = table[table[name].isna()]
    if len(without):
        raise missing_column(without.dropna(axis="columns", how="all"), name)
    return _parse(table, column, name)


def optional_numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """The same, and NaN in the rows of files without the column, of which all may lack it."""
    if name not in table:
        return np.full(len(table), np.nan)
    return _parse(table, texts(table, name), name)


def concat_rows(chunks: Iterable[pd.DataFrame], max_rows: int = MAX_ROWS_SHOWN) -> pd.DataFrame:
    """All rows in one table. Raises ReportError where they are too many for people to read."""
    parts: list[pd.DataFrame] = []
    for chunk in chunks:
        parts.append(chunk)
        if sum(map(len, parts)) > max_rows:
            raise ReportError(
                f"there are over {max_rows} rows; write them with -o, or choose with --where "
                "or --by"
            )
    return pd.concat(parts, ignore_index=True)


def write_csv(chunks: Iterable[pd.DataFrame], path: Path) -> None:
    """Write the chunks of one table as a CSV file, whole or not at all."""
    with atomic_writer(path) as file:
        for position, chunk in enumerate(chunks):
            file.write(chunk.to_csv(index=False, header=position == 0).encode())


def format_table(table: pd.DataFrame) -> str:
    """A table for people: aligned columns, numbers rounded to six digits."""

    def brief(text: str) -> str:
        is_fraction = number(text) is not None and not text.lstrip("+-").isdigit()
        return f"{float(text):.6g}" if is_fraction else terminal_safe(text)

    return table.map(brief).rename(columns=terminal_safe).to_string(index=False)


def _parse(table: pd.DataFrame, column: "pd.Series[str]", name: str) -> NDArray[np.float64]:
    values = column.map(lambda text: number(text or "nan")).astype(float)
    wrong = np.isinf(values) | (values.isna() & ~column.str.lower().isin(["", "nan"]))
    for row in column.index[wrong][:1]:
        place, text = terminal_safe(str(table[SOURCE][row])), terminal_safe(column[row])
        raise ReportError(f"{place}: {name} is {text} in a row; it takes finite numbers")
    return np.asarray(values, np.float64)


def _file_chunks(path: Path, chunk_rows: int) -> Iterator[pd.DataFrame]:
    read = _parquet_chunks if path.suffix == ".parquet" else _csv_chunks
    for chunk in read(path, chunk_rows):
        yield chunk if SOURCE in chunk else chunk.assign(**{SOURCE: str(path)})


def _parquet_chunks(path: Path, chunk_rows: int) -> Iterator[pd.DataFrame]:
    """Of a data set partitioned by `cell`, or of one file."""
    from pyarrow import ArrowException
    from pyarrow.dataset import dataset

    try:
        source = dataset(path, format="parquet", partitioning="hive")
        for batch in source.to_batches(batch_size=chunk_rows):
            values = batch.to_pandas().astype(object)
            yield values.map(lambda value: "" if value != value else str(value)).astype(str)
    except (OSError, ArrowException) as error:
        raise ReportError(f"{path}: this is not a Parquet data set: {error}") from error


def _csv_chunks(path: Path, chunk_rows: int) -> Iterator[pd.DataFrame]:
    file = path / "results.csv" if path.is_dir() else path
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = _csv_rows(file, lines)
            header = next(rows)
            while chunk := list(islice(rows, chunk_rows)):
                yield pd.DataFrame(chunk, columns=header, dtype=str)
    except OSError as error:
        raise ReportError(f"{file}: {error.strerror}; `semcomm run` writes results.csv") from error
    except UnicodeDecodeError as error:
        raise ReportError(f"{file}: this is not text in UTF-8, as results.csv is") from error


def _csv_rows(file: Path, lines: Iterable[str]) -> Iterator[list[str]]:
    """The header and at least one row under it, all of one length."""
    reader, header, last = csv.reader(lines, strict=True), list[str](), list[str]()
    try:
        for row in filter(None, reader):
            if not header:
                header = row
                if duplicates := [name for name in header if header.count(name) > 1]:
                    raise ReportError(f"{file}: two columns are {terminal_safe(duplicates[0])}")
            last = row
            if len(row) != len(header):
                raise ReportError(
                    f"{file}:{reader.line_num}: {len(row)} values under {len(header)} columns"
                )
            yield row
    except csv.Error as error:
        raise ReportError(f"{file}:{reader.line_num}: {error}") from error
    if not last or last is header:
        raise ReportError(f"{file}: there is no row under a header")
