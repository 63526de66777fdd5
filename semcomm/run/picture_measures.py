"""Measures of pictures against others, matched by name, whatever made them."""

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from semcomm.data.folder import ImageFolder
from semcomm.errors import DataError
from semcomm.measures import MEASURES
from semcomm.measures.totals import Columns, Totals
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image
from semcomm.run.cached_system import measure
from semcomm.run.columns import measure_columns, measure_summary, sample_columns

MEASURED = {
    name: item for name, item in MEASURES.items() if item.modality == "rgb8" and not item.labelled
}
"""All measures of images but those that take labels, which pictures in folders do not have."""


@dataclass(frozen=True)
class PictureMeasures:
    """What pictures measure.

    rows: a picture each: image, height, width and the measures, NaN where one is undefined.
    summary: as in results.csv; what is undefined is left out.
    """

    rows: pd.DataFrame
    summary: dict[str, Any]


def measure_pictures(sent: Path, received: Path) -> PictureMeasures:
    """Measure the pictures of a folder against those of another, or one file against another.

    Pictures of folders are matched by their paths inside, without the extension.
    Raises DataError with all pictures that have no other, differ in size or cannot be read.
    """
    ours, theirs = ImageFolder(sent), ImageFolder(received)
    rows: list[dict[str, Any]] = []
    parts: list[Totals] = []
    mistakes: list[str] = []
    steps = {name: item.step for name, item in MEASURED.items() if item.percentiles}
    names = ours.names()
    for first, second in _pairs(ours, theirs):
        try:
            columns = _columns(names[first], ours[first], theirs[second])
        except DataError as error:
            alone = error.__cause__  # where a folder's error lists all of its broken pictures
            mistakes.append(str(alone if isinstance(alone, DataError) else error))
            continue
        parts.append(Totals.of(columns, {}, steps))
        rows.append({name: values[0] for name, values in columns.items() if " " not in name})
    if mistakes:
        raise DataError("\n".join(mistakes))
    summary = measure_summary(sum(parts[1:], start=parts[0]), MEASURED)
    defined = {name: value for name, value in summary.items() if value == value}
    return PictureMeasures(pd.DataFrame(rows), {"images": len(rows), **defined})


def _columns(name: str, sent: Image, received: Image) -> Columns:
    if sent.shape != received.shape:
        (height, width), (rows, columns) = size_of(sent), size_of(received)
        raise DataError(
            f"{name} is sent as {width} x {height} pixels, received as {columns} x {rows}; they "
            "must agree"
        )
    values = measure(MEASURED, [sent], [received], None)
    return {**sample_columns([name], [sent]), **measure_columns(MEASURED, values, [sent])}


def _pairs(sent: ImageFolder, received: ImageFolder) -> list[tuple[int, int]]:
    """The numbers of the pictures that belong together, in the order of those sent."""
    if sent.is_file and received.is_file:
        return [(0, 0)]
    ours, theirs = _numbers(sent), _numbers(received)
    alone = [
        f"{name} has no picture of its name in {there.images}"
        for names, others, there in ((ours, theirs, received), (theirs, ours, sent))
        for name in names
        if name not in others
    ]
    if alone:
        raise DataError("\n".join(alone))
    return [(number, theirs[name]) for name, number in ours.items()]


def _numbers(folder: ImageFolder) -> dict[str, int]:
    """The number of each picture by its path without the extension."""
    names = folder.names()
    stems = [PurePath(name).with_suffix("").as_posix() for name in names]
    numbers = {stem: number for number, stem in enumerate(stems)}
    if len(numbers) < len(names):
        twice = [name for name, stem in zip(names, stems, strict=True) if stems.count(stem) > 1]
        raise DataError(
            f"{folder.images}: names without their extensions are the same for {', '.join(twice)}; "
            "pictures are matched by these"
        )
    return numbers
