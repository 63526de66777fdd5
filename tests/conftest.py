"""What tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from semcomm.codec.analogue.codec import AnalogueCodec
    from semcomm.codec.classifier.classifier import Classifier
    from semcomm.codec.codec import Codec
    from semcomm.codec.esc.codec import EscCodec

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers divide the cores

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile(
        "ci"
    )  # the same examples each time; elsewhere new ones may find what these do not

BESIDE = Path(__file__).parents[2] / "shared" / "cifar10"


LONG = ("docs", "browser", "cluster", "kills", "slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several processes files with long tests begin first, those of the pages before all."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: [not item.get_closest_marker(name) for name in LONG])


@pytest.fixture(scope="session")
def cifar10_root() -> Path:
    """A data root that holds CIFAR-10: $SEMCOMM_DATA, else ../shared/cifar10 beside the
    repository.
    """
    root = Path(os.environ.get("SEMCOMM_DATA") or BESIDE).expanduser()
    if not any(
        (root / folder).is_dir() for folder in ("cifar-10-batches-py", "cifar-10-batches-bin")
    ):
        pytest.skip(f"needs CIFAR-10, which is not in {root}; name its data root in SEMCOMM_DATA")
    return root


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Tiny networks only wait for other threads, and the number of threads changes what a training
    rounds.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_codec() -> "Codec":
    """A small codec with untrained networks, and 32 of the sub-vectors that they make for
    codewords.

    Its indices spread over all codewords, and its pictures are noise: fit for tests of bits.
    """
    import torch  # here, so that tests without a codec need not wait for it

    from semcomm.codec.networks import Geometry
    from semcomm.codec.training.export import export_codec
    from semcomm.codec.training.losses import VqAutoencoder
    from semcomm.codec.training.recipe import Recipe
    from semcomm.data.sample import Sample
    from semcomm.modalities.patches import to_patches

    images = Sample().load(0, 64)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = VqAutoencoder(Geometry(groups=2, dimension=4, codewords=32, channels=8))
        patches = torch.from_numpy(to_patches(images[0][None])).permute(0, 3, 1, 2) / 255
        vectors = model.sub_vectors(patches).flatten(end_dim=-2)
        model.codebook.copy_(vectors[torch.randperm(len(vectors))[:32]])
    return export_codec("tiny", model, Recipe(quantizer="vq", rate_weight=0.0), images, origin={})


@pytest.fixture(scope="session")
def context_codec(tiny_codec: "Codec") -> "Codec":
    """The same with a context model, which has seen a few images."""
    import numpy as np

    from semcomm.codec.codec_file import About, codec_from
    from semcomm.codec.training.context import ContextRecipe, trained_context
    from semcomm.data.sample import Sample

    indices = np.stack(tiny_codec.quantize(tiny_codec.encode(Sample().load(0, 64))))
    recipe = ContextRecipe(entries=4, hidden=(16, 8), epochs=2, batch_size=8)
    model = trained_context(indices, tiny_codec.geometry.codewords, recipe, lambda epoch: None)
    about = About(tiny_codec.geometry, tiny_codec.quantizer, {})
    return codec_from("tiny", about, {**tiny_codec.tensors, **model})


@pytest.fixture(scope="session")
def shipped_codec() -> "Codec":
    """ecvq-n128-nu16, a trained codec with a context model, as it ships."""
    from semcomm.zoo.find import load_codec

    return load_codec("ecvq-n128-nu16")


@pytest.fixture(scope="session")
def tiny_codec_file(tiny_codec: "Codec", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same codec as a file, tiny.safetensors."""
    from semcomm.codec.codec_file import save_codec

    path = tmp_path_factory.mktemp("codec") / "tiny.safetensors"
    save_codec(tiny_codec, path)
    return path


