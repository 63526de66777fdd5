"""Bit error rates over noise and fading on the exact formulas, estimated gains, and which fades a
frame meets.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import expon, kstest, ncx2, norm

from semcomm import fading
from semcomm.channel import GainKnowledge, SymbolChannel, SymbolReception
from semcomm.choices import Modulation
from semcomm.errors import LinkError, ScenarioError
from semcomm.fading import FlatFading, complex_normals
from semcomm.frames import Symbols
from semcomm.link.bit_error_rate import Tail, awgn_tail, gray_error_rate
from semcomm.link.checked_channel import CheckedSymbols, channel_name
from semcomm.link.link import Link
from semcomm.link.modulation import BITS_PER_SYMBOL, demap, modulate
from semcomm.scenario.plugins import load_channel

# A busy machine may take longer for an example than hypothesis allows.
without_deadline = settings(deadline=None)

PILOTS = {"estimation": "pilots", "coherence": 12, "pilots": 2}


def rayleigh_tail(esn0: float) -> Tail:
    """The mean over the fades: Proakis and Salehi, Digital Communications, 5th ed., section
    13.3.
    """
    return lambda distances: (1 - np.sign(distances) / np.sqrt(1 + 1 / (distances**2 * esn0))) / 2


def rician_tail(esn0: float, k_factor: float) -> Tail:
    """The mean over the fades: Simon and Alouini, Digital Communication over Fading Channels,
    section 5.1.

    Craig's form of the normal tail makes it an integral of the fades' moment generating function.
    """
    nodes, weights = np.polynomial.legendre.leggauss(200)
    sines = np.sin(np.pi / 4 * (1 + nodes)) ** 2

    def tail(distances: NDArray[np.float64]) -> NDArray[np.float64]:
        share = 1 / (1 + (1 + k_factor) * sines / (esn0 * distances[..., None] ** 2))
        positive = ((1 - share) * np.exp(-k_factor * share)) @ weights / 4
        return np.where(distances < 0, 1 - positive, positive)

    return tail


class Point(NamedTuple):
    channel: str
    parameters: dict[str, Any]
    modulation: Modulation
    esn0_db: float
    frames: int
    symbols: int

    def theory(self) -> float:
        esn0 = 10 ** (self.esn0_db / 10)
        if self.channel == "awgn":
            return gray_error_rate(self.modulation, awgn_tail(esn0))
        k_factor = 10 ** (self.parameters.get("k_factor_db", -np.inf) / 10)
        scattered = 1 / (1 + k_factor)
        if self.parameters.get("estimation") == "pilots":
            # The estimate of a gain is a gain itself, and its error is noise, of symbols of
            # constant energy.
            pilot_noise = 1 / (esn0 * self.parameters["pilots"])
            estimated = scattered**2 / (scattered + pilot_noise)
            esn0 = (1 - scattered + estimated) / (scattered - estimated + 1 / esn0)
            k_factor = (1 - scattered) / estimated
        return gray_error_rate(
            self.modulation, rician_tail(esn0, k_factor) if k_factor else rayleigh_tail(esn0)
        )

    def __str__(self) -> str:
        values = [str(value) for value in self.parameters.values()]
        return "-".join([self.channel, *values, self.modulation, f"{self.esn0_db}dB"])


FAST, BLOCKS, FRAMES = {"coherence": 1}, {"coherence": 8}, {"coherence": None}
K6 = {"k_factor_db": 6.0}

POINTS = [
    Point("awgn", {}, "bpsk", 0.0, 2000, 300),
    Point("awgn", {}, "bpsk", 4.0, 2000, 700),
    Point("awgn", {}, "qpsk", 3.0, 2000, 150),
    Point("awgn", {}, "qpsk", 7.0, 2000, 400),
    Point("awgn", {}, "16qam", 6.0, 2000, 100),
    Point("awgn", {}, "16qam", 14.0, 2000, 250),
    Point("awgn", {}, "64qam", 12.0, 2000, 80),
    Point("awgn", {}, "64qam", 20.0, 2000, 150),
    Point("rayleigh", FAST, "bpsk", 5.0, 2000, 700),
    Point("rayleigh", FAST, "qpsk", 8.0, 2000, 350),
    Point("rayleigh", FAST, "16qam", 12.0, 2000, 200),
    Point("rayleigh", FAST, "64qam", 18.0, 2000, 150),
    Point("rayleigh", BLOCKS, "bpsk", 2.0, 16_000, 64),
    Point("rayleigh", BLOCKS, "16qam", 10.0, 16_000, 40),
    Point("rayleigh", FRAMES, "bpsk", 2.0, 150_000, 6),
    Point("rayleigh", FRAMES, "qpsk", 5.0, 150_000, 3),
    Point("rayleigh", FRAMES, "16qam", 10.0, 150_000, 2),
    Point("rayleigh", FRAMES, "64qam", 15.0, 150_000, 1),
    Point("rician", K6 | FAST, "bpsk", 3.0, 2000, 400),
    Point("rician", K6 | FAST, "16qam", 12.0, 2000, 150),
    Point("rician", K6 | FRAMES, "64qam", 16.0, 100_000, 2),
    Point("rayleigh", PILOTS, "bpsk", 3.0, 30_000, 40),
    Point("rayleigh", PILOTS, "qpsk", 8.0, 30_000, 40),
    Point("rician", K6 | PILOTS, "qpsk", 5.0, 20_000, 30),
    Point("awgn", {}, "256qam", 18.0, 2000, 80),
    Point("awgn", {}, "256qam", 25.0, 2000, 150),
    Point("rayleigh", FAST, "256qam", 24.0, 2000, 150),
    Point("rayleigh", FRAMES, "256qam", 20.0, 150_000, 1),
    Point("rician", K6 | FRAMES, "256qam", 22.0, 100_000, 2),
]

LIMIT = norm.isf(0.001 / 2 / len(POINTS))
"""Standard deviations within which all points lie in 99.9 % of runs, by Bonferroni's inequality."""

