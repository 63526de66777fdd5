"""Sweeps end to end: a row a cell, written as it is finished, and the mistakes of all cells at
once.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from command import cli_ok
from images import save_images

from semcomm.data.sample import Sample
from semcomm.errors import ScenarioError
from semcomm.run.block import Block, Task, run_block
from semcomm.run.pools import SerialPool
from semcomm.run.run import run_cells, write_results
from semcomm.run.run_folder import RunFolder
from semcomm.run.simulation import Results
from semcomm.scenario.scenario import read_scenario, read_scenarios

SWEEP = """\
codec: {model: webp, quality: 10}
framing: none
images: 3
"""


def run(folder: Path, text: str, *options: str) -> tuple[list[str], pd.DataFrame, pd.DataFrame]:
    """The lines that are shown, results.csv and per_image.csv."""
    path = folder / "mine.yaml"
    path.write_text(text)
    shown = cli_ok("run", path, "--fresh", "--out", folder / "out", *options).stdout
    results, per_image = (
        pd.read_csv(folder / "out" / name) for name in ("results.csv", "per_image.csv")
    )
    return shown.splitlines(), results, per_image


def mistakes(folder: Path, text: str, *overrides: str) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenarios(path, overrides)
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


def test_run_writes_a_row_per_cell_and_numbers_cells_per_image(tmp_path: Path) -> None:
    grid = "sweep: {codec.quality: [10, 70], codec.container: [true, false]}"
    shown, results, per_image = run(tmp_path, SWEEP + grid)
    assert results["codec.quality"].tolist() == [10, 10, 70, 70]
    assert results["codec.container"].tolist() == [True, False, True, False]
    assert results.columns.is_unique
    assert [line.split()[0] for line in shown[:5]] == ["cell", "1/4", "2/4", "3/4", "4/4"]
    assert shown[0].endswith("  codec.quality  codec.container")
    assert shown[2].endswith("  10             false")
    assert per_image.cell.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert per_image.groupby("cell").bits.mean().tolist() == results.bits_per_image.tolist()


def test_large_tables_are_written_as_they_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a factor of 1.5, of 8 cells: whenever there are more than 1.5 times as many rows, and at
    the end.
    """
    written: list[int] = []

    def write(done: Mapping[int, Results], folder: RunFolder) -> None:
        written.append(len(done))
        write_results(done, folder)

    monkeypatch.setattr("semcomm.run.run.LARGER_TABLE", 1.5)
    monkeypatch.setattr("semcomm.run.run.write_results", write)
    grid = "sweep: {codec.quality: [10, 20, 30, 40, 50, 60, 70, 80]}"
    _, results, _ = run(tmp_path, SWEEP + grid)
    assert written == [1, 2, 4, 7, 8]
    assert len(results) == 8


def test_each_row_is_that_of_the_cell_run_by_itself(tmp_path: Path) -> None:
    _, results, _ = run(tmp_path, SWEEP + "sweep: {codec.quality: [10, 70]}")
    _, alone, per_image = run(tmp_path, SWEEP, "--set", "codec.quality=70")
    assert results.iloc[[1]].reset_index(drop=True).equals(alone)
    assert "cell" not in per_image


def test_swept_values_have_their_columns(tmp_path: Path, tiny_codec_file: Path) -> None:
    text = f"""\
codec: {{model: {tiny_codec_file}}}
sweep:
  codec.entropy_coder: [huffman, fixed_length]
  framing.slices, seed: [[1, 7], [2, 8]]
  images: [2]
"""
    _, results, _ = run(tmp_path, text)
    assert results["framing.slices"].tolist() == [1, 2, 1, 2]
    assert results.seed.tolist() == [7, 8, 7, 8]
    assert results["codec.entropy_coder"].tolist() == [
        "huffman",
        "huffman",
        "fixed_length",
        "fixed_length",
    ]
    assert results.images.tolist() == [2, 2, 2, 2]
    assert "images.1" not in results


def test_swept_folders_of_images_have_a_column(tmp_path: Path) -> None:
    save_images(tmp_path, Sample().load(0, 2))
    text = (
        "codec: {model: jpeg, quality: 10}\ndata: {images: 0000.png}\n"
        "sweep: {data.images: [0000.png, 0001.png]}"
    )
    _, results, _ = run(tmp_path, text)
    assert results.images.tolist() == [1, 1]
    assert results["data.images"].tolist() == ["0000.png", "0001.png"]


