"""The table of ingredients: what each part of a codec adds, one change at a time, at equal bits."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width, welch
from semcomm.report.curves import Curve
from semcomm.report.paired import MEAN_MSE, Point, points_of
from semcomm.report.seeds import moved
from semcomm.run.conditions import NoRowError

RATE = "bits_per_image"


class Row(NamedTuple):
    """An ingredient.

    scenario, codec: the rows of the results; codec is a pattern.
    before: the ingredient that this one is added to, "" for none.
    along: the system along whose curve `before` is moved to the bits of this one.
    """

    ingredient: str
    scenario: str
    before: str = ""
    along: str = ""
    codec: str = "*"


LEVEL = "ecvq-levels@3"
ROWS = (
    Row("vq, fixed length", "baseline-vq-seeds-fixed"),
    Row("Huffman coding", "baseline-vq-seeds", "vq, fixed length", "baseline-vq"),
    Row("criterion (3)", "baseline-ecvq-seeds", "Huffman coding", "baseline-vq"),
    Row("128 epochs", "baseline-ecvq", "criterion (3)", "baseline-ecvq", "ecvq-n128-nu16"),
    Row("Muon, learning rates, K = 512", "better-ecvq-one-block", "criterion (3)", "baseline-ecvq"),
    Row("four blocks", "better-ecvq-seeds", "Muon, learning rates, K = 512", "better-ecvq"),
    Row("levels, 64 epochs", "levels", "four blocks", "better-ecvq", LEVEL),
    Row("context coding", "levels-context", "levels, 64 epochs", "levels", LEVEL),
    Row("refinement", "level-refined", "context coding", "levels-context"),
    Row("budget of 512 bits", "level-refined-budget", "refinement", "levels-context"),
)
"""One change at a time. Each row is compared with the one named `before`."""


def orders(recipe: str) -> tuple[Row, ...]:
    """Quantizer and context coder in both orders."""
    vq, ecvq = f"{recipe}-vq", f"{recipe}-ecvq"
    plain, context = f"{recipe}: vq, Huffman", f"{recipe}: vq, context coding"
    criterion = f"{recipe}: criterion (3)"
    return (
        Row(plain, f"{vq}-seeds"),
        Row(context, f"{vq}-seeds-context", plain, vq),
        Row(f"{recipe}: criterion (3) after context", f"{ecvq}-seeds-context", context, vq),
        Row(criterion, f"{ecvq}-seeds", plain, vq),
        Row(f"{recipe}: context after criterion (3)", f"{ecvq}-seeds-context", criterion, ecvq),
    )


ORDERS = (*orders("baseline"), *orders("better"))

QUALITIES = ("psnr_db", MEAN_MSE)
HEADING = (
    "ingredient",
    "trainings",
    "bits per image",
    "PSNR",
    "PSNR of mean MSE",
    "added to",
    "gain at equal bits",
    "by PSNR of mean MSE",
)


def table(folder: Path, rows: Sequence[Row]) -> Iterator[list[str]]:
    """The heading, and those of the rows whose codecs are in the run's results."""
    yield list(HEADING)
    for row in rows:
        points = [points_in(folder, row.scenario, row.codec, quality) for quality in QUALITIES]
        if not points[0]:
            continue
        gains = [gain_of(folder, row, quality) for quality in QUALITIES]
        bits = np.mean([point.rate for point in points[0]])
        qualities = [f"{mean_of(each)} ± {half_of(spread_of(each)):.3f} dB" for each in points]
        yield [row.ingredient, str(len(points[0])), f"{bits:.2f}", *qualities, row.before, *gains]


@cache
def points_in(folder: Path, scenario: str, codec: str, quality: str) -> list[Point]:
    """By rising rate; none where the results have none."""
    conditions = [f"scenario={scenario}", f"codec.model={codec}*"]
    try:
        return sorted(points_of(folder, conditions, RATE, quality), key=Point.place)
    except NoRowError:
        return []


def gain_of(folder: Path, row: Row, quality: str) -> str:
    """How far the row is above the one before it; "" where that is not measured, or where the curve
    has no codecs on either side.
    """
    rows = {other.ingredient: other for other in (*ROWS, *ORDERS)}
    if not row.before:
        return ""
    base = rows[row.before]
    before, after, along = (
        points_in(folder, scenario, codec, quality)
        for scenario, codec in (
            (base.scenario, base.codec),
            (row.scenario, row.codec),
            (row.along, "*"),
        )
    )
    try:
        return difference(*gain(before, after, along)) if before and along else ""
    except ReportError:
        return ""


def difference(value: float, half: float) -> str:
    return with_minus(f"{value:+.3f} ± {half:.3f} dB")


def with_minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def gain(
    before: Sequence[Point], after: Sequence[Point], along: Sequence[Point]
) -> tuple[float, float]:
    """The difference of the means at the mean rate of `after`, to which both are moved, and half
    the width of its 95 % interval.

    The interval is over the trainings where a side has several, and paired over images otherwise.
    """
    rate = float(np.mean([point.rate for point in after]))
    ours, theirs = (moved(curve(points), curve(along), rate) for points in (before, after))
    value = float(theirs.mean() - ours.mean())
    if min(ours.size, theirs.size) > 1:
        return value, welch(ours, theirs)
    if max(ours.size, theirs.size) > 1:
        return value, half_of(max(ours, theirs, key=len))
    return value, half_of(np.asarray(after[0].parts - before[0].parts, np.float64))


def curve(points: Sequence[Point]) -> Curve:
    rates, qualities = np.array([point.place() for point in points]).T
    return Curve("", rates, qualities)


def mean_of(points: Sequence[Point]) -> str:
    return f"{np.mean([point.quality for point in points]):.3f}"


def spread_of(points: Sequence[Point]) -> NDArray[np.float64]:
    """What the interval is over: trainings, or the images of the only one."""
    if len(points) == 1:
        return np.asarray(points[0].parts, np.float64)
    return np.array([point.quality for point in points])


def half_of(values: NDArray[np.float64]) -> float:
    return half_width(float(values.sum()), float((values**2).sum()), values.size)