every_point = pytest.mark.parametrize("number", range(len(POINTS)), ids=map(str, POINTS))


def send(
    channel: SymbolChannel, values: NDArray[np.complex128], lengths: list[int], seed: int
) -> SymbolReception:
    symbols = Symbols(values, np.array(lengths, np.int64))
    return channel.transmit(symbols, np.random.default_rng(seed))


def errors_per_frame(number: int, decibels: float = 0.0) -> NDArray[np.int64]:
    """(frames,) wrong bits of a point's frames, over a channel that is by so much better than it
    should be.
    """
    point = POINTS[number]
    width = point.symbols * BITS_PER_SYMBOL[point.modulation]
    bits = np.random.default_rng([number, 0]).integers(0, 2, point.frames * width, dtype=np.uint8)
    channel = load_channel(point.channel, esn0_db=point.esn0_db + decibels, **point.parameters)
    symbols = Symbols(modulate(bits, point.modulation), np.full(point.frames, point.symbols))
    received = channel.transmit(symbols, np.random.default_rng([number, 1]))
    llrs = demap(received.symbols.values, received.noise_variances, point.modulation, "hard")
    return ((llrs < 0) != bits).reshape(point.frames, width).sum(axis=1)


def deviation(number: int, errors: NDArray[np.int64]) -> float:
    """How many standard deviations of the frames' mean the errors are above the formula."""
    point = POINTS[number]
    expected = point.theory() * point.symbols * BITS_PER_SYMBOL[point.modulation]
    return float((errors.mean() - expected) / (errors.std(ddof=1) / np.sqrt(errors.size)))


@every_point
def test_bit_error_rates_lie_on_the_exact_formulas(number: int) -> None:
    errors = errors_per_frame(number)
    assert errors.size >= 1000
    assert errors.sum() >= 10_000
    assert abs(deviation(number, errors)) < LIMIT


@every_point
@pytest.mark.parametrize("decibels", [-0.2, 0.2])
def test_error_rates_detect_noise_off_by_a_fifth_of_a_db(number: int, decibels: float) -> None:
    assert -np.sign(decibels) * deviation(number, errors_per_frame(number, decibels)) > LIMIT


def over_decision_regions(modulation: Modulation, tail: Tail) -> float:
    """The bit error rate from the probability of each decision region for each amplitude."""
    width = BITS_PER_SYMBOL[modulation] // 2
    index = np.arange(1 << width)
    gray = index ^ index >> 1
    spacing = np.sqrt(6 / ((1 << 2 * width) - 1))
    edges = np.concatenate([[-np.inf], index[1:] - 0.5, [np.inf]])
    decided = -np.diff(tail(spacing * (edges - index[:, None])))
    wrong_bits = np.bitwise_count(gray[:, None] ^ gray)
    return float((decided * wrong_bits).sum() / (index.size * width))


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam", "256qam"])
@pytest.mark.parametrize("esn0_db", [-10.0, 0.0, 10.0, 20.0])
def test_published_formula_is_the_sum_over_decision_regions(
    modulation: Modulation, esn0_db: float
) -> None:
    tail = awgn_tail(10 ** (esn0_db / 10))
    assert gray_error_rate(modulation, tail) == pytest.approx(
        over_decision_regions(modulation, tail), rel=1e-9
    )


