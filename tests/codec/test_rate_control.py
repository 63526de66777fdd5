"""No frame is over its budget, and none is coarser than it has to be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from command import cli, cli_ok
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.choices import EntropyCoding
from semcomm.codec import rate_control as budget
from semcomm.codec.codec import Codec, Indices
from semcomm.data.sample import Sample
from semcomm.errors import FramingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Receiver
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.stages import Sent
from semcomm.transmitter import Transmitter

BARE = Framing.raw()


@pytest.fixture(scope="module")
def codec(shipped_codec: Codec) -> Codec:
    return shipped_codec


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 64)


@settings(deadline=None, max_examples=10)
@given(
    st.integers(420, 900),
    st.sampled_from(["huffman", "context"]),
    st.sampled_from([BARE, Framing()]),
)
def test_no_frame_is_over_the_budget(
    codec: Codec, budget_bits: int, coder: EntropyCoding, framing: Framing
) -> None:
    """Frames that fit without a budget are as without one."""
    images = Sample().load(0, 32)
    plain = Transmitter(codec, coder, framing).transmit(images)
    sent = Transmitter(codec, coder, framing, budget_bits).transmit(images)
    assert sent.signal.lengths.max() <= budget_bits
    fits = plain.signal.lengths <= budget_bits
    assert np.array_equal(sent.signal.lengths[fits], plain.signal.lengths[fits])
    for n in np.flatnonzero(fits):
        assert np.array_equal(sent.encoded["indices"][n], plain.encoded["indices"][n])


def test_each_slice_is_within_the_budget(codec: Codec, images: list[Image]) -> None:
    framing = Framing(slices=4)
    assert Transmitter(codec, framing=framing).transmit(images).signal.lengths.max() > 160
    sent = Transmitter(codec, framing=framing, budget_bits=160).transmit(images)
    assert sent.signal.lengths.max() <= 160


def packetize(transmitter: Transmitter, indices: Sequence[Indices]) -> Sent[Frames]:
    sizes = np.full((len(indices), 2), 32)
    return transmitter.packetize({"indices": list(indices), "size": sizes})


def test_the_rate_weight_is_the_lowest_that_fits(codec: Codec, images: list[Image]) -> None:
    sent = Transmitter(codec, framing=BARE, budget_bits=500).transmit(images)
    latents = codec.encode(images)
    plain = Transmitter(codec, framing=BARE)
    ladder = [packetize(plain, codec.quantize(latents))]
    ladder += [packetize(plain, codec.quantize(latents, [w] * 64)) for w in budget.WEIGHTS]
    lengths = np.array([each.signal.lengths for each in ladder])
    assert (lengths <= 500).any(axis=0).all()
    first = (lengths <= 500).argmax(axis=0)
    assert np.array_equal(sent.signal.lengths, lengths[first, np.arange(64)])
    for n, level in enumerate(first):
        assert np.array_equal(sent.encoded["indices"][n], ladder[level].encoded["indices"][n])


def test_further_rate_weights_count_huffman_bits(codec: Codec, images: list[Image]) -> None:
    latents = codec.encode(images[:4])
    weights = np.array([0.001, 0.01, 0.05, 0.3], np.float32)
    for z, weight, grid in zip(latents, weights, codec.quantize(latents, weights), strict=True):
        distances = np.square(z[..., None, :].astype(np.float64) - codec.codebook).sum(axis=-1)
        costs = distances + codec.tensors["bias"] + float(weight) * codec.code_lengths
        chosen = np.take_along_axis(costs, grid[..., None].astype(np.int64), axis=-1)[..., 0]
        assert chosen == pytest.approx(costs.min(axis=-1), abs=1e-5)


def test_weights_per_image_beat_the_best_single_weight(codec: Codec, images: list[Image]) -> None:
    """The lowest single weight with which every image fits."""
    budget_bits, receiver = 480, Receiver(codec, framing=BARE)
    sent = Transmitter(codec, framing=BARE, budget_bits=budget_bits).transmit(images)
    adapted = receiver.receive(Reception.of(sent.signal))
    latents, plain = codec.encode(images), Transmitter(codec, framing=BARE)
    singles = (packetize(plain, codec.quantize(latents, [w] * 64)).signal for w in budget.WEIGHTS)
    fitting = next(frames for frames in singles if frames.lengths.max() <= budget_bits)
    single = receiver.receive(Reception.of(fitting))
    quality = [
        finite_psnr_db(mean_squared_error(images, end.samples), 3072).mean()
        for end in (adapted, single)
    ]
    assert quality[0] > quality[1] + 0.3


def test_a_budget_that_no_indices_fit_is_an_error(codec: Codec, images: list[Image]) -> None:
    least = 128 * int(codec.code_lengths.min())
    for too_few in (1, least - 1):
        message = f"budget_bits is {too_few}, but an image of 32 x 32 has a frame of {least} bits"
        with pytest.raises(FramingError, match=message):
            Transmitter(codec, framing=BARE, budget_bits=too_few).transmit(images)
    sent = Transmitter(codec, framing=BARE, budget_bits=least).transmit(images)
    assert sent.signal.lengths.tolist() == [least] * 64
    with pytest.raises(FramingError, match="has a frame of 1024 bits"):
        Transmitter(codec, "fixed_length", BARE, 1023).transmit(images)


def test_cells_of_unlike_framings_do_not_share_indices() -> None:
    sweep = [
        "codec={model: ecvq-n128-nu16, budget_bits: 500}",
        "sweep={framing: [none, {crc: 32}]}",
        "images=32",
    ]
    bare, framed = (simulate(cell.scenario) for cell in read_scenarios("error-free", sweep))
    assert bare.per_image.bits.max() <= 500
    assert framed.per_image.bits.max() <= 500
    assert framed.per_image.payload_bits.max() <= 500 - 33
    assert framed.summary["psnr_db"] < bare.summary["psnr_db"]
    assert framed.summary["codec.budget_bits"] == 500


def test_the_command_line_takes_a_budget(tmp_path: Path) -> None:
    import PIL.Image

    picture, sent = tmp_path / "a.png", tmp_path / "a.bits"
    PIL.Image.fromarray(Sample().load(3, 4)[0]).save(picture)
    command = [
        "transmit",
        str(picture),
        "--codec",
        "ecvq-n128-nu16",
        "-o",
        str(sent),
        "--budget-bits",
    ]
    cli_ok(*command, 420)
    refused = cli(*command, 42)
    assert refused.exit_code == 2
    assert "budget_bits is 42" in refused.output
    assert "Traceback" not in refused.output
