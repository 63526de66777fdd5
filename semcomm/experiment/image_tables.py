"""Tables with a row an image, of any number of images, and the first ones' pictures."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Literal

import pandas as pd
import PIL.Image

from semcomm.experiment.block import Block
from semcomm.experiment.first_images import FirstImages
from semcomm.files import atomic_writer
from semcomm.report.pictures import contact_sheet

Form = Literal["csv", "parquet"]

CSV_ROWS = 1_000_000
"""More than these go to Parquet, unless CSV is asked for."""

PART_BLOCKS = 256
"""Of a file of a Parquet data set: 65,536 rows, unless blocks are short."""


def write_records(
    cells: Sequence[Iterable[Block]], numbered: bool, images: int, folder: Path, form: Form | None = None
) -> Path:
    """Write per_image.csv, or the folder per_image.parquet, a row an image; returns its path.

    cells: the blocks of each, of which one is held at a time, or those of one file.
    numbered: there is a column `cell` that says which row of results.csv, from 0 on, is meant.
    form: by default CSV up to a million images.
    """
    form = form or ("csv" if images <= CSV_ROWS else "parquet")
    csv, parquet = folder / "per_image.csv", folder / "per_image.parquet"
    shutil.rmtree(parquet, ignore_errors=True)
    if form == "parquet":
        csv.unlink(missing_ok=True)
        _write_parquet(cells, parquet)
        return parquet
    with atomic_writer(csv) as file:
        for number, records in enumerate(_all_records(cells, numbered)):
            file.write(records.to_csv(index=False, header=number == 0).encode())
    return csv


def write_pictures(first: FirstImages, folder: Path) -> Path:
    """Write pictures.png, the first images as sent above as received; returns its path."""
    pictures = list(zip(first.sent, first.received, strict=True))
    path = folder / "pictures.png"
    with atomic_writer(path) as file:
        PIL.Image.fromarray(contact_sheet(pictures)).save(file, format="PNG")
    return path


def _all_records(cells: Sequence[Iterable[Block]], numbered: bool) -> Iterator[pd.DataFrame]:
    for cell, blocks in enumerate(cells):
        for block in blocks:
            yield block.records.assign(cell=cell) if numbered else block.records


def _write_parquet(cells: Sequence[Iterable[Block]], folder: Path) -> None:
    """A data set in folders cell=0, cell=1, ..., which appears whole or not at all."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    for cell, blocks in enumerate(cells):
        part = unfinished / f"cell={cell}"
        part.mkdir(parents=True)
        records = (block.records for block in blocks)
        for number in count():
            few = list(islice(records, PART_BLOCKS))
            if not few:
                break
            pd.concat(few, ignore_index=True).to_parquet(part / f"{number:06d}.parquet", index=False)
    unfinished.rename(folder)
