"""A codec with several levels from its training to pictures, by the commands that a person
types.
"""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

import numpy as np
import PIL.Image
import pytest
from command import cli, cli_ok
from images import save_images

from semcomm.codec.entropy_coding.context_model import PREFIX
from semcomm.codec.training.context import ContextRecipe, trained_context
from semcomm.data.choice import DataChoice
from semcomm.data.data_set import blocks
from semcomm.data.folder import ImageFolder
from semcomm.data.sample import Sample
from semcomm.errors import RunError
from semcomm.run.context_training import Context, run_context, training_indices
from semcomm.run.pools import SerialPool
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.zoo.find import load_codec

pytestmark = pytest.mark.slow

Task, Given = TypeVar("Task"), TypeVar("Given")

GEOMETRY = "{groups: 2, dimension: 2, codewords: 16, channels: 4}"
TRAINING = "{rate_weight: 0.3, finest_rate_weight: 0.003, levels: 2, epochs: 3, batch_size: 6, device: cpu}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_images(tmp_path_factory.mktemp("photos"), Sample().load(0, 40))


@pytest.fixture(scope="module")
def trained(photos: Path, one_thread: None) -> Path:
    """A codec with two levels, and a context model for each."""
    folder = photos.parent
    (folder / "two.yaml").write_text(
        f"data: {{images: {photos}}}\ngeometry: {GEOMETRY}\ntraining: {TRAINING}\n"
    )
    cli_ok("train", folder / "two.yaml", "--out", folder)
    cli_ok("context", folder / "two.safetensors", "--data", photos, "--epochs", 1, "--out", folder)
    return folder / "two.safetensors"


def test_each_level_is_sent_and_received_by_its_name(
    trained: Path, photos: Path, tmp_path: Path
) -> None:
    sizes = []
    for level in (0, 1):
        name = f"{trained}@{level}"
        sent = cli_ok(
            "transmit", photos, "--codec", name, "--entropy-coder", "context"
        ).stdout_bytes
        assert f"two@{level}".encode() in sent
        cli_ok("receive", "--codec", name, "-o", tmp_path / str(level), source=sent)
        codec = load_codec(name)
        for image, expected in zip(
            sorted((tmp_path / str(level)).iterdir()),
            codec.decode(_latents(name), [(32, 32)] * 40),
            strict=True,
        ):
            assert np.array_equal(np.asarray(PIL.Image.open(image)), expected)
        sizes.append(len(sent))
    assert sizes[0] < sizes[1]


def _latents(name: str) -> list[np.ndarray]:
    codec = load_codec(name)
    return codec.dequantize(codec.quantize(codec.encode(Sample().load(0, 40))))


def test_what_one_level_sent_is_not_taken_by_another(
    trained: Path, photos: Path, tmp_path: Path
) -> None:
    sent = cli_ok("transmit", photos, "--codec", f"{trained}@0").stdout_bytes
    result = cli("receive", "--codec", f"{trained}@1", "-o", tmp_path / "x", source=sent)
    assert result.exit_code == 2
    assert "two@0" in result.stderr and not (tmp_path / "x").exists()


def test_a_sweep_goes_over_the_levels(trained: Path) -> None:
    sweep = f"sweep={{codec.model: [{trained}@0, {trained}@1]}}"
    cells = read_scenarios("error-free", [sweep, "codec.entropy_coder=context"])
    low, high = (simulate(cell.scenario).summary for cell in cells)
    assert (low["codec.model"], high["codec.model"]) == (f"{trained}@0", f"{trained}@1")
    assert low["bits_per_image"] < high["bits_per_image"]


def test_a_levels_context_model_is_what_it_would_have_alone(trained: Path, photos: Path) -> None:
    """Trained side by side in processes of their own, each as if there were no other."""
    for level in (0, 1):
        codec = load_codec(f"{trained}@{level}")
        indices = training_indices(codec, blocks(ImageFolder(photos)))
        alone = trained_context(indices, 16, ContextRecipe(epochs=1), lambda epoch: None)
        assert {name for name in codec.tensors if name.startswith(PREFIX)} == set(alone)
        assert all(np.array_equal(codec.tensors[name], alone[name]) for name in alone)


class Losing(SerialPool):
    """Ends the processes of its first tasks before they are done."""

    lost = (BrokenProcessPool,)

    def __init__(self, losses: int) -> None:
        self.losses = losses

    def submit(self, run: Callable[[Task], Given], task: Task) -> "Future[Given]":
        if self.losses:
            self.losses -= 1
            future: Future[Given] = Future()
            future.set_exception(BrokenProcessPool("a process ended"))
            return future
        return super().submit(run, task)


def test_a_levels_training_is_repeated_when_a_process_is_lost(
    trained: Path, photos: Path, tmp_path: Path
) -> None:
    context = Context(trained, ContextRecipe(epochs=1), DataChoice(images=photos))

    def run(losses: int) -> None:
        run_context(context, tmp_path, "by hand", lambda epoch: None, lambda levels: Losing(losses))

    with pytest.raises(RunError, match="level 0 got no context model: its process was ended"):
        run(losses=3)
    assert not list(tmp_path.iterdir())
    run(losses=2)
    for level in (0, 1):
        again, first = (
            load_codec(f"{path}@{level}") for path in (tmp_path / trained.name, trained)
        )
        assert all(
            np.array_equal(again.tensors[name], first.tensors[name]) for name in first.tensors
        )


def test_a_levels_file_is_shown_level_by_level(trained: Path, tmp_path: Path) -> None:
    shown = cli_ok("codec", "show", f"{trained}@1").stdout
    assert "two@1" in shown and "level" in shown
    result = cli("codec", "show", trained)
    assert result.exit_code == 2 and "two@0 to two@1" in result.stderr.replace("\n", " ")
