"""A classifier: its layers, what it makes of images, and its file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from stripes import stripes

from semcomm.codec.analogue.codec_file import load_analogue
from semcomm.codec.classifier.classifier import Classifier
from semcomm.codec.classifier.classifier_file import (
    FORMAT,
    VERSION,
    load_classifier,
    save_classifier,
)
from semcomm.codec.classifier.networks import (
    ClassifierLayers,
    ClassifierNetwork,
    whitening_of,
    without_normalization,
)
from semcomm.codec.header import kind_of
from semcomm.codec.tensor_file import digest_of
from semcomm.data.sample import Sample
from semcomm.errors import CodecError

pytestmark = pytest.mark.usefixtures("one_thread")


def sample_pixels(count: int) -> torch.Tensor:
    images = np.stack(Sample().load(0, count))
    return torch.from_numpy(images).float().div(255).permute(0, 3, 1, 2)


def test_whitened_values_are_uncorrelated_and_come_twice() -> None:
    pixels = sample_pixels(64)
    kernel, bias = whitening_of(pixels)
    values = torch.nn.functional.conv2d(pixels, kernel, bias).permute(0, 2, 3, 1).flatten(0, 2)
    assert torch.equal(values[:, :12], -values[:, 12:])
    covariance = values[:, :12].double().T.cov()
    off_diagonal = covariance - covariance.diag().diag()
    assert off_diagonal.abs().max() < 0.02  # kernels are rounded to eleven bits
    # Where a variance is near 3e-5, that much is added to it.
    assert covariance.diag().min() > 0.1 and covariance.diag().max() < 1.01
    assert values.mean(dim=0).abs().max() < 0.05


def test_layers_without_normalization_compute_the_same() -> None:
    torch.manual_seed(0)
    trained = ClassifierLayers(ClassifierNetwork((4, 8)), 5, normalized=True)
    kernel, bias = whitening_of(sample_pixels(8))
    trained.whitening.load_state_dict({"weight": kernel, "bias": bias})
    for _ in range(9):  # running means and variances that differ from 0 and 1
        trained.scores(sample_pixels(32), "float32")
    for name, parameter in trained.named_parameters():
        if name.endswith(".2.bias"):
            torch.nn.init.uniform_(parameter)
    trained.eval()
    shipped = ClassifierLayers(ClassifierNetwork((4, 8)), 5, normalized=False)
    shipped.load_state_dict(without_normalization(trained))
    ours, theirs = (layers.scores(sample_pixels(32), "float32") for layers in (shipped, trained))
    assert torch.allclose(ours, theirs, atol=1e-4 * theirs.abs().max().item())


def test_the_class_of_an_image_depends_on_no_other(tiny_classifier: Classifier) -> None:
    images = list(stripes(70, seed=2)[0])
    scores = tiny_classifier.classify(images)
    assert scores[:3].tolist() == tiny_classifier.classify(images[:3]).tolist()
    mixed = [np.pad(images[0], ((0, 5), (0, 0), (0, 0))), *images[:2]]
    assert tiny_classifier.classify(mixed)[1:].tolist() == scores[:2].tolist()


def test_an_image_of_which_nothing_is_left_has_no_class(tiny_classifier: Classifier) -> None:
    sizes = [(4, 16), (5, 5), (16, 4)]
    images = [np.zeros((*size, 3), np.uint8) for size in sizes]
    assert tiny_classifier.network.least_side == 5
    assert (tiny_classifier.classify(images) == -1).tolist() == [True, False, True]


def test_what_is_saved_is_loaded(tiny_classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_classifier(tiny_classifier, path)
    loaded = load_classifier(path)
    for name in ("name", "network", "classes", "origin", "digest"):
        assert getattr(loaded, name) == getattr(tiny_classifier, name)
    assert all(tensor.dtype == np.float16 for tensor in loaded.tensors.values())
    assert kind_of(path).system == "classifier"
    with pytest.raises(CodecError, match="is a classifier, which makes classes; one that makes"):
        load_analogue(path)


def test_a_flipped_bit_anywhere_is_refused(tiny_classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save_classifier(tiny_classifier, path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for position in rng.integers(len(content), size=200):
        damaged = bytearray(content)
        damaged[position] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(CodecError, match=r"tiny\.safetensors"):
            load_classifier(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["one"]}, "has an invalid description"),
        ({"classes": ["a", "b", "c"]}, "has no tensor head.weight of shape"),
        ({"network": {"widths": [10**9]}}, "has an invalid description"),
        ({"network": {"widths": [4, 8, 8]}}, "has no tensor stages.5.0.weight"),
        ({"network": {"widths": []}}, "has an invalid description"),
    ],
    ids=str,
)
def test_an_absurd_description_is_refused(
    tiny_classifier: Classifier, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    network, classes = asdict(tiny_classifier.network), tiny_classifier.classes
    about = json.dumps({"network": network, "classes": classes, "origin": {}} | changes)
    tensors = dict(tiny_classifier.tensors)
    metadata = {"format": FORMAT, "version": VERSION, "about": about}
    metadata["sha256"] = digest_of(about, tensors).hex()
    path = tmp_path / "it.safetensors"
    path.write_bytes(save(tensors, metadata))
    with pytest.raises(CodecError, match=message):
        load_classifier(path)
