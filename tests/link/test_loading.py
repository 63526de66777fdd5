"""Loading against enumeration, and loaded frames over channels: error rates, energy and costs."""

from itertools import product
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import norm

from semcomm.carrier import carry
from semcomm.channel import BitChannel, State, SymbolChannel
from semcomm.errors import ChannelError, LinkError, SettingError
from semcomm.fading import complex_normals
from semcomm.frames import Frames, Symbols
from semcomm.link import loaded
from semcomm.link.bit_error_rate import awgn_tail, gray_error_rate
from semcomm.link.checked_channel import CheckedSymbols
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode
from semcomm.link.ideal import IdealCode
from semcomm.link.link import Link
from semcomm.link.loaded import Loaded, lay_out
from semcomm.link.loading import (
    LOADED,
    Loading,
    Loads,
    levin_campello,
    thresholds,
    water_filled,
    water_filling,
)
from semcomm.scenario.plugins import load_channel

SMALL = {"profile": "c", "delay_spread_ns": 300.0, "subcarriers": 32, "spacing_khz": 60.0}


def rayleigh_snrs(frames: int, channels: int, esn0_db: float, seed: int = 0) -> NDArray[Any]:
    gains = complex_normals((frames, channels), np.random.default_rng(seed))
    return np.abs(gains) ** 2 * 10 ** (esn0_db / 10)


def ones(*lengths: int) -> Frames:
    return Frames(np.ones(sum(lengths), np.uint8), np.array(lengths, np.int64))


def test_thresholds_of_qpsk_are_those_of_the_normal_tail() -> None:
    for target in (1e-6, 1e-3, 0.1):
        assert 1 - ndtr(np.sqrt(thresholds(target)[1])) == pytest.approx(target)


@pytest.mark.parametrize("target", [1e-7, 1e-4, 0.01, 0.05, 0.1])
def test_thresholds_meet_the_target_and_are_convex(target: float) -> None:
    found = thresholds(target)
    for modulation, threshold in zip(LOADED, found[1:], strict=True):
        assert gray_error_rate(modulation, awgn_tail(threshold)) == pytest.approx(target)
    assert np.all(np.diff(found, n=2) > 0)


