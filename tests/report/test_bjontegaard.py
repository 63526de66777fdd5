"""Bjontegaard deltas against published ones, another library's, closed forms and identities."""

import math
from dataclasses import replace

import bjontegaard
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from semcomm.errors import ReportError
from semcomm.report.bjontegaard import at_rate, bd_psnr, bd_rate, comparison
from semcomm.report.curves import Curve, upper_hull

Points = list[tuple[float, float]]

E137 = [
    ([108048.8736, 61279.976, 33905.6656, 18883.6928], [43.6471, 40.3953, 37.247, 34.2911]),
    ([108061.2784, 61299.9936, 33928.7472, 18910.912], [43.6768, 40.4232, 37.2761, 34.3147]),
    ([40433.8848, 7622.7456, 2394.488, 1017.6184], [37.5761, 35.3756, 33.8977, 32.0603]),
    ([40370.12, 7587.0024, 2390.0944, 1017.0984], [37.5982, 35.4025, 33.9194, 32.0822]),
]

X265 = [
    ([9487.76, 4593.60, 2486.44, 1358.24], [40.037, 38.615, 36.845, 34.851]),
    ([9787.80, 4469.00, 2451.52, 1356.24], [40.121, 38.651, 36.970, 34.987]),
]


def curve(rates: list[float], psnrs: list[float], label: str = "some") -> Curve:
    x, y = np.array(sorted(zip(rates, psnrs, strict=True)), float).T
    return Curve(label, x, y)


def shifted(given: Curve, rate_factor: float = 1.0, psnr: float = 0.0) -> Curve:
    return Curve("shifted", given.x * rate_factor, given.y + psnr)


def line(rates: list[float], at_ten: float, per_decade: float) -> Curve:
    """PSNR is a straight line over log10(rate): exact to a piecewise cubic."""
    return curve(rates, [at_ten + per_decade * (math.log10(rate) - 1) for rate in rates], "line")


rates = st.lists(st.integers(100, 3000), min_size=4, max_size=8, unique=True)
clouds = st.lists(
    st.tuples(st.integers(100, 3000), st.integers(1800, 2800)), min_size=4, max_size=60
)


@st.composite
def systems(draw: st.DrawFn) -> Curve:
    """Points at random around a law of diminishing returns, four of them or more on the hull."""
    noisy = [(x, 8 * math.log10(x) + noise / 1000) for x, noise in draw(clouds)]
    made = curve(*map(list, zip(*noisy, strict=True)))
    assume(len(upper_hull(made)) >= 4)
    return made


def test_deltas_of_an_error_are_those_of_its_gain() -> None:
    """NMSE falls by 10 dB per decade of bits, and the test has 1 dB less than the anchor."""
    anchor, test = (line([10, 30, 100, 300], at_ten, 10) for at_ten in (5, 6))
    errors = [replace(given, y=-given.y, is_error=True) for given in (anchor, test)]
    rate, quality = bd_rate(*errors), bd_psnr(*errors)
    assert rate.value == pytest.approx(bd_rate(anchor, test).value)
    assert rate.low == -bd_rate(anchor, test).high and rate.high == -bd_rate(anchor, test).low
    assert quality.value == pytest.approx(-1)
    assert at_rate(errors[0], 100) == pytest.approx(-15)
    named = comparison(*errors, "nmse_db")
    assert named["bd_nmse_db"] == quality.value and named["over_nmse_db"] == "-19.7712 to -6"
    apart = replace(errors[1], y=errors[1].y - 40)
    with pytest.raises(ReportError, match=r"line has -5 to -19\.7712 and line has -46 to -60\.77"):
        bd_rate(errors[0], apart)


# JCTVC-E137, by way of the tests of Netflix's VMAF, which quote its data and results.
@pytest.mark.parametrize(("first", "percent"), [(0, -0.465215420752807), (2, -1.8779823450567612)])
def test_bd_rate_is_the_published_one(first: int, percent: float) -> None:
    assert bd_rate(curve(*E137[first]), curve(*E137[first + 1])).value == pytest.approx(
        percent, abs=1e-9
    )


def test_a_piecewise_cubic_is_close_to_the_single_one_of_2001() -> None:
    delta = bd_rate(curve(*X265[0]), curve(*X265[1]))
    assert delta.value == pytest.approx(-4.4205, abs=0.01)  # the four points lie close to one cubic
    assert (delta.low, delta.high) == (34.987, 40.037)


