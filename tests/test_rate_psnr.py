"""The experiment of the rate-PSNR curves: trainings, scenario, and tables by hand."""

import math
import shlex
from collections import Counter
from pathlib import Path

import ingredients
import pandas as pd
import pytest
import rate_psnr
import rate_psnr_tables

from semcomm.report.paired import Point
from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.training import TrainingScenario, read_training

FOLDER = rate_psnr.EXPERIMENTS / "rate-psnr"
COMMANDS = {
    name: shlex.split(command)
    for name, command in (
        line.split(maxsplit=1) for line in (FOLDER / "trainings.txt").read_text().splitlines()
    )
}
TRAININGS = {
    name: read_training(command[2], [word for word in command if "=" in word])
    for name, command in COMMANDS.items()
}


def point(rate: float, *values: float) -> Point:
    images = [f"image {number}" for number in range(len(values))]
    return Point(rate, pd.Series(values, images, dtype=float), None, False)


def test_each_training_is_named_as_in_the_list_and_has_equal_images_and_epochs() -> None:
    for name, made in TRAININGS.items():
        assert COMMANDS[name][:2] == ["semcomm", "train"]
        assert isinstance(made, TrainingScenario)
        assert made.name == name and made.training.epochs == 32
        assert made.data.split == "train_and_validation"
        assert name.startswith("better") == (made.training.kernel_learning_rate is not None)
    assert len({str(made) for made in TRAININGS.values()}) == len(TRAININGS) == 27


def test_seeds_of_a_codec_differ_in_the_seed_alone() -> None:
    for system in ("baseline-vq", "baseline-ecvq", "better-vq", "better-ecvq"):
        made = [TRAININGS[name] for name in rate_psnr.seeds_of(system)]
        assert [each.seed for each in made] == list(rate_psnr.SEEDS)
        assert len({(each.geometry, each.training) for each in made}) == 1


def test_the_scenario_has_all_codecs_of_the_list() -> None:
    listed = Counter(codec for system in rate_psnr.SYSTEMS for codec in system.codecs)
    assert set(COMMANDS) <= set(listed)


def test_the_scenario_is_the_one_that_the_tool_makes() -> None:
    path = FOLDER / "rate-psnr.yaml"
    assert path.read_text() == rate_psnr.scenario(), "run `python tools/rate_psnr.py`"
    assert len(read_scenarios(path)) >= 53


def test_a_codec_without_a_context_model_is_not_coded_with_context() -> None:
    assert rate_psnr.model_of("vq-n64-k64", "huffman") == "../codecs/vq-n64-k64.safetensors"
    assert rate_psnr.model_of("vq-n64-k64", "context") is None
    assert rate_psnr.model_of("ecvq-levels@3", "context") == "ecvq-levels@3"
    assert rate_psnr.model_of("no-such-codec", "huffman") is None


@pytest.mark.parametrize(
    ("before", "after", "value", "half"),
    [
        # At 200 bits both of the first have 2 dB more than at 100: 22 and 24 against 23, 25 and 27.
        ([(100, 20), (100, 22)], [(200, 23), (200, 25), (200, 27)], 2, 4.975467),
        # Of one training against two, 23 and 26: t(1) = 12.7062 times 1.5 dB.
        ([(100, 20)], [(200, 23), (200, 26)], 2.5, 12.7062 * 1.5),
    ],
)
def test_gain_over_trainings_by_hand(
    before: list[tuple[float, float]],
    after: list[tuple[float, float]],
    value: float,
    half: float,
) -> None:
    sides = ([point(rate, quality) for rate, quality in side] for side in (before, after))
    along = [point(100, 30), point(400, 34)]
    assert ingredients.gain(*sides, along) == (pytest.approx(value), pytest.approx(half, rel=1e-5))


def test_gain_over_images_by_hand() -> None:
    """Moved to 200 bits the first has a mean of 25 dB; the differences of the images are 1 and 2 dB
    less 2 dB, whose mean has an interval of t(1) = 12.7062 times 0.5 dB.
    """
    before, after = [point(100, 20, 26)], [point(200, 21, 28)]
    value, half = ingredients.gain(before, after, [point(100, 30), point(400, 34)])
    assert value == pytest.approx(24.5 - 25)
    assert half == pytest.approx(12.7062 * 0.5, rel=1e-5)


def folder_of(tmp_path: Path, *cells: tuple[str, str, float, tuple[float, ...]]) -> Path:
    """A run's tables; a cell has its scenario, its codec, its bits and the PSNR of each image."""
    rows, images = [], []
    for cell, (name, codec, bits, psnrs) in enumerate(cells):
        mse = [255**2 / 10 ** (psnr / 10) for psnr in psnrs]
        of_mean = 10 * math.log10(255**2 * len(mse) / sum(mse))
        shared = {"scenario": name, "codec.model": codec, "bits_per_image": bits}
        quality = {"psnr_db": sum(psnrs) / len(psnrs), ingredients.MEAN_MSE: of_mean}
        rows.append(shared | quality)
        images += [
            {"cell": cell, "image": number, "psnr_db": psnr, "mse": mse[number], "bits": bits}
            | {"height": 32, "width": 32}
            for number, psnr in enumerate(psnrs)
        ]
    folder = tmp_path / cells[0][0]
    folder.mkdir()
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
    pd.DataFrame(images).to_csv(folder / "per_image.csv", index=False)
    return folder


