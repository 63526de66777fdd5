"""A system and a measure of one file each, outside semcomm, from a scenario to a report."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok

from semcomm.data.sample import Sample

HERE = Path(__file__).parent
SCENARIO = """
codec: {model: mine/mean_colours.py:MeanColours, contrast: 0.2}
measures: [psnr_db, mine/blue_error.py:blue_error]
channel: {model: awgn, esn0_db: 10}
images: 40
sweep: {channel.esn0_db: [0, 20]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    for name in ("mean_colours.py", "blue_error.py"):
        shutil.copy(HERE / name, tmp_path / "mine" / name)
    path = tmp_path / "colours.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.mark.slow
def test_own_system_and_measure_reach_tables_and_report(scenario: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    cli_ok("run", scenario, "--out", folder)
    rows = pd.read_csv(folder / "results.csv")
    assert rows["codec.model"].tolist() == ["mine/mean_colours.py:MeanColours"] * 2
    assert rows["codec.contrast"].tolist() == [0.2, 0.2]
    assert rows["channel.esn0_db"].tolist() == [0, 20]
    assert rows.images.tolist() == [40, 40]
    assert rows.bits_per_image.isna().all()
    assert (rows.channel_uses_per_image == 96).all()  # 64 patches of 3 colours, 2 per symbol
    assert (rows.bandwidth_ratio == 96 / 3072).all()
    assert rows.psnr_db[1] > rows.psnr_db[0] > 5
    assert rows.blue_error[0] > rows.blue_error[1]
    images = pd.read_csv(folder / "per_image.csv")
    assert images.groupby("cell").blue_error.mean().tolist() == pytest.approx(
        rows.blue_error.tolist()
    )
    assert "bits" not in images
    best = cli_ok("table", folder, "--best", "blue_error", "--columns", "channel.esn0_db")
    assert best.output.split() == ["channel.esn0_db", "20"]
    cli_ok("report", folder, "-o", tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_own_measure_goes_with_a_shipped_system(scenario: Path, tmp_path: Path) -> None:
    path = scenario.with_name("ecvq.yaml")
    path.write_text(
        "codec: {model: vq-n64}\nmeasures: [mine/blue_error.py:blue_error, ssim]\nimages: 8\n"
        "channel: {model: binary_symmetric, crossover: 0.01}\n"
    )
    cli_ok("run", path, "--out", tmp_path / "ecvq")
    row = pd.read_csv(tmp_path / "ecvq" / "results.csv").iloc[0]
    assert row.blue_error > 0
    assert "psnr_db" not in row
    assert row.ssim_ci95 > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channel: {model: binary_symmetric, crossover: 0}", "wrong.yaml:2:18|carries bits"),
        ("channel: {model: awgn, esn0_db: 5}\nlink: {modulation: qpsk}", "link is for frames"),
        ("channel: {model: awgn, esn0_db: 5}\nframing: {crc: 8}", "framing is for frames"),
        ("channel: {model: awgn, esn0_db: 5}\nreceiver: {damaged: drop}", "receiver is for frames"),
        ("channel: {model: awgn, esn0_db: 5}\nstop: {frame_errors: 9}", "stop is for frames"),
        ("channel: {model: awgn, esn0_db: 5}\nmeasures: [psnr]", "measure psnr is unknown"),
    ],
)
def test_mistakes_have_their_place(scenario: Path, text: str, message: str) -> None:
    path = scenario.with_name("wrong.yaml")
    path.write_text(f"codec: {{model: mine/mean_colours.py:MeanColours}}\n{text}\n")
    result = cli("run", path)
    assert result.exit_code == 2
    assert "wrong.yaml:" in result.output
    for part in message.split("|"):
        assert part in result.output


def test_own_system_is_resumed_only_while_its_file_is_the_same(
    scenario: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    cli_ok("run", scenario, "--out", folder)
    file = scenario.parent / "mine" / "mean_colours.py"
    file.write_text(file.read_text() + "\n# changed\n")
    result = cli("run", scenario, "--out", folder)
    assert result.exit_code == 2
    assert "the Python file of the system differs" in result.output


def test_reference_transmitter_of_an_own_system_has_unit_energy() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("mean_colours", HERE / "mean_colours.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sender = module.Sender()
    sent = sender.packetize(sender.encode(Sample().load(0, 3)))
    for frame in sent.signal.split():
        assert np.mean(np.abs(frame) ** 2) == pytest.approx(1)
