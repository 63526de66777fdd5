"""Write the tables of the reference experiment's page, and of it in README.md, from its runs.

python tools/reference_tables.py RESULTS docs/results

RESULTS holds the folders `reference-awgn`, `reference-mismatch`, `reference-fading`, `known-gain`,
`reference-mean`, `block-sizes`, `block-sizes-mse` and `reference-gaps` of the page's commands;
tables of those that are not there are left alone, and all tables where a run is not done. Of rows
that differ in modulation and code rate alone, a table has the one with the highest mean of PSNRs.
"""

import csv
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from semcomm.errors import SemcommError
from semcomm.report.paired import MEAN_MSE, Point, differences
from semcomm.report.per_image import CELL, IMAGE, mean_mse_terms, read_per_image

ESN0_DB = (0, 4, 7, 10, 13, 16, 19)
USES = "channel_uses_per_image"
QUALITIES = {"psnr_db": "PSNR", MEAN_MSE: "PSNR of the mean MSE", "accuracy": "accuracy"}
ADAPTED = "adapted to"
MODULATIONS: dict[Any, int] = {
    ("qpsk", "679/1024"): 4,
    ("64qam", "466/1024"): 10,
    ("64qam", "772/1024"): 16,
}
"""The Es/N0 in dB at which `link.modulation: adaptive` has these modulations and code rates."""

PUBLISHED = {"deepjscc-12-4db": 24.4, "deepjscc-12-10db": 27.1, "deepjscc-12-16db": 29.25}
"""PSNR in dB, the highest over Es/N0 of training, read off a copy of the authors' figure."""

SUMMARY_ESN0_DB = 4, 10, 16
SUMMARY = {
    "ecvq-context": "`ecvq-16-levels`, context coding",
    "ecvq-refined": "the same, refined, the first 1,024 images",
    "analogue-256": "`analogue-256`",
}

Row = Mapping[str, Any]
Pair = tuple[int, str, str]
"""Channel uses, test and anchor, of which the last two are regular expressions of systems."""


@dataclass(frozen=True, eq=False)
class Run:
    """A folder of results."""

    folder: Path

    @cached_property
    def rows(self) -> list[Row]:
        """Of results.csv, each with its number, and the Es/N0 that its system is adapted to."""
        table = pd.read_csv(self.folder / "results.csv", low_memory=False)
        records: list[Any] = table.to_dict("records")
        return [
            {**row, CELL: number, ADAPTED: adapted_to(row)} for number, row in enumerate(records)
        ]

    @cached_property
    def images(self) -> Any:
        """Qualities by image, of the mean MSE its terms, grouped by row."""
        names = {CELL, IMAGE, "psnr_db", "mse", "height", "width", "accuracy"}
        table = read_per_image(self.folder, names).set_index(IMAGE)
        return table.assign(**{MEAN_MSE: mean_mse_terms(table)}).groupby(CELL)

    def of(self, system: str, uses: int, adapted: int | None = None) -> list[Row]:
        """The rows of systems, a regular expression, of so many channel uses per image."""
        return [
            row
            for row in self.rows
            if re.fullmatch(system, row["scenario"])
            and abs(row[USES] - uses) < 0.5
            and adapted in (None, row[ADAPTED])
        ]

    def point(self, row: Row, quality: str) -> Point:
        images = self.images.get_group(row[CELL])
        values = images[quality]
        uses = round(float(row[USES]), 3)
        return Point(uses, values, pd.Series(uses, values.index), quality == MEAN_MSE)


def adapted_to(row: Row) -> int | None:
    """The Es/N0 in dB that a row's system is adapted to, None for the channel's."""
    if trained := re.fullmatch(r"deepjscc-.*-(\d+)db", row["scenario"]):
        return int(trained[1])
    if believed := re.fullmatch(r"(\d+)(\.0)?", str(row.get("codec.esn0_db"))):
        return int(believed[1])
    return MODULATIONS.get((row.get("link.modulation"), row.get("link.code.rate")))


def best(rows: Iterable[Row], esn0_db: float) -> Row | None:
    """The row with the highest mean of PSNRs at this Es/N0."""
    there = [row for row in rows if row["channel.esn0_db"] == esn0_db]
    return max(there, key=lambda row: row["psnr_db"], default=None)


def line(rows: Iterable[Row], cell: Callable[[Row], str]) -> list[str]:
    """A cell for each Es/N0, empty where there is no row."""
    chosen = [best(rows, esn0_db) for esn0_db in ESN0_DB]
    return ["" if row is None else cell(row) for row in chosen]


def psnrs(row: Row) -> str:
    return f"{row['psnr_db']:.2f} / {row[MEAN_MSE]:.2f}"