def test_table_of_formats_and_codecs_keeps_whole_numbers_whole(
    tmp_path: Path, tiny_codec_file: Path
) -> None:
    text = f"""\
framing: none
images: 2
sweep:
- {{codec: [{{model: {tiny_codec_file}}}]}}
- {{codec.model: [jpeg, webp], codec.quality: [10]}}
"""
    _, results, _ = run(tmp_path, text)
    assert results["codec.model"].tolist() == [str(tiny_codec_file), "jpeg", "webp"]
    missing = [
        "quantizer",
        "codec.entropy_coder",
        "entropy_bits_per_image",
        "index_error_rate",
        "preamble_bits",
    ]
    assert results[missing].notna().all(axis=1).tolist() == [True, False, False]
    assert results[missing].isna().all(axis=1).tolist() == [False, True, True]
    rows = pd.read_csv(tmp_path / "out" / "results.csv", dtype=str)
    assert rows["codec.quality"].tolist()[1:] == ["10", "10"]
    assert rows.preamble_bits[0].isdigit()


def test_mistakes_of_several_cells_are_told_at_swept_values(tmp_path: Path) -> None:
    text = """\
codec: {model: webp, quality: 10}
sead: 1
sweep:
  codec.quality: [5, 101, high]
  framing.slices: [1, 2]
"""
    assert mistakes(tmp_path, text) == [
        "mine.yaml:2:1: sead is not known; did you mean `seed`?",
        "mine.yaml:4:22: codec.quality is 101; it takes a whole number from 0 to 100 or null",
        'mine.yaml:4:27: codec.quality is "high"; it takes a whole number from 0 to 100 or null',
    ]
    assert mistakes(tmp_path, text.replace("sead: 1\n", "").replace(", 101, high", "")) == [
        "mine.yaml:4:23: framing.slices is 2; an image file is one frame, so it takes 1"
    ]


def test_an_empty_sweep_is_told_as_that(tmp_path: Path) -> None:
    (reported,) = mistakes(tmp_path, "codec: {model: webp, quality: 10}\nsweep:")
    assert reported.endswith("sweep is null; it takes a mapping of fields to lists or ranges")


def test_change_on_the_command_line_holds_in_every_cell(
    tmp_path: Path,
) -> None:
    """And it can change the sweep itself."""
    path = tmp_path / "mine.yaml"
    path.write_text(SWEEP + "sweep: {codec.quality: {start: 10, stop: 30, step: 10}}")

    def swept(*overrides: str) -> list[tuple[int, int]]:
        scenarios = [cell.scenario for cell in read_scenarios(path, overrides)]
        return [(scenario.codec.quality, scenario.seed) for scenario in scenarios]

    assert swept("seed=4") == [(10, 4), (20, 4), (30, 4)]
    assert swept("sweep.codec.quality.stop=20") == [(10, 0), (20, 0)]
    assert swept("sweep.codec.quality=[7]", "sweep.seed=[1, 2]") == [(7, 1), (7, 2)]
    (refused,) = mistakes(tmp_path, path.read_text(), "codec.quality=99")
    assert refused.endswith(
        "codec.quality is swept, so the option has no effect; set sweep.codec.quality"
    )
    (reported,) = mistakes(tmp_path, path.read_text(), "sweep.codec.quality=[7, 101]")
    assert reported.startswith("--set sweep.codec.quality=[7, 101]: codec.quality is 101")


def test_images_of_the_command_line_limit_every_cell(tmp_path: Path) -> None:
    """Also those whose images the sweep sets, and those that have all."""
    sweep = "sweep: [{codec.quality: [10]}, {codec.quality: [20], images: [1, 5]}]"

    def sent(text: str) -> list[tuple[int, int]]:
        _, results, per_image = run(tmp_path, text + sweep, "--images", "2")
        assert per_image.groupby("cell").size().tolist() == results.images.tolist()
        return list(zip(results["codec.quality"], results.images, strict=True))

    assert sent(SWEEP) == [(10, 2), (20, 1), (20, 2)]
    assert sent(SWEEP.replace("images: 3\n", "")) == [(10, 2), (20, 1), (20, 2)]
    assert sent(SWEEP.replace("images: 3", "images: 1")) == [(10, 1), (20, 1), (20, 2)]


def test_one_scenario_is_not_read_from_a_sweep_of_several(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SWEEP + "sweep: {seed: [1, 2]}")
    with pytest.raises(ScenarioError, match="it sweeps over 2 scenarios; one is asked for"):
        read_scenario(path)


def test_interrupted_sweep_leaves_rows_of_finished_cells(tmp_path: Path) -> None:
    def interrupted(task: Task) -> Block:
        if task.cell.scenario.seed == 2:
            raise KeyboardInterrupt
        return run_block(task)

    path = tmp_path / "mine.yaml"
    path.write_text(SWEEP + "sweep: {seed: [1, 2, 3]}")
    cells = read_scenarios(path)
    folder = RunFolder(tmp_path / "out", cells)
    with pytest.raises(KeyboardInterrupt):
        run_cells(
            cells,
            folder,
            SerialPool(),
            lambda images: None,
            lambda *results: None,
            run_task=interrupted,
        )
    assert pd.read_csv(tmp_path / "out" / "results.csv").seed.tolist() == [1]
    assert not (tmp_path / "out" / "per_image.csv").exists()
