"""Sweeps: one scenario file, many cells.

    sweep:
      codec.entropy_coder: [huffman, fixed_length]              # an axis of a grid
      channel.crossover: {start: 0.0, stop: 0.01, step: 0.001}  # a range, both ends included, or
                                                                # with a factor
      codec.model, framing.crc: [[vq-n64, 0], [vq-n64, 16]]     # fields that change together

A list of such grids stands for all their cells, one grid after the other. The last axis changes
fastest. A field below a section that is swept or set, too, is written after it, in any order.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import chain, product
from typing import Any

from semcomm.scenario.document import Document, SourceLocation, Write, is_within, key_path
from semcomm.validation import as_yaml

MAX_CELLS = 100_000
TOO_MANY = f"more than {MAX_CELLS} values"
DIGITS = Context(prec=50)
"""Of factors; their powers would have millions of digits."""


@dataclass(frozen=True)
class CellDocument:
    """One scenario of a sweep: what the sweep sets in it, by key path, and its text with that
    applied.
    """

    changes: Mapping[str, Any]
    document: Document


@dataclass(frozen=True)
class AxisPoint:
    """One value of an axis: what it sets, and where it is written."""

    changes: Mapping[str, Any]
    place: SourceLocation


def cells(document: Document) -> Iterator[CellDocument]:
    """The cells of a document, in order; one where it has no sweep. Mistakes in the sweep are kept
    in it.
    """
    if "sweep" not in document.root:
        return iter([CellDocument({}, document)])
    sweep = document.value("sweep")
    base = document.without("sweep")
    named = (
        {"sweep": sweep}
        if not isinstance(sweep, list)
        else {f"sweep[{i}]": grid for i, grid in enumerate(sweep)}
    )
    grids = [_grid(document, path, grid) for path, grid in named.items()]
    if sum(math.prod(map(len, axes)) for axes in grids) > MAX_CELLS:
        document.mistake("sweep", f"sweep has more than {MAX_CELLS} cells")
        return iter(())
    points = chain.from_iterable(product(*axes) for axes in grids)
    return (_cell(base, combination) for combination in points)


def _grid(document: Document, path: str, grid: Any) -> list[list[AxisPoint]]:
    """The axes of a grid."""
    if not isinstance(grid, dict) or not grid:
        document.mistake(
            path, f"{path} is {as_yaml(grid)}; it takes a mapping of fields to lists or ranges"
        )
        return [[]]
    _check_fields(document, path, list(grid))
    return [
        _axis_points(document, key_path(path, fields), fields, values)
        for fields, values in grid.items()
    ]


def _check_fields(document: Document, path: str, axes: Sequence[str]) -> None:
    """Keep a mistake where a field has two axes, or an axis and an option."""
    axis_of: dict[str, str] = {}
    for axis in axes:
        for key in _keys(axis):
            if key in axis_of:
                what = f"{path} has two axes for {key}; it takes one"
                document.mistake(key_path(path, axis), what, at_key=True)
            axis_of[key] = axis
    for option in document.options:
        if option.key in axis_of:
            what = f"{option.key} is swept, so the option has no effect; set sweep.{option.key}"
            document.mistakes.append((option.place, what))


def _keys(axis: str) -> list[str]:
    return [key.strip() for key in axis.split(",")]


def _axis_points(document: Document, path: str, fields: str, values: Any) -> list[AxisPoint]:
    keys = _keys(fields)
    if isinstance(values, dict):
        values = _range(document, path, values)
        if not values:
            return []  # the range's mistake says why
    if not isinstance(values, list) or not values:
        document.mistake(
            path,
            f"{path} is {as_yaml(values)}; it takes a list, or a range of start, stop and step",
        )
        return []
    _check_unequal(document, path, values)
    points = []
    for number, value in enumerate(values):
        entry = f"{path}[{number}]"
        together = value if len(keys) > 1 else [value]
        if not isinstance(together, list) or len(together) != len(keys):
            document.mistake(
                entry,
                f"{entry} is {as_yaml(value)}; it takes a list of {len(keys)}, one for each field",
            )
            continue
        points.append(AxisPoint(dict(zip(keys, together, strict=True)), document.place(entry)))
    return points


def _check_unequal(document: Document, path: str, values: Sequence[Any]) -> None:
    """Keep a mistake at the first value that equals one before it."""
    numbers: dict[str, int] = {}
    for number, value in enumerate(values):
        first = numbers.setdefault(_normal(value), number)
        if first < number:
            entry = f"{path}[{number}]"
            what = f"{entry} is {as_yaml(value)}, as {path}[{first}] is; write each value once"
            document.mistake(entry, what)
            return


def _normal(value: Any) -> str:
    """Text that equal values share: 1 and 1.0 are equal, 1 and true are not."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True)


