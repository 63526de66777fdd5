"""docs/channel.md: what its channel does is what its docstring says, and it can be installed as a
package.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import COMMAND, cli, cli_ok
from pages import ROOT, blocks

pytestmark = pytest.mark.docs


def block(language: str) -> str:
    (result,) = [
        each.text for each in blocks(ROOT / "docs" / "channel.md") if each.language == language
    ]
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the page's two files, where commands are run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_channel.py").write_text(block("python"))
    (tmp_path / "mine.yaml").write_text(block("yaml"))
    return tmp_path


def test_the_channel_takes_no_more_than_fifteen_lines() -> None:
    assert sum(bool(line.strip()) for line in block("python").splitlines()) <= 15


def test_a_file_leads_to_rows_of_the_table(folder: Path) -> None:
    cli_ok("run", "mine.yaml", "--images", "32", "--workers", "1", "--out", "results/mine")
    table = pd.read_csv(folder / "results" / "mine" / "results.csv")
    assert table["channel.fault"].tolist() == [0, 0.001, 0.01]
    assert (
        table.bit_errors.is_monotonic_increasing and table.bit_errors[0] == 0 < table.bit_errors[1]
    )
    # Half of the bits are ones, give or take; a fault turns them, and 4 sigma of the errors' number
    # are left.
    expected = 0.5 * 0.01 * table.bits_per_image[2] * 32
    assert abs(table.bit_errors[2] - expected) < 0.2 * expected + 4 * np.sqrt(expected)


def test_a_parameter_out_of_its_bounds_is_told_with_its_place(folder: Path) -> None:
    (folder / "mine.yaml").write_text(block("yaml").replace("[0, 0.001, 0.01]", "[0, 2]"))
    done = cli("run", "mine.yaml")
    assert done.exit_code == 2
    assert re.search(
        r"mine\.yaml:3:\d+: channel\.fault is 2; it takes a number from 0 to 1", done.stderr
    )


def test_an_installed_package_goes_by_its_name(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (folder / "pyproject.toml").write_text(block("toml"))
    installed, elsewhere = (
        tmp_path_factory.mktemp("installed"),
        tmp_path_factory.mktemp("elsewhere"),
    )
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
    ]
    subprocess.run([*pip, "--target", str(installed), str(folder)], check=True)
    scenario = (
        "codec: {model: ecvq-n128-nu16}\nchannel: {model: stuck_at_zero, fault: 0.001}\nimages: 8\n"
    )
    (elsewhere / "named.yaml").write_text(scenario)
    path = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [COMMAND, "run", "named.yaml"], cwd=elsewhere, env=path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(elsewhere / "results" / "named" / "results.csv")
    assert table["channel.fault"].tolist() == [0.001]
