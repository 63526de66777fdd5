"""A run's numbers, each computed again from what was sent and received; and what they do not depend
on.
"""

import hashlib
import math
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import torch
from images import sample_of

from semcomm.codec.codec import Codec
from semcomm.data.choice import DataChoice
from semcomm.data.sample import Sample
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Receiver
from semcomm.run.seeds import block_generator, channel_key
from semcomm.run.simulation import Results, simulate
from semcomm.scenario.plugins import find_channel, load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.stages import Received, Samples, Sent
from semcomm.systems.learned import LearnedCodec
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_codec
from semcomm.zoo.names import codec_names

IMAGES = 24
FRAMINGS = [Framing.raw(), Framing(), Framing(slices=3, crc=8)]
LOSE_ALL = """
from dataclasses import dataclass

import numpy as np

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception


@dataclass(frozen=True)
class LoseAll(BitChannel):
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(Frames.join([np.empty(0, np.uint8)] * len(frames)))
"""


ErrorFree = find_channel("error_free")


@pytest.fixture
def scenario(tiny_codec_file: Path) -> Scenario:
    """Some images of the sample over a channel that flips one bit in a thousand."""
    channel = load_channel("binary_symmetric", crossover=1e-3)
    codec = LearnedCodec(str(tiny_codec_file), device="cpu")
    return Scenario("mine", codec, channel, framing=Framing(slices=3, crc=8), images=IMAGES, seed=5)


def again(scenario: Scenario) -> tuple[list[Image], Sent, Received]:
    """The one block of a scenario, step by step."""
    codec, coder, framing = scenario.codec.load(), scenario.codec.entropy_coder, scenario.framing
    images = scenario.data.open().load(0, IMAGES)
    sent = Transmitter(codec, coder, framing).transmit(images)
    reception = scenario.channel.transmit(
        sent.signal, block_generator(scenario.seed, scenario.channel, 0)
    )
    return images, sent, Receiver(codec, coder, framing).receive(reception)


def lengths_in(content: bytes) -> list[int]:
    """The frames' lengths that bytes on their way hold, and these bytes hold no more than their
    bits.
    """
    (count,) = struct.unpack_from(">I", content)
    lengths = list(struct.unpack_from(f">{count}I", content, 4))
    assert len(content) == 4 + 4 * count + math.ceil(sum(lengths) / 8)
    return lengths


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("coder", ["huffman", "fixed_length"])
def test_bits_are_those_of_the_frames_that_the_channel_is_handed(
    scenario: Scenario, framing: Framing, coder: str
) -> None:
    scenario = replace(
        scenario, framing=framing, codec=replace(scenario.codec, entropy_coder=coder)
    )
    results = simulate(scenario)
    lengths = lengths_in(again(scenario)[1].signal.to_bytes())
    bits = [sum(lengths[n : n + framing.slices]) for n in range(0, len(lengths), framing.slices)]
    assert results.per_image.bits.tolist() == bits
    assert results.summary["bits_per_image"] == sum(bits) / IMAGES
    assert results.summary["bpp"] == sum(bits) / (IMAGES * 32 * 32)


def test_payload_bits_are_the_code_lengths_of_the_indices(scenario: Scenario) -> None:
    results = simulate(scenario)
    (codec,) = scenario.codec.load()
    lengths = codec.code_lengths
    bits = [int(lengths[grid].sum()) for grid in again(scenario)[1].encoded["indices"]]
    assert results.per_image.payload_bits.tolist() == bits
    assert results.summary["payload_bits_per_image"] == sum(bits) / IMAGES


def test_entropy_is_that_of_the_shares_of_all_indices_sent(scenario: Scenario) -> None:
    indices = [
        int(index) for grid in again(scenario)[1].encoded["indices"] for index in grid.ravel()
    ]
    shares = [count / len(indices) for count in Counter(indices).values()]
    bits = -len(indices) / IMAGES * sum(share * math.log2(share) for share in shares)
    # Sums of 32 terms in another order: a few units in the sixteenth digit.
    assert simulate(scenario).summary["entropy_bits_per_image"] == pytest.approx(bits, rel=1e-13)


