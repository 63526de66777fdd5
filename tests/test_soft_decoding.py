"""Soft decoding against sums over all codewords, over noise, and from scenarios to pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.data.sample import Sample
from semcomm.errors import ScenarioError, SettingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.link import Link
from semcomm.receiver import Receiver
from semcomm.run.block import Task, run_block
from semcomm.run.seeds import block_generator
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Cell, Scenario, read_scenario
from semcomm.soft_decoding import SYMBOLS_AT_ONCE, expected_codewords, soft_latents
from semcomm.transmitter import Transmitter

pytestmark = pytest.mark.usefixtures("one_thread")

RAW = Framing.raw()
BPSK = Link(modulation="bpsk")


def codewords(seed: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """A codebook (count, 3) and its probabilities."""
    rng = np.random.default_rng(seed)
    shares = rng.exponential(size=count)
    return rng.standard_normal((count, 3), dtype=np.float32), shares / shares.sum()


def bits_of(indices: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return indices[:, None] >> np.arange(width)[::-1] & 1


@settings(deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(5, 8),
    arrays(
        np.float32, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-30, 30, width=32)
    ),
)
def test_the_mean_is_a_sum_over_all_codewords(
    seed: int, count: int, llrs: NDArray[np.float32]
) -> None:
    codebook, probabilities = codewords(seed, count)
    expected = []
    for of_index in llrs.astype(np.float64).tolist():
        weights = list(probabilities)
        for index in range(count):
            for bit, llr in zip(f"{index:03b}", of_index, strict=True):
                weights[index] /= 1 + np.exp(llr if bit == "1" else -llr)
        expected.append(np.average(codebook.astype(np.float64), axis=0, weights=weights))
    made = expected_codewords(llrs, codebook, probabilities)
    assert made == pytest.approx(np.array(expected), abs=1e-6)  # float32


def test_one_bit_by_hand() -> None:
    codebook, equal = np.array([[0], [1]], np.float32), np.full(2, 0.5)
    llrs = np.log([[3], [1], [1 / 3]]).astype(np.float32)
    made = expected_codewords(llrs, codebook, equal)
    assert made.ravel() == pytest.approx([0.25, 0.5, 0.75], abs=1e-7)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_certain_bits_give_their_codeword_however_rare_it_is(count: int) -> None:
    codebook, probabilities = codewords(0, count)
    if count > 1:
        probabilities[1] = 0
    indices, width = np.arange(count), (count - 1).bit_length()
    llrs = 1e6 * (1 - 2 * bits_of(indices, width)).astype(np.float32)
    assert np.array_equal(expected_codewords(llrs, codebook, probabilities), codebook)


def test_bits_that_say_nothing_give_the_mean_of_what_is_sent() -> None:
    codebook, probabilities = codewords(0, 8)
    made = expected_codewords(np.zeros((2, 3), np.float32), codebook, probabilities)
    assert made == pytest.approx(np.tile(probabilities @ codebook, (2, 1)), abs=1e-6)


@pytest.mark.parametrize("amplitude", [0.3, 1.0, 2.0])
def test_over_noise_it_errs_less_than_hard_decisions_and_without_bias(amplitude: float) -> None:
    """The error of a conditional mean is orthogonal to it. Five standard errors: one run in two
    million is outside.
    """
    (codebook, probabilities), rng = codewords(0, 8), np.random.default_rng(1)
    sent = rng.choice(8, 20_000, p=probabilities)
    received = amplitude * (1 - 2 * bits_of(sent, 3)) + rng.standard_normal((sent.size, 3))
    llrs = (2 * amplitude * received).astype(np.float32)
    soft = expected_codewords(llrs, codebook, probabilities)
    hard = codebook[(llrs < 0) @ [4, 2, 1]]
    gain = np.square(hard - codebook[sent]).sum(axis=1) - np.square(soft - codebook[sent]).sum(
        axis=1
    )
    assert gain.mean() > 5 * gain.std() / np.sqrt(gain.size)
    products = ((codebook[sent] - soft) * soft).sum(axis=1)
    assert abs(products.mean()) < 5 * products.std() / np.sqrt(products.size)


def send(codec: Codec, images: int, esn0_db: float) -> tuple[Reception, Any]:
    """What arrives of the sample's first images over BPSK, and their indices."""
    sent = Transmitter(codec, "fixed_length", RAW).transmit(Sample().load(0, images))
    link = BPSK.wrap(load_channel("awgn", esn0_db=esn0_db), RAW.crc_ok)
    return link.transmit(sent.signal, np.random.default_rng(0)), sent.encoded["indices"]


