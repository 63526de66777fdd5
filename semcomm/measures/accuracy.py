"""Accuracy: whether a classifier still finds the class of an image in what arrived of it.

It takes PyTorch, which takes seconds to import, and therefore does so when it first classifies.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semcomm.folders import ZOO, expanded
from semcomm.measures.measure import Measure
from semcomm.modalities.rgb8 import Image

if TYPE_CHECKING:
    from semcomm.codec.classifier.classifier import Classifier

SHIPPED = "cifar10-classifier"
MAX_REMEMBERED = 1 << 17


def accuracy_by(name: str) -> Measure:
    """1 for each image whose class a classifier finds in what was received, else 0; NaN for images
    that are too small for it. `accuracy_on_originals` is the same of what was sent.

    name: of a classifier that ships, or the path of its file.
    """
    file = ZOO / f"{SHIPPED}.safetensors" if name == SHIPPED else expanded(name)
    originals = Measure(
        partial(_is_original_right, name), labelled=True, share=True, modality="rgb8"
    )
    return Measure(
        partial(_is_right, name),
        labelled=True,
        share=True,
        beside={"accuracy_on_originals": originals},
        classes=partial(_classes, name),
        file=file,
        modality="rgb8",
    )


class Judge:
    """A classifier that classifies no original twice, however many systems it is sent through."""

    def __init__(self, classifier: "Classifier") -> None:
        self.classifier = classifier
        self._remembered: dict[tuple[tuple[int, ...], bytes], int] = {}

    def classes_of_originals(self, images: Sequence[Image]) -> NDArray[np.int64]:
        """As the classifier finds them."""
        keys = [(image.shape, hashlib.sha256(image.tobytes()).digest()) for image in images]
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.clear()
        new = [number for number, key in enumerate(keys) if key not in self._remembered]
        found = self.classifier.classify([images[number] for number in new]).tolist()
        self._remembered |= {keys[number]: place for number, place in zip(new, found, strict=True)}
        return np.array([self._remembered[key] for key in keys], np.int64)


def _is_right(
    name: str, sent: Sequence[Image], received: Sequence[Image], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    return _equal(_judge(name).classifier.classify(received), labels)


def _is_original_right(
    name: str, sent: Sequence[Image], received: Sequence[Image], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    return _equal(_judge(name).classes_of_originals(sent), labels)


def _equal(classes: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(classes < 0, np.nan, classes == labels)


def _classes(name: str) -> tuple[str, ...]:
    return _judge(name).classifier.classes


def _judge(name: str) -> Judge:
    from semcomm.zoo.find import load_classifier

    return _judge_of(load_classifier(name))


@lru_cache(maxsize=4)
def _judge_of(classifier: "Classifier") -> Judge:
    return Judge(classifier)
