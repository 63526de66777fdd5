"""What a run keeps of its first images: all of it comes back, and it is what the system does."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from semcomm.cli import main
from semcomm.codec.codec import Codec
from semcomm.data.sample import Sample
from semcomm.errors import ReportError
from semcomm.framing import Framing
from semcomm.run.block import records, run_block
from semcomm.run.block_file import load_block, save_block
from semcomm.run.report_samples import COUNT, KeptCell, load_cell, reduced
from semcomm.transmitter import Transmitter

pytestmark = pytest.mark.usefixtures("one_thread")

SCENARIO = """\
codec: {{model: {codec}, device: cpu}}
framing: {{slices: 2, crc: 8}}
channel: {{model: binary_symmetric}}
images: 20
sweep: {{channel.crossover: [0, 0.01]}}
"""


@pytest.fixture
def folder(tmp_path: Path, tiny_codec_file: Path) -> Path:
    (tmp_path / "mine.yaml").write_text(SCENARIO.format(codec=tiny_codec_file))
    told = CliRunner().invoke(
        main, ["run", str(tmp_path / "mine.yaml"), "--out", str(tmp_path / "run")]
    )
    assert told.exit_code == 0, told.output
    return tmp_path / "run"


def test_a_cell_is_kept_as_transmitter_and_receiver_have_it(
    folder: Path, tiny_codec: Codec
) -> None:
    images, framing = Sample().load(0, COUNT), Framing(slices=2, crc=8)
    sent = Transmitter(tiny_codec, framing=framing).transmit(images)
    clean, noisy = load_cell(folder, 0), load_cell(folder, 1)
    for cell in (clean, noisy):
        assert all(map(np.array_equal, cell.first.sent, images))
        assert all(map(np.array_equal, cell.first.indices, sent.encoded["indices"] or []))
        assert np.array_equal(cell.first.frames.bits, sent.signal.bits)
        assert np.array_equal(cell.first.frames.lengths, sent.signal.lengths)
        assert cell.first.symbols.tolist() == [64] * 2 * COUNT
        assert cell.first.crc == 8
        assert cell.code is not None
        assert np.array_equal(cell.code.lengths, tiny_codec.code_lengths)
        assert cell.counts.sum() == 20 * 128
        pictures = tiny_codec.decode(tiny_codec.dequantize(cell.first.arrived), [(32, 32)] * COUNT)
        assert all(map(np.array_equal, cell.first.received, pictures))
    assert all(map(np.array_equal, clean.first.arrived, clean.first.indices))
    assert not all(map(np.array_equal, noisy.first.arrived, noisy.first.indices))
    assert [cell.scenario["channel"]["crossover"] for cell in (clean, noisy)] == [0, 0.01]


def test_records_are_those_of_the_table(folder: Path) -> None:
    table = pd.read_csv(folder / "per_image.csv")
    for row in range(2):
        ours = pd.DataFrame(load_cell(folder, row).records)
        theirs = table[table.cell == row].head(COUNT).drop(columns="cell").reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12)


def test_pictures_have_the_psnr_of_their_records(folder: Path) -> None:
    for row in range(2):
        cell = load_cell(folder, row)
        for record, sent, received in zip(
            cell.records, cell.first.sent, cell.first.received, strict=True
        ):
            mse = np.mean((sent.astype(float) - received) ** 2)
            assert record["psnr_db"] == pytest.approx(10 * np.log10(255**2 / mse))


def test_the_origin_tells_the_command_date_and_versions(folder: Path) -> None:
    origin = json.loads((folder / "origin.json").read_text())
    assert origin["command"].split()[:2] == ["semcomm", "run"]
    assert {"semcomm", "python", "torch", "numpy"} <= origin["versions"].keys()
    assert "T" in origin["date"]


def test_a_block_comes_back_from_its_file(folder: Path, tmp_path: Path) -> None:
    from semcomm.run.block import Task
    from semcomm.scenario.scenario import read_scenarios

    cell = read_scenarios(tmp_path / "mine.yaml")[1]
    block = run_block(Task(str(tmp_path), 0, cell, 0, shared=False))
    save_block(block, tmp_path / "block.safetensors")
    again = load_block(tmp_path / "block.safetensors")
    assert again is not None and again.first is not None and block.first is not None
    pd.testing.assert_frame_equal(records([again]), records([block]))
    ours, theirs = again.first.to_arrays(), block.first.to_arrays()
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("content", [None, b"", b"\x00" * 20])
def test_a_missing_or_damaged_file_is_told(folder: Path, content: bytes | None) -> None:
    path = folder / "first-images" / "000001.safetensors"
    path.unlink() if content is None else path.write_bytes(content)
    assert isinstance(load_cell(folder, 0), KeptCell)
    with pytest.raises(ReportError, match=r"000001\.safetensors.*--fresh"):
        load_cell(folder, 1)


def test_large_pictures_are_reduced_to_means() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1030, 600, 3), np.uint8)
    (small,) = reduced([image])
    assert small.shape == (344, 200, 3)
    assert small[5, 7, 1] == pytest.approx(image[15:18, 21:24, 1].mean(), abs=1)
    assert reduced([image[:512, :512]])[0].shape == (512, 512, 3)
    assert len(reduced([image[:4, :4]] * 20)) == COUNT
