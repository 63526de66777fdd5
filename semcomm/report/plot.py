"""Curves as a figure for a paper: the width and type size of an IEEE column."""

from collections.abc import Collection, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Literal, get_args

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from semcomm.errors import ReportError
from semcomm.files import atomic_writer
from semcomm.report.curves import Curve, upper_hull
from semcomm.report.tables import shown

Direction = Literal["x", "y"]
Format = Literal["svg", "png", "pdf"]

WIDTH, HEIGHT = 3.5, 2.5  # inches, without the legend above
LONGEST = 60  # characters that fit in a line of a legend

# Okabe and Ito, Color universal design, 2008; without its yellow, which white paper swallows.
COLOURS = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
MARKERS = "o", "s", "^", "D", "v", "P", "X", "<"
DASHES = "-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (5, 1, 1, 1, 1, 1))

NAMES = {
    "bits_per_image": "Bits per image",
    "payload_bits_per_image": "Entropy-coded bits per image",
    "entropy_bits_per_image": "Empirical entropy (bits per image)",
    "bpp": "Bits per pixel",
    "psnr_db": "PSNR (dB)",
    "psnr_of_mean_mse_db": "PSNR of the mean MSE (dB)",
    "ssim": "SSIM",
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
    log: Collection[Direction] = (),
) -> None:
    """Draw curves into an SVG, PNG or PDF file, named by its ending; the same curves give the same
    bytes.

    x, y: the columns that the curves are of, which the axes are named after. Intervals are drawn
        where there are any.
    hull: lines join the points on each curve's upper hull alone, and its other points are hollow
        markers.
    log: which axes are logarithmic; they show no point at or below 0.
    Raises ReportError for another ending and where a logarithmic axis leaves no point.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in get_args(Format):
        raise ReportError(f"{path}: a figure is a file in .svg, .png or .pdf")
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a person's own settings would change the figure
        matplotlib.rcParams.update(STYLE)
        figure = drawn(curves, x, y, hull, log)
        with atomic_writer(path) as file:
            figure.savefig(file, format=kind, metadata=undated)


def drawn(
    curves: Sequence[Curve], x: str, y: str, hull: bool, log: Collection[Direction]
) -> Figure:
    """The figure, in the style that is set."""
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot(xlabel=axis_label(x), ylabel=axis_label(y))
    lines = [_draw(axes, curve, number, hull) for number, curve in enumerate(curves)]
    for direction in log:
        _make_logarithmic(axes, direction)
    if any(curve.label for curve in curves):
        _add_legend(figure, lines, [fill(_plain(curve.label), LONGEST) for curve in curves])
    return figure


def axis_label(column: str) -> str:
    """What a column is called on an axis.

    Example: psnr_db is "PSNR (dB)"; framing.slices, which has no name of its own, is "Slices".
    """
    words = column.rpartition(".")[-1].replace("_", " ").removesuffix(" db")
    unit = " (dB)" if column.endswith("_db") else ""
    return NAMES.get(column) or _plain(words[:1].upper() + words[1:] + unit)


def _draw(axes: Axes, curve: Curve, number: int, hull: bool) -> Line2D:
    """Draw the curve of this number; returns its line, which stands for it in the legend."""
    colour = COLOURS[number % len(COLOURS)]
    marker, dash = (kinds[number % len(kinds)] for kinds in (MARKERS, DASHES))
    if curve.low is not None and curve.high is not None:
        reach = curve.y - curve.low, curve.high - curve.y
        axes.errorbar(
            curve.x,
            curve.y,
            reach,
            fmt="none",
            ecolor=colour,
            elinewidth=0.6,
            capsize=1.4,
            capthick=0.6,
        )
    if hull:
        axes.plot(curve.x, curve.y, ls="", marker=marker, color=colour, mfc="white")
        curve = upper_hull(curve)
    (line,) = axes.plot(curve.x, curve.y, ls=dash, marker=marker, color=colour)
    return line


def _add_legend(figure: Figure, lines: Sequence[Line2D], labels: Sequence[str]) -> None:
    """Stand a legend above the axes, in as many columns as fit, and make the figure so much
    higher.
    """
    for columns in (3, 2, 1):
        legend = figure.legend(
            lines, labels, loc="outside upper center", ncols=columns, handlelength=2.8
        )
        extent = legend.get_window_extent()
        if extent.width <= figure.bbox.width or columns == 1:
            break
        legend.remove()
    figure.set_size_inches(WIDTH, HEIGHT + extent.height / figure.dpi)


def _make_logarithmic(axes: Axes, direction: Direction) -> None:
    """Make an axis logarithmic, with plain numbers on it where it spans less than two decades."""
    values = np.concatenate([np.asarray(line.get_data()[direction == "y"]) for line in axes.lines])
    if not (values > 0).any():
        raise ReportError(f"no {direction} is above 0, as a logarithmic axis needs it")
    axis: Axis = {"x": axes.xaxis, "y": axes.yaxis}[direction]
    {"x": axes.set_xscale, "y": axes.set_yscale}[direction]("log", nonpositive="mask")
    if values.max() < 100 * values[values > 0].min():
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def _plain(text: str) -> str:
    """Text that is shown as it is, dollar signs too."""
    return shown(text).replace("$", r"\$")