def _range(document: Document, path: str, written: Mapping[str, Any]) -> list[int | float]:
    """The values of a range, or none and a mistake; as exact as its limits are written.

    Example: start 0, stop 1, step 0.25 gives 0, 0.25, 0.5, 0.75, 1; whole numbers stay whole.

    Example: start 0.001, stop 0.1, factor 10 gives 0.001, 0.01, 0.1.
    """
    move = "factor" if "factor" in written else "step"
    limits = [written.get(name) for name in ("start", "stop", move)]
    numbers = [
        Decimal(repr(n))
        for n in limits
        if isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n)
    ]
    if not len(written) == len(numbers) == 3 or not _leads(move, *numbers):
        takes = "a range has a start, a stop, and a step or a positive factor that leads to it"
        document.mistake(path, f"{path} is {as_yaml(written)}; {takes}")
        return []
    values = _steps(*numbers) if move == "step" else _powers(*numbers)
    if not values:
        what = f"{path} is {as_yaml(written)}, which makes {TOO_MANY}; take a larger {move}"
        document.mistake(path, what)
    whole = move == "step" and all(isinstance(limit, int) for limit in limits)
    return [int(value) if whole else float(value) for value in values]


def _leads(move: str, start: Decimal, stop: Decimal, by: Decimal) -> bool:
    """Whether steps or factors lead from start to stop."""
    if move == "step":
        return by != 0 and (stop == start or (stop > start) == (by > 0))
    same_sign = (start > 0) == (stop > 0) and start != 0 and stop != 0
    return (
        by > 0 and by != 1 and same_sign and (stop == start or (abs(stop) > abs(start)) == (by > 1))
    )


def _steps(start: Decimal, stop: Decimal, step: Decimal) -> list[Fraction]:
    """Start, start + step, and so on up to stop; none where they are too many."""
    first, by = Fraction(start), Fraction(step)
    count = math.floor((Fraction(stop) - first) / by) + 1
    return [first + number * by for number in range(count)] if count <= MAX_CELLS else []


def _powers(start: Decimal, stop: Decimal, factor: Decimal) -> list[Decimal]:
    """Start, start x factor, and so on up to stop, which is met within a part in 10^9; none where
    they are too many.
    """
    values, value = [], start
    while (abs(value) < abs(stop)) == (factor > 1) and abs(value - stop) > abs(stop) * Decimal(
        "1e-9"
    ):
        values.append(value)
        value = DIGITS.multiply(value, factor)
        if len(values) > MAX_CELLS:
            return []
    return [*values, stop] if abs(value - stop) <= abs(stop) * Decimal("1e-9") else values


def _cell(base: Document, points: tuple[AxisPoint, ...]) -> CellDocument:
    document = base.copied()
    writes = [
        Write(key, value, point.place) for point in points for key, value in point.changes.items()
    ]
    keys = [write.key for write in writes]
    options = [option for option in base.options if any(is_within(option.key, key) for key in keys)]
    document.put_all([*writes, *options])
    return CellDocument({key: document.value(key) for key in keys}, document)
