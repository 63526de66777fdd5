"""What the workers of one machine share while a run lasts: nothing but time is lost with it."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from secrets import token_hex

from semcomm.run.locks import try_lock

PREFIX, LOCK = "semcomm-", "lock"


def new_run() -> str:
    """A name that no other run has, on whichever machine; it says whose it is."""
    host = re.sub(r"[^\w.]", "_", platform.node())
    return f"{PREFIX}{host}-{os.getpid()}-{token_hex(8)}"


def cache_dir(run: str) -> Path:
    """Where this machine keeps what a run shares; TMPDIR moves it, also to a shared disk."""
    return Path(tempfile.gettempdir()) / run


def delete_cache(run: str) -> None:
    """Remove what this machine keeps of a run."""
    shutil.rmtree(cache_dir(run), ignore_errors=True)


@contextmanager
def cache_lock(run: str) -> Iterator[None]:
    """While it lasts, no other run takes this one's folder for a leftover.

    Before, the leftovers of runs that were killed are removed. Where the temporary folder cannot
    be written or locked, nothing is.
    """
    with ExitStack() as held:
        with suppress(OSError):
            remove_leftovers()
            cache_dir(run).mkdir(parents=True)
            try_lock(held.enter_context((cache_dir(run) / LOCK).open("xb")))
        try:
            yield
        finally:
            delete_cache(run)


@cache
def remove_leftovers() -> None:
    """Remove, once per process, this user's folders of runs on this machine that have ended.

    Those are folders with a lock that nobody holds: it ends with the process of the run.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_own(folder) and _is_free(folder / LOCK):
                shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _is_free(lock: Path) -> bool:
    with lock.open("r+b") as file:
        return try_lock(file)
