"""Channel matrices by the commands of images: a codec trains, runs, reports, and goes over pipes."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from semcomm.cli import main
from semcomm.data.choice import DataChoice
from semcomm.errors import CodecError, ScenarioError
from semcomm.measures.csi import nmse
from semcomm.run.from_python import run
from semcomm.run.simulation import simulate
from semcomm.run.training import run_training, training_images
from semcomm.scenario.scenario import Cell, read_scenario, read_scenarios
from semcomm.scenario.training import read_training
from semcomm.systems.learned import LearnedCodec
from semcomm.zoo.find import load_codec

PAGE = Path(__file__).parents[2] / "experiments" / "csi" / "README.md"
TRAINING = """\
data: {csi: sample}
images: 128
geometry: {groups: 2, dimension: 4, codewords: 16, channels: 8}
training: {epochs: 3, batch_size: 16, learning_rate: 0.01, device: cpu, dtype: float32}
"""

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ecvq codec of channel matrices, trained for a moment."""
    folder = tmp_path_factory.mktemp("csi")
    (folder / "tiny.yaml").write_text(TRAINING)
    progress: list[str] = []
    path = run_training(
        read_training(folder / "tiny.yaml"),
        folder,
        "semcomm train tiny",
        lambda epoch: progress.append(epoch.figures()),
    )
    assert all(" dB " in figures for figures in progress)
    return path


def matrices(count: int = 32) -> list[NDArray[np.float32]]:
    return DataChoice(csi="sample").open().load(0, count)


def test_training_shows_the_nmse_of_its_codec(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TRAINING)
    scenario = read_training(tmp_path / "tiny.yaml")
    trainer = scenario.trainer(training_images(scenario))
    *_, progress = trainer.run_epoch()
    # An epoch of eight steps learns little: it is about as bad as zeros, which are 0 dB.
    assert -3 < progress.quality_db < 2
    assert f"{progress.quality_db:.2f} dB" in progress.figures()


def test_a_trained_codec_says_what_it_is(codec_file: Path) -> None:
    codec = load_codec(codec_file)
    assert codec.modality == "csi" and codec.origin["data"] == "csi sample"
    shown = CliRunner().invoke(main, ["codec", "show", str(codec_file)]).output
    assert "modality" in shown and "csi" in shown


def test_a_run_measures_nmse_of_real_bits(codec_file: Path, tmp_path: Path) -> None:
    scenario = {
        "name": "csi",
        "codec": {"model": str(codec_file), "device": "cpu"},
        "data": {"csi": "sample"},
        "images": 32,
        "framing": {"header": False, "crc": 0},
    }
    table = run(scenario, out=tmp_path / "run")
    codec = load_codec(codec_file)
    indices = codec.quantize(codec.encode(matrices()))
    decoded = codec.decode(codec.dequantize(indices), [(32, 32)] * 32)
    bits = [codec.code_lengths[grid].sum() for grid in indices]
    expected = nmse(matrices(), decoded).mean()
    assert table.nmse.item() == pytest.approx(expected)
    assert table.nmse_db.item() == pytest.approx(10 * np.log10(expected))
    assert table.bits_per_image.item() == pytest.approx(np.mean(bits))
    assert "psnr_db" not in table and table["data.csi"].item() == "sample"
    result = CliRunner().invoke(
        main, ["report", str(tmp_path / "run"), "-o", str(tmp_path / "report.html")]
    )
    assert result.exit_code == 0, result.output
    assert "NMSE" in (tmp_path / "report.html").read_text()


def test_no_frame_is_above_its_budget(codec_file: Path) -> None:
    scenario = {
        "name": "csi",
        "codec": {"model": str(codec_file), "device": "cpu", "budget_bits": 160},
        "data": {"csi": "sample"},
        "images": 32,
        "framing": {"header": False, "crc": 0},
    }
    per_image = simulate(read_scenario(scenario)).per_image
    assert per_image.bits.max() <= 160 < 128 * int(load_codec(codec_file).code_lengths.max())


@pytest.mark.slow
@pytest.mark.parametrize("budget", [128, 256])
def test_no_matrix_of_csi_bits_is_above_its_budget(budget: int) -> None:
    """Of the 256 of the sample; most of a budget is used."""
    cells = [cell for cell in read_scenarios("csi-bits") if cell_budget(cell) == budget]
    assert len(cells) == 2
    for cell in cells:
        per_image = simulate(cell.scenario).per_image
        assert len(per_image) == 256 and not per_image.unfit.any()
        assert 0.7 * budget < per_image.bits.mean() < per_image.bits.max() <= budget


def cell_budget(cell: Cell) -> int | None:
    codec = cell.scenario.codec
    return codec.budget_bits if isinstance(codec, LearnedCodec) else None


def test_all_of_csi_crossover_take_256_bits() -> None:
    cells = read_scenarios("csi-crossover", ["images=2"])
    for cell in cells:
        assert simulate(cell.scenario).per_image.channel_uses.tolist() == [256, 256]
    names = Counter(cell.scenario.name for cell in cells)
    assert names == dict.fromkeys(["mu-law", "vq", "ecvq", "ecvq-ldpc"], 5)


