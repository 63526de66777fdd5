"""Files appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_writer(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """A binary file that takes the name `path` when the block ends well, and vanishes when it does
    not.

    The old file, if any, stays readable under its name until then. Missing folders are made. A link
    stays one, and a device or a pipe, such as /dev/stdout, is written to as it is.

    durable: wait until a loss of power cannot take it; else the file may be gone or cut off after
        one.
    """
    if path.exists() and not path.is_file():
        with _named(path), path.open("wb") as file:
            yield file
        return
    path = path.resolve()
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            partial.chmod(0o666 & ~_umask())
            partial.replace(path)
            if durable:
                _sync_names([path, *made])
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _sync_names(paths: Iterable[Path]) -> None:
    """Wait until the names of these files and folders are on the disk.

    A file system that cannot sync folders, as on Windows or over a network, keeps names its own
    way.
    """
    for folder in {path.parent for path in paths}:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def check_writable(folder: Path) -> None:
    """Make a folder; raises OSError, before long work rather than after it, where no file can be
    written to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _named(folder):
        tempfile.TemporaryFile(dir=folder).close()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Lets errors of the operating system that name no file, or the hidden one beside this, name
    this one.
    """
    try:
        yield
    except OSError as error:
        if error.strerror is None:  # it is not the operating system's
            raise
        if error.filename is None or Path(str(error.filename)).name.startswith(f".{path.name}."):
            error.filename, error.filename2 = str(path), None
        raise


def write_atomically(path: Path, content: bytes, durable: bool = True) -> None:
    """`content` becomes the whole of `path`, or `path` stays as it was."""
    with atomic_writer(path, durable) as file:
        file.write(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
