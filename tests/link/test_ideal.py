"""The ideal code: lengths by the normal approximation, and losses at its rate."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from semcomm.errors import ChannelError, LinkError, ScenarioError
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode
from semcomm.link.ideal import IdealCarrier, IdealCode
from semcomm.link.link import Link
from semcomm.link.normal_approximation import (
    ChannelUse,
    binary_erasure,
    binary_symmetric,
    gaussian,
    modulated,
    normal_approximation,
)
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import read_scenario
from semcomm.terms import Terms

USES = [
    ("awgn", {"esn0_db": 7.0}, "gaussian", gaussian(7.0)),
    ("awgn", {"esn0_db": 7.0}, "16qam", modulated("16qam", 7.0)),
    ("awgn", {"esn0_db": -3.0}, "bpsk", modulated("bpsk", -3.0)),
    ("binary_symmetric", {"crossover": 0.05}, None, binary_symmetric(0.05)),
    ("binary_erasure", {"erasure": 0.2}, None, binary_erasure(0.2)),
]


def frames_of(bits: int, count: int) -> Frames:
    content = np.random.default_rng(0).integers(0, 2, bits * count, dtype=np.uint8)
    return Frames(content, np.full(count, bits))


@pytest.mark.parametrize(("name", "parameters", "modulation", "use"), USES)
@pytest.mark.parametrize("frame_error_rate", [1e-5, 1e-3, 0.1])
def test_frames_are_as_long_as_the_approximation_allows(
    name: str,
    parameters: dict[str, float],
    modulation: str | None,
    use: ChannelUse,
    frame_error_rate: float,
) -> None:
    channel = load_channel(name, **parameters)
    for n in (64, 256, 4096):
        bits = IdealCode(frame_error_rate).frame_bits(channel, modulation, n)
        assert bits == math.floor(normal_approximation(use, n, frame_error_rate))


def test_known_lengths() -> None:
    """Of 256 uses at 0 dB, and without noise as many bits as go in."""
    assert IdealCode(1e-3).frame_bits(load_channel("awgn", esn0_db=0.0), "gaussian", 256) == 198
    clear = load_channel("binary_erasure", erasure=0.0)
    assert IdealCode(1e-3).frame_bits(clear, None, 100) == 100


OTHERS = [
    ("error_free", {}, None),
    ("gilbert_elliott", {"bad_share": 0.1, "burst_bits": 8, "bad_crossover": 0.5}, None),
    ("packet_erasure", {"loss": 0.1}, None),
    ("rayleigh", {"esn0_db": 9.0}, "qpsk"),
]


@pytest.mark.parametrize(("name", "parameters", "modulation"), OTHERS)
def test_other_channels_are_refused(
    name: str, parameters: dict[str, float], modulation: str | None
) -> None:
    with pytest.raises(LinkError, match="awgn, binary_symmetric or binary_erasure, not "):
        IdealCode(1e-3).frame_bits(load_channel(name, **parameters), modulation, 256)


def test_no_bit_left_is_an_error() -> None:
    with pytest.raises(LinkError, match=r"64 uses of channel Awgn carry no bit at a frame .*1e-05"):
        IdealCode(1e-5).frame_bits(load_channel("awgn", esn0_db=-10.0), "gaussian", 64)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 1.5])
def test_rates_that_are_none_are_refused(rate: float) -> None:
    with pytest.raises(
        LinkError, match=r"frame_error_rate is .* takes a number above 0 and below 1"
    ):
        IdealCode(rate)


@pytest.mark.parametrize("loss", [1e-3, 0.02, 0.5])
def test_frames_are_lost_independently_at_the_rate(loss: float) -> None:
    """Their number, and that of pairs of neighbours, within the interval of 99.9 % of runs."""
    count = 40_000
    received = IdealCarrier(3, 7, loss).transmit(frames_of(3, count), np.random.default_rng(5))
    lost = received.frames.lengths == 0
    pairs = lost[0::2] & lost[1::2]
    for events, chance in ((lost, loss), (pairs, loss**2)):
        low, high = binom.interval(1 - 0.001 / 6, events.size, chance)
        assert low <= events.sum() <= high


def test_what_arrives_is_what_was_sent_and_uses_are_counted() -> None:
    sent = frames_of(11, 200)
    reception = IdealCarrier(11, 64, 0.3).transmit(sent, np.random.default_rng(1))
    pairs = list(zip(sent.split(), reception.frames.split(), strict=True))
    assert {theirs.size for _, theirs in pairs} == {0, 11}
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs if theirs.size)
    counts = reception.counts
    assert counts is not None
    assert set(counts.channel_uses.tolist()) == {64}
    assert set(counts.transmissions.tolist()) == {1}
    assert counts.initial_errors.tolist() == [int(theirs.size == 0) for _, theirs in pairs]
    assert not (counts.channel_bits.any() or counts.bit_errors.any() or counts.feedback_bits.any())


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(LinkError, match=r"a frame has 10 bits, but with link\.ideal each has 11"):
        IdealCarrier(11, 64, 0.1).transmit(frames_of(10, 2), np.random.default_rng(0))


def test_a_channels_own_failure_names_it() -> None:
    class Broken(type(load_channel("binary_erasure", erasure=0.0))):  # type: ignore[misc]
        def channel_use(self) -> ChannelUse:
            raise ZeroDivisionError

    with pytest.raises(ChannelError, match="channel Broken failed: ZeroDivisionError"):
        IdealCode(0.1).frame_bits(Broken(0.1), None, 64)


def test_what_is_no_channel_use_is_refused() -> None:
    class Odd(type(load_channel("binary_erasure", erasure=0.0))):  # type: ignore[misc]
        def channel_use(self) -> float:
            return 0.9

    with pytest.raises(ChannelError, match="channel Odd returned a float as its channel_use"):
        IdealCode(0.1).frame_bits(Odd(0.1), None, 64)


GAUSSIAN = Link("gaussian", channel_uses=256, ideal=IdealCode(1e-3))


def test_a_link_of_an_ideal_code_agrees_its_length_and_carries_it() -> None:
    channel = load_channel("awgn", esn0_db=0.0)
    assert GAUSSIAN.terms(channel) == Terms(198)
    assert GAUSSIAN.wrap(channel, Framing().crc_ok) == IdealCarrier(198, 256, 1e-3)
    of_bits = Link(channel_uses=1000, ideal=IdealCode(1e-3))
    assert of_bits.terms(load_channel("binary_symmetric", crossover=0.11)).frame_bits == 412


@pytest.mark.parametrize(
    ("link", "channel", "message"),
    [
        (replace(GAUSSIAN, code=LdpcCode()), "awgn", "link.code is beside link.ideal"),
        (
            replace(GAUSSIAN, retransmission=Retransmission()),
            "awgn",
            "link.retransmission is beside",
        ),
        (replace(GAUSSIAN, interleaving=2), "awgn", "link.interleaving is beside link.ideal"),
        (replace(GAUSSIAN, decisions="hard"), "awgn", "link.decisions is beside link.ideal"),
        (replace(GAUSSIAN, channel_uses=None), "awgn", "link.ideal takes link.channel_uses"),
        (
            replace(GAUSSIAN, modulation="adaptive"),
            "awgn",
            "over a channel of symbols gaussian, bpsk",
        ),
        (replace(GAUSSIAN, modulation=None), "awgn", "Awgn carries symbols, so it takes"),
        (GAUSSIAN, "rayleigh", "awgn, binary_symmetric or binary_erasure, not Rayleigh"),
        (Link("gaussian", channel_uses=256), "awgn", "gaussian, which no modulator makes"),
    ],
)
def test_links_that_an_ideal_code_refuses(link: Link, channel: str, message: str) -> None:
    made = load_channel(channel, esn0_db=5.0)
    with pytest.raises(LinkError, match=message):
        link.check(made, crc=16)
    with pytest.raises(LinkError, match=message):
        link.wrap(made, Framing().crc_ok)


def test_code_rates_are_unknown_before_the_channel() -> None:
    for link in (GAUSSIAN, Link("adaptive", channel_uses=256)):
        with pytest.raises(LinkError, match=r"link\.(ideal|modulation)"):
            _ = link.efficiency


SCENARIO = """\
codec: {model: vq-n64, device: cpu}
framing: {header: false, crc: 16}
link:
  modulation: gaussian
  ideal: {frame_error_rate: 0.2}
  channel_uses: 256
