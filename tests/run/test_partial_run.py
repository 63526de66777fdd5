"""What is done of an interrupted run: its rows and samples are those of the whole run."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok

from semcomm.report.results import read_results
from semcomm.run.block import Block, Task, run_block
from semcomm.run.checked_files import write_json
from semcomm.run.partial_run import read_partial
from semcomm.run.pools import SerialPool
from semcomm.run.report_samples import load_report_sample
from semcomm.run.run import run_cells
from semcomm.run.run_folder import RunFolder
from semcomm.scenario.scenario import read_scenarios

SWEEP = """\
codec: {model: vq-n64}
channel: {model: binary_symmetric}
images: 3
sweep: {channel.crossover: [0, 0.01, 0.02]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SWEEP)
    return path


def run_interrupted(scenario: Path, after: int, out: Path) -> None:
    def interrupted(task: Task) -> Block:
        if task.place == after:
            raise KeyboardInterrupt
        return run_block(task)

    cells = read_scenarios(scenario)
    folder = RunFolder(out, cells)
    with pytest.raises(KeyboardInterrupt):
        run_cells(
            cells, folder, SerialPool(), lambda _: None, lambda *_: None, run_task=interrupted
        )


def test_rows_and_samples_are_those_of_the_whole_run(tmp_path: Path, scenario: Path) -> None:
    out = tmp_path / "run"
    run_interrupted(scenario, 2, out)
    partial = read_partial(out)
    assert partial is not None and partial.cells == 3
    cli_ok("run", scenario, "--out", out, "--workers", 1)
    assert read_partial(out) is None
    pd.testing.assert_frame_equal(partial.table, read_results([out])[:2])
    for row, sample in enumerate(partial.samples):
        whole = load_report_sample(out, row)
        assert (sample.settings, sample.rows) == (whole.settings, whole.rows)
        assert all(map(np.array_equal, sample.first.received, whole.first.received))
        assert np.array_equal(sample.index_counts, whole.index_counts)


def test_a_report_says_which_part_is_done(tmp_path: Path, scenario: Path) -> None:
    run, page = tmp_path / "run", tmp_path / "report.html"
    for crossovers, done in (("0.02", 1), ("0", 2), ("0.01", 3)):
        part = ["--where", f"channel.crossover={crossovers}"]
        cli_ok("run", scenario, "--out", run, "--workers", 1, *part)
        cli_ok("report", run, "-o", page)
        assert (f"partial: {done} of 3 cells are done" in page.read_text()) == (done < 3)
        assert f"<dd>{done} of 3 cells</dd>" in page.read_text()


def test_a_cell_whose_row_is_damaged_is_not_done(tmp_path: Path, scenario: Path) -> None:
    run_interrupted(scenario, 2, tmp_path / "run")
    row = tmp_path / "run" / "blocks" / "000000" / "row.json"
    whole = row.read_bytes()
    for damage in (lambda: row.write_bytes(whole[:-10]), lambda: write_json(row, {"summary": 3})):
        damage()
        partial = read_partial(tmp_path / "run")
        assert partial is not None and partial.table["channel.crossover"].tolist() == ["0.01"]


def test_a_run_of_which_no_cell_is_done_has_no_report(tmp_path: Path, scenario: Path) -> None:
    run_interrupted(scenario, 1, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "blocks" / "000000")
    (tmp_path / "run" / "blocks").mkdir(exist_ok=True)
    result = cli("report", tmp_path / "run", "-o", tmp_path / "report.html")
    assert result.exit_code == 2
    assert "none of the run's 3 cells is done yet; the same command" in result.stderr