def test_lowest_error_rates_keep_their_digits() -> None:
    """At 30 dB, near 1e-219 and 1e-45."""
    qpsk, qam = (gray_error_rate(name, awgn_tail(1000.0)) for name in ("qpsk", "16qam"))
    near, far, farther = (norm.sf(steps * np.sqrt(200)) for steps in (1, 3, 5))
    assert qpsk == pytest.approx(norm.sf(np.sqrt(1000)), rel=1e-9, abs=0)
    assert qam == pytest.approx((3 * near + 2 * far - farther) / 4, rel=1e-9, abs=0)


@pytest.mark.parametrize("modulation", list(BITS_PER_SYMBOL))
def test_rician_theory_has_rayleigh_and_awgn_for_its_ends(modulation: Modulation) -> None:
    scattered = gray_error_rate(modulation, rician_tail(10.0, 0.0))
    assert scattered == pytest.approx(gray_error_rate(modulation, rayleigh_tail(10.0)), rel=1e-9)
    assert gray_error_rate(modulation, rician_tail(10.0, 1e7)) == pytest.approx(
        gray_error_rate(modulation, awgn_tail(10.0)), rel=1e-4
    )


CHANNELS = [
    load_channel("awgn", esn0_db=3.0),
    *(
        load_channel(model, esn0_db=esn0_db, **parameters)
        for model in ("rayleigh", "rician")
        for esn0_db in (0.0, 12.0)
        for parameters in [
            {**fades, **({"k_factor_db": 3.0} if model == "rician" else {})}
            for fades in (FAST, BLOCKS, FRAMES, PILOTS)
        ]
    ),
]
every_channel = pytest.mark.parametrize("channel", CHANNELS, ids=str)


@every_channel
def test_noise_variance_is_the_mean_squared_error(
    channel: SymbolChannel,
) -> None:
    """In each quarter of the frames, sorted by their noise variance."""
    bits = np.random.default_rng(5).integers(0, 2, 4 * 40_000, dtype=np.uint8)
    symbols = modulate(bits, "16qam")
    received = send(channel, symbols, [4] * 10_000, seed=6)
    ratios = (
        (np.abs(received.symbols.values - symbols) ** 2 / received.noise_variances)
        .reshape(-1, 4)
        .mean(axis=1)
    )
    limit = norm.isf(0.001 / 2 / (4 * len(CHANNELS)))
    for quarter in np.split(ratios[received.noise_variances[::4].argsort(kind="stable")], 4):
        assert abs(quarter.mean() - 1) < limit * quarter.std() / np.sqrt(quarter.size)


def test_gain_energies_are_exponential_or_chi_squared() -> None:
    """Of 20,000 gains: exponential (Rayleigh), and noncentral chi-squared with two degrees of
    freedom (Rice).
    """
    symbols, lengths = np.ones(20_000, np.complex128), [10] * 2000
    rayleigh = send(load_channel("rayleigh", esn0_db=0.0, coherence=1), symbols, lengths, seed=1)
    rician = send(
        load_channel("rician", esn0_db=0.0, k_factor_db=5.0, coherence=1), symbols, lengths, seed=2
    )
    k_factor = 10**0.5
    assert kstest(1 / rayleigh.noise_variances, expon.cdf).pvalue > 0.001
    rice = ncx2(2, 2 * k_factor, scale=1 / (2 * (1 + k_factor)))
    assert kstest(1 / rician.noise_variances, rice.cdf).pvalue > 0.001


def test_rician_limits_are_awgn_and_rayleigh() -> None:
    symbols, lengths = np.ones(3000, np.complex128), [100] * 30
    rayleigh = send(load_channel("rayleigh", esn0_db=10.0, coherence=7), symbols, lengths, seed=1)
    scattered = send(
        load_channel("rician", esn0_db=10.0, k_factor_db=-60.0, coherence=7),
        symbols,
        lengths,
        seed=1,
    )
    straight = send(
        load_channel("rician", esn0_db=10.0, k_factor_db=60.0, coherence=7),
        symbols,
        lengths,
        seed=1,
    )
    # Gains differ by about the root of the K-factor, 1e-3, which weighs most where they are
    # smallest.
    assert np.median(np.abs(scattered.noise_variances / rayleigh.noise_variances - 1)) < 0.005
    assert np.abs(straight.noise_variances / 0.1 - 1).max() < 0.015


