"""The lines of a report's figures: its cells, grouped into systems, and these into curves of rate
and quality.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from semcomm.report.curves import IDEAL, Curve, upper_hull
from semcomm.report.lines import (
    RATE_SETTINGS,
    USES,
    NumericAxis,
    Settings,
    groups,
    labels,
    slider_axis,
    unify_null_sections,
)
from semcomm.report.runs import Runs

OWN = "results", IDEAL, USES
"""Settings that make lines of one name several: the best is chosen at equal channel uses."""


@dataclass(frozen=True)
class FigurePoint:
    """One cell in the figures.

    row: of the results; system, family: the numbers of its lines.
    at: the position of its value on the axis; None for a cell without one, which is shown at all
        positions.
    views, hull: the positions at which the rate figure shows it, and at which it is on the upper
        hull of its family.
    envelope: the number of the line of which it is the best point at its position, if it is.
    """

    row: int
    system: int
    family: int
    at: int | None
    views: list[int]
    hull: list[int]
    envelope: int | None


class Line(NamedTuple):
    """approximation: of an ideal code; group: see `lines.groups`."""

    label: str
    approximation: bool
    group: str


@dataclass(frozen=True)
class Layout:
    """systems: the lines over the axis; families: those of the rate figure; envelopes: those
    through the best of several systems, none where there is only one each.
    """

    axis: NumericAxis | None
    systems: list[Line]
    families: list[Line]
    envelopes: list[Line]
    points: list[FigurePoint]

    @property
    def has_axis_figure(self) -> bool:
        """Whether there is a figure of quality over the axis; the rate figure shows a codec's own
        settings.
        """
        return self.axis is not None and not self.axis.is_of_codec


def lay_out(runs: Runs) -> Layout:
    """The lines, and which of them each cell is a point of."""
    rows = range(len(runs.samples))
    # The folder makes two runs of one scenario two lines.
    settings = unify_null_sections(
        [{**_with_channel_uses(runs, row), "results": runs.folder(row)} for row in rows]
    )
    axis = slider_axis(settings)
    of_axis = (axis.key,) if axis else ()
    system_of = _lines(settings, of_axis)
    family_of = _lines(_family_settings(runs, settings), (*of_axis, *RATE_SETTINGS))
    systems, families = (list(dict.fromkeys(names)) for names in (system_of, family_of))
    best_of, envelopes = _envelopes(runs, settings, axis, system_of)
    everywhere = list(range(len(axis.values))) if axis else [0]
    points = []
    for row in rows:
        at, views = None, everywhere
        if axis and axis.key in settings[row]:
            at = axis.values.index(settings[row][axis.key])
            views = everywhere if axis.is_of_codec else [at]
        numbers = systems.index(system_of[row]), families.index(family_of[row])
        points.append(FigurePoint(row, *numbers, at, views, [], best_of.get(row)))
    _mark_hulls(runs, points, everywhere)
    lone = str(settings[0].get("codec.model", ""))  # a lone line has no label of its own
    systems, families, envelopes = (
        [line._replace(label=line.label or lone) for line in lines]
        for lines in (systems, families, envelopes)
    )
    return Layout(axis, systems, families, envelopes, points)


def _with_channel_uses(runs: Runs, row: int) -> Settings:
    """The settings. Those of a system of symbols, which has no link, say how many it sends, so that
    it stands with digital systems of as many channel uses.
    """
    settings, uses = runs.samples[row].settings, runs.channel_uses.values[row]
    sends_symbols = np.isnan(runs.bits.values[row]) and np.isfinite(uses)
    return {**settings, USES: round(uses)} if sends_symbols else settings


def _lines(settings: Sequence[Settings], without: Sequence[str]) -> list[Line]:
    """The line of each cell, named by `labels`; an ideal code has its own ones."""
    rates = [cell.get(IDEAL) for cell in settings]
    one_rate = (IDEAL,) if len({*rates} - {None}) == 1 else ()
    without = *without, *one_rate
    lines = zip(labels(settings, without), rates, groups(settings, without), strict=True)
    return [Line(label, rate is not None, group) for label, rate, group in lines]


def _family_settings(runs: Runs, settings: Sequence[Settings]) -> list[Settings]:
    """The settings with the quantizer, or else the model: a curve of rates is of one of these."""
    return [
        {**cell, "quantizer": runs.quantizer(row) or cell.get("codec.model", "")}
        for row, cell in enumerate(settings)
    ]


def _mark_hulls(runs: Runs, points: Sequence[FigurePoint], views: Sequence[int]) -> None:
    """Fill in `hull` for all points that have both a rate and a quality."""
    x, y = runs.rate.values, runs.quality.values
    drawn = [point for point in points if np.isfinite([x[point.row], y[point.row]]).all()]
    for view in views:
        for family in {point.family for point in drawn}:
            members = [p for p in drawn if p.family == family and view in p.views]
            members.sort(key=lambda point: (x[point.row], y[point.row]))
            if not members:
                continue
            rows = [point.row for point in members]
            hull = upper_hull(Curve("", x[rows], y[rows], is_error=runs.quality.is_error))
            for point in members:
                if np.any((hull.x == x[point.row]) & (hull.y == y[point.row])):
                    point.hull.append(view)


def _envelopes(
    runs: Runs, settings: Sequence[Settings], axis: NumericAxis | None, system_of: Sequence[Line]
) -> tuple[dict[int, int], list[Line]]:
    """The rows that are the best point of a line at a value of the axis, with the line's number,
    and the lines; nothing where no line has several systems to choose from.
    """
    if axis is None or axis.is_of_codec:
        return {}, []
    line_of, quality = _envelope_lines(runs, settings, axis), runs.quality.gain
    lines = list(dict.fromkeys(line_of))
    systems, best = defaultdict[Any, set[Line]](set), dict[Any, int]()
    for row, cell in enumerate(settings):
        if axis.key in cell and np.isfinite(quality[row]):
            place = line_of[row], cell[axis.key]
            systems[place].add(system_of[row])
            if place not in best or quality[row] > quality[best[place]]:
                best[place] = row
    if all(len(several) == 1 for several in systems.values()):
        return {}, []
    return {row: lines.index(line) for (line, _), row in best.items()}, lines


def _envelope_lines(runs: Runs, settings: Sequence[Settings], axis: NumericAxis) -> list[Line]:
    """For each cell the line whose best point it may be: the one with its name, where names differ,
    else with the same codec and channel uses, whatever else of the link and the codec's rate.
    """
    names = [sample.name for sample in runs.samples]
    if len(set(names)) > 1:
        pairs = zip(names, settings, strict=True)
        own = [{"name": name, **{key: cell.get(key) for key in OWN}} for name, cell in pairs]
        return _lines(own, ())
    swept = {key for cell in settings for key in cell if key.startswith("link.")} - {*OWN}
    return _lines(_family_settings(runs, settings), (axis.key, *RATE_SETTINGS, *swept))
