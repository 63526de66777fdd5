"""What a link is composed of, and which links are refused."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from framed import framed
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.channel import SymbolReception
from semcomm.errors import LinkError
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.link.checked_channel import CheckedBits, CheckedSymbols
from semcomm.link.coded import Coded, Retransmission
from semcomm.link.codes import LdpcCode, RepetitionCode
from semcomm.link.interleaved import Interleaved
from semcomm.link.link import Link
from semcomm.link.modulated import Modulated
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.scenario.plugins import load_channel

ERROR_FREE, AWGN = load_channel("error_free"), load_channel("awgn", esn0_db=50.0)
CHECKED_AWGN = CheckedSymbols(AWGN)
UNCODED = RepetitionCode(1)
CHASE, INCREMENTAL = Retransmission("chase"), Retransmission("incremental")

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None, max_examples=40)


def check(frames: Frames) -> NDArray[np.bool_]:
    return np.ones(len(frames), np.bool_)


links = st.builds(
    Link,
    modulation=st.none() | st.sampled_from(list(BITS_PER_SYMBOL)),
    code=st.none() | st.sampled_from([LdpcCode("1/2"), LdpcCode("11/12"), RepetitionCode(3)]),
    interleaving=st.none() | st.integers(1, 5),
    retransmission=st.none() | st.sampled_from([Retransmission("arq"), CHASE]),
)
frames_of_bits = st.lists(st.text("01", max_size=60), max_size=5).map(
    lambda texts: Frames.join([np.array(list(text), np.uint8) for text in texts])
)


@given(links, frames_of_bits)
@without_deadline
def test_every_link_over_a_clear_channel_is_the_identity(link: Link, frames: Frames) -> None:
    carrier = link.wrap(AWGN if link.modulation else ERROR_FREE, check)
    reception = carrier.transmit(frames, np.random.default_rng(0))
    assert reception.frames.bits.tolist() == frames.bits.tolist()
    assert reception.frames.lengths.tolist() == frames.lengths.tolist()


def test_wrap_adds_only_the_given_parts() -> None:
    modulated = Modulated(CHECKED_AWGN, "qpsk", hard_llr=UNCODED.hard_llr)
    assert Link().wrap(ERROR_FREE, check) == CheckedBits(ERROR_FREE)
    assert Link(interleaving=3).wrap(ERROR_FREE, check) == Interleaved(CheckedBits(ERROR_FREE), 3)
    assert Link("qpsk").wrap(AWGN, check) == modulated


def test_a_link_is_coded_then_interleaved_then_modulated() -> None:
    link = Link("16qam", code=LdpcCode("3/4"), interleaving=2, retransmission=CHASE)
    inner = Interleaved(Modulated(CHECKED_AWGN, "16qam", "soft", LdpcCode("3/4").hard_llr), 2)
    assert link.wrap(AWGN, check) == Coded(inner, LdpcCode("3/4"), 4, CHASE, check)


def test_retransmission_without_a_code_is_uncoded() -> None:
    link = Link(retransmission=CHASE)
    coded = Coded(CheckedBits(ERROR_FREE), UNCODED, 1, CHASE, check)
    assert link.wrap(ERROR_FREE, check) == coded


@pytest.mark.parametrize(
    ("link", "efficiency"),
    [
        (Link(), Fraction(1)),
        (Link("64qam"), Fraction(6)),
        (Link("256qam"), Fraction(8)),
        (Link(code=RepetitionCode(5)), Fraction(1, 5)),
        (Link("16qam", code=LdpcCode("11/12")), Fraction(11, 3)),
    ],
)
def test_efficiency_is_bits_per_symbol_times_code_rate(link: Link, efficiency: Fraction) -> None:
    assert link.efficiency == efficiency


@pytest.mark.parametrize(
    ("link", "channel", "crc", "message"),
    [
        (
            Link(),
            AWGN,
            16,
            "channel Awgn carries symbols, so it takes link.modulation .--modulation.: bpsk, qpsk, 16qam, 64qam, "
            "256qam",
        ),
        (
            Link("bpsk"),
            ERROR_FREE,
            16,
            "link.modulation is bpsk, but channel ErrorFree carries bits: leave it out",
        ),
        (
            Link(decisions="hard"),
            ERROR_FREE,
            16,
            "link.decisions is hard, but channel ErrorFree has no demapper",
        ),
        (
            Link(retransmission=CHASE),
            ERROR_FREE,
            0,
            "retransmission needs a check of frames: set framing.crc to 8 or",
        ),
        (
            Link(retransmission=INCREMENTAL),
            ERROR_FREE,
            8,
            "sends other bits of a mother codeword: set link.code.model",
        ),
        (
            Link(code=RepetitionCode(3), retransmission=INCREMENTAL),
            ERROR_FREE,
            8,
            "retransmission.model is incremental",
        ),
    ],
)
def test_link_that_does_not_match_its_channel_is_refused(
    link: Link, channel: Any, crc: int, message: str
) -> None:
    with pytest.raises(LinkError, match=message):
        link.check(channel, crc)


@pytest.mark.parametrize(
    ("link", "channel", "crc"),
    [
        (Link(), ERROR_FREE, 0),
        (Link("qpsk", "hard"), AWGN, 0),
        (Link(code=LdpcCode(), retransmission=INCREMENTAL), ERROR_FREE, 8),
        (Link(retransmission=CHASE), ERROR_FREE, 16),
    ],
)
def test_links_that_match_their_channel_are_accepted(link: Link, channel: Any, crc: int) -> None:
    link.check(channel, crc)


FADES = [
    Link("qpsk"),
    Link("qpsk", code=LdpcCode("1/2")),
    Link("qpsk", code=RepetitionCode(2), retransmission=CHASE),
    Link("qpsk", retransmission=Retransmission("arq", 2)),
]


def test_fades_are_independent_of_code_and_retransmission() -> None:
    """One gain per frame, which its noise variances show."""
    rng, seen = np.random.default_rng(1), []
    frames = framed(
        Framing(header=False),
        Frames.join([rng.integers(0, 2, 40, dtype=np.uint8)] * 30),
        [(32, 32)] * 30,
    )
    rayleigh = load_channel("rayleigh", esn0_db=10.0)

    class Listener(type(rayleigh)):
        def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
            reception = super().transmit(symbols, rng)
            seen.append(reception.noise_variances[np.cumsum(symbols.lengths) - 1])
            return reception

    for link in FADES:
        link.wrap(Listener(esn0_db=10.0), Framing(header=False).crc_ok).transmit(
            frames, np.random.default_rng(7)
        )
    first_rounds = [gains.tolist() for gains in seen if gains.size == 30]
    assert first_rounds == [first_rounds[0]] * len(FADES)
    assert len(seen) > len(FADES)  # the others are later rounds, whose gains are new
    assert all(not set(gains.tolist()) & set(first_rounds[0]) for gains in seen if gains.size < 30)