def test_distortion_is_that_of_the_received_pictures(scenario: Scenario) -> None:
    results, (images, _, received) = simulate(scenario), again(scenario)
    mse = [
        np.mean((image.astype(float) - picture) ** 2)
        for image, picture in zip(images, received.samples, strict=True)
    ]
    psnr = [10 * math.log10(255**2 / error) for error in mse]
    # Logarithms and means in double precision.
    assert results.per_image.mse.tolist() == pytest.approx(mse, rel=1e-13)
    assert results.per_image.psnr_db.tolist() == pytest.approx(psnr, rel=1e-13)
    assert results.summary["psnr_db"] == pytest.approx(sum(psnr) / IMAGES, rel=1e-13)
    of_mean = 10 * math.log10(255**2 / (sum(mse) / IMAGES))
    assert results.summary["psnr_of_mean_mse_db"] == pytest.approx(of_mean, rel=1e-13)


def test_errors_are_those_of_the_received_indices(scenario: Scenario) -> None:
    scenario = replace(scenario, channel=load_channel("binary_symmetric", crossover=0.01))
    results, (_, sent, received) = simulate(scenario), again(scenario)
    errors = [
        int((a != b).sum())
        for a, b in zip(sent.encoded["indices"], received.encoded["indices"], strict=True)
    ]
    assert sum(errors) > 0
    assert results.per_image.index_errors.tolist() == errors
    assert results.summary["index_error_rate"] == sum(errors) / (IMAGES * 128)
    assert results.per_image.damaged.tolist() == received.damaged.tolist()
    assert results.summary["damaged_images"] == received.damaged.sum() > 0


def test_image_of_lost_size_is_grey_and_all_its_indices_wrong(
    scenario: Scenario, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (12, 40, 3), np.uint8)
    PIL.Image.fromarray(image).save(tmp_path / "image.png")
    (tmp_path / "lossy.py").write_text(LOSE_ALL)
    lossy = load_channel(f"{tmp_path / 'lossy.py'}:LoseAll")
    results = simulate(
        replace(scenario, data=DataChoice(images=tmp_path), images=None, channel=lossy)
    )
    (row,) = results.per_image.to_dict("records")
    assert row["mse"] == pytest.approx(np.mean((image.astype(float) - 128) ** 2), rel=1e-13)
    assert row["index_errors"] == row["indices"] == 3 * 10 * 2
    assert row["damaged"]


def test_over_an_error_free_channel_nothing_is_damaged(scenario: Scenario) -> None:
    results = simulate(replace(scenario, channel=load_channel("error_free")))
    assert results.summary["damaged_images"] == results.summary["index_error_rate"] == 0


def test_row_has_settings_then_measures(scenario: Scenario) -> None:
    row = simulate(scenario).summary
    settings = {
        "scenario": "mine",
        "codec.model": scenario.codec.model,
        "codec.entropy_coder": "huffman",
        "codec.budget_bits": None,
        "channel.model": "binary_symmetric",
        "channel.crossover": 1e-3,
        "framing.slices": 3,
        "framing.size": "[32, 32]",
        "link.code.model": None,
        "receiver.damaged": "conceal",
        "repeat": 1,
        "seed": 5,
    }
    assert {name: row[name] for name in settings} == settings
    names = list(row)
    assert max(map(names.index, settings)) < names.index("images")
    assert row["images"] == IMAGES
    assert row["quantizer"] == "vq"
    assert row["preamble_bits"] == 8 * (27 + len("tiny"))


def same(first: Results, second: Results) -> bool:
    pd.testing.assert_frame_equal(first.per_image, second.per_image, check_exact=True)
    return first.summary == second.summary


def test_same_scenario_same_table_and_another_seed_another(scenario: Scenario) -> None:
    first = simulate(scenario)
    assert same(first, simulate(scenario))
    other = simulate(replace(scenario, seed=6))
    assert other.per_image.bits.tolist() == first.per_image.bits.tolist()
    assert other.per_image.index_errors.tolist() != first.per_image.index_errors.tolist()


