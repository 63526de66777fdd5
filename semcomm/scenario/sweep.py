"""Sweeps: one scenario file, many cells.

    sweep: codec.entropy_coder: [huffman, fixed_length]              # an axis of a grid
      channel.crossover: {start: 0.0, stop: 0.01, step: 0.001}  # a range, both ends included, or
      with a factor codec.model, framing.crc: [[vq-n64, 0], [vq-n64, 16]]     # fields that change
      together

A list of such grids stands for all their cells, one grid after the other. The last axis changes
fastest.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from semcomm.scenario.document import Document, SourceLocation, as_yaml, key_path

MAX_CELLS = 100_000


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


def cells(document: Document) -> list[CellDocument]:
    """The cells of a document, in order; one where it has no sweep. Mistakes in the sweep are kept
    in it.
    """
    if "sweep" not in document.root:
        return [CellDocument({}, document)]
    sweep = document.value("sweep")
    base = document.without("sweep")
    grids = (
        {"sweep": sweep}
        if not isinstance(sweep, list)
        else {f"sweep[{i}]": grid for i, grid in enumerate(sweep)}
    )
    points = (
        combination for path, grid in grids.items() for combination in _grid(document, path, grid)
    )
    combinations = list(islice(points, MAX_CELLS + 1))
    if len(combinations) > MAX_CELLS:
        document.mistake("sweep", f"sweep has more than {MAX_CELLS} cells")
        return []
    return [_cell(base, combination) for combination in combinations]


def _grid(document: Document, path: str, grid: Any) -> Iterator[tuple[AxisPoint, ...]]:
    if not isinstance(grid, dict) or not grid:
        document.mistake(
            path, f"{path} is {as_yaml(grid)}; it takes a mapping of fields to lists or ranges"
        )
        return iter(())
    axes = [
        _axis_points(document, key_path(path, fields), fields, values)
        for fields, values in grid.items()
    ]
    return product(*axes)


def _axis_points(document: Document, path: str, fields: str, values: Any) -> list[AxisPoint]:
    keys = [key.strip() for key in fields.split(",")]
    if isinstance(values, dict):
        values = _range(document, path, values)
        if not values:
            return []  # it was told why
    if not isinstance(values, list) or not values:
        document.mistake(
            path,
            f"{path} is {as_yaml(values)}; it takes a list, or a range of start, stop and step",
        )
        return []
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


def _range(document: Document, path: str, written: Mapping[str, Any]) -> list[float]:
    """Example: start 0, stop 1, step 0.25 gives 0, 0.25, 0.5, 0.75, 1; whole numbers stay whole.

    Example: start 0.001, stop 0.1, factor 10 gives 0.001, 0.01, 0.1.
    """
    move = "factor" if "factor" in written else "step"
    limits = [written.get(name) for name in ("start", "stop", move)]
    numbers = [
        float(n)
        for n in limits
        if isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n)
    ]
    moves = _moves(move, *numbers) if len(written) == len(numbers) == 3 else -1.0
    if moves < 0:
        takes = "a range has a start, a stop, and a step or a positive factor that leads to it"
        document.mistake(path, f"{path} is {as_yaml(written)}; {takes}")
        return []
    start, _, by = numbers
    counted = range(min(MAX_CELLS, math.floor(moves + 1e-9)) + 1)
    if move == "factor":
        return [float(f"{start * by**number:.12g}") for number in counted]
    whole = all(isinstance(limit, int) for limit in limits)
    steps = [round(start + number * by, 12) for number in counted]
    return [int(value) for value in steps] if whole else steps


def _moves(move: str, start: float, stop: float, by: float) -> float:
    """How many steps or factors lead from start to stop; negative where they never do."""
    if move == "step":
        return (stop - start) / by if by else -1.0
    if by <= 0 or by == 1 or start * stop <= 0:
        return -1.0
    return math.log(stop / start) / math.log(by)


def _cell(base: Document, points: tuple[AxisPoint, ...]) -> CellDocument:
    document, changes = base.copied(), {}
    for point in points:
        for key, value in point.changes.items():
            document.put(key, value, point.place)
            changes[key] = value
    return CellDocument(changes, document)
