"""Codecs with a context model, from the command that trains it to pictures that arrive."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from command import cli, cli_ok
from hypothesis import given, settings
from hypothesis import strategies as st
from images import pieces, save_images

from semcomm import __version__
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from, load_codec, save_codec
from semcomm.codec.entropy_coding import entropy_coder
from semcomm.codec.training.ecvq_design import designed_codec
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, ScenarioError
from semcomm.frame_format import FrameFormat
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Receiver
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenario
from semcomm.transmitter import Transmitter

SIZES = [(32, 32), (5, 70), (4, 4), (64, 32), (1, 1), (32, 32)]
NONE = Framing.raw()

networks = settings(deadline=None, max_examples=20)


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """Pieces of the sample of these sizes."""
    return pieces(SIZES)


@pytest.mark.parametrize(
    "framing", [Framing(), Framing(slices=3, crc=8), Framing(slices=255, crc=0)]
)
def test_images_of_any_sizes_come_out_as_the_codec_has_them(
    context_codec: Codec, pictures: list[Image], framing: Framing
) -> None:
    sent = Transmitter(context_codec, "context", framing).transmit(pictures)
    received = Receiver(context_codec, "context", framing).receive(Reception.of(sent.signal))
    assert not received.damaged.any()
    grids = sent.encoded["indices"]
    expected = context_codec.decode(context_codec.dequantize(list(grids)), SIZES)
    arrived = received.encoded["indices"]
    for received_grid, image, grid, picture in zip(
        arrived, received.samples, grids, expected, strict=True
    ):
        assert np.array_equal(received_grid, grid) and np.array_equal(image, picture)


def test_a_slices_payload_is_its_positions_coded_alone(
    context_codec: Codec, pictures: list[Image]
) -> None:
    framing = Framing(slices=3, crc=0)
    sent = Transmitter(context_codec, "context", framing).transmit(pictures)
    payloads = FrameFormat(framing).unframe(sent.signal, lambda header, number: 0).payloads.split()
    coder = entropy_coder("context", context_codec.tensors)
    for number, payload in enumerate(payloads):
        grid, part = sent.encoded["indices"][number // 3], number % 3
        positions, (rows, columns, groups) = grid.reshape(-1, grid.shape[-1]), grid.shape
        begin, end = part * rows // 3 * columns, (part + 1) * rows // 3 * columns
        run = np.array([[begin % columns, end - begin, columns, groups]])
        bits, _ = coder.encode(positions[begin:end].ravel(), run)
        assert payload.tolist() == bits.tolist()


def test_a_model_that_saw_such_images_saves_bits(context_codec: Codec) -> None:
    images = Sample().load(0, 64)
    bits = {
        name: Transmitter(context_codec, name, NONE).transmit(images).payload_bits.mean()
        for name in ("huffman", "context")
    }
    assert bits["context"] < 0.95 * bits["huffman"]


@given(st.lists(st.lists(st.integers(0, 1), max_size=900), max_size=4))
@networks
def test_any_bits_give_images_of_the_agreed_size(
    context_codec: Codec, bodies: list[list[int]]
) -> None:
    """Frames without a header."""
    receiver = Receiver(context_codec, "context", replace(NONE, size=(12, 20)))
    received = receiver.receive(
        Reception.of(Frames.join([np.array(bits, np.uint8) for bits in bodies]))
    )
    assert [image.shape for image in received.samples] == [(12, 20, 3)] * len(bodies)
    assert all(
        grid.max() < context_codec.geometry.codewords for grid in received.encoded["indices"]
    )


@given(st.integers(1, 3), st.sampled_from([0, 8, 16]), st.integers(0, 2**32), st.floats(0, 0.5))
@networks
def test_damaged_frames_give_images_and_with_a_crc_a_flag(
    context_codec: Codec, slices: int, crc: int, seed: int, crossover: float
) -> None:
    framing = Framing(slices=slices, crc=crc)
    sent = Transmitter(context_codec, "context", framing).transmit(Sample().load(0, 3))
    rng = np.random.default_rng(seed)
    parts = [bits ^ (rng.random(bits.size) < crossover) for bits in sent.signal.split()]
    cut = [bits[: bits.size - rng.integers(0, 3) * rng.integers(0, bits.size)] for bits in parts]
    received = Receiver(context_codec, "context", framing).receive(Reception.of(Frames.join(cut)))
    assert len(received.samples) == 3
    for grid, expected, damaged in zip(
        received.encoded["indices"], sent.encoded["indices"], received.damaged, strict=True
    ):
        assert grid.max() < context_codec.geometry.codewords
        # A CRC of 16 bits misses one damage in 65536, one of 8 bits one in 256.
        assert damaged or crc < 16 or np.array_equal(grid, expected)


def test_a_codecs_file_keeps_the_model(context_codec: Codec, tmp_path: Path) -> None:
    save_codec(context_codec, tmp_path / "tiny.safetensors")
    loaded = load_codec(tmp_path / "tiny.safetensors")
    assert loaded.digest == context_codec.digest
    assert loaded.tensors.keys() == context_codec.tensors.keys()


WRONG = {
    "context.weight2": (
        lambda t: t[:, :-1],
        r"no tensor context.weight2 of shape \(2, 16, 8\) and type int8",
    ),
    "context.neighbours": (lambda t: t.astype(np.int16), "no tensor context.neighbours"),
    "context.embedding": (lambda t: t[:-1], r"no tensor context.embedding of shape \(33, 4\)"),
    "context.bias1": (
        lambda t: t[0, 0],
        "no tensor context.embedding|no tensor context.neighbours",
    ),
    "context.bias2": (lambda t: t + (1 << 24), "context model whose sums with context.bias2 reach"),
    "context.more": (lambda t: np.zeros(3), "unknown tensors: context.more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_tensors_that_make_no_model_are_refused(context_codec: Codec, name: str) -> None:
    change, message = WRONG[name]
    tensors = {**context_codec.tensors, name: change(context_codec.tensors.get(name))}
    with pytest.raises(CodecError, match=message):
        codec_from("tiny", About(context_codec.geometry, "vq", {}), tensors)
    if name != "context.more":
        with pytest.raises(CodecError, match="no tensor context"):
            codec_from(
                "tiny",
                About(context_codec.geometry, "vq", {}),
                {k: t for k, t in tensors.items() if k != name},
            )


def test_a_codec_designed_on_another_has_none_of_its_model(context_codec: Codec) -> None:
    made = designed_codec("mine", context_codec, 0.02, Sample().load(0, 4), {}, lambda step: None)
    assert not any(name.startswith("context.") for name in made.tensors)


def test_a_scenario_whose_codec_has_no_model_is_refused(
    tiny_codec_file: Path, context_codec: Codec, tmp_path: Path
) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(f"codec: {{model: {tiny_codec_file}, entropy_coder: context}}\nimages: 8\n")
    with pytest.raises(
        ScenarioError, match=r"mine.yaml:1:.*no context model; `semcomm context CODEC` makes one"
    ):
        read_scenario(scenario)
    save_codec(context_codec, tmp_path / "tiny.safetensors")
    summary = simulate(
        read_scenario(scenario, [f"codec.model={tmp_path / 'tiny.safetensors'}"])
    ).summary
    assert (
        summary["codec.entropy_coder"] == "context"
        and summary["index_error_rate"] == summary["damaged_images"] == 0
    )


def test_a_model_made_by_the_command_sends_images_in_fewer_bits(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path, one_thread: None
) -> None:
    photos = save_images(tmp_path / "photos", Sample().load(0, 40))
    options = ["--data", photos, "--images", 36, "--epochs", 2, "--seed", 3, "--out", tmp_path]
    result = cli_ok("context", tiny_codec_file, *options)
    path = tmp_path / "tiny.safetensors"
    assert result.stdout == f"written: {path}\n"
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    made = load_codec(path)
    assert made.origin["context"] == {
        "command": "semcomm context tiny --epochs 2 --seed 3 --images 36",
        "data": "a folder",
        "images": 36,
        "entries": 16,
        "hidden": [128, 64],
        "epochs": 2,
        "batch_size": 64,
        "learning_rate": 0.016,
        "seed": 3,
        "semcomm": __version__,
    }
    assert all(
        np.array_equal(made.tensors[name], tensor) for name, tensor in tiny_codec.tensors.items()
    )
    cli_ok("context", path, *options)
    assert load_codec(path).digest == made.digest  # another model takes the place of the first

    sent = cli_ok("transmit", photos, "--codec", path, "--entropy-coder", "context").stdout_bytes
    assert sent[9] == 2
    cli_ok("receive", "--codec", path, "-o", tmp_path / "images", source=sent)
    assert len(list((tmp_path / "images").iterdir())) == 40


def test_images_of_several_sizes_are_not_trained_on(tmp_path: Path, tiny_codec_file: Path) -> None:
    for side in (8, 12):
        PIL.Image.fromarray(np.zeros((side, 8, 3), np.uint8)).save(tmp_path / f"{side}.png")
    result = cli("context", tiny_codec_file, "--data", tmp_path)
    assert result.exit_code == 2
    assert (
        "training takes images of one size; these have 2, with grids [(2, 2, 2), (3, 2, 2)]"
        in result.output
    )