@given(systems(), systems())
@settings(deadline=None)
def test_deltas_equal_the_package_bjontegaard_on_the_hulls(anchor: Curve, test: Curve) -> None:
    hulls = [values for hull in map(upper_hull, (anchor, test)) for values in (hull.x, hull.y)]
    options = {"method": "pchip", "require_matching_points": False, "min_overlap": 0}
    if min(hulls[1][-1], hulls[3][-1]) - max(hulls[1][0], hulls[3][0]) > 0.01:
        assert bd_rate(anchor, test).value == pytest.approx(
            bjontegaard.bd_rate(*hulls, **options), abs=1e-6
        )
    if min(hulls[0][-1], hulls[2][-1]) > max(hulls[0][0], hulls[2][0]):
        assert bd_psnr(anchor, test).value == pytest.approx(
            bjontegaard.bd_psnr(*hulls, **options), abs=1e-6
        )


@given(systems())
@settings(deadline=None)
def test_a_curve_is_no_better_than_itself(system: Curve) -> None:
    assert bd_rate(system, system).value == bd_psnr(system, system).value == 0


@given(systems(), st.floats(0.9, 1.1))
@settings(deadline=None)
def test_more_rate_by_a_factor_is_so_many_percent(system: Curve, factor: float) -> None:
    assert bd_rate(system, shifted(system, rate_factor=factor)).value == pytest.approx(
        100 * (factor - 1), abs=1e-9
    )


@given(systems(), st.floats(-1, 1))
@settings(deadline=None)
def test_more_psnr_everywhere_is_so_many_decibels(system: Curve, gain: float) -> None:
    assert bd_psnr(system, shifted(system, psnr=gain)).value == pytest.approx(gain, abs=1e-9)


@given(systems(), systems())
@settings(deadline=None)
def test_anchor_and_test_change_places_with_the_inverse(first: Curve, second: Curve) -> None:
    lowest, highest = max(first.y[0], second.y[0]), min(first.y.max(), second.y.max())
    assume(highest - lowest > 0.01)
    there, back = bd_rate(first, second), bd_rate(second, first)
    assert (1 + there.value / 100) * (1 + back.value / 100) == pytest.approx(1)
    assert (there.low, there.high) == (back.low, back.high)


@given(rates, rates, st.floats(15, 20), st.floats(15, 20), st.floats(4, 9), st.floats(4, 9))
@settings(deadline=None)
def test_straight_lines_differ_as_at_the_middle_of_their_overlap(
    first: list[float], second: list[float], a: float, b: float, slope: float, other: float
) -> None:
    low, high = max(min(first), min(second)), min(max(first), max(second))
    assume(high > 1.01 * low)
    anchor, test = line(first, a, slope), line(second, b, other)
    middle = (math.log10(low) + math.log10(high)) / 2 - 1
    assert bd_psnr(anchor, test).value == pytest.approx(b - a + (other - slope) * middle, abs=1e-9)

    low, high = max(anchor.y[0], test.y[0]), min(anchor.y[-1], test.y[-1])
    assume(high > low + 0.01)
    decades = (low + high) / 2 * (1 / other - 1 / slope) - b / other + a / slope
    assert bd_rate(anchor, test).value == pytest.approx(100 * (10**decades - 1), rel=1e-9, abs=1e-9)


@given(systems(), st.lists(st.tuples(st.floats(1, 1e4), st.floats(0.01, 30)), max_size=20))
@settings(deadline=None)
def test_points_that_can_be_bettered_change_nothing(system: Curve, worse: Points) -> None:
    hull = upper_hull(system)
    within = [(x, loss) for x, loss in worse if hull.x[0] < x]
    dominated = [(x, float(np.interp(x, hull.x, hull.y)) - loss) for x, loss in within]
    more = curve([*system.x, *(x for x, _ in dominated)], [*system.y, *(y for _, y in dominated)])
    other = shifted(system, 1.05, 0.2)
    assert bd_rate(more, other) == bd_rate(system, other)
    assert bd_psnr(other, more) == bd_psnr(other, system)


def test_fewer_than_four_points_on_a_hull_are_refused() -> None:
    anchor = curve([100, 200, 300, 400, 500], [20.0, 22.0, 21.0, 23.0, 20.0], "anchor")
    whole = curve(*X265[0])
    for delta in (bd_rate, bd_psnr):
        with pytest.raises(
            ReportError, match="anchor has 3 of 5 points on its hull; this takes at least 4"
        ):
            delta(anchor, whole)
        with pytest.raises(ReportError, match="anchor has 3 of 5 points"):
            delta(whole, anchor)


@pytest.mark.parametrize("gain", [3.5, 10.0, -3.5])
def test_curves_without_a_common_psnr_are_refused(gain: float) -> None:
    anchor = curve([100, 200, 300, 400], [20.0, 22.0, 23.0, 23.5], "anchor")
    expected = f"anchor has 20 to 23.5 and shifted has {20 + gain:g} to {23.5 + gain:g}"
    with pytest.raises(ReportError, match=f"no quality is common to both curves: {expected}"):
        bd_rate(anchor, shifted(anchor, psnr=gain))


