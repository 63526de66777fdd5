"""Totals over blocks are those of all images at once, and their intervals are those of
textbooks.
"""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binomtest, nbinom, t, ttest_ind

from semcomm.measures.intervals import after_stop, half_width, welch, wilson
from semcomm.measures.totals import Columns, Histogram, RepeatedSums, Totals

STEP_DB = 0.001
images = st.tuples(
    st.integers(1, 9),
    st.floats(1e-4, 65025),
    st.floats(0, 1) | st.just(math.nan),
    st.integers(0, 999),
)
blocks = st.lists(st.lists(images, min_size=1, max_size=5), min_size=1, max_size=5)


def columns_of(block: list[tuple[int, float, float, int]]) -> Columns:
    height, mse, ssim, bits = (np.array(column) for column in zip(*block, strict=True))
    psnr = 10 * np.log10(255**2 / mse)
    width = np.full_like(height, 8)
    return {
        "image": ["a"] * len(height),
        "height": height,
        "width": width,
        "mse": mse,
        "psnr_db": psnr,
        "ssim": ssim,
        "bits": bits,
    }


@given(blocks)
@settings(deadline=None)
def test_totals_of_blocks_are_those_of_all_their_images(
    split: list[list[tuple[int, float, float, int]]],
) -> None:
    parts = [
        Totals.of(columns_of(block), {"index": np.bincount([number])}, {"psnr_db": STEP_DB})
        for number, block in enumerate(split)
    ]
    totals = parts[0]
    for part in parts[1:]:
        totals = totals + part
    whole = pd.DataFrame(columns_of([image for block in split for image in block]))
    assert totals.samples == len(whole)
    assert totals.total("bits") == whole.bits.sum()
    assert totals.tallies["index"].tolist() == [1] * len(split)
    for name in (
        "bits",
        "psnr_db",
        "ssim",
    ):  # sums in another order: a few units in the sixteenth digit
        assert totals.mean(name) == pytest.approx(whole[name].mean(), rel=1e-13, nan_ok=True)
    for share in (0.05, 0.5, 0.9):
        rounded = whole.psnr_db.quantile(share)
        percentile = totals.histograms["psnr_db"].percentile(share)
        assert percentile == pytest.approx(rounded, abs=STEP_DB / 2 + 1e-6)


@given(st.lists(st.floats(-90, 90), min_size=1, max_size=20), st.integers(0, 20))
def test_histograms_of_negative_values_add_up(values: list[float], cut: int) -> None:
    x = np.array(values)
    parts = Histogram.of(x[:cut], 0.5) + Histogram.of(x[cut:], 0.5)
    whole = Histogram.of(x, 0.5)
    for share in (0.0, 0.3, 1.0):
        assert parts.percentile(share) == whole.percentile(share)
    assert whole.percentile(0.0) == np.rint(x / 0.5).min() * 0.5


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30))
@settings(deadline=None)
def test_the_interval_of_a_mean_is_students(values: list[float]) -> None:
    x = np.array(values)
    expected = t.ppf(0.975, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size)
    # The variance is a difference of sums of squares, of up to 30 times 2500.
    assert half_width(x.sum(), (x**2).sum(), x.size) == pytest.approx(expected, rel=1e-6, abs=1e-4)


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=9),
    st.lists(st.floats(-50, 50), min_size=2, max_size=9),
)
@settings(deadline=None)
def test_the_interval_of_a_difference_is_welchs(first: list[float], second: list[float]) -> None:
    x, y = np.array(first), np.array(second)
    assume(min(x.std(), y.std()) > 1e-3)  # scipy warns of nearly equal values
    expected = ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    assert welch(x, y) == pytest.approx((expected.high - expected.low) / 2, rel=1e-6)
    assert welch(y, x) == pytest.approx(welch(x, y), rel=1e-12)


