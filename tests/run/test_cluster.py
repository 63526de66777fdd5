"""A dask scheduler and two workers, started by hand, do a sweep of which they are given the address
alone.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from command import COMMAND, cli
from waiting import until

from semcomm.errors import RunError
from semcomm.run.cluster import Cluster

pytestmark = pytest.mark.cluster

TABLES = ("results.csv", "per_image.csv", "pictures.png")
SCENARIO = """\
codec: {model: webp, quality: 10}
framing: {crc: 16}
channel: {model: slow.py:Slow}
images: 16
repeat: 4
sweep: {channel.crossover: [0.001, 0.01, 0.02, 0.05, 0.1, 0.2], seed: [1, 2]}
"""
SLOW = """\
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from semcomm import BitChannel, Frames, Reception


@dataclass(frozen=True)
class Slow(BitChannel):
    crossover: float

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        (Path(__file__).parent / f"begun-{os.getpid()}").touch()
        if self.crossover == 0.05 and (Path(__file__).parent / "raise").exists():
            raise ValueError("no luck")
        time.sleep(0.05)
        flips = rng.random(frames.bits.size) < self.crossover
        return Reception.of(frames.with_bits(frames.bits ^ flips))
"""


@contextmanager
def started(log: Path, says: str, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A command of dask and what the pattern finds in what it says; it is killed when the block
    ends.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command, "--no-dashboard"], stderr=file
        )
    try:
        result = until(lambda: re.search(says, log.read_text()) or process.poll() is not None)
        assert isinstance(result, re.Match), log.read_text()
        yield process, result[1]
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("scheduler") / "log"
    with started(
        log, "Scheduler at: +(tcp.*)", "scheduler", "--host", "127.0.0.1", "--port", "0"
    ) as (_, address):
        yield address


@pytest.fixture(scope="module")
def two_workers(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """The numbers of their processes."""
    place, says = tmp_path_factory.mktemp("workers"), "Registered to: +(tcp.*)"
    command = [
        "worker",
        scheduler,
        "--nthreads",
        "1",
        "--no-nanny",
        "--death-timeout",
        "60",
        "--local-directory",
        str(place),
    ]
    with (
        started(place / "1.log", says, *command) as (one, _),
        started(place / "2.log", says, *command) as (other, _),
    ):
        yield [one.pid, other.pid]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def begun(folder: Path) -> set[int]:
    """The processes that have begun a block."""
    return {int(path.name.split("-")[1]) for path in folder.glob("begun-*")}


def run(*options: str) -> Result:
    return cli("run", "mine.yaml", *options)


def here(folder: Path) -> list[bytes]:
    """The tables as this process makes them."""
    assert run("--workers", "1", "--out", "here").exit_code == 0
    return tables(folder / "here")


def test_cell_that_raises_on_a_worker_costs_no_other(
    scheduler: str, two_workers: list[int], folder: Path
) -> None:
    """And another command tries it again."""
    (folder / "raise").touch()
    reported = run("--scheduler", scheduler, "--out", "there")
    assert reported.exit_code == 2
    assert (
        'cell 7 of 12, {"channel.crossover": 0.05, "seed": 1}, failed: ChannelError: '
        in reported.stderr
    )
    assert "no luck" in reported.stderr
    assert len((folder / "there" / "results.csv").read_text().splitlines()) == 1 + 10
    (folder / "raise").unlink()
    assert run("--scheduler", scheduler, "--out", "there").exit_code == 0
    assert tables(folder / "there") == here(folder)


def test_a_worker_that_has_another_channel_is_refused(
    scheduler: str, two_workers: list[int], folder: Path
) -> None:
    assert run("--scheduler", scheduler, "--out", "there", "--where", "seed=1").exit_code == 0
    (folder / "slow.py").write_text(SLOW + "# changed\n")
    reported = run("--scheduler", scheduler, "--out", "other", "--where", "seed=1")
    assert reported.exit_code == 2
    assert (
        "is not that of this run: the Python file of the channel differs; restart"
        in reported.stderr
    )


def test_sweep_gives_the_same_bytes_when_a_worker_is_killed(
    scheduler: str, two_workers: list[int], folder: Path
) -> None:
    command = [COMMAND, "run", "mine.yaml", "--scheduler", scheduler, "--out", "there"]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: begun(folder) == set(two_workers) or process.poll() is not None)
        assert process.poll() is None
        os.kill(two_workers[1], signal.SIGKILL)
        _, reported = process.communicate()
        assert process.returncode == 0, reported
    assert tables(folder / "there") == here(folder)


def test_where_no_scheduler_answers_that_is_told() -> None:
    with pytest.raises(RunError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:1"):
        Cluster("tcp://127.0.0.1:1", seconds=0.5)


def test_workers_and_a_scheduler_exclude_each_other(folder: Path) -> None:
    reported = run("--scheduler", "tcp://127.0.0.1:1", "--workers", "2")
    assert reported.exit_code == 2
    assert "--workers are processes of this machine" in reported.stderr
