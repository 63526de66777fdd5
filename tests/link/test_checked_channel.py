"""Channels with a mistake each, with a link and without: none is counted, each is named."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.carrier import carry
from semcomm.channel import BitChannel, SymbolChannel, SymbolReception
from semcomm.counting import counts_of
from semcomm.errors import ChannelError, SemcommError
from semcomm.frames import Counts, Frames, Reception, Symbols
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.scenario.plugins import load_channel

SENT = Frames(np.random.default_rng(0).integers(0, 2, 60, dtype=np.uint8), np.array([40, 20]))
LDPC = LdpcCode("1/2")
BIT_LINKS = [Link(), Link(code=LDPC), Link(interleaving=2)]
SYMBOL_LINKS = [Link("qpsk"), Link("qpsk", code=LDPC), Link("16qam", interleaving=2)]


@dataclass(frozen=True)
class Bits(BitChannel):
    """Hands on what a function makes of the frames."""

    answer: Callable[[Frames], Any]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return self.answer(frames)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Waves(SymbolChannel):
    """Hands on what a function makes of the symbols."""

    answer: Callable[[Symbols], Any]

    def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
        return self.answer(symbols)  # type: ignore[no-any-return]


def over(channel: Any, link: Link, frames: Frames = SENT) -> Reception:
    return carry(channel, frames, np.random.default_rng(0), link)  # type: ignore[no-any-return]


def with_llrs(frames: Frames, change: Callable[[Any], Any]) -> Reception:
    return Reception(frames, change(4.0 - 8.0 * frames.bits))


def with_counts(frames: Frames, **changes: Any) -> Reception:
    counts = counts_of(frames, frames, frames.lengths)
    return Reception(frames, None, replace(counts, **changes))


def unlocked(frames: Frames) -> Reception:
    frames.bits.flags.writeable = True
    frames.bits[:] = 0
    return Reception.of(frames)


def written_over(frames: Frames) -> Reception:
    made = Frames(frames.bits.copy(), frames.lengths.copy())
    made.bits[0] = 7
    return Reception.of(made)


WRONG_BITS: dict[str, tuple[Callable[[Frames], Any], str]] = {
    "nothing": (lambda f: None, "should return a Reception of . frames.*it returned a NoneType"),
    "the frames": (lambda f: f, "should return a Reception of . frames.*it returned a Frames"),
    "arrays": (lambda f: Reception(f.bits), "should return a Reception"),  # type: ignore[arg-type]
    "one frame more": (
        lambda f: Reception.of(Frames.join([*f.split(), f.bits])),
        "frames, as many",
    ),
    "soft bits": (lambda f: Reception.of(f.with_bits(0.9 * f.bits + 0.05)), "not 0.05"),
    "too few bits": (lambda f: Reception.of(f.with_bits(f.bits[1:])), "lengths add up to"),
    "a seven": (written_over, "bits are zeros and ones, not 7"),
    "unlocked": (unlocked, "changed what was sent"),
    "NaN LLRs": (lambda f: with_llrs(f, lambda x: x * np.nan), "NaN, infinite or no real"),
    "infinite LLRs": (lambda f: with_llrs(f, lambda x: x * np.inf), "NaN, infinite or no real"),
    "complex LLRs": (lambda f: with_llrs(f, lambda x: x + 0j), "no real numbers"),
    "too few LLRs": (lambda f: with_llrs(f, lambda x: x[1:]), "one for each of the bits"),
    "LLRs in two dimensions": (lambda f: with_llrs(f, lambda x: x[None]), "one for each of"),
    "LLRs of the other sign": (lambda f: with_llrs(f, lambda x: -x), "negative for a 1"),
    "no counts": (lambda f: Reception(f, None, f.lengths), "takes Counts or None"),  # type: ignore[arg-type]
    "negative counts": (lambda f: with_counts(f, channel_bits=-f.lengths), "channel_bits of a"),
    "half a use": (lambda f: with_counts(f, channel_uses=f.lengths + 0.5), "holds exactly, not"),
    "no transmission": (lambda f: with_counts(f, transmissions=0 * f.lengths), "is at least 1"),
    "counts of the bits": (lambda f: with_counts(f, feedback_bits=f.bits + 0), "of the shape"),
    "two first errors": (lambda f: with_counts(f, initial_errors=2 + 0 * f.lengths), "is 0 or 1"),
    "more errors than bits": (
        lambda f: with_counts(f, bit_errors=1 + f.lengths),
        "at most channel",
    ),
    "uses without bound": (
        lambda f: with_counts(f, channel_uses=2**60 + 0 * f.lengths),
        "0 to 4294",
    ),
}


@pytest.mark.parametrize("link", BIT_LINKS, ids=["bare", "ldpc", "interleaved"])
@pytest.mark.parametrize("name", WRONG_BITS)
def test_wrong_answers_of_bit_channels_are_refused(name: str, link: Link) -> None:
    answer, message = WRONG_BITS[name]
    with pytest.raises(ChannelError, match=rf"channel Bits .*{message}"):
        over(Bits(answer), link)


def reception(symbols: Symbols, /, **changes: Any) -> SymbolReception:
    variances = np.full(symbols.values.size, 0.1)
    return replace(SymbolReception(symbols, variances, symbols.lengths), **changes)


def times(symbols: Symbols, factor: Any) -> SymbolReception:
    return reception(symbols.with_values(symbols.values * factor))


def twice(symbols: Symbols) -> SymbolReception:
    more = Symbols(symbols.values.repeat(2), 2 * symbols.lengths)
    return SymbolReception(more, np.full(more.values.size, 0.1), symbols.lengths)


def moved(symbols: Symbols) -> SymbolReception:
    symbols.values.flags.writeable = True
    symbols.values[:] = 0
    return reception(symbols)


WRONG_SYMBOLS: dict[str, tuple[Callable[[Symbols], Any], str]] = {
    "nothing": (lambda s: None, "should return a SymbolReception"),
    "NaN": (lambda s: times(s, np.nan), "symbols as NaN or infinite"),
    "infinite": (lambda s: times(s, np.inf), "symbols as NaN or infinite"),
    "twice as many": (twice, "it returns as many as were sent"),
    "an array of another size": (lambda s: reception(s, symbols=s.values[1:]), "is no signal"),
    "text": (lambda s: reception(s, symbols="symbols"), "is no signal"),
    "negative variances": (
        lambda s: reception(s, noise_variances=-0.1),
        "a noise variance of -0.1",
    ),
    "NaN variances": (lambda s: reception(s, noise_variances=np.nan), "a noise variance of nan"),
    "complex variances": (lambda s: reception(s, noise_variances=0.1j), "not complex128"),
    "three variances": (lambda s: reception(s, noise_variances=np.ones(3)), "of the shape"),
    "negative uses": (
        lambda s: reception(s, channel_uses=-s.lengths),
        "as channel_uses of a frame",
    ),
    "half a use": (lambda s: reception(s, channel_uses=s.lengths / 7), "holds exactly, not"),
    "uses of symbols": (
        lambda s: reception(s, channel_uses=np.ones(s.values.size)),
        "of the shape",
    ),
    "NaN uses": (lambda s: reception(s, channel_uses=np.nan * s.lengths), "holds exactly, not nan"),
    "no uses": (lambda s: reception(s, channel_uses=None), "not object"),
    "unlocked": (moved, "changed what was sent"),
}


@pytest.mark.parametrize("link", SYMBOL_LINKS, ids=["bare", "ldpc", "interleaved"])
@pytest.mark.parametrize("name", WRONG_SYMBOLS)
def test_wrong_answers_of_symbol_channels_are_refused(name: str, link: Link) -> None:
    answer, message = WRONG_SYMBOLS[name]
    with pytest.raises(ChannelError, match=rf"channel Waves .*{message}"):
        over(Waves(answer), link)


def test_wrong_symbols_are_refused_without_a_link() -> None:
    symbols = Symbols(np.ones(4, np.complex128), np.array([1, 3]))
    with pytest.raises(ChannelError, match="3 of 4 symbols as NaN"):
        answer = Waves(lambda s: times(s, np.array([1, np.nan, np.nan, np.nan])))
        carry(answer, symbols, np.random.default_rng(0))
    with pytest.raises(ChannelError, match="channel ErrorFree carries bits, not symbols"):
        carry(load_channel("error_free"), symbols, np.random.default_rng(0))


TAKEN_SYMBOLS: dict[str, Callable[[Symbols], Any]] = {
    "complex64": lambda s: reception(s.with_values(s.values.astype(np.complex64))),
    "a bare array": lambda s: reception(s, symbols=s.values.astype(np.complex64)),
    "one variance": lambda s: reception(s, noise_variances=0.1),
    "one variance in an array": lambda s: reception(s, noise_variances=np.array([0.1], np.float32)),
    "uses of another dtype": lambda s: reception(s, channel_uses=s.lengths.astype(np.uint16)),
    "one number of uses": lambda s: reception(s, channel_uses=7),
    "zero variance": lambda s: reception(s, noise_variances=0),
}


@pytest.mark.parametrize("link", SYMBOL_LINKS)
@pytest.mark.parametrize("name", TAKEN_SYMBOLS)
def test_symbols_that_convert_without_loss_are_taken(name: str, link: Link) -> None:
    arrived = over(Waves(TAKEN_SYMBOLS[name]), link)
    assert arrived.frames.bits.tolist() == SENT.bits.tolist()


def test_real_symbols_are_taken() -> None:
    symbols = Symbols(np.array([1, -1], np.complex128), np.array([2]))
    answer = Waves(lambda s: reception(s.with_values(s.values.real)))
    assert carry(answer, symbols, np.random.default_rng(0)).symbols.values.tolist() == [1, -1]


def test_symbols_do_not_matter_where_nothing_arrived() -> None:
    answer = Waves(
        lambda s: SymbolReception(
            s.with_values(s.values * np.nan), np.full(s.values.size, np.inf), s.lengths
        )
    )
    arrived = over(answer, Link("qpsk"))
    assert arrived.llrs is not None
    assert not arrived.llrs.any()


TAKEN_BITS: dict[str, Callable[[Frames], Any]] = {
    "int64": lambda f: Reception.of(f.with_bits(f.bits.astype(np.int64))),
    "bool": lambda f: Reception.of(f.with_bits(f.bits > 0)),
    "float64 LLRs": lambda f: with_llrs(f, lambda x: x),
    "large LLRs": lambda f: with_llrs(f, lambda x: 1e300 * x),
    "counts of another dtype": lambda f: with_counts(f, transmissions=np.ones(len(f), np.int8)),
}


@pytest.mark.parametrize("link", BIT_LINKS)
@pytest.mark.parametrize("name", TAKEN_BITS)
def test_bits_that_convert_without_loss_are_taken(name: str, link: Link) -> None:
    arrived = over(Bits(TAKEN_BITS[name]), link)
    assert arrived.frames.bits.tolist() == SENT.bits.tolist()
    if arrived.llrs is not None:
        assert arrived.llrs.dtype == np.float32
        assert np.isfinite(arrived.llrs).all()


def test_erased_bits_may_be_decided_as_either_value() -> None:
    arrived = over(Bits(lambda f: with_llrs(f, lambda x: 0 * x)), Link())
    assert arrived.frames.bits.tolist() == SENT.bits.tolist()
    assert arrived.llrs is not None
    assert not arrived.llrs.any()


EXITS = """
import sys
from dataclasses import dataclass
from semcomm import BitChannel

