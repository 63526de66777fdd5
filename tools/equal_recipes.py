"""Make the scenario of codecs by equal recipes, and the table of ingredients from its results.

python tools/equal_recipes.py scenario > experiments/equal-recipes/equal-recipes.yaml
python tools/equal_recipes.py ingredients RESULTS > docs/results/ingredients.csv

The scenario has the codecs that are there: those of experiments/equal-recipes/ and
experiments/codecs/, and those that ship. Systems of which none is there are left out, as are rows
of the table whose codecs are not in RESULTS.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from semcomm.folders import ZOO
from semcomm.measures.intervals import half_width, welch
from semcomm.report.curves import Curve
from semcomm.report.paired import MEAN_MSE, Point, points_of
from semcomm.report.seeds import moved
from semcomm.run.conditions import NoRowError

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
RATE = "bits_per_image"

SEEDS = range(5)
RATES = (310, 740, 990)
BASELINE_VQ = ("vq-n64-k64", "vq-n64", "vq-n128-k16", "vq-n128-k64", "vq-n128")
BASELINE_ECVQ = ("ecvq-n128-nu8", "ecvq-n128-nu16", "ecvq-n128-nu24")
LEVELS = tuple(f"ecvq-levels@{level}" for level in range(8))


class System(NamedTuple):
    """Cells of the scenario under one name.

    settings: key paths and values in YAML, beside the entropy coder.
    """

    name: str
    coder: str
    codecs: Sequence[str]
    settings: tuple[tuple[str, str], ...] = ()


def seeds_of(system: str) -> list[str]:
    return [f"{system}-s{seed}" for seed in SEEDS]


def curve_of(system: str) -> list[str]:
    """By rising rate; seed 0 is the point in the middle."""
    low, *higher = (f"{system}-{rate}" for rate in RATES)
    return [low, f"{system}-s0", *higher]


REFINED = (("codec.refinement_steps", "10"),)
SYSTEMS = (
    System("baseline-vq", "huffman", BASELINE_VQ),
    System("baseline-ecvq", "huffman", BASELINE_ECVQ),
    System("better-vq", "huffman", curve_of("better-vq")),
    System("better-ecvq", "huffman", curve_of("better-ecvq")),
    System("better-ecvq-one-block", "huffman", ["better-ecvq-one-block"]),
    *(
        System(f"{system}-seeds{suffix}", coder, seeds_of(system))
        for system in ("baseline-vq", "baseline-ecvq", "better-vq", "better-ecvq")
        for suffix, coder in (
            ("-fixed", "fixed_length"),
            ("", "huffman"),
            ("-context", "context"),
        )
    ),
    System("levels", "huffman", LEVELS),
    System("levels-context", "context", LEVELS),
    System("level-refined", "context", ["ecvq-levels@3"], REFINED),
    System(
        "level-refined-budget",
        "context",
        ["ecvq-levels@3"],
        (*REFINED, ("codec.budget_bits", "512")),
    ),
)


def scenario() -> str:
    """The scenario's text, with a comment where codecs are left out."""
    missing = {
        codec for system in SYSTEMS for codec in system.codecs if not model_of(codec, system.coder)
    }
    lines = [
        "# Codecs by equal recipes (README.md beside it). Made by `python tools/equal_recipes.py scenario`.",
        *([f"# {len(missing)} codecs are left out: no file, or no context model."] * bool(missing)),
        "",
        "data: {name: sample}",
        "codec: {model: ecvq-n128-nu16}",
        "framing: none",
        "sweep:",
    ]
    for system in SYSTEMS:
        models = [model for codec in system.codecs if (model := model_of(codec, system.coder))]
        if models:
            lines += grid(system, models)
    return "\n".join(lines) + "\n"


def grid(system: System, models: Sequence[str]) -> list[str]:
    settings = (("codec.entropy_coder", system.coder), *system.settings)
    return [
        f"  - name: [{system.name}]",
        *(f"    {key}: [{value}]" for key, value in settings),
        "    codec.model:",
        *(f"      - {model}" for model in models),
    ]


def model_of(codec: str, coder: str) -> str | None:
    """What the scenario calls the codec; None where its file, or a context model in it, lacks."""
    name = codec.partition("@")[0]
    for path, model in (
        (EXPERIMENTS / "equal-recipes" / f"{name}.safetensors", f"{name}.safetensors"),
        (EXPERIMENTS / "codecs" / f"{name}.safetensors", f"../codecs/{name}.safetensors"),
        (ZOO / f"{name}.safetensors", codec),
    ):
        if path.exists():
            return model if coder != "context" or has_context(path) else None
    return None


def has_context(path: Path) -> bool:
    with safe_open(path, "np") as file:
        names = file.keys()
    return any(name.startswith("context.") for name in names)


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


def ingredients(folder: Path) -> Iterator[list[str]]:
    """The table's rows whose codecs are in the run's results."""
    for row in (*ROWS, *orders("baseline"), *orders("better")):
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
    """How far the row is above the one before it; "" where that, or the curve, is not measured."""
    rows = {other.ingredient: other for other in (*ROWS, *orders("baseline"), *orders("better"))}
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
    if not before or len(along) < 2:
        return ""
    value, half = gain(before, after, along)
    return f"{value:+.3f} ± {half:.3f} dB".replace("-", "\N{MINUS SIGN}")


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


def main(asked: str, *folders: str) -> None:
    if asked == "scenario":
        sys.stdout.write(scenario())
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADING)
    writer.writerows(ingredients(Path(*folders)))


if __name__ == "__main__":
    main(*sys.argv[1:])
