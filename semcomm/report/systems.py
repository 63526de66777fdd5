"""The lines of a report's figures: its cells, grouped into systems, and these into curves of rate
and PSNR.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semcomm.report.curves import Curve, upper_hull
from semcomm.report.lines import Axis, aligned, axis_of, flat, labels
from semcomm.report.runs import Runs

RATE = "codec.model", "codec.quality", "codec.container", "codec.device"


@dataclass(frozen=True)
class Point:
    """One cell in the figures.

    row: of the results; system, family: the numbers of its lines.
    at: the number of its value on the axis; None where it has none, and holds all along.
    views, hull: of the values on the axis, those at which the rate-PSNR figure shows it, and at
        which it is on the upper hull of its family.
    """

    row: int
    system: int
    family: int
    at: int | None
    views: list[int]
    hull: list[int]


@dataclass(frozen=True)
class Layout:
    """systems: a line each over the axis; families: a line each in the figure of rate and PSNR."""

    axis: Axis | None
    systems: list[str]
    families: list[str]
    points: list[Point]

    @property
    def has_axis_figure(self) -> bool:
        """Whether PSNR is drawn over the axis; a codec's own settings are seen in the rate-PSNR
        figure.
        """
        return self.axis is not None and not self.axis.is_of_codec


def laid_out(runs: Runs) -> Layout:
    """Which line each cell is a point of."""
    settings = aligned([_settings(runs, row) for row in range(len(runs.cells))])
    axis = axis_of(settings)
    of_axis = (axis.key,) if axis else ()
    system_of = labels(settings, of_axis)
    family_of = labels(
        [_family(runs, row, cell) for row, cell in enumerate(settings)], (*of_axis, *RATE)
    )
    systems, families = (list(dict.fromkeys(names)) for names in (system_of, family_of))
    places = [_place(axis, cell) for cell in settings]
    everywhere = list(range(len(axis.values))) if axis else [0]
    moves = axis is not None and not axis.is_of_codec
    points = [
        Point(
            row,
            systems.index(system_of[row]),
            families.index(family_of[row]),
            places[row],
            [place] if moves and (place := places[row]) is not None else everywhere,
            [],
        )
        for row in range(len(settings))
    ]
    _mark_hulls(runs, points, everywhere)
    return Layout(axis, _named(systems, runs), _named(families, runs), points)


def _settings(runs: Runs, row: int) -> dict[str, Any]:
    """A cell's settings, and the folder that it is in, so that two runs of one scenario are two
    lines.
    """
    return {**flat(runs.cells[row].scenario), "results": str(runs.table["results"][row])}


def _family(runs: Runs, row: int, settings: Any) -> dict[str, Any]:
    """The settings with the quantizer, or the image format, for the codec: what one curve of rates
    is of.
    """
    quantizer = runs.table["quantizer"].fillna("")[row]
    return {**settings, "codec": quantizer or runs.table["codec"][row]}


def _place(axis: Axis | None, settings: Any) -> int | None:
    if axis is None or axis.key not in settings:
        return None
    return axis.values.index(settings[axis.key])


def _mark_hulls(runs: Runs, points: Sequence[Point], views: Sequence[int]) -> None:
    bits, psnr = runs.values["bits_per_image"], runs.values["psnr_db"]
    for view in views:
        for family in {point.family for point in points}:
            shown = [point for point in points if point.family == family and view in point.views]
            shown.sort(key=lambda point: (bits[point.row], psnr[point.row]))
            if not shown:
                continue
            rows = [point.row for point in shown]
            hull = upper_hull(Curve("", bits[rows], psnr[rows]))
            for point in shown:
                if np.any((hull.x == bits[point.row]) & (hull.y == psnr[point.row])):
                    point.hull.append(view)


def _named(names: list[str], runs: Runs) -> list[str]:
    """A lone line without a name is called after its codec."""
    codec = runs.table["codec"].fillna("")[0]
    return [name or str(codec) for name in names]
