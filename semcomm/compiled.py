"""Machine code for the loops that array operations cannot express."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` compiled by numba on its first call, and kept on disk for later runs.

    numba keeps it in NUMBA_CACHE_DIR, beside the source or in the user's cache folder, whichever
    can be written to. Where none can (a read-only container), it refuses with a RuntimeError; each
    process then compiles for itself, which takes a second or two.

    Dividing by zero gives what it gives in numpy and raises nothing, so that loops with divisions
    are vectorized.
    """
    try:
        machine_code = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        machine_code = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Function, machine_code)
