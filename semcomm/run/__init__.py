"""Runs: blocks, pools, resuming and tables. The package is the function `semcomm.run` itself."""

import sys
from types import ModuleType
from typing import Any


class _Runs(ModuleType):
    """This package under its name in `semcomm`, where it hides a function of that name."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """As `semcomm.run.from_python.run`."""
        from semcomm.run.from_python import run

        return run(*arguments, **options)


sys.modules[__name__].__class__ = _Runs