def test_a_difference_has_no_interval_where_a_mean_has_none() -> None:
    assert math.isnan(welch(np.array([1.0]), np.array([1.0, 2.0])))
    assert welch(np.array([3.0, 3.0]), np.array([5.0, 5.0])) == 0
    assert welch(np.array([1.0, 3.0]), np.array([2.0, 4.0, 6.0])) == pytest.approx(4.9755, abs=5e-5)


def test_one_value_has_no_interval_and_equal_values_a_narrow_one() -> None:
    assert math.isnan(half_width(3.0, 9.0, 1))
    assert half_width(3.0 * 512, 3.0 * 512**2, 3) == 0


@given(st.integers(0, 50), st.integers(1, 50))
@settings(deadline=None)
def test_the_interval_of_a_rate_is_wilsons(events: int, others: int) -> None:
    expected = binomtest(events, events + others).proportion_ci(0.95, method="wilson")
    assert wilson(events, events + others) == pytest.approx(
        (expected.low, expected.high), rel=1e-12, abs=1e-15
    )


def test_repetitions_of_an_image_count_as_their_mean() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 10))
    values[:, 4] = math.nan
    values[1, 5] = math.nan
    sums, totals = RepeatedSums(10), None
    for repetition in values:
        for first, part in ((0, repetition[:6]), (6, repetition[6:])):
            sums.add({"x": part}, ["x"], first)
            block = Totals.of({"x": part, "y": part}, {})
            totals = totals + block if totals else block
    assert totals is not None
    totals = replace(totals, repeated=sums)
    means = np.nanmean(np.delete(values, 4, axis=1), axis=0)
    expected = t.ppf(0.975, 8) * means.std(ddof=1) / 3
    assert totals.half_width("x") == pytest.approx(expected, rel=1e-12)
    assert totals.half_width("y") == replace(totals, repeated=None).half_width("x")


@pytest.mark.parametrize(("events", "trials"), [(0, 5), (3, 5), (5, 5), (7, 1000)])
def test_run_that_never_stops_has_clopper_pearsons_interval(events: int, trials: int) -> None:
    interval = binomtest(events, trials).proportion_ci(method="exact")
    for of_last in (1, 2, trials):
        ours = after_stop(events, of_last, trials - of_last, events + 1)
        assert ours == pytest.approx(tuple(interval), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(("wanted", "trials"), [(1, 3), (4, 50), (20, 20)])
def test_single_trials_have_the_interval_of_inverse_sampling(wanted: int, trials: int) -> None:
    lowest, highest = after_stop(wanted, 1, trials - 1, wanted)
    assert lowest == pytest.approx(nbinom_root(0.025, wanted, trials), rel=1e-6)
    if trials > wanted:
        assert nbinom.sf(trials - wanted - 1, wanted, highest) == pytest.approx(0.025, rel=1e-6)
    else:
        assert highest == 1


def nbinom_root(chance: float, wanted: int, trials: int) -> float:
    return float(brentq(lambda rate: nbinom.cdf(trials - wanted, wanted, rate) - chance, 1e-9, 1))


@pytest.mark.parametrize(("rate", "block", "wanted"), [(0.01, 20, 3), (0.1, 8, 1), (0.3, 5, 10)])
def test_the_interval_after_a_stop_holds_the_rate_often_enough(
    rate: float, block: int, wanted: int
) -> None:
    rng, runs, missed = np.random.default_rng(0), 2000, [0, 0]
    interval = cache(after_stop)
    for _ in range(runs):
        blocks, events = 0, 0
        while events < wanted:
            blocks, events = blocks + 1, events + int(rng.binomial(block, rate))
        lowest, highest = interval(events, block, block * (blocks - 1), wanted)
        missed[0] += rate < lowest
        missed[1] += rate > highest
    # Each side misses in at most 2.5 % of runs; three standard deviations of 2000 runs are 1 %.
    assert max(missed) / runs < 0.025 + 0.0105
