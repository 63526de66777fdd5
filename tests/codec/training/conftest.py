"""What tests of training share: a geometry and patches that train in no time."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from semcomm.codec.networks import Geometry
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.trainer import Trainer
from semcomm.data.sample import Sample


@pytest.fixture(scope="module", autouse=True)
def _always_one_thread(one_thread: None) -> None:
    """Of all tests in this folder."""


@pytest.fixture(scope="session")
def images() -> WholeImages:
    """72 images of 8 x 8 pixels, all different, cut out of sample images."""
    return WholeImages(np.stack(Sample().load(0, 72))[:, 12:20, 12:20])


@pytest.fixture(scope="session")
def make_trainer(images: WholeImages) -> Callable[..., Trainer]:
    """A function that makes a small trainer, and takes a seed and what is to differ in the
    recipe.
    """

    def make(seed: int = 0, **changes: object) -> Trainer:
        recipe = {"epochs": 4, "batch_size": 4, "device": "cpu"} | changes
        geometry = Geometry(groups=2, dimension=2, codewords=8, channels=4)
        return Trainer(geometry, Recipe(**recipe), images, seed)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def fingerprint() -> Callable[[Trainer], str]:
    """A function that gives a digest of all that training changes: weights, Adam's state and the
    epoch.
    """

    def of(trainer: Trainer) -> str:
        digest = hashlib.sha256(str(trainer.epoch).encode())
        for name, parameter in trainer.model.named_parameters():
            moments = trainer.optimizers.moments(parameter)
            for tensor in [parameter, *(moments[key] for key in sorted(moments))]:
                digest.update(name.encode() + tensor.detach().contiguous().numpy().tobytes())
        return digest.hexdigest()

    return of
