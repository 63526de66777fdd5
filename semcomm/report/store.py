"""Values that many cells of a report share."""

from collections.abc import Callable
from typing import Any


class Store:
    """Values that many cells share; each is stored once and has a number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, make: Callable[[], Any]) -> int:
        """The number of the value with this key, which `make` makes at first."""
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(make())
        return self._numbers[key]
