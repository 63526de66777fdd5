"""How cells differ: which setting becomes an axis, and which settings name the lines."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semcomm.report.plot import axis_label
from semcomm.run.conditions import number

Settings = Mapping[str, Any]

Parts = tuple[str, ...]

NAMES = "name", "scenario"
FIRST = (
    *NAMES,
    "quantizer",
    "codec.model",
    "codec.quality",
    "codec.entropy_coder",
    "link.modulation",
    "link.code.rate",
)
LAST = "results"
USES = "link.channel_uses"
RATE_SETTINGS = "codec.model", "codec.quality", "codec.container", "codec.device"
"""Settings that move a point along its curve of rate and quality."""

MAX_LINES = 12
"""Lines that people tell apart in one figure."""

NO_AXIS = "seed", "images", "stop.frame_errors"
AXIS_PREFERENCE = "channel.esn0_db", "channel.", "link.", "codec.quality", ""


@dataclass(frozen=True)
class NumericAxis:
    """A setting that is a number, in which cells differ.

    values: all that occur, rising; None, where the setting is switched off, before them.
    """

    key: str
    values: list[float | None]

    @property
    def label(self) -> str:
        return axis_label(self.key)

    @property
    def is_of_codec(self) -> bool:
        """Whether it changes the rate of what is sent rather than the way over the channel."""
        return self.key.startswith("codec.")


def unify_null_sections(cells: Sequence[Settings]) -> list[Settings]:
    """The same settings, where `link.code: null` becomes `link.code.model: null` if another cell
    sets `link.code.model`, and likewise for other sections.
    """
    sections = {
        key.removesuffix(".model") for cell in cells for key in cell if key.endswith(".model")
    }
    return [
        {
            f"{key}.model" if value is None and key in sections else key: value
            for key, value in cell.items()
        }
        for cell in cells
    ]


def slider_axis(cells: Sequence[Settings]) -> NumericAxis | None:
    """The setting that the slider moves over: Es/N0, else another of the channel, else of the link,
    else an image format's quality, else another with several numbers; of equals the one with most
    values.
    """

    def preference(axis: NumericAxis) -> tuple[int, int]:
        starts = enumerate(AXIS_PREFERENCE)
        place = next(place for place, start in starts if axis.key.startswith(start))
        return place, -len(axis.values)

    candidates = [axis for key in _varying(cells) if (axis := _numeric_axis(cells, key))]
    return min(candidates, key=preference, default=None)


def labels(cells: Sequence[Settings], without: Sequence[str]) -> list[str]:
    """A label for each cell: the fewest settings, in a fixed order, that distinguish it from the
    others; `without` are settings that do not count.
    """
    return [", ".join(part) for part in _label_parts(cells, without)[1]]


def groups(cells: Sequence[Settings], without: Sequence[str]) -> list[str]:
    """For each cell the group that its line, named by `labels`, is shown with; empty where one
    figure shows all of them.

    More than `MAX_LINES` lines are grouped by the setting of their labels that makes the fewest
    groups of at most so many, or else the one whose largest group is smallest.

    Example: 10 codecs over 6 links make 6 groups, each of a link's 10 lines.
    """
    keys, lines = _label_parts(cells, without)
    count = len(set(lines))
    best, of_best = (count, 1), [""] * len(cells)
    for key in keys if count > MAX_LINES else ():
        texts = [_setting_text(cell, key) for cell in cells]
        sizes = Counter(text for text, _ in set(zip(texts, lines, strict=True)))
        merit = max(MAX_LINES, *sizes.values()), len(sizes)
        if merit < best and len(sizes) < count:
            best, of_best = merit, texts
    return of_best


def _label_parts(
    cells: Sequence[Settings], without: Sequence[str]
) -> tuple[list[str], list[Parts]]:
    """The settings that stand in any label, and the parts of each cell's."""
    keys, parts, done = list[str](), [Parts()] * len(cells), set[Parts]()
    for key in sorted(set(_varying(cells)) - set(without), key=_label_order):
        finer = [(*part, _setting_text(cell, key)) for part, cell in zip(parts, cells, strict=True)]
        kinds = Counter(part[:-1] for part in set(finer) if key == USES or part[:-1] not in done)
        parts = [new if kinds[old] > 1 else old for old, new in zip(parts, finer, strict=True)]
        if max(kinds.values(), default=0) > 1:
            keys.append(key)
        if key in NAMES:
            done = _of_one_line(cells, parts, without)
    return keys, parts


def _of_one_line(
    cells: Sequence[Settings], parts: Sequence[Parts], without: Sequence[str]
) -> set[Parts]:
    """The names of which no two cells of equal channel uses are in one place: one system, whatever
    else changes from place to place, such as a codec that follows the Es/N0.
    """
    places = [json.dumps([cell.get(key) for key in (*without, USES)]) for cell in cells]
    times = Counter(zip(parts, places, strict=True))
    return set(parts) - {part for (part, _), count in times.items() if count > 1} - {()}


def _varying(cells: Sequence[Settings]) -> list[str]:
    keys = dict.fromkeys(key for cell in cells for key in cell)
    values = {
        key: {json.dumps(cell[key]) if key in cell else None for cell in cells} for key in keys
    }
    return [key for key in keys if len(values[key]) > 1]


def _numeric_axis(cells: Sequence[Settings], key: str) -> NumericAxis | None:
    """The axis of a setting; None where it is not a number in at least two ways."""
    values = [cell[key] for cell in cells if key in cell]
    numbers = {float(value) for value in values if type(value) in (int, float)}
    others = [value for value in values if value is not None and type(value) not in (int, float)]
    if key in NO_AXIS or len(numbers) < 2 or others:
        return None
    return NumericAxis(key, [*([None] if None in values else []), *sorted(numbers)])


def _label_order(key: str) -> tuple[int, str]:
    """Names of models before other settings, which only some models have."""
    if key in FIRST:
        return FIRST.index(key), ""
    if key == LAST:
        return len(FIRST) + 2, ""
    return len(FIRST) + (not key.endswith(".model")), key


def _setting_text(cell: Settings, key: str) -> str:
    """Example: "chase" for link.retransmission.model, "slices 4" for framing.slices, "no
    interleaving" for null.
    """
    word = key.removesuffix(".model").rpartition(".")[2].replace("_", " ")
    if key not in cell:
        return f"default {word}"
    value = cell[key]
    if value is None:
        return f"no {word}"
    if not isinstance(value, str):
        return f"{word} {json.dumps(value)}"
    is_number = number(value.replace("/", "")) is not None
    return f"{word} {value}" if is_number else value
