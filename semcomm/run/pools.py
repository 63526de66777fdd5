"""The seam between what is to be done and who does it: tasks over anything that takes them by
`submit`.

A pool is this process, others of this machine, or a dask.distributed cluster (cluster.py).
"""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Protocol, TypeVar

from semcomm.errors import RunError
from semcomm.run.scratch import delete_cache

Task = TypeVar("Task")
Result = TypeVar("Result")
Given = TypeVar("Given", covariant=True)

PREFETCH = 3
"""Tasks a worker that are asked for before their results are needed: enough that none waits."""

TRIALS = 3
"""Times that a task is begun which is lost with its process or machine, before it counts as failed.
"""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Pending(Protocol[Given]):
    """A result that is to come: what concurrent.futures and dask.distributed both call a future."""

    def result(self) -> Given: ...

    def cancel(self) -> object: ...


class Pool(Protocol):
    """Who does tasks.

    prefetch: how many may wait in it beyond the one whose result is needed next.
    lost: what a result raises whose task was lost with its process or machine.
    """

    @property
    def prefetch(self) -> int: ...

    @property
    def lost(self) -> tuple[type[Exception], ...]: ...

    def submit(self, run: Callable[[Task], Result], task: Task) -> Pending[Result]: ...

    def delete(self, run: str) -> None:
        """Remove what workers keep for each other while a run lasts."""

    def close(self) -> None:
        """End what is being done."""


@dataclass(frozen=True)
class Failure:
    """In place of a result: what a task raised when it was last tried."""

    error: Exception


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_order(
    run: Callable[[Task], Result],
    tasks: Iterable[Task],
    pool: Pool,
    known: Callable[[Task], Result | None] = lambda task: None,
    wanted: Callable[[Task], bool] = lambda task: True,
) -> Iterator[tuple[Task, Result | Failure]]:
    """Each task and its result, `run(task)`, or why there is none, in the order of the tasks.

    A task that was lost with its process or machine is tried again; one that raises would raise
    again.

    known: the result where it need not be computed.
    wanted: tasks of which this does not hold any more when it is their turn are dropped.
    """
    waiting: deque[tuple[Task, Pending[Result]]] = deque()
    for task in tasks:
        result = known(task)
        waiting.append((task, pool.submit(run, task) if result is None else _done(result)))
        if len(waiting) > pool.prefetch:
            yield from _first(waiting, run, pool, wanted)
    while waiting:
        yield from _first(waiting, run, pool, wanted)


def _first(
    waiting: deque[tuple[Task, Pending[Result]]],
    run: Callable[[Task], Result],
    pool: Pool,
    wanted: Callable[[Task], bool],
) -> Iterator[tuple[Task, Result | Failure]]:
    """The task that has waited longest, and its result when it is there; nothing where it is not
    wanted.
    """
    task, future = waiting.popleft()
    if not wanted(task):
        future.cancel()
        return
    for trial in range(TRIALS):
        try:
            # Nothing else is asked for meanwhile, so that a task that ends its process ends the
            # trial of no other.
            result: Result | Failure = (pool.submit(run, task) if trial else future).result()
            break
        except Exception as error:
            result = Failure(error)
            if not isinstance(error, pool.lost):
                break
        except SystemExit as error:  # of a plug-in, which ends no run
            result = Failure(RunError(f"it called sys.exit({error.code!r})"))
            break
    yield task, result


def _done(result: Result) -> "Future[Result]":
    future: Future[Result] = Future()
    future.set_result(result)
    return future


class SerialPool:
    """This process, which does a task when it is asked to."""

    prefetch = 0
    lost: tuple[type[Exception], ...] = ()

    def submit(self, run: Callable[[Task], Result], task: Task) -> "Future[Result]":
        future: Future[Result] = Future()
        try:
            future.set_result(run(task))
        except (Exception, SystemExit) as error:
            future.set_exception(error)
        return future

    def delete(self, run: str) -> None:
        """Remove it from this machine."""
        delete_cache(run)

    def close(self) -> None:
        """Nothing is being done."""


class ProcessPool:
    """Fresh processes of this machine; others take the place of lost ones.

    threads: of each; by default they divide the cores among them.
    prefetch: tasks of each that may wait.
    """

    lost = (BrokenExecutor,)

    def __init__(self, workers: int, threads: int | None = None, prefetch: int = PREFETCH) -> None:
        self.prefetch = prefetch * workers
        self._workers, self._threads = workers, threads or max(1, cores() // workers)
        self._pool = self._started()

    def submit(self, run: Callable[[Task], Result], task: Task) -> "Future[Result]":
        with _interrupts_blocked():
            try:
                return self._pool.submit(run, task)
            except BrokenExecutor:
                self._pool = self._started()
                return self._pool.submit(run, task)

    def delete(self, run: str) -> None:
        """End the processes, which may be writing to it, and remove it from this machine."""
        self.close()
        self._pool = self._started()
        delete_cache(run)

    def close(self) -> None:
        """End the processes, also amid tasks, as nobody waits for their results any more."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()
        self._pool.shutdown(cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        fresh = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, fresh, _begin, (str(self._threads),))


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile; processes that start here hold it back until they ignore it.

    A terminal interrupts them, too, which their imports would answer with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(threads: str) -> None:
    """Divide the cores, leave interrupts to the parent, and end with it whatever ends it.

    The variables are mostly set before a process imports what reads them. A program's own file is
    imported before, and may have brought PyTorch along.
    """
    os.environ.update(dict.fromkeys(THREADS, threads))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # as a pool's process has one
    parent.join()
    os._exit(1)
