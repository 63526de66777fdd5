"""Intervals: what results.csv says of them, and where it says nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from semcomm.errors import ReportError
from semcomm.report.curves import curves_of
from semcomm.report.intervals import interval
from semcomm.report.results import read_results


def table(folder: Path, *files: dict[str, list[object]]) -> pd.DataFrame:
    paths = [folder / f"{number}.csv" for number in range(len(files))]
    for path, columns in zip(paths, files, strict=True):
        pd.DataFrame(columns).to_csv(path, index=False)
    return read_results(paths)


def test_half_widths_lie_around_their_means(tmp_path: Path) -> None:
    ends = interval(table(tmp_path, {"psnr_db": [20, 25.5], "psnr_db_ci95": [0.5, 2]}), "psnr_db")
    assert ends is not None
    assert [end.tolist() for end in ends] == [[19.5, 23.5], [20.5, 27.5]]


def test_rates_have_two_ends_of_their_own(tmp_path: Path) -> None:
    ends = interval(
        table(tmp_path, {"rate": [0.0], "rate_low": [0.0], "rate_high": [0.037]}), "rate"
    )
    assert ends is not None
    assert [end.tolist() for end in ends] == [[0], [0.037]]


def test_what_has_none_has_none(tmp_path: Path) -> None:
    both = table(
        tmp_path,
        {"psnr_db": [20], "psnr_db_ci95": [0.5]},
        {"psnr_db": [21]},
        {"psnr_db": [22], "bpp": [1]},
    )
    ends = interval(both, "psnr_db")
    assert ends is not None
    assert np.isnan(ends[0]).tolist() == [False, True, True]
    assert interval(both, "bpp") is None


def test_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="psnr_db_ci95 is wide"):
        interval(table(tmp_path, {"psnr_db": [20], "psnr_db_ci95": ["wide"]}), "psnr_db")


def test_curves_carry_the_intervals_of_their_points(tmp_path: Path) -> None:
    columns = {"x": [2, 1, 1], "y": [5, 4, 3], "y_ci95": [0.5, 1, 2], "by": ["a", "a", "b"]}
    a, b = curves_of(table(tmp_path, columns), "x", "y", ["by"])
    assert a.low is not None and a.high is not None and b.low is not None
    assert (a.low.tolist(), a.high.tolist(), b.low.tolist()) == ([3, 4.5], [5, 5.5], [1])