def soft(codec: Codec) -> Receiver:
    return Receiver(codec, "fixed_length", RAW, dequantization="soft")


def test_without_noise_pictures_are_those_of_hard_decisions(tiny_codec: Codec) -> None:
    reception, _ = send(tiny_codec, 5, 60.0)
    hard = Receiver(tiny_codec, "fixed_length", RAW).receive(reception).samples
    assert np.array_equal(soft(tiny_codec).receive(reception).samples, hard)


def test_latents_lie_where_their_indices_do(tiny_codec: Codec) -> None:
    reception, indices = send(tiny_codec, 3, 60.0)
    latents = soft(tiny_codec).depacketize(reception).encoded["latents"]
    assert np.array_equal(latents, tiny_codec.codebook[np.stack(indices)])


def test_each_image_has_the_latents_that_it_has_alone(tiny_codec: Codec) -> None:
    reception, _ = send(tiny_codec, 5, 0.0)
    assert reception.llrs is not None
    whole = soft_latents(tiny_codec, reception, (32, 32))
    parts = zip(reception.frames.split(), np.split(reception.llrs, 5), whole, strict=True)
    for bits, llrs, latents in parts:
        alone = soft_latents(tiny_codec, Reception(Frames.join([bits]), llrs), (32, 32))
        assert np.array_equal(alone[0], latents)


def test_large_images_are_computed_part_by_part(tiny_codec: Codec) -> None:
    llrs = np.random.default_rng(0).normal(size=(2 * SYMBOLS_AT_ONCE + 1, 5)).astype(np.float32)
    tables = tiny_codec.codebook, tiny_codec.probabilities
    whole = expected_codewords(llrs, *tables)
    for row in (0, SYMBOLS_AT_ONCE - 1, SYMBOLS_AT_ONCE, 2 * SYMBOLS_AT_ONCE):
        assert whole[row] == pytest.approx(expected_codewords(llrs[[row]], *tables)[0], abs=1e-6)


def test_a_frame_of_another_length_says_nothing(tiny_codec: Codec) -> None:
    reception, _ = send(tiny_codec, 3, 60.0)
    assert reception.llrs is not None
    _, second, third = reception.frames.split()
    frames = Frames.join([second[:0], second, third[:-1]])
    arrived = soft(tiny_codec).depacketize(Reception(frames, reception.llrs[second.size : -1]))
    mean = tiny_codec.probabilities @ tiny_codec.codebook
    latents = np.asarray(arrived.encoded["latents"])
    assert arrived.damaged.tolist() == [True, False, True]
    for number in (0, 2):
        assert latents[number] == pytest.approx(
            np.broadcast_to(mean, latents[number].shape), abs=1e-6
        )
    assert not np.allclose(latents[1], mean)


def test_a_reception_without_llrs_is_refused(tiny_codec: Codec) -> None:
    reception, _ = send(tiny_codec, 1, 60.0)
    with pytest.raises(SettingError, match=r"the reception has no LLRs: take a link of symbols"):
        soft(tiny_codec).receive(Reception.of(reception.frames))


@pytest.mark.parametrize(
    ("coder", "framing", "mistake"),
    [
        ("huffman", RAW, "entropy_coder is huffman: take fixed_length"),
        ("fixed_length", Framing(header=False), "frames have a header or a CRC: take framing none"),
        ("fixed_length", Framing(crc=0), "frames have a header or a CRC: take framing none"),
    ],
)
def test_a_receiver_refuses_what_soft_decoding_cannot_do(
    tiny_codec: Codec, coder: EntropyCoding, framing: Framing, mistake: str
) -> None:
    with pytest.raises(SettingError, match=f"dequantization is soft, but {mistake}"):
        Receiver(tiny_codec, coder, framing, dequantization="soft")
    with pytest.raises(SettingError, match="the codec has 2 levels: take one of them"):
        Receiver([tiny_codec] * 2, "fixed_length", RAW, dequantization="soft")


def text(channel: str = "{model: awgn, esn0_db: 2}", link: str = "{modulation: bpsk}") -> str:
    return f"""\
codec: {{model: tiny.safetensors, entropy_coder: fixed_length, dequantization: soft}}
framing: none
link: {link}
channel: {channel}
"""


@pytest.fixture
def folder(tmp_path: Path, tiny_codec_file: Path) -> Path:
    (tmp_path / "tiny.safetensors").symlink_to(tiny_codec_file)
    return tmp_path


