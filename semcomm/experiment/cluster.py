"""A dask.distributed cluster as a pool of workers.

Workers need no file of the client's but those that a scenario names, under the same paths: a task comes with its
scenario as text, and its results go back over the network. The scheduler only passes them on, unread.
"""

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock
from typing import Any

import distributed

from semcomm.errors import RunError
from semcomm.experiment.scratch import forget
from semcomm.experiment.workers import AHEAD, Result, Task

SECONDS = 10
"""That a scheduler has to answer."""

_one_at_a_time = Lock()


class Cluster:
    """The workers of a scheduler, each with one thread for it, however many come and go."""

    def __init__(self, address: str) -> None:
        """Raises RunError where no scheduler answers."""
        try:
            client: Any = distributed.Client
            self._client = client(address, timeout=SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RunError(f"no dask scheduler answers at {address}: {error}") from error
        self._client.wait_for_workers(1)
        self._pool = self._client.get_executor(pure=False)

    @property
    def ahead(self) -> int:
        return AHEAD * max(1, len(self._client.nthreads()))

    def submit(self, run: Callable[[Task], Result], task: Task) -> "Future[Result]":
        future: Future[Result] = self._pool.submit(call, pickle.dumps((run, task)))
        return future

    def forget(self, run: str) -> None:
        """Remove it from every machine that still answers."""
        with suppress(OSError):
            self._client.run(forget, run, on_error="ignore")

    def close(self) -> None:
        """Cancel what is being done; the cluster goes on."""
        self._pool.shutdown(wait=False)
        self._client.close()


def call(pickled: bytes) -> Any:
    """Do a task, on whichever machine this is; one at a time, as its worker may have several threads."""
    run, task = pickle.loads(pickled)
    with _one_at_a_time:
        return run(task)
