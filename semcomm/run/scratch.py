"""What the workers of one machine share while a run lasts: nothing but time is lost with it."""

import shutil
import tempfile
from pathlib import Path
from secrets import token_hex


def new_run() -> str:
    """A name that no other run has, on whichever machine."""
    return f"semcomm-{token_hex(8)}"


def cache_dir(run: str) -> Path:
    """Where this machine keeps what a run shares; TMPDIR moves it, also to a shared disk."""
    return Path(tempfile.gettempdir()) / run


def delete_cache(run: str) -> None:
    """Remove what this machine keeps of a run."""
    shutil.rmtree(cache_dir(run), ignore_errors=True)
