"""Code of plug-ins: where it prints, and what becomes of what it raises."""

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from semcomm.errors import SemcommError


@contextmanager
def plugin_code(name: str, home: Any, error: type[SemcommError]) -> Iterator[None]:
    """Runs a plug-in's code, whose prints go to standard error.

    name: as messages have it, such as "channel Awgn".
    home: the class, function or file of the plug-in.
    Raises `error`, naming the plug-in's line, for whatever it raises, `SystemExit` included.
    Errors of semcomm and interrupts pass through.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except SemcommError:
        raise
    except (Exception, SystemExit) as raised:  # whatever it raises is its author's to mend
        what = f"{type(raised).__name__}: {raised}"
        raise error(f"{name} failed: {what}{plugin_line(raised, home)}") from raised


def plugin_line(raised: BaseException, home: Any) -> str:
    """The place in the plug-in's own file that raised, as in " (mine.py:12)"; else nothing."""
    try:
        file = home if isinstance(home, str) else inspect.getfile(home)
    except (TypeError, OSError):
        return ""
    lines = [
        entry.lineno
        for entry in traceback.extract_tb(raised.__traceback__)
        if entry.filename == file
    ]
    return f" ({file}:{lines[-1]})" if lines else ""
