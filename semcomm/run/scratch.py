"""What the workers of one machine keep for each other while a run lasts: nothing but time is lost
with it.
"""

import shutil
import tempfile
from pathlib import Path
from secrets import token_hex


def new_run() -> str:
    """A name that no other run has, on whichever machine."""
    return f"semcomm-{token_hex(8)}"


def folder(run: str) -> Path:
    """Where this machine keeps what belongs to a run; TMPDIR moves it, also to where several
    machines share it.
    """
    return Path(tempfile.gettempdir()) / run


def forget(run: str) -> None:
    """Remove what this machine keeps of a run."""
    shutil.rmtree(folder(run), ignore_errors=True)