print("loaded")

@dataclass(frozen=True)
class Exits(BitChannel):
    def transmit(self, frames, rng):
        print("sent")
        sys.exit(0)
"""


def test_exit_is_an_error_with_the_plugins_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints go to standard error."""
    path = tmp_path / "exits.py"
    path.write_text(EXITS)
    channel = load_channel(f"{path}:Exits")
    with pytest.raises(ChannelError, match=rf"Exits failed: SystemExit: 0 \({path}:12\)"):
        over(channel, Link(code=LDPC))
    assert capsys.readouterr() == ("", "loaded\nsent\n")


def test_interrupts_pass_through() -> None:
    def interrupt(frames: Frames) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        over(Bits(interrupt), Link())


def test_unfrozen_channel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unfrozen.py"
    path.write_text(EXITS.replace("(frozen=True)", ""))
    with pytest.raises(SemcommError, match=r"can be changed: write @dataclass\(frozen=True\)"):
        load_channel(f"{path}:Exits")


@dataclass(frozen=True)
class Memory(BitChannel):
    """Remembers what it carried, in a list that a frozen dataclass does not protect."""

    seen: list[int] = field(default_factory=list)

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        self.seen.append(len(frames))
        return Reception.of(frames)


@dataclass(frozen=True)
class Table(BitChannel):
    """Computes a table once."""

    @cached_property
    def table(self) -> list[int]:
        return [1, 2, 3]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        assert self.table
        return Reception.of(frames)


