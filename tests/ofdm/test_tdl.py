"""OFDM over tapped delay lines: error rates on their formulas, waveforms, costs, and whose fades."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.carrier import carry
from semcomm.channel import SymbolReception
from semcomm.errors import ChannelError, LinkError, ScenarioError
from semcomm.fading import complex_normals
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.link.modulation import demap, modulate
from semcomm.ofdm import channel as ofdm_channel
from semcomm.ofdm.channel import Ofdm
from semcomm.ofdm.taps import Taps
from semcomm.run.pipes import read_channel
from semcomm.scenario.plugins import load_channel

ROOT = Path(__file__).parents[2]
PILOTS = {"pilot_spacing": 4, "pilot_period": 3}
SMALL = {"subcarriers": 24, "spacing_khz": 60.0, "esn0_db": 10.0}


def tdl(**parameters: Any) -> Ofdm:
    channel = load_channel("tdl", **{"profile": "c", "delay_spread_ns": 300.0} | parameters)
    assert isinstance(channel, Ofdm)
    return channel


def send(
    channel: Ofdm, values: NDArray[np.complex128], lengths: list[int], seed: int = 1
) -> SymbolReception:
    return channel.transmit(Symbols(values, np.array(lengths)), np.random.default_rng(seed))


@dataclass(frozen=True, kw_only=True)
class Paths(Ofdm):
    """A channel of one's own, on delays that are whole samples."""

    delays_ns: tuple[float, ...]

    @property
    def taps(self) -> Taps:
        return Taps.of_decibels(self.delays_ns, -3.0 * np.arange(len(self.delays_ns)))


class Point(NamedTuple):
    parameters: dict[str, Any]
    esn0_db: float

    def channel(self, decibels: float = 0.0) -> Ofdm:
        esn0_db = self.esn0_db + decibels
        return tdl(**SMALL | {"cyclic_prefix": 23} | self.parameters | {"esn0_db": esn0_db})

    def theory(self, symbols: int) -> float:
        """The mean over all data cells of QPSK's bit error rate.

        Gain and estimate are jointly Gaussian, so that h = c g + e with c = E h g* / E|g|^2 and an
        error e that is independent of g. Given g the decision on a bit is one in Gaussian noise,
        and the mean over g that of flat Rayleigh fading: Proakis and Salehi, Digital
        Communications, 5th ed., section 13.3.
        """
        channel = self.channel()
        noise, is_data = channel.noise_variance, channel.grid.is_data(symbols)
        if channel.estimation == "known":
            return rayleigh_error_rate(1, noise)
        cross, estimated = moments(channel, symbols)
        slope = (cross / estimated)[is_data]
        variance = (1 - np.abs(cross) ** 2 / estimated)[is_data] + noise
        corner = (1 + 1j) / np.sqrt(2)
        distances = np.concatenate([(slope * corner).real, (slope * corner).imag])
        noises = np.tile(variance / estimated[is_data], 2)
        rates = [
            rayleigh_error_rate(np.sqrt(2) * distance, noise_of_cell)
            for distance, noise_of_cell in zip(distances, noises, strict=True)
        ]
        return float(np.mean(rates))


def rayleigh_error_rate(amplitude: float, noise_variance: float) -> float:
    """QPSK's bit error rate where a symbol arrives with this amplitude times a Rayleigh gain."""
    return float(1 - np.sign(amplitude) / np.sqrt(1 + 2 * noise_variance / amplitude**2)) / 2


def moments(channel: Ofdm, symbols: int) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """E h g* and E|g|^2 of each cell: estimates are linear, so that one for each path and moment,
    and one for each pilot's noise, tell them.
    """
    paths = np.sqrt(channel.taps.energies)
    lags = np.abs(np.subtract.outer(np.arange(symbols), np.arange(symbols)))
    root = np.linalg.cholesky(
        channel._autocorrelation(symbols)[lags] + 1e-12 * np.eye(symbols)
    )  # (T, draws)
    basis = root.T[:, None, :, None] * np.diag(paths)[None, :, None, :]  # (draws, L, T, L)
    gains = channel.over_grid(basis.reshape(-1, symbols, paths.size).astype(complex), symbols)
    pilots = channel.grid.pilot_symbols(symbols).size, channel.grid.pilot_subcarriers.size
    silent = np.zeros((pilots[0], len(gains), pilots[1]), np.complex128)
    estimates, _ = channel._estimate(gains, silent)
    units = np.eye(pilots[0] * pilots[1], dtype=np.complex128).reshape(-1, *pilots)
    nothing = np.zeros((len(units), symbols, channel.subcarriers), np.complex128)
    of_noise, _ = channel._estimate(nothing, units.transpose(1, 0, 2))
    cross = (gains * estimates.conj()).sum(axis=0)
    energy = (np.abs(estimates) ** 2).sum(axis=0)
    return cross, energy + channel.noise_variance * (np.abs(of_noise) ** 2).sum(axis=0)


