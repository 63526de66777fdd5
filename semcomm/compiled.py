"""Machine code for the loops that array operations cannot express."""

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

SETTINGS: Any = numba.config

_DIGESTS: dict[Any, str] = {}
"""Of each Python function that `compiled` was called with: of all that its machine code holds."""


def compiled(function: Function) -> Function:
    """`function` compiled by numba on its first call, and kept on disk for later runs.

    numba keeps it in NUMBA_CACHE_DIR, beside the source or in the user's cache folder, whichever
    can be written to. Where none can (a read-only container), it refuses with a RuntimeError; each
    process then compiles for itself, which takes a second or two.

    numba compiles anew where the function's own file has changed. Its machine code also holds
    compiled functions and constants of other files, so a digest of them names a folder there.

    Dividing by zero gives what it gives in numpy and raises nothing, so that loops with divisions
    are vectorized.
    """
    njit: Any = partial(numba.njit, nogil=True, error_model="numpy")
    _DIGESTS[function] = _digest(function)
    try:
        folder = njit(cache=True)(function).stats.cache_path
    except RuntimeError:
        return cast(Function, njit(function))
    chosen, SETTINGS.CACHE_DIR = SETTINGS.CACHE_DIR, str(Path(folder, _DIGESTS[function]))
    try:
        return cast(Function, njit(cache=True)(function))
    finally:
        SETTINGS.CACHE_DIR = chosen


def _digest(function: Callable[..., Any]) -> str:
    """Of its file, and of the compiled functions and constants known there before it."""
    path = Path(inspect.getfile(function))
    digest = hashlib.sha256(path.read_bytes() if path.is_file() else b"")
    for name, value in sorted(function.__globals__.items()):
        if (called := getattr(value, "py_func", None)) in _DIGESTS:
            digest.update(_DIGESTS[called].encode())
        elif name.isupper():
            content = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
            digest.update(content)
    return digest.hexdigest()[:16]