def read(folder: Path, content: str, *overrides: str) -> Scenario:
    (folder / "mine.yaml").write_text(content)
    return read_scenario(folder / "mine.yaml", overrides)


WITHOUT_LLRS = "bits arrive without LLRs: take a channel of symbols, with link.modulation"


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (text().replace("fixed_length", "huffman"), "entropy_coder is huffman: take fixed_length"),
        (text().replace("none", "{header: false}"), "frames have a header or a CRC"),
        (text("{model: binary_symmetric, crossover: 0.1}", "{}"), WITHOUT_LLRS),
        (text(link="{modulation: bpsk, decisions: hard}"), WITHOUT_LLRS),
        (text(link="{modulation: bpsk, code: {model: ldpc}}"), WITHOUT_LLRS),
        (text(link="{modulation: bpsk, channel_uses: 700}"), WITHOUT_LLRS),
    ],
)
def test_a_mistake_of_a_scenario_is_told_at_its_place(
    folder: Path, content: str, mistake: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        read(folder, content)
    (line,) = error.value.mistakes
    column = content.index("soft") + 1
    assert line.startswith(f"{folder}/mine.yaml:1:{column}: dequantization is soft, but {mistake}")


@pytest.mark.parametrize(
    "link", [BPSK, Link(modulation="16qam"), Link(modulation="qpsk", interleaving=4)]
)
def test_a_run_gives_the_pictures_of_the_mean_codewords(
    tiny_codec: Codec, folder: Path, link: Link
) -> None:
    """And the indices, bits and channel uses of a run with hard decisions."""
    scenario = replace(read(folder, text(), "images=5", "codec.device=cpu"), link=link)
    codec = replace(scenario.codec, dequantization="hard")
    hard, made = simulate(replace(scenario, codec=codec)), simulate(scenario)
    for name in ("bits_per_image", "index_error_rate", "channel_uses_per_image", "bit_error_rate"):
        assert made.summary[name] == hard.summary[name] > 0

    images, rng = Sample().load(0, 5), block_generator(0, scenario.channel, 0)
    sent = Transmitter(tiny_codec, "fixed_length", RAW).transmit(images)
    reception = link.wrap(scenario.channel, RAW.crc_ok).transmit(sent.signal, rng)
    latents = soft_latents(tiny_codec, reception, (32, 32))
    pictures = tiny_codec.decode(list(latents), [(32, 32)] * 5)
    mse = [
        np.mean((ours.astype(float) - theirs) ** 2)
        for ours, theirs in zip(images, pictures, strict=True)
    ]
    assert made.per_image.mse.tolist() == pytest.approx(mse, rel=1e-13)  # sums in another order


def test_soft_and_hard_cells_share_no_reference(folder: Path, tmp_path: Path) -> None:
    """In any order each cell has the pictures that it has alone."""
    scenario = read(folder, text(), "images=5", "codec.device=cpu")
    hard = replace(scenario, codec=replace(scenario.codec, dequantization="hard"))
    for number, order in enumerate(([scenario, hard], [hard, scenario])):
        run = tmp_path / str(number)
        run.mkdir()
        for place, each in enumerate(order):
            alone = run_block(Task(str(run), place, Cell(each, {}), 0, shared=False))
            shared = run_block(Task(str(run), place, Cell(each, {}), 0, shared=True))
            assert np.array_equal(alone.columns["mse"], shared.columns["mse"])


def test_frames_that_no_gain_carries_become_the_picture_of_the_mean(
    tiny_codec: Codec, folder: Path
) -> None:
    """Where loading finds no gain that is high enough for any bit, a frame is not sent."""
    link, channel = "{loading: {bit_error_rate: 0.02}}", "{model: rayleigh, esn0_db: 1}"
    scenario = read(folder, text(channel, link), "images=12", "codec.device=cpu")
    results = simulate(scenario).per_image
    lost = (results.channel_uses == 0).to_numpy()
    assert 0 < lost.sum() < 12
    mean = (tiny_codec.probabilities @ tiny_codec.codebook).astype(np.float32)
    grey = np.broadcast_to(mean, (*tiny_codec.index_shape((32, 32)), mean.size)).copy()
    (picture,) = tiny_codec.decode([grey], [(32, 32)])
    for image, mse, is_lost in zip(Sample().load(0, 12), results.mse, lost, strict=True):
        expected = np.mean((image.astype(float) - picture) ** 2)
        assert is_lost == (mse == pytest.approx(expected, rel=1e-3))  # a level here and there
