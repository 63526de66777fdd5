"""Runs made by hand, and a headless Chromium that tests control."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from semcomm.run.report_samples import FirstSamples, ReportSample, save_report_sample

MakeRun = Callable[..., Path]

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser with a new profile, which notes what its console says and what it requests."""
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in (*QUIET, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        try:
            yield driver
        finally:
            driver.quit()


@pytest.fixture
def downloads(browser: webdriver.Chrome, tmp_path: Path) -> Path:
    """The folder that the browser's downloads go to."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    browser.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
    )
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """A function that writes a run's folder with these rows of results.csv, a cell each.

    Key paths in a row are its settings. Of two samples of 4 x 6 pixels all cells sent the same;
    `per_image` are the measured columns of theirs, and `symbols` what an analogue cell sent. The
    gains of `subcarriers` are 0 dB, -1 dB, -2 dB and so on, and every second carries 2 bits.
    """

    def make(
        rows: list[dict[str, Any]],
        per_image: dict[str, list[Any]] | None = None,
        symbols: bool = False,
        subcarriers: int = 0,
        name: str = "run",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
        origin = {"command": "semcomm run mine", "date": "2026-11-29T12:00:00+00:00"}
        (folder / "origin.json").write_text(json.dumps(origin | {"versions": {"semcomm": "1"}}))
        rng = np.random.default_rng(0)
        sent = list(rng.integers(0, 256, (2, 4, 6, 3), np.uint8))
        for number, row in enumerate(rows):
            received = list(rng.integers(0, 256, (2, 4, 6, 3), np.uint8))
            drawn = [rng.normal(size=12) + 1j * rng.normal(size=12) for _ in sent]
            gains_db = np.tile(-np.arange(subcarriers, dtype=np.float32), (2, 1))
            loads = np.tile((2 * (np.arange(subcarriers) % 2)).astype(np.uint8), (2, 1))
            first = FirstSamples(
                sent,
                received,
                symbols=drawn if symbols else None,
                gains_db=gains_db if subcarriers else None,
                loads=loads if subcarriers else None,
            )
            measured = per_image or {"psnr_db": [20.5, 21.5]}
            table = pd.DataFrame({"image": ["a", "b"], "channel_uses": [12, 12], **measured})
            save_report_sample(
                folder,
                number,
                ReportSample(
                    {"name": row["scenario"], **{key: row[key] for key in row if "." in key}},
                    first,
                    table.to_dict("records"),
                    None,
                    np.empty(0, np.int64),
                ),
            )
        return folder

    return make