def test_the_table_has_the_rows_that_were_measured(tmp_path: Path) -> None:
    """Two images of 20 and 24 dB, then 22 and 25 dB with context coding: an interval of 12.7062
    times 2 and 1.5 dB. Along 2 dB from 400 to 500 bits, the level of before has 20 dB at 400.
    """
    folder = folder_of(
        tmp_path,
        ("levels", "ecvq-levels@3", 500, (20, 24)),
        ("levels", "ecvq-levels@2", 400, (18, 22)),
        ("levels-context", "ecvq-levels@3", 400, (22, 25)),
    )
    heading, first, second = ingredients.table(folder, ingredients.ROWS)
    assert len(heading) == len(first) == len(second)
    assert first[:4] == ["levels, 64 epochs", "1", "500.00", "22.000 ± 25.412 dB"]
    assert first[5:] == ["four blocks", "", ""]
    assert second[:4] == ["context coding", "1", "400.00", "23.500 ± 19.059 dB"]
    assert second[5:7] == ["levels, 64 epochs", "+3.500 ± 6.353 dB"]


VQ = [("baseline-vq", f"vq-{bits}.safetensors", bits, (psnr,) * 2) for bits, psnr in
      ((100, 20), (400, 24))]  # fmt: skip
ECVQ = [("baseline-ecvq", f"ecvq-{bits}.safetensors", bits, (psnr, psnr + 2)) for bits, psnr in
        ((100, 20), (200, 22.5), (400, 24))]  # fmt: skip


def test_codecs_stand_by_system_and_rate(tmp_path: Path) -> None:
    _, *rows = rate_psnr_tables.codecs(folder_of(tmp_path, *reversed([*VQ, *ECVQ])))
    assert [row[1] for row in rows] == ["`vq-100`", "`vq-400`", "`ecvq-100`", "`ecvq-200`", "`ecvq-400`"]  # fmt: skip
    assert rows[0] == ["vq, baseline", "`vq-100`", "100.00", "20.000 dB", "20.000 dB"]


def test_seeds_are_moved_to_one_rate_by_hand(tmp_path: Path) -> None:
    """Along 2 dB for each doubling vq's seeds have 21 and 23 dB at 200 bits, ecvq's 24 and 26:
    a difference of 3 dB and Welch's interval with variances of 2 and 2, t(2) = 4.3027 times
    the root of 2.
    """
    seeds = [
        ("baseline-vq-seeds", "s0.safetensors", 200, (21, 21)),
        ("baseline-vq-seeds", "s1.safetensors", 200, (23, 23)),
        ("baseline-ecvq-seeds", "s2.safetensors", 200, (24, 24)),
        ("baseline-ecvq-seeds", "s3.safetensors", 200, (26, 26)),
    ]
    _, *rows = rate_psnr_tables.by_seeds(folder_of(tmp_path, *VQ, *ECVQ, *seeds))
    half = f"{4.302653 * 2**0.5:.3f}"
    assert rows == [
        ["baseline", "Huffman", "2 and 2", "200.0", f"+3.000 ± {half} dB", f"+3.000 ± {half} dB",
         "0.0 bits"],
    ]  # fmt: skip


def test_a_codec_is_compared_with_the_line_between_its_neighbours(tmp_path: Path) -> None:
    """vq's line has 22 dB at 200 bits, in the middle by ratio, where ecvq has 22.5 and 24.5 dB."""
    _, *rows = rate_psnr_tables.by_codecs(folder_of(tmp_path, *VQ, *ECVQ))
    at_codecs = [row for row in rows if row[1] == "200.00"]
    assert at_codecs[0][:4] == ["baseline", "200.00", "100.0 bits away", "+1.500 ± 12.706 dB"]
    assert [row[2] for row in rows] == ["0.0 bits away", "100.0 bits away", "0.0 bits away"]


def test_a_codec_of_half_the_bits_takes_50_percent_less_than_a_format(tmp_path: Path) -> None:
    """And at equal bits, 2 dB for each doubling, it has 2 dB more, over the common images."""
    points = [(100 * 2**n, 20 + 2 * n) for n in range(5)]
    of_format = [("avif", "avif", bits, (psnr,) * 2) for bits, psnr in points]
    levels = [("levels", f"l@{bits}", bits / 2, (psnr,) * 3) for bits, psnr in points]
    theirs, ours = folder_of(tmp_path, *of_format), folder_of(tmp_path, *levels)
    heading, avif, *others = rate_psnr_tables.against_formats(ours, theirs)
    assert heading[1] == "`ecvq-levels`, Huffman: rate"
    assert avif[1:3] == [
        "\N{MINUS SIGN}50.0 %",
        "+2.00 dB over 100 to 800 bits",
    ]
    assert avif[3:] == ["", ""] and not any(cell for row in others for cell in row[1:])
    _, shown, *_ = rate_psnr_tables.formats(theirs)
    assert shown[1].startswith("100.0 / 20.00 / 20.00, 200.0 / 22.00")
