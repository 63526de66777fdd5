"""The analogue system: power, sizes, what both ends believe, tables without bits, and survival."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok
from hypothesis import given, settings
from hypothesis import strategies as st
from images import save_images
from numpy.typing import NDArray

from semcomm.channel import SymbolReception
from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, ScenarioError
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import read_scenario
from semcomm.systems.analogue import (
    AnalogueReceiver,
    AnalogueSystem,
    AnalogueTransmitter,
    effective_esn0_db,
    normalized,
    to_latents,
)
from semcomm.terms import Terms

SIZES = [(32, 32), (17, 33), (1, 1), (5, 64)]


def cut(height: int, width: int) -> NDArray[np.uint8]:
    tiles = Sample().load(0, 4)
    return np.concatenate([np.concatenate(tiles[:2]), np.concatenate(tiles[2:])], axis=1)[
        :height, :width
    ]


def ends(
    codec: AnalogueCodec, size: tuple[int, int], esn0_db: float = 5.0
) -> tuple[AnalogueTransmitter, AnalogueReceiver]:
    return AnalogueTransmitter(codec, size, esn0_db), AnalogueReceiver(codec, size)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_images_of_any_size_are_padded_and_cropped(
    tiny_analogue: AnalogueCodec, size: tuple[int, int]
) -> None:
    transmitter, receiver = ends(tiny_analogue, size)
    images = [cut(*size), 255 - cut(*size)]
    sent = transmitter.transmit(images)
    uses = -(-size[0] // 4) * -(-size[1] // 4) * 2
    assert sent.signal.lengths.tolist() == [uses, uses]
    assert sent.payload_bits is None
    for frame in sent.signal.split():
        assert np.mean(np.abs(frame) ** 2) == pytest.approx(1)
    channel = load_channel("awgn", esn0_db=5.0)
    received = receiver.receive(channel.transmit(sent.signal, np.random.default_rng(0)))  # type: ignore[arg-type]
    assert [image.shape for image in received.samples] == [(*size, 3)] * 2  # type: ignore[union-attr]
    assert not received.damaged.any() and received.encoded is None


def test_what_becomes_of_an_image_depends_on_no_other(tiny_analogue: AnalogueCodec) -> None:
    transmitter, receiver = ends(tiny_analogue, (32, 32))
    images = Sample().load(0, 70)
    together, alone = transmitter.transmit(images), transmitter.transmit(images[69:])
    assert np.array_equal(together.signal.split()[69], alone.signal.values)
    quiet = [
        SymbolReception(sent.signal, np.zeros(sent.signal.values.size), sent.signal.lengths)
        for sent in (together, alone)
    ]
    pictures = [receiver.receive(reception).samples[-1] for reception in quiet]
    assert np.array_equal(*pictures)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_symbols_become_the_latents_that_they_were(
    rows: int, columns: int, pairs: int, seed: int
) -> None:
    shape = (rows, columns, 2 * pairs)
    latents = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    symbols = normalized(latents)
    assert symbols.size == latents.size // 2
    scale = np.sqrt(np.sum(np.square(latents, dtype=np.float64)) / symbols.size)
    np.testing.assert_allclose(to_latents(symbols, shape) * scale, latents, rtol=1e-5)


def test_latents_that_are_all_zero_make_no_nan() -> None:
    assert np.array_equal(normalized(np.zeros((1, 1, 4), np.float32)), np.zeros(2))


@given(st.floats(-30, 60))
def test_equal_noise_has_its_own_es_n0(esn0_db: float) -> None:
    gains = np.full(3, 1 / (1 + 10 ** (-esn0_db / 10)))
    assert effective_esn0_db(gains) == pytest.approx(esn0_db, abs=1e-6)


def test_a_lost_symbol_halves_the_mean_gain() -> None:
    assert effective_esn0_db(np.array([1.0, 0.0])) == pytest.approx(0)


def test_another_size_is_refused_in_words(tiny_analogue: AnalogueCodec) -> None:
    transmitter, _ = ends(tiny_analogue, (32, 32))
    with pytest.raises(CodecError, match="image 1 has 17 x 33 pixels; the agreed size is 32 x 32"):
        transmitter.transmit([cut(32, 32), cut(17, 33)])


receptions = st.lists(
    st.tuples(st.sampled_from([127, 128, 0, 129]), st.sampled_from([0.0, 1e-9, 1.0, np.inf])),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=30)
@given(receptions, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 1e9, 1e300]))
def test_whatever_arrives_becomes_pictures(
    tiny_analogue: AnalogueCodec, frames: list[tuple[int, float]], seed: int, scale: float
) -> None:
    """128 symbols are an image of 32 x 32 pixels; frames of other lengths are damaged and grey."""
    lengths = np.array([length for length, _ in frames])
    rng = np.random.default_rng(seed)
    values = scale * rng.normal(size=(lengths.sum(), 2)).view(np.complex128)[:, 0]
    variances = np.repeat([variance for _, variance in frames], lengths)
    reception = SymbolReception(Symbols(values, lengths), variances, lengths)
    for believed in (None, 10.0):
        receiver = AnalogueReceiver(tiny_analogue, (32, 32), believed)
        received = receiver.receive(reception)
        assert received.damaged.tolist() == (lengths != 128).tolist()
        for image, damaged in zip(received.samples, received.damaged, strict=True):
            assert image.shape == (32, 32, 3) and image.dtype == np.uint8
            assert not damaged or np.all(image == 128)


def test_what_encoding_reads_is_in_its_key(tiny_analogue_file: Path) -> None:
    """The Es/N0 as the codec sees it, which has no points above 10 dB, and nothing else."""
    system, framing = AnalogueSystem(str(tiny_analogue_file)), Framing()

    def key(esn0_db: float | None, of: AnalogueSystem = system) -> str:
        return repr(of.encode_key(Terms(esn0_db=esn0_db), framing))

    assert key(3.0) != key(4.0)
    assert key(11.0) == key(12.0) == key(10.0)
    believing = AnalogueSystem(str(tiny_analogue_file), esn0_db=4.0)
    assert key(3.0, believing) == key(9.0, believing) == key(4.0)
    larger = AnalogueSystem(str(tiny_analogue_file), size=(64, 64))
    assert key(3.0, larger) != key(3.0)


def test_both_ends_follow_what_they_believe(
    tiny_analogue: AnalogueCodec, tiny_analogue_file: Path
) -> None:
    images = Sample().load(0, 2)
    path, framing = str(tiny_analogue_file), Framing()

    def latents(system: AnalogueSystem, esn0_db: float) -> NDArray[np.float32]:
        transmitter = system.transmitter(Terms(esn0_db=esn0_db), framing)
        return np.stack(transmitter.encode(images)["latents"])

    true, wrong = AnalogueSystem(path), AnalogueSystem(path, esn0_db=9.0)
    assert np.array_equal(latents(wrong, 2.0), latents(true, 9.0))
    assert not np.array_equal(latents(true, 2.0), latents(true, 9.0))
    sent = true.transmitter(Terms(esn0_db=2.0), framing).transmit(images)
    reception = load_channel("awgn", esn0_db=2.0).transmit(sent.signal, np.random.default_rng(0))  # type: ignore[arg-type]
    pictures = [
        np.stack(system.receiver(Terms(), framing, "conceal").receive(reception).samples)  # type: ignore[arg-type]
        for system in (true, wrong, AnalogueSystem(path, esn0_db=2.0))
    ]
    assert np.array_equal(pictures[0], pictures[2]) and not np.array_equal(*pictures[:2])


SCENARIO = """\
codec: {model: tiny.safetensors}
channel: {model: awgn, esn0_db: 5}
images: 12
"""


@pytest.fixture
def scenario(tiny_analogue_file: Path, tmp_path: Path) -> Path:
    (tmp_path / "tiny.safetensors").write_bytes(tiny_analogue_file.read_bytes())
    path = tmp_path / "analogue.yaml"
    path.write_text(SCENARIO)
    return path


def test_tables_have_channel_uses_and_no_bits(scenario: Path, tmp_path: Path) -> None:
    tdl = "model: tdl, profile: c, delay_spread_ns: 300, esn0_db: 5"
    channels = (
        "{model: awgn, esn0_db: 5}",
        "{model: rayleigh, esn0_db: 5}",
        "{model: rayleigh, esn0_db: 5, estimation: none}",
        "{model: rician, esn0_db: 5, k_factor_db: 3, coherence: 16, estimation: pilots, pilots: 1}",
        f"{{{tdl}, subcarriers: 64, estimation: lmmse, pilot_spacing: 4}}",
        f"{{{tdl}, subcarriers: 128}}",
        f"{{{tdl}, subcarriers: 128, estimation: none}}",
        f"{{{tdl}}}",
    )
    fading = f"sweep={{channel: [{', '.join(channels)}]}}"
    cli_ok("run", scenario, "--set", fading, "--out", tmp_path / "out", "--workers", 1)
    rows = pd.read_csv(tmp_path / "out" / "results.csv")
    uses = [128, 128, 128, 128 + 9, 3 * (64 + 5), 128 + 10, 128 + 10, 512 + 40]
    assert rows.channel_uses_per_image.tolist() == uses
    assert rows.bandwidth_ratio.tolist() == pytest.approx([each / 3072 for each in uses])
    for name in ("bits_per_image", "payload_bits_per_image", "bpp", "quantizer", "unfit"):
        assert rows[name].isna().all()
    assert rows["codec.esn0_db"].tolist() == ["channel"] * 8
    assert rows["codec.size"].tolist() == ["[32, 32]"] * 8
    assert rows.psnr_db.nunique() == 8 and (rows.damaged_images == 0).all()


def test_images_of_a_folder_take_its_size(scenario: Path, tmp_path: Path) -> None:
    save_images(tmp_path / "photos", [cut(17, 33), cut(17, 33)])
    text = scenario.read_text().replace("images: 12\n", "data: {images: photos}\nimages: 2\n")
    scenario.write_text(text.replace("safetensors}", "safetensors, size: [17, 33]}"))
    shown = cli_ok("run", scenario, "--out", tmp_path / "out", "--workers", 1).stdout
    assert pd.read_csv(tmp_path / "out" / "results.csv").channel_uses_per_image[0] == 5 * 9 * 2
    assert "channel_uses_per_image  90\n" in shown and "bandwidth_ratio" in shown


NO_ES_N0 = """
from dataclasses import dataclass
from semcomm.channel import SymbolChannel, SymbolReception

