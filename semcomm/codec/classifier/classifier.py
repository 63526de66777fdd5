"""A trained classifier: from images to their classes, numpy in and numpy out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.codec.classifier.networks import ClassifierLayers, ClassifierNetwork
from semcomm.codec.stacks import Stacked
from semcomm.codec.weights import with_weights
from semcomm.modalities.patches import grid_shape, size_of
from semcomm.modalities.rgb8 import Image


@dataclass(frozen=True, eq=False)
class Classifier:
    """The network of a classifier, which computes in float32 on the CPU.

    classes: their names, in the order of the scores.
    tensors: the network's weights, float16.
    origin: how it was made, for people.
    digest: SHA-256 over all of the above but the name.
    """

    name: str
    network: ClassifierNetwork
    classes: tuple[str, ...]
    tensors: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]
    digest: bytes

    @torch.no_grad()
    def classify(self, images: Sequence[Image]) -> NDArray[np.int64]:
        """(B,) the place in `classes` of each image's class, from one view of it.

        -1 for an image with a side under `network.least_side`, of which the network leaves nothing.
        """
        classes = np.full(len(images), -1)
        least = self.network.least_side
        large = [n for n, image in enumerate(images) if min(size_of(image)) >= least]
        stacked = Stacked.of([images[n] for n in large], lambda image: grid_shape(*size_of(image)))
        classes[large] = list(stacked.map(self._classify))
        return classes

    @cached_property
    def _layers(self) -> ClassifierLayers:
        layers = ClassifierLayers(self.network, len(self.classes), normalized=False)
        return with_weights(layers, self.tensors, torch.device("cpu"))

    def _classify(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        pixels = torch.from_numpy(images).float().div_(255).permute(0, 3, 1, 2)
        classes: NDArray[np.int64] = self._layers.scores(pixels, "float32").argmax(dim=1).numpy()
        return classes
