"""Training of a classifier: what it sees of an image, what it learns, and that it resumes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from stripes import CLASSES, stripes

from semcomm.codec.classifier.classifier_file import load_classifier
from semcomm.codec.classifier.networks import ClassifierNetwork
from semcomm.codec.training.classifier import (
    ClassifierRecipe,
    ClassifierTrainer,
    cut_images,
    moved_images,
    normalize_kernels,
)
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.train import train

RECIPE = ClassifierRecipe(
    epochs=3,
    batch_size=16,
    learning_rate=0.005,
    kernel_learning_rate=0.05,
    device="cpu",
    dtype="float32",
)
Make = Callable[..., ClassifierTrainer]


@pytest.fixture(scope="module")
def make() -> Make:
    """A function that makes a small trainer, and takes what is to differ in the recipe."""
    images, labels = stripes(128)

    def made(seed: int = 0, **changes: Any) -> ClassifierTrainer:
        recipe = replace(RECIPE, **changes)
        network = ClassifierNetwork((4, 8))
        return ClassifierTrainer(network, CLASSES, recipe, WholeImages(images), labels, seed)

    return made


def digest(trainer: ClassifierTrainer) -> str:
    state = [part.numpy().tobytes() for part in trainer.model.state_dict().values()]
    return hashlib.sha256(b"".join(state)).hexdigest()


def run(trainer: ClassifierTrainer) -> list[Any]:
    return [list(trainer.run_epoch())[-1] for _ in range(trainer.epochs)]


def test_moved_images_are_mirrored_beyond_their_borders() -> None:
    row = torch.tensor([1, 2, 3, 4])[None, None, :, None]
    rows = row.repeat(4, 3, 1, 1)
    moves = torch.tensor([[0, 0, 0, 0], [1, -2, 0, 1]])
    flips = torch.tensor([False, False, True, True])
    moved = moved_images(rows, moves, flips)[:, 0, :, 0]
    assert moved.tolist() == [[2, 3, 4, 3], [3, 2, 1, 2], [4, 3, 2, 1], [3, 4, 3, 2]]
    upright = moved_images(rows.swapaxes(1, 2), moves.flip(0), torch.zeros(4, dtype=torch.bool))
    assert upright[:2, :, 0, 0].tolist() == [[2, 3, 4, 3], [3, 2, 1, 2]]


def test_a_square_of_each_image_takes_one_colour() -> None:
    row = torch.arange(1, 5)[None, None, :, None].repeat(4, 5, 1, 3)
    centres = torch.tensor([[2, 2, 0, 4], [3, 0, 2, 1]])
    cut = cut_images(row, centres, 2, torch.tensor([0, 0, 0]))
    within = (cut == 0).all(dim=-1)
    rows = [[1, 2], [1, 2], [0], [3, 4]]  # of each image, which the square covers
    columns = [[2, 3], [0], [1, 2], [0, 1]]
    for image in range(4):
        wanted = torch.zeros(5, 4, dtype=torch.bool)
        wanted[torch.tensor(rows[image])[:, None], torch.tensor(columns[image])] = True
        assert torch.equal(within[image], wanted)
        assert torch.equal(cut[image][~wanted], row[image][~wanted])
    assert torch.equal(cut_images(row, centres, 0, torch.tensor([0, 0, 0])), row)


def test_squares_have_the_mean_colour_and_other_places_each_epoch(make: Make) -> None:
    trainer = make(shift=0, cutout=6)
    numbers = torch.arange(128)
    mean = torch.tensor(trainer.images.images.mean(axis=(0, 1, 2))).round()

    def cut(epoch: int) -> torch.Tensor:
        trainer.epoch = epoch
        trainer._start_epoch()
        flipped = moved_images(
            trainer._images, torch.zeros(2, 128, dtype=torch.int64), trainer._flips
        )
        images = trainer._augmented(numbers)
        changed = (images != flipped).any(dim=-1)
        assert (images[changed] == mean).all()
        return changed

    first = cut(0)
    assert torch.equal(first, cut(0)) and not torch.equal(first, cut(2))
    assert first.sum(dim=(1, 2)).min() > 0 and first.sum(dim=(1, 2)).max() == 36


def test_each_image_is_flipped_in_every_second_epoch(make: Make) -> None:
    trainer, flips = make(), []
    for trainer.epoch in range(3):
        trainer._start_epoch()
        flips.append(trainer._flips)
    assert torch.equal(flips[0], ~flips[1]) and torch.equal(flips[0], flips[2])
    assert 0.3 < flips[0].float().mean() < 0.7


@pytest.mark.parametrize("moment", [(0, 128), (1, 128)], ids=str)
def test_an_interrupted_training_ends_in_the_same_state(
    make: Make, tmp_path: Path, moment: tuple[int, int]
) -> None:
    """Running means of batch normalization included, which no optimizer moves."""
    through = make(cutout=4)
    run(through)

    def interrupt(progress: Any) -> None:
        if (progress.epoch, progress.images) == moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make(cutout=4), tmp_path / "checkpoint", interrupt)
    resumed, seen = make(cutout=4), list[int]()
    train(resumed, tmp_path / "checkpoint", lambda progress: seen.append(progress.epoch))
    assert seen == list(range(moment[0], 3)) and digest(resumed) == digest(through)


def test_a_training_depends_on_its_seed_labels_and_recipe(make: Make) -> None:
    same, again, seed, labels = make(), make(), make(1), make()
    shift, cutout = make(shift=1), make(cutout=1)
    labels._labels = 1 - labels._labels
    for trainer in (same, again, seed, labels, shift, cutout):
        run(trainer)
    assert digest(same) == digest(again)
    assert len({digest(trainer) for trainer in (same, seed, labels, shift, cutout)}) == 5


def test_all_is_trained_but_what_whitens_and_gains_of_norms(make: Make) -> None:
    trainer = make()
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    run(trainer)
    for name, tensor in trainer.model.state_dict().items():
        is_gain = torch.equal(before[name], torch.ones_like(tensor)) and ".2.weight" in name
        assert torch.equal(tensor, before[name]) == (name.startswith("whitening.") or is_gain), name


def test_normalized_kernels_compute_the_same(make: Make) -> None:
    layers = make().model
    pixels = torch.rand(8, 3, 16, 16)
    for part in layers.stages.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps = 1e-12
    before = layers.scores(pixels, "float32")
    normalize_kernels(layers)
    kernel = layers.stages[1][0].weight
    assert kernel.norm().item() == pytest.approx(len(kernel) ** 0.5)
    # Both are float32 sums of up to 72 products.
    assert torch.allclose(layers.scores(pixels, "float32"), before, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_trained_classifier_knows_images_it_has_not_seen(
    make: Make, tmp_path: Path, dtype: str
) -> None:
    trainer = make(epochs=6, dtype=dtype)
    progress = run(trainer)[-1]
    assert progress.figures() == f"loss {progress.loss:.3f}  {progress.accuracy:.2%} right"
    path = tmp_path / "striped.safetensors"
    trainer.save(path, [], {"seed": 0})
    images, labels = stripes(200, seed=1)
    classifier = load_classifier(path)
    # Chance is 0.5 and its standard deviation 0.035.
    assert (classifier.classify(list(images)) == labels).mean() > 0.9
    assert classifier.classes == CLASSES and classifier.origin["training"]["epochs"] == 6
