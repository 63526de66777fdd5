"""An interrupted run goes on where it was, to the same bytes; and a folder of another run is
refused.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pandas as pd
import pytest
from channel_files import FLIP
from click.testing import Result
from command import COMMAND, cli, cli_ok
from images import noise, save_images

from semcomm.errors import RunError
from semcomm.run import fingerprint
from semcomm.run.block import Block, Task, run_block
from semcomm.run.checked_files import write_json
from semcomm.run.pools import SerialPool
from semcomm.run.run import run_cells
from semcomm.run.run_folder import RunFolder, open_folder
from semcomm.scenario.scenario import read_scenarios
from semcomm.systems.image_files import ImageTransmitter

TABLES = ("results.csv", "per_image.csv", "pictures.png")
SCENARIO = """\
codec: {model: webp, quality: 10}
data: {images: photos}
framing: {crc: 16}
repeat: 3
channel: {model: binary_symmetric}
sweep: {channel.crossover: [0.001, 0.01], seed: [1, 2]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario of four cells, each of three blocks of ten small images."""
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    save_images(tmp_path / "photos", noise(10), "ppm")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options: str) -> Result:
    return cli("run", "mine.yaml", *options)


def run_ok(*options: str) -> Result:
    return cli_ok("run", "mine.yaml", *options)


def run_with(out: str, run_task: Callable[[Task], Block]) -> None:
    """The same run with another function doing its tasks."""
    cells = read_scenarios("mine.yaml")
    folder = RunFolder(Path(out), cells)
    silent = (lambda images: None), (lambda *results: None)
    run_cells(cells, folder, SerialPool(), *silent, run_task=run_task)


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


@pytest.mark.parametrize("patience", range(1, 12, 2))
def test_run_interrupted_repeatedly_ends_in_the_same_bytes(folder: Path, patience: int) -> None:
    """After each `patience` blocks."""
    run_ok("--out", "whole")
    ran: list[Task] = []

    def impatient(task: Task) -> Block:
        if len(ran) % (patience + 1) == patience:
            ran.append(task)
            raise KeyboardInterrupt
        ran.append(task)
        return run_block(task)

    interruptions = 0
    while True:
        try:
            run_with("pieces", impatient)
            break
        except KeyboardInterrupt:
            interruptions += 1
    assert interruptions
    assert len(ran) == 12 + interruptions  # nothing is done twice but what was interrupted
    assert tables(folder / "pieces") == tables(folder / "whole")
    assert not (folder / "pieces" / "blocks").exists()


def test_a_run_goes_on_where_its_folder_was_copied_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run_ok("--out", "whole")
    run_ok("--out", "pieces", "--where", "seed=1")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, elsewhere)
    shutil.rmtree(folder / "photos")
    monkeypatch.chdir(elsewhere)
    run_ok("--out", "pieces")
    assert tables(elsewhere / "pieces") == tables(folder / "whole")


def test_other_images_make_it_another_run(folder: Path) -> None:
    """Under another name, and of another content under the same name."""
    run_ok("--out", "out")
    first, other = folder / "photos" / "0000.ppm", folder / "photos" / "a.ppm"
    first.rename(other)
    refused = run("--out", "out")
    assert refused.exit_code == 2
    assert "the images differ, by their names or by their files" in refused.stderr
    other.rename(first)
    run_ok("--out", "out")
    first.write_bytes(first.read_bytes()[:-1] + b"!")
    assert "the images differ" in run("--out", "out").stderr


def test_other_packages_and_another_device_make_it_another_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt("out")
    versions = fingerprint._package_versions()
    other = versions.replace("numpy-", "numpy-1")
    monkeypatch.setattr(fingerprint, "_package_versions", lambda: other)
    refused = run("--out", "out")
    assert refused.exit_code == 2
    assert f"packages have other versions, {versions} there, {other} here" in refused.stderr
    here = {"scenario": {}, "device": "cpu"}
    assert fingerprint.difference(here | {"device": "cuda"}, here) == (
        "networks run on another device, cuda there, cpu here"
    )


def test_a_part_of_the_cells_is_a_part_of_the_run(folder: Path) -> None:
    run_ok("--out", "whole")
    reported = run("--out", "pieces", "--where", "channel.crossover=1e-2", "--where", "seed=2")
    assert reported.stderr.startswith("1 of 4 cells, 30 images to send, by 1 process")
    assert [line.split()[0] for line in reported.stdout.splitlines()] == ["cell", "4/4", "written:"]
    whole = (folder / "whole" / "results.csv").read_text().splitlines()
    assert (folder / "pieces" / "results.csv").read_text().splitlines() == [whole[0], whole[4]]
    assert not (folder / "pieces" / "per_image.csv").exists()
    run_ok("--out", "pieces", "--where", "seed=1")
    assert (folder / "pieces" / "results.csv").read_text().splitlines() == [
        whole[0],
        whole[1],
        whole[3],
        whole[4],
    ]
    run_ok("--out", "pieces")
    assert tables(folder / "pieces") == tables(folder / "whole")


@pytest.mark.parametrize(
    ("condition", "reported"),
    [
        ("seed=3", "no row has seed=3; seed is 1, 2"),
        ("sead=1", "the scenario: there is no column sead; did you mean `seed`? There are "),
    ],
)
def test_where_no_cell_is_meant_that_is_told_and_nothing_written(
    folder: Path, condition: str, reported: str
) -> None:
    refused = run("--out", "out", "--where", condition)
    assert refused.exit_code == 2
    assert reported in refused.stderr
    assert not (folder / "out").exists()


def test_a_run_that_is_done_is_not_done_again_unless_afresh(folder: Path) -> None:
    run_ok("--out", "out")
    before = tables(folder / "out")
    reported = run("--out", "out")
    assert reported.exit_code == 0
    assert reported.stdout == "out holds this run, done to its end; --fresh runs it again\n"
    run_ok("--out", "out", "--fresh")
    assert tables(folder / "out") == before


def test_images_are_repeated_over_other_noise_and_encoded_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode = ImageTransmitter.encode
    monkeypatch.setattr(
        ImageTransmitter,
        "encode",
        lambda sender, images: encoded.append(len(images)) or encode(sender, images),
    )
    one_cell = ["--set", "sweep.seed=[1]", "--set", "sweep.channel.crossover=[0.01]"]
    run_ok("--out", "once", "--set", "repeat=1", *one_cell)
    encoded.clear()
    run_ok("--out", "thrice", *one_cell)
    assert encoded == [10]
    once, thrice = (pd.read_csv(folder / name / "per_image.csv") for name in ("once", "thrice"))
    pd.testing.assert_frame_equal(once, thrice[:10], check_exact=True)
    for first in (10, 20):
        assert thrice.image[first : first + 10].tolist() == once.image.tolist()
        assert thrice.bit_errors[first : first + 10].tolist() != once.bit_errors.tolist()
    assert pd.read_csv(folder / "thrice" / "results.csv").images.tolist() == [30]


def test_records_are_parquet_or_csv_by_choice(folder: Path) -> None:
    reported = run("--out", "out", "--records", "parquet")
    assert "written: out/per_image.parquet" in reported.stdout
    assert not (folder / "out" / "per_image.csv").exists()
    run_ok("--out", "out", "--fresh", "--records", "csv")
    assert not (folder / "out" / "per_image.parquet").exists()
    assert (folder / "out" / "per_image.csv").exists()


INTERRUPTED = """\
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        raise KeyboardInterrupt
"""


def test_an_interruption_is_told_without_a_traceback(folder: Path) -> None:
    (folder / "flip.py").write_text(FLIP.split("    def transmit")[0] + INTERRUPTED)
    interrupted = run("--set", "channel={model: flip.py:Flip}", "--set", "sweep={seed: [1]}")
    assert interrupted.exit_code == 130
    assert interrupted.stderr.endswith("interrupted; the same command goes on\n")


def interrupt(out: str, place: int = 3) -> list[Path]:
    """The blocks of a run that was interrupted before the cell at this place."""

    def stops(task: Task) -> Block:
        if task.place == place:
            raise KeyboardInterrupt
        return run_block(task)

    with pytest.raises(KeyboardInterrupt):
        run_with(out, stops)
    return sorted(Path(out, "blocks").glob("*/[0-9]*.safetensors"))


def flip_a_bit(path: Path, position: int = -9) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 16
    path.write_bytes(content)


def test_damaged_and_swapped_blocks_are_computed_again(folder: Path) -> None:
    run_ok("--out", "whole")
    blocks = interrupt("pieces")
    assert len(blocks) == 9
    blocks[0].write_bytes(blocks[0].read_bytes()[:100])
    blocks[1].write_bytes(b"")
    flip_a_bit(blocks[2])
    fourth, seventh = blocks[4].read_bytes(), blocks[7].read_bytes()
    blocks[4].write_bytes(seventh)  # of the same number in another cell
    blocks[5].write_bytes(fourth)  # of another number in the same cell
    (blocks[0].parent / "foreign.safetensors").write_bytes(fourth)
    run_ok("--out", "pieces")
    assert tables(folder / "pieces") == tables(folder / "whole")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", None])
def test_a_damaged_row_is_computed_again(folder: Path, content: bytes | None) -> None:
    run_ok("--out", "whole")
    interrupt("pieces")
    rows = sorted((folder / "pieces" / "blocks").glob("*/row.json"))
    assert len(rows) == 3
    if content is None:
        rows[0].write_text(rows[0].read_text().replace('psnr_db": 1', 'psnr_db": 2'))
        rows[1].write_bytes(rows[2].read_bytes())
    else:
        rows[0].write_bytes(content)
    run_ok("--out", "pieces")
    assert tables(folder / "pieces") == tables(folder / "whole")


def test_files_of_another_content_with_their_digests_are_damaged(folder: Path) -> None:
    run_ok("--out", "whole")
    run_ok("--out", "done")
    write_json(folder / "done" / "done.json", {"tables": []})
    assert "done.json is damaged (it has no files of the type dict)" in run("--out", "done").stderr
    interrupt("pieces")
    row, *_ = sorted((folder / "pieces" / "blocks").glob("*/row.json"))
    write_json(row, {"cell": 3})
    run_ok("--out", "pieces")
    assert tables(folder / "pieces") == tables(folder / "whole")
    interrupt("more")
    write_json(folder / "more" / "run.json", {"cells": {}})
    assert "run.json is damaged (it has no cells of the type list)" in run("--out", "more").stderr


def test_a_damaged_record_of_the_run_is_refused(folder: Path) -> None:
    interrupt("pieces")
    (folder / "pieces" / "run.json").write_bytes(b"{")
    refused = run("--out", "pieces")
    assert refused.exit_code == 2
    assert "run.json is damaged" in refused.stderr


@pytest.mark.parametrize("name", ["results.csv", "per_image.csv", "pictures.png", "samples"])
def test_a_finished_run_notices_that_a_table_is_gone(folder: Path, name: str) -> None:
    run_ok("--out", "out")
    before = tables(folder / "out")
    path = folder / "out" / name
    gone = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in gone:
        file.unlink()
    refused = run("--out", "out")
    assert refused.exit_code == 2
    assert f"{gone[0].relative_to(folder / 'out')} is missing" in refused.stderr
    assert "--fresh" in refused.stderr
    run_ok("--out", "out", "--fresh")
    assert tables(folder / "out") == before


def test_a_finished_run_leaves_an_edited_table_as_it_is(folder: Path) -> None:
    run_ok("--out", "out")
    path = folder / "out" / "results.csv"
    path.write_text(path.read_text().replace("webp", "mine"))
    edited = path.read_bytes()
    refused = run("--out", "out")
    assert refused.exit_code == 2
    assert "results.csv was changed; --fresh makes all its files again" in refused.stderr
    assert path.read_bytes() == edited


def test_tables_of_no_run_are_not_overwritten(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "results.csv").write_text("mine")
    refused = run("--out", "out")
    assert refused.exit_code == 2
    assert "holds results.csv of no run that could be checked" in refused.stderr
    assert (folder / "out" / "results.csv").read_text() == "mine"


def test_a_folder_without_a_finished_block_is_free(folder: Path) -> None:
    assert interrupt("out", place=0) == []
    (folder / "photos" / "0000.ppm").unlink()
    run_ok("--out", "out")


def test_a_second_process_in_a_folder_is_refused_by_name(folder: Path) -> None:
    cells = read_scenarios("mine.yaml")
    with open_folder(Path("out"), cells, [0, 1], "semcomm run mine.yaml"):
        refused = run("--out", "out")
        assert refused.exit_code == 2
        assert f"process {os.getpid()} on {platform.node()} runs" in refused.stderr
        assert "`semcomm run mine.yaml`" in refused.stderr
        run_ok("--out", "out", "--where", "channel.crossover=0.01")
        fresh = run("--out", "out", "--fresh", "--where", "channel.crossover=0.01")
        other = run("--out", "out", "--images", "3")
        nothing_left = run("--out", "out", "--where", "channel.crossover=0.01")
        assert [fresh.exit_code, other.exit_code, nothing_left.exit_code] == [2, 2, 2]
    run_ok("--out", "out")
    run_ok("--out", "whole")
    assert tables(folder / "out") == tables(folder / "whole")
    assert [*(folder / "out").glob(".running-*")] == []


def test_the_lock_of_a_killed_process_ends_with_it(folder: Path) -> None:
    program = (
        "import os; from pathlib import Path; from semcomm.run.run_lock import Holder, locked\n"
        "with locked(Path('out'), Holder.here('run', [0], 'a command')): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert len([*(folder / "out").glob(".running-*")]) == 1
    run_ok("--out", "out")
    assert [*(folder / "out").glob(".running-*")] == []


@pytest.mark.parametrize(
    ("option", "difference"),
    [
        ("--set=sweep.seed=[1]", "it has 4 cells there, 2 here"),
        ("--set=codec.quality=11", "scenario.codec.quality is 10 there, 11 here"),
        ("--images=3", "scenario.images is null there, 3 here"),
    ],
)
def test_a_folder_of_another_run_is_refused_until_told_otherwise(
    folder: Path, option: str, difference: str
) -> None:
    run_ok("--out", "out")
    before = tables(folder / "out")
    refused = run("--out", "out", option)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: out holds the results of another run: ")
    assert difference in refused.stderr
    assert tables(folder / "out") == before
    run_ok("--out", "out", option, "--fresh")


@pytest.mark.slow
def test_a_channel_file_that_changed_makes_it_another_run(folder: Path) -> None:
    (folder / "flip.py").write_text(FLIP)
    (folder / "mine.yaml").write_text(
        SCENARIO.replace("{model: binary_symmetric}", "{model: flip.py:Flip}").split("sweep")[0]
    )
    run_ok("--out", "out")
    run_ok("--out", "out")
    (folder / "flip.py").write_text(FLIP + "\n# changed\n")
    refused = subprocess.run(
        [COMMAND, "run", "mine.yaml", "--out", "out"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "the Python file of the channel differs" in refused.stderr


def test_without_a_folder_what_was_changed_is_part_of_its_name(folder: Path) -> None:
    run_ok("--images", "3", "--set", "sweep.seed=[1]")
    assert [path.name for path in Path("results").iterdir()] == ["mine, sweep.seed=_1_, images=3"]


def test_a_cell_that_fails_costs_the_others_nothing(folder: Path) -> None:
    def fails(task: Task) -> Block:
        if task.place == 1:
            raise ValueError("no luck")
        return run_block(task)

    with pytest.raises(RunError, match=r'cell 2 of 4.*"seed": 2.*ValueError: no luck'):
        run_with("out", fails)
    assert len((folder / "out" / "results.csv").read_text().splitlines()) == 4
    run_ok("--out", "out")
    run_ok("--out", "whole")
    assert tables(folder / "out") == tables(folder / "whole")


def test_a_scenario_without_a_sweep_fails_as_a_cell_does(folder: Path) -> None:
    def fails(task: Task) -> Block:
        raise BrokenProcessPool("abrupt")

    text = (folder / "mine.yaml").read_text().split("sweep")[0]
    (folder / "mine.yaml").write_text(text.replace("symmetric", "symmetric, crossover: 0.01"))
    with pytest.raises(RunError, match=r"^the run failed: the process that ran it was ended"):
        run_with("out", fails)
    run_ok("--out", "out")


COUNTS = """\
from dataclasses import dataclass

import numpy as np
from semcomm import BitChannel, Frames, Reception
from semcomm.frames import Counts


@dataclass(frozen=True)
class Miscounting(BitChannel):
    wrong: int

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        n = np.ones(len(frames) + self.wrong, np.int64)
        return Reception(frames, counts=Counts(n, n, n, n, n, n))
"""


def test_wrong_counts_are_the_failure_of_their_cell(folder: Path) -> None:
    (folder / "counts.py").write_text(COUNTS)
    text = (folder / "mine.yaml").read_text().replace("binary_symmetric", "counts.py:Miscounting")
    (folder / "mine.yaml").write_text(text.split("sweep")[0] + "sweep: {channel.wrong: [1, 0]}")
    failed = run("--out", "out")
    assert failed.exit_code == 2
    assert "cell 1 of 2" in failed.stderr
    assert len((folder / "out" / "results.csv").read_text().splitlines()) == 2
