"""Intervals: against scipy's own, against how often they hold the truth, and where there are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from semcomm.report.intervals import half_widths
from semcomm.report.tables import read_results


def run_folder(folder: Path, cells: list[np.ndarray], numbered: bool = True) -> Path:
    """The tables of a run whose cells have images of these PSNRs, and of ten times as many bits."""
    folder.mkdir()
    means = {"psnr_db": [cell.mean() for cell in cells], "bits_per_image": [10 * cell.mean() for cell in cells]}
    pd.DataFrame(means | {"bpp": 1.0}).to_csv(folder / "results.csv", index=False)
    images = [pd.DataFrame({"psnr_db": cell, "bits": 10 * cell, "cell": number}) for number, cell in enumerate(cells)]
    table = pd.concat(images)
    (table if numbered else table.drop(columns="cell")).to_csv(folder / "per_image.csv", index=False)
    return folder


def test_intervals_are_those_of_student(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells = [rng.normal(25, 3, 40), rng.normal(20, 1, 7)]
    widths = half_widths(read_results([run_folder(tmp_path / "run", cells)]), ["psnr_db", "bits_per_image", "bpp"])
    for number, cell in enumerate(cells):
        low, high = scipy.stats.t.interval(0.95, len(cell) - 1, cell.mean(), scipy.stats.sem(cell))
        assert widths["psnr_db"][number] == pytest.approx((high - low) / 2, rel=1e-12)
        assert widths["bits_per_image"][number] == pytest.approx(5 * (high - low), rel=1e-12)
    assert np.isnan(widths["bpp"]).all()


def test_intervals_hold_the_truth_in_95_of_100_cells(tmp_path: Path) -> None:
    cells = list(np.random.default_rng(1).normal(25, 3, (2000, 5)))
    widths = half_widths(read_results([run_folder(tmp_path / "run", cells)]), ["psnr_db"])["psnr_db"]
    holds = int(np.sum(np.abs(np.mean(cells, axis=1) - 25) <= widths))
    low, high = scipy.stats.binom.interval(0.9999, len(cells), 0.95)
    assert low <= holds <= high


def test_each_folder_has_its_own(tmp_path: Path) -> None:
    steady, varied = np.full(9, 20.0), np.arange(9.0)
    folders = [run_folder(tmp_path / "a", [varied], numbered=False), run_folder(tmp_path / "b", [steady, varied])]
    widths = half_widths(read_results(folders), ["psnr_db"])["psnr_db"]
    assert widths.tolist() == [widths[0], 0, widths[0]]
    assert widths[0] == pytest.approx(scipy.stats.t.ppf(0.975, 8) * varied.std(ddof=1) / 3)


def test_one_image_or_no_table_of_images_gives_none(tmp_path: Path) -> None:
    alone = run_folder(tmp_path / "alone", [np.array([25.0]), np.array([25.0, 26.0])])
    assert np.isnan(half_widths(read_results([alone]), ["psnr_db"])["psnr_db"]).tolist() == [True, False]
    (alone / "per_image.csv").unlink()
    assert np.isnan(half_widths(read_results([alone]), ["psnr_db"])["psnr_db"]).all()