def accuracy(row: Row) -> str:
    return f"{100 * row['accuracy']:.1f} %"


def psnrs_and_uses(row: Row) -> str:
    return f"{psnrs(row)} ({row[USES]:.0f})"


def systems(run: Run, uses: int) -> list[str]:
    """The names of those that have rows, in the order of the run."""
    return list(dict.fromkeys(row["scenario"] for row in run.of(".*", uses)))


def awgn(run: Run, uses: int, cell: Callable[[Row], str]) -> Iterator[list[str]]:
    yield heading("system")
    for system in systems(run, uses):
        yield [f"`{system}`", *line(run.of(re.escape(system), uses), cell)]


def summary(run: Run) -> Iterator[list[str]]:
    """The table of README.md."""
    yield ["system", *(f"{esn0_db} dB" for esn0_db in SUMMARY_ESN0_DB)]
    for system, label in SUMMARY.items():
        cells = dict(zip(ESN0_DB, line(run.of(system, 256), psnrs), strict=True))
        yield [label, *(cells[esn0_db] for esn0_db in SUMMARY_ESN0_DB)]


def published(run: Run) -> Iterator[list[str]]:
    """The codecs of the published DeepJSCC, each at the Es/N0 that it was trained at."""
    yield ["codec", "channel uses", "Es/N0", "mean of PSNRs", "PSNR of the mean MSE", "published"]
    for row in run.rows:
        name, own = row["scenario"], row[ADAPTED]
        if name.startswith("deepjscc") and row["channel.esn0_db"] == own:
            qualities = [f"{row[quality]:.2f} dB" for quality in ("psnr_db", MEAN_MSE)]
            theirs = f"{PUBLISHED[name]} dB" if name in PUBLISHED else ""
            yield [f"`{name}`", f"{row[USES]:.0f}", f"{own} dB", *qualities, theirs]


def mismatch(run: Run, uses: int) -> Iterator[list[str]]:
    yield heading(ADAPTED, "system")
    for adapted in MODULATIONS.values():
        for system in systems(run, uses):
            rows = run.of(re.escape(system), uses, adapted=adapted)
            if rows:
                yield [f"{adapted} dB", f"`{system}`", *line(rows, psnrs)]


def fading(run: Run, known: Run, uses: int) -> Iterator[list[str]]:
    yield heading("system")
    for system in systems(run, uses):
        if system != "ecvq-harq":
            yield [f"`{system}`", *line(run.of(re.escape(system), uses), psnrs)]
    yield ["`ecvq-rates-known-gain`", *line(known.of(".*", uses), psnrs)]
    harq = [row for row in run.rows if row["scenario"] == "ecvq-harq" and row[USES] <= uses]
    yield ["`ecvq-harq`", *line(harq, psnrs_and_uses)]


def margins(
    run: Run, pairs: Iterable[Pair], of: Run | None = None, adapted: int | None = None
) -> Iterator[list[str]]:
    """Differences paired by image.

    of: the run that has the tests, by default the same.
    """
    test_run = of or run
    yield heading("channel uses", "difference")
    for uses, test, anchor in pairs:
        ours, theirs = test_run.of(test, uses, adapted), run.of(anchor, uses, adapted)
        if ours and theirs:
            for quality, name in QUALITIES.items():
                label = f"`{test}` over `{anchor}`, {name}".replace(".*", "*")
                yield [str(uses), label, *margin_line(test_run, ours, run, theirs, quality)]


def margin_line(
    test_run: Run,
    ours: list[Row],
    anchor_run: Run,
    theirs: list[Row],
    quality: str,
    along: bool = False,
) -> Iterator[str]:
    """A difference for each Es/N0, empty where only one side has a row.

    along: from the line through all rows of the other side there, not from the best of them.
    """
    for esn0_db in ESN0_DB:
        test, anchor = best(ours, esn0_db), best(theirs, esn0_db)
        if test is None or anchor is None:
            yield ""
        else:
            rows = [row for row in theirs if row["channel.esn0_db"] == esn0_db]
            anchors = [anchor_run.point(row, quality) for row in (rows if along else [anchor])]
            yield margin(test_run.point(test, quality), anchors, quality)


def equal_means(run: Run, others: Sequence[Run]) -> Iterator[list[str]]:
    """Blocks of one size over systems of other runs that choose it by image, at equal means."""
    yield heading("channel uses", "difference")
    for uses, fixed in FIXED:
        for other in others:
            for system, quality in CHOSEN_BY_IMAGE:
                if rows := [row for row in other.rows if re.fullmatch(system, row["scenario"])]:
                    label = f"`{fixed}` over `{system}`, {QUALITIES[quality]}".replace(".*", "*")
                    tests = run.of(fixed, uses)
                    yield [str(uses), label, *margin_line(run, tests, other, rows, quality, True)]


