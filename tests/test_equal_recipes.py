"""The experiment of equal recipes: its trainings, its scenario, and its table by hand."""

import shlex
from collections import Counter
from pathlib import Path

import equal_recipes as tool
import pandas as pd
import pytest

from semcomm.report.paired import Point
from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.training import TrainingScenario, read_training

FOLDER = tool.EXPERIMENTS / "equal-recipes"
COMMANDS = {
    name: shlex.split(command)
    for name, command in (
        line.split(maxsplit=1) for line in (FOLDER / "trainings.txt").read_text().splitlines()
    )
}
TRAININGS = {
    name: read_training(command[2], [word for word in command if "=" in word])
    for name, command in COMMANDS.items()
    if command[0] == "semcomm"
}


def point(rate: float, *values: float) -> Point:
    images = [f"image {number}" for number in range(len(values))]
    return Point(rate, pd.Series(values, images, dtype=float), None, False)


def test_each_training_is_named_as_in_the_list_and_has_equal_images_and_epochs() -> None:
    for name, made in TRAININGS.items():
        assert isinstance(made, TrainingScenario)
        assert made.name == name and made.training.epochs == 32
        assert made.data.split == "train_and_validation"
        assert name.startswith("better") == (made.training.kernel_learning_rate is not None)
    assert len({str(made) for made in TRAININGS.values()}) == len(TRAININGS) == 24


def test_seeds_of_a_codec_differ_in_the_seed_alone() -> None:
    for system in ("baseline-vq", "better-vq", "better-ecvq"):
        made = [TRAININGS[name] for name in tool.seeds_of(system)]
        assert [each.seed for each in made] == list(tool.SEEDS)
        assert len({(each.geometry, each.training) for each in made}) == 1


def test_other_lines_copy_a_codec_that_is_there() -> None:
    for name, command in COMMANDS.items():
        if name not in TRAININGS:
            program, source, target = command
            assert (program, target) == ("cp", f"trained/{name}.safetensors")
            assert (tool.EXPERIMENTS.parent / source).is_file()


def test_the_scenario_has_all_codecs_of_the_list() -> None:
    listed = Counter(codec for system in tool.SYSTEMS for codec in system.codecs)
    assert set(COMMANDS) <= set(listed)


def test_the_scenario_is_the_one_that_the_tool_makes() -> None:
    path = FOLDER / "equal-recipes.yaml"
    assert path.read_text() == tool.scenario(), "run `python tools/equal_recipes.py scenario`"
    assert len(read_scenarios(path)) >= 26


def test_a_codec_without_a_context_model_is_not_coded_with_context() -> None:
    assert tool.model_of("vq-n64-k64", "huffman") == "../codecs/vq-n64-k64.safetensors"
    assert tool.model_of("vq-n64-k64", "context") is None
    assert tool.model_of("ecvq-levels@3", "context") == "ecvq-levels@3"
    assert tool.model_of("no-such-codec", "huffman") is None


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
    assert tool.gain(*sides, along) == (pytest.approx(value), pytest.approx(half, rel=1e-5))


def test_gain_over_images_by_hand() -> None:
    """Moved to 200 bits the first has a mean of 25 dB; the differences of the images are 1 and 2 dB
    less 2 dB, whose mean has an interval of t(1) = 12.7062 times 0.5 dB.
    """
    before, after = [point(100, 20, 26)], [point(200, 21, 28)]
    value, half = tool.gain(before, after, [point(100, 30), point(400, 34)])
    assert value == pytest.approx(24.5 - 25)
    assert half == pytest.approx(12.7062 * 0.5, rel=1e-5)


def test_the_table_has_the_rows_that_were_measured(tmp_path: Path) -> None:
    """Two images of 20 and 24 dB, then 22 and 25 dB with context coding: an interval of 12.7062
    times 2 and 1.5 dB. Along 2 dB from 400 to 500 bits, the level of before has 20 dB at 400.
    """
    cells = [
        ("levels", "ecvq-levels@3", 500, (20, 24)),
        ("levels", "ecvq-levels@2", 400, (18, 22)),
        ("levels-context", "ecvq-levels@3", 400, (22, 25)),
    ]
    rows, images, size = [], [], {"height": 32, "width": 32}
    for cell, (name, codec, bits, psnrs) in enumerate(cells):
        mse = [255**2 / 10 ** (psnr / 10) for psnr in psnrs]
        shared = {"scenario": name, "codec.model": codec, "bits_per_image": bits}
        rows.append(shared | {"psnr_db": sum(psnrs) / 2, tool.MEAN_MSE: 20})
        images += [
            {"cell": cell, "image": number, "psnr_db": psnr, "mse": mse[number]} | size
            for number, psnr in enumerate(psnrs)
        ]
    pd.DataFrame(rows).to_csv(tmp_path / "results.csv", index=False)
    pd.DataFrame(images).to_csv(tmp_path / "per_image.csv", index=False)
    first, second = tool.ingredients(tmp_path)
    assert first[:4] == ["levels, 64 epochs", "1", "500.00", "22.000 ± 25.412 dB"]
    assert first[5:] == ["four blocks", "", ""]
    assert second[:4] == ["context coding", "1", "400.00", "23.500 ± 19.059 dB"]
    assert second[5:7] == ["levels, 64 epochs", "+3.500 ± 6.353 dB"]