def test_first_images_are_the_same_whether_more_follow_or_not(scenario: Scenario) -> None:
    # The channel draws bit by bit, so what comes later in a block draws later.
    few = simulate(replace(scenario, images=7)).per_image
    pd.testing.assert_frame_equal(few, simulate(scenario).per_image[:7], check_exact=True)


def test_blocks_are_watched_and_have_noise_of_their_own(scenario: Scenario, tmp_path: Path) -> None:
    image = PIL.Image.fromarray(Sample().load(0, 1)[0])
    for number in range(300):
        image.save(tmp_path / f"{number:03}.png", compress_level=0)
    noisy = load_channel("binary_symmetric", crossover=0.05)
    watched: list[int] = []
    results = simulate(
        replace(scenario, data=DataChoice(images=tmp_path), images=None, channel=noisy),
        watched.append,
    )
    assert watched == [256, 44]
    errors = results.per_image.index_errors.tolist()
    assert (
        errors[:44] != errors[256:]
    )  # the same image, 44 times: equal noise would make equal errors


def test_noise_depends_only_on_seed_channel_and_block() -> None:
    weak, strong = (load_channel("binary_symmetric", crossover=p) for p in (0.001, 0.002))

    def draw(seed: int, channel: object, block: int) -> int:
        return int(block_generator(seed, channel, block).integers(1 << 62))

    draws = [
        draw(0, weak, 0),
        draw(1, weak, 0),
        draw(0, strong, 0),
        draw(0, weak, 1),
        draw(2**64 - 1, weak, 0),
    ]
    assert len(set(draws)) == len(draws)
    assert draw(0, load_channel("binary_symmetric", crossover=1e-3), 0) == draws[0]


@dataclass(frozen=True)
class Fading(ErrorFree):
    """As a channel may be that got another parameter later."""

    depth: float = 0.5


def test_channel_key_hashes_its_class_and_changed_parameters() -> None:
    # Stored as text: another key would give every published figure other noise.
    texts = {
        '{"class": "ErrorFree"}': ErrorFree(),
        '{"class": "BinarySymmetric", "crossover": 0.001}': load_channel(
            "binary_symmetric", crossover=1e-3
        ),
        '{"class": "Fading"}': Fading(0.5),
        '{"class": "Fading", "depth": 0.25}': Fading(0.25),
    }
    for text, channel in texts.items():
        assert channel_key(channel) == int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(params=["tiny", *codec_names()])
def codec(request: pytest.FixtureRequest, tiny_codec: Codec) -> Codec:
    return tiny_codec if request.param == "tiny" else load_codec(request.param)


def coded(codec: Codec, images: Samples) -> list[tuple[bytes, bytes, bytes]]:
    """Latents, indices and pictures of each image, to the bit."""
    latents = codec.encode(images)
    indices = codec.quantize(latents)
    pictures = codec.decode(codec.dequantize(indices), [image.shape[:2] for image in images])
    return [
        (z.tobytes(), k.tobytes(), p.tobytes())
        for z, k, p in zip(latents, indices, pictures, strict=True)
    ]


@pytest.mark.slow
def test_images_come_out_the_same_on_one_thread_and_two(codec: Codec) -> None:
    data = sample_of(codec.modality)
    images = [
        *data.load(0, 70),
        np.concatenate(data.load(70, 75)),
        data.load(75, 76)[0][:5, :9],
    ]
    with threads(1):
        on_one = coded(codec, images)
    with threads(2):
        assert coded(codec, images) == on_one


def test_an_image_comes_out_the_same_alone_and_among_others(codec: Codec) -> None:
    data = sample_of(codec.modality)
    images = [*data.load(0, 66), np.concatenate(data.load(70, 75))]
    among = coded(codec, images)
    for number in (0, 63, 64, 66):
        assert coded(codec, [images[number]]) == [among[number]]


def test_repeating_images_teaches_nothing_about_other_images(scenario: Scenario) -> None:
    clean = replace(scenario, channel=load_channel("error_free"))
    once, often = (simulate(replace(clean, repeat=repeat)).summary for repeat in (1, 5))
    for name in ("psnr_db", "psnr_db_ci95", "ssim_ci95", "bits_per_image_ci95"):
        assert often[name] == pytest.approx(once[name], rel=1e-12)
