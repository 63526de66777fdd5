"""A training that starts from a codec begins with exactly that codec."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec
from semcomm.codec.entropy_coding.context_model import has_context
from semcomm.codec.training.export import codec_in_training
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.recipe import Recipe
from semcomm.codec.training.start import Start
from semcomm.codec.training.trainer import Trainer
from semcomm.data.sample import Sample
from semcomm.errors import CodecError
from semcomm.scenario.training import load_start, read_training

SHIPPED = ["vq-n64", "ecvq-n128-nu16", "ecvq-levels"]
PART = str(Path(__file__).parents[3] / "experiments/codecs/ecvq-levels-upper.safetensors")
"""Its levels have three and four sub-vectors per position."""


@pytest.fixture(scope="module")
def images() -> WholeImages:
    return WholeImages(np.stack(Sample().load(0, 64)))


@pytest.fixture(scope="module")
def started(images: WholeImages) -> Callable[[str], tuple[Start, Trainer]]:
    """A function that starts the training of a codec from that codec."""

    def start(name: str) -> tuple[Start, Trainer]:
        scenario = read_training(Path(name).stem, [f"training.start={name}", "training.device=cpu"])
        trainer = scenario.trainer(images)
        assert isinstance(trainer, Trainer) and trainer.start
        return trainer.start, trainer

    return start


@pytest.mark.parametrize("name", [*SHIPPED, PART])
def test_weights_codebooks_and_probabilities_are_the_codecs(
    started: Callable[[str], tuple[Start, Trainer]], name: str
) -> None:
    """Weights are float16 in the file, float32 in training and float16 again: nothing is lost."""
    start, trainer = started(name)
    for level, (codec, weight) in enumerate(
        zip(start.levels, trainer.recipe.rate_weights, strict=True)
    ):
        ours = codec_in_training(trainer.model, trainer.recipe, level, weight)
        networks = [key for key in codec.tensors if key.startswith(("encoder", "decoder"))]
        for key in [*networks, "codebook"]:
            assert np.array_equal(ours.tensors[key], codec.tensors[key]), key
        # Logits are float32, and shares are counted in units of 2^-32.
        assert ours.probabilities == pytest.approx(codec.probabilities, rel=1e-5, abs=2**-31)


def test_the_first_loss_is_the_codecs(
    started: Callable[[str], tuple[Start, Trainer]], images: WholeImages
) -> None:
    """One epoch of one step, before which nothing has moved: PSNR and bits of each level's images.

    The recipe's float32 networks round otherwise than float16 kernels times gains, and the bits of
    a training are those of its own indices' entropy.
    """
    start, trainer = started("ecvq-levels")
    (progress,) = trainer.run_epoch()
    parts = np.array_split(next(images.batches(64, 0, 0)), 8)
    errors = [
        mean_square(codec, list(part)) for codec, part in zip(start.levels, parts, strict=True)
    ]
    assert progress.quality_db == pytest.approx(-10 * np.log10(np.mean(errors)), abs=0.1)


def mean_square(codec: Codec, images: list[np.ndarray]) -> float:
    indices = codec.quantize(codec.encode(images))
    received = codec.decode(codec.dequantize(indices), [(32, 32)] * len(images))
    return float(np.square((np.stack(received) - np.stack(images).astype(float)) / 255).mean())


def test_indices_stay_and_so_does_the_context_model(
    started: Callable[[str], tuple[Start, Trainer]], images: WholeImages, tmp_path: Path
) -> None:
    """Of a codec that is saved before its first step: all but the probabilities is the start's."""
    start, trainer = started("ecvq-n128-nu16")
    trainer.save(tmp_path / "it.safetensors", images.sample(0), {})
    (codec,), saved = start.levels, load_codec(tmp_path / "it.safetensors")
    assert saved.tensors.keys() == codec.tensors.keys()
    for name in saved.tensors.keys() - {"probabilities", "code_lengths", "bias"}:
        assert np.array_equal(saved.tensors[name], codec.tensors[name]), name
    assert has_context(saved.tensors)


def test_a_start_has_no_ramp_unless_one_is_asked_for() -> None:
    assert Recipe(rate_weight=0.1, start="it").rate_weights_at(0.0) == [0.1]
    assert Recipe(rate_weight=0.1).rate_weights_at(0.15) == pytest.approx([0.05])
    assert Recipe(rate_weight=0.1, start="it", rate_ramp=0.5).rate_weights_at(0.25) == [0.05]


def test_one_level_of_several_is_a_start_of_one_rate(images: WholeImages) -> None:
    changes = ["training.start=ecvq-levels@3", "training.device=cpu"]
    scenario = read_training("ecvq-n128-k512-nu16", changes)
    trainer = scenario.trainer(images)
    (codec,) = load_start("ecvq-levels@3").levels
    assert torch.equal(trainer.model.get_parameter("codebook")[0], torch.tensor(codec.codebook))


def test_levels_of_other_groups_are_refused(images: WholeImages) -> None:
    start = load_start("ecvq-levels")
    recipe = Recipe(
        levels=8, rate_weight=0.2, finest_rate_weight=0.01, level_groups=(1,) * 8, device="cpu"
    )
    with pytest.raises(CodecError, match=r"training.level_groups is \[1, 1.*, of ecvq-levels \[2"):
        Trainer(start.geometry, recipe, images, 0, start=start)
