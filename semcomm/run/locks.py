"""Locks on files that end with the process that holds them, however it ends."""

import os
from typing import BinaryIO

FAR = 1 << 30
"""Windows lets nobody read locked bytes: this one lies beyond the end of each file."""


def try_lock(file: BinaryIO) -> bool:
    """Lock an open file until it is closed; False where another process or file object holds it.

    Raises OSError where the file system has no locks.
    """
    return _try_windows(file) if os.name == "nt" else _try_posix(file)


def _try_posix(file: BinaryIO) -> bool:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_windows(file: BinaryIO) -> bool:
    import msvcrt  # typed for Windows alone

    place = file.tell()
    file.seek(FAR)
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except PermissionError:
        return False
    finally:
        file.seek(place)
    return True
