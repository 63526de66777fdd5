"""The columns that tell of link and channel, each worked by hand or counted again from what was
sent and received.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from framed import framed
from scipy.stats import binom, binomtest

from semcomm.carrier import carry
from semcomm.channel import BitChannel
from semcomm.frames import Counts, Frames, Reception
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode, RepetitionCode
from semcomm.link.link import Link
from semcomm.link.loading import Loading
from semcomm.measures.taken_names import TAKEN
from semcomm.measures.totals import Totals
from semcomm.run.columns import carrier_summary, frame_columns
from semcomm.run.seeds import block_generator
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.systems.learned import LearnedCodec
from semcomm.transmitter import Transmitter

CRC8 = Framing(header=False, crc=8)


def checked(*payloads: str) -> Frames:
    bits = Frames.join([np.array(list(payload), np.uint8) for payload in payloads])
    return framed(CRC8, bits, [(32, 32)] * len(payloads))


def test_frames_by_hand() -> None:
    """Of four frames of 12 bits the second becomes another that fits, the third has two wrong bits,
    one is lost.
    """
    sent = checked("1010", "1100", "0011", "1111")
    damaged = sent.split()[2] ^ np.array(list("100000000001"), np.uint8)
    arrived = Frames.join([sent.split()[0], checked("1000").bits, damaged, sent.bits[:0]])
    counts = Counts(*np.arange(1, 25).reshape(6, 4))
    table = pd.DataFrame(frame_columns(sent, Reception(arrived, None, counts), CRC8))
    other = int((sent.split()[1] != checked("1000").bits).sum())
    assert table.to_dict("list") == {
        "coded_bits": [5, 6, 7, 8],
        "channel_uses": [1, 2, 3, 4],
        "bit_errors": [9, 10, 11, 12],
        "post_fec_bit_errors": [0, other, 2, 12],
        "frames": [1, 1, 1, 1],
        "initial_frame_errors": [21, 22, 23, 24],
        "residual_frame_errors": [0, 1, 1, 1],
        "false_accepts": [0, 1, 0, 0],
        "transmissions": [13, 14, 15, 16],
        "feedback_bits": [17, 18, 19, 20],
    }


def test_the_slices_of_an_image_are_added_up() -> None:
    sent = Frames.join([np.ones(length, np.uint8) for length in (20, 30, 40, 50)])
    arrived = sent.with_bits(np.arange(140) >= 3)
    table = pd.DataFrame(frame_columns(sent, Reception.of(arrived), Framing(slices=2, crc=0)))
    assert table.coded_bits.tolist() == table.channel_uses.tolist() == [50, 90]
    assert table.frames.tolist() == table.transmissions.tolist() == [2, 2]
    assert table.bit_errors.tolist() == table.post_fec_bit_errors.tolist() == [3, 0]
    assert table.residual_frame_errors.tolist() == table.initial_frame_errors.tolist() == [1, 0]


IMAGES = pd.DataFrame(
    {
        "image": ["a", "b", "c"],
        "height": [32, 32, 16],
        "width": [32, 32, 8],
        "bits": [100, 120, 60],
        "payload_bits": [80, 100, 40],
        "mse": [65.025, 6502.5, 650.25],
        "psnr_db": [30.0, 10.0, 20.0],
        "coded_bits": [240, 480, 120],
        "channel_uses": [60, 120, 30],
        "bit_errors": [6, 20, 16],
        "post_fec_bit_errors": [0, 7, 0],
        "frames": [2, 2, 2],
        "initial_frame_errors": [0, 2, 1],
        "residual_frame_errors": [0, 1, 0],
        "false_accepts": [0, 1, 0],
        "transmissions": [2, 5, 3],
        "feedback_bits": [2, 5, 3],
    }
)


def totals_of(table: pd.DataFrame) -> Totals:
    """The totals of a table, its column of text left out."""
    numbers = {name: table[name].to_numpy() for name in table if name != "image"}
    pixels = numbers["height"] * numbers["width"]
    return Totals.of(numbers | {"image pixels": pixels, "image values": 3 * pixels}, {})


def test_the_columns_of_a_row_by_hand() -> None:
    link = Link("16qam", code=LdpcCode("1/2"))
    row = carrier_summary(totals_of(IMAGES), load_channel("awgn", esn0_db=7.0), link)
    assert row == pytest.approx(
        {
            "coded_bits_per_image": 840 / 3,
            "overhead_bits_per_image": (840 + 10 - 220) / 3,
            "channel_uses_per_image": 210 / 3,
            "bandwidth_ratio": 210 / (3 * (1024 + 1024 + 128)),
            "transmissions_per_frame": 10 / 6,
            "bit_errors": 42,
            "bit_error_rate": 42 / 840,
            "post_fec_bit_errors": 7,
            "post_fec_bit_error_rate": 7 / 280,
            "frames": 6,
            "initial_frame_errors": 3,
            "initial_frame_error_rate": 3 / 6,
            "residual_frame_errors": 1,
            "residual_frame_error_rate": 1 / 6,
            "residual_frame_error_rate_low": binomtest(1, 6).proportion_ci(method="wilson").low,
            "residual_frame_error_rate_high": binomtest(1, 6).proportion_ci(method="wilson").high,
            "false_accepts": 1,
            "energy_per_payload_bit_db": 7 + 10 * math.log10(210 / 220),
        },
        rel=1e-14,
    )
    counts = [
        value
        for name, value in row.items()
        if "errors" in name or name in ("frames", "false_accepts")
    ]
    assert all(type(value) is int for value in counts)


def test_over_a_channel_of_bits_no_energy_is_told() -> None:
    row = carrier_summary(totals_of(IMAGES), load_channel("error_free"), Link())
    assert "energy_per_payload_bit_db" not in row


def test_energy_of_one_payload_bit_a_symbol_is_that_of_a_symbol() -> None:
    bare = totals_of(IMAGES.assign(channel_uses=IMAGES.payload_bits))
    row = carrier_summary(bare, load_channel("rayleigh", esn0_db=-3.5), Link("bpsk"))
    assert row["energy_per_payload_bit_db"] == -3.5


def test_loading_that_sends_no_frame_has_neither_energy_nor_error_rate() -> None:
    unsent = totals_of(IMAGES.assign(coded_bits=0, channel_uses=0, bit_errors=0))
    link = Link(loading=Loading(bit_error_rate=0.01))
    row = carrier_summary(unsent, load_channel("rayleigh", esn0_db=-30.0), link)
    assert row["energy_per_payload_bit_db"] is None
    assert row["bit_error_rate"] is None
    assert row["channel_uses_per_image"] == row["bit_errors"] == 0


LINKS: dict[str, tuple[Link, dict[str, Any]]] = {
    "chase": (
        Link("16qam", code=LdpcCode("1/2"), retransmission=Retransmission("chase", 3)),
        {"name": "awgn", "esn0_db": 1.7},
    ),
    "interleaved pilots": (
        Link("qpsk", code=LdpcCode("2/3"), interleaving=4),
        {"name": "rayleigh", "esn0_db": 9.0, "coherence": 40, "pilots": 2, "estimation": "pilots"},
    ),
    "uncoded": (Link(), {"name": "binary_symmetric", "crossover": 0.003}),
    "repeated": (
        Link(code=RepetitionCode(3), retransmission=Retransmission("arq", 2)),
        {"name": "gilbert_elliott", "bad_share": 0.1, "burst_bits": 8.0, "bad_crossover": 0.4},
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_runs_columns_are_those_of_what_was_sent_and_received(
    name: str, tiny_codec_file: Path
) -> None:
    link, parameters = LINKS[name]
    channel = load_channel(
        parameters["name"], **{key: parameters[key] for key in parameters if key != "name"}
    )
    codec, framing = LearnedCodec(str(tiny_codec_file), device="cpu"), Framing(slices=2, crc=16)
    scenario = Scenario("mine", codec, channel, framing=framing, link=link, images=20, seed=3)
    simulated = simulate(scenario)
    reported = simulated.summary
    names = {name for name in reported if "." not in name} | set(simulated.per_image)
    measured = {column for key, item in scenario.measured.items() for column in item.columns(key)}
    assert names - measured <= TAKEN

    images = scenario.data.open().load(0, 20)
    sent = Transmitter(codec.load(), "huffman", framing).transmit(images)
    reception = carry(channel, sent.signal, block_generator(3, channel, 0), link, framing)
    pairs = [*zip(sent.signal.split(), reception.frames.split(), strict=True)]
    counts = reception.counts or Counts(*[sent.signal.lengths] * 2, *np.zeros((4, 40), np.int64))
    wrong = [ours.tolist() != theirs.tolist() for ours, theirs in pairs]
    errors = sum(
        int((ours != theirs).sum()) if ours.size == theirs.size else ours.size
        for ours, theirs in pairs
    )
    payload_bits = sent.payload_bits.sum()
    assert 0 < sum(wrong) < 40
    assert reported["frames"] == 40
    assert reported["coded_bits_per_image"] == counts.channel_bits.sum() / 20
    assert reported["channel_uses_per_image"] == counts.channel_uses.sum() / 20
    assert reported["bandwidth_ratio"] == pytest.approx(
        counts.channel_uses.sum() / (20 * 3072), rel=1e-14
    )
    added = counts.channel_bits.sum() + counts.feedback_bits.sum() - payload_bits
    assert reported["overhead_bits_per_image"] == pytest.approx(added / 20, rel=1e-14)
    assert (
        reported["residual_frame_errors"]
        == sum(wrong)
        == round(40 * reported["residual_frame_error_rate"])
    )
    assert reported["post_fec_bit_errors"] == errors
    assert reported["post_fec_bit_error_rate"] == errors / sent.signal.bits.size
    assert reported["false_accepts"] == 0
    if reception.counts:
        assert reported["bit_errors"] == counts.bit_errors.sum() > errors
        assert reported["transmissions_per_frame"] == counts.transmissions.sum() / 40
        assert reported["initial_frame_errors"] == counts.initial_errors.sum() >= sum(wrong)
    else:
        assert reported["bit_errors"] == errors
        assert reported["transmissions_per_frame"] == 1
        assert reported["initial_frame_errors"] == sum(wrong)
    if link.modulation:
        uses_a_bit = counts.channel_uses.sum() / payload_bits
        expected = parameters["esn0_db"] + 10 * math.log10(uses_a_bit)
        assert reported["energy_per_payload_bit_db"] == pytest.approx(expected, rel=1e-14)


@dataclass(frozen=True)
class Garbage(BitChannel):
    """Hands over random bits, as many as were sent."""

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames.with_bits(rng.integers(0, 2, frames.bits.size, dtype=np.uint8)))


@pytest.mark.parametrize(("crc", "count"), [(8, 40_000), (16, 400_000)])
def test_crc_accepts_garbage_as_often_as_its_length_predicts(crc: int, count: int) -> None:
    framing = replace(CRC8, crc=crc)
    rng = np.random.default_rng(5)
    # Random frames are as good as checked ones, as none of what was sent arrives.
    sent = Frames(rng.integers(0, 2, 40 * count, dtype=np.uint8), np.full(count, 40))
    table = pd.DataFrame(frame_columns(sent, carry(Garbage(), sent, rng, framing=framing), framing))
    assert table.residual_frame_errors.all()
    lowest, highest = binom.interval(0.999, count, 2.0**-crc)
    assert lowest <= table.false_accepts.sum() <= highest
    assert highest < count * 2.0 ** (2 - crc)  # two bits less would be found out