def test_gain_holds_for_a_coherence_block_within_a_frame() -> None:
    received = send(
        load_channel("rayleigh", esn0_db=0.0, coherence=3),
        np.ones(12, np.complex128),
        [7, 0, 5],
        seed=1,
    )
    _, block = np.unique(received.noise_variances, return_inverse=True)
    first, second, third, fourth, fifth = block[[0, 3, 6, 7, 10]]
    assert len({first, second, third, fourth, fifth}) == 5
    assert block.tolist() == [first] * 3 + [second] * 3 + [third] + [fourth] * 3 + [fifth] * 2


frame_lengths = st.integers(0, 6).flatmap(
    lambda frames: st.tuples(*[st.lists(st.integers(0, 40), min_size=frames, max_size=frames)] * 2)
)


@pytest.mark.parametrize("model", ["rayleigh", "rician"])
@given(frame_lengths, st.sampled_from([None, 4, 7]), st.integers(0, 3))
@without_deadline
def test_fades_are_independent_of_frame_lengths(
    model: str, both: tuple[list[int], list[int]], coherence: int | None, pilots: int
) -> None:
    more = {"k_factor_db": 2.0} if model == "rician" else {}
    channel = load_channel(model, esn0_db=5.0, coherence=coherence, pilots=pilots, **more)
    variances = []
    for lengths in both:
        received = send(channel, np.ones(sum(lengths), np.complex128), lengths, seed=3)
        variances.append(np.split(received.noise_variances, np.cumsum(lengths)))
    for one, other in zip(*variances, strict=True):
        shared = min(one.size, other.size)
        np.testing.assert_array_equal(one[:shared], other[:shared])


@given(frame_lengths)
@without_deadline
def test_gains_are_independent_of_lengths_and_draw_size(
    both: tuple[list[int], list[int]],
) -> None:
    """The j-th gain of a frame depends on neither block numbers nor DRAWS_AT_ONCE."""
    channel = load_channel("rician", esn0_db=0.0, k_factor_db=-3.0, coherence=1)
    assert isinstance(channel, FlatFading)
    gains = []
    for blocks, at_once in zip(both, (1 << 18, 10), strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fading, "DRAWS_AT_ONCE", at_once)
            drawn = channel.gains(np.array(blocks, np.int64), np.random.default_rng(4))
        gains.append(np.split(drawn, np.cumsum(blocks)))
    for one, other in zip(*gains, strict=True):
        np.testing.assert_array_equal(one[: other.size], other[: one.size])


def test_fades_and_noise_are_independent_of_estimation() -> None:
    symbols, lengths = modulate(np.zeros(120, np.uint8), "qpsk"), [30, 0, 20, 10]
    known, estimated = (
        send(
            load_channel("rayleigh", esn0_db=7.0, coherence=8, pilots=3, estimation=estimation),
            symbols,
            lengths,
            1,
        )
        for estimation in ("known", "pilots")
    )
    np.testing.assert_array_equal(known.channel_uses, estimated.channel_uses)
    # What was received is the equalized symbol times the gain, whose energy the noise variance
    # tells.
    energies = [
        np.abs(received.symbols.values) ** 2 / received.noise_variances
        for received in (known, estimated)
    ]
    ratio = energies[0] / energies[1]
    assert ratio.std() < 1e-9
    noise, pilot_noise = 10**-0.7, 10**-0.7 / 3
    assert ratio.mean() == pytest.approx((noise + pilot_noise / (1 + pilot_noise)) / noise)


@pytest.mark.parametrize(
    ("parameters", "channel_uses"),
    [
        ({}, [0, 1, 5, 6, 7]),
        ({"pilots": 2}, [0, 3, 7, 8, 9]),  # one block a frame, and none where nothing is sent
        ({"pilots": 2, "estimation": "pilots"}, [0, 3, 7, 8, 9]),
        (
            {"pilots": 2, "coherence": 8},
            [0, 3, 7, 8, 11],
        ),  # a block holds 6 symbols, so 7 need another
        ({"pilots": 2, "coherence": 3}, [0, 3, 15, 18, 21]),
    ],
)
def test_channel_uses_with_pilots_by_hand(
    parameters: dict[str, Any], channel_uses: list[int]
) -> None:
    channel = load_channel("rayleigh", esn0_db=0.0, **parameters)
    received = send(channel, np.ones(19, np.complex128), [0, 1, 5, 6, 7], seed=1)
    assert received.channel_uses.tolist() == channel_uses
    assert received.symbols.values.size == received.noise_variances.size == 19


