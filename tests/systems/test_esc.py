"""The ESC system: bits flip as often as learned, energy, both ends' agreement, and survival."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import cli
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from semcomm.channel import State, SymbolReception
from semcomm.codec.esc.codec import EscCodec
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, ScenarioError
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.link.class_symbols import to_indices, to_symbols
from semcomm.link.codebook_assignment import Choice, frontier
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario, read_scenario, read_scenarios
from semcomm.systems.esc import EscReceiver, EscSystem, EscTransmitter
from semcomm.terms import Terms

USES = 96
"""Two bits per channel use: 64 sub-vectors of 3 bits."""

IMAGES = 256


def simulated(file: Path, channel: str, esn0_db: float, **changes: Any) -> dict[str, Any]:
    """The row of results of sample images, of which each is sent once."""
    settings = {"channel_uses": USES, "device": "cpu"} | changes
    codec = EscSystem(str(file), **settings)  # type: ignore[arg-type]
    scenario = Scenario("it", codec, load_channel(channel, esn0_db=esn0_db), images=IMAGES)
    return dict(simulate(scenario).summary)


def check_flips(row: dict[str, Any]) -> int:
    """Each class's flips are as many as learned; returns how many classes there are."""
    checked = 0
    for book in range(3):
        trials = round(row[f"sub_vectors_{book}"] * IMAGES)
        for bit in range(3 if trials else 0):
            name = f"flips_{book}_{bit}"
            low, high = binom.interval(1 - 1e-5, trials, row[f"{name}_learned"])
            assert low <= row[name] * trials <= high, name
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
            checked += 1
    return checked


@pytest.mark.parametrize(
    ("modulation", "esn0_db"),
    [("by_bit", 4.0), ("by_bit", 8.0), ("one", 4.0), ("16qam", 9.0), ("64qam", 14.0)],
)
def test_bits_flip_over_awgn_as_often_as_learned(
    tiny_esc_file: Path, modulation: Choice, esn0_db: float
) -> None:
    options = {"modulation": modulation, "left_over": "unsent"}
    row = simulated(tiny_esc_file, "awgn", esn0_db, **options)
    assert check_flips(row) >= 3
    assert row["channel_uses_per_image"] == USES and row["damaged_images"] == 0
    assert row["bits_per_image"] == 192 and row["side_information_bits"] == 0


def test_bits_flip_over_known_fades_as_often_as_learned(tiny_esc_file: Path) -> None:
    """At 40 dB one fade in a thousand leaves less energy than the first codebook needs."""
    row = simulated(tiny_esc_file, "rayleigh", 40.0, left_over="unsent")
    assert check_flips(row) >= 3


def test_more_codebooks_are_used_as_es_n0_rises(tiny_esc_file: Path) -> None:
    used = [
        [simulated(tiny_esc_file, "awgn", esn0_db)[f"sub_vectors_{book}"] for book in range(3)]
        for esn0_db in (-10.0, 5.0, 20.0)
    ]
    assert used[0] == [64, 0, 0] and used[2] == [0, 0, 64]
    assert sum(used[1]) == 64 and used[1] not in (used[0], used[2])


@pytest.mark.parametrize("esn0_db", [-10.0, 5.0, 25.0])
def test_all_energy_is_sent_and_more_than_needed_flips_less(
    tiny_esc_file: Path, esn0_db: float
) -> None:
    row = simulated(tiny_esc_file, "awgn", esn0_db, modulation="qpsk")
    assert row["energy_per_channel_use"] == pytest.approx(1)
    flips = row["flips_2_0" if esn0_db > 20 else "flips_0_0"]
    if esn0_db != 5:
        assert (flips < 0.002) if esn0_db > 20 else (flips > 0.25)


def test_energy_of_dense_symbols_is_1_in_the_mean(tiny_esc_file: Path) -> None:
    """Scrambled bits make the energy of 256 frames of 32 symbols of 64-QAM known to 1 %."""
    row = simulated(tiny_esc_file, "awgn", 10.0, modulation="64qam")
    assert row["energy_per_channel_use"] == pytest.approx(1, abs=0.03)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["one", "by_bit", "16qam", "256qam"]))
