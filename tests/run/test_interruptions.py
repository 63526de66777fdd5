"""Whatever is killed or fails on the way, the same command ends in the bytes of an uninterrupted
run.
"""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

COMMAND = Path(sys.executable).parent / "semcomm"
TABLES = ("results.csv", "per_image.csv", "pictures.png")
KILLS = 20
SCENARIO = """\
codec: {model: webp, quality: 10}
data: {images: photos}
channel: {model: moody.py:Moody}
repeat: 2
sweep: {channel.crossover: [0.0, 0.001, 0.01, 0.1], seed: [1, 2]}
"""
MOODY = """\
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from semcomm import BitChannel, Frames, Reception

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Moody(BitChannel):
    crossover: float

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
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
    """A folder with a scenario of eight cells of 20 images."""
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "moody.py").write_text(MOODY)
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        (tmp_path / "photos" / f"{number}.ppm").write_bytes(b"P6 8 8 255\n" + pixels.tobytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def run_here(out: str) -> None:
    """The command in this process, with blocks of 4 images."""
    from semcomm.cli import main
    from semcomm.data import data_set as data

    data.BLOCK_IMAGES = 4
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


def test_run_killed_after_any_block_ends_in_the_same_bytes(folder: Path) -> None:
    for _ in range(2):  # the second time everything is imported
        start = time.monotonic()
        whole = begun("whole")
        whole.join()
        assert whole.exitcode == 0
        seconds = time.monotonic() - start
        (folder / "whole").rename(folder / f"whole{_}")
    expected, chance = tables(folder / "whole0"), random.Random(6)
    kills, runs = 0, 0
    while kills < KILLS:
        process = begun(f"pieces{runs}")
        process.join(chance.uniform(0, seconds))
        process.kill()
        process.join()
        partial = folder / f"pieces{runs}" / "results.csv"
        assert not partial.exists() or expected[0].startswith(partial.read_bytes())
        if process.exitcode == 0:
            assert tables(folder / f"pieces{runs}") == expected
            runs += 1
        else:
            assert process.exitcode == -signal.SIGKILL
            kills += 1
    last = begun(f"pieces{runs}")
    last.join()
    assert last.exitcode == 0
    assert tables(folder / f"pieces{runs}") == expected


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
    command = [COMMAND, "run", "mine.yaml", "--workers", "2", "--out"]
    with subprocess.Popen(
        [*command, "pieces"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not (folder / "pieces" / "results.csv").exists():
            assert process.poll() is None
            time.sleep(0.01)
        helpers = children(process.pid)
        assert len(helpers) >= 2
        process.kill()
    for _ in range(100):
        if not any(Path(f"/proc/{pid}/exe").exists() for pid in helpers):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a process goes on without its run")
    assert run("--workers", "2", "--out", "pieces").returncode == 0
    assert run("--workers", "1", "--out", "whole").returncode == 0
    assert tables(folder / "pieces") == tables(folder / "whole")


def test_a_process_that_dies_costs_nothing_but_time(folder: Path) -> None:
    (folder / "dies").touch()
    assert run("--workers", "2", "--out", "pieces").returncode == 0
    assert not (folder / "dies").exists()
    assert run("--workers", "1", "--out", "whole").returncode == 0
    assert tables(folder / "pieces") == tables(folder / "whole")


def test_cells_that_raise_are_listed_and_tried_again_later(folder: Path) -> None:
    (folder / "raises").touch()
    told = run("--workers", "2", "--out", "pieces")
    assert told.returncode == 2
    for number, seed in ((5, 1), (6, 2)):
        assert (
            f"cell {number} of 8, {{'channel.crossover': 0.01, 'seed': {seed}}}, failed: "
            "ChannelError" in told.stderr
        )
    assert "Traceback" not in told.stderr
    assert len((folder / "pieces" / "results.csv").read_text().splitlines()) == 1 + 6
    (folder / "raises").unlink()
    assert run("--workers", "2", "--out", "pieces").returncode == 0
    assert run("--workers", "1", "--out", "whole").returncode == 0
    assert tables(folder / "pieces") == tables(folder / "whole")