@every_channel
@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0], [2, 0, 3]])
def test_frames_may_be_empty_and_there_may_be_none(
    channel: SymbolChannel, lengths: list[int]
) -> None:
    received = send(channel, np.ones(sum(lengths), np.complex128), lengths, seed=1)
    assert (received.symbols.values.dtype, received.symbols.values.shape) == (
        np.complex128,
        (sum(lengths),),
    )
    assert received.symbols.lengths.tolist() == lengths
    assert (received.noise_variances.dtype, received.noise_variances.shape) == (
        np.float64,
        (sum(lengths),),
    )
    assert (received.channel_uses.dtype, received.channel_uses.shape) == (np.int64, (len(lengths),))
    assert np.isfinite(received.noise_variances).all()


@pytest.mark.parametrize("model", ["rayleigh", "rician"])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"estimation": "pilots"},
            "channel: pilots is 0; estimation pilots takes at least 1 in each coherence block",
        ),
        (
            {"coherence": 2, "pilots": 2},
            "pilots is 2, which leaves no room in blocks of coherence 2; there it is at",
        ),
        (
            {"coherence": 1, "pilots": 1, "estimation": "pilots"},
            "pilots is 1, which leaves no room in blocks of coh",
        ),
        (
            {"coherence": 0},
            "channel.coherence is 0; it takes a whole number from 1 to 1000000000 or null",
        ),
        (
            {"estimation": "lms"},
            "channel.estimation is .lms.; it takes `known`, `pilots` or `none`",
        ),
        ({"esn0_db": 61.0}, "channel.esn0_db is 61.0; it takes a number from -30 to 60"),
    ],
)
def test_invalid_parameters_are_refused(
    model: str, parameters: dict[str, Any], message: str
) -> None:
    more = {"k_factor_db": 2.0} if model == "rician" else {}
    with pytest.raises(ScenarioError, match=message):
        load_channel(model, **{"esn0_db": 3.0, **more, **parameters})


@pytest.mark.parametrize("name", ["rayleigh", "rician"])
def test_a_receiver_without_estimation_gets_what_the_gain_made(name: str) -> None:
    """The same fades and noise as with known gains, not divided by the gain."""
    settings: dict[str, Any] = {"k_factor_db": 3.0} if name == "rician" else {}
    sent = Symbols(complex_normals((60,), np.random.default_rng(0)), np.array([20, 40]))
    known, none = (
        load_channel(name, esn0_db=7.0, estimation=estimation, **settings).transmit(
            sent,  # type: ignore[arg-type]
            np.random.default_rng(1),
        )
        for estimation in ("known", "none")
    )
    assert isinstance(known, SymbolReception) and isinstance(none, SymbolReception)
    energy = 10**-0.7 / known.noise_variances  # |h|^2
    gains = none.symbols.values / known.symbols.values
    np.testing.assert_allclose(np.abs(gains) ** 2, energy)
    np.testing.assert_allclose(none.noise_variances, 10**-0.7)
    assert np.array_equal(none.channel_uses, known.channel_uses)


class OfUnknownGain(type(load_channel("awgn", esn0_db=7.0))):  # type: ignore[misc]
    """A channel of one's own, which says so itself."""

    @property
    def gain_knowledge(self) -> GainKnowledge:
        return "none"


@pytest.mark.parametrize(
    "channel",
    [
        load_channel("rayleigh", esn0_db=7.0, estimation="none"),
        load_channel("tdl", esn0_db=7.0, profile="a", delay_spread_ns=30, estimation="none"),
        OfUnknownGain(7.0),
        CheckedSymbols(OfUnknownGain(7.0)),
    ],
    ids=channel_name,
)
def test_a_link_refuses_a_channel_whose_gain_nobody_knows(channel: SymbolChannel) -> None:
    with pytest.raises(LinkError, match="and no demapper works without: take another estimation"):
        Link("qpsk").check(channel, 16)