@pytest.fixture(scope="session")
def tiny_analogue() -> "AnalogueCodec":
    """A small analogue codec with untrained networks, which are told an Es/N0 from 0 to 10 dB."""
    import torch

    from semcomm.codec.analogue.networks import AnalogueAutoencoder, PatchNetwork
    from semcomm.codec.training.analogue import exported
    from semcomm.codec.training.channels import TrainingAwgn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AnalogueAutoencoder(PatchNetwork(2, channels=8, blocks=1), (0.0, 10.0))
        for name, parameter in model.named_parameters():
            if name.endswith("gain"):  # untrained, all points are alike
                torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return exported("tiny", model, TrainingAwgn((0.0, 10.0)), {"seed": 0})


@pytest.fixture(scope="session")
def tiny_analogue_file(
    tiny_analogue: "AnalogueCodec", tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same codec as a file, tiny.safetensors."""
    from semcomm.codec.analogue.codec_file import save_analogue

    path = tmp_path_factory.mktemp("analogue") / "tiny.safetensors"
    save_analogue(tiny_analogue, path)
    return path


@pytest.fixture(scope="session")
def tiny_esc() -> "EscCodec":
    """A small ESC codec with untrained networks and three codebooks of 8 of the sub-vectors that
    they make, whose bits flip more or less often.
    """
    import torch

    from semcomm.codec.esc.codec import EscCodec
    from semcomm.codec.esc.codec_file import EscAbout, esc_from
    from semcomm.codec.networks import Geometry
    from semcomm.codec.training.esc_export import exported
    from semcomm.codec.training.esc_losses import EscAutoencoder
    from semcomm.data.sample import Sample
    from semcomm.modalities.patches import to_patches
    from semcomm.modalities.rgb8 import to_network

    images = Sample().load(0, 4)
    crossovers = torch.tensor([[0.2, 0.1, 0.25], [0.05, 0.02, 0.06], [0.004, 0.002, 0.01]])
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = EscAutoencoder(Geometry(groups=1, dimension=2, codewords=8, channels=8), 3)
        vectors = model.sub_vectors(to_network(torch.from_numpy(to_patches(images[0][None]))))
        model.codebooks.copy_(vectors[0, torch.randperm(64)[:24]].reshape(3, 8, 2))
        model.flip_logits.copy_(torch.logit(2 * crossovers))
    codec: EscCodec = exported("tiny", model, images, {"seed": 0})
    distortions = codec.distortions[:1] / [1, 2, 4]  # as trained networks would order them
    about = EscAbout(codec.geometry, 3, dict(codec.origin))
    return esc_from("tiny", about, {**codec.tensors, "distortions": distortions})


@pytest.fixture(scope="session")
def tiny_esc_file(tiny_esc: "EscCodec", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same codec as a file, tiny.safetensors."""
    from semcomm.codec.esc.codec_file import save_esc

    path = tmp_path_factory.mktemp("esc") / "tiny.safetensors"
    save_esc(tiny_esc, path)
    return path


@pytest.fixture(scope="session")
def tiny_classifier_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small classifier of generated stripes as a file, tiny.safetensors: a minority is wrong."""
    from stripes import CLASSES, stripes

    from semcomm.codec.classifier.networks import ClassifierNetwork
    from semcomm.codec.training.classifier import ClassifierRecipe, ClassifierTrainer
    from semcomm.codec.training.images import WholeImages

    images, labels = stripes(128)
    recipe = ClassifierRecipe(
        epochs=4, batch_size=16, learning_rate=0.005, kernel_learning_rate=0.05, device="cpu"
    )
    network = ClassifierNetwork((4, 8))
    trainer = ClassifierTrainer(network, CLASSES, recipe, WholeImages(images), labels, 0)
    for _ in range(trainer.epochs):
        list(trainer.run_epoch())
    path = tmp_path_factory.mktemp("classifier") / "tiny.safetensors"
    trainer.save(path, [], {"seed": 0})
    return path


@pytest.fixture(scope="session")
def tiny_classifier(tiny_classifier_file: Path) -> "Classifier":
    """The same, loaded."""
    from semcomm.codec.classifier.classifier_file import load_classifier

    return load_classifier(tiny_classifier_file)
