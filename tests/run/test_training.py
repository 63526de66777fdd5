"""Training scenarios: read, run from the command line, killed, gone on with, and finished as a
codec's file.
"""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from click.testing import Result
from command import cli
from images import save_images
from stripes import CLASSES, save_stripes

from semcomm.codec.analogue.codec_file import load_analogue
from semcomm.codec.analogue.networks import DeepJsccNetwork, PatchNetwork
from semcomm.codec.classifier.classifier_file import load_classifier
from semcomm.codec.classifier.networks import ClassifierLayers, ClassifierNetwork
from semcomm.codec.codec_file import load_codec
from semcomm.codec.networks import Geometry
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.channels import TrainingAwgn
from semcomm.codec.training.classifier import ClassifierRecipe
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.necst import BitNetwork, NecstRecipe
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.schedule import Schedule
from semcomm.data import choice
from semcomm.data.choice import DataChoice
from semcomm.data.cifar10 import Split
from semcomm.data.sample import Sample
from semcomm.errors import DataError
from semcomm.folders import scenario_names
from semcomm.run.training import run_training, training_images
from semcomm.scenario.training import (
    AnalogueTraining,
    ClassifierTraining,
    EscTraining,
    NecstTraining,
    TrainingScenario,
    read_training,
)

SCENARIO = """\
data: {images: photos}
geometry: {groups: 1, dimension: 2, codewords: 16, channels: 4, blocks: 0}
training: {epochs: 3, batch_size: 8, device: cpu}
seed: 3
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the training scenario tiny.yaml and the 256 images of the sample as files in
    photos.
    """
    folder = tmp_path_factory.mktemp("training")
    save_images(folder / "photos", Sample().load(0, 256))
    (folder / "tiny.yaml").write_text(SCENARIO)
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """The codec's file of an uninterrupted training."""
    return run_training(
        read_training(folder / "tiny.yaml"), folder / "uninterrupted", "by hand", nothing
    )


def nothing(so_far: EpochProgress) -> None:
    pass


def semcomm_train(*arguments: object) -> Result:
    return cli("train", *arguments)


KILLED_IN_THE_SECOND_EPOCH = """
import os, signal, sys
from pathlib import Path
from semcomm.run.training import run_training
from semcomm.scenario.training import (
    AnalogueTraining,
    ClassifierTraining,
    TrainingScenario,
    read_training,
)

def watch(so_far):
    if so_far.epoch == 1 and so_far.images < so_far.of_images:
        os.kill(os.getpid(), signal.SIGKILL)

run_training(read_training(sys.argv[1]), Path(sys.argv[2]), "by hand", watch)
"""