def test_without_noise_indices_arrive_as_sent(seed: int, choice: Choice) -> None:
    rng = np.random.default_rng(seed)
    crossovers, sub_vectors = rng.uniform(0.001, 0.3, (2, 3)), int(rng.integers(1, 20))
    made = frontier(crossovers, np.array([2.0, 1.0]), sub_vectors, 60, choice)
    one, units = made[rng.integers(len(made))], rng.uniform(0.1, 9, 5)
    indices = rng.integers(8, size=(5, sub_vectors))
    values = to_symbols(one, indices, units, 60)
    assert values.shape == (5, 60)
    assert np.array_equal(to_indices(one, values, units), indices)


def ends(
    file: Path, codec: EscCodec, noise_variance: float | None = 0.1
) -> tuple[EscTransmitter, EscReceiver]:
    arguments = codec, (32, 32), EscSystem(str(file), USES).plan(), noise_variance
    return EscTransmitter(*arguments), EscReceiver(*arguments)


def test_both_ends_agree_by_the_gain_of_each_frame(tiny_esc: EscCodec, tiny_esc_file: Path) -> None:
    transmitter, receiver = ends(tiny_esc_file, tiny_esc, None)
    channel, images = load_channel("rayleigh", esn0_db=15.0), Sample().load(0, 64)
    state = channel.draw(64, np.random.default_rng(3))  # type: ignore[union-attr]
    sent = transmitter.transmit(images, state)
    arrived = receiver.depacketize(
        channel.transmit(sent.signal, np.random.default_rng(4), state)  # type: ignore[arg-type, call-arg]
    )
    assert np.array_equal(arrived.encoded["books"], sent.encoded["books"])
    assert len(np.unique(np.asarray(sent.encoded["books"]).sum(axis=1))) > 3
    with pytest.raises(CodecError, match="packetize takes the state that the channel draws"):
        transmitter.transmit(images)


def test_what_becomes_of_an_image_depends_on_no_other(
    tiny_esc: EscCodec, tiny_esc_file: Path
) -> None:
    transmitter, receiver = ends(tiny_esc_file, tiny_esc)
    images = Sample().load(0, 70)
    sent = [transmitter.transmit(part) for part in (images, images[69:])]
    assert np.array_equal(sent[0].signal.split()[69], sent[1].signal.values)
    pictures = [
        receiver.receive(
            SymbolReception(each.signal, np.full(each.signal.values.size, 0.1), each.signal.lengths)
        ).samples[-1]
        for each in sent
    ]
    assert np.array_equal(*pictures)