@pytest.mark.parametrize("factor", [4, 100, 1 / 4])
def test_curves_without_a_common_rate_are_refused(factor: float) -> None:
    anchor = curve([100, 200, 300, 400], [20.0, 22.0, 23.0, 23.5], "anchor")
    expected = f"anchor has 100 to 400 and shifted has {100 * factor:g} to {400 * factor:g}"
    with pytest.raises(ReportError, match=f"no rate is common to both curves: {expected}"):
        bd_psnr(anchor, shifted(anchor, rate_factor=factor))


@pytest.mark.parametrize("rate", [0.0, -5.0])
def test_rates_without_a_logarithm_are_refused(rate: float) -> None:
    bad = curve([rate, 200, 300, 400], [20.0, 22.0, 23.0, 23.5], "bad")
    for function in (
        lambda: bd_rate(bad, bad),
        lambda: bd_psnr(bad, bad),
        lambda: at_rate(bad, 250),
    ):
        with pytest.raises(ReportError, match=f"bad has a rate of {rate:g}; rates are above 0"):
            function()


def test_rates_with_equal_logarithms_are_refused() -> None:
    rates = [float(np.nextafter(1e300, 2e300)), 1e300, 2e300, 3e300]
    with pytest.raises(ReportError, match="too close"):
        at_rate(curve(rates, [21.0, 20.0, 22.0, 22.5]), 2e300)


def test_extreme_rates_give_a_delta_without_an_overflow() -> None:
    tiny = curve([1e-300, 2e-300, 3e-300, 4e-300], [20.0, 22.0, 23.0, 23.5])
    huge = curve([1e300, 2e300, 3e300, 4e300], [20.0, 22.0, 23.0, 23.5])
    assert bd_rate(tiny, huge).value == math.inf
    assert bd_rate(huge, tiny).value == -100


@given(systems())
@settings(deadline=None)
def test_at_the_rate_of_a_point_on_the_hull_the_psnr_is_its_own(system: Curve) -> None:
    hull = upper_hull(system)
    for rate, psnr in zip(hull.x, hull.y, strict=True):
        assert at_rate(system, rate) == pytest.approx(psnr, abs=1e-9)


@given(rates, st.floats(15, 20), st.floats(4, 9), st.floats(0, 1))
@settings(deadline=None)
def test_between_points_on_a_straight_line_the_psnr_is_the_lines(
    points: list[float], at_ten: float, slope: float, share: float
) -> None:
    rate = min(points) + share * (max(points) - min(points))
    expected = at_ten + slope * (math.log10(rate) - 1)
    assert at_rate(line(points, at_ten, slope), rate) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rate", [99.9, 400.1, 0.0, -1.0, math.nan])
def test_there_is_no_psnr_beyond_the_points(rate: float) -> None:
    with pytest.raises(
        ReportError, match=rf"some has rates of 100 to 400 on its hull, and none at {rate:g}"
    ):
        at_rate(curve([100, 400], [20.0, 23.0]), rate)


def test_a_comparison_names_its_ranges_and_points() -> None:
    anchor = curve([*X265[0][0], 3000.0], [*X265[0][1], 30.0], "anchor")
    assert comparison(anchor, curve(*X265[1], "test"), "psnr_db") == {
        "anchor": "anchor",
        "test": "test",
        "bd_rate_percent": bd_rate(anchor, curve(*X265[1])).value,
        "over_psnr_db": "34.987 to 40.037",
        "bd_psnr_db": bd_psnr(anchor, curve(*X265[1])).value,
        "over_rates": "1358.24 to 9487.76",
        "anchor_points": "4 of 5 points on its hull: 1358.24, 2486.44, 4593.6, 9487.76",
        "test_points": "4 of 4 points on its hull: 1356.24, 2451.52, 4469, 9787.8",
    }


def test_a_comparison_at_rates_takes_curves_of_two_points() -> None:
    values = comparison(line([10, 1000], 20, 5), line([1, 100], 21, 5), "psnr_db", [10, 100])
    gap = {"anchor_quality_at_10": 20, "test_quality_at_10": 21, "difference_at_10": 1}
    gap |= {"anchor_quality_at_100": 25, "test_quality_at_100": 26, "difference_at_100": 1}
    nearest = {
        "nearest_points_to_10": "10, 0 away and 1, 9 away",
        "nearest_points_to_100": "10, 90 away and 100, 0 away",
    }
    assert values == {"anchor": "line", "test": "line"} | nearest | {
        key: pytest.approx(value) for key, value in gap.items()
    }
