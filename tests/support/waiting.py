"""Waiting for what another process does, instead of sleeping for as long as it may take."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(condition: Callable[[], Result], seconds: float = 60) -> Result:
    """What the condition gives as soon as it is true.

    seconds: after which waiting is in vain, far more than any machine takes.
    """
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"nothing happened in {seconds} seconds")
        time.sleep(0.01)
    return result
