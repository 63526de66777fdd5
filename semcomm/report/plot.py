"""Curves as a figure for a paper: as wide as an IEEE paper's columns, in its type size."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import Any, Literal, get_args

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from semcomm.choices import Axis, FigureSize
from semcomm.errors import ReportError
from semcomm.files import atomic_writer
from semcomm.report.curves import Curve, upper_hull
from semcomm.terminal import terminal_safe

Format = Literal["svg", "png", "pdf"]
Limits = tuple[float, float]

WIDTHS: dict[FigureSize, float] = {"one-column": 3.5, "two-columns": 7.16}  # inches
HEIGHT = 2.5  # inches, without the legend above
LEGEND_CHARACTERS = 60  # that fit in one line of a legend, in one column
LEGEND_COLUMNS = 3  # at most, in one column

# Okabe and Ito, Color universal design, 2008; without its yellow, which white paper swallows.
COLOURS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
MARKERS = "o", "s", "^", "D", "v", "P", "X", "<"
DASHES = "-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (5, 1, 1, 1, 1, 1))
APPROXIMATION_DASH = 0, (9, 4)
THEORY_COLOUR = "#666666"

NAMES = {
    "bits_per_image": "Bits per image",
    "payload_bits_per_image": "Entropy-coded bits per image",
    "entropy_bits_per_image": "Empirical entropy (bits per image)",
    "bpp": "Bits per pixel",
    "psnr_db": "PSNR (dB)",
    "nmse": "NMSE",
    "cosine": "Cosine similarity",
    "psnr_of_mean_mse_db": "PSNR of the mean MSE (dB)",
    "ssim": "SSIM",
    "nmse_db": "NMSE (dB)",
    "channel_uses_per_image": "Channel uses per image",
    "channel.crossover": "Crossover probability",
    "channel.esn0_db": "$E_s/N_0$ (dB)",
    "channel.ebn0_db": "$E_b/N_0$ (dB)",
}

STYLE: dict[Any, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "axes.axisbelow": True,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.6,
    "lines.markeredgewidth": 0.4,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "legend.frameon": False,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # publishers refuse matplotlib's own choice, type 3
    "svg.hashsalt": "semcomm",  # without it, names inside the file are new each time
}


def write_plot(
    curves: Sequence[Curve],
    path: Path,
    x: str,
    y: str,
    hull: bool = False,
    log: Collection[Axis] = (),
    size: FigureSize = "one-column",
    limits: Mapping[Axis, Limits] = MappingProxyType({}),
) -> None:
    """Draw curves with their intervals into an SVG, PNG or PDF file, chosen by its ending.

    The same curves give the same bytes.

    x, y: the columns that the curves show; the axes are named after them.
    hull: lines join only the points on each curve's upper hull; its other points are hollow
        markers.
    log: which axes are logarithmic; they show no point at or below 0.
    size: the width, in columns of a paper.
    limits: the ends of an axis, by default those of what is drawn.
    Raises ReportError for another ending, for limits that do not rise, and where a logarithmic axis
    leaves no point.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in get_args(Format):
        raise ReportError(f"{path}: a figure is a file in .svg, .png or .pdf")
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a person's own settings would change the figure
        matplotlib.rcParams.update(STYLE)
        figure = draw_figure(curves, x, y, hull, log, size, limits)
        with atomic_writer(path) as file:
            figure.savefig(file, format=kind, metadata=undated)


def draw_figure(
    curves: Sequence[Curve],
    x: str,
    y: str,
    hull: bool,
    log: Collection[Axis],
    size: FigureSize,
    limits: Mapping[Axis, Limits],
) -> Figure:
    """The figure, in matplotlib's current style."""
    figure = Figure(figsize=(WIDTHS[size], HEIGHT), layout="constrained")
    axes = figure.add_subplot(xlabel=axis_label(x), ylabel=axis_label(y))
    lines = [_draw(axes, curve, number, hull) for number, curve in enumerate(curves)]
    for direction, ends in limits.items():
        _set_limits(axes, direction, ends, direction in log)
    for direction in log:
        _make_logarithmic(axes, direction, limits.get(direction))
    if any(curve.title for curve in curves):
        columns = round(WIDTHS[size] / WIDTHS["one-column"])
        names = [_plain(curve.title) or "measured" for curve in curves]
        texts = [fill(name, columns * LEGEND_CHARACTERS) for name in names]
        _add_legend(figure, lines, texts, columns * LEGEND_COLUMNS)
    return figure