def margin(test: Point, anchors: Sequence[Point], quality: str) -> str:
    """In dB, and of accuracy in percentage points."""
    row = differences(anchors, [test]).iloc[0]
    scale, digits = (100, 1) if quality == "accuracy" else (1, 2)
    value, half = (scale * float(row[name]) for name in ("difference", "difference_ci95"))
    return f"{value:+.{digits}f} ± {half:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def gaps(run: Run) -> Iterator[list[str]]:
    """Each row beside the two that the gaps are between."""
    by_name = {row["scenario"]: row for row in run.rows}
    anchors = [by_name[name] for name in ("analogue-256", "ecvq-context")]
    yield [
        *("row", "bits of a frame", "PSNR / of mean MSE", "accuracy", "frames lost"),
        *(f"against `{anchor['scenario']}`, paired" for anchor in anchors),
    ]
    for row in run.rows:
        bits, lost = row["bits_per_image"], row["residual_frame_error_rate"]
        yield [
            f"`{row['scenario']}`",
            "" if math.isnan(bits) else f"{bits:.0f}",
            f"{psnrs(row)} dB",
            accuracy(row),
            "" if math.isnan(lost) else f"{100 * lost:.1f} %",
            *("" if row is anchor else gap(run, row, anchor) for anchor in anchors),
        ]


def gap(run: Run, row: Row, anchor: Row) -> str:
    name = "psnr_db"
    return f"{margin(run.point(row, name), [run.point(anchor, name)], name)} dB"


def heading(*first: str) -> list[str]:
    return [*first, *(f"{esn0_db} dB" for esn0_db in ESN0_DB)]


AGAINST_ANALOGUE = [
    (uses, test, f"analogue-{uses}")
    for uses in (256, 512)
    for test in ("ecvq-context", "ecvq-refined")
]
AGAINST_OTHERS = [
    *((256, "ecvq-context", anchor) for anchor in ("deepjscc-12-.*", "avif", "hevc")),
    *((512, "ecvq-context", anchor) for anchor in ("deepjscc-6-.*", "avif", "hevc")),
]
FIXED = [(uses, fixed) for uses in (256, 512) for fixed in ("ecvq-context", f"analogue-{uses}")]
CHOSEN_BY_IMAGE = [
    ("ecvq-any-length", "psnr_db"),
    ("ecvq-any-length", MEAN_MSE),
    ("ecvq-sizes-.*-by-psnr_db", "psnr_db"),
    ("ecvq-sizes-.*-by-mse", MEAN_MSE),
]
"""Systems whose images take as many channel uses as they need, and the quality to compare."""

AGAINST_ALL = sorted([*AGAINST_ANALOGUE, *AGAINST_OTHERS], key=lambda pair: pair[0])


def tables(results: Path) -> Iterator[tuple[str, Iterable[Sequence[str]]]]:
    """Names and rows of the tables whose runs are there."""
    runs = {path.parent.name: Run(path.parent) for path in results.glob("*/results.csv")}
    if run := runs.get("reference-awgn"):
        for uses in (256, 512):
            yield f"reference-awgn-{uses}", awgn(run, uses, psnrs)
            yield f"reference-awgn-{uses}-accuracy", awgn(run, uses, accuracy)
        yield "reference-awgn-margins", margins(run, AGAINST_ALL)
        yield "deepjscc-published", published(run)
        yield "digital-against-analogue", summary(run)
    if run := runs.get("reference-mismatch"):
        yield "reference-mismatch-256", mismatch(run, 256)
        yield "reference-mismatch-margins", margins(run, AGAINST_ALL, adapted=10)
    if (run := runs.get("reference-fading")) and (known := runs.get("known-gain")):
        yield "reference-fading-256", fading(run, known, 256)
        yield "reference-fading-margins", margins(run, AGAINST_ALL)
        pairs = [(uses, ".*-known-gain", f"analogue-{uses}") for uses in (256, 512)]
        yield "reference-known-gain-margins", margins(run, pairs, of=known)
    means = ("reference-mean", "block-sizes", "block-sizes-mse")
    if (run := runs.get("reference-awgn")) and (others := [runs[m] for m in means if m in runs]):
        yield "reference-equal-means", equal_means(run, others)
    if run := runs.get("reference-gaps"):
        yield "reference-gaps", gaps(run)


def main(results: str, to: str) -> None:
    made = [(name, list(rows)) for name, rows in tables(Path(results))]
    for name, rows in made:
        with (Path(to) / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SemcommError as error:
        sys.exit(f"{error}")
