"""Work on several processes, its results in the order in which it was asked for."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 3
"""Tasks a worker that are asked for before their results are needed: enough that none waits."""

TRIALS = 3
"""Times that a task is begun before it counts as failed."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Failed:
    """In place of a result: what a task raised when it was last tried."""

    error: Exception


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    run: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: int,
    known: Callable[[Task], Result | None] = lambda task: None,
) -> Iterator[tuple[Task, Result | Failed]]:
    """Each task and its result, `run(task)`, or why there is none.

    With one worker it is computed in this process, when it is asked for. On others, a task that raises is tried
    again, and so is one that was lost with its process.

    known: the result where it need not be computed.
    """
    if workers == 1:
        yield from ((task, _here(run, known, task)) for task in tasks)
        return
    queue = _Queue(run, known, workers)
    try:
        for task in tasks:
            queue.ask(task)
            if len(queue.waiting) > AHEAD * workers:
                yield queue.first()
        while queue.waiting:
            yield queue.first()
    finally:
        queue.pool.shutdown(cancel_futures=True)


def _here(run: Callable[[Task], Result], known: Callable[[Task], Result | None], task: Task) -> Result | Failed:
    try:
        return known(task) or run(task)
    except Exception as error:  # one task's failure is not the others'
        return Failed(error)


class _Queue(Generic[Task, Result]):
    """Tasks that were asked for, the oldest first, and the processes that do them."""

    def __init__(self, run: Callable[[Task], Result], known: Callable[[Task], Result | None], workers: int) -> None:
        self.run, self.known, self.workers = run, known, workers
        self.pool = _pool(workers)
        self.waiting: deque[tuple[Task, Future[Result]]] = deque()

    def ask(self, task: Task) -> None:
        found = self.known(task)
        future: Future[Result] = Future()
        if found is None:
            future = self._submitted(task)
        else:
            future.set_result(found)
        self.waiting.append((task, future))

    def first(self) -> tuple[Task, Result | Failed]:
        """The oldest task and its result, when it is there."""
        task, future = self.waiting.popleft()
        try:
            return task, future.result()
        except Exception as error:  # whatever it is, it may have been the process's or the moment's
            result = self._again(task, error)
        self.waiting = deque((other, self._alive(other, future)) for other, future in self.waiting)
        return task, result

    def _again(self, task: Task, error: Exception) -> Result | Failed:
        """The task once more; after a process was lost nothing runs beside it, as it may be what ends them."""
        for _ in range(TRIALS - 1):
            try:
                return self._submitted(task).result()
            except Exception as other:
                error = other
        return Failed(error)

    def _alive(self, task: Task, future: "Future[Result]") -> "Future[Result]":
        lost = future.done() and isinstance(future.exception(), BrokenExecutor)
        return self._submitted(task) if lost else future

    def _submitted(self, task: Task) -> "Future[Result]":
        try:
            return self.pool.submit(self.run, task)
        except BrokenExecutor:
            self.pool = _pool(self.workers)
            return self.pool.submit(self.run, task)


def _pool(workers: int) -> Executor:
    """Fresh processes, which divide the cores among them."""
    threads = str(max(1, cores() // workers))
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, fresh, _begin, (threads,))


def _begin(threads: str) -> None:
    """Divide the cores, mostly before a process imports what reads these variables, and leave interrupts to its parent.

    A program's own file is imported before, and may have brought PyTorch along.
    """
    os.environ.update(dict.fromkeys(THREADS, threads))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(threads))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
