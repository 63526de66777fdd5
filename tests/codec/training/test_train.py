"""Whole trainings: interrupted at any moment and called again, they end as if nothing had been."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from semcomm.codec.networks import Geometry
from semcomm.codec.training.epochs import EpochProgress
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.train import train
from semcomm.codec.training.trainer import Trainer
from semcomm.errors import CheckpointError

Make = Callable[..., Trainer]
Fingerprint = Callable[[Trainer], str]


def nothing(progress: EpochProgress) -> None:
    pass


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_trainer: Make) -> tuple[Trainer, Path]:
    """What an uninterrupted training gives, and its checkpoint."""
    trainer, checkpoint = (
        make_trainer(batch_size=2),
        tmp_path_factory.mktemp("finished") / "checkpoint",
    )
    train(trainer, checkpoint, nothing)
    return trainer, checkpoint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("epoch", "reached"),
    [(0, 32), (0, 72), (2, 64), (2, 72), (3, 72)],
    ids=lambda moment: str(moment),
)
def test_an_interrupted_training_ends_in_the_same_state(
    make_trainer: Make,
    fingerprint: Fingerprint,
    finished: tuple[Trainer, Path],
    tmp_path: Path,
    epoch: int,
    reached: int,
) -> None:
    def interrupt(progress: EpochProgress) -> None:
        if (progress.epoch, progress.images) == (epoch, reached):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make_trainer(batch_size=2), tmp_path / "checkpoint", interrupt)
    trainer, seen = make_trainer(batch_size=2), list[int]()
    train(trainer, tmp_path / "checkpoint", lambda progress: seen.append(progress.epoch))
    assert set(seen) == set(range(epoch, 4))  # what was whole is not trained again
    assert fingerprint(trainer) == fingerprint(finished[0])


def test_a_finished_training_called_again_does_nothing(
    make_trainer: Make, fingerprint: Fingerprint, finished: tuple[Trainer, Path]
) -> None:
    trainer, seen = make_trainer(batch_size=2), list[EpochProgress]()
    train(trainer, finished[1], seen.append)
    assert not seen and fingerprint(trainer) == fingerprint(finished[0])


def changed_in_the_last_value(images: WholeImages) -> WholeImages:
    changed = images.images.copy()
    changed[-1, -1, -1, -1] ^= 1
    return WholeImages(changed)


def test_a_checkpoint_of_other_settings_is_refused(images: WholeImages, tmp_path: Path) -> None:
    """Other settings, images or seed."""
    path = tmp_path / "it.checkpoint.safetensors"
    recipe, geometry = Recipe(epochs=1, batch_size=4, device="cpu"), Geometry(2, 2, 8, channels=4)
    train(Trainer(geometry, recipe, images, seed=0), path, nothing)
    content = path.read_bytes()
    others = [
        Trainer(replace(geometry, blocks=0), recipe, images, seed=0),
        Trainer(geometry, replace(recipe, epochs=2), images, seed=0),
        Trainer(geometry, replace(recipe, rate_weight=0.1), images, seed=0),
        Trainer(geometry, recipe, changed_in_the_last_value(images), seed=0),
        Trainer(geometry, recipe, images, seed=1),
    ]
    for other in others:
        with pytest.raises(
            CheckpointError, match=r"it\.checkpoint\.safetensors was made by another training"
        ):
            train(other, path, nothing)
        assert path.read_bytes() == content


def test_a_checkpoint_of_another_version_is_refused(
    images: WholeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "it.checkpoint.safetensors"
    recipe, geometry = Recipe(epochs=1, batch_size=4, device="cpu"), Geometry(2, 2, 8, channels=4)
    train(Trainer(geometry, recipe, images, seed=0), path, nothing)
    monkeypatch.setattr("semcomm.codec.training.train.__version__", "0.0")
    with pytest.raises(CheckpointError, match=r"go on with its settings and versions, .*semcomm"):
        train(Trainer(geometry, recipe, images, seed=0), path, nothing)
