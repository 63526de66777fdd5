"""Coding and retransmission: channel uses and counts by hand, combining, and gains in noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from code_rates import RATES
from framed import framed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.channel import BitChannel
from semcomm.errors import LinkError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.coded import LENGTH_BITS, VERSIONS, Coded, Retransmission
from semcomm.link.codes import Code, LdpcCode, Rate, RepetitionCode, encode_all
from semcomm.link.link import Link
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.scenario.plugins import load_channel

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None, max_examples=30)

Check = Callable[[Frames], NDArray[np.bool_]]

CRC = Framing(header=False, crc=16)
ERROR_FREE = load_channel("error_free")
UNCODED = RepetitionCode(1)
EVERY_LENGTH = (0, 1, 11, 12, 600, 9000, 65_535)


def random_frames(*lengths: int, seed: int = 0) -> Frames:
    rng = np.random.default_rng([seed, *lengths])
    return Frames.join([rng.integers(0, 2, length, dtype=np.uint8) for length in lengths])


def checked_frames(*lengths: int, seed: int = 0) -> Frames:
    """Frames whose last 16 bits are a right CRC."""
    return framed(
        CRC,
        random_frames(*[length - 16 for length in lengths], seed=seed),
        [(32, 32)] * len(lengths),
    )


def always(frames: Frames) -> NDArray[np.bool_]:
    return np.ones(len(frames), np.bool_)


def never(frames: Frames) -> NDArray[np.bool_]:
    return np.zeros(len(frames), np.bool_)


def coded(
    channel: BitChannel,
    code: Code,
    retransmission: Retransmission | None = None,
    crc_ok: Check = CRC.crc_ok,
) -> Coded:
    return Coded(channel, code, 1, retransmission, crc_ok)


def send(carrier: BitChannel, frames: Frames, seed: int = 0) -> Reception:
    return carrier.transmit(frames, np.random.default_rng(seed))


def texts(frames: Frames) -> list[str]:
    return ["".join(map(str, bits)) for bits in frames.split()]


@dataclass(frozen=True)
class Scripted(BitChannel):
    """Applies one step of the script to every frame in each round; the last step also in all later
    rounds.

    Each step maps a frame's bits to LLRs; `sent` has the frames of each round.
    """

    script: Sequence[Callable[[NDArray[np.uint8]], NDArray[np.float32]]]
    sent: list[Frames] = field(default_factory=list)

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        step = self.script[min(len(self.sent), len(self.script) - 1)]
        self.sent.append(frames)
        llrs = np.concatenate([step(bits).astype(np.float32) for bits in frames.split()])
        return Reception(frames.with_bits((llrs < 0).astype(np.uint8)), llrs)


def llrs_of(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (4.0 - 8.0 * bits).astype(np.float32)


def changed(factor: float, where: slice) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """LLRs multiplied by a factor at `where`: -1 is a flip, 0 an erasure."""

    def change(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
        llrs = llrs_of(bits)
        llrs[where] *= factor
        return llrs

    return change


CONTROL = slice(0, 40)
"""The control field of an uncoded frame over a channel of bits."""

LOST = changed(0, slice(None))


@pytest.mark.parametrize(
    "code", [*map(LdpcCode, RATES), RepetitionCode(1), RepetitionCode(3)], ids=str
)
def test_coded_error_free_channel_is_the_identity(code: Code) -> None:
    frames = random_frames(*EVERY_LENGTH)
    reception = send(coded(ERROR_FREE, code), frames)
    assert reception.frames.lengths.tolist() == list(EVERY_LENGTH)
    assert np.array_equal(reception.frames.bits, frames.bits)


@given(
    st.lists(st.text("01", max_size=80), max_size=5),
    st.sampled_from([LdpcCode("1/3"), LdpcCode("5/6"), RepetitionCode(2)]),
    st.sampled_from(list(BITS_PER_SYMBOL)),
    st.none() | st.sampled_from(["arq", "chase", "incremental"]).map(Retransmission),
)
@without_deadline
def test_coded_clear_symbol_channel_is_the_identity(
    bits: list[str], code: Code, modulation: str, retransmission: Retransmission | None
) -> None:
    if retransmission and retransmission.model == "incremental" and not isinstance(code, LdpcCode):
        retransmission = Retransmission("chase")
    frames = Frames.join([np.array(list(text), np.uint8) for text in bits])
    carrier = Link(modulation, "soft", code, None, retransmission).wrap(
        load_channel("awgn", esn0_db=50.0), never
    )
    reception = send(carrier, frames)
    assert texts(reception.frames) == bits
    assert reception.counts.bit_errors.sum() == 0
    assert reception.counts.transmissions.tolist() == [4 if retransmission else 1] * len(bits)


def test_frame_longer_than_the_control_field_is_refused() -> None:
    with pytest.raises(
        LinkError, match="a frame has 65536 bits, more than the 65535 that the link's control field"
    ):
        send(coded(ERROR_FREE, LdpcCode()), random_frames(3, 65_536))


@pytest.mark.parametrize(
    ("modulation", "code", "length", "control", "payload"),
    [
        ("qpsk", LdpcCode("1/2"), 600, 40, 600),  # 1 bit a symbol: 16 / 0.4 symbols, and 1200 bits
        ("16qam", LdpcCode("1/2"), 600, 40, 300),
        ("16qam", LdpcCode("1/2"), 599, 40, 300),  # 1198 bits
        ("64qam", LdpcCode("11/12"), 600, 40, 110),  # 654.5 bits fill 110 symbols
        ("64qam", UNCODED, 601, 40, 101),
        ("256qam", LdpcCode("3/4"), 601, 40, 101),  # 801.3 bits fill 101 symbols
        ("bpsk", LdpcCode("1/2"), 600, 80, 1200),  # half a bit a symbol: 16 / 0.2 symbols
        ("qpsk", LdpcCode("1/5"), 600, 100, 1500),  # 2/5 of a bit
        ("16qam", LdpcCode("1/5"), 600, 50, 750),
        ("qpsk", RepetitionCode(3), 600, 60, 900),  # 2/3 of a bit
        (None, LdpcCode("3/4"), 600, 54, 800),  # 16 / 0.3 = 53.3 bits
        (None, UNCODED, 600, 40, 600),
        (None, LdpcCode("1/2"), 0, 80, 24),  # of an empty frame, twelve zeros
    ],
)
def test_channel_uses_of_a_coded_frame_by_hand(
    modulation: str | None, code: Code, length: int, control: int, payload: int
) -> None:
    channel = load_channel("awgn", esn0_db=50.0) if modulation else ERROR_FREE
    link = Link(modulation, code=code)
    counts = send(link.wrap(channel, always), random_frames(length)).counts
    assert counts.channel_uses.tolist() == [control + payload]
    assert counts.channel_bits.tolist() == [(control + payload) * link.bits_per_symbol]


def test_control_field_is_the_length_at_rate_one_fifth() -> None:
    channel, code = Scripted([llrs_of]), LdpcCode("1/5").of(LENGTH_BITS)
    send(coded(channel, UNCODED), random_frames(600))
    length = np.array([list(f"{600:016b}")], np.uint8)
    assert (
        channel.sent[0].bits[CONTROL].tolist()
        == code.encode(length)[0][code.rate_match(40)].tolist()
    )
    assert channel.sent[0].bits[40:].tolist() == random_frames(600).bits.tolist()


def test_frame_with_a_wrong_control_field_is_lost() -> None:
    """However well its payload arrived."""
    frames = random_frames(100, 30, 700)
    for damage in (changed(-1, CONTROL), changed(0, CONTROL)):
        reception = send(coded(Scripted([damage]), UNCODED, crc_ok=always), frames)
        assert reception.frames.lengths.tolist() == [0, 0, 0]
        assert reception.counts.initial_errors.tolist() == [1, 1, 1]
    behind = send(coded(Scripted([changed(-1, slice(40, None))]), UNCODED, crc_ok=always), frames)
    assert behind.frames.bits.tolist() == (1 - frames.bits).tolist()
    assert behind.counts.bit_errors.tolist() == [100, 30, 700]


ROBUST = [
    ("bpsk", "1/5", -6.6, 300),
    ("qpsk", "1/2", 1.4, 300),
    ("16qam", "1/5", 0.6, 300),
    ("64qam", "3/4", 15.7, 100),
    ("256qam", "3/4", 21.0, 100),
]


@pytest.mark.slow
@pytest.mark.parametrize(("modulation", "rate", "esn0_db", "length"), ROBUST)
def test_control_fields_fail_ten_times_less_than_payloads(
    modulation: str, rate: Rate, esn0_db: float, length: int
) -> None:
    """Where a tenth of the payloads fail."""
    frames = random_frames(*[length] * 1500)
    link = Link(modulation, code=LdpcCode(rate))
    arrived = send(link.wrap(load_channel("awgn", esn0_db=esn0_db), always), frames).frames
    lost = int((arrived.lengths == 0).sum())
    wrong = (
        sum(ours != theirs for ours, theirs in zip(texts(frames), texts(arrived), strict=True))
        - lost
    )
    assert 75 < wrong < 300
    assert lost <= wrong / 10


def test_uncoded_control_fields_survive_hard_decisions() -> None:
    """With one bit in fifty wrong. With LLRs of 1 instead of 2, one field in twenty fails."""
    channel, frames = load_channel("binary_symmetric", crossover=0.02), random_frames(*[12] * 2000)
    lost = send(coded(channel, UNCODED, crc_ok=always), frames).frames.lengths == 0
    assert lost.sum() < 20


HALVES = [changed(0, slice(40, None, 2)), changed(0, slice(41, None, 2))]
"""Two rounds: the even bits after the control field are erased, then the odd ones."""


@pytest.mark.parametrize(("model", "arrives"), [("chase", True), ("arq", False)])
def test_chase_combines_rounds_and_arq_does_not(model: str, arrives: bool) -> None:
    frames = checked_frames(200)
    channel = Scripted(HALVES)
    reception = send(coded(channel, UNCODED, Retransmission(model, 2)), frames)
    second = np.where(np.arange(200) % 2, 0, frames.bits)
    assert reception.frames.bits.tolist() == (frames.bits if arrives else second).tolist()
    assert reception.counts.initial_errors.tolist() == [1]
    assert texts(channel.sent[0]) == texts(channel.sent[1])


def all_but(first: int, stop: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Only these bits of the control field arrive."""

    def change(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
        llrs = llrs_of(bits)
        llrs[:first] = llrs[stop:40] = 0
        return llrs

    return change


@pytest.mark.parametrize(("model", "length"), [("chase", 40_000), ("arq", 0)])
def test_control_fields_are_combined_too(model: str, length: int) -> None:
    """Ten coded bits do not determine sixteen; four times ten different ones do."""
    quarters = [all_but(first, first + 10) for first in range(0, 40, 10)]
    reception = send(
        coded(Scripted(quarters), UNCODED, Retransmission(model, 4)), checked_frames(40_000)
    )
    assert reception.frames.lengths.tolist() == [length]


def test_llrs_of_all_rounds_add_up() -> None:
    """LLRs of 4 and -8 add up to a 1; a third of 8 makes it a 0."""
    zeros = Frames.join([np.zeros(50, np.uint8)])

    def constant(llr: float) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        return lambda bits: np.concatenate(
            [llrs_of(bits[CONTROL]), np.full(bits.size - 40, llr, np.float32)]
        )

    for rounds, bit in {2: 1, 3: 0}.items():
        channel = Scripted([constant(4.0), constant(-8.0), constant(8.0)])
        arrived = send(
            coded(channel, UNCODED, Retransmission("chase", rounds), never), zeros
        ).frames
        assert arrived.bits.tolist() == [bit] * 50


def test_incremental_redundancy_sends_all_versions() -> None:
    frames, code = random_frames(300), LdpcCode("3/4")
    channel = Scripted([llrs_of])
    send(coded(channel, code, Retransmission("incremental", 6), never), frames)
    block_code = code.of(300)
    (word,) = encode_all([block_code], frames).split()
    control = 54
    for sent, version in zip(channel.sent, [*VERSIONS, *VERSIONS], strict=False):
        assert sent.bits[control:].tolist() == word[block_code.rate_match(400, version)].tolist()
        assert sent.bits[:control].tolist() == channel.sent[0].bits[:control].tolist()
    assert len(channel.sent) == 6
    assert len({texts(sent)[0] for sent in channel.sent}) == 4


def passing(*rounds: int) -> Check:
    """A check that passes frame f, of those pending, on transmission number rounds[f]."""
    pending, number = list(rounds), 0

    def check(frames: Frames) -> NDArray[np.bool_]:
        nonlocal pending, number
        number += 1
        assert len(frames) == len(pending)
        passed = np.array([last == number for last in pending])
        pending = [last for last in pending if last != number]
        return passed

    return check


@pytest.mark.parametrize("model", ["arq", "chase", "incremental"])
def test_counts_of_retransmission_are_per_frame(model: str) -> None:
    frames = random_frames(600, 12, 90, 300, 600)
    link = Link("16qam", code=LdpcCode("1/2"), retransmission=Retransmission(model, 4))
    carrier = link.wrap(load_channel("awgn", esn0_db=50.0), passing(2, 1, 9, 3, 4))
    counts = send(carrier, frames).counts
    assert counts.transmissions.tolist() == [2, 1, 4, 3, 4]
    assert counts.feedback_bits.tolist() == [2, 1, 4, 3, 4]
    uses = [2 * (40 + 300), 40 + 6, 4 * (40 + 45), 3 * (40 + 150), 4 * (40 + 300)]
    assert counts.channel_uses.tolist() == uses
    assert counts.channel_bits.tolist() == [4 * use for use in uses]
    assert not counts.initial_errors.any()


def test_without_retransmission_there_is_no_feedback() -> None:
    """And each frame is sent once."""
    counts = send(coded(ERROR_FREE, LdpcCode(), None, never), random_frames(20, 30)).counts
    assert counts.transmissions.tolist() == [1, 1]
    assert counts.feedback_bits.tolist() == [0, 0]


def test_frames_that_fail_the_check_are_sent_again() -> None:
    frames, channel = random_frames(20, 30, 40), Scripted([llrs_of])
    reception = send(coded(channel, UNCODED, Retransmission("arq", 3), passing(1, 3, 2)), frames)
    assert [sent.lengths.tolist() for sent in channel.sent] == [[60, 70, 80], [70, 80], [70]]
    assert texts(reception.frames) == texts(frames)


def test_bit_errors_on_the_channel_are_those_of_all_rounds() -> None:
    channel = Scripted([changed(-1, slice(40, 43))])
    counts = send(
        coded(channel, LdpcCode("1/2"), Retransmission("arq", 5), passing(5, 2)),
        random_frames(90, 90),
    ).counts
    assert counts.bit_errors.tolist() == [15, 6]


def test_initial_errors_are_those_of_the_first_round() -> None:
    frames = checked_frames(100)
    recovered = send(coded(Scripted([LOST, llrs_of]), UNCODED, Retransmission("arq", 2)), frames)
    assert (texts(recovered.frames), recovered.counts.initial_errors.tolist()) == (
        texts(frames),
        [1],
    )
    spoilt = send(
        coded(Scripted([llrs_of, LOST]), UNCODED, Retransmission("arq", 2), never), frames
    )
    assert (spoilt.frames.lengths.tolist(), spoilt.counts.initial_errors.tolist()) == ([0], [0])


@pytest.mark.parametrize("retransmission", [None, Retransmission("chase")])
@pytest.mark.parametrize("code", [LdpcCode(), RepetitionCode(3)], ids=["ldpc", "repetition"])
def test_coded_accepts_no_frames_and_empty_frames(
    code: Code, retransmission: Retransmission | None
) -> None:
    none = send(coded(ERROR_FREE, code, retransmission), Frames.join([]))
    assert len(none.frames) == none.counts.channel_uses.size == none.counts.initial_errors.size == 0
    empty = send(coded(ERROR_FREE, code, retransmission, always), random_frames(0, 0))
    assert empty.frames.lengths.tolist() == [0, 0]
    assert not empty.counts.initial_errors.any()


BIT_LEVEL = [
    ("binary_symmetric", {"crossover": 0.03}),
    ("binary_erasure", {"erasure": 0.3}),
    ("gilbert_elliott", {"bad_share": 0.1, "burst_bits": 5.0, "bad_crossover": 0.3}),
    ("packet_erasure", {"loss": 0.4}),
]


@pytest.mark.parametrize(("name", "parameters"), BIT_LEVEL)
def test_coding_and_retransmission_work_over_channels_of_bits(
    name: str, parameters: dict[str, float]
) -> None:
    frames, channel = checked_frames(*[200] * 60), load_channel(name, **parameters)
    reception = send(coded(channel, LdpcCode("1/2"), Retransmission("chase", 64)), frames)
    assert texts(reception.frames) == texts(frames)
    assert reception.counts.transmissions.max() < 64
    again = int((reception.counts.transmissions > 1).sum())
    assert again == reception.counts.initial_errors.sum()
    if name == "packet_erasure":
        assert 12 < again < 36  # 24 of 60 are lost on average, with a standard deviation of 3.8
        assert texts(send(coded(channel, LdpcCode("1/2")), frames).frames).count("") > 0
    else:
        assert (
            len(set(texts(send(channel, frames).frames)) & set(texts(frames))) < 5
        )  # without coding
        assert again < 5


NOISY = [
    ("gilbert_elliott", None, {"bad_share": 0.3, "burst_bits": 20.0, "bad_crossover": 0.3}),
    ("awgn", "16qam", {"esn0_db": 4.0}),
]


@pytest.mark.parametrize(("name", "modulation", "parameters"), NOISY)
def test_coded_block_is_reproducible_by_prefix(
    name: str, modulation: str | None, parameters: dict[str, float]
) -> None:
    """Its first frames fare the same whatever follows."""
    frames = checked_frames(*range(100, 160))
    first = Frames.join(frames.split()[:25])
    link = Link(modulation, code=LdpcCode("1/2"), retransmission=Retransmission("incremental", 3))
    carrier = link.wrap(load_channel(name, **parameters), CRC.crc_ok)
    whole, again, alone = send(carrier, frames), send(carrier, frames), send(carrier, first)
    assert texts(whole.frames) == texts(again.frames)
    assert texts(whole.frames)[:25] == texts(alone.frames)
    for column, values in vars(alone.counts).items():
        assert getattr(whole.counts, column).tolist() == getattr(again.counts, column).tolist()
        assert getattr(whole.counts, column)[:25].tolist() == values.tolist()
    assert 1 < whole.counts.transmissions.mean() < 3
    assert (
        whole.counts.bit_errors.tolist() != send(carrier, frames, seed=1).counts.bit_errors.tolist()
    )


def wrong_frames(
    link: Link, esn0_db: float, frames: Frames, seed: int, crc_ok: Check = CRC.crc_ok
) -> int:
    """Frames that are wrong after all transmissions, over white noise."""
    arrived = send(link.wrap(load_channel("awgn", esn0_db=esn0_db), crc_ok), frames, seed).frames
    return sum(ours != theirs for ours, theirs in zip(texts(frames), texts(arrived), strict=True))


@pytest.mark.slow
def test_two_combined_transmissions_equal_twice_the_energy() -> None:
    """Both error rates agree with 99.9 % confidence; half a decibel more or less would show."""
    count, halved, limit = 2500, 10 * np.log10(2), norm.isf(0.001 / 2)
    frames = checked_frames(*[100] * count)
    single = Link("qpsk", code=LdpcCode("1/2"))
    double = Link("qpsk", code=LdpcCode("1/2"), retransmission=Retransmission("chase", 2))
    once = wrong_frames(single, 1.2, frames, 1)
    assert 0.1 * count < once < 0.4 * count

    def deviation(decibels: float) -> float:
        twice = wrong_frames(double, 1.2 - halved + decibels, frames, 2, never)
        spread = np.sqrt(sum(errors * (1 - errors / count) for errors in (once, twice)))
        return float((twice - once) / spread)

    assert abs(deviation(0.0)) < limit
    assert deviation(-0.5) > limit
    assert deviation(0.5) < -limit


@pytest.mark.slow
def test_incremental_beats_chase_and_chase_beats_arq() -> None:
    """Of 800 frames at code rate 5/6, where most first transmissions fail."""
    frames = checked_frames(*[100] * 800)
    first, arq, chase, incremental = (
        wrong_frames(Link("qpsk", code=LdpcCode("5/6"), retransmission=scheme), 3.0, frames, 4)
        for scheme in (
            None,
            *(Retransmission(model, 2) for model in ("arq", "chase", "incremental")),
        )
    )
    assert first > 600
    assert first > arq > chase > incremental
    assert chase < arq / 2
    assert incremental < chase / 2


@dataclass(frozen=True)
class Uncertain(BitChannel):
    """Flips one bit in ten; with `soft`, LLRs show which ones these may be."""

    soft: bool

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        flipped = rng.random(frames.bits.size) < 0.1
        unsure = flipped | (rng.random(frames.bits.size) < 0.1)
        bits = frames.bits ^ flipped
        llrs = np.where(unsure, 0.1, 5.0) * (1.0 - 2.0 * bits)
        return Reception(frames.with_bits(bits), llrs.astype(np.float32) if self.soft else None)


def test_soft_values_of_a_bit_channel_are_used() -> None:
    frames = checked_frames(*[200] * 100)
    for soft, fewest, most in ((True, 99, 100), (False, 0, 10)):
        arrived = send(coded(Uncertain(soft), LdpcCode("3/5")), frames).frames
        assert fewest <= len(set(texts(frames)) & set(texts(arrived))) <= most
