"""The figures of a report as Vega-Lite specifications, compiled for the Vega that is in the
page.
"""

from collections.abc import Sequence
from typing import Any

import vl_convert

from semcomm.report.plot import COLOURS

Spec = dict[str, Any]

VEGA_LITE = "6.4"
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "triangle-down",
    "cross",
    "triangle-right",
    "triangle-left",
)
DASHES: tuple[list[int], ...] = ([1, 0], [7, 3], [2, 2], [7, 2, 2, 2], [7, 2, 2, 2, 2, 2])
HEIGHT, FILE_WIDTH = 320, 640
GREY, FAINT = "#55606a", "#e3e1db"


def style_of(number: int) -> dict[str, Any]:
    """How the line of this number looks, in every figure: as those of `semcomm plot` do."""
    kinds = {"colour": COLOURS, "shape": SHAPES, "dash": DASHES}
    return {name: kind[number % len(kind)] for name, kind in kinds.items()}


def rate_figure(
    names: Sequence[str], styles: Sequence[dict[str, Any]], xs: Any, ys: Any
) -> dict[str, Spec]:
    """PSNR over measured bits: lines along hulls, hollow markers below them, intervals both
    ways.
    """
    x = _position("x", "Bits per image", _padded(xs))
    y = _position("y", "PSNR (dB)", _padded(ys))
    on_hull = {"filter": "datum.hull"}
    layers = [
        {"transform": [on_hull], **_line(names, styles, x, y)},
        *_intervals(names, styles, x, y),
        {
            "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1, "strokeWidth": 1.6},
            "encoding": {
                "x": x,
                "y": y,
                **_look(names, styles, "shape", "stroke"),
                "fill": {
                    "condition": {"test": "!datum.hull", "value": "#ffffff"},
                    **_colour(names, styles),
                },
            },
        },
        _hover(x, y),
    ]
    return _compiled(layers)


def axis_figure(
    names: Sequence[str], styles: Sequence[dict[str, Any]], label: str, xs: Sequence[float], ys: Any
) -> dict[str, Spec]:
    """PSNR over what the slider moves, and the slider's place."""
    kind = _spread(xs)
    x = _position(
        "x", label, None, {**kind, "nice": False, "padding": 14, "domain": [min(xs), max(xs)]}
    )
    if kind["type"] != "linear":
        x["axis"] = {"values": sorted(xs), "format": "~g", "labelOverlap": "greedy"}
    y = _position("y", "PSNR (dB)", _padded(ys))
    rule = {"type": "rule", "color": GREY, "strokeWidth": 1, "strokeDash": [3, 3]}
    points = {"type": "point", "filled": True, "size": 40, "opacity": 1}
    layers = [
        {"data": {"name": "cursor", "values": []}, "mark": rule, "encoding": {"x": x}},
        _line(names, styles, x, y),
        *_intervals(names, styles, x, y)[:1],
        {"mark": points, "encoding": {"x": x, "y": y, **_look(names, styles, "shape", "color")}},
        _hover(x, y),
    ]
    return _compiled(layers)


def vega() -> str:
    """Vega itself, to stand in the page: it sets `window.vegaEmbed`."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)


def _position(name: str, title: str, domain: Any, scale: Any = None) -> Spec:
    scale = scale or {"zero": False, "nice": True, "domain": domain}
    return {
        "field": name,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": {"tickCount": 7},
    }


def _spread(values: Sequence[float]) -> Spec:
    """Logarithmic for what spans two decades, and linear below the least where there is a 0,
    too.
    """
    least = min((value for value in values if value > 0), default=0.0)
    if min(values) < 0 or not least or max(values) < 100 * least:
        return {"type": "linear"}
    return {"type": "log"} if min(values) > 0 else {"type": "symlog", "constant": least}


def _padded(values: Any) -> list[float]:
    low, high = float(min(values)), float(max(values))
    room = 0.06 * (high - low) or max(0.02 * abs(high), 0.5)
    return [low - room, high + room]


def _look(names: Sequence[str], styles: Sequence[dict[str, Any]], *channels: str) -> Spec:
    look: Spec = {}
    for channel in channels:
        if channel in ("color", "stroke"):
            look[channel] = _colour(names, styles)
        else:
            kinds = [style["dash" if channel == "strokeDash" else channel] for style in styles]
            scale = {"domain": list(names), "range": kinds}
            look[channel] = {"field": "line", "type": "nominal", "title": None, "scale": scale}
    return look


def _colour(names: Sequence[str], styles: Sequence[dict[str, Any]]) -> Spec:
    scale = {"domain": list(names), "range": [style["colour"] for style in styles]}
    return {"field": "line", "type": "nominal", "title": None, "scale": scale}


def _line(names: Sequence[str], styles: Sequence[dict[str, Any]], x: Spec, y: Spec) -> Spec:
    look = _look(names, styles, "color", "strokeDash")
    return {"mark": {"type": "line", "strokeWidth": 1.8}, "encoding": {"x": x, "y": y, **look}}


def _intervals(
    names: Sequence[str], styles: Sequence[dict[str, Any]], x: Spec, y: Spec
) -> list[Spec]:
    """Up and down, then left and right, where there is an interval."""
    look = _look(names, styles, "color")
    mark = {"type": "rule", "strokeWidth": 1.2, "opacity": 0.75, "clip": True}
    upright: Spec = {"x": x, "y": {**y, "field": "yLow"}, "y2": {"field": "yHigh"}}
    across: Spec = {"y": y, "x": {**x, "field": "xLow"}, "x2": {"field": "xHigh"}}
    return [
        {
            "transform": [{"filter": f"isValid(datum.{field})"}],
            "mark": mark,
            "encoding": {**ends, **look},
        }
        for field, ends in (("yLow", upright), ("xLow", across))
    ]


def _hover(x: Spec, y: Spec) -> Spec:
    """Around each point a disc that cannot be seen, for fingers and mice."""
    mark = {
        "type": "point",
        "filled": True,
        "size": 500,
        "opacity": 0,
        "shape": "circle",
        "cursor": "pointer",
    }
    return {"name": "hover", "mark": mark, "encoding": {"x": x, "y": y}}


def _compiled(layers: list[Spec]) -> dict[str, Spec]:
    """The figure for the page, whose legend is the page's own, and for a file, with a legend in
    it.
    """
    return {
        "page": _vega(layers, "container", {"disable": True}),
        "file": _vega(layers, FILE_WIDTH, LEGEND),
    }


def _vega(layers: list[Spec], width: int | str, legend: Spec) -> Spec:
    spec = {
        "data": {"name": "points"},
        "datasets": {"points": []},
        "width": width,
        "height": HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "layer": layers,
        "config": {**CONFIG, "legend": legend},
    }
    compiled: Spec = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
    return compiled


LEGEND: Spec = {
    "orient": "top",
    "columns": 2,
    "labelFontSize": 12,
    "labelColor": GREY,
    "symbolSize": 64,
    "offset": 12,
}
CONFIG: Spec = {
    "font": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelColor": GREY,
        "titleColor": GREY,
        "titleFontWeight": "normal",
        "titleFontSize": 13,
        "labelFontSize": 12,
        "titlePadding": 10,
        "labelPadding": 6,
        "domain": False,
        "ticks": False,
        "gridColor": FAINT,
    },
}
