"""Transport blocks: exactly the agreed channel uses, at the code's frame error rate."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any, get_args

import numpy as np
import pytest
from framed import framed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.carrier import carry
from semcomm.channel import BitChannel, SymbolChannel, SymbolReception
from semcomm.choices import Modulation
from semcomm.errors import ChannelError, LinkError, SemcommError
from semcomm.frames import Frames, Reception, Symbols
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import Code, LdpcCode, RepetitionCode
from semcomm.link.link import Link
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.scenario.plugins import load_channel

Rng = np.random.Generator

AWGN, ERROR_FREE = load_channel("awgn", esn0_db=50.0), load_channel("error_free")
CODES = [None, LdpcCode("1/2"), LdpcCode("658/1024"), LdpcCode(0.9), LdpcCode("1/10")]
CODES += [RepetitionCode(2)]


def always(frames: Frames) -> NDArray[np.bool_]:
    return np.ones(len(frames), np.bool_)


def never(frames: Frames) -> NDArray[np.bool_]:
    return np.zeros(len(frames), np.bool_)


def random_frames(count: int, length: int | None, seed: int = 0) -> Frames:
    assert length is not None
    bits = np.random.default_rng([seed, count, length]).integers(0, 2, count * length, np.uint8)
    return Frames(bits, np.full(count, length))


@dataclass(frozen=True)
class Recorded(SymbolChannel):
    """Hands symbols on to another channel and records how many each frame has."""

    channel: Any
    lengths: Any

    def transmit(self, symbols: Symbols, rng: Rng) -> SymbolReception:
        self.lengths.append(symbols.lengths.tolist())
        return self.channel.transmit(symbols, rng)

    def symbols_in(self, channel_uses: int) -> int:
        return self.channel.symbols_in(channel_uses)


RECORD: list[list[int]] = []


class Record:
    """A list that a channel may append to without changing its own state."""

    def append(self, lengths: list[int]) -> None:
        RECORD.append(lengths)


def recorded(channel: SymbolChannel) -> SymbolChannel:
    RECORD.clear()
    return Recorded(channel, Record())


@pytest.mark.parametrize("code", CODES, ids=str)
@pytest.mark.parametrize("modulation", get_args(Modulation))
def test_every_frame_takes_exactly_the_agreed_uses(
    modulation: Modulation, code: Code | None
) -> None:
    for uses in (64, 97, 256, 4096):
        channel, link = recorded(AWGN), Link(modulation, code=code, channel_uses=uses)
        bits = link.terms(channel).frame_bits
        rate = code.nominal_rate if code else Fraction(1)
        assert bits == floor(uses * BITS_PER_SYMBOL[modulation] * rate)
        frames = random_frames(2, bits)
        reception = link.wrap(channel, always).transmit(frames, np.random.default_rng(0))
        assert [[uses] * 2] == RECORD
        assert reception.counts.channel_uses.tolist() == [uses] * 2
        assert reception.counts.channel_bits.tolist() == [uses * BITS_PER_SYMBOL[modulation]] * 2
        assert np.array_equal(reception.frames.bits, frames.bits)


@pytest.mark.parametrize("code", CODES, ids=str)
def test_over_a_channel_of_bits_a_use_is_a_bit(code: Code | None) -> None:
    link = Link(code=code, channel_uses=301)
    frames = random_frames(2, link.terms(ERROR_FREE).frame_bits)
    reception = carry(ERROR_FREE, frames, np.random.default_rng(0), link)
    assert reception.counts.channel_uses.tolist() == [301, 301]
    assert np.array_equal(reception.frames.bits, frames.bits)


def test_frames_have_any_length_without_channel_uses() -> None:
    assert Link("qpsk", code=LdpcCode()).terms(AWGN).frame_bits is None


@pytest.mark.parametrize("rate", ["948/1024", "11/12", 0.9])
def test_short_blocks_of_high_rates_decode_without_noise(rate: Any) -> None:
    """Above 11/12 some could not, so that frames of up to 124 bits are sent at 11/12."""
    for uses in range(64, 200):
        link = Link("bpsk", code=LdpcCode(rate), channel_uses=uses)
        bits = link.terms(AWGN).frame_bits
        assert bits is not None
        longest = floor(uses * Fraction(str(rate)))
        assert bits == (longest if longest > 124 else min(longest, floor(uses * Fraction(11, 12))))
        frames = random_frames(2, bits)
        received = link.wrap(AWGN, always).transmit(frames, np.random.default_rng(0)).frames
        assert np.array_equal(received.bits, frames.bits), uses


@pytest.mark.parametrize(
    ("modulation", "rate", "uses", "esn0_db"),
    [("qpsk", "1/2", 300, 1.2), ("16qam", 0.75, 200, 10.4), ("bpsk", "3/10", 400, -4.2)],
)
def test_frame_error_rate_is_that_of_the_code_alone(
    modulation: Modulation, rate: Any, uses: int, esn0_db: float
) -> None:
    """The rates divide the bits, so that both send as many: the same payloads, other noise."""
    channel, count = load_channel("awgn", esn0_db=esn0_db), 1500
    code = LdpcCode(rate)
    block = Link(modulation, code=code, channel_uses=uses)
    bits = block.terms(channel).frame_bits
    assert bits == uses * BITS_PER_SYMBOL[modulation] * code.nominal_rate
    frames = random_frames(count, bits)
    errors = []
    for seed, link in enumerate([block, Link(modulation, code=code)]):
        received = link.wrap(channel, always).transmit(frames, np.random.default_rng(seed)).frames
        pairs = zip(frames.split(), received.split(), strict=True)
        errors.append(np.array([not np.array_equal(*pair) for pair in pairs], float))
    difference = errors[0] - errors[1]
    assert 0.02 < errors[0].mean() < 0.5
    assert abs(difference.mean()) < 2.576 * difference.std() / np.sqrt(count)


def test_low_rates_send_the_mother_codeword_again() -> None:
    """720 bits fill base graph 2, whose rate is 1/5. At 1/10 each bit is sent twice: 3.01 dB."""
    rates = []
    for rate, esn0_db, uses in (("1/5", -4.1, 1800), ("1/10", -7.11, 3600)):
        channel = load_channel("awgn", esn0_db=esn0_db)
        link = Link("qpsk", code=LdpcCode(rate), channel_uses=uses)
        frames = random_frames(400, link.terms(channel).frame_bits)
        received = link.wrap(channel, always).transmit(frames, np.random.default_rng(1)).frames
        differs = (received.bits != frames.bits).reshape(400, -1).any(axis=1)
        rates.append(differs)
    assert 0.02 < rates[0].mean() < 0.5
    difference = rates[0].astype(float) - rates[1]
    assert abs(difference.mean()) < 2.576 * difference.std() / np.sqrt(400)


@pytest.mark.parametrize("model", ["arq", "chase", "incremental"])
def test_each_retransmission_takes_the_agreed_uses(model: Any) -> None:
    channel = recorded(AWGN)
    link = Link("16qam", "soft", LdpcCode("2/3"), None, Retransmission(model, 3), 100)
    frames = random_frames(2, link.terms(channel).frame_bits)
    reception = link.wrap(channel, never).transmit(frames, np.random.default_rng(0))
    assert RECORD == [[100, 100]] * 3
    assert reception.counts.channel_uses.tolist() == [300, 300]
    assert reception.counts.transmissions.tolist() == [3, 3]
    assert np.array_equal(reception.frames.bits, frames.bits)


@pytest.mark.parametrize("model", ["arq", "chase", "incremental"])
def test_retransmission_helps_transport_blocks_in_noise(model: Any) -> None:
    channel = load_channel("awgn", esn0_db=6.0)
    framing = Framing(header=False)
    once = Link("16qam", code=LdpcCode("1/2"), channel_uses=128)
    again = Link("16qam", "soft", LdpcCode("1/2"), None, Retransmission(model, 4), 128)
    frames = random_frames(200, once.terms(channel).frame_bits)
    payloads = [bits[16:] for bits in frames.split()]
    frames = framed(framing, Frames.join(payloads), [(32, 32)] * 200)
    first, last = (
        carry(channel, frames, np.random.default_rng(0), link, framing) for link in (once, again)
    )
    wrong = [
        (reception.frames.bits != frames.bits).reshape(200, -1).any(axis=1).sum()
        for reception in (first, last)
    ]
    assert wrong[0] > 20 and wrong[1] < (wrong[0] / 2 if model == "arq" else 2)
    assert set(last.counts.channel_uses.tolist()) <= {128, 256, 384, 512}


def uses_of(symbols: int, coherence: int | None, pilots: int) -> int:
    """By the definition: pilots before the first and each further block of data."""
    room = symbols if coherence is None else coherence - pilots
    return symbols + pilots * -(-symbols // room)


@given(st.integers(1, 80), st.none() | st.integers(2, 30), st.integers(0, 6))
def test_symbols_in_is_the_inverse_of_channel_uses(
    uses: int, coherence: int | None, pilots: int
) -> None:
    if coherence is not None and pilots >= coherence:
        return
    channel = load_channel("rayleigh", esn0_db=10.0, coherence=coherence, pilots=pilots)
    fitting = [m for m in range(1, uses + 1) if uses_of(m, coherence, pilots) == uses]
    if fitting:
        assert [channel.symbols_in(uses)] == fitting
    else:
        with pytest.raises(ChannelError, match=f"no frame takes {uses} channel uses") as raised:
            channel.symbols_in(uses)
        cure = int(re.findall(r"(\d+) would do", str(raised.value))[0])
        assert uses_of(channel.symbols_in(cure), coherence, pilots) == cure > uses


@pytest.mark.parametrize("model", ["rayleigh", "rician"])
@pytest.mark.parametrize("coherence", [None, 8, 50])
def test_pilots_are_among_the_agreed_uses(model: str, coherence: int | None) -> None:
    options = {"k_factor_db": 3.0} if model == "rician" else {}
    channel = recorded(load_channel(model, esn0_db=20.0, coherence=coherence, pilots=2, **options))
    link = Link("qpsk", code=LdpcCode("1/2"), channel_uses=128)
    frames = random_frames(4, link.terms(channel).frame_bits)
    reception = link.wrap(channel, always).transmit(frames, np.random.default_rng(0))
    assert reception.counts.channel_uses.tolist() == [128] * 4
    symbols = {None: 126, 8: 96, 50: 48 + 48 + 26}[coherence]
    assert [[symbols] * 4] == RECORD


def test_interleaved_frames_take_the_agreed_uses() -> None:
    """A group of three and one of two are one frame each to the channel."""
    channel = recorded(AWGN)
    link = Link("64qam", "soft", LdpcCode("1/2"), 3, None, 70)
    frames = random_frames(5, link.terms(channel).frame_bits)
    reception = link.wrap(channel, always).transmit(frames, np.random.default_rng(0))
    assert RECORD == [[210, 140]]
    assert reception.counts.channel_uses.tolist() == [70] * 5
    assert np.array_equal(reception.frames.bits, frames.bits)


def test_a_block_of_which_nothing_arrived_is_lost() -> None:
    channel = load_channel("packet_erasure", loss=0.5)
    link = Link(code=LdpcCode("1/2"), channel_uses=200)
    frames = random_frames(40, link.terms(channel).frame_bits)
    received = link.wrap(channel, always).transmit(frames, np.random.default_rng(0)).frames
    assert set(received.lengths.tolist()) == {0, 100}
    for ours, theirs in zip(frames.split(), received.split(), strict=True):
        assert theirs.size == 0 or np.array_equal(ours, theirs)


@dataclass(frozen=True)
class Costly(SymbolChannel):
    """Counts two more channel uses than it says."""

    def transmit(self, symbols: Symbols, rng: Rng) -> SymbolReception:
        return SymbolReception(symbols, np.zeros(symbols.values.size), symbols.lengths + 2)


@dataclass(frozen=True)
class Generous(SymbolChannel):
    """Has more symbols than channel uses."""

    def transmit(self, symbols: Symbols, rng: Rng) -> SymbolReception:
        return SymbolReception(symbols, np.zeros(symbols.values.size), symbols.lengths)

    def symbols_in(self, channel_uses: int) -> int:
        return channel_uses + 1


@dataclass(frozen=True)
class Free(BitChannel):
    """Does not count what it carries."""

    def transmit(self, frames: Frames, rng: Rng) -> Reception:
        return Reception(frames)


def send_costly() -> None:
    link = Link("bpsk", channel_uses=64)
    link.wrap(Costly(), always).transmit(random_frames(1, 64), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (send_costly, r"counts 66 channel uses .* link.channel_uses is 64: its symbols_in"),
        (lambda: Link("bpsk", channel_uses=64).terms(Generous()), "has 65 symbols in 64 channel"),
        (
            lambda: (
                Link(channel_uses=64)
                .wrap(Free(), always)
                .transmit(random_frames(1, 63), np.random.default_rng(0))
            ),
            "a frame has 63 bits, but with link.channel_uses 64 each has 64",
        ),
        (
            lambda: Link("qpsk", channel_uses=65).check(
                load_channel("rayleigh", esn0_db=9.0, coherence=8, pilots=2), 16
            ),
            "no frame takes 65 channel uses: a coherence block of 8 symbols begins with 2 pilots",
        ),
        (
            lambda: Link("qpsk", interleaving=2, channel_uses=64).check(
                load_channel("rayleigh", esn0_db=9.0, pilots=2), 16
            ),
            "link.interleaving is 2, but pilots or prefixes of channel Rayleigh take some",
        ),
        (lambda: Link("qpsk", channel_uses=63), "channel_uses is 63; it takes .* from 64 to 4096"),
        (lambda: LdpcCode("5/4"), "rate is 5/4; the LDPC codes of 5G NR take 30/1024 to 948/1024"),
        (lambda: LdpcCode("29/1024"), "rate is 29/1024"),
        (lambda: LdpcCode(0.95), "rate is 0.95; it takes"),
        (lambda: LdpcCode("1/0"), "rate is .*1/0"),
        (lambda: LdpcCode("half"), "rate is .*half"),
    ],
)
def test_impossible_blocks_are_refused_in_words(attempt: Any, message: str) -> None:
    with pytest.raises(SemcommError, match=message):
        attempt()


def test_linkerror_is_raised_for_rates() -> None:
    with pytest.raises(LinkError):
        LdpcCode(1.5)


@given(st.integers(64, 4096), st.sampled_from(get_args(Modulation)), st.integers(30, 948))
@settings(deadline=None, max_examples=60)
def test_every_rate_fills_every_block(uses: int, modulation: Modulation, rate: int) -> None:
    link = Link(modulation, code=LdpcCode(f"{rate}/1024"), channel_uses=uses)
    bits = link.terms(AWGN).frame_bits
    assert bits is not None
    assert 0 <= uses * BITS_PER_SYMBOL[modulation] * rate / 1024 - bits < 4
