"""Whatever is killed or fails on the way, the same command ends in the bytes of an uninterrupted
run.
"""

import multiprocessing
import os
import signal
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from command import COMMAND
from images import noise, save_images
from waiting import until

pytestmark = pytest.mark.kills

TABLES = ("results.csv", "per_image.csv", "pictures.png")
SCENARIO = """\
codec: {model: webp, quality: 10}
data: {images: photos}
channel: {model: moody.py:Moody}
repeat: 2
sweep: {channel.crossover: [0.0, 0.001, 0.01, 0.1], seed: [1, 2]}
"""
BLOCKS = 16
MOODY = """\
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from semcomm import BitChannel, Frames, Reception

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Moody(BitChannel):
    crossover: float

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        while self.crossover == 0.1 and (HERE / "waits").exists():
            time.sleep(0.01)
        if self.crossover == 0.01 and (HERE / "raises").exists():
            raise ValueError("no luck")
        if self.crossover == 0.01 and (HERE / "dies").exists():
            (HERE / "dies").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        flips = rng.random(frames.bits.size) < self.crossover
        return Reception.of(frames.with_bits(frames.bits ^ flips))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario of eight cells, each of two blocks of 10 images.

    The last two cells wait as long as there is a file `waits`.
    """
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "moody.py").write_text(MOODY)
    save_images(tmp_path / "photos", noise(10), "ppm")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def run_here(out: str) -> None:
    """The command in this process."""
    from semcomm.cli import main

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        main(["run", "mine.yaml", "--out", out, "--workers", "1"])


def begun(out: str) -> multiprocessing.process.BaseProcess:
    """A process of its own for it, forked from one that has imported everything, so that kills meet
    the work.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["semcomm.console", "semcomm.run.run"])
    process = context.Process(target=run_here, args=(out,))
    process.start()
    return process


def finished(out: str) -> None:
    process = begun(out)
    process.join()
    assert process.exitcode == 0


def test_run_killed_after_any_block_ends_in_the_same_bytes(folder: Path) -> None:
    """Killed wherever it is when the next block of the first six cells is stored; the last two
    cells wait, so that it cannot end before.
    """
    finished("whole")
    expected = tables(folder / "whole")
    (folder / "waits").touch()
    for blocks in range(1, BLOCKS - 4 + 1):
        process = begun("pieces")
        until(lambda n=blocks, p=process: stored(folder / "pieces") >= n or not p.is_alive())
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        partial = folder / "pieces" / "results.csv"
        assert not partial.exists() or expected[0].startswith(partial.read_bytes())
    (folder / "waits").unlink()
    finished("pieces")
    assert tables(folder / "pieces") == expected


def stored(folder: Path) -> int:
    """The blocks that are done of a run that is not."""
    return len(list(folder.glob("blocks/*/[0-9]*.safetensors")))


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "run", "mine.yaml", *options], capture_output=True, text=True, check=False
    )


def children(pid: int) -> list[int]:
    """Its processes, as Linux knows them."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="needs Linux to know which processes are a run's"
)
def test_processes_of_a_killed_run_end_and_it_resumes(folder: Path) -> None:
    (folder / "waits").touch()
    command = [COMMAND, "run", "mine.yaml", "--workers", "2", "--out"]
    with subprocess.Popen(
        [*command, "pieces"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until(lambda: (folder / "pieces" / "results.csv").exists() or process.poll() is not None)
        assert process.poll() is None
        helpers = children(process.pid)
        assert len(helpers) >= 2
        process.kill()
    until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in helpers))
    (folder / "waits").unlink()
    finished("pieces")
    finished("whole")
    assert tables(folder / "pieces") == tables(folder / "whole")


def test_a_process_that_dies_costs_nothing_but_time(folder: Path) -> None:
    (folder / "dies").touch()
    assert run("--workers", "2", "--out", "pieces").returncode == 0
    assert not (folder / "dies").exists()
    finished("whole")
    assert tables(folder / "pieces") == tables(folder / "whole")


def test_cells_that_raise_are_listed_and_tried_again_later(folder: Path) -> None:
    (folder / "raises").touch()
    reported = run("--workers", "2", "--out", "pieces")
    assert reported.returncode == 2
    for number, seed in ((5, 1), (6, 2)):
        assert (
            f'cell {number} of 8, {{"channel.crossover": 0.01, "seed": {seed}}}, failed: '
            "ChannelError" in reported.stderr
        )
    assert "Traceback" not in reported.stderr
    assert len((folder / "pieces" / "results.csv").read_text().splitlines()) == 1 + 6
    (folder / "raises").unlink()
    finished("pieces")
    finished("whole")
    assert tables(folder / "pieces") == tables(folder / "whole")
