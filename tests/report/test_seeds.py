"""Differences by trainings from several seeds: cases by hand, and what is refused."""

import csv
from pathlib import Path

import numpy as np
import pytest
from command import cli, cli_ok

from semcomm.errors import ReportError
from semcomm.report.curves import Curve
from semcomm.report.seeds import moved, seeds_comparison

Points = list[tuple[float, float]]

ANCHOR: Points = [(100, 20), (400, 24)]
TEST: Points = [(100, 21), (400, 27)]
ANCHOR_SEEDS: Points = [(200, 22), (200, 24)]
TEST_SEEDS: Points = [(100, 20), (100, 22), (400, 30)]


def curve(points: Points, label: str = "some") -> Curve:
    rates, qualities = np.array(points, float).T
    return Curve(label, rates, qualities)


def written(folder: Path, **systems: Points) -> Path:
    """A row per point, whose scenario is its keyword."""
    folder.mkdir()
    with (folder / "results.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["scenario", "bits_per_image", "psnr_db"])
        rows.writerows((name, *point) for name, points in systems.items() for point in points)
    return folder


def test_two_systems_with_seeds_by_hand() -> None:
    """The mean rates of the seeds are 200 bits, where the anchor's have 22 and 24 dB. An octave
    along the test's curve is 3 dB, so the test's seeds have 23, 25 and 27 dB there. The means differ
    by 2 dB, with the interval of the example of `welch`.
    """
    seeds = curve(ANCHOR_SEEDS, "vq"), curve(TEST_SEEDS, "ecvq")
    expected = {"rate": 200, "anchor_quality": 23, "test_quality": 25, "difference": 2}
    expected |= {"difference_ci95": 4.975467, "anchor_seeds": 2, "test_seeds": 3}
    expected |= {"anchor_deviation": 2**0.5, "test_deviation": 2, "moved_at_most": 200}
    assert seeds_comparison(curve(ANCHOR), curve(TEST), *seeds) == {
        "anchor": "vq",
        "test": "ecvq",
    } | {name: pytest.approx(value) for name, value in expected.items()}


def test_seeds_against_a_curve_by_hand() -> None:
    """At 100 and 200 bits the curve has 20 and 22 dB, so the seeds are 1 and 1.5 dB above it.
    Student's t for one degree of freedom is 12.7062, and the error of the mean 0.25 dB.
    """
    seeds = curve([(100, 21), (200, 23.5)], "ecvq")
    expected = {"rate": 150, "test_quality": 22.25, "difference": 1.25}
    expected |= {"difference_ci95": 12.7062 * 0.25, "test_seeds": 2}
    expected |= {"difference_deviation": 0.5 / 2**0.5, "anchor_distance": 100}
    assert seeds_comparison(curve(ANCHOR, "vq"), curve(TEST), None, seeds) == {
        "anchor": "vq",
        "test": "ecvq",
    } | {name: pytest.approx(value, rel=1e-5) for name, value in expected.items()}


def test_only_the_shape_of_the_curve_moves_points() -> None:
    points = curve([(100, 30), (200, 31), (400, 35)])
    for lift in (0, 7):
        along = curve([(rate, quality + lift) for rate, quality in ANCHOR])
        assert moved(points, along, 200).tolist() == pytest.approx([32, 31, 33])


def test_a_point_below_the_hull_bends_no_curve() -> None:
    along = curve([(100, 20), (200, 1), (400, 24)])
    assert moved(curve([(100, 20)]), along, 200) == pytest.approx([22])


@pytest.mark.parametrize("rate", [99, 401])
def test_beyond_the_curve_nothing_is_moved(rate: float) -> None:
    with pytest.raises(ReportError, match=f"rates of 100 to 400 on its hull, and none at {rate}"):
        moved(curve([(200, 20)]), curve(ANCHOR), rate)


@pytest.mark.parametrize("seeds", [TEST_SEEDS[:1], TEST_SEEDS[:1] * 2])
def test_what_has_no_interval_over_seeds_is_refused(seeds: Points) -> None:
    for ours, theirs in ((None, seeds), (ANCHOR_SEEDS, seeds), (seeds, ANCHOR_SEEDS)):
        with pytest.raises(ReportError, match=f"some: these are {len(seeds)} rows"):
            seeds_comparison(
                curve(ANCHOR), curve(TEST), curve(ours) if ours else None, curve(theirs)
            )


def test_compare_takes_rows_that_are_seeds(tmp_path: Path) -> None:
    run = written(
        tmp_path / "run", vq=ANCHOR, vq_seeds=ANCHOR_SEEDS, ecvq=TEST, ecvq_seeds=TEST_SEEDS
    )
    sides = ["--anchor", "scenario=vq", "--test", "scenario=ecvq"]
    ours, theirs = ["--anchor-seeds", "scenario=vq_*"], ["--test-seeds", "scenario=ecvq_*"]
    shown = cli_ok("compare", str(run), *sides, *ours, *theirs).stdout
    figures = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (figures["difference"], figures["difference_ci95"]) == ("2", "4.97547")
    shown = cli_ok("compare", str(run), *sides, *theirs).stdout
    assert "difference_deviation" in shown and "anchor_deviation" not in shown
    for options, message in (
        ([*theirs, "--paired"], "omit --at and --paired"),
        (ours, "takes --test-seeds"),
    ):
        refused = cli("compare", str(run), *sides, *options)
        assert refused.exit_code == 2 and message in refused.output
