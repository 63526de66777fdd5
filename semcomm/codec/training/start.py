"""A codec that a training starts from, in place of random weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.choices import ModalityName
from semcomm.codec.codec import Codec
from semcomm.codec.levels import FAMILIES, digest_of
from semcomm.codec.networks import Geometry
from semcomm.codec.training.export import OWN
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.errors import CodecError

LEAST_PROBABILITY = 1e-9


@dataclass(frozen=True, eq=False)
class Start:
    """The codec of a file, or all of its levels.

    tensors: those of the file, in which levels share their kernels.
    geometry: that of the file; levels may have fewer groups.
    """

    name: str
    levels: Sequence[Codec]
    tensors: Mapping[str, NDArray[Any]]
    geometry: Geometry

    @property
    def digest(self) -> bytes:
        return digest_of(self.levels)

    def check(self, geometry: Geometry, recipe: Recipe, modality: ModalityName = "rgb8") -> None:
        """Raises CodecError with whatever of a training is not the codec's."""
        if FAMILIES in self.tensors:
            raise CodecError(
                f"training.start is {self.name}, whose levels were joined from several trainings: "
                "start from one of its parts"
            )
        if modality != self.levels[0].modality:
            raise CodecError(
                f"training.start is {self.name}, a codec of {self.levels[0].modality}; the data "
                f"are {modality}"
            )
        differing = [
            f"{key} is {ours}, of {self.name} {theirs}"
            for key, ours, theirs in self._pairs(geometry, recipe)
            if ours != theirs
        ]
        if differing:
            raise CodecError(
                f"training.start is {self.name}, whose networks do not match: "
                f"{'; '.join(differing)}"
            )

    def _pairs(self, geometry: Geometry, recipe: Recipe) -> Iterator[tuple[str, Any, Any]]:
        """What has to match: a key, its value in the training, and the codec's."""
        theirs = asdict(self.geometry)
        for name, value in asdict(geometry).items():
            yield f"geometry.{name}", value, theirs[name]
        yield "training.levels", recipe.levels, len(self.levels)
        if recipe.levels == len(self.levels) > 1:
            groups = list(recipe.level_groups or [geometry.groups] * recipe.levels)
            yield (
                "training.level_groups",
                groups,
                [codec.geometry.groups for codec in self.levels],
            )

    @torch.no_grad()
    def copy_to(self, model: VqAutoencoder) -> None:
        """Give a model of the same shapes the codec's weights, codebooks and probabilities."""
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(self._tensor(name)))

    def _tensor(self, name: str) -> NDArray[Any]:
        """What a parameter of the model has in the codec."""
        if name == "codebook":
            return np.stack([codec.codebook for codec in self.levels])
        if name == "logits":  # the inverse of equation (4)
            probabilities = np.stack([codec.probabilities for codec in self.levels])
            return -np.log(np.maximum(probabilities, LEAST_PROBABILITY))
        if own := OWN.search(name):
            tensor: NDArray[Any] = self.levels[int(own[2])].tensors[OWN.sub(r".\1", name)]
            return tensor
        return self.tensors[name]
