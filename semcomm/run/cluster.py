"""A dask.distributed cluster as a pool of workers.

Workers need no file of the client's but those that a scenario names, under the same paths: a task
comes with its scenario as text, and its results go back over the network. The scheduler only passes
them on, unread.
"""

import math
import pickle
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from threading import Lock
from typing import Any

import distributed

from semcomm.errors import RunError
from semcomm.run.pools import PREFETCH, Pending, Result, Task
from semcomm.run.scratch import delete_cache

SECONDS = 10
"""That a scheduler has to answer."""

_one_at_a_time = Lock()


class Cluster:
    """The workers of a scheduler, however many come and go; RunError where no scheduler answers any
    more.
    """

    lost = (distributed.KilledWorker, CancelledError)

    def __init__(self, address: str, seconds: float = SECONDS) -> None:
        self._address, self._prefetch, self._asked = address, PREFETCH, -math.inf
        client: Any = distributed.Client
        try:
            self._client = client(address, timeout=seconds, set_as_default=False)
            self._client.wait_for_workers(1)
        except (OSError, ValueError) as error:
            raise self._lost(error) from error

    @property
    def prefetch(self) -> int:
        if (
            time.monotonic() > self._asked + 1
        ):  # second: the answer takes longer than a block to pass on
            try:
                self._prefetch, self._asked = (
                    PREFETCH * max(1, len(self._client.nthreads())),
                    time.monotonic(),
                )
            except OSError as error:
                raise self._lost(error) from error
        return self._prefetch

    def submit(self, run: Callable[[Task], Result], task: Task) -> Pending[Result]:
        if self._client.status != "running":
            raise self._lost(self._client.status)
        pending: Pending[Result] = self._client.submit(call, pickle.dumps((run, task)), pure=False)
        return pending

    def delete(self, run: str) -> None:
        """Remove it from every machine that still answers."""
        with suppress(OSError):
            self._client.run(delete_cache, run, on_error="ignore")

    def close(self) -> None:
        """Cancel what is being done; the cluster goes on."""
        self._client.close()

    def _lost(self, why: object) -> RunError:
        return RunError(
            f"no dask scheduler answers at {self._address}: {why}; the same command goes on"
        )


def call(pickled: bytes) -> Any:
    """Do a task, on whichever machine this is; one at a time, as its worker may have several
    threads.
    """
    run, task = pickle.loads(pickled)
    with _one_at_a_time:
        try:
            return run(task)
        except SystemExit as error:  # of a plug-in, and not of the worker
            raise RunError(f"it called sys.exit({error.code!r})") from error