@given(st.lists(st.integers(0, 2 * USES), max_size=4), st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("noise_variance", [None, 0.1])
def test_whatever_arrives_becomes_images(
    tiny_esc: EscCodec,
    tiny_esc_file: Path,
    noise_variance: float | None,
    lengths: list[int],
    seed: int,
) -> None:
    _, receiver = ends(tiny_esc_file, tiny_esc, noise_variance)
    rng, lengths = np.random.default_rng(seed), [*lengths, USES, USES]
    count = sum(lengths)
    values = 10.0 ** rng.uniform(-300, 300, count) * np.exp(1j * rng.uniform(0, 7, count))
    variances = rng.choice([0.0, 1e-300, 1.0, 1e300, np.inf], count)
    frames = Symbols(values, np.array(lengths))
    received = receiver.receive(SymbolReception(frames, variances, frames.lengths))
    assert [image.shape for image in received.samples] == [(32, 32, 3)] * len(lengths)
    assert received.damaged.tolist() == [length != USES for length in lengths]
    for image, damaged in zip(received.samples, received.damaged, strict=True):
        assert not damaged or (image == 128).all()


def test_encodings_are_shared_by_all_channels_and_signallings(tiny_esc_file: Path) -> None:
    systems = [
        EscSystem(str(tiny_esc_file), USES),
        EscSystem(str(tiny_esc_file), 192, "qpsk", "unsent", 3.0),
    ]
    terms = [Terms(esn0_db=1.0), Terms(esn0_db=2.0, frame_gain_known=True)]
    keys = [each.encode_key(term, Framing()) for each, term in zip(systems, terms, strict=True)]
    assert keys[0] == keys[1]
    assert keys[0] != EscSystem(str(tiny_esc_file), USES, size=(8, 8)).encode_key(
        terms[0], Framing()
    )


@pytest.mark.parametrize(
    ("codec", "channel", "message"),
    [
        ("channel_uses: 20", "{model: awgn, esn0_db: 5}", "192 bits do not go into 20 channel"),
        ("channel_uses: 0", "{model: awgn, esn0_db: 5}", "channel_uses is 0"),
        ("channel_uses: 96", "{model: binary_symmetric, crossover: 0.1}", "EscSystem sends sym"),
        (
            "channel_uses: 96, left_over: all",
            "{model: awgn, esn0_db: 5}",
            "left_over is .all.; it takes",
        ),
    ],
)
def test_scenarios_that_cannot_be_are_refused(
    tiny_esc_file: Path, tmp_path: Path, codec: str, channel: str, message: str
) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(f"codec: {{model: {tiny_esc_file}, {codec}}}\nchannel: {channel}\n")
    with pytest.raises(ScenarioError, match=message):
        read_scenario(path)


@pytest.mark.parametrize("channel", ["{coherence: 16}", "{estimation: pilots, pilots: 2}"])
def test_unknown_gains_leave_the_nominal_es_n0(
    tiny_esc_file: Path, tmp_path: Path, channel: str
) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(
        f"codec: {{model: {tiny_esc_file}, channel_uses: {USES}}}\n"
        f"channel: {{model: rayleigh, esn0_db: 20, {channel[1:]}\nimages: 8\n"
    )
    scenario = read_scenario(path)
    assert not scenario.terms.frame_gain_known
    row = simulate(scenario).summary
    assert row["sub_vectors_2"] == 64 and row["bit_errors"] > 0


def test_codec_show_has_what_each_codebook_learned(tiny_esc_file: Path) -> None:
    result = cli("codec", "show", tiny_esc_file)
    assert result.exit_code == 0
    assert "crossovers_0" in result.output and "0.2 0.1 0.25" in result.output
    result = cli("codec", "show", tiny_esc_file, "--table", tiny_esc_file.with_name("t.csv"))
    assert "codec tiny is an ESC codec, which has no code table" in result.output


def test_state_is_of_one_gain_per_frame() -> None:
    known = load_channel("rayleigh", esn0_db=10.0)
    state = known.draw(3, np.random.default_rng(0))  # type: ignore[union-attr]
    assert isinstance(state, State) and state.gains.shape == (3, 1)
    assert known.frame_gain_known  # type: ignore[union-attr]
    for changes in ({"coherence": 4}, {"estimation": "none"}):
        other = load_channel("rayleigh", esn0_db=10.0, **changes)
        assert not other.frame_gain_known  # type: ignore[union-attr]


def test_the_experiment_compares_files_that_stand_beside_it() -> None:
    experiment = Path(__file__).parents[2] / "experiments" / "esc"
    cells = read_scenarios(experiment / "esc.yaml")
    assert len(cells) == (5 * 2 + 2 + 4) * 2 * 6
    models = {cell.settings()["codec.model"] for cell in cells if is_esc(cell.scenario)}
    assert models == {file.name for file in experiment.glob("*.safetensors")}
    uses = {cell.scenario.codec.channel_uses for cell in cells if is_esc(cell.scenario)}  # type: ignore[attr-defined]
    assert uses == {256, 512}


def is_esc(scenario: Scenario) -> bool:
    return isinstance(scenario.codec, EscSystem)
