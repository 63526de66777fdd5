"""Training of ESC codecs: the same whatever interrupts it, every part trained, prices that order
codebooks, and distortions that a simulation finds again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semcomm.codec.esc.codec_file import load_esc, save_esc
from semcomm.codec.esc.quantizer import channel_optimized
from semcomm.codec.networks import Geometry
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.esc import EscTrainer
from semcomm.codec.training.esc_export import exported
from semcomm.codec.training.esc_losses import EscAutoencoder, draw_books, transmitted
from semcomm.codec.training.esc_recipe import EscRecipe
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.train import train
from semcomm.errors import CheckpointError, SettingError

GEOMETRY = Geometry(groups=2, dimension=2, codewords=8, channels=4)
RECIPE = EscRecipe(
    epochs=3,
    batch_size=8,
    learning_rate=4e-3,
    codebooks=2,
    finest_energy_weight=0.01,
    device="cpu",
    dtype="float32",
)
Make = Callable[..., EscTrainer]


@pytest.fixture(scope="module")
def make(images: WholeImages) -> Make:
    """A function that makes a small trainer, and takes what is to differ."""

    def made(seed: int = 0, **changes: Any) -> EscTrainer:
        return EscTrainer(
            GEOMETRY, replace(RECIPE, **changes), images, seed, list(images.images[:2])
        )

    return made


def digest(trainer: EscTrainer) -> str:
    state = [part.numpy().tobytes() for part in trainer.model.state_dict().values()]
    return hashlib.sha256(b"".join(state)).hexdigest()


def run(trainer: EscTrainer, epochs: int = 3) -> list[Any]:
    return [list(trainer.run_epoch())[-1] for _ in range(epochs)]


def test_an_interrupted_training_ends_in_the_same_state(make: Make, tmp_path: Path) -> None:
    through = make()
    run(through)

    def interrupt(progress: EpochProgress) -> None:
        if (progress.epoch, progress.images) == (1, 72):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make(), tmp_path / "checkpoint", interrupt)
    resumed = make()
    train(resumed, tmp_path / "checkpoint", lambda progress: None)
    assert digest(resumed) == digest(through)


def test_a_training_depends_on_its_seed_and_prices(make: Make) -> None:
    others = [make(), make(), make(1), make(energy_weight=0.3)]
    for trainer in others:
        run(trainer, 1)
    first, again, seed, price = map(digest, others)
    assert first == again and len({first, seed, price}) == 3


def test_a_checkpoint_of_another_recipe_is_refused(make: Make, tmp_path: Path) -> None:
    train(make(epochs=1), tmp_path / "checkpoint", lambda progress: None)
    with pytest.raises(CheckpointError, match="was made by another training"):
        train(make(epochs=1, mixed=0.0), tmp_path / "checkpoint", lambda progress: None)


def test_every_parameter_is_trained(make: Make) -> None:
    trainer = make()
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    run(trainer, 1)
    for name, tensor in trainer.model.state_dict().items():
        assert not torch.equal(tensor, before[name]), name


def test_flip_probabilities_are_held_at_first(make: Make) -> None:
    """Of three epochs, the first is a third."""
    trainer = make(crossover_start=0.34)
    before = trainer.model.crossovers.detach().clone()
    run(trainer, 1)
    assert torch.equal(trainer.model.crossovers, before)
    run(trainer, 1)
    assert not torch.equal(trainer.model.crossovers, before)


@pytest.mark.parametrize(("weight", "falls"), [(1e-6, True), (10.0, False)])
def test_bits_flip_more_where_energy_costs_more(make: Make, weight: float, falls: bool) -> None:
    """Without a price only the distortion counts, of which a flip makes more where the codebook
    fits.
    """
    changes = {"codebooks": 1, "finest_energy_weight": None, "crossover_learning_rate": 0.1}
    rates = {"learning_rate": 1e-2, "crossover_start": 0.5}
    trainer = make(energy_weight=weight, epochs=24, **rates, **changes)
    before = trainer.model.crossovers.mean().item()
    run(trainer, 24)
    assert (trainer.model.crossovers.mean().item() < before) is falls


def test_progress_has_quality_flips_and_what_is_held_out(make: Make) -> None:
    progress = run(make(), 1)[0]
    assert len(progress.crossovers) == 2 and progress.held_out.psnr_db > 0
    assert progress.figures().startswith(f"loss {progress.loss:.2f}  {progress.quality_db:.2f} dB")


def test_sub_vectors_have_a_gradient_where_their_codewords_arrive() -> None:
    generator = torch.Generator().manual_seed(0)
    model = EscAutoencoder(GEOMETRY, 1)
    recipe = replace(RECIPE, codebooks=1, finest_energy_weight=None)
    vectors = torch.randn(200, 2, generator=generator, requires_grad=True)
    sent = transmitted(model, vectors, torch.zeros(200, dtype=torch.int64), recipe, generator)
    (gradient,) = torch.autograd.grad(sent.vectors.sum(), vectors)
    codebook = model.codebooks[0].detach()
    chosen = codebook[channel_optimized(codebook, model.crossovers[0].detach()).assign(vectors)]
    arrives = torch.isclose(sent.vectors, chosen).all(dim=1)
    assert 0 < (~arrives).sum() < 100
    assert torch.equal(gradient, arrives[:, None].expand(200, 2).float())


def test_books_are_shared_equally_and_mixed_images_have_two() -> None:
    generator = torch.Generator().manual_seed(0)
    alone = draw_books(8, 50, 4, 0.0, generator)
    assert alone.tolist() == [[book] * 50 for book in (0, 0, 1, 1, 2, 2, 3, 3)]
    mixed = draw_books(400, 50, 4, 1.0, generator)
    kinds = [len(np.unique(row)) for row in mixed]
    assert set(kinds) == {1, 2} and kinds.count(2) > 250


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codebooks": 1}, "codebooks is 1 and finest_energy_weight 0.01; several"),
        ({"finest_energy_weight": None}, "codebooks is 2 and finest_energy_weight None"),
        ({"codebooks": 9}, "codebooks is 9; each needs an image of every batch, which has 8"),
    ],
)
def test_recipes_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((SettingError, ValueError), match=message):
        replace(RECIPE, **changes)


def test_energy_weights_have_equal_ratios() -> None:
    recipe = replace(RECIPE, codebooks=3, energy_weight=0.4, finest_energy_weight=0.1)
    assert recipe.energy_weights == pytest.approx([0.4, 0.2, 0.1])


def test_what_is_exported_is_saved_and_loaded(
    make: Make, images: WholeImages, tmp_path: Path
) -> None:
    trainer, path = make(), tmp_path / "it.safetensors"
    run(trainer)
    trainer.save(path, list(images.images), {"seed": 0})
    codec = load_esc(path)
    assert codec.geometry == GEOMETRY and codec.origin["training"]["codebooks"] == 2
    assert np.allclose(codec.crossovers, trainer.model.crossovers.detach().numpy())
    assert (codec.distortions > 0).all()
    save_esc(codec, path.with_name("again.safetensors"))
    assert load_esc(path.with_name("again.safetensors")).digest == codec.digest


def test_distortions_are_the_mean_squared_errors_of_the_training(
    make: Make, images: WholeImages
) -> None:
    """Exported networks are rounded to float16 and pixels to 8 bits; flips are other ones."""
    trainer = make(mixed=0.0, epochs=6)
    progress = run(trainer, 6)
    codec = exported("it", trainer.model, list(images.images), {})
    error = 10 ** (-progress[-1].quality_db / 10)
    assert codec.distortions.mean() == pytest.approx(error, rel=0.2)
