"""NECST: the same whatever interrupts it, better with each epoch, and a codec that sends the more
probable bits.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from scipy.stats import norm

from semcomm.channel import BitChannel
from semcomm.codec.codec_file import load_codec
from semcomm.codec.training.bit_flips import BitFlips
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.necst import (
    BitNetwork,
    NecstRecipe,
    NecstTrainer,
    bit_codec,
    losses,
)
from semcomm.codec.training.train import train
from semcomm.data.sample import Sample
from semcomm.errors import CheckpointError
from semcomm.framing import Framing
from semcomm.modalities.patches import to_patches
from semcomm.modalities.rgb8 import to_network
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.systems.learned import LearnedCodec

NETWORK = BitNetwork(3, channels=4, blocks=1)
GRADIENTS = {
    "straight-through": {},
    "vimco": {"gradient": "vimco", "samples": 3},
    "released-code": {"gradient": "vimco", "score": "released-code"},
}
Make = Callable[..., NecstTrainer]


@pytest.fixture(scope="module")
def make(images: WholeImages) -> Make:
    """A function that makes a small trainer, and takes what is to differ."""

    def made(seed: int = 0, crossover: float = 0.1, **changes: object) -> NecstTrainer:
        recipe = {"epochs": 3, "batch_size": 8, "device": "cpu", "dtype": "float32"} | changes
        settings = NecstRecipe(BitFlips(crossover), **recipe)  # type: ignore[arg-type]
        return NecstTrainer(NETWORK, settings, images, seed)

    return made


def digest(trainer: NecstTrainer) -> str:
    state = [part.numpy().tobytes() for part in trainer.model.state_dict().values()]
    return hashlib.sha256(b"".join(state)).hexdigest()


def run(trainer: NecstTrainer, epochs: int = 3) -> list[EpochProgress]:
    return [list(trainer.run_epoch())[-1] for _ in range(epochs)]


@pytest.mark.parametrize("changes", GRADIENTS.values(), ids=GRADIENTS)
def test_an_interrupted_training_ends_in_the_same_codec(
    make: Make, images: WholeImages, tmp_path: Path, changes: dict[str, object]
) -> None:
    def interrupt(progress: EpochProgress) -> None:
        if progress.epoch == 1:
            raise KeyboardInterrupt

    through, resumed = make(**changes), make(**changes)
    train(through, tmp_path / "through.checkpoint", lambda progress: None)
    with pytest.raises(KeyboardInterrupt):
        train(make(**changes), tmp_path / "checkpoint", interrupt)
    train(resumed, tmp_path / "checkpoint", lambda progress: None)
    digests = []
    for trainer in (through, resumed):
        trainer.save(tmp_path / "it.safetensors", list(images.images), {})
        digests.append(load_codec(tmp_path / "it.safetensors").digest)
    assert digests[0] == digests[1]


def test_a_training_depends_on_seed_channel_and_gradient(make: Make) -> None:
    different = [{"seed": 1}, {"crossover": 0.2}, {"samples": 2}, *list(GRADIENTS.values())[1:]]
    first, again, *others = [make(**changes) for changes in [{}, {}, *different]]  # type: ignore[arg-type]
    for trainer in (first, again, *others):
        run(trainer, 1)
    assert digest(first) == digest(again)
    assert len({digest(trainer) for trainer in (first, *others)}) == 1 + len(others)


def test_a_checkpoint_of_another_gradient_is_refused(make: Make, tmp_path: Path) -> None:
    train(make(epochs=1), tmp_path / "checkpoint", lambda progress: None)
    other = make(epochs=1, gradient="vimco")
    with pytest.raises(CheckpointError, match="was made by another training"):
        train(other, tmp_path / "checkpoint", lambda progress: None)


@pytest.mark.parametrize("changes", GRADIENTS.values(), ids=GRADIENTS)
def test_every_parameter_is_trained(make: Make, changes: dict[str, object]) -> None:
    trainer = make(**changes)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    run(trainer, 1)
    for name, tensor in trainer.model.state_dict().items():
        assert not torch.equal(tensor, before[name]), name


@pytest.mark.parametrize(
    ("score", "variance"), [("likelihood", None), ("likelihood", 2.0), ("released-code", None)]
)
def test_scores_weigh_the_best_draw_or_the_worst(
    make: Make, images: WholeImages, score: str, variance: float | None
) -> None:
    """The loss, and its gradient for the decoder's last bias, are those of the formulas."""
    trainer = make(gradient="vimco", score=score, variance=variance)
    patches = to_network(torch.from_numpy(to_patches(images.images[:4])))
    generator = torch.Generator().manual_seed(0)
    loss, squares = losses(trainer.model, patches, trainer.recipe, generator)
    bias = trainer.model.decoder[-1].bias
    assert isinstance(bias, torch.Tensor)
    ours = torch.autograd.grad(loss, bias, retain_graph=True)[0]

    factor = 1.0 if score == "released-code" else -1 / (2 * (variance or 0.5))
    scores = factor * squares.detach().double().numpy()
    assert scores.shape == (5, 4) and np.ptp(scores, axis=0).min() > 0
    sign = 1 if score == "released-code" else -1
    bound = logsumexp(scores, axis=0) - np.log(5)
    assert loss.item() == pytest.approx(sign * bound.mean(), rel=1e-5)
    weights = torch.from_numpy(softmax(scores, axis=0) * factor * sign / 4)
    theirs = torch.autograd.grad((weights * squares).sum(), bias)[0]
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_straight_through_lowers_the_mean_squared_error(make: Make, images: WholeImages) -> None:
    trainer = make(samples=3)
    patches = to_network(torch.from_numpy(to_patches(images.images[:4])))
    loss, squares = losses(trainer.model, patches, trainer.recipe, torch.Generator())
    assert squares.shape == (3, 4) and loss.item() == pytest.approx(squares.mean().item())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gradient": "vimco", "samples": 1}, "samples is 1; with gradient vimco it takes at"),
        ({"score": "likelihood"}, "score is likelihood; gradient straight-through has none"),
        ({"variance": 1.0}, "variance is 1.0; it needs gradient `vimco` and score"),
        (
            {"gradient": "vimco", "score": "released-code", "variance": 1.0},
            "variance is 1.0; it needs gradient `vimco` and score",
        ),
    ],
)
def test_settings_of_another_gradient_are_refused(
    make: Make, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_the_codec_sends_the_more_probable_bits(make: Make, images: WholeImages) -> None:
    trainer = make()
    run(trainer, 1)
    trainer.model.half().float()  # as in the file
    codec = bit_codec(trainer.model)
    patches = to_network(torch.from_numpy(to_patches(images.images)))
    with torch.no_grad():
        logits = trainer.model.logits(patches).permute(0, 2, 3, 1)
    indices = np.stack(codec.quantize(codec.encode(list(images.images))))
    assert logits.abs().min() > 1e-6 and set(indices.ravel()) == {0, 1}
    assert np.array_equal(indices, logits.numpy() > 0)
    signs = np.stack(codec.dequantize(list(indices)))[..., 0]
    assert np.array_equal(signs, np.sign(logits.numpy()))


def simulated(path: Path, channel: BitChannel, coder: str, repeat: int = 1) -> Scenario:
    system = LearnedCodec(str(path), entropy_coder=coder, device="cpu")  # type: ignore[arg-type]
    return Scenario(
        "it", system, channel, framing=Framing(header=False, crc=0), images=64, repeat=repeat
    )


def test_simulation_finds_what_the_training_measured(tmp_path: Path) -> None:
    """A tiny training gains more than 1 dB. Then the same images go error-free, with the very
    errors of the networks, and over the simulation's channel: their mean squared error is that of
    the training's flips within the standard error of the difference.
    """
    images, repeat = list(Sample().load(0, 64)), 4
    schedule = {"epochs": 24, "learning_rate": 0.01, "kernel_learning_rate": 0.04}
    recipe = NecstRecipe(BitFlips(0.05), batch_size=8, device="cpu", dtype="float32", **schedule)  # type: ignore[arg-type]
    network = BitNetwork(4, channels=8, blocks=0)
    trainer = NecstTrainer(network, recipe, WholeImages(np.stack(images)), 0)
    progress = run(trainer, 24)
    assert progress[-1].loss < progress[0].loss * 10**-0.1

    path = tmp_path / "trained.safetensors"
    trainer.save(path, images, {"seed": 0})
    codec = load_codec(path)
    assert codec.origin["system"] == "necst" and codec.quantizer == "vq"
    indices = np.stack(codec.quantize(codec.encode(images)))
    shares = np.bincount(indices.ravel()) / indices.size
    assert codec.probabilities.tolist() == pytest.approx(shares.tolist())

    def errors(bits: NDArray[Any]) -> NDArray[np.float64]:
        decoded = codec.decode(codec.dequantize(list(bits)), [(32, 32)] * len(bits))
        difference = np.stack(decoded).astype(np.float64) - np.stack(images)
        return np.square(difference).mean(axis=(1, 2, 3))

    for coder in ("fixed_length", "huffman"):
        table = simulate(simulated(path, load_channel("error_free"), coder)).per_image
        assert (table.bits == 256).all()
        assert np.allclose(table.mse, errors(indices))

    flips, channel = BitFlips(0.3), load_channel("binary_symmetric", crossover=0.3)
    table = simulate(simulated(path, channel, "fixed_length", repeat)).per_image
    theirs = table.mse.to_numpy().reshape(repeat, 64)
    sent, generator = torch.from_numpy(indices.astype(np.int64)), torch.Generator().manual_seed(99)
    arrived = [flips.transmit(sent.flatten(), 64, 2, generator) for _ in range(repeat)]
    ours = np.stack([errors(bits.view(sent.shape).numpy()) for bits in arrived])
    assert theirs.mean() > 1.05 * errors(indices).mean()
    variances = [values.var(axis=0, ddof=1).mean() / values.size for values in (ours, theirs)]
    assert abs(theirs.mean() - ours.mean()) < norm.ppf(1 - 1e-4 / 2) * np.sqrt(sum(variances))
