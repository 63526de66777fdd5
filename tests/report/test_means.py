"""Means over groups of rows are those of all rows at once, with Student's intervals."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli_ok
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from semcomm.errors import ReportError
from semcomm.report.means import means

rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(-99, 99) | st.none()), min_size=1, max_size=20
)


@given(rows, st.integers(1, 7))
@settings(deadline=None)
def test_means_do_not_depend_on_the_parts_in_which_rows_come(
    values: list[tuple[str, int | None]], size: int
) -> None:
    table = pd.DataFrame(
        [(name, "" if x is None else str(x)) for name, x in values],
        columns=["name", "x"],
        dtype=str,
    ).assign(row=[str(row) for row in range(len(values))])
    averages = means(
        (table[first : first + size] for first in range(0, len(table), size)), ["name"], ["x"]
    )
    assert averages.name.tolist() == list(dict.fromkeys(name for name, _ in values))
    for row in averages.itertuples():
        x = np.array([value for name, value in values if name == row.name and value is not None])
        assert int(row.rows) == sum(name == row.name for name, _ in values)
        assert float(row.x or "nan") == pytest.approx(
            x.mean() if x.size else math.nan, rel=1e-12, nan_ok=True
        )
        if x.size > 1:
            expected = t.ppf(0.975, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size)
            assert float(row.x_ci95) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        else:
            assert row.x_ci95 == ""


def test_numeric_columns_are_averaged_unless_others_are_named() -> None:
    table = pd.DataFrame(
        {"seed": ["1", "2"], "codec": ["a", "a"], "psnr_db": ["20", "24"], "damaged": ["True", ""]}
    )
    averages = means([table], ["codec"])
    assert averages.to_dict("records") == [
        {"codec": "a", "rows": "2", "seed": "1.5", "seed_ci95": averages.seed_ci95[0]}
        | {
            "psnr_db": "22.0",
            "psnr_db_ci95": averages.psnr_db_ci95[0],
            "damaged": "1.0",
            "damaged_ci95": "",
        }
    ]
    assert float(averages.psnr_db_ci95[0]) == pytest.approx(
        t.ppf(0.975, 1) * 2
    )  # a standard deviation of sqrt(8)
    with pytest.raises(ReportError, match="codec is a in a row; it takes finite numbers"):
        means([table.assign(results="x.csv")], ["seed"], ["codec"])
    with pytest.raises(ReportError, match="there is no column quality"):
        means([table.assign(results="x.csv")], ["quality"])


def test_the_command_gives_means_over_seeds_and_over_images(tmp_path: Path) -> None:
    pd.DataFrame({"codec": ["a", "a", "b"], "seed": [1, 2, 1], "psnr_db": [20, 24, 30]}).to_csv(
        tmp_path / "results.csv", index=False
    )
    options = ["--by", "codec", "--columns", "psnr_db", "-o", str(tmp_path / "out.csv")]
    cli_ok("table", tmp_path, *options)
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "codec,rows,psnr_db,psnr_db_ci95"
    assert lines[1].startswith("a,2,22.0,25.41")
    assert lines[2] == "b,1,30.0,"


def test_equal_rows_of_results_count_once() -> None:
    rows = [("1", "20", "a.csv"), ("1", "20", "b.csv"), ("2", "24", "a.csv"), ("2", "24", "a.csv")]
    table = pd.DataFrame(rows, columns=["seed", "psnr_db", "results"]).assign(codec="a")
    for chunks in ([table], [table[:1], table[1:]]):
        (row,) = means(chunks, ["codec"], ["psnr_db"]).to_dict("records")
        assert (row["rows"], row["psnr_db"]) == ("2", "22.0")
    (alone,) = means([table[:2]], ["codec"], ["psnr_db"]).to_dict("records")
    assert alone["psnr_db_ci95"] == ""
    (images,) = means([table.assign(image="x")], ["codec"], ["psnr_db"]).to_dict("records")
    assert images["rows"] == "4"