@pytest.mark.kills
def test_training_killed_in_mid_epoch_resumes_to_the_same_codec(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    arguments = [
        sys.executable,
        "-c",
        KILLED_IN_THE_SECOND_EPOCH,
        str(folder / "tiny.yaml"),
        str(tmp_path),
    ]
    killed = subprocess.run(arguments, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.checkpoint.safetensors"]

    epochs: list[int] = []
    resumed = run_training(
        read_training(folder / "tiny.yaml"),
        tmp_path,
        "by hand",
        lambda so_far: epochs.append(so_far.epoch),
    )
    assert set(epochs) == {1, 2}  # the first was whole
    assert load_codec(resumed).digest == load_codec(trained).digest


def test_the_command_line_trains_on_the_first_images_of_a_folder(
    folder: Path, tmp_path: Path
) -> None:
    changes = ["--set", "training.epochs=2", "--set", "name=small"]
    result = semcomm_train(folder / "tiny.yaml", "--images", 50, *changes, "--out", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.replace("\n", "") == f"written: {tmp_path / 'small.safetensors'}"
    line = (
        r"epoch {}/2: loss [\d.]+  [\d.]+ dB  [\d.]+ bits  \d+ codewords used, perplexity [\d.]+\n"
    )
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)
    codec = load_codec(tmp_path / "small.safetensors")
    assert asdict(codec.geometry) == {
        "groups": 1,
        "dimension": 2,
        "codewords": 16,
        "channels": 4,
        "blocks": 0,
    }
    assert codec.quantizer == "ecvq"
    assert (
        codec.origin["command"]
        == "semcomm train tiny --set training.epochs=2 --set name=small --set images=50"
    )
    assert (codec.origin["data"], codec.origin["images"]) == ("a folder", 50)
    recipe = asdict(Recipe(epochs=2, batch_size=8, device="cpu"))
    assert recipe.pop("channel") is None and codec.origin["training"] == recipe
    assert codec.origin["seed"] == 3


def test_the_command_line_goes_on_where_it_was_interrupted(folder: Path, tmp_path: Path) -> None:
    def interrupt(so_far: EpochProgress) -> None:
        if so_far.epoch == 1:
            raise KeyboardInterrupt

    through = semcomm_train(folder / "tiny.yaml", "--out", tmp_path / "through")
    with pytest.raises(KeyboardInterrupt):
        run_training(
            read_training(folder / "tiny.yaml"),
            tmp_path / "again",
            "semcomm train tiny",
            interrupt,
        )
    again = semcomm_train(folder / "tiny.yaml", "--out", tmp_path / "again")
    assert (through.exit_code, again.exit_code) == (0, 0)
    assert re.findall(r"epoch (\d)/3", again.stderr) == ["2", "3"]
    digests = {
        load_codec(tmp_path / where / "tiny.safetensors").digest for where in ("through", "again")
    }
    assert len(digests) == 1


def test_another_trainings_checkpoint_is_told_and_kept(folder: Path, trained: Path) -> None:
    checkpoint = trained.with_name("tiny.checkpoint.safetensors")
    content = checkpoint.read_bytes()
    result = semcomm_train(folder / "tiny.yaml", "--set", "seed=4", "--out", trained.parent)
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"error: {checkpoint} was made by another training: remove it, or go on"
    )
    assert checkpoint.read_bytes() == content


def test_codecs_differ_with_the_seed_and_not_with_the_folder(
    folder: Path, trained: Path, tmp_path: Path
) -> None:
    digests = [load_codec(trained).digest]
    for seed in (3, 4):
        made = read_training(folder / "tiny.yaml", [f"seed={seed}"])
        digests.append(
            load_codec(run_training(made, tmp_path / str(seed), "by hand", nothing)).digest
        )
    assert digests[0] == digests[1] != digests[2]


def test_where_cifar10_lies_is_not_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "Cifar10", lambda root, split: Sample())
    options = ["data={name: cifar10, split: train}", "images=16", "training.epochs=1"]
    made = read_training(folder / "tiny.yaml", options, data_root=tmp_path / "secret")
    codec = load_codec(run_training(made, tmp_path, "by hand", nothing))
    assert (codec.origin["data"], codec.origin["images"]) == ("cifar10 train", 16)
    assert "secret" not in json.dumps(codec.origin)


MISTAKES = """\
data: {images: photos}
geometry: {groups: 0, channel: 4}
training:
  quantizer: vqq
  rate_weight: -0.5
  epoch: 3
codec: {}
images: none
"""


def test_mistakes_are_told_with_their_places(folder: Path, tmp_path: Path) -> None:
    path = folder / "mistakes.yaml"
    path.write_text(MISTAKES)
    result = semcomm_train(path, "--set", "seed=-1", "--out", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{path}:2:20: geometry.groups is 0; it takes a whole number from 1 to 64",
        f"{path}:2:23: geometry.channel is not known; did you mean `channels`?",
        f'{path}:4:14: training.quantizer is "vqq"; it takes `vq` or `ecvq`',
        f"{path}:5:16: training.rate_weight is -0.5; it takes a number from 0 to 1000000 or null",
        f"{path}:6:3: training.epoch is not known; did you mean `epochs`?",
        f"{path}:7:1: codec is not known; the file takes name, data, images, seed, training, "
        "system, geometry",
        f'{path}:8:9: images is "none"; it takes a whole number of at least 1 or null',
        "--set seed=-1: seed is -1; it takes a whole number from 0 to 18446744073709551615",
    ]
    assert not list(tmp_path.iterdir())


CHANNEL = "{quantizer: vq, epochs: 1, device: cpu, channel: {crossover: [0, 0.1]}}"


