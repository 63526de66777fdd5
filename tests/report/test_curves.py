"""Rows grouped into curves, and the upper hull against its definition."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from semcomm.errors import ReportError
from semcomm.report.curves import Curve, curve_where, curves_of, renamed, upper_envelope, upper_hull
from semcomm.report.results import read_results

ROWS = """codec.model,quantizer,codec.entropy_coder,bits_per_image,psnr_db,channel.crossover,codec.container
ecvq-b,ecvq,huffman,534,24.35,0.001,
vq-a,vq,huffman,507,22.97,0.0,
vq-a,vq,fixed_length,512,22.97,0.0,
ecvq-a,ecvq,huffman,326,21.9,0.001,
webp,,,744,21.7,0.0,True
vq-b,vq,huffman,,24.0,0.0,
webp,,,400,,0.0,False
"""

points = st.lists(st.tuples(st.integers(0, 40), st.integers(-40, 40)), min_size=1, max_size=40)


def table(folder: Path, rows: str = ROWS):
    (folder / "results.csv").write_text(rows)
    return read_results([folder])


def plain(curves: list[Curve]) -> dict[str, list[tuple[float, float]]]:
    return {
        curve.label: list(zip(curve.x.tolist(), curve.y.tolist(), strict=True)) for curve in curves
    }


def cloud(pairs: list[tuple[float, float]]) -> Curve:
    x, y = np.array(sorted(pairs), float).T
    return Curve("cloud", x, y)


def test_each_combination_of_values_is_a_curve_sorted_by_x(
    tmp_path: Path,
) -> None:
    curves = curves_of(
        table(tmp_path),
        "bits_per_image",
        "psnr_db",
        ["quantizer|codec.model", "codec.entropy_coder"],
    )
    assert list(plain(curves).items()) == [
        ("ecvq, huffman", [(326, 21.9), (534, 24.35)]),
        ("vq, huffman", [(507, 22.97)]),
        ("vq, fixed_length", [(512, 22.97)]),
        ("webp", [(744, 21.7)]),
    ]


def test_without_groups_all_measured_rows_are_one_curve(tmp_path: Path) -> None:
    (curve,) = curves_of(table(tmp_path), "bits_per_image", "psnr_db")
    assert curve.label == ""
    assert curve.x.tolist() == [326, 507, 512, 534, 744]
    assert len(curve) == 5


def test_numbers_and_truth_values_have_the_column_in_the_label(
    tmp_path: Path,
) -> None:
    curves = curves_of(
        table(tmp_path), "bits_per_image", "psnr_db", ["channel.crossover", "codec.container"]
    )
    assert list(plain(curves)) == [
        "crossover 0.001",
        "crossover 0.0",
        "crossover 0.0, container True",
    ]


def test_rows_without_a_value_in_any_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ReportError, match=r"quantizer, codec\.entropy_coder; `quantizer\|codec\.model` takes"
    ):
        curves_of(
            table(tmp_path), "bits_per_image", "psnr_db", ["quantizer", "codec.entropy_coder"]
        )


@pytest.mark.parametrize(
    ("x", "y", "by", "message"),
    [
        ("bits", "psnr_db", [], "there is no column bits; there are codec.model, quantizer"),
        (
            "bits_per_image",
            "psnr",
            [],
            r"there is no column psnr; did you mean `psnr_db`\? There are",
        ),
        ("bits_per_image", "psnr_db", ["quantizer|kodec"], "there is no column kodec; there are"),
        ("codec.model", "psnr_db", [], "codec.model is ecvq-b in a row; it takes finite numbers"),
        ("bits_per_image", "psnr_db", ["codec"], "column codec is now called codec.model"),
        ("bits_per_image", "psnr_db", ["quantizer|codec"], "now called codec.model"),
        ("entropy_coder", "psnr_db", [], "now called codec.entropy_coder"),
    ],
)
def test_columns_that_cannot_be_drawn_are_errors(
    tmp_path: Path, x: str, y: str, by: list[str], message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        curves_of(table(tmp_path), x, y, by)


def test_rows_none_of_which_was_measured_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no row has both x and y"):
        curves_of(table(tmp_path, "x,y\n1,\n,2\n"), "x", "y")


def test_a_curve_of_conditions_is_labelled_with_them(tmp_path: Path) -> None:
    conditions = ["codec.model=vq-*", "codec.entropy_coder=huffman"]
    curve = curve_where(table(tmp_path), conditions, "bits_per_image", "psnr_db")
    assert plain([curve]) == {"codec.model=vq-* codec.entropy_coder=huffman": [(507, 22.97)]}
    assert curve_where(table(tmp_path), [], "bits_per_image", "psnr_db", "here").label == "here"


def test_rows_of_an_ideal_code_are_curves_apart(tmp_path: Path) -> None:
    """Whatever they are called."""
    rows = "link.ideal.frame_error_rate,name,x,y\n,a,1,2\n0.001,a,1,3\n,a,2,4\n0.001,a,2,5\n"
    results = table(tmp_path, rows)
    curves = renamed(curves_of(results, "x", "y", ["name"]), ["a=ours"])
    assert [curve.title for curve in curves] == ["ours", "ours (normal approximation)"]
    assert [curve.y.tolist() for curve in curves] == [[2, 4], [3, 5]]
    assert [curve.title for curve in curves_of(results, "x", "y")] == ["", "normal approximation"]
    with pytest.raises(ReportError, match=r"link\.ideal\.frame_error_rate= leaves them out"):
        curve_where(results, [], "x", "y")
    chosen = curve_where(results, ["link.ideal.frame_error_rate="], "x", "y")
    assert chosen.y.tolist() == [2, 4]


def test_curves_take_other_names() -> None:
    curves = [Curve(name, np.ones(1), np.ones(1)) for name in ("vq, huffman", "webp", "jpeg")]
    named = renamed(curves, ["webp=WebP, q = 30", "vq, huffman=VQ"])
    assert [curve.label for curve in named] == ["VQ", "WebP, q = 30", "jpeg"]
    with pytest.raises(ReportError, match=r"no curve avif .*: vq, huffman; webp; jpeg"):
        renamed(curves, ["avif=AVIF"])


@given(points)
def test_an_envelope_is_the_highest_y_at_each_x(pairs: list[tuple[int, int]]) -> None:
    highest = {x: max(y for other, y in pairs if other == x) for x in sorted({x for x, _ in pairs})}
    assert plain([upper_envelope(cloud(pairs))]) == {"cloud": list(highest.items())}


def test_points_of_an_envelope_keep_their_intervals() -> None:
    x, y = np.array([1.0, 1, 2, 2]), np.array([3.0, 5, 9, 7])
    envelope = upper_envelope(Curve("a", x, y, y - 1, y + 2))
    assert envelope.low is not None and envelope.high is not None
    assert (envelope.low.tolist(), envelope.high.tolist()) == ([4, 8], [7, 11])


def test_a_hull_by_hand() -> None:
    assert plain([upper_hull(cloud([(1, 1), (2, 1.5), (3, 5), (4, 4)]))]) == {
        "cloud": [(1, 1), (3, 5)]
    }
    assert plain([upper_hull(cloud([(1, 1), (2, 2), (3, 3), (3, 0), (1, 0)]))]) == {
        "cloud": [(1, 1), (2, 2), (3, 3)]
    }


@given(points)
def test_a_hull_is_concave_through_own_points_with_none_above(
    pairs: list[tuple[int, int]],
) -> None:
    curve = cloud(pairs)
    hull = upper_hull(curve)
    assert set(zip(hull.x, hull.y, strict=True)) <= set(zip(curve.x, curve.y, strict=True))
    assert hull.x[0] == curve.x[0]
    assert hull.y[-1] == curve.y.max()
    assert (np.diff(hull.x) > 0).all()
    assert (np.diff(hull.y) > 0).all()
    slopes = np.diff(hull.y) / np.diff(hull.x)
    assert (np.diff(slopes) <= 1e-12).all()  # equal slopes may round apart
    assert (curve.y <= np.interp(curve.x, hull.x, hull.y) + 1e-9).all()


@given(points)
@settings(deadline=None)
def test_a_hulls_corners_are_those_of_the_convex_hull(pairs: list[tuple[int, int]]) -> None:
    curve = cloud(pairs)
    floor = curve.y.min() - 1
    closed = [(curve.x[0], floor), (curve.x[-1] + 1, floor), (curve.x[-1] + 1, curve.y.max())]
    everything = np.array([*zip(curve.x, curve.y, strict=True), *closed])
    corners = {tuple(everything[number]) for number in ConvexHull(everything).vertices}
    hull = upper_hull(curve)
    ours = set(zip(hull.x, hull.y, strict=True))
    assert corners - set(closed) <= ours
    assert all(_is_between(point, ours) for point in ours - corners)


@given(points)
def test_the_hull_of_a_hull_is_itself(pairs: list[tuple[int, int]]) -> None:
    hull = upper_hull(cloud(pairs))
    assert plain([upper_hull(hull)]) == plain([hull])


@given(points, st.sampled_from([upper_hull, upper_envelope]))
def test_of_an_error_all_is_upside_down(
    pairs: list[tuple[int, int]], best_of: Callable[[Curve], Curve]
) -> None:
    curve = cloud(pairs)
    error = replace(curve, y=-curve.y, is_error=True)
    turned = best_of(error)
    assert plain([replace(turned, y=-turned.y)]) == plain([best_of(curve)])


def test_columns_of_errors_are_known(tmp_path: Path) -> None:
    rows = "nmse_db,cosine,bits\n-3,0.6,1\n-9,0.9,2\n-6,0.8,3\n"
    errors, cosines = (
        curve_where(table(tmp_path, rows), [], "bits", name) for name in ("nmse_db", "cosine")
    )
    assert upper_hull(errors).y.tolist() == [-3, -9]
    assert upper_hull(cosines).y.tolist() == [0.6, 0.9]


def _is_between(point: tuple[float, float], others: set[tuple[float, float]]) -> bool:
    """Whether the point is no corner: on the line between its neighbours, or before a level end."""
    before = max((other for other in others if other < point), default=None)
    after = min((other for other in others if other > point), default=None)
    if before is None or after is None:
        return after is None
    return (point[1] - before[1]) * (after[0] - before[0]) == (after[1] - before[1]) * (
        point[0] - before[0]
    )
