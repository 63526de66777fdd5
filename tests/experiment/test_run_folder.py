"""An interrupted run goes on where it was, to the same bytes; and a folder of another run is refused."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from semcomm.cli import main
from semcomm.experiment import simulation
from semcomm.experiment.block import Block, Task, run_block

COMMAND = Path(sys.executable).parent / "semcomm"
TABLES = ("results.csv", "per_image.csv", "pictures.png")
SCENARIO = """\
codec: {model: webp, quality: 10}
data: {images: photos}
framing: {crc: 16}
channel: {model: binary_symmetric}
sweep: {channel.crossover: [0.001, 0.01], seed: [1, 2]}
"""
FLIP = """\
from dataclasses import dataclass

import numpy as np
from semcomm import BitChannel, Frames, Reception


@dataclass(frozen=True)
class Flip(BitChannel):
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames.with_bits(1 - frames.bits))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario of four cells, each of three blocks of small images."""
    monkeypatch.setattr("semcomm.experiment.data.BLOCK_IMAGES", 4)
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        header = b"P6 8 8 255\n"
        (tmp_path / "photos" / f"{number}.ppm").write_bytes(header + pixels.tobytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options: str) -> Result:
    return CliRunner().invoke(main, ["run", "mine.yaml", *options])


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


@pytest.mark.parametrize("patience", range(1, 12, 2))
def test_a_run_interrupted_again_and_again_ends_in_the_same_bytes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    assert run("--out", "whole").exit_code == 0
    ran: list[Task] = []

    def impatient(task: Task) -> Block:
        if len(ran) % (patience + 1) == patience:
            ran.append(task)
            raise KeyboardInterrupt
        ran.append(task)
        return run_block(task)

    monkeypatch.setattr(simulation, "run_block", impatient)
    interruptions = 0
    while run("--out", "pieces").exit_code:
        interruptions += 1
    assert interruptions
    assert len(ran) == 12 + interruptions  # nothing is done twice but what was interrupted
    assert tables(folder / "pieces") == tables(folder / "whole")
    assert not (folder / "pieces" / "blocks").exists()


def test_a_killed_run_goes_on(folder: Path) -> None:
    assert run("--out", "whole").exit_code == 0
    command = [COMMAND, "run", "mine.yaml", "--out", "pieces"]
    for patience in (2.5, 4.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(patience)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # Blocks are of 256 images there and of 4 here, with noise of their own; bits and images are the same.
    whole, pieces = (
        np.genfromtxt(name / "per_image.csv", delimiter=",", names=True) for name in map(Path, ("whole", "pieces"))
    )
    assert whole["bits"].tolist() == pieces["bits"].tolist()


def test_a_damaged_block_is_computed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--out", "whole").exit_code == 0

    def stops(task: Task) -> Block:
        if task.place == 3:
            raise KeyboardInterrupt
        return run_block(task)

    monkeypatch.setattr(simulation, "run_block", stops)
    assert run("--out", "pieces").exit_code
    kept = sorted((folder / "pieces" / "blocks").iterdir())
    assert len(kept) == 9
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    kept[1].write_bytes(b"")
    monkeypatch.setattr(simulation, "run_block", run_block)
    assert run("--out", "pieces").exit_code == 0
    assert tables(folder / "pieces") == tables(folder / "whole")


@pytest.mark.parametrize(
    ("option", "difference"),
    [
        ("--set=sweep.seed=[1]", "it has 4 cells there, 2 here"),
        ("--set=codec.quality=11", "scenario.codec.quality is 10 there, 11 here"),
        ("--images=3", "scenario.images is null there, 3 here"),
    ],
)
def test_a_folder_of_another_run_is_refused_until_told_otherwise(folder: Path, option: str, difference: str) -> None:
    assert run("--out", "out").exit_code == 0
    before = tables(folder / "out")
    refused = run("--out", "out", option)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: out holds the results of another run: ")
    assert difference in refused.stderr
    assert tables(folder / "out") == before
    assert run("--out", "out", option, "--fresh").exit_code == 0


def test_a_channel_file_that_changed_makes_it_another_run(folder: Path) -> None:
    (folder / "flip.py").write_text(FLIP)
    (folder / "mine.yaml").write_text(
        SCENARIO.replace("{model: binary_symmetric}", "{model: flip.py:Flip}").split("sweep")[0]
    )
    assert run("--out", "out").exit_code == 0
    assert run("--out", "out").exit_code == 0
    (folder / "flip.py").write_text(FLIP + "\n# changed\n")
    refused = subprocess.run([COMMAND, "run", "mine.yaml", "--out", "out"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "channel is" in refused.stderr


def test_without_a_folder_what_was_changed_is_part_of_its_name(folder: Path) -> None:
    assert run("--images", "3", "--set", "sweep.seed=[1]").exit_code == 0
    assert [path.name for path in Path("results").iterdir()] == ["mine, sweep.seed=_1_, images=3"]


def test_a_cell_that_fails_costs_the_others_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(task: Task) -> Block:
        if task.place == 1:
            raise ValueError("no luck")
        return run_block(task)

    monkeypatch.setattr(simulation, "run_block", fails)
    done = run("--out", "out")
    assert done.exit_code == 2
    assert "cell 2 of 4, {'channel.crossover': 0.001, 'seed': 2}, failed: ValueError: no luck" in done.stderr
    assert len((folder / "out" / "results.csv").read_text().splitlines()) == 4
    monkeypatch.setattr(simulation, "run_block", run_block)
    assert run("--out", "out").exit_code == 0
    assert run("--out", "whole").exit_code == 0
    assert tables(folder / "out") == tables(folder / "whole")
