"""Figures: the same bytes twice, what is in them, and how lines differ."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import PIL.Image
import pytest
from command import cli, cli_ok
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semcomm.errors import ReportError
from semcomm.report.curves import Curve
from semcomm.report.plot import (
    APPROXIMATION_DASH,
    COLOURS,
    DASHES,
    MARKERS,
    STYLE,
    THEORY_COLOUR,
    axis_label,
    draw_figure,
    write_plot,
)


def system(label: str, loss: float = 0.0) -> Curve:
    x = np.array([150.0, 300, 500, 700, 1000, 1400])
    return Curve(label, x, 19.5 + 8.5 * np.log10(x / 150) - loss - 0.8 * (x == 700))


def figure(
    *curves: Curve,
    x: str = "bits_per_image",
    y: str = "psnr_db",
    hull: bool = False,
    log: str = "",
    size: str = "one-column",
    limits: dict[str, tuple[float, float]] | None = None,
) -> Figure:
    with matplotlib.rc_context(STYLE):
        made = draw_figure(
            curves, x, y, hull, [axis for axis in ("x", "y") if axis in log], size, limits or {}
        )
        made.draw_without_rendering()
    return made


def tick_labels(axis: matplotlib.axis.Axis) -> list[str]:
    low, high = sorted(axis.get_view_interval())
    return [
        tick.label1.get_text() for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high
    ]


@pytest.fixture
def systems() -> list[Curve]:
    return [system(f"system {number}, huffman", number / 2) for number in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_the_same_curves_give_the_same_bytes_in_any_process(tmp_path: Path, ending: str) -> None:
    script = (
        "import sys, pathlib, numpy as np, matplotlib\n"
        "matplotlib.rcParams.update({'axes.facecolor': 'red', 'font.size': 30})\n"
        "from semcomm.report.curves import Curve\n"
        "from semcomm.report.plot import write_plot\n"
        "curve = Curve('one, two', np.array([1., 2, 3]), np.array([1., 5, 6]))\n"
        "write_plot([curve], pathlib.Path(sys.argv[1]), 'bits_per_image', 'psnr_db', True, ['x'])\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path / f"there.{ending}"], check=True)
    here = Curve("one, two", np.array([1.0, 2, 3]), np.array([1.0, 5, 6]))
    write_plot([here], tmp_path / f"here.{ending}", "bits_per_image", "psnr_db", True, ["x"])
    assert (tmp_path / f"here.{ending}").read_bytes() == (tmp_path / f"there.{ending}").read_bytes()


def test_a_figure_is_as_wide_as_a_column_in_each_format(
    tmp_path: Path, systems: list[Curve]
) -> None:
    for ending in ("svg", "PDF", "png"):
        write_plot(systems, tmp_path / f"figure.{ending}", "bits_per_image", "psnr_db")
    with PIL.Image.open(tmp_path / "figure.png") as picture:
        assert picture.width == 3.5 * 300
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 100
    assert ElementTree.parse(tmp_path / "figure.svg").getroot().get("width") == "252pt"
    pdf = (tmp_path / "figure.PDF").read_bytes()
    assert b"/MediaBox [ 0 0 252 " in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf


def test_an_svg_has_a_path_for_each_line_and_no_date(tmp_path: Path, systems: list[Curve]) -> None:
    write_plot(systems, tmp_path / "figure.svg", "bits_per_image", "psnr_db")
    written = (tmp_path / "figure.svg").read_text()
    assert "<dc:date>" not in written
    for curve in systems:
        assert f"<!-- {curve.label} -->" in written
    for colour in ("#0072b2", "#d55e00", "#009e73"):
        assert f"stroke: {colour}" in written


def test_lines_join_all_points_and_look_different(
    systems: list[Curve],
) -> None:
    lines = figure(*systems).axes[0].lines
    assert len(lines) == 6
    for line, curve in zip(lines, systems, strict=True):
        assert np.array_equal(line.get_xydata(), np.column_stack([curve.x, curve.y]))
    assert len({to_rgb(line.get_color()) for line in lines}) == 6
    assert len({line.get_marker() for line in lines}) == 6
    assert all(one._dash_pattern != other._dash_pattern for one, other in pairwise(lines))


def test_a_hundred_lines_all_look_different() -> None:
    lines = figure(*(system(str(number)) for number in range(100))).axes[0].lines
    assert (
        len({(line.get_color(), line.get_marker(), str(line._dash_pattern)) for line in lines})
        == 100
    )


def test_points_below_the_hull_are_hollow_markers() -> None:
    points, line = figure(system("one"), hull=True).axes[0].lines
    assert points.get_xdata().tolist() == [150, 300, 500, 700, 1000, 1400]
    assert (points.get_linestyle(), points.get_markerfacecolor()) == ("None", "white")
    assert line.get_xdata().tolist() == [150, 300, 500, 1000, 1400]
    assert (points.get_marker(), points.get_color()) == (line.get_marker(), line.get_color())
    assert line.get_markerfacecolor() == line.get_color()


@pytest.mark.parametrize("length", [3, 18, 19, 30, 31, 60, 61, 200])
def test_legends_of_any_length_stay_inside_and_off_the_axes(length: int) -> None:
    made = figure(*(system((f"{number}n" * length)[:length]) for number in range(7)))
    (legend,), (axes,) = made.legends, made.axes
    box, everything = legend.get_window_extent(), made.bbox
    assert box.y0 >= axes.get_tightbbox().y1
    assert everything.x0 <= box.x0 < box.x1 <= everything.x1
    assert box.y1 <= everything.y1
    assert axes.get_window_extent().height > 1.8 * made.dpi
    for one, other in pairwise(
        sorted(legend.get_texts(), key=lambda text: text.get_window_extent().x0)
    ):
        assert not one.get_window_extent().overlaps(other.get_window_extent())


def test_an_approximation_is_dashed_like_no_other_and_named_so() -> None:
    curves = [system("a"), replace(system("b"), approximation=True)]
    drawn = figure(*curves)
    real, ideal = drawn.axes[0].lines
    assert real.get_linestyle() == "-"
    assert ideal._dash_pattern == Line2D([], [], lw=1, ls=APPROXIMATION_DASH)._dash_pattern
    assert APPROXIMATION_DASH not in DASHES
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b (normal approximation)"]


def test_one_curve_without_a_name_has_no_legend() -> None:
    assert not figure(system("")).legends


def test_labels_are_shown_as_they_are() -> None:
    names = ["_private", "$x", r"$\frac{$", "a_b^c", "K = 256, naïve", "tab\there"]
    (legend,) = figure(*map(system, names)).legends
    shown = [text.get_text().replace(r"\$", "$") for text in legend.get_texts()]
    assert shown == [*names[:-1], r"tab\there"]


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("bits_per_image", "Bits per image"),
        ("psnr_db", "PSNR (dB)"),
        ("channel.esn0_db", "$E_s/N_0$ (dB)"),
        ("channel.gain_db", "Gain (dB)"),
        ("framing.slices", "Slices"),
        ("index_error_rate", "Index error rate"),
        ("price.in_$", r"In \$"),
    ],
)
def test_axes_are_named_after_columns_with_units(column: str, label: str) -> None:
    assert axis_label(column) == label
    axes = figure(system(""), x=column, y=column).axes[0]
    assert axes.get_xlabel() == axes.get_ylabel() == label


def test_a_logarithmic_axis_of_a_decade_has_plain_numbers_on_it() -> None:
    axes = figure(system("one"), log="x").axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert tick_labels(axes.xaxis) == ["200", "500", "1000"]


def test_a_long_logarithmic_axis_has_powers_of_ten_and_no_zeros() -> None:
    rates = Curve("rates", np.arange(4.0), np.array([1e-1, 1e-3, 1e-5, 0]))
    axes = figure(rates, log="y").axes[0]
    assert "$\\mathdefault{10^{-3}}$" in tick_labels(axes.yaxis)
    assert 1e-6 < axes.get_ylim()[0] < 1e-5


def test_limits_of_decades_have_powers_of_ten_too() -> None:
    axes = figure(system("one"), log="x", limits={"x": (1.0, 1e4)}).axes[0]
    assert axes.get_xlim() == (1, 1e4)
    assert "$\\mathdefault{10^{2}}$" in tick_labels(axes.xaxis)


def test_a_logarithmic_axis_needs_a_point_above_0() -> None:
    with pytest.raises(ReportError, match="no y is above 0"):
        figure(Curve("none", np.arange(3.0), -np.arange(3.0)), log="xy")


@pytest.mark.parametrize("name", ["figure", "figure.jpg", ".svg", "figure.svg.txt"])
def test_other_endings_are_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError, match=r"a figure is a file in \.svg, \.png or \.pdf"):
        write_plot([system("one")], tmp_path / name, "bits_per_image", "psnr_db")
    assert not list(tmp_path.iterdir())


def test_a_failed_drawing_leaves_the_old_figure_and_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, before = tmp_path / "figure.svg", dict(matplotlib.rcParams)
    path.write_text("old")

    def fail(*arguments: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        write_plot([system("one")], path, "bits_per_image", "psnr_db")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("figure.svg", "old")]
    assert dict(matplotlib.rcParams) == before


def test_intervals_are_drawn_where_there_are_any(tmp_path: Path) -> None:
    x, y, reach = np.array([1.0, 2, 3]), np.array([20.0, 22, 23]), np.array([0.5, np.nan, 0.25])
    (axes,) = figure(Curve("with", x, y, y - 2 * reach, y + reach), Curve("without", x, y - 5)).axes
    (bars,) = axes.collections
    drawn_bars = [segment for segment in bars.get_segments() if len(segment) == 2]
    assert np.allclose(drawn_bars, [[[1, 19], [1, 20.5]], [[3, 22.5], [3, 23.25]]])
    assert to_rgb(COLOURS[0]) == tuple(bars.get_color()[0][:3])


def test_the_command_draws_the_intervals_of_chosen_rows(tmp_path: Path) -> None:
    rows = {"scenario": ["a", "b", "a", "b"], "esn0_db": [1, 1, 2, 2], "psnr_db": [20, 22, 25, 27]}
    for name, more in (("with", {"psnr_db_ci95": [0.1, 0.2, 0.3, 0.4]}), ("without", {})):
        pd.DataFrame(rows | more).to_csv(tmp_path / f"{name}.csv", index=False)
        command = ["plot", str(tmp_path / f"{name}.csv"), "--x", "esn0_db", "--where", "scenario=b"]
        cli_ok(*command, "-o", tmp_path / f"{name}.svg")
    bars = [
        (tmp_path / f"{name}.svg").read_text().count("LineCollection")
        for name in ("with", "without")
    ]
    assert bars == [1, 0]


def test_lines_differ_without_colour(systems: list[Curve]) -> None:
    """By marker and dash, too: no two of the first twenty lines have both in common."""
    looks = [(MARKERS[n % len(MARKERS)], DASHES[n % len(DASHES)]) for n in range(20)]
    assert len(set(looks)) == 20


def test_a_theory_is_a_grey_line_without_markers() -> None:
    measured, theory = figure(system("a"), replace(system("b"), theory=True)).axes[0].lines
    assert measured.get_marker() == "o" and theory.get_marker() == "None"
    assert theory.get_color() == THEORY_COLOUR and THEORY_COLOUR not in COLOURS


def test_two_columns_are_as_wide_as_an_ieee_page(tmp_path: Path) -> None:
    pd.DataFrame({"esn0_db": [1, 2], "psnr_db": [20, 22]}).to_csv(tmp_path / "a.csv", index=False)
    options = ["--x", "esn0_db", "--size", "two-columns", "-o", tmp_path / "a.svg"]
    cli_ok("plot", tmp_path / "a.csv", *options)
    width = ElementTree.parse(tmp_path / "a.svg").getroot().get("width")
    assert width == "515.52pt" and pytest.approx(515.52) == 7.16 * 72


def test_limits_are_the_ends_of_the_axes(tmp_path: Path) -> None:
    axes = figure(system("a"), limits={"x": (-5.0, 900.0), "y": (18.5, 30.0)}).axes[0]
    assert axes.get_xlim() == (-5, 900) and axes.get_ylim() == (18.5, 30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--x-limits", 5, 5], "the x limits are 5 and 5; they have to rise"),
        (["--y-limits", -1, "nan"], "the y limits are -1 and nan; they have to rise"),
        (["--x-limits", 0, 1, "--log", "x"], "the lower x limit is 0; a logarithmic axis is"),
    ],
)
def test_limits_that_no_axis_has_are_refused(
    tmp_path: Path, options: list[object], message: str
) -> None:
    pd.DataFrame({"esn0_db": [1, 2], "psnr_db": [20, 22]}).to_csv(tmp_path / "a.csv", index=False)
    result = cli("plot", tmp_path / "a.csv", "--x", "esn0_db", *options, "-o", tmp_path / "a.svg")
    assert result.exit_code == 2 and message in result.stderr
