"""Who works in a run's folder: one process at a time for each cell.

Each process that runs cells holds a lock on a file of its own, `.running-*.json`, which says who it
is. The lock ends with the process, and so does the file, or the next one that starts removes it.
"""

import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from semcomm.errors import RunError
from semcomm.run.locks import try_lock

ENTRY, PATTERN = ".running", ".running-*.json"
SECONDS = 10
"""That the others take at most to write who they are."""


@dataclass(frozen=True)
class Holder:
    """A process that runs cells in a folder.

    run: a digest of all cells of its run.
    places: of the cells that it runs.
    """

    run: str
    places: list[int]
    command: str
    pid: int
    host: str
    since: str

    @classmethod
    def here(cls, run: str, places: Sequence[int], command: str) -> "Holder":
        """This process, from now on."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(run, list(places), command, os.getpid(), platform.node(), since)

    def is_in_the_way(self, other: "Holder", fresh: bool) -> bool:
        """Whether the other may not start; parts of one run that share no cell go together."""
        return fresh or self.run != other.run or bool({*self.places} & {*other.places})


@contextmanager
def locked(path: Path, holder: Holder, fresh: bool = False) -> Iterator[None]:
    """Hold a folder for some cells of a run.

    fresh: for all cells, as what is there will be deleted.
    Raises RunError where another process holds one of them, and names it. On a file system without
    locks nothing is held.
    """
    path.mkdir(parents=True, exist_ok=True)
    entry = path / f"{ENTRY}-{token_hex(8)}.json"
    try:
        with ExitStack() as held:
            with _entrance(path):
                for other in _holders(path):
                    if other.is_in_the_way(holder, fresh):
                        raise RunError(_refusal(path, other))
                file = held.enter_context(entry.open("x+b"))
                file.write(json.dumps(asdict(holder)).encode())
                file.flush()
                with suppress(OSError):
                    try_lock(file)
            yield
    finally:
        entry.unlink(missing_ok=True)


@contextmanager
def _entrance(path: Path) -> Iterator[None]:
    """One process at a time looks who is there and says that it is there."""
    with (path / ENTRY).open("ab") as file:
        deadline = time.monotonic() + SECONDS
        with suppress(OSError):
            while not try_lock(file):
                if time.monotonic() > deadline:
                    raise RunError(f"another process has been starting in {path} for {SECONDS} s")
                time.sleep(0.01)
        yield


def _holders(path: Path) -> Iterator[Holder]:
    """The processes that are in a folder; what others left is removed."""
    for entry in path.glob(PATTERN):
        holder = _holder(entry)
        if holder is None:
            entry.unlink(missing_ok=True)
        else:
            yield holder


def _holder(entry: Path) -> Holder | None:
    """The process that holds a file, or None where it has ended."""
    try:
        with entry.open("r+b") as file:
            if try_lock(file):
                return None
            return Holder(**json.loads(file.read()))
    except OSError:  # it has just ended, or this file system has no locks
        return None
    except (ValueError, TypeError):
        return Holder("", [], "an unknown command", 0, "an unknown host", "an unknown time")


def require_alone(path: Path, holder: Holder) -> None:
    """Raises RunError where another process than this holder works in the folder."""
    with _entrance(path):
        for other in _holders(path):
            if other != holder:
                raise RunError(_refusal(path, other))


def _refusal(path: Path, other: Holder) -> str:
    return (
        f"{path} is in use since {other.since}: process {other.pid} on {other.host} runs "
        f"`{other.command}`. Wait until it ends, or name another folder with --out"
    )
