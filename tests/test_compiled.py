from collections.abc import Callable
from typing import Any

from semcomm.compiled import compiled


def test_function_numba_cannot_cache_is_compiled_anyway() -> None:
    namespace: dict[str, Callable[..., Any]] = {}
    exec(
        "def double(number): return 2 * number", namespace
    )  # its source is in no file, so nor is a cache
    double = compiled(namespace["double"])
    assert double(21) == 42
