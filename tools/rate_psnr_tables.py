"""Write the tables of the rate-PSNR curves, of ECVQ against VQ, of ingredients and of formats.

python tools/rate_psnr_tables.py RESULTS FORMATS docs/results

RESULTS and FORMATS are the folders of runs of experiments/rate-psnr/rate-psnr.yaml and formats.yaml.
Codecs and pairs that are not in RESULTS are left out.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ingredients
from ingredients import QUALITIES, RATE, curve, difference, points_in, with_minus

from semcomm.errors import ReportError
from semcomm.report.bjontegaard import bd_psnr, bd_rate
from semcomm.report.paired import Point, differences, over_common_images
from semcomm.report.results import read_results
from semcomm.report.seeds import seeds_comparison

Row = list[str]

CURVES = {
    "baseline-vq": "vq, baseline",
    "baseline-ecvq": "ecvq, baseline",
    "classical": "ecvq, designed for the networks of `vq-n128`",
    "better-vq": "vq, better recipe",
    "better-ecvq": "ecvq, better recipe",
}
RECIPES = ("baseline", "better")
CODERS = {"Huffman": "", "context": "-context"}
FORMATS = ("avif", "hevc", "webp", "jpeg", "jpeg-xl")


def codecs(folder: Path) -> Iterator[Row]:
    """The codecs of the curves, each with its bits and both PSNRs."""
    yield ["system", "codec", "bits per image", "PSNR", "PSNR of mean MSE"]
    table = read_results([folder])
    for scenario, system in CURVES.items():
        rows = table[table["scenario"] == scenario].sort_values(
            RATE, key=lambda bits: bits.astype(float)
        )
        for _, row in rows.iterrows():
            bits, *qualities = (float(row[name]) for name in (RATE, *QUALITIES))
            name = Path(row["codec.model"]).stem
            yield [system, f"`{name}`", f"{bits:.2f}", *(f"{value:.3f} dB" for value in qualities)]


def by_seeds(folder: Path) -> Iterator[Row]:
    """Whether ECVQ beats entropy-coded VQ: both recipes and coders, over all trainings."""
    yield [
        "recipe", "entropy coder", "trainings of vq and ecvq", "at bits per image",
        "ecvq above vq", "by PSNR of mean MSE", "moved at most",
    ]  # fmt: skip
    for recipe in RECIPES:
        for coder, suffix in CODERS.items():
            if compared := _compared_seeds(folder, recipe, suffix):
                first = compared[0]
                yield [
                    recipe,
                    coder,
                    f"{first['anchor_seeds']} and {first['test_seeds']}",
                    f"{first['rate']:.1f}",
                    *(difference(each["difference"], each["difference_ci95"]) for each in compared),
                    f"{first['moved_at_most']:.1f} bits",
                ]


def _compared_seeds(folder: Path, recipe: str, suffix: str) -> list[dict[str, Any]]:
    """By both PSNRs; none where a side has fewer than two trainings, or a curve too few codecs."""
    compared = []
    for quality in QUALITIES:
        sides = [
            points_in(folder, f"{recipe}-{quantizer}{part}", "*", quality)
            for part in ("", f"-seeds{suffix}")
            for quantizer in ("vq", "ecvq")
        ]
        if min(map(len, sides)) < 2:
            return []
        compared.append(seeds_comparison(*map(curve, sides)))
    return compared


def by_codecs(folder: Path) -> Iterator[Row]:
    """The same along the curves, at each codec of ecvq, paired over images."""
    yield [
        "recipe", "bits per image of ecvq", "nearest vq", "ecvq above vq", "by PSNR of mean MSE",
    ]  # fmt: skip
    for recipe in RECIPES:
        tables = []
        for quality in QUALITIES:
            sides = [points_in(folder, f"{recipe}-{q}", "*", quality) for q in ("vq", "ecvq")]
            if min(map(len, sides)) > 1:
                tables.append(differences(*sides).astype(float))
        for rows in zip(*(table.to_dict("records") for table in tables), strict=True):
            first = rows[0]
            apart = [difference(row["difference"], row["difference_ci95"]) for row in rows]
            yield [
                recipe,
                f"{first['rate']:.2f}",
                f"{first['anchor_distance']:.1f} bits away",
                *apart,
            ]


def formats(folder: Path) -> Iterator[Row]:
    """The files of each format, without their containers."""
    yield ["format", "points: bits per image / PSNR / PSNR of mean MSE in dB"]
    for name in FORMATS:
        points = zip(*(points_in(folder, name, "*", quality) for quality in QUALITIES), strict=True)
        texts = [f"{one.rate:.1f} / {one.quality:.2f} / {two.quality:.2f}" for one, two in points]
        yield [name, ", ".join(texts)]


def against_formats(ours: Path, theirs: Path) -> Iterator[Row]:
    """Bjøntegaard's deltas over the images that both runs have."""
    systems = {
        "levels": "`ecvq-levels`, Huffman",
        "levels-context": "`ecvq-levels`, context",
    }
    yield [
        "format",
        *(f"{system}: {unit}" for system in systems.values() for unit in ("rate", "PSNR")),
    ]
    for name in FORMATS:
        anchor = points_in(theirs, name, "*", QUALITIES[0])
        cells = []
        for system in systems:
            cells += _deltas(anchor, points_in(ours, system, "*", QUALITIES[0]))
        yield [name, *cells]


def _deltas(anchor: list[Point], test: list[Point]) -> Row:
    """Empty where one is not measured, or has too few points on its hull."""
    if not anchor or not test:
        return ["", ""]
    first, second = map(curve, over_common_images(anchor, test))
    try:
        rate, psnr = bd_rate(first, second), bd_psnr(first, second)
    except ReportError:
        return ["", ""]
    return [
        with_minus(f"{rate.value:+.1f} %"),
        with_minus(f"{psnr.value:+.2f} dB over {psnr.low:.0f} to {psnr.high:.0f} bits"),
    ]


def write(rows: Iterable[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main(results: Path, of_formats: Path, folder: Path) -> None:
    for name, rows in {
        "rate-psnr": codecs(results),
        "ecvq-against-vq": by_seeds(results),
        "ecvq-against-vq-by-codec": by_codecs(results),
        "ingredients": ingredients.table(results, ingredients.ROWS),
        "ingredients-orders": ingredients.table(results, ingredients.ORDERS),
        "formats": formats(of_formats),
        "formats-deltas": against_formats(results, of_formats),
    }.items():
        write(rows, folder / f"{name}.csv")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