@pytest.mark.parametrize("esn0_db", [-3.0, 5.0, 12.0, 25.0])
@pytest.mark.parametrize("target", [1e-5, 0.02])
def test_greedy_loading_is_the_best_of_all_on_eight_subcarriers(
    esn0_db: float, target: float
) -> None:
    """The most bits of all 5^8 ways to load, and the least energy of those with as many."""
    steps = np.array(list(product(range(5), repeat=8)))
    for seed in range(3):
        snrs = rayleigh_snrs(1, 8, esn0_db, seed)
        energies = (thresholds(target)[steps] / snrs).sum(axis=1)
        bits = 2 * steps.sum(axis=1)
        most = bits[energies <= 8].max()
        loads = levin_campello(snrs, target)
        assert loads.bits.sum() == most
        needed = (thresholds(target)[loads.bits // 2] / snrs).sum()
        assert needed == pytest.approx(energies[bits == most].min())
        assert np.isclose(loads.energies.sum(), 8 if most else 0)


@pytest.mark.parametrize("load", [levin_campello, water_filled])
@pytest.mark.parametrize("target", [1e-5, 0.02])
def test_every_loaded_subcarrier_meets_its_target(load: Any, target: float) -> None:
    snrs = rayleigh_snrs(20, 64, 12.0)
    loads = load(snrs, target)
    used = loads.bits > 0
    assert np.all(loads.energies[used] * snrs[used] >= thresholds(target)[loads.bits[used] // 2])
    assert np.all(loads.energies[~used] == 0)
    assert loads.energies.mean(axis=1) == pytest.approx(1)
    assert np.all(loads.bits.sum(axis=1) <= levin_campello(snrs, target).bits.sum(axis=1))


def test_water_filling_by_hand() -> None:
    snrs = np.array([[1.0, 0.5], [1.0, 0.2], [0.2, 1.0], [0.0, 3.0]])
    assert water_filling(snrs) == pytest.approx(np.array([[1.5, 0.5], [2, 0], [0, 2], [0, 2]]))
    assert not water_filling(np.zeros((1, 3))).any()


def test_water_filling_meets_the_conditions_of_its_optimum() -> None:
    """One level for all that are used, below the floors of the others."""
    snrs = rayleigh_snrs(50, 40, 0.0)
    for energies, row in zip(water_filling(snrs), snrs, strict=True):
        used, levels = energies > 0, energies + 1 / row
        assert energies.sum() == pytest.approx(40)
        assert levels[used] == pytest.approx(levels[used][0])
        assert np.all(1 / row[~used] >= levels[used][0] * (1 - 1e-12))


def test_loading_512_subcarriers_takes_less_than_5_ms() -> None:
    snrs = rayleigh_snrs(1, 512, 10.0)
    times = []
    for _ in range(20):
        start = perf_counter()
        levin_campello(snrs, 0.01)
        times.append(perf_counter() - start)
    assert min(times) < 5e-3


def test_reports_are_never_above_the_gain_and_within_a_step() -> None:
    loading = Loading(0.01)
    assert loading.reported(np.array([10**-0.01]))[0] == pytest.approx(10 ** -(0.387096774 / 10))
    energies = 10 ** (np.random.default_rng(1).uniform(-2, 1.1, 1000))
    ratios = 10 * np.log10(energies / loading.reported(energies))
    assert ratios.min() >= 0
    assert ratios.max() < 32 / 31 + 1e-9
    assert loading.reported(np.array([0.0, 0.0099])).tolist() == [0, 0]
    assert len(np.unique(loading.reported(np.logspace(-3, 3, 5000)))) == 32


@pytest.mark.parametrize("model", ["levin_campello", "water_filling"])
@pytest.mark.parametrize("subband", [1, 5, 8, 100])
def test_every_subcarrier_of_a_subband_meets_the_target(model: Any, subband: int) -> None:
    channel: Any = load_channel("tdl", esn0_db=12.0, **SMALL)
    state = channel.draw(50, np.random.default_rng(3))
    loads = Loading(0.02, model=model, subband=subband).loads(state)
    assert loads.bits.any()
    np.testing.assert_allclose(loads.energies.mean(axis=1), loads.bits.any(axis=1))
    received = loads.energies * np.abs(state.gains) ** 2 / state.noise_variance
    for bits, modulation in zip((2, 4, 6, 8), LOADED, strict=True):
        rates = [
            gray_error_rate(modulation, awgn_tail(esn0)) for esn0 in received[loads.bits == bits]
        ]
        assert max(rates, default=0.0) <= 0.02 * (1 + 1e-9)


def test_subbands_are_loaded_as_if_all_had_their_lowest_gain() -> None:
    gains = np.array([[2.0, 1.0, 0.5, 1.5, 1.0]], complex)
    lowest = np.array([[1.0, 1.0, 0.5, 0.5, 1.0]], complex)
    shared = Loading(0.02, subband=2).loads(State(gains, 0.01))
    alone = Loading(0.02).loads(State(lowest, 0.01))
    assert np.array_equal(shared.bits, alone.bits)
    assert np.array_equal(shared.energies, alone.energies)
    assert [Loading(0.02, subband=2).feedback_bits(channels) for channels in (5, 4)] == [15, 10]


def link_error_rates(
    channel: SymbolChannel, loading: Loading, bits_per_frame: int, frames: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each frame that is sent, its share of wrong bits and what formulas say of its loads."""
    signal = Frames(
        np.random.default_rng(8).integers(0, 2, frames * bits_per_frame, np.uint8),
        np.full(frames, bits_per_frame),
    )
    checked = CheckedSymbols(channel)
    reception = Loaded(checked, loading).transmit(signal, np.random.default_rng(9))
    state = channel.draw(frames, np.random.default_rng(9))
    assert state is not None
    loads = loading.loads(state)
    snrs = np.abs(state.gains) ** 2 / state.noise_variance * loads.energies
    sent = loads.bits.sum(axis=1) > 0
    expected = []
    for bits, row in zip(loads.bits[sent], snrs[sent], strict=True):
        carried = np.resize(np.repeat(np.arange(bits.size), bits), bits_per_frame)
        pairs = zip(bits, row, strict=True)
        rates = [
            gray_error_rate(LOADED[m // 2 - 1], awgn_tail(snr)) if m else 0 for m, snr in pairs
        ]
        expected.append(np.array(rates)[carried].mean())
    assert reception.counts is not None
    return reception.counts.bit_errors[sent] / bits_per_frame, np.array(expected)


@pytest.mark.parametrize(
    ("channel", "loading", "share"),
    [
        (load_channel("tdl", esn0_db=12.0, **SMALL), Loading(0.02), 0.6),
        (load_channel("tdl", esn0_db=12.0, **SMALL), Loading(0.02, gain_bits=10), 0.9),
        (load_channel("tdl", esn0_db=18.0, **SMALL), Loading(0.005, "water_filling"), 0.0),
        (load_channel("rayleigh", esn0_db=12.0), Loading(0.05, gain_bits=8), 0.0),
    ],
    ids=["reported in 5 bits", "reported in 10 bits", "water-filling", "one gain"],
)
def test_bit_error_rates_are_those_of_the_loads(
    channel: SymbolChannel, loading: Loading, share: float
) -> None:
    """On the formulas, within 99.9 % by Bonferroni, and below the target, but by greedy loading of
    many subcarriers no further than the rounding of the reports takes it.
    """
    found, expected = link_error_rates(channel, loading, 200, 600)
    deviation = (found - expected).mean() / ((found - expected).std() / np.sqrt(found.size))
    assert abs(deviation) < norm.isf(0.001 / 2 / 4)
    assert expected.max() <= loading.bit_error_rate * (1 + 1e-9)
    assert expected.mean() > share * loading.bit_error_rate


@pytest.mark.parametrize("decibels", [-0.5, 0.5])
def test_error_rates_detect_half_a_db(decibels: float, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, loading = load_channel("tdl", esn0_db=12.0, **SMALL), Loading(0.02)
    _, expected = link_error_rates(channel, loading, 200, 600)

    def louder(layout: Any, bits: Any) -> Any:
        return modulated(layout, bits) * 10 ** (decibels / 20)

    modulated = loaded._modulated
    monkeypatch.setattr(loaded, "_modulated", louder)
    found, _ = link_error_rates(channel, loading, 200, 600)
    deviation = (found - expected).mean() / (found.std() / np.sqrt(found.size))
    assert -np.sign(decibels) * deviation > norm.isf(0.001 / 2)


def test_layout_by_hand() -> None:
    """Two frames of three subcarriers, of which one sends two rounds and the other one."""
    loads = Loads(np.array([[2, 0, 4], [0, 2, 0]]), np.array([[1.0, 0, 2.0], [0, 3.0, 0]]))
    layout = lay_out(loads, np.array([2, 1]))
    assert layout.lengths.tolist() == [6, 3]
    assert layout.energies.tolist() == [1, 0, 2, 1, 0, 2, 0, 3, 0]
    symbols, places = layout.carried["qpsk"]
    assert symbols.tolist() == [0, 3, 7]
    assert places.tolist() == [[0, 1], [6, 7], [12, 13]]
    symbols, places = layout.carried["16qam"]
    assert symbols.tolist() == [2, 5]
    assert places.tolist() == [[2, 3, 4, 5], [8, 9, 10, 11]]


@pytest.mark.parametrize("decisions", ["soft", "hard"])
def test_frames_arrive_whole_where_there_is_little_noise(decisions: Any) -> None:
    rng = np.random.default_rng(2)
    frames = Frames(rng.integers(0, 2, 900, np.uint8), np.array([500, 0, 1, 399]))
    channel = load_channel("tdl", esn0_db=40.0, **SMALL)
    link = Link(loading=Loading(1e-7), decisions=decisions)
    reception = carry(channel, frames, np.random.default_rng(3), link)
    assert np.array_equal(reception.frames.bits, frames.bits)
    assert np.array_equal(reception.frames.lengths, frames.lengths)
    assert reception.counts.feedback_bits.tolist() == [160] * 4
    loads = Loading(1e-7).loads(channel.draw(4, np.random.default_rng(3)))
    rounds = np.ceil(frames.lengths / loads.bits.sum(axis=1))
    assert np.array_equal(reception.counts.channel_uses, rounds * channel.symbol_uses)


def test_frames_whose_gains_carry_nothing_are_not_sent() -> None:
    channel = load_channel("rayleigh", esn0_db=7.0)
    reception = carry(
        channel, ones(*[40] * 200), np.random.default_rng(4), Link(loading=Loading(1e-3))
    )
    lost = reception.frames.lengths == 0
    assert 100 < lost.sum() < 200  # Es/N0 of QPSK has to be 9.8 dB
    assert np.array_equal(reception.counts.channel_uses > 0, ~lost)
    assert not reception.counts.channel_bits[lost].any()
    assert not reception.counts.bit_errors[lost].any()
    assert reception.counts.initial_errors[lost].all()


def test_what_is_handed_to_the_channel_has_a_mean_energy_of_one() -> None:
    handed: list[Symbols] = []

    class Listening(CheckedSymbols):
        def transmit(self, symbols: Symbols, rng: Any, state: State | None = None) -> Any:
            handed.append(symbols)
            return super().transmit(symbols, rng, state)

    channel = Listening(load_channel("tdl", esn0_db=10.0, **SMALL))
    rng = np.random.default_rng(5)
    bits = rng.integers(0, 2, 50 * 4000, np.uint8)
    Loaded(channel, Loading(0.01)).transmit(Frames(bits, np.full(50, 4000)), rng)
    energies = [np.mean(np.abs(frame) ** 2) for frame in handed[0].split()]
    # Those of 16-, 64- and 256-QAM differ from symbol to symbol.
    assert np.mean(energies) == pytest.approx(1, abs=0.01)
    assert np.abs(np.array(energies) - 1).max() < 0.2


@pytest.mark.parametrize("model", ["rayleigh", "rician", "tdl"])
def test_a_drawn_state_is_what_transmit_would_draw(model: str) -> None:
    """Bit for bit, and so is the noise after it."""
    more = {"rician": {"k_factor_db": 3.0}, "tdl": SMALL}.get(model, {})
    channel = load_channel(model, esn0_db=7.0, **more)
    symbols = Symbols(complex_normals((150,), np.random.default_rng(0)), np.array([70, 0, 80]))
    rng = np.random.default_rng(6)
    state = channel.draw(3, rng)
    known: Any = channel.transmit(symbols, rng, state)  # type: ignore[call-arg]
    drawn: Any = channel.transmit(symbols, np.random.default_rng(6))
    assert np.array_equal(known.symbols.values, drawn.symbols.values)
    assert np.array_equal(known.noise_variances, drawn.noise_variances)
    assert state is not None
    place = np.concatenate([np.arange(70), np.arange(80)]) % state.gains.shape[1]
    gains = state.gains[np.repeat([0, 2], [70, 80]), place]
    assert np.allclose(state.noise_variance / np.abs(gains) ** 2, known.noise_variances)


@pytest.mark.parametrize(
    "channel",
    [
        load_channel("awgn", esn0_db=7.0),
        load_channel("rayleigh", esn0_db=7.0, coherence=8),
        load_channel("tdl", esn0_db=7.0, speed_kmh=3.0, **SMALL),
        load_channel("tdl", esn0_db=7.0, pilot_spacing=4, **SMALL),
        load_channel("binary_symmetric", crossover=0.1),
    ],
    ids=str,
)
def test_loading_is_refused_where_gains_do_not_hold(channel: SymbolChannel | BitChannel) -> None:
    with pytest.raises(LinkError, match="takes gains that hold for a whole frame"):
        Link(loading=Loading(0.01)).check(channel, 16)


@pytest.mark.parametrize(
    "beside",
    [
        {"modulation": "qpsk"},
        {"interleaving": 1},
        {"channel_uses": 552},
        {"ideal": IdealCode(0.01)},
    ],
    ids=str,
)
def test_loading_takes_nothing_beside_it_that_fixes_bits(beside: dict[str, Any]) -> None:
    with pytest.raises(LinkError, match=f"link.{next(iter(beside))} is beside link.loading"):
        Link(loading=Loading(0.01), **beside).check(load_channel("rayleigh", esn0_db=7.0), 16)


def test_loading_takes_gains_that_the_receiver_knows() -> None:
    channel = load_channel("rayleigh", esn0_db=7.0, estimation="pilots", pilots=2)
    with pytest.raises(LinkError, match="Rayleigh are estimated: take estimation known"):
        Link(loading=Loading(0.01)).check(channel, 16)


def test_loading_has_no_rate_of_its_own() -> None:
    with pytest.raises(LinkError, match="as many bits per symbol as the gains allow"):
        _ = Link(loading=Loading(0.01)).efficiency


GAINS = np.ones((3, 4), np.complex128)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (State(GAINS[0], 0.1), "drew gains of the shape"),
        (State(GAINS[:2], 0.1), "drew gains of the shape"),
        (State(GAINS * np.nan, 0.1), "drew gains or a noise variance"),
        (State(np.array([["h"] * 4] * 3), 0.1), "drew wrong values: gains takes"),  # type: ignore[arg-type]
        (State([[1], [1, 2], [3]], 0.1), "drew wrong values"),  # type: ignore[arg-type]
        (State(GAINS, "0.1"), "wrong values: a noise variance takes"),  # type: ignore[arg-type]
        (State(GAINS, None), "wrong values: a noise variance takes"),  # type: ignore[arg-type]
        (State(GAINS, 0.0), "or no noise at all"),
        (GAINS, "drew a ndarray; it takes a State"),
    ],
)
def test_a_wrong_state_is_reported(wrong: Any, message: str) -> None:
    class Odd(type(load_channel("awgn", esn0_db=0.0))):  # type: ignore[misc]
        def draw(self, frames: int, rng: np.random.Generator) -> Any:
            return wrong

    with pytest.raises(ChannelError, match=f"channel Odd .*{message}"):
        CheckedSymbols(Odd(esn0_db=0.0)).draw(3, np.random.default_rng(0))


def test_code_and_retransmission_work_over_loaded_frames() -> None:
    channel = load_channel("tdl", esn0_db=10.0, **SMALL)
    link = Link(loading=Loading(0.03), code=LdpcCode("2/3"), retransmission=Retransmission("chase"))
    rng = np.random.default_rng(7)
    sent = Frames(rng.integers(0, 2, 40 * 300, np.uint8), np.full(40, 300))
    reception = link.wrap(channel, lambda arrived: np.ones(len(arrived), np.bool_)).transmit(
        sent, np.random.default_rng(8)
    )
    assert np.array_equal(reception.frames.bits, sent.bits)
    assert reception.counts is not None
    assert reception.counts.feedback_bits.tolist() == [161] * 40  # the reports, and one answer


def test_a_target_outside_its_range_is_refused() -> None:
    with pytest.raises((LinkError, SettingError), match=r"bit_error_rate is 0\.2; it takes"):
        Loading(0.2)