LS, LMMSE = {"estimation": "ls", **PILOTS}, {"estimation": "lmmse", **PILOTS}
FAST = {"speed_kmh": 350.0}
POINTS = [
    Point({"profile": "a"}, 5.0),
    Point({"profile": "b", **FAST}, 8.0),
    Point({"profile": "c"}, 12.0),
    Point({"profile": "c", **PILOTS}, 12.0),
    Point({"profile": "c", **LS}, 8.0),
    Point({"profile": "b", **LS, **FAST}, 15.0),
    Point({"profile": "a", **LMMSE}, 5.0),
    Point({"profile": "c", **LMMSE, **FAST}, 12.0),
]
LIMIT = norm.isf(0.001 / 2 / len(POINTS))


def deviation(point: Point, decibels: float = 0.0, frames: int = 20_000) -> float:
    """How many standard deviations the errors of frames of four OFDM symbols are above theory."""
    channel, theory = point.channel(decibels), point.theory(4)
    length = int(channel.grid.room(np.array(4)))
    bits = np.random.default_rng(3).integers(0, 2, 2 * frames * length, np.uint8)
    received = send(channel, modulate(bits, "qpsk"), [length] * frames)
    llrs = demap(received.symbols.values, received.noise_variances, "qpsk", "hard")
    errors = ((llrs < 0) != bits).reshape(frames, -1).mean(axis=1)
    return float((errors.mean() - theory) / (errors.std(ddof=1) / np.sqrt(frames)))


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_qpsk_error_rates_lie_on_the_formulas(point: Point) -> None:
    assert abs(deviation(point)) < LIMIT


@pytest.mark.parametrize("point", [POINTS[0], POINTS[4], POINTS[7]], ids=str)
@pytest.mark.parametrize("decibels", [-0.3, 0.3])
def test_error_rates_detect_three_tenths_of_a_db(point: Point, decibels: float) -> None:
    assert -np.sign(decibels) * deviation(point, decibels) > LIMIT


def test_estimation_costs_what_its_error_variance_says() -> None:
    """By lmmse the rate is that of flat Rayleigh fading at (1 - e) / (e + N0), cell by cell."""
    point = Point({"profile": "c", **LMMSE}, 10.0)
    channel = point.channel()
    gains = channel.gains(1, 4, np.random.default_rng(0))
    pilots = channel.grid.pilot_symbols(4).size, 1, channel.grid.pilot_subcarriers.size
    _, errors = channel._estimate(gains, np.zeros(pilots, np.complex128))
    errors = errors[channel.grid.is_data(4)]
    rates = [
        rayleigh_error_rate(1, (error + channel.noise_variance) / (1 - error)) for error in errors
    ]
    assert np.mean(rates) == pytest.approx(point.theory(4), rel=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"profile": "d"}, LMMSE, LMMSE | FAST, LMMSE | FAST | {"profile": "e"}],
    ids=str,
)
def test_noise_variance_is_the_mean_squared_error(parameters: dict[str, Any]) -> None:
    """In each quarter of the frames, sorted by their mean noise variance."""
    channel = tdl(**SMALL | parameters)
    length = int(channel.grid.room(np.array(4)))
    values = modulate(np.random.default_rng(5).integers(0, 2, 8000 * length * 2, np.uint8), "qpsk")
    received = send(channel, values, [length] * 8000)
    variances = received.noise_variances.reshape(8000, -1)
    ratios = np.abs(received.symbols.values - values).reshape(8000, -1) ** 2 / variances
    for quarter in np.split(ratios.mean(axis=1)[np.log(variances).mean(axis=1).argsort()], 4):
        deviation = (quarter.mean() - 1) / (quarter.std() / np.sqrt(quarter.size))
        assert abs(deviation) < norm.isf(0.001 / 2 / 20)


