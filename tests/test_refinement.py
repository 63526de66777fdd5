"""Refined indices in the whole system: they are sent, counted and received like others."""

from pathlib import Path

import numpy as np
import pytest
from command import cli, cli_ok

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.data.sample import Sample
from semcomm.errors import ScenarioError
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.measures.psnr import mean_squared_error
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Receiver
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.transmitter import Transmitter

BARE = Framing.raw()


@pytest.fixture(scope="module")
def codec(shipped_codec: Codec) -> Codec:
    return shipped_codec


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 32)


@pytest.mark.parametrize("coder", ["huffman", "context", "fixed_length"])
def test_the_receiver_gets_refined_indices_and_nearer_pictures(
    codec: Codec, images: list[Image], coder: EntropyCoding
) -> None:
    receiver, errors = Receiver(codec, coder, BARE), []
    for steps in (0, 8):
        sent = Transmitter(codec, coder, BARE, refinement_steps=steps).transmit(images)
        received = receiver.receive(Reception.of(sent.signal))
        assert sent.encoded["indices"] is not None
        assert received.encoded["indices"] is not None
        for ours, theirs in zip(sent.encoded["indices"], received.encoded["indices"], strict=True):
            np.testing.assert_array_equal(ours, theirs)
        errors.append(mean_squared_error(images, received.samples))
    assert np.mean(errors[1]) < 0.92 * np.mean(errors[0])


def test_frames_of_refined_images_keep_a_budget(codec: Codec, images: list[Image]) -> None:
    """And gain by refinement also where most of them have to take a higher rate weight."""
    receiver, errors = Receiver(codec, framing=BARE), []
    for steps in (0, 8):
        sent = Transmitter(codec, framing=BARE, budget_bits=480, refinement_steps=steps).transmit(
            images
        )
        assert sent.signal.lengths.max() <= 480
        errors.append(
            mean_squared_error(images, receiver.receive(Reception.of(sent.signal)).samples)
        )
    assert np.mean(errors[1]) < 0.96 * np.mean(errors[0])


def test_cells_of_different_steps_do_not_share_indices() -> None:
    """Each row says its number of steps."""
    sweep = ["sweep={codec.refinement_steps: [0, 2, 8]}", "images=32", "framing=none"]
    rows = [simulate(cell.scenario).summary for cell in read_scenarios("error-free", sweep)]
    assert [row.get("codec.refinement_steps", 0) for row in rows] == [0, 2, 8]
    assert rows[0]["psnr_db"] + 0.1 < rows[1]["psnr_db"] < rows[2]["psnr_db"] - 0.1


def test_entropy_coders_share_the_refined_indices() -> None:
    sweep = [
        "sweep={codec.entropy_coder: [huffman, context]}",
        "codec.refinement_steps=2",
        "images=8",
    ]
    huffman, context = read_scenarios("error-free", sweep)
    assert huffman.scenario.reference_key == context.scenario.reference_key


@pytest.mark.parametrize("steps", ["-1", "10001", "1.5", "many", "[]"])
def test_invalid_steps_are_an_error(steps: str) -> None:
    with pytest.raises(ScenarioError, match=r"codec\.refinement_steps is .*; it takes"):
        read_scenarios("error-free", [f"codec.refinement_steps={steps}"])


def test_an_image_format_has_no_steps() -> None:
    with pytest.raises(ScenarioError, match="refinement_steps"):
        read_scenarios("error-free", ["codec={model: jpeg, refinement_steps: 3}"])


def test_the_command_line_takes_steps(tmp_path: Path, images: list[Image]) -> None:
    import PIL.Image

    picture = tmp_path / "a.png"
    PIL.Image.fromarray(images[0]).save(picture)
    sent = []
    for name, options in {"plain": [], "none": ["0"], "refined": ["8"]}.items():
        steps = ["--refinement-steps", *options] if options else []
        cli_ok("transmit", picture, "--codec", "ecvq-n128-nu16", "-o", tmp_path / name, *steps)
        sent.append((tmp_path / name).read_bytes())
    assert sent[0] == sent[1] != sent[2]
    cli_ok("receive", tmp_path / "refined", "-o", tmp_path / "pictures")
    refused = cli("transmit", picture, "--codec", "vq-n64", "--refinement-steps", "-1")
    assert refused.exit_code == 2
