"""The paths of tapped delay lines against the standard's tables, their formulas, and Sionna."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.fading import complex_normals
from semcomm.ofdm.channel import Ofdm
from semcomm.ofdm.taps import Taps, correlated, jakes
from semcomm.scenario.plugins import load_channel

PROFILES = "abcde"
FAST = {"speed_kmh": 180.0, "carrier_ghz": 3.5}
"""A Doppler shift of 584 Hz, near the most for subcarriers of 30 kHz."""

every_profile = pytest.mark.parametrize("profile", PROFILES)


def tdl(profile: str, **parameters: object) -> Ofdm:
    given = {"esn0_db": 10.0, "delay_spread_ns": 300.0, **parameters}
    channel = load_channel("tdl", profile=profile, **given)
    assert isinstance(channel, Ofdm)
    return channel


def limit(tests: int) -> float:
    """Standard deviations within which so many estimates lie in 99.9 % of runs, by Bonferroni."""
    return float(norm.isf(0.001 / 2 / tests))


def deviations(samples: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many standard deviations the means over the first axis are above what is expected."""
    deviation = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    return (samples.mean(axis=0) - expected) / deviation


def parts(values: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Real and imaginary parts, side by side."""
    return np.stack([values.real, values.imag], axis=-1)


@every_profile
def test_delays_and_energies_are_those_of_sionna(profile: str) -> None:
    from sionna.phy.channel.tr38901 import TDL

    theirs, ours = TDL(profile.upper(), 300e-9, 3.5e9, precision="double"), tdl(profile).taps
    assert 1e-9 * ours.delays_ns == pytest.approx(theirs.delays.numpy(), rel=1e-12)
    assert ours.profile == pytest.approx(theirs.mean_powers.numpy(), rel=1e-12)
    assert ours.profile.sum() == pytest.approx(1)
    if theirs.los:
        assert ours.line_of_sight == pytest.approx(float(theirs.mean_power_los), rel=1e-12)
    else:
        assert ours.line_of_sight == 0


@pytest.mark.parametrize(("profile", "k_factor_db"), [("d", 13.3), ("e", 22.0)])
def test_k_factor_is_that_of_the_tables_notes(profile: str, k_factor_db: float) -> None:
    taps = tdl(profile).taps
    assert 10 * np.log10(taps.line_of_sight / taps.energies[0]) == pytest.approx(k_factor_db)


def test_delay_spread_of_two_equal_paths_is_half_their_distance() -> None:
    assert Taps.of_decibels([100, 500], [-3, -3]).delay_spread_ns == pytest.approx(200)
    assert Taps.of_decibels([100, 500], [-10, -3], -3).delay_spread_ns < 200


@pytest.mark.parametrize("profile", PROFILES)
def test_delay_spread_is_what_was_asked_for(profile: str) -> None:
    """Within the rounding of the tables."""
    tolerance = 7e-3 if profile == "d" else 1e-3
    assert tdl(profile).taps.delay_spread_ns == pytest.approx(300, rel=tolerance)


@every_profile
def test_path_energies_are_the_power_delay_profile(profile: str) -> None:
    channel = tdl(profile)
    paths = channel.path_gains(20_000, 1, np.random.default_rng(1))[:, 0]
    found = deviations(np.abs(paths) ** 2, channel.taps.energies)
    assert np.abs(found).max() < limit(5 * 24)


@every_profile
def test_gains_have_the_frequency_correlation_of_the_profile(profile: str) -> None:
    channel = tdl(profile, subcarriers=128, spacing_khz=100.0)
    gains = channel.gains(20_000, 1, np.random.default_rng(2))[:, 0]
    spacings = np.array([0, 1, 2, 5, 12, 31, 64, 127])
    products = gains[:, :1].conj() * gains[:, spacings]
    expected = channel.taps.frequency_correlation(1e5 * spacings)
    found = deviations(parts(products), parts(expected))[1:]
    assert np.abs(found).max() < limit(5 * 14)
    assert products[:, 0].real.mean() == pytest.approx(1, abs=limit(5) / np.sqrt(20_000))


def test_frequency_correlation_is_a_cosine_for_two_paths() -> None:
    taps = Taps.of_decibels([0, 400], [0, 0])
    correlation = taps.frequency_correlation(np.array([0, 1.25e6, 2.5e6]))
    assert np.abs(correlation) == pytest.approx([1, 0, 1])


def test_gains_have_the_doppler_autocorrelation_of_clarke() -> None:
    channel = tdl("c", **FAST)
    paths = channel.path_gains(1000, 48, np.random.default_rng(3)) / np.sqrt(channel.taps.energies)
    seconds = 47 * (512 + channel.prefix) / (512 * 30e3)
    lags = np.array([1, 2, 4, 8, 15, 23, 31, 47])
    products = paths[:, :1].conj() * paths[:, lags]  # of independent frames and paths
    products = products.transpose(0, 2, 1).reshape(-1, lags.size)
    expected = jakes(channel.doppler_hz, seconds * lags / 47)
    assert expected.min() < -0.3  # far enough that the correlation has passed 0
    found = deviations(parts(products), parts(expected.astype(np.complex128)))
    assert np.abs(found).max() < limit(16)


@pytest.mark.parametrize("doppler_hz", [0.1, 10.0, 1000.0])
@pytest.mark.parametrize("symbols", [1, 2, 128])
def test_factor_gives_the_autocorrelation(doppler_hz: float, symbols: int) -> None:
    """Also where it is all but constant: unit draws at one moment give a row of the factor."""
    autocorrelation = jakes(doppler_hz, 36e-6 * np.arange(symbols))
    white = np.eye(symbols, dtype=np.complex128)[:, :, None]
    factor = correlated(white, autocorrelation)[..., 0]
    covariance = factor.T @ factor.conj()
    lags = np.abs(np.subtract.outer(np.arange(symbols), np.arange(symbols)))
    assert np.allclose(covariance, autocorrelation[lags], atol=1e-9)


def test_gains_do_not_depend_on_later_ones() -> None:
    white = complex_normals((40, 3, 2), np.random.default_rng(4))
    autocorrelation = jakes(300.0, 36e-6 * np.arange(40))
    whole = correlated(white, autocorrelation)
    for symbols in (1, 2, 7, 39):
        some = correlated(white[:symbols], autocorrelation[:symbols])
        assert np.allclose(some, whole[:, :symbols], rtol=0, atol=1e-12)


def test_line_of_sight_turns_at_seven_tenths_of_the_doppler_shift() -> None:
    channel = tdl("e", subcarriers=16, **FAST)
    mean = channel.gains(20_000, 5, np.random.default_rng(5))[..., 0].mean(axis=0)
    seconds = (16 + channel.prefix) / (16 * 30e3)
    turn = 2 * np.pi * 0.7 * channel.doppler_hz * seconds
    for one, next_one in pairwise(mean):
        assert np.angle(next_one / one) == pytest.approx(turn, abs=2e-3)
    # What is scattered, a tenth of the energy, leaves 0.0023 in the mean: four times that.
    assert np.abs(mean) == pytest.approx(np.sqrt(channel.taps.line_of_sight), abs=0.01)


@pytest.mark.slow
@every_profile
def test_sionnas_channel_has_the_same_correlations(profile: str) -> None:
    """Over frequency and over time, of Sionna's samples; of a line of sight, at rest."""
    import torch
    from sionna.phy import config
    from sionna.phy.channel.tr38901 import TDL

    config.seed = 7
    still = profile in "de"
    ours = tdl(profile, subcarriers=64, spacing_khz=100.0, **({} if still else FAST))
    seconds = (64 + ours.prefix) / (64 * 100e3)
    speed = 0.0 if still else 50.0  # m/s, 180 km/h
    theirs = TDL(profile.upper(), 300e-9, 3.5e9, min_speed=speed, precision="double")
    with torch.no_grad():
        paths, delays = theirs(3000, 21, 1 / seconds)
    taps = paths.numpy()[:, 0, 0, 0, 0]  # (frames, paths, times)
    steps = np.exp(-2j * np.pi * 100e3 * np.arange(64)[:, None] * delays.numpy()[0, 0, 0])
    places = [(0, 1), (0, 9), (0, 63), (5, 0), (20, 0), (20, 9)]
    first = taps[:, :, 0].sum(axis=1)  # of the lowest subcarrier
    for lag, subcarrier in places:
        products = first.conj() * (taps[:, :, lag] @ steps[subcarrier])
        frequency = ours.taps.frequency_correlation(np.array([100e3 * subcarrier]))[0]
        expected = frequency * jakes(ours.doppler_hz, np.array([lag * seconds]))[0]
        found = deviations(parts(products), parts(np.array(expected)))
        assert np.abs(found).max() < limit(5 * 2 * len(places))
