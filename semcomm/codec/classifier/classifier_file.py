"""A classifier as one file of tensors and text (codec/tensor_file.py).

The file's metadata: `format` is "semcomm classifier"; `version` is "1"; `about` is a JSON object
with the network, the names of the classes and the origin.
"""

from pathlib import Path
from typing import Annotated, Any

from annotated_types import MaxLen, MinLen
from pydantic.dataclasses import dataclass

from semcomm.codec.classifier.classifier import Classifier
from semcomm.codec.classifier.networks import ClassifierLayers, ClassifierNetwork
from semcomm.codec.tensor_file import (
    Description,
    Tensors,
    check_tensors,
    digest_of,
    load_described,
    write_tensors,
)
from semcomm.codec.weights import weight_shapes

FORMAT, VERSION = "semcomm classifier", "1"


@dataclass(frozen=True)
class ClassifierAbout(Description):
    """The part of a classifier that is text; `origin` says how it was made."""

    network: ClassifierNetwork
    classes: Annotated[tuple[Annotated[str, MinLen(1)], ...], MinLen(2), MaxLen(65536)]
    origin: dict[str, Any]


def classifier_from(name: str, about: ClassifierAbout, tensors: Tensors) -> Classifier:
    """A classifier, after checks of its parts.

    Raises CodecError when the tensors do not match the network or hold invalid values.
    """
    shapes = weight_shapes(ClassifierLayers, about.network, len(about.classes), normalized=False)
    check_tensors(tensors, shapes)
    digest = digest_of(about.to_json(), tensors)
    return Classifier(name, about.network, about.classes, tensors, about.origin, digest)


def save_classifier(classifier: Classifier, path: Path) -> None:
    """Write the classifier's file, whole or not at all."""
    about = ClassifierAbout(classifier.network, classifier.classes, dict(classifier.origin))
    write_tensors(path, FORMAT, VERSION, about.to_json(), classifier.tensors)


def load_classifier(path: Path) -> Classifier:
    """Read a classifier's file.

    Raises CodecError when the file is missing, damaged, of another version, or none.
    """
    return load_described(path, FORMAT, VERSION, ClassifierAbout, classifier_from)