def test_a_training_through_a_channel_makes_a_codec(folder: Path, tmp_path: Path) -> None:
    path = folder / "channel.yaml"
    path.write_text(f"data: {{images: photos}}\nimages: 8\ntraining: {CHANNEL}\n")
    settings = ["--set", "geometry.codewords=8", "--set", "geometry.channels=4"]
    assert semcomm_train(path, *settings, "--out", tmp_path).exit_code == 0
    codec = load_codec(tmp_path / "channel.safetensors")
    assert codec.quantizer == "vq"
    assert codec.origin["training"]["channel"] == {"crossover": [0, 0.1]}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("geometry.codewords=12", "geometry.codewords is 12; with training.channel it takes a"),
        ("training.channel.crossover=0.6", "training.channel.crossover is 0.6; it takes a number"),
        ("training.quantizer=ecvq", "training: quantizer is ecvq; with a channel"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(
    folder: Path, tmp_path: Path, setting: str, message: str
) -> None:
    path = folder / "refused.yaml"
    path.write_text(f"data: {{images: photos}}\ntraining: {CHANNEL}\n")
    result = semcomm_train(path, "--set", setting, "--out", tmp_path)
    assert result.exit_code == 2 and message in result.stderr


def test_too_many_images_and_mixed_sizes_are_refused(folder: Path, tmp_path: Path) -> None:
    """More images than the data set holds, and images of two sizes."""
    photos = DataChoice(images=folder / "photos")
    with pytest.raises(DataError, match="257 images are asked for; the data set holds 256"):
        training_images(TrainingScenario("tiny", data=photos, images=257))
    for name, size in {"a": (8, 8), "b": (8, 9)}.items():
        PIL.Image.new("RGB", size).save(tmp_path / f"{name}.png")
    with pytest.raises(
        DataError, match=r"images of one size; these have 2, such as \[\(8, 8\), \(9, 8\)\]"
    ):
        training_images(TrainingScenario("tiny", data=DataChoice(images=tmp_path)))


def test_the_first_images_are_taken(folder: Path) -> None:
    images = training_images(
        TrainingScenario("tiny", data=DataChoice(images=folder / "photos"), images=5)
    )
    assert isinstance(images, WholeImages)
    assert np.array_equal(images.images, np.stack(Sample().load(0, 5)))


ONE_RATE, LEVELS = "ecvq-n128-k512-nu16", "ecvq-levels"
COARSE, MIDDLE, UPPER, FINE = (f"{LEVELS}-{part}" for part in ("coarse", "middle", "upper", "fine"))
BETTER = ONE_RATE, LEVELS, COARSE, MIDDLE, UPPER, FINE
ANALOGUE = [name for name in scenario_names("training") if name.startswith(("analogue", "deep"))]
CLASSIFIER = "cifar10-classifier"
FLIPS = "vq-n64-bsc"
NECST = [name for name in scenario_names("training") if name.startswith("necst")]
ESC = {"esc-mvq-n64": (4, [0.04, 0.0131, 0.00428, 0.0014]), "esc-svq-n64": (1, [0.0131])}
CSI = [name for name in scenario_names("training") if name.startswith("csi")]
OTHERS = (*BETTER, *ANALOGUE, *CSI, CLASSIFIER, FLIPS, *NECST, *ESC)
BASELINE = [name for name in scenario_names("training") if name not in OTHERS]


def test_the_training_through_flips_is_vq_n64s_with_a_channel() -> None:
    made, without = read_training(FLIPS), read_training("vq-n64")
    assert isinstance(without, TrainingScenario)
    channel = replace(without.training, channel=BitFlips(0.01))
    assert made == replace(without, name=FLIPS, training=channel)


@pytest.mark.parametrize("name", NECST)
def test_shipped_necst_trainings_have_the_networks_of_vq(name: str) -> None:
    """Data, networks and batches of vq-n64, and its epochs but for VIMCO; bits by name."""
    made, vq = read_training(name), read_training("vq-n64")
    assert isinstance(made, NecstTraining) and isinstance(vq, TrainingScenario)
    bits, vimco = int(name.split("-")[1]), name.endswith("vimco")
    assert (made.data, made.images, made.seed) == (vq.data, vq.images, vq.seed)
    assert made.network == BitNetwork(bits // 64, vq.geometry.channels, vq.geometry.blocks)
    changes = {"gradient": "vimco", "samples": 5, "epochs": 16} if vimco else {}
    assert made.training == NecstRecipe(BitFlips(0.1), **changes)  # type: ignore[arg-type]
    for field in fields(Schedule):
        if field.name != "epochs" or not vimco:
            theirs = getattr(vq.training, field.name)
            assert getattr(made.training, field.name) == theirs, field.name


NECST_SCENARIO = """\
system: necst
data: {images: photos}
network: {bits: 2, channels: 4, blocks: 0}
training: {epochs: 2, batch_size: 8, device: cpu, channel: {crossover: [0, 0.1]}}
"""


@pytest.mark.parametrize("gradient", ["straight-through", "vimco"])
def test_the_command_line_trains_a_necst_codec_and_sends(
    folder: Path, tmp_path: Path, gradient: str
) -> None:
    path = folder / "learned-bits.yaml"
    path.write_text(NECST_SCENARIO)
    settings = ["--set", f"training.gradient={gradient}", "--out", tmp_path]
    result = semcomm_train(path, "--images", 40, *settings)
    assert result.exit_code == 0
    line = r"epoch {}/2: [\d.]+ dB\n"
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)
    file = tmp_path / "learned-bits.safetensors"
    codec = load_codec(file)
    assert codec.geometry == Geometry(2, 1, 2, 4, 0) and codec.origin["system"] == "necst"
    assert codec.origin["training"]["channel"] == {"crossover": [0.0, 0.1]}
    assert codec.origin["training"]["gradient"] == gradient
    assert "necst" in cli("codec", "show", file).stdout

    for channel in ("error-free", "binary-symmetric"):
        sent = ["--set", f"codec.model={file}", "--set", "codec.entropy_coder=fixed_length"]
        sent += ["--set", "framing=none", "--images", "4", "--out", str(tmp_path / channel)]
        assert cli("run", channel, *sent).exit_code == 0
        rows = pd.read_csv(tmp_path / channel / "results.csv")
        assert (rows.bits_per_image == 128).all()
        assert (rows.index_error_rate > 0).any() == (channel == "binary-symmetric")


def test_mistakes_of_a_necst_training_have_their_places(folder: Path) -> None:
    path = folder / "mistakes.yaml"
    path.write_text(
        "system: necst\nnetwork: {bits: 0, groups: 2}\n"
        "training: {quantizer: vq, gradient: reinforce}\ngeometry: {}\n"
    )
    result = semcomm_train(path)
    places = [line.removeprefix(f"{path}:").split(";")[0] for line in result.stderr.splitlines()]
    assert places == [
        "2:17: network.bits is 0",
        "2:20: network.groups is not known",
        "3:1: training.channel.crossover is missing",
        "3:12: training.quantizer is not known",
        '3:37: training.gradient is "reinforce"',
        "4:1: geometry is not known",
    ]
    path.write_text("system: necst\ntraining: {channel: {crossover: 0.1}, samples: 1}\n")
    assert semcomm_train(path, "--set", "training.gradient=vimco").stderr == (
        f"{path}:2:1: training: samples is 1; with gradient vimco it takes at least 2\n"
    )


@pytest.mark.parametrize("name", ESC)
def test_shipped_esc_trainings_are_vq_n64s_with_codebooks(name: str) -> None:
    made, papers = read_training(name), read_training("vq-n64")
    assert isinstance(made, EscTraining) and isinstance(papers, TrainingScenario)
    assert (made.data, made.geometry, made.seed) == (papers.data, papers.geometry, papers.seed)
    ours, (codebooks, weights) = made.training, ESC[name]
    assert ours.codebooks == codebooks
    assert ours.energy_weights == pytest.approx(weights, rel=2e-3)
    for shared in fields(Schedule):
        assert getattr(ours, shared.name) == getattr(papers.training, shared.name)
    assert (ours.commitment_weight, papers.training.commitment_weight) == (1, 0.25)


@pytest.mark.parametrize("name", BASELINE)
def test_shipped_training_scenarios_are_the_baselines(name: str) -> None:
    """Section IV: CIFAR-10, D = 4, K = 256, beta = 1/4, 128 epochs of batches of 64; N, nu and
    another K by name.
    """
    made = read_training(name)
    quantizer, indices, *others = name.split("-")
    codewords = [int(other.removeprefix("k")) for other in others if other.startswith("k")]
    weight = [other for other in others if other.startswith("nu")]
    assert (
        made.name == name
        and made.data == DataChoice("cifar10", split="train_and_validation")
        and made.images is None
    )
    assert (made.geometry.dimension, made.geometry.codewords) == (4, *(codewords or [256]))
    assert 64 * made.geometry.groups == int(indices.removeprefix("n"))
    assert made.training == Recipe(
        quantizer, 1 / int(weight[0].removeprefix("nu")) if weight else 0.0
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("name", BETTER)
def test_shipped_training_scenarios_are_the_better_recipe(name: str) -> None:
    """docs/decisions/0012-recipe.md: Muon, four blocks, twice the codewords, a higher learning rate
    after a rise.
    """
    made, rates = (
        read_training(name),
        {
            ONE_RATE: [1 / 16],
            LEVELS: list(np.geomspace(1 / 4, 1 / 100, 8)),
            COARSE: list(np.geomspace(0.85, 0.13, 5)),
            MIDDLE: list(np.geomspace(0.085, 0.036, 3)),
            UPPER: list(np.geomspace(0.024, 0.0098, 3)),
            FINE: list(np.geomspace(0.024, 4.5e-4, 8)),
        },
    )
    split: Split = "train_and_validation" if name == LEVELS else "train"
    groups = {COARSE: 1, UPPER: 4, FINE: 11}.get(name, 2)
    assert (
        made.name == name
        and made.data == DataChoice("cifar10", split=split)
        and made.images is None
    )
    assert made.geometry == Geometry(groups=groups, dimension=4, codewords=512, blocks=4)
    assert made.training.rate_weights == pytest.approx(rates[name])
    assert made.training.epochs == (32 if name == ONE_RATE else 64)
    rates_of_learning = made.training.learning_rate, made.training.kernel_learning_rate
    first = 3e-3 if name == FINE else 4e-3
    assert (*rates_of_learning, made.training.warm_up_steps) == (first, 7e-3, 200)
    assert made.training.quantizer == "ecvq" and made.training.batch_size == (
        64 if name in (ONE_RATE, COARSE, MIDDLE, UPPER) else 128
    )


@pytest.mark.parametrize("name", ANALOGUE)
def test_shipped_analogue_trainings_are_what_their_names_say(name: str) -> None:
    """deepjscc-R-SdB has 1/R channel uses per value of an image and one Es/N0 of S dB, and the
    published recipe's batches and rate; analogue-N has N channel uses at 32 x 32 pixels.
    """
    made = read_training(name)
    assert isinstance(made, AnalogueTraining) and isinstance(made.channel, TrainingAwgn)
    assert made.data == DataChoice("cifar10", split="train") and made.images is None
    if name.startswith("deepjscc"):
        ratio, esn0_db = re.fullmatch(r"deepjscc-(\d+)-(\d+)db", name).groups()  # type: ignore[union-attr]
        assert made.network == DeepJsccNetwork(3072 // int(ratio) // 64)
        assert made.channel.esn0_db == int(esn0_db)
        assert made.training == Schedule(epochs=128, batch_size=64, learning_rate=1e-3)
    else:
        uses = int(name.removeprefix("analogue-"))
        assert made.network == PatchNetwork(uses // 64, channels=64, blocks=4)
        assert (made.channel.points[0], made.channel.points[-1]) == (-2, 20)
        assert made.training.kernel_learning_rate == 0.007


ANALOGUE_SCENARIO = """\
system: analogue
data: {images: photos}
network: {model: patches, symbols: 1, channels: 4, blocks: 0}
channel: {model: awgn, esn0_db: [0, 10]}
training: {epochs: 2, batch_size: 8, device: cpu}
"""


def test_the_command_line_trains_an_analogue_codec(folder: Path, tmp_path: Path) -> None:
    path = folder / "through-noise.yaml"
    path.write_text(ANALOGUE_SCENARIO)
    result = semcomm_train(path, "--images", 40, "--out", tmp_path)
    assert result.exit_code == 0
    line = r"epoch {}/2: [\d.]+ dB\n"
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)
    codec = load_analogue(tmp_path / "through-noise.safetensors")
    assert codec.points == (0, 10) and codec.knows_noise
    assert codec.network == PatchNetwork(1, channels=4, blocks=0)
    assert codec.origin["channel"] == {"model": "awgn", "esn0_db": [0.0, 10.0]}
    assert codec.origin["training"]["epochs"] == 2


ANALOGUE_MISTAKES = """\
system: analogue
network: {model: patch, symbols: 0}
channel: {model: rayleigh, esn0_db: [3], estimation: pilots}
training: {rate_weight: 1}
geometry: {}
"""


def test_mistakes_of_an_analogue_training_have_their_places(folder: Path) -> None:
    path = folder / "mistakes.yaml"
    path.write_text(ANALOGUE_MISTAKES)
    result = semcomm_train(path)
    places = [line.removeprefix(f"{path}:").split(";")[0] for line in result.stderr.splitlines()]
    assert places == [
        '2:18: network.model is "patch"',
        "3:37: channel.esn0_db is [3]",
        '3:54: channel.estimation is "pilots"',
        "4:12: training.rate_weight is not known",
        "5:1: geometry is not known",
    ]
    path.write_text("system: quantum\n")
    assert semcomm_train(path).stderr == (
        f'{path}:1:9: system is "quantum"; it takes `digital`, `necst`, '
        "`analogue`, `esc` or `classifier`\n"
    )
    path.write_text("system: analogue\nchannel: {model: awgn, esn0_db: [3, 2]}\n")
    assert ":2:1: channel: esn0_db is [3.0, 2.0]; several take" in semcomm_train(path).stderr
    path.write_text("system: analogue\n")
    assert "channel.model is missing" in semcomm_train(path).stderr


def test_the_shipped_classifier_is_trained_on_training_images_alone() -> None:
    made = read_training(CLASSIFIER)
    assert isinstance(made, ClassifierTraining)
    assert made.data == DataChoice("cifar10", split="train") and made.images is None
    layers = ClassifierLayers(made.network, 10, normalized=False)
    assert 2 * sum(tensor.numel() for tensor in layers.state_dict().values()) < 4_000_000


CLASSIFIER_SCENARIO = """\
system: classifier
data: {images: stripes}
network: {widths: [4]}
training: {epochs: 2, batch_size: 8, device: cpu}
"""


def test_the_command_line_trains_a_classifier_of_folders(tmp_path: Path) -> None:
    save_stripes(tmp_path / "stripes", 40)
    path = tmp_path / "striped.yaml"
    path.write_text(CLASSIFIER_SCENARIO)
    result = semcomm_train(path, "--out", tmp_path)
    assert result.exit_code == 0
    line = r"epoch {}/2: loss [\d.]+  [\d.]+% right\n"
    assert re.fullmatch(line.format(1) + line.format(2), result.stderr)
    classifier = load_classifier(tmp_path / "striped.safetensors")
    assert classifier.classes == CLASSES and classifier.network == ClassifierNetwork((4,))
    assert (classifier.origin["data"], classifier.origin["images"]) == ("a folder", 40)
    shown = cli("codec", "show", tmp_path / "striped.safetensors").stdout
    assert "striped" in shown and "lying, standing" in shown


def test_a_classifier_of_images_without_classes_is_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "unlabelled.yaml"
    path.write_text(CLASSIFIER_SCENARIO.replace("stripes", "photos"))
    result = semcomm_train(path, "--out", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: the data set has no labels, which a classifier learns")


def test_images_that_a_shift_would_leave_are_refused() -> None:
    training = ClassifierTraining("it", training=ClassifierRecipe(shift=8))
    images = WholeImages(np.zeros((4, 32, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"training.shift is 8; images have 32 x 8 pixels"):
        training.trainer(images)