def test_codecs_of_the_experiment_are_those_of_its_page() -> None:
    made = re.findall(r"(?:--set name=|train )(csi-\S+-(?:coarse|s1|s2)) ", PAGE.read_text())
    models = {cell.settings()["codec.model"] for cell in read_scenarios(PAGE.parent / "seeds.yaml")}
    assert models == {"csi-vq-256", *(f"{name}.safetensors" for name in made)}
    assert len(models) == 6


def test_code_rates_of_csi_crossover_are_among_those_tried() -> None:
    tried, taken = (
        {
            (cell.settings()["channel.crossover"], cell.settings().get("link.code.rate"))
            for cell in read_scenarios(scenario)
            if cell.scenario.link.code
        }
        for scenario in (PAGE.parent / "ldpc-rates.yaml", "csi-crossover")
    )
    assert len(taken) == 5 and taken <= tried


def test_design_and_context_keep_the_modality(codec_file: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.stack(matrices()))
    options = ["--data", str(tmp_path / "mine.npy"), "--out", str(tmp_path)]
    design = ["design", str(codec_file), "--rate-weight", "0.1", "--name", "designed", *options]
    for arguments in (design, ["context", str(codec_file), "--epochs", "1", *options]):
        made = CliRunner().invoke(main, arguments)
        assert made.exit_code == 0, made.output
    designed, with_context = load_codec(tmp_path / "designed.safetensors"), tmp_path / "tiny"
    assert designed.modality == "csi" and designed.origin["data"] == "csi mine.npy"
    codec = load_codec(with_context.with_suffix(".safetensors"))
    assert codec.modality == "csi" and codec.origin["context"]["data"] == "csi mine.npy"


def test_frames_that_are_lost_count_as_zeros(codec_file: Path) -> None:
    scenario = {
        "name": "csi",
        "codec": {"model": str(codec_file), "device": "cpu"},
        "channel": {"model": "binary_symmetric", "crossover": 0.5},
        "data": {"csi": "sample"},
        "images": 16,
        "receiver": {"damaged": "drop"},
    }
    table = run(scenario)
    assert table.nmse.item() < 10 and np.isfinite(table.cosine.item())


def test_matrices_go_over_pipes_as_numpy_files(codec_file: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "sent.npy", np.stack(matrices(3)))
    invoke = CliRunner().invoke
    options = ["--codec", str(codec_file), "--device", "cpu"]
    made = invoke(
        main, ["transmit", str(tmp_path / "sent.npy"), *options, "-o", str(tmp_path / "bits")]
    )
    assert made.exit_code == 0, made.output
    made = invoke(
        main, ["receive", str(tmp_path / "bits"), *options, "-o", str(tmp_path / "received")]
    )
    assert made.exit_code == 0, made.output
    files = sorted((tmp_path / "received").iterdir())
    assert [file.name for file in files] == ["00000.npy", "00001.npy", "00002.npy"]
    codec = load_codec(codec_file)
    latents = codec.dequantize(codec.quantize(codec.encode(matrices(3))))
    for file, expected in zip(files, codec.decode(latents, [(32, 32)] * 3), strict=True):
        assert np.array_equal(np.load(file), expected)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["data={name: sample}"], "the codec is for channel matrices, and the data are images"),
        (["codec={model: webp, quality: 20}"], "the codec is for images, and the data are channel"),
        (["measures=[psnr_db]"], "measure psnr_db is of images; the data are channel matrices"),
    ],
)
def test_what_does_not_go_with_channel_matrices_is_a_mistake(
    changes: list[str], words: str, codec_file: Path
) -> None:
    scenario = {"name": "a", "codec": {"model": str(codec_file)}, "data": {"csi": "sample"}}
    with pytest.raises(ScenarioError, match=words):
        read_scenario(scenario, changes)


@pytest.mark.parametrize(
    "changes",
    [["system=classifier"], ["system=analogue", "channel={model: awgn, esn0_db: 10}"]],
)
def test_other_trainings_refuse_channel_matrices(changes: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("data: {csi: sample}\n")
    with pytest.raises(ScenarioError, match="data are channel matrices; this system takes images"):
        read_training(tmp_path / "a.yaml", changes)


def test_crops_and_a_start_of_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("data: {csi: sample}\n")
    with pytest.raises(ScenarioError, match=r"this training.crop takes images"):
        read_training(tmp_path / "a.yaml", ["training.crop=8"])
    with pytest.raises(ScenarioError, match="vq-n64, a codec of rgb8; the data are csi"):
        read_training(tmp_path / "a.yaml", ["training.start=vq-n64"])


def test_tables_of_images_have_no_column_of_channel_matrices() -> None:
    cells = run({"name": "a", "codec": {"model": "webp", "quality": 5}, "images": 2})
    assert isinstance(cells, pd.DataFrame)
    assert not [name for name in cells.columns if name.startswith(("data.csi", "data.drops"))]


def test_python_is_told_of_a_codec_of_other_samples(codec_file: Path) -> None:
    with pytest.raises(CodecError, match="the codec is for channel matrices, and the data are im"):
        LearnedCodec(str(codec_file)).check_modality("rgb8")