def axis_label(column: str) -> str:
    """The title of an axis that shows this column.

    Example: psnr_db is "PSNR (dB)"; framing.slices, which NAMES does not list, is "Slices".
    """
    words = column.rpartition(".")[-1].replace("_", " ").removesuffix(" db")
    unit = " (dB)" if column.endswith("_db") else ""
    return NAMES.get(column) or _plain(words[:1].upper() + words[1:] + unit)


def _draw(axes: Axes, curve: Curve, number: int, hull: bool) -> Line2D:
    """Draw the curve of this number; returns its line, for the legend."""
    colour = COLOURS[number % len(COLOURS)]
    marker, dash = (kinds[number % len(kinds)] for kinds in (MARKERS, DASHES))
    if curve.approximation:
        dash = APPROXIMATION_DASH
    if curve.theory:
        (line,) = axes.plot(curve.x, curve.y, ls=dash, color=THEORY_COLOUR)
        return line
    if curve.low is not None and curve.high is not None:
        reach = curve.y - curve.low, curve.high - curve.y
        bars: dict[str, Any] = {
            "ecolor": colour,
            "elinewidth": 0.6,
            "capsize": 1.4,
            "capthick": 0.6,
        }
        axes.errorbar(curve.x, curve.y, reach, fmt="none", **bars)
    if hull:
        axes.plot(curve.x, curve.y, ls="", marker=marker, color=colour, mfc="white")
        curve = upper_hull(curve)
    (line,) = axes.plot(curve.x, curve.y, ls=dash, marker=marker, color=colour)
    return line


def _add_legend(
    figure: Figure, lines: Sequence[Line2D], labels: Sequence[str], most_columns: int
) -> None:
    """Put a legend above the axes, in as many columns as fit, and raise the figure's height by
    the legend's.
    """
    for columns in range(most_columns, 0, -1):
        legend = figure.legend(
            lines, labels, loc="outside upper center", ncols=columns, handlelength=2.8
        )
        extent = legend.get_window_extent()
        if extent.width <= figure.bbox.width or columns == 1:
            break
        legend.remove()
    figure.set_size_inches(figure.get_figwidth(), HEIGHT + extent.height / figure.dpi)


def _set_limits(axes: Axes, direction: Axis, ends: Limits, is_logarithmic: bool) -> None:
    low, high = ends
    if not (math.isfinite(low) and low < high < math.inf):
        raise ReportError(f"the {direction} limits are {low:g} and {high:g}; they have to rise")
    if is_logarithmic and low <= 0:
        raise ReportError(f"the lower {direction} limit is {low:g}; a logarithmic axis is above 0")
    axes.set(**{f"{direction}lim": ends})


def _make_logarithmic(axes: Axes, direction: Axis, limits: Limits | None) -> None:
    """Make an axis logarithmic, with plain numbers where it spans less than two decades."""
    values = np.concatenate([np.asarray(line.get_data()[direction == "y"]) for line in axes.lines])
    if not (values > 0).any():
        raise ReportError(f"no {direction} is above 0; a logarithmic axis needs one")
    axis = {"x": axes.xaxis, "y": axes.yaxis}[direction]
    {"x": axes.set_xscale, "y": axes.set_yscale}[direction]("log", nonpositive="mask")
    low, high = limits or (values[values > 0].min(), values.max())
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def _plain(text: str) -> str:
    """Text that matplotlib shows unchanged, including dollar signs."""
    return terminal_safe(text).replace("$", r"\$")
