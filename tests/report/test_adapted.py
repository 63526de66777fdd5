"""Modulation and code rate by known gains: a case by hand, and against blocks of mixed frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.frames import Symbols
from semcomm.link.checked_channel import CheckedSymbols
from semcomm.report.adapted import adapted
from semcomm.report.per_image import read_per_image
from semcomm.report.results import read_results
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import Cell, read_scenarios

LINKS = [["qpsk", "679/1024"], ["64qam", "466/1024"]]
"""From 4 and from 10 dB in the table for 512 channel uses."""

SCENARIO = """
codec: {model: vq-n64, entropy_coder: fixed_length}
framing: {header: false, crc: 16}
link: {code: {model: ldpc}, channel_uses: 512}
channel: {model: rayleigh, esn0_db: 10}
images: 24
sweep:
  link.modulation, link.code.rate: [[64qam, 466/1024], [qpsk, 679/1024]]
"""


def written(folder: Path, **columns: list[str]) -> Path:
    """A run of two rows over three images with gains of -9, 0 and 3 dB."""
    folder.mkdir()
    row = {
        "scenario": ["tiny", "tiny"],
        "link.modulation": [modulation for modulation, _ in LINKS],
        "link.code.rate": [rate for _, rate in LINKS],
        "link.channel_uses": ["512", "512"],
        "link.retransmission.model": ["", ""],
        "channel.esn0_db": ["10.0", "10.0"],
        "channel.ebn0_db": ["8.8", "5.6"],
        "repeat": ["1", "1"],
        **columns,
        "images": ["3", "3"],
        "psnr_db": ["1", "1"],
        "psnr_db_ci95": ["1", "1"],
        "accuracy": ["1", "1"],
        "accuracy_low": ["1", "1"],
        "psnr_of_mean_mse_db": ["1", "1"],
    }
    pd.DataFrame(row).to_csv(folder / "results.csv", index=False)
    images = {
        "image": ["a", "b", "c"] * 2,
        "height": [32] * 6,
        "width": [32] * 6,
        "mse": [1.0, 1.0, 1.0, 9.0, 2.0, 3.0],
        "psnr_db": [20.0, 0.0, 0.0, 0.0, 26.0, 29.0],
        "accuracy": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "residual_frame_errors": [1, 1, 1, 0, 0, 0],
        "channel_uses": [512] * 6,
        "gain_db": [-9.0, 0.0, 3.0] * 2,
        "cell": [0, 0, 0, 1, 1, 1],
    }
    pd.DataFrame(images).to_csv(folder / "per_image.csv", index=False)
    return folder


def test_a_case_by_hand(tmp_path: Path) -> None:
    """At 1, 10 and 13 dB: QPSK, as nothing is for less, and twice 64-QAM. The PSNRs 20, 26 and 29
    have the mean 25 and the variance 21, so that their interval has t(2) = 4.30265 times the root
    of 7.
    """
    out = tmp_path / "out"
    cli_ok("adapt", written(tmp_path / "run"), "-o", out)
    (row,) = pd.read_csv(out / "results.csv").to_dict("records")
    assert row["scenario"] == "tiny-known-gain"
    assert not {"link.modulation", "link.code.rate", "channel.ebn0_db"} & set(row)
    assert row["images"] == 3 and row["channel_uses_per_image"] == 512
    assert row["psnr_db"] == pytest.approx(25)
    assert row["psnr_db_ci95"] == pytest.approx(4.30265 * np.sqrt(7), rel=1e-5)
    assert row["psnr_of_mean_mse_db"] == pytest.approx(10 * np.log10(255**2 / 2))
    assert row["accuracy"] == pytest.approx(2 / 3)
    images = pd.read_csv(out / "per_image.csv")
    assert images["image"].tolist() == ["a", "b", "c"]
    assert images["residual_frame_errors"].tolist() == [1, 0, 0]
    assert images["cell"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("columns", "conditions", "message"),
    [
        ({}, ["link.modulation=qpsk"], "has one modulation and code rate"),
        ({"link.retransmission.model": ["chase", "chase"]}, [], "has retransmission"),
        ({"repeat": ["2", "2"]}, [], "has repetitions"),
        ({"link.channel_uses": ["", ""]}, [], "has no link.channel_uses"),
        ({"link.code.rate": ["", "466/1024"]}, [], "has no qpsk with the code rate  at 512"),
        ({"link.code.rate": ["1/2", "466/1024"]}, [], "has no qpsk with the code rate 1/2 at 512"),
        ({"seed": ["0", "1"]}, [], "has one modulation and code rate"),
    ],
)
def test_rows_without_a_choice_are_refused(
    tmp_path: Path, columns: dict[str, list[str]], conditions: list[str], message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        adapted(written(tmp_path / "run", **columns), conditions)


def test_images_without_one_gain_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    images = pd.read_csv(folder / "per_image.csv")
    for without in (images.drop(columns="gain_db"), images.assign(gain_db=[0, np.nan, 0] * 2)):
        without.to_csv(folder / "per_image.csv", index=False)
        with pytest.raises(ReportError, match="an image has no single gain"):
            adapted(folder, [])


def test_other_images_of_the_cells_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    images = pd.read_csv(folder / "per_image.csv")
    images["image"] = ["a", "b", "c", "a", "c", "b"]
    images.to_csv(folder / "per_image.csv", index=False)
    with pytest.raises(ReportError, match="are over different images"):
        adapted(folder, [])


def test_the_folder_of_a_run_is_not_written_to(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    (folder / "run.json").write_text("{}")
    result = cli("adapt", folder, "-o", folder)
    assert result.exit_code == 2 and "holds a run" in result.output


class Mixer:
    """Records the symbols of a block, or sends in their place those of several blocks, mixed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Symbols] = []
        self.mixed: Symbols | None = None
        transmit = CheckedSymbols.transmit

        def patched(channel: CheckedSymbols, symbols: Symbols, *others: Any) -> Any:
            self.sent.append(symbols)
            return transmit(channel, self.mixed or symbols, *others)

        monkeypatch.setattr(CheckedSymbols, "transmit", patched)

    def mix(self, choice: NDArray[np.int64]) -> None:
        """From the blocks that were sent, each frame from that of its choice."""
        blocks = [symbols.split() for symbols in self.sent]
        frames = [blocks[cell][number] for number, cell in enumerate(choice)]
        self.mixed = self.sent[0].with_values(np.concatenate(frames))


@pytest.mark.usefixtures("one_thread")
def test_it_is_what_a_block_of_mixed_frames_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each receiver of the two gets the block in which each image has its own modulation and code
    rate. What it makes of its own images is what `adapted` takes from the run.
    """
    path = tmp_path / "mixed.yaml"
    path.write_text(SCENARIO)
    cli_ok("run", path, "--out", tmp_path / "run")
    (chosen,) = adapted(tmp_path / "run", [])
    cells: list[Cell] = read_scenarios(path)
    mixer = Mixer(monkeypatch)
    tables = [simulate(cell.scenario).per_image for cell in cells]
    choice = np.where(tables[0]["gain_db"] >= 0, 0, 1)
    assert 5 < choice.sum() < 19
    mixer.mix(choice)
    for number, cell in enumerate(cells):
        own = simulate(cell.scenario).per_image[choice == number]
        taken = chosen.images[choice == number].drop(columns="cell")
        pd.testing.assert_frame_equal(own, taken, check_dtype=False)


def test_a_run_has_the_columns_that_it_takes(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(SCENARIO.replace("images: 24", "images: 2"))
    cli_ok("run", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert "gain_db" in read_per_image(tmp_path / "run")
    assert "gain_db" not in read_results([tmp_path / "run"])
