"""What a run's folder says of its columns, to those who read its tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from semcomm.measures import MEASURES, error_columns
from semcomm.measures.measure import Measure
from semcomm.run.origin import ERRORS, ORIGIN, is_error


def test_shipped_errors_are_mse_and_nmse() -> None:
    assert error_columns(MEASURES) == ["mse", "nmse", "nmse_db"]


def test_percentiles_of_an_error_are_errors() -> None:
    measure = Measure(np.zeros_like, is_error=True, percentiles={"median": 0.5})
    assert error_columns({"mine": measure}) == ["mine", "mine_median"]


@pytest.mark.parametrize("file", ["", "results.csv", "per_image.csv", "per_image.parquet"])
def test_rows_of_a_run_know_its_errors(tmp_path: Path, file: str) -> None:
    origin = {"command": "", "date": "", "versions": {}, ERRORS: ["mine"]}
    (tmp_path / ORIGIN).write_text(json.dumps(origin))
    table = pd.DataFrame({"results": [str(tmp_path / file)]})
    assert is_error(table, "mine") and is_error(table, "nmse_db")
    assert not is_error(table, "psnr_db")


def test_rows_from_elsewhere_know_the_shipped_errors(tmp_path: Path) -> None:
    table = pd.DataFrame({"results": [str(tmp_path / "means.csv")]})
    assert is_error(table, "nmse_db") and not is_error(table, "mine")