def test_state_is_refused_but_what_is_computed_once() -> None:
    with pytest.raises(ChannelError, match="changed its own fields"):
        over(Memory(), Link())
    assert over(Table(), Link()).frames.bits.tolist() == SENT.bits.tolist()


junk = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.floats() | st.integers(-3, 3) | st.booleans(), max_size=60).map(np.array),
    st.sampled_from([np.zeros((2, 30)), np.array(1j), np.arange(60) % 2, np.ones(30), {}, b"x"]),
)


@given(junk, junk, junk)
@settings(max_examples=200, deadline=None)
def test_any_answer_is_counted_right_or_refused(values: Any, variances: Any, uses: Any) -> None:
    answer = Waves(lambda symbols: SymbolReception(values, variances, uses))
    try:
        arrived = over(answer, Link("qpsk"))
    except ChannelError:
        return
    assert arrived.counts is not None
    assert arrived.counts.channel_uses.min() >= 0
    assert len(arrived.frames) == len(SENT)


@given(junk, junk, junk)
@settings(max_examples=200, deadline=None)
def test_any_bits_and_counts_are_counted_right_or_refused(bits: Any, llrs: Any, uses: Any) -> None:
    def answer(frames: Frames) -> Reception:
        ones = np.ones(len(frames), np.int64)
        counts = Counts(uses, frames.lengths, 0 * ones, ones, 0 * ones, 0 * ones)
        return Reception(frames.with_bits(bits), llrs, counts)

    try:
        arrived = over(Bits(answer), Link())
    except ChannelError:
        return
    assert set(np.unique(arrived.frames.bits)) <= {0, 1}
    assert arrived.llrs is None or np.isfinite(arrived.llrs).all()
