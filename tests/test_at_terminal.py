"""What a person sees at a terminal, and with streams and names of files of any encoding."""

import os
import re
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from command import cli
from images import save_images

pytest.importorskip("pty", reason="needs pseudo-terminals")

from at_terminal import HERE, PROGRAM, at_terminal, on_screen

SWEEP = """\
codec: {model: webp, quality: 10}
data: {images: photos}
channel: {model: binary_symmetric}
receiver: {damaged: drop}
sweep:
  framing.header: [true, false]
  channel.crossover: [0, 0.001]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a scenario of four cells, and images of 32 x 32 pixels."""
    from semcomm.data.sample import Sample

    monkeypatch.chdir(tmp_path)
    save_images(tmp_path / "photos", Sample().load(0, 4))
    (tmp_path / "mine.yaml").write_text(SWEEP)
    return tmp_path


@pytest.mark.parametrize("columns", [100, 25])
def test_rows_of_a_sweep_stand_whole_above_the_bar(folder: Path, columns: int) -> None:
    shown, status = at_terminal(["run", "mine.yaml", "--out", "out"], columns)
    assert status == 0
    assert shown.count(b"images ") > 1  # the bar was there
    lines = on_screen(shown, columns)
    figures = r" +\d+\.\d\d +\d+\.\d{3}  "
    expected = [
        r"cell  bits_per_image  psnr_db  framing.header  channel.crossover",
        *(rf" 1/4{figures}true            0", rf" 2/4{figures}true            0.001"),
        *(rf" 3/4{figures}false           0", rf" 4/4{figures}false           0.001"),
    ]
    whole = "".join(line.ljust(columns) for line in lines)
    places = [match.start() for row in expected for match in re.finditer(row, whole)]
    assert len(places) == len(expected), lines
    assert all(place % columns == 0 for place in places)
    assert places == sorted(places)
    assert "images" in whole[places[-1] :]


def test_rows_that_are_redirected_stand_on_standard_output(folder: Path) -> None:
    lines = cli("run", "mine.yaml", "--out", "out").stdout.splitlines()
    assert lines[0].split() == [
        "cell",
        "bits_per_image",
        "psnr_db",
        "framing.header",
        "channel.crossover",
    ]
    assert [line.split()[0] for line in lines[1:5]] == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[4].split()[3:] == ["false", "0.001"]


def test_no_transmission_is_written_to_a_terminal(folder: Path) -> None:
    for target in ([], ["-o", "-"]):
        shown, status = at_terminal(["transmit", "photos", "--codec", "vq-n64", *target], 100)
        assert status == 2
        assert b"SEMC" not in shown
        assert b"name a file with -o" in shown
    assert not Path("-").exists()


def test_a_dash_is_standard_output(folder: Path) -> None:
    sent = cli("transmit", "photos", "--codec", "vq-n64", "-o", "-").stdout_bytes
    assert sent.startswith(b"SEMC")
    arrived = cli("channel", "error_free", "-o", "-", source=sent).stdout_bytes
    assert arrived == sent


SLEEPS = """\
import time
from dataclasses import dataclass

import numpy as np
from semcomm import BitChannel, Frames, Reception


@dataclass(frozen=True)
class Sleeps(BitChannel):
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        print("asleep", flush=True)
        for _ in range(600):
            time.sleep(0.1)
        return Reception.of(frames)
"""


@pytest.mark.kills
@pytest.mark.parametrize("workers", [1, 2])
def test_control_c_is_answered_without_waiting_for_blocks(folder: Path, workers: int) -> None:
    """They would take a minute; `at_terminal` sends Ctrl-C to all processes, as a terminal does."""
    (folder / "sleeps.py").write_text(SLEEPS)
    (folder / "mine.yaml").write_text(
        SWEEP.replace("binary_symmetric", "sleeps.py:Sleeps").replace(
            "  channel.crossover: [0, 0.001]\n", ""
        )
    )
    options = ["--out", "out", "--workers", workers]
    begun = time.monotonic()
    shown, status = at_terminal(["run", "mine.yaml", *options], 100, {b"asleep": b"\x03"})
    assert status == 130
    assert time.monotonic() - begun < 45
    assert b"interrupted; the same command goes on" in shown
    assert b"Traceback" not in shown


STRANGE = os.fsdecode(b"caf\xe9-\xf0\x9f\x8c\xb8-\x1b[2J.ppm")
"""The name of an image that is not UTF-8, and would clear a terminal."""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
def test_names_and_output_are_of_any_encoding(folder: Path, encoding: str) -> None:
    photos = folder / "photos"
    (photos / "0001.png").rename(photos / STRANGE)
    (photos / "broken-日本.png").write_bytes(b"")
    out, sent = (os.fsdecode(name) for name in (b"\xe9-out", b"sent-\xe9"))
    environment = {**os.environ, **HERE, "PYTHONIOENCODING": encoding}
    commands = {
        ("transmit", "photos", "--codec", "vq-n64", "-o", sent): 2,
        ("transmit", f"photos/{STRANGE}", "--codec", "vq-n64", "-o", sent): 0,
        ("receive", sent, "-o", out): 0,
    }
    for command, status in commands.items():
        done = subprocess.run(
            [*PROGRAM, *command], env=environment, capture_output=True, check=False
        )
        assert done.returncode == status, done.stderr
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stderr
    assert (Path(out) / "00000.png").exists()


def test_tables_have_names_that_are_no_text(folder: Path) -> None:
    (folder / "photos" / "0001.png").rename(folder / "photos" / os.fsdecode(b"caf\xe9.png"))
    assert cli("run", "mine.yaml", "--out", "out").exit_code == 0
    names = pd.read_csv("out/per_image.csv").image
    assert set(names) == {"0000.png", "0002.png", "0003.png", "caf\\xe9.png"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_errors_of_the_operating_system_name_the_file(folder: Path) -> None:
    transmit = "transmit", "photos", "--codec", "vq-n64", "-o"
    (folder / "file").write_text("")
    for target, words in {
        "/dev/full": "error: /dev/full: No space left on device\n",
        "file/sent": f"error: {folder}/file: File exists\n",
    }.items():
        result = cli(*transmit, target)
        assert result.exit_code == 2
        assert result.stderr == words
