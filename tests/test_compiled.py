import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semcomm.compiled import compiled


def test_function_numba_cannot_cache_is_compiled_anyway() -> None:
    namespace: dict[str, Callable[..., Any]] = {}
    exec(
        "def double(number): return 2 * number", namespace
    )  # its source is in no file, so nor is a cache
    double = compiled(namespace["double"])
    assert double(21) == 42


CALLER = """
from semcomm.compiled import compiled
from callee import FACTOR, add

@compiled
def outer(number):
    return inner(number)

@compiled
def inner(number):
    return FACTOR * add(number)
"""

CALLEE = """
from semcomm.compiled import compiled

FACTOR = {factor}

@compiled
def add(number):
    return number + {term}
"""


def test_cached_machine_code_follows_changes_in_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "caller.py").write_text(CALLER)

    def result_and_hits(factor: int, term: int) -> tuple[int, int]:
        (tmp_path / "callee.py").write_text(CALLEE.format(factor=factor, term=term))
        for name in ("caller", "callee"):
            sys.modules.pop(name, None)
        outer = __import__("caller").outer
        return outer(1), sum(outer.stats.cache_hits.values())

    assert result_and_hits(2, 3) == (8, 0)
    assert result_and_hits(2, 3) == (8, 1)
    assert result_and_hits(2, 1000) == (2002, 0)
    assert result_and_hits(10, 1000) == (10010, 0)