@pytest.mark.parametrize("delays", [(0, 3, 7), (2, 4, 8)])
def test_waveforms_through_delays_are_gains_of_subcarriers(delays: tuple[int, ...]) -> None:
    """Two OFDM symbols with their prefixes, convolved with the paths' gains, sample by sample."""
    rng, count = np.random.default_rng(2), 16
    sample_ns = 1e6 / (count * 30.0)
    delays_ns = tuple(sample_ns * delay for delay in delays)
    channel = Paths(esn0_db=60.0, subcarriers=count, delays_ns=delays_ns)
    assert channel.prefix == max(delays)
    cells = complex_normals((2, count), rng)
    samples = np.fft.ifft(cells, axis=1)
    sent = np.concatenate([samples[:, -channel.prefix :], samples], axis=1).ravel()
    assert sent.size == 2 * channel.symbol_uses
    gains = channel.path_gains(1, 2, np.random.default_rng(3))[0, 0]
    impulse_response = np.zeros(max(delays) + 1, np.complex128)
    impulse_response[list(delays)] = gains
    arrived = np.convolve(sent, impulse_response)[: sent.size].reshape(2, -1)
    received = np.fft.fft(arrived[:, channel.prefix :], axis=1)
    assert np.allclose(received, channel.gains(1, 2, np.random.default_rng(3))[0] * cells)
    late = np.fft.fft(arrived[:, channel.prefix - 1 : -1], axis=1)  # a prefix one sample shorter
    turned = late * np.exp(2j * np.pi * np.arange(count) / count)
    assert not np.allclose(turned, received, atol=1e-3)


@pytest.mark.parametrize("esn0_db", [0.0, 17.0])
def test_energy_per_channel_use_over_noise_is_esn0(esn0_db: float) -> None:
    """Of samples in time: those of the prefix have the same energy as all others."""
    channel, rng = tdl(esn0_db=esn0_db, subcarriers=64), np.random.default_rng(6)
    cells = modulate(rng.integers(0, 2, 2000 * 64 * 2, np.uint8), "qpsk").reshape(2000, 64)
    samples = np.fft.ifft(cells, axis=1, norm="ortho")
    energy = np.abs(np.concatenate([samples[:, -channel.prefix :], samples], axis=1)) ** 2
    assert energy.mean() == pytest.approx(1, abs=0.02)  # a hundredth is its standard deviation
    assert energy.shape[1] == channel.symbol_uses
    noise = send(channel, np.zeros(64_000, np.complex128), [64] * 1000)
    scaled = np.abs(noise.symbols.values) ** 2 * (
        channel.noise_variance / noise.noise_variances
    )  # times |h|^2
    assert scaled.mean() == pytest.approx(10 ** (-esn0_db / 10), rel=0.02)


def test_channel_uses_count_prefix_pilots_and_padding() -> None:
    channel = tdl(**SMALL, cyclic_prefix=6, **PILOTS)  # room for 18, 42, 66, 84
    received = send(channel, np.ones(170, np.complex128), [0, 1, 18, 19, 66, 66])
    assert (received.channel_uses / 30).tolist() == [0, 1, 1, 2, 3, 3]
    for length, uses in ((18, 30), (42, 60), (66, 90), (84, 120)):
        assert channel.symbols_in(uses) == length


@pytest.mark.parametrize(
    ("parameters", "uses", "would_do"),
    [
        ({}, 29, 30),
        ({}, 31, 60),
        ({"pilot_spacing": 1, "pilot_period": 2}, 30, 60),
        ({"pilot_spacing": 1, "pilot_period": 2}, 90, 120),
    ],
)
def test_a_number_of_channel_uses_that_no_frame_takes(
    parameters: dict[str, Any], uses: int, would_do: int
) -> None:
    channel = tdl(**SMALL, cyclic_prefix=6, **parameters)
    with pytest.raises(ChannelError, match=f"no frame takes {uses} channel .* {would_do} would do"):
        channel.symbols_in(uses)
    assert channel.symbols_in(would_do) > 0


@pytest.mark.parametrize("speed_kmh", [0.0, 150.0])
def test_fades_are_independent_of_lengths_and_of_estimation(speed_kmh: float) -> None:
    common = SMALL | {"speed_kmh": speed_kmh}
    first = tdl(**common).gains(3, 4, np.random.default_rng(4))
    received = send(tdl(**common, **PILOTS), np.ones(120, np.complex128), [30, 80, 10], seed=4)
    is_data = tdl(**common, **PILOTS).grid.is_data(4)
    energies = np.abs(first[:, is_data]) ** 2
    expected = np.concatenate([energies[0, :30], energies[1, :80], energies[2, :10]])
    assert np.allclose(0.1 / received.noise_variances, expected)

    without = send(tdl(**common, **PILOTS), np.ones(60, np.complex128), [60])
    for estimation in ("ls", "lmmse", "none"):
        channel = tdl(**common, **PILOTS, estimation=estimation)
        other = send(channel, np.ones(60, np.complex128), [60])
        gains = tdl(**common).gains(1, 3, np.random.default_rng(1))[:, is_data[:3]][0, :60]
        ratio = other.symbols.values / (without.symbols.values * gains)  # 1 / g
        if estimation == "none":
            assert np.allclose(ratio, 1)
            assert np.allclose(other.noise_variances, 0.1)
        else:
            _, errors = channel._estimate(first[:1, :3], np.zeros((1, 1, 6), np.complex128))
            total = other.noise_variances / np.abs(ratio) ** 2
            assert np.allclose(total, 0.1 + errors[is_data[:3]][:60])


