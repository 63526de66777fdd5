"""What tells cells apart: which setting is an axis, and what a line is called by the others."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semcomm.report.plot import axis_label

Settings = Mapping[str, Any]

FIRST = (
    "name",
    "codec",
    "codec.model",
    "codec.quality",
    "codec.entropy_coder",
    "link.modulation",
    "link.code.rate",
)
LAST = "results"
NO_AXIS = "seed", "images", "stop.frame_errors"


@dataclass(frozen=True)
class Axis:
    """A setting that cells differ in by a number.

    values: all there are, rising; None, where the setting is switched off, before them.
    """

    key: str
    values: list[float | None]

    @property
    def label(self) -> str:
        return axis_label(self.key)

    @property
    def is_of_codec(self) -> bool:
        """Whether it moves the rate of what is sent, and not what happens to it."""
        return self.key.startswith("codec.")


def flat(document: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Settings by key path. Example: {"link": {"code": {"rate": "1/2"}}} gives {"link.code.rate":
    "1/2"}.
    """
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        found |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def aligned(cells: Sequence[Settings]) -> list[Settings]:
    """The same settings, where one cell switches off (null) what another one details by its
    model.
    """
    detailed = {
        key.removesuffix(".model") for cell in cells for key in cell if key.endswith(".model")
    }
    return [
        {
            f"{key}.model" if value is None and key in detailed else key: value
            for key, value in cell.items()
        }
        for cell in cells
    ]


def axis_of(cells: Sequence[Settings]) -> Axis | None:
    """The setting that a slider moves over: Es/N0, else the channel's, else another that takes
    several numbers.
    """
    candidates = [axis for key in _varying(cells) if (axis := _axis(cells, key))]
    return min(candidates, key=_preference, default=None)


def labels(cells: Sequence[Settings], without: Sequence[str]) -> list[str]:
    """What each cell is called by the settings, except some, that tell it from the others; the
    fewest, in order.
    """
    parts: list[tuple[str, ...]] = [()] * len(cells)
    for key in sorted(set(_varying(cells)) - set(without), key=_order):
        finer = [(*part, _told(cell, key)) for part, cell in zip(parts, cells, strict=True)]
        kinds = Counter(part[:-1] for part in set(finer))
        parts = [new if kinds[old] > 1 else old for old, new in zip(parts, finer, strict=True)]
    return [", ".join(part) for part in parts]


def _varying(cells: Sequence[Settings]) -> list[str]:
    keys = dict.fromkeys(key for cell in cells for key in cell)
    return [
        key
        for key in keys
        if len({json.dumps(cell.get(key, ...), default=str) for cell in cells}) > 1
    ]


def _axis(cells: Sequence[Settings], key: str) -> Axis | None:
    values = {
        cell[key] for cell in cells if isinstance(cell.get(key), int | float | None) and key in cell
    }
    numbers = sorted(value for value in values if value is not None and not isinstance(value, bool))
    others = [
        cell[key] for cell in cells if key in cell and not isinstance(cell[key], int | float | None)
    ]
    if key in NO_AXIS or len(numbers) < 2 or others or bool in map(type, values):
        return None
    return Axis(key, [*([None] if None in values else []), *map(float, numbers)])


def _preference(axis: Axis) -> tuple[int, int]:
    """Lower is better: where in the system it is, then how many values it takes."""
    order = ("channel.esn0_db", "channel.", "link.", "codec.quality", "")
    place = next(number for number, start in enumerate(order) if axis.key.startswith(start))
    return place, -len(axis.values)


def _order(key: str) -> tuple[int, str]:
    if key in FIRST:
        return FIRST.index(key), ""
    return (len(FIRST), key) if key != LAST else (len(FIRST) + 1, "")


def _told(cell: Settings, key: str) -> str:
    """Example: "chase" of link.retransmission.model, "slices 4" of framing.slices, "no
    interleaving" of null.
    """
    word = key.removesuffix(".model").rpartition(".")[2].replace("_", " ")
    if key not in cell:
        return f"default {word}"
    value = cell[key]
    if value is None:
        return f"no {word}"
    bare = isinstance(value, str) and not value.replace("/", "").replace(".", "").isdigit()
    return value if bare else f"{word} {value if isinstance(value, str) else json.dumps(value)}"
