"""A channel of symbols that carries bits: padding, counts, lost symbols, and both kinds of
decisions.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.channel import SymbolChannel, SymbolReception
from semcomm.choices import Modulation
from semcomm.frames import Frames, Symbols
from semcomm.link.modulated import Modulated
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.scenario.plugins import load_channel

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None)

modulations = st.sampled_from(list(BITS_PER_SYMBOL))
frames_of_bits = st.lists(st.text("01", max_size=40), max_size=6).map(
    lambda texts: Frames.join([np.array(list(text), np.uint8) for text in texts])
)


@dataclass(frozen=True)
class Recorder(SymbolChannel):
    """Attenuates symbols, loses those of these numbers, records its input, and uses 3 pilots per
    frame.
    """

    lost: tuple[int, ...] = ()

    def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
        object.__setattr__(self, "handed", symbols)
        variances = np.full(symbols.values.size, 0.02)
        variances[list(self.lost)] = np.inf
        return SymbolReception(
            symbols.with_values(symbols.values * 0.95), variances, symbols.lengths + 3
        )


def random_frames(*lengths: int) -> Frames:
    rng = np.random.default_rng(sum(lengths))
    return Frames.join([rng.integers(0, 2, length, dtype=np.uint8) for length in lengths])


@given(frames_of_bits, modulations, st.sampled_from(["soft", "hard"]))
@without_deadline
def test_modulated_clear_channel_is_the_identity(
    frames: Frames, modulation: Modulation, decisions: str
) -> None:
    clear = Modulated(load_channel("awgn", esn0_db=60.0), modulation, decisions)
    reception = clear.transmit(frames, np.random.default_rng(0))
    assert reception.frames.bits.tolist() == frames.bits.tolist()
    assert reception.frames.lengths.tolist() == frames.lengths.tolist()
    assert reception.counts.channel_uses.tolist() == [
        -(-n // BITS_PER_SYMBOL[modulation]) for n in frames.lengths
    ]
    assert reception.counts.channel_bits.tolist() == frames.lengths.tolist()
    assert not reception.counts.bit_errors.any()


@given(frames_of_bits, modulations)
@without_deadline
def test_zeros_fill_up_the_last_symbol_of_each_frame(
    frames: Frames, modulation: Modulation
) -> None:
    channel, per_symbol = Recorder(), BITS_PER_SYMBOL[modulation]
    Modulated(channel, modulation).transmit(frames, np.random.default_rng(0))
    padded = [
        np.concatenate([bits, np.zeros(-bits.size % per_symbol, np.uint8)])
        for bits in frames.split()
    ]
    expected = [modulate(bits, modulation) for bits in padded]
    assert channel.handed.lengths.tolist() == [part.size for part in expected]
    assert channel.handed.values.tolist() == [
        symbol for part in expected for symbol in part.tolist()
    ]


@pytest.mark.parametrize("modulation", list(BITS_PER_SYMBOL))
def test_errors_are_counted_against_what_was_sent(modulation: Modulation) -> None:
    frames = random_frames(*range(200))
    noisy = Modulated(load_channel("awgn", esn0_db=0.0), modulation)
    reception = noisy.transmit(frames, np.random.default_rng(1))
    errors = [
        int((ours != theirs).sum())
        for ours, theirs in zip(frames.split(), reception.frames.split(), strict=True)
    ]
    assert sum(errors) > 100
    assert reception.counts.bit_errors.tolist() == errors
    assert reception.counts.initial_errors.tolist() == [int(count > 0) for count in errors]
    assert set(reception.counts.transmissions.tolist()) == {1}
    assert not reception.counts.feedback_bits.any()


@pytest.mark.parametrize("modulation", list(BITS_PER_SYMBOL))
@pytest.mark.parametrize("decisions", ["soft", "hard"])
def test_bits_of_lost_symbols_have_llr_0_and_are_decided_0(
    modulation: Modulation, decisions: str
) -> None:
    per_symbol = BITS_PER_SYMBOL[modulation]
    frames = Frames.join([np.ones(2 * per_symbol, np.uint8), np.ones(per_symbol, np.uint8)])
    reception = Modulated(Recorder(lost=(1, 2)), modulation, decisions).transmit(
        frames, np.random.default_rng(0)
    )
    assert (reception.llrs[per_symbol:] == 0).all()
    assert (reception.llrs[:per_symbol] < 0).all()
    assert reception.frames.bits.tolist() == [1] * per_symbol + [0] * 2 * per_symbol
    assert reception.counts.bit_errors.tolist() == [per_symbol, per_symbol]


@pytest.mark.parametrize("modulation", list(BITS_PER_SYMBOL))
def test_soft_llrs_are_exact_and_hard_ones_are_hard_llr(
    modulation: Modulation,
) -> None:
    frames, channel = random_frames(72), Recorder()
    soft = Modulated(channel, modulation).transmit(frames, np.random.default_rng(0)).llrs
    hard = (
        Modulated(channel, modulation, "hard", 2.5).transmit(frames, np.random.default_rng(0)).llrs
    )
    arrived = channel.handed.values * 0.95
    assert soft.dtype == hard.dtype == np.float32
    assert soft.tolist() == demap(arrived, np.full(arrived.size, 0.02), modulation).tolist()
    assert (
        hard.tolist()
        == (2.5 * demap(arrived, np.full(arrived.size, 0.02), modulation, "hard")).tolist()
    )
    assert set(np.abs(hard).tolist()) == {2.5}


def test_channel_uses_are_those_of_the_channel() -> None:
    reception = Modulated(Recorder(), "16qam").transmit(
        random_frames(0, 4, 5), np.random.default_rng(0)
    )
    assert reception.counts.channel_uses.tolist() == [3, 4, 5]