@dataclass(frozen=True)
class Quiet(SymbolChannel):
    def transmit(self, symbols, rng):
        return SymbolReception(symbols, 0.0 * abs(symbols.values), symbols.lengths)
"""


def test_a_channel_without_es_n0_needs_a_believed_one(scenario: Path) -> None:
    scenario.with_name("quiet.py").write_text(NO_ES_N0)
    text = SCENARIO.replace("{model: awgn, esn0_db: 5}", "{model: quiet.py:Quiet}")
    scenario.write_text(text)
    with pytest.raises(ScenarioError, match=r"the channel has no esn0_db: set codec\.esn0_db to a"):
        read_scenario(scenario)
    scenario.write_text(text.replace("safetensors}", "safetensors, esn0_db: 5}"))
    assert read_scenario(scenario).terms == Terms()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("awgn, esn0_db: 5", "binary_symmetric, crossover: 0", "2:18: channel BinarySymmetric"),
        ("images: 12", "framing: {crc: 8}", "3:10: framing is for frames of bits"),
        ("images: 12", "link: {modulation: qpsk}", "3:7: link is for frames of bits"),
        (
            "safetensors}",
            "safetensors, entropy_coder: huffman}",
            "codec.entropy_coder is not known",
        ),
        (
            "safetensors}",
            "safetensors, esn0_db: true}",
            "codec.esn0_db is true; it takes `channel`",
        ),
        ("tiny.safetensors", "gone.safetensors", "there is no file"),
    ],
)
def test_mistakes_have_their_place(scenario: Path, old: str, new: str, message: str) -> None:
    scenario.write_text(SCENARIO.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        read_scenario(scenario)
    assert message in str(caught.value) and "analogue.yaml:" in str(caught.value)


def test_commands_for_bits_refuse_it_in_words(scenario: Path, tmp_path: Path) -> None:
    save_images(tmp_path / "photos", Sample().load(0, 1))
    path = scenario.with_name("tiny.safetensors")
    result = cli("transmit", tmp_path / "photos", "--codec", path, "-o", tmp_path / "sent")
    assert result.exit_code == 2
    assert f"{path} is an analogue codec, which makes symbols; one that makes bits" in result.output
    table = cli("codec", "show", path, "--table", tmp_path / "table.csv")
    assert table.exit_code == 2 and "analogue, which has no code table" in table.output


def test_the_command_shows_what_it_is(tiny_analogue: AnalogueCodec, scenario: Path) -> None:
    shown = cli_ok("codec", "show", scenario.with_name("tiny.safetensors")).output
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert lines["network"] == "patches" and lines["esn0_db"] == "0, 10"
    assert lines["sha256"] == tiny_analogue.digest.hex() and lines["seed"] == "0"
    assert int(lines["network_parameters"]) == sum(
        tensor.size for tensor in tiny_analogue.tensors.values()
    )
