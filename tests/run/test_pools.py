"""Results come in the order asked for, whoever computes them; failures cost only their own task."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from semcomm.run.open_pool import open_pool
from semcomm.run.pools import THREADS, TRIALS, Failure, ProcessPool, cores, map_in_order


class Job(NamedTuple):
    """What a worker is to do: note that it has begun, then fail or die the first few times, then
    square a number.
    """

    folder: Path
    number: int
    failures: int = 0
    deaths: int = 0
    seconds: float = 0.0
    exits: bool = False


def begun(folder: Path) -> list[int]:
    """The numbers of the jobs that were begun, as often as they were."""
    return sorted(int(path.name.split("-")[0]) for path in folder.iterdir())


def work(job: Job) -> int:
    before = len(list(job.folder.glob(f"{job.number}-*")))
    (job.folder / f"{job.number}-{before}").touch()
    time.sleep(job.seconds)
    if before < job.deaths:
        os._exit(1)
    if job.exits:
        sys.exit(0)
    if before < job.failures:
        raise ValueError(f"no luck with {job.number}")
    return job.number**2


def results_of(jobs: Iterable[Job], processes: int, **how: Any) -> list[tuple[Job, int | Failure]]:
    with open_pool(processes) as pool:
        return list(map_in_order(work, jobs, pool, **how))


def surroundings(_: int) -> tuple[dict[str, str], bool, int]:
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return {name: os.environ[name] for name in THREADS}, ignored, os.getpid()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_tasks(tmp_path: Path, processes: int) -> None:
    jobs = [Job(tmp_path, number, seconds=0.3 if number == 0 else 0.0) for number in range(12)]
    assert results_of(jobs, processes) == [(job, job.number**2) for job in jobs]
    assert begun(tmp_path) == list(range(12))


@pytest.mark.parametrize("processes", [1, 2])
def test_error_takes_its_results_place_and_others_are_done(tmp_path: Path, processes: int) -> None:
    jobs = [Job(tmp_path, number, failures=9 if number == 2 else 0) for number in range(5)]
    results = [result for _, result in results_of(jobs, processes)]
    assert isinstance(results[2], Failure)
    assert type(results[2].error) is ValueError
    assert str(results[2].error) == "no luck with 2"
    assert [result for result in results if not isinstance(result, Failure)] == [0, 1, 9, 16]
    assert begun(tmp_path) == list(range(5))


@pytest.mark.parametrize("processes", [1, 2])
def test_sys_exit_in_a_task_is_its_failure(tmp_path: Path, processes: int) -> None:
    jobs = [Job(tmp_path, number, exits=number == 1) for number in range(4)]
    results = [result for _, result in results_of(jobs, processes)]
    assert isinstance(results[1], Failure)
    assert str(results[1].error) == "it called sys.exit(0)"
    assert begun(tmp_path) == list(range(4))
    assert [result for result in results if not isinstance(result, Failure)] == [0, 4, 9]


@pytest.mark.kills
def test_task_that_loses_its_process_is_tried_again(tmp_path: Path) -> None:
    jobs = [Job(tmp_path, number, deaths=1 if number == 2 else 0) for number in range(4)]
    assert [result for _, result in results_of(jobs, 2)] == [0, 1, 4, 9]


@pytest.mark.kills
def test_a_task_that_ends_every_process_fails_alone(tmp_path: Path) -> None:
    jobs = [Job(tmp_path, number, deaths=99 if number == 1 else 0) for number in range(6)]
    results = [result for _, result in results_of(jobs, 2)]
    assert isinstance(results[1], Failure)
    assert isinstance(results[1].error, BrokenProcessPool)
    assert begun(tmp_path).count(1) == TRIALS
    assert [result for result in results if not isinstance(result, Failure)] == [0, 4, 9, 16, 25]


def test_workers_divide_cores_and_leave_interrupts_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(THREADS[0], "7")
    monkeypatch.delenv(THREADS[1], raising=False)
    before = dict(os.environ), signal.getsignal(signal.SIGINT)
    with open_pool(2) as pool:
        reported = [result for _, result in map_in_order(surroundings, range(4), pool)]
    assert (dict(os.environ), signal.getsignal(signal.SIGINT)) == before
    for threads, ignored, process in reported:
        assert threads == dict.fromkeys(THREADS, str(max(1, cores() // 2)))
        assert ignored
        assert process != os.getpid()


def test_one_worker_is_this_process_and_works_when_it_is_asked(tmp_path: Path) -> None:
    with open_pool(1) as pool:
        results = map_in_order(work, (Job(tmp_path, number) for number in count()), pool)
        assert begun(tmp_path) == []
        assert [next(results)[1] for _ in range(3)] == [0, 1, 4]
    assert begun(tmp_path) == [0, 1, 2]


def test_interruption_ends_processes_and_begins_no_more_tasks(tmp_path: Path) -> None:
    """Of ten tasks per worker that wait, more than a pool hands to its processes beforehand."""
    drawn: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in count():
            drawn.append(number)
            yield Job(tmp_path, number, seconds=0.2)

    with pytest.raises(KeyboardInterrupt), closing(ProcessPool(2, prefetch=10)) as pool:
        results = map_in_order(work, jobs(), pool)
        assert next(results)[1] == 0
        assert len(drawn) == 2 * 10 + 1
        results.throw(KeyboardInterrupt)
    assert multiprocessing.active_children() == []
    assert len(begun(tmp_path)) < len(drawn)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_known_is_not_computed(tmp_path: Path, processes: int) -> None:
    jobs = [Job(tmp_path, number) for number in range(6)]
    known = {1: 100, 4: 400}
    results = [
        result for _, result in results_of(jobs, processes, known=lambda job: known.get(job.number))
    ]
    assert results == [0, 100, 4, 9, 400, 25]
    assert begun(tmp_path) == [0, 2, 3, 5]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_not_wanted_any_more_is_dropped(tmp_path: Path, processes: int) -> None:
    seconds = 0.1 if processes == 2 else 0.0  # so that tasks wait in the pool
    jobs = [Job(tmp_path, number, seconds=seconds) for number in range(40)]
    unwanted = set(range(5, 40))
    results = results_of(jobs, processes, wanted=lambda job: job.number not in unwanted)
    assert [result for _, result in results] == [0, 1, 4, 9, 16]
    if processes == 2:
        assert len(begun(tmp_path)) < 40  # some were cancelled before they were begun
