"""Which pool does the work of a run."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from semcomm.errors import RunError
from semcomm.run.pools import Pool, ProcessPool, SerialPool


@contextmanager
def open_pool(workers: int, scheduler: str | None = None) -> Iterator[Pool]:
    """This process for one worker, so many others, or the cluster of a dask scheduler there."""
    if scheduler:
        pool = _cluster(scheduler)
    else:
        pool = ProcessPool(workers) if workers > 1 else SerialPool()
    with closing(pool):
        yield pool


def _cluster(address: str) -> Pool:
    try:
        from semcomm.run.cluster import Cluster
    except ImportError as error:
        raise RunError(
            f"a scheduler needs dask.distributed: pip install 'semcomm[cluster]' ({error})"
        ) from error
    return Cluster(address)
