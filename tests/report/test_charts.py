"""What the compiled figures of a report are drawn with."""

from typing import Any

import pytest

from semcomm.report.charts import axis_figure, rate_figure, style_of
from semcomm.report.plot import COLOURS

STYLES = [style_of(number) for number in range(2)]


def scale(figure: dict[str, Any], name: str) -> dict[str, Any]:
    (match,) = [scale for scale in figure["scales"] if scale["name"] == name]
    return dict(match)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([-4, 0, 4], "linear"),
        ([0.01, 0.1], "linear"),
        ([0.001, 0.01, 0.1], "log"),
        ([0, 0.001, 0.01, 0.1], "symlog"),
        ([0, 1, 2], "linear"),
        ([-1, 0.01, 10], "linear"),
        ([0, 0], "linear"),
    ],
)
def test_the_axis_is_logarithmic_where_values_span_two_decades(
    values: list[float], kind: str
) -> None:
    figure = axis_figure(["a", "b"], STYLES, "Crossover", "PSNR (dB)", values, [20, 21])["page"]
    assert scale(figure, "x")["type"] == kind


def test_all_points_and_intervals_have_room() -> None:
    figure = rate_figure(["a", "b"], STYLES, "Bits", "PSNR", [400, 500, 380, 520], [20, 25])["page"]
    low, high = scale(figure, "x")["domain"]
    assert low < 380 < 520 < high
    (low, high) = scale(figure, "y")["domain"]
    assert low < 20 < 25 < high


def test_a_single_value_has_room_too() -> None:
    low, high = scale(rate_figure(["a"], STYLES[:1], "Bits", "PSNR", [512], [25])["page"], "x")[
        "domain"
    ]
    assert low < 512 < high


def test_only_the_file_has_a_legend_in_it() -> None:
    page, file = (
        rate_figure(["a", "b"], STYLES, "Bits", "PSNR", [1, 2], [3, 4])[name]
        for name in ("page", "file")
    )
    assert "legends" not in page
    assert file["legends"]


def test_lines_have_the_colours_of_paper_figures_and_own_shapes() -> None:
    styles = [style_of(number) for number in range(7)]
    assert tuple(style["colour"] for style in styles) == COLOURS
    assert len({style["shape"] for style in styles}) == 7
