"""The figures of a report: Vega-Lite specifications, compiled for the Vega inside the page."""

from collections.abc import Sequence
from typing import Any

import vl_convert

from semcomm.report.plot import COLOURS

Spec = dict[str, Any]
Style = dict[str, Any]

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
APPROXIMATION_DASH = [12, 6]
HEIGHT, FILE_WIDTH = 320, 640
GREY, FAINT = "#55606a", "#e3e1db"


def style_of(number: int, approximation: bool = False) -> Style:
    """The look of the line with this number in every figure, as in those of `semcomm plot`."""
    looks = {"colour": COLOURS, "shape": SHAPES, "dash": DASHES}
    style: Style = {name: choices[number % len(choices)] for name, choices in looks.items()}
    return style | ({"dash": APPROXIMATION_DASH} if approximation else {})


def rate_figure(
    names: Sequence[str],
    styles: Sequence[Style],
    x_title: str,
    y_title: str,
    xs: Sequence[float],
    ys: Sequence[float],
    originals: Sequence[float] = (),
) -> dict[str, Spec]:
    """Quality over measured rate: lines along hulls, hollow markers below them, intervals both
    ways.

    names, styles: of the lines; xs, ys: all values that the axes have to include.
    originals: what the measure says of the images as sent, of which each is a rule.
    Returns the figure for the "page" and for a "file".
    """
    x = _channel("x", x_title, {"zero": False, "nice": True, "domain": _padded(xs)})
    y = _channel("y", y_title, {"zero": False, "nice": True, "domain": _padded([*ys, *originals])})
    fill = {
        "condition": {"test": "!datum.hull", "value": "#ffffff"},
        **_scale("colour", names, styles),
    }
    layers = [
        _originals_layer(originals, y),
        {"transform": [{"filter": "datum.hull"}], **_line_layer(names, styles, x, y)},
        *_interval_layers(names, styles, x, y),
        {
            "mark": {"type": "point", "filled": True, "size": 64, "opacity": 1, "strokeWidth": 1.6},
            "encoding": {
                "x": x,
                "y": y,
                "shape": _scale("shape", names, styles),
                "stroke": _scale("colour", names, styles),
                "fill": fill,
            },
        },
        _hover_layer(x, y),
    ]
    return _compile(layers)


def axis_figure(
    names: Sequence[str],
    styles: Sequence[Style],
    x_title: str,
    y_title: str,
    xs: Sequence[float],
    ys: Sequence[float],
    originals: Sequence[float] = (),
) -> dict[str, Spec]:
    """Quality over the values of the slider, and a rule at the slider's position; else as
    `rate_figure` has it.
    """
    kind = _scale_type(xs)
    scale = {**kind, "nice": False, "padding": 14, "domain": [min(xs), max(xs)]}
    x = _channel("x", x_title, scale)
    if kind["type"] != "linear":
        x["axis"] = {"values": sorted(xs), "format": "~g", "labelOverlap": "greedy"}
    y = _channel("y", y_title, {"zero": False, "nice": True, "domain": _padded([*ys, *originals])})
    rule = {"type": "rule", "color": GREY, "strokeWidth": 1, "strokeDash": [3, 3]}
    points = {"type": "point", "filled": True, "size": 40, "opacity": 1}
    look = {"shape": _scale("shape", names, styles), "color": _scale("colour", names, styles)}
    layers = [
        _originals_layer(originals, y),
        {"data": {"name": "cursor", "values": []}, "mark": rule, "encoding": {"x": x}},
        _line_layer(names, styles, x, y),
        *_interval_layers(names, styles, x, y)[:1],
        {"mark": points, "encoding": {"x": x, "y": y, **look}},
        _hover_layer(x, y),
    ]
    return _compile(layers)


def vega_script() -> str:
    """Vega itself as a script for the page; it sets `window.vegaEmbed`."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)


def _channel(field: str, title: str, scale: Spec) -> Spec:
    """The encoding of a position, x or y."""
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": {"tickCount": 7},
    }


def _scale_type(values: Sequence[float]) -> Spec:
    """Logarithmic for values that span two decades, and linear below the least positive one where
    0 is among them.
    """
    least = min((value for value in values if value > 0), default=0.0)
    if min(values) < 0 or not least or max(values) < 100 * least:
        return {"type": "linear"}
    return {"type": "log"} if min(values) > 0 else {"type": "symlog", "constant": least}


def _padded(values: Sequence[float]) -> list[float]:
    """The range of the values and a margin; that of 0 for no values."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    margin = 0.06 * (high - low) or max(0.02 * abs(high), 0.5)
    return [float(low - margin), float(high + margin)]


def _scale(look: str, names: Sequence[str], styles: Sequence[Style]) -> Spec:
    """The encoding that gives each line its colour, shape or dash."""
    scale = {"domain": list(names), "range": [style[look] for style in styles]}
    return {"field": "line", "type": "nominal", "title": None, "scale": scale}


def _line_layer(names: Sequence[str], styles: Sequence[Style], x: Spec, y: Spec) -> Spec:
    look = {
        "color": _scale("colour", names, styles),
        "strokeDash": _scale("dash", names, styles),
    }
    return {"mark": {"type": "line", "strokeWidth": 1.8}, "encoding": {"x": x, "y": y, **look}}


def _originals_layer(originals: Sequence[float], y: Spec) -> Spec:
    rule = {"type": "rule", "color": GREY, "strokeWidth": 1, "strokeDash": [1, 3]}
    return {
        "data": {"values": [{"y": value} for value in originals]},
        "mark": rule,
        "encoding": {"y": y},
    }


def _interval_layers(names: Sequence[str], styles: Sequence[Style], x: Spec, y: Spec) -> list[Spec]:
    """Vertical and horizontal bars, at points that have an interval."""
    colour = {"color": _scale("colour", names, styles)}
    mark = {"type": "rule", "strokeWidth": 1.2, "opacity": 0.75, "clip": True}
    vertical: Spec = {"x": x, "y": {**y, "field": "yLow"}, "y2": {"field": "yHigh"}}
    horizontal: Spec = {"y": y, "x": {**x, "field": "xLow"}, "x2": {"field": "xHigh"}}
    return [
        {
            "transform": [{"filter": f"isValid(datum.{field})"}],
            "mark": mark,
            "encoding": {**ends, **colour},
        }
        for field, ends in (("yLow", vertical), ("xLow", horizontal))
    ]


def _hover_layer(x: Spec, y: Spec) -> Spec:
    """An invisible disc around each point, for fingers and mice."""
    mark = {
        "type": "point",
        "filled": True,
        "size": 500,
        "opacity": 0,
        "shape": "circle",
        "cursor": "pointer",
    }
    return {"name": "hover", "mark": mark, "encoding": {"x": x, "y": y}}


def _compile(layers: list[Spec]) -> dict[str, Spec]:
    """The figure as Vega, for the page, which has its own legend, and for a file, with a legend."""
    targets = {"page": ("container", {"disable": True}), "file": (FILE_WIDTH, LEGEND)}
    compiled: dict[str, Spec] = {}
    for target, (width, legend) in targets.items():
        specification = {
            "data": {"name": "points"},
            "datasets": {"points": []},
            "width": width,
            "height": HEIGHT,
            "autosize": {"type": "fit-x", "contains": "padding"},
            "layer": layers,
            "config": {**CONFIG, "legend": legend},
        }
        compiled[target] = vl_convert.vegalite_to_vega(specification, vl_version=VEGA_LITE)
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