def test_results_do_not_depend_on_how_many_cells_are_computed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel, lengths = tdl(**SMALL, **LMMSE, speed_kmh=50.0), [50, 20, 70, 0, 50, 21]
    whole = send(channel, np.ones(sum(lengths), np.complex128), lengths)
    monkeypatch.setattr(ofdm_channel, "CELLS_AT_ONCE", 1)
    parts = send(channel, np.ones(sum(lengths), np.complex128), lengths)
    assert np.array_equal(whole.symbols.values, parts.symbols.values)
    assert np.array_equal(whole.noise_variances, parts.noise_variances)


def test_results_do_not_depend_on_threads() -> None:
    """Of the library of linear algebra."""
    program = (
        "import hashlib, numpy as np\n"
        "from semcomm.frames import Symbols\n"
        "from semcomm.scenario.plugins import load_channel\n"
        "channel = load_channel('tdl', profile='c', delay_spread_ns=300.0, esn0_db=10.0,\n"
        "    speed_kmh=30.0, estimation='lmmse', pilot_spacing=1, pilot_period=2)\n"
        "sent = Symbols(np.ones(18_000), np.full(2, 9_000))\n"
        "received = channel.transmit(sent, np.random.default_rng(0))\n"
        "parts = received.symbols.values.tobytes() + received.noise_variances.tobytes()\n"
        "print(hashlib.sha256(parts).hexdigest())\n"
    )
    digests = []
    for threads in "12":
        variables = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.append(done.stdout)
    assert digests[0] == digests[1]


@pytest.mark.parametrize("parameters", [{}, LS, LMMSE | FAST, {"estimation": "none"}], ids=str)
@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0], [2, 0, 3]])
def test_frames_may_be_empty_and_there_may_be_none(
    parameters: dict[str, Any], lengths: list[int]
) -> None:
    received = send(tdl(**SMALL | parameters), np.ones(sum(lengths), np.complex128), lengths)
    assert received.symbols.lengths.tolist() == lengths
    assert received.noise_variances.shape == (sum(lengths),)
    assert np.isfinite(received.noise_variances).all()
    assert received.channel_uses.shape == (len(lengths),)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"cyclic_prefix": 39},
            "cyclic_prefix is 39 samples of 65.1 ns; the longest delay is 2596 ns, which takes at "
            "least 40",
        ),
        (
            {"spacing_khz": 400.0},
            "the longest delay is 2596 ns, longer than an OFDM symbol of 2500 ns",
        ),
        (
            {"speed_kmh": 200.0},
            "speed_kmh is 200.0 at 3.5 GHz, a Doppler shift of 649 Hz; subcarriers of 30.0 kHz "
            "stay apart up to 600 Hz",
        ),
        ({"estimation": "ls"}, "estimation is ls, which takes pilots: set pilot_spacing"),
        ({"pilot_spacing": 1}, "leaves no cell for data"),
        ({"profile": "f"}, "channel.profile is .f.; it takes `a`, `b`, `c`, `d` or `e`"),
        ({"delay_spread_ns": -1.0}, "channel.delay_spread_ns is -1.0; it takes a number from 0 to"),
    ],
)
def test_invalid_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        tdl(**{"esn0_db": 10.0} | parameters)


def test_transport_blocks_over_a_grid_arrive() -> None:
    channel = tdl(esn0_db=25.0)
    link = Link("qpsk", code=LdpcCode("1/2"), channel_uses=2 * channel.symbol_uses)
    frame_bits = link.terms(channel).frame_bits
    assert frame_bits == 2 * 512 * 2 // 2
    frames = Frames(np.zeros(4 * frame_bits, np.uint8), np.full(4, frame_bits))
    framing = Framing(header=False, crc=0)
    reception = carry(channel, frames, np.random.default_rng(1), link, framing)
    assert np.array_equal(reception.frames.bits, frames.bits)
    assert reception.counts.channel_uses.tolist() == [1104] * 4


def test_a_link_refuses_gains_that_nobody_knows() -> None:
    with pytest.raises(LinkError, match="and no demapper works without: take another estimation"):
        Link("qpsk").check(tdl(**SMALL, estimation="none"), 16)


def test_the_command_line_takes_its_parameters() -> None:
    parameters = ["profile=c", "delay_spread_ns=300", "esn0_db=12", "speed_kmh=3"]
    assert read_channel("tdl", parameters, "qpsk") == tdl(esn0_db=12.0, speed_kmh=3.0)
