"""Tables with a row per image, of any number of images, and the first ones' pictures."""

import shutil
from collections.abc import Iterable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from semcomm.choices import TableFormat
from semcomm.files import atomic_writer
from semcomm.measures.totals import Columns
from semcomm.run.block import Block, per_image_table
from semcomm.run.contact_sheet import contact_sheet
from semcomm.run.report_samples import FirstSamples

CSV_ROWS = 1_000_000
"""More than these go to Parquet, unless CSV is asked for."""

BLOCKS_AT_ONCE = 256
"""What a file of a Parquet data set holds: 65,536 rows, unless blocks are short."""


def write_per_image(
    cells: Sequence[Iterable[Block]],
    numbered: bool,
    images: int,
    folder: Path,
    form: TableFormat | None = None,
    max_csv_rows: int = CSV_ROWS,
    blocks_per_file: int = BLOCKS_AT_ONCE,
) -> Path:
    """Write per_image.csv, or the folder per_image.parquet, a row per image; returns its path.

    cells: the blocks of each, of which one is held at a time, or those of one file.
    numbered: there is a column `cell` that says which row of results.csv, from 0 on, is meant.
    form: by default CSV up to `max_csv_rows` images, one row each.
    blocks_per_file: of a Parquet data set.
    """
    form = form or ("csv" if images <= max_csv_rows else "parquet")
    csv, parquet = folder / "per_image.csv", folder / "per_image.parquet"
    shutil.rmtree(parquet, ignore_errors=True)
    if form == "parquet":
        csv.unlink(missing_ok=True)
        _write_parquet(cells, parquet, blocks_per_file)
        return parquet
    names = column_names(cells)
    head = [*names, "cell"] if numbered else names
    with atomic_writer(csv) as file:
        file.write((",".join(head) + "\n").encode())
        for cell, blocks in enumerate(cells):
            for block in blocks:
                images = len(block.columns["image"])
                columns = {name: block.columns.get(name, [""] * images) for name in names}
                if numbered:
                    columns["cell"] = np.full(images, cell)
                file.write(csv_rows(columns).encode())
    return csv


def column_names(cells: Sequence[Iterable[Block]]) -> list[str]:
    """The columns that any of the cells has, without those that are only added up."""
    firsts = (next(iter(blocks)) for blocks in cells)
    names = dict.fromkeys(name for block in firsts for name in block.columns)
    return [name for name in names if " " not in name]


def csv_rows(columns: Columns) -> str:
    """The rows of a table as pandas writes them, but faster.

    columns: arrays of numbers or truth values, and lists of text.
    """
    return "".join(f"{','.join(row)}\n" for row in zip(*map(_cells, columns.values()), strict=True))


def _cells(column: list[str] | NDArray[Any]) -> list[str]:
    if isinstance(column, list):
        return [_quoted(text) for text in column]
    texts = [repr(value) for value in column.tolist()]
    return ["" if text == "nan" else text for text in texts] if column.dtype.kind == "f" else texts


def _quoted(text: str) -> str:
    special = any(mark in text for mark in ',"\n\r')
    return '"' + text.replace('"', '""') + '"' if special else text


def write_pictures(first: FirstSamples, folder: Path) -> Path:
    """Write pictures.png, the first images as sent above as received; returns its path."""
    pictures = list(zip(first.sent, first.received, strict=True))
    path = folder / "pictures.png"
    with atomic_writer(path) as file:
        PIL.Image.fromarray(contact_sheet(pictures)).save(file, format="PNG")
    return path


def _write_parquet(cells: Sequence[Iterable[Block]], folder: Path, blocks_per_file: int) -> None:
    """A data set in folders cell=0, cell=1, ..., which appears whole or not at all."""
    unfinished, names = folder.with_name(f".{folder.name}"), column_names(cells)
    shutil.rmtree(unfinished, ignore_errors=True)
    for cell, blocks in enumerate(cells):
        part = unfinished / f"cell={cell}"
        part.mkdir(parents=True)
        left = iter(blocks)
        for number in count():
            several = list(islice(left, blocks_per_file))
            if not several:
                break
            table = per_image_table(several).reindex(columns=names)
            table.to_parquet(part / f"{number:06d}.parquet", index=False)
    unfinished.rename(folder)