channel: {model: awgn, esn0_db: 10}
images: 100
"""


def test_a_scenario_counts_uses_and_losses_and_no_coded_bits(tmp_path: Path) -> None:
    (tmp_path / "ideal.yaml").write_text(SCENARIO)
    results = simulate(read_scenario(tmp_path / "ideal.yaml"))
    row = results.summary
    bits = math.floor(normal_approximation(gaussian(10.0), 256, 0.2))
    assert (row["bits_per_image"], row["channel_uses_per_image"]) == (bits, 256)
    assert row["link.ideal.frame_error_rate"] == 0.2
    for name in ("coded_bits_per_image", "overhead_bits_per_image", "bit_errors", "bit_error_rate"):
        assert row[name] is None
    assert row["channel.ebn0_db"] is None
    lost = row["residual_frame_errors"]
    low, high = binom.interval(0.999, 100, 0.2)
    assert low <= lost <= high
    assert row["initial_frame_errors"] == row["damaged_images"] == lost
    assert row["post_fec_bit_errors"] == lost * bits
    assert row["false_accepts"] == 0
    assert not {"coded_bits", "bit_errors"} & set(results.per_image)
    assert results.per_image[~results.per_image.damaged].psnr_db.min() > 15


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        (
            "awgn, esn0_db: 10",
            "error_free",
            "4:3",
            "link.modulation is gaussian, but channel ErrorFree",
        ),
        ("awgn", "rayleigh", "4:3", "link.ideal takes a channel whose normal"),
        ("esn0_db: 10", "ebn0_db: 10", "7:33", "link.ideal has no code rate"),
        ("0.2", "0", "5:29", "link.ideal.frame_error_rate is 0; it takes a number above 0"),
        ("gaussian", "gauss", "4:15", "it takes `bpsk`"),
        ("channel_uses: 256", "code: {model: ldpc}", "4:3", "link.code is beside link.ideal"),
        ("esn0_db: 10", "esn0_db: -30", "6:17", "a frame has 1 bits; header, filling and CRC"),
    ],
)
def test_mistakes_have_their_line(
    tmp_path: Path, old: str, new: str, place: str, message: str
) -> None:
    (tmp_path / "ideal.yaml").write_text(SCENARIO.replace(old, new))
    with pytest.raises(ScenarioError) as raised:
        read_scenario(tmp_path / "ideal.yaml")
    assert message in str(raised.value)
    assert f"ideal.yaml:{place}: " in str(raised.value)
