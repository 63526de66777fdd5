"""Trainings on pictures of several sizes: by crops, with pictures held out, and from a codec."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from command import cli, cli_ok

from semcomm.codec.analogue.codec_file import load_analogue
from semcomm.codec.codec_file import load_codec
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.held_out import HeldOut, measured
from semcomm.data.choice import DataChoice
from semcomm.data.sample import Sample
from semcomm.errors import DataError
from semcomm.framing import Framing
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image
from semcomm.run.context_training import Context, run_context
from semcomm.run.simulation import simulate
from semcomm.run.training import held_out_pictures, run_training
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.scenario.training import TrainingScenario, read_training
from semcomm.systems.learned import LearnedCodec

SCENARIO = """\
data: {images: photos, validation: 0.4}
geometry: {groups: 1, dimension: 2, codewords: 16, channels: 4, blocks: 0}
training: {crop: 16, epochs: 2, batch_size: 8, device: cpu, dtype: float32}
"""

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos has nine pictures of nine sizes, made of the sample's images side by side."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "photos").mkdir()
    images = Sample().load(0, 54)
    for number in range(9):
        tiles = images[6 * number : 6 * number + 6]
        picture = np.concatenate([np.concatenate(tiles[start::2], axis=0) for start in (0, 1)], 1)
        PIL.Image.fromarray(picture[: 90 - number, number:]).save(folder / f"photos/{number}.png")
    (folder / "mine.yaml").write_text(SCENARIO)
    return folder


def trained(folder: Path, out: Path, *overrides: str) -> tuple[Path, list[EpochProgress]]:
    seen: list[EpochProgress] = []
    made = read_training(folder / "mine.yaml", overrides)
    return run_training(made, out, "by hand", seen.append), seen


def test_pictures_of_several_sizes_become_a_codec(folder: Path, tmp_path: Path) -> None:
    path, seen = trained(folder, tmp_path)
    held_out = DataChoice(images=folder / "photos", validation=0.4).open()
    assert 0 < len(held_out) < 9
    codec = load_codec(path)
    assert (codec.origin["data"], codec.origin["images"]) == ("a folder train", 9 - len(held_out))
    assert codec.origin["training"]["crop"] == 16
    counts = [
        (90 - int(name[0])) * (64 - int(name[0])) // 256
        for name in DataChoice(images=folder / "photos", validation=0.4, split="train")
        .open()
        .names()
    ]
    assert seen[0].of_images == sum(counts) // 8 * 8


def test_an_interrupted_training_on_crops_gives_the_same_codec(
    folder: Path, tmp_path: Path
) -> None:
    def interrupt(so_far: EpochProgress) -> None:
        if so_far.epoch == 1:
            raise KeyboardInterrupt

    made = read_training(folder / "mine.yaml")
    with pytest.raises(KeyboardInterrupt):
        run_training(made, tmp_path / "again", "by hand", interrupt)
    again, seen = trained(folder, tmp_path / "again")
    through, _ = trained(folder, tmp_path / "through")
    assert {so_far.epoch for so_far in seen} == {1}
    assert load_codec(again).digest == load_codec(through).digest


def test_the_log_has_what_was_held_out(folder: Path, tmp_path: Path) -> None:
    result = cli_ok("train", folder / "mine.yaml", "--out", tmp_path)
    line = r"epoch {}/2: loss .* perplexity [\d.]+  held out: [\d.]+ dB  [\d.]+ bits per pixel\n"
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)


def test_between_epochs_the_last_figures_stay(folder: Path, tmp_path: Path) -> None:
    _, seen = trained(folder, tmp_path, "training.batch_size=2", "training.dtype=float32")
    assert seen[0].held_out is None
    second = [so_far.held_out for so_far in seen if so_far.epoch == 1]
    last_of_first = [so_far.held_out for so_far in seen if so_far.epoch == 0][-1]
    assert len(second) > 2 and set(second[:-1]) == {last_of_first} and last_of_first is not None


def test_what_is_held_out_has_no_part_in_the_training(folder: Path, tmp_path: Path) -> None:
    """The same codec, but for its origin, from a folder without these pictures."""
    path, _ = trained(folder, tmp_path / "with")
    data = DataChoice(images=folder / "photos", validation=0.4, split="train").open()
    (tmp_path / "photos").mkdir()
    for name in data.names():
        (tmp_path / "photos" / name).write_bytes((folder / "photos" / name).read_bytes())
    only = f"data={{images: {tmp_path / 'photos'}}}"
    other, seen = trained(folder, tmp_path / "without", only)
    ours, theirs = load_codec(path).tensors, load_codec(other).tensors
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert all(so_far.held_out is None for so_far in seen)


def pictures_of(folder: Path) -> list[Image]:
    data = DataChoice(images=folder / "photos", validation=0.4)
    return data.open().load(0, len(data.open()))


def test_held_out_figures_are_those_of_a_run(folder: Path, tmp_path: Path) -> None:
    """Of the same codec and the whole pictures: PSNR, and Huffman-coded bits without framing."""
    path, _ = trained(folder, tmp_path)
    pictures = pictures_of(folder)
    ours = measured([load_codec(path)], pictures)
    scenario = Scenario(
        "it",
        LearnedCodec(str(path), device="cpu"),
        load_channel("error_free"),
        data=DataChoice(images=folder / "photos", validation=0.4),
        framing=Framing(header=True, crc=0),
    )
    summary = simulate(scenario).summary
    bits = summary["payload_bits_per_image"] * len(pictures)
    assert ours.psnr_db == pytest.approx(summary["psnr_db"], abs=1e-9)
    pixels = sum(height * width for height, width in map(size_of, pictures))
    assert ours.bits_per_pixel == pytest.approx(bits / pixels, rel=1e-12)


def test_of_several_levels_the_figures_are_means(folder: Path, tmp_path: Path) -> None:
    changes = ("training.levels=2", "training.rate_weight=0.2", "training.finest_rate_weight=0.01")
    path, seen = trained(folder, tmp_path, *changes)
    assert seen[-1].held_out is not None
    pictures = pictures_of(folder)
    each = [measured([load_codec(path, level)], pictures) for level in range(2)]
    both = measured([load_codec(path, level) for level in range(2)], pictures)
    assert both.psnr_db == pytest.approx((each[0].psnr_db + each[1].psnr_db) / 2)
    assert each[0].bits_per_pixel is not None and each[1].bits_per_pixel is not None
    mean = (each[0].bits_per_pixel + each[1].bits_per_pixel) / 2
    assert both.bits_per_pixel == pytest.approx(mean)


def test_a_vq_codec_and_an_analogue_codec_train_on_crops(folder: Path, tmp_path: Path) -> None:
    path, _ = trained(folder, tmp_path, "training.quantizer=vq")
    assert load_codec(path).quantizer == "vq"
    (folder / "waves.yaml").write_text(
        "system: analogue\n"
        "data: {images: photos, validation: 0.4}\n"
        "network: {model: patches, symbols: 1, channels: 4, blocks: 0}\n"
        "channel: {model: awgn, esn0_db: [0, 10]}\n"
        "training: {crop: 16, epochs: 2, batch_size: 8, device: cpu}\n"
    )
    result = cli_ok("train", folder / "waves.yaml", "--out", tmp_path)
    line = r"epoch {}/2: [\d.]+ dB  held out: [\d.]+ dB\n"
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)
    assert load_analogue(tmp_path / "waves.safetensors").origin["training"]["crop"] == 16


def test_context_models_train_on_crops(folder: Path, tmp_path: Path) -> None:
    """Twice the same, of what is not held out; whole pictures of several sizes are refused."""
    path, _ = trained(folder, tmp_path)
    data = DataChoice(images=folder / "photos", validation=0.4, split="train")
    recipe = replace(Context(path).recipe, entries=4, hidden=(8, 8), epochs=1)
    context = Context(path, recipe, data, crop=16)
    files = [run_context(context, tmp_path / name, "by hand", print) for name in ("one", "two")]
    assert load_codec(files[0]).digest == load_codec(files[1]).digest
    origin = load_codec(files[0]).origin["context"]
    assert (origin["crop"], origin["batch_size"]) == (16, 64 * 4)  # as many pixels as 64 of 32 x 32
    with pytest.raises(DataError, match="train on crops of them by --crop, such as --crop 64"):
        run_context(replace(context, crop=None), tmp_path, "by hand", print)


def test_the_command_line_makes_a_context_model_of_crops(folder: Path, tmp_path: Path) -> None:
    path, _ = trained(folder, tmp_path)
    options = ["--data", folder / "photos", "--validation", 0.4, "--epochs", 1, "--out", tmp_path]
    cli_ok("context", path, *options, "--crop", 16)
    origin = load_codec(path).origin["context"]
    assert (origin["data"], origin["crop"]) == ("a folder train", 16)
    assert origin["images"] == 9 - len(pictures_of(folder))
    refused = cli("context", path, *options, "--crop", 18)
    assert refused.exit_code == 2 and "crop is 18; it takes a multiple of 4" in refused.stderr
    refused = cli("context", path, "--validation", 0.4, "--out", tmp_path)
    assert refused.exit_code == 2 and "--validation is a share of the folder" in refused.stderr


def test_a_training_takes_the_part_for_training(folder: Path) -> None:
    made = read_training(folder / "mine.yaml")
    assert made.data.split == "train"
    assert len(held_out_pictures(made.data)) == min(4, len(pictures_of(folder)))
    result = cli("train", folder / "mine.yaml", "--set", "data.split=validation")
    assert result.exit_code == 2
    message = 'data.split is "validation"; a training with data.validation takes `train`'
    assert message in result.stderr
    with pytest.raises(ValueError, match=r"data\.split is null; a training with"):
        TrainingScenario("it", data=DataChoice(images=folder, validation=0.1))


def test_pictures_of_several_sizes_without_a_crop_are_told_of_it(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"train on crops of them by training\.crop, such as 64"):
        trained(folder, tmp_path, "training.crop=null")
    result = cli("train", folder / "mine.yaml", "--set", "training.crop=30")
    assert "training.crop is 30; it takes a whole number from 4 to 4096" in result.stderr


def test_figures_are_told_in_few_words() -> None:
    assert str(HeldOut(27.126, 0.51239)) == "27.13 dB  0.512 bits per pixel"
    assert str(HeldOut(27.126)) == "27.13 dB"


def test_a_start_that_does_not_match_says_what(folder: Path) -> None:
    result = cli("train", folder / "mine.yaml", "--set", "training.start=ecvq-levels")
    assert result.stderr == (
        "--set training.start=ecvq-levels: training.start is ecvq-levels, whose networks do not "
        "match: geometry.groups is 1, of ecvq-levels 2; geometry.dimension is 2, of ecvq-levels "
        "4; geometry.codewords is 16, of ecvq-levels 512; geometry.channels is 4, of ecvq-levels "
        "64; geometry.blocks is 0, of ecvq-levels 4; training.levels is 1, of ecvq-levels 8\n"
    )
    result = cli("train", folder / "mine.yaml", "--set", "training.start=ecvq-level")
    assert "training.start" in result.stderr and "'ecvq-level' is unknown" in result.stderr


def test_a_training_goes_on_from_a_codec_of_ones_own(folder: Path, tmp_path: Path) -> None:
    """Its first epoch is better than that from random weights; the file names no folder."""
    path, seen = trained(folder, tmp_path, "training.learning_rate=0.01")
    start = f"training.start={path}"
    other, further = trained(folder, tmp_path, start, "name=further")
    assert further[0].quality_db > seen[0].quality_db + 1
    origin = load_codec(other).origin["training"]
    assert origin["start"] == {"codec": "mine", "sha256": load_codec(path).digest.hex()}


def test_a_checkpoint_of_another_start_is_refused(folder: Path, tmp_path: Path) -> None:
    paths = [
        trained(folder, tmp_path / str(seed), f"seed={seed}", "training.epochs=1")[0]
        for seed in (0, 1)
    ]
    trained(folder, tmp_path, f"training.start={paths[0]}", "name=further")
    (folder / "further.yaml").write_text(SCENARIO)
    change = f"training.start={paths[1]}"
    result = cli("train", folder / "further.yaml", "--set", change, "--out", tmp_path)
    assert result.exit_code == 2 and "was made by another training" in result.stderr
