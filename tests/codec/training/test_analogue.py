"""Training through a channel: the same whatever interrupts it, better with each epoch, and as good
over the simulation's channel as it measured.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.channel import SymbolChannel
from semcomm.codec.analogue.codec_file import save_analogue
from semcomm.codec.analogue.networks import DeepJsccNetwork, PatchNetwork
from semcomm.codec.training.analogue import AnalogueTrainer, exported, received_patches
from semcomm.codec.training.channels import TrainingAwgn, TrainingChannel, TrainingRayleigh
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.schedule import Schedule
from semcomm.codec.training.train import train
from semcomm.data.sample import Sample
from semcomm.errors import CheckpointError, SettingError
from semcomm.modalities.patches import to_patches
from semcomm.modalities.rgb8 import to_network
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.systems.analogue import AnalogueSystem

RANGE = (0.0, 10.0, 20.0)
SCHEDULE = Schedule(epochs=3, batch_size=8, learning_rate=4e-3, device="cpu", dtype="float32")
Make = Callable[..., AnalogueTrainer]


@pytest.fixture(scope="module")
def make(images: WholeImages) -> Make:
    """A function that makes a small trainer, and takes what is to differ."""

    def made(
        seed: int = 0, channel: TrainingChannel | None = None, **changes: object
    ) -> AnalogueTrainer:
        schedule = replace(SCHEDULE, **changes)  # type: ignore[arg-type]
        network = PatchNetwork(2, channels=4, blocks=1)
        return AnalogueTrainer(network, channel or TrainingAwgn(RANGE), schedule, images, seed)

    return made


def digest(trainer: AnalogueTrainer) -> str:
    state = [part.numpy().tobytes() for part in trainer.model.state_dict().values()]
    return hashlib.sha256(b"".join(state)).hexdigest()


def run(trainer: AnalogueTrainer, epochs: int = 3) -> list[Any]:
    return [list(trainer.run_epoch())[-1] for _ in range(epochs)]


@pytest.mark.parametrize("moment", [(0, 72), (1, 72)], ids=str)
def test_an_interrupted_training_ends_in_the_same_state(
    make: Make, tmp_path: Path, moment: tuple[int, int]
) -> None:
    through = make()
    run(through)

    def interrupt(progress: EpochProgress) -> None:
        if (progress.epoch, progress.images) == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make(), tmp_path / "checkpoint", interrupt)
    resumed, seen = make(), list[int]()
    train(resumed, tmp_path / "checkpoint", lambda progress: seen.append(progress.epoch))
    assert seen == list(range(moment[0], 3)) and digest(resumed) == digest(through)


def test_a_training_depends_on_its_seed_and_channel(make: Make) -> None:
    others = [make(), make(), make(1), make(channel=TrainingAwgn((0.0, 11.0, 20.0)))]
    for trainer in others:
        run(trainer, 1)
    first, again, seed, channel = map(digest, others)
    assert first == again and len({first, seed, channel}) == 3


def test_a_checkpoint_of_another_channel_is_refused(make: Make, tmp_path: Path) -> None:
    train(make(epochs=1), tmp_path / "checkpoint", lambda progress: None)
    other = make(channel=TrainingRayleigh(RANGE), epochs=1)
    with pytest.raises(CheckpointError, match="was made by another training"):
        train(other, tmp_path / "checkpoint", lambda progress: None)


@pytest.mark.parametrize("kernel_rate", [None, 0.01], ids=["adam", "muon"])
def test_every_parameter_is_trained(make: Make, kernel_rate: float | None) -> None:
    trainer = make(kernel_learning_rate=kernel_rate)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    run(trainer, 1)
    for name, tensor in trainer.model.state_dict().items():
        assert not torch.equal(tensor, before[name]), name


def test_progress_says_the_mean_squared_error_in_db(make: Make) -> None:
    progress = run(make(), 1)[0]
    values = 8 * 8 * 3
    assert progress.quality_db == pytest.approx(-10 * np.log10(progress.loss / values))
    assert progress.figures() == f"{progress.quality_db:.2f} dB"


@pytest.mark.parametrize(
    ("esn0_db", "message"),
    [
        ((3.0, 3.0), r"esn0_db is \[3.0, 3.0\]; several take ascending order"),
        ((3.0,), "esn0_db is"),
        (61.0, "esn0_db is 61.0; it takes a number from -30 to 60"),
    ],
)
def test_es_n0_that_cannot_be_are_refused(esn0_db: object, message: str) -> None:
    with pytest.raises((SettingError, ValueError), match=message):
        TrainingAwgn(esn0_db)  # type: ignore[arg-type]


def mean_square_errors(
    trainer: AnalogueTrainer, images: list[NDArray[np.uint8]], repeat: int
) -> NDArray[np.float64]:
    """(repeat, B) of the trained networks over the training's channel, in squares of 0 to 255."""
    generator = torch.Generator().manual_seed(99)
    patches = to_network(torch.from_numpy(to_patches(np.stack(images))))
    rows = []
    for _ in range(repeat):
        with torch.no_grad():
            received = received_patches(trainer.model, trainer.channel, patches, generator)
        errors = (received.clamp(0, 1) - patches) * 255
        rows.append(errors.square().mean(dim=(1, 2, 3)).double().numpy())
    return np.stack(rows)


CASES: dict[str, tuple[TrainingChannel, SymbolChannel, bool]] = {
    "awgn": (
        TrainingAwgn(8.0),
        load_channel("awgn", esn0_db=8.0),  # type: ignore[dict-item]
        True,
    ),
    "known": (
        TrainingRayleigh((8.0, 8.001)),
        load_channel("rayleigh", esn0_db=8.0),  # type: ignore[dict-item]
        False,
    ),
    "none": (
        TrainingRayleigh(8.0, estimation="none"),
        load_channel("rayleigh", esn0_db=8.0, estimation="none"),  # type: ignore[dict-item]
        False,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_simulation_finds_what_the_training_measured(case: str, tmp_path: Path) -> None:
    """A tiny training gains more than 1 dB. Then the same images go over the training's channel and
    over the simulation's, with other noise: the mean squared errors are equal within the standard
    error of their difference, of which the images' own differences are no part.
    """
    channel, simulated, published = CASES[case]
    network = DeepJsccNetwork(2) if published else PatchNetwork(2, channels=16, blocks=1)
    images, repeat = list(Sample().load(0, 128)), 4
    schedule = replace(SCHEDULE, epochs=12, learning_rate=1e-3 if published else 4e-3)
    trainer = AnalogueTrainer(network, channel, schedule, WholeImages(np.stack(images)), 0)
    progress = run(trainer, 12)
    assert progress[-1].quality_db > progress[0].quality_db + 1

    path = tmp_path / "trained.safetensors"
    save_analogue(exported("trained", trainer.model, channel, {}), path)
    scenario = Scenario(
        "it", AnalogueSystem(str(path), device="cpu"), simulated, images=128, repeat=repeat
    )
    table = simulate(scenario).per_image
    theirs = table.mse.to_numpy().reshape(repeat, 128)
    ours = mean_square_errors(trainer, images, repeat)
    difference = theirs.mean() - ours.mean()
    variances = [values.var(axis=0, ddof=1).mean() / values.size for values in (ours, theirs)]
    # Rounding to 8 bits adds 1/12 at most.
    assert abs(difference - 1 / 24) < norm.ppf(1 - 1e-4 / 2) * np.sqrt(sum(variances)) + 1 / 24
