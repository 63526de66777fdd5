"""Estimates of gains from pilots, against dense matrices and against the errors that they claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from semcomm.fading import complex_normals
from semcomm.ofdm.channel import Ofdm
from semcomm.ofdm.estimation import Statistics, least_squares, minimum_mean_squared_error
from semcomm.ofdm.grid import Grid
from semcomm.ofdm.taps import jakes
from semcomm.scenario.plugins import load_channel

FRAMES = 4000


def statistics(
    grid: Grid, symbols: int, noise_variance: float, line_of_sight: float = 0.0
) -> Statistics:
    """Three paths that fade fast."""
    frequencies, delays = np.arange(grid.subcarriers), np.array([0.0, 0.03, 0.11])
    energies = (1 - line_of_sight) * np.array([0.5, 0.3, 0.2])
    paths = np.exp(-2j * np.pi * np.outer(frequencies, delays)) * np.sqrt(energies)
    turning = np.exp(0.3j * np.arange(symbols))
    mean = np.sqrt(line_of_sight) * np.outer(turning, np.ones(grid.subcarriers))
    return Statistics(mean, paths, jakes(0.08, np.arange(symbols)), noise_variance)


def dense(
    measured: NDArray[np.complex128], grid: Grid, known: Statistics
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Kay's theorem 12.1 over all cells at once."""
    shape = known.mean.shape
    lags = np.abs(np.subtract.outer(np.arange(shape[0]), np.arange(shape[0])))
    covariance = np.kron(known.autocorrelation[lags], known.paths @ known.paths.conj().T)
    pilots = np.flatnonzero(~grid.is_data(shape[0]))
    noisy = covariance[np.ix_(pilots, pilots)] + known.noise_variance * np.eye(pilots.size)
    weights = covariance[:, pilots] @ np.linalg.inv(noisy)
    flat = measured.reshape(len(measured), -1) - known.mean.reshape(-1)[pilots]
    estimates = known.mean + (flat @ weights.T).reshape(-1, *shape)
    errors = (covariance - weights @ covariance[pilots]).diagonal().real
    return estimates, errors.reshape(shape)


@pytest.mark.parametrize("noise_db", [-60.0, -10.0, 20.0])
@given(
    st.builds(Grid, st.integers(1, 20), st.integers(1, 8), st.integers(1, 4)),
    st.integers(1, 7),
    st.sampled_from([0.0, 0.6]),
)
@settings(deadline=None, max_examples=25)
def test_linear_minimum_mean_squared_error_is_that_of_dense_matrices(
    noise_db: float, grid: Grid, symbols: int, line_of_sight: float
) -> None:
    known = statistics(grid, symbols, 10 ** (noise_db / 10), line_of_sight)
    moments, pilots = grid.pilot_symbols(symbols).size, grid.pilot_subcarriers.size
    measured = complex_normals((3, moments, pilots), np.random.default_rng(1))
    estimates, errors = minimum_mean_squared_error(measured, grid, known)
    expected, expected_errors = dense(measured, grid, known)
    # The matrices' condition is a million at -60 dB.
    assert np.allclose(estimates, expected, atol=1e-6, rtol=1e-6)
    assert np.allclose(errors, expected_errors, atol=1e-9)


def test_linear_interpolation_by_hand() -> None:
    grid, known = Grid(6, 3, 2), statistics(Grid(6, 3, 2), 4, 0.1)
    measured = np.array([[[0.0, 3.0], [6.0, 9.0j]]])
    estimates, _ = least_squares(measured, grid, known)
    assert np.allclose(estimates[0, 0], [0, 1, 2, 3, 3, 3])
    assert np.allclose(estimates[0, 2], [6, 4 + 3j, 2 + 6j, 9j, 9j, 9j])
    assert np.allclose(estimates[0, 1], (estimates[0, 0] + estimates[0, 2]) / 2)
    assert np.array_equal(estimates[0, 3], estimates[0, 2])


@pytest.mark.parametrize("profile", ["c", "d"])
@pytest.mark.parametrize("estimation", ["ls", "lmmse"])
@pytest.mark.parametrize("speed_kmh", [0.0, 150.0])
def test_errors_have_the_mean_squares_that_are_claimed(
    profile: str, estimation: str, speed_kmh: float
) -> None:
    """Of every cell of a small grid, between pilots and beyond the last."""
    channel = load_channel(
        "tdl",
        profile=profile,
        delay_spread_ns=300.0,
        esn0_db=8.0,
        subcarriers=14,
        spacing_khz=60.0,
        cyclic_prefix=14,
        speed_kmh=speed_kmh,
        estimation=estimation,
        pilot_spacing=4,
        pilot_period=3,
    )
    assert isinstance(channel, Ofdm)
    rng = np.random.default_rng(2)
    gains = channel.gains(FRAMES, 5, rng)
    pilot_noise = np.sqrt(channel.noise_variance) * complex_normals((2, FRAMES, 4), rng)
    estimates, errors = channel._estimate(gains, pilot_noise)
    squares = np.abs(gains - estimates) ** 2
    found = (squares.mean(axis=0) - errors) / (squares.std(axis=0) / np.sqrt(FRAMES))
    assert np.abs(found).max() < norm.isf(0.001 / 2 / (8 * found.size))


def test_lmmse_errors_are_below_those_of_least_squares() -> None:
    grid = Grid(30, 5, 2)
    known = statistics(grid, 6, 0.1)
    measured = np.zeros((1, 3, 6), np.complex128)
    _, smallest = minimum_mean_squared_error(measured, grid, known)
    _, others = least_squares(measured, grid, known)
    assert np.all(smallest < others)
    assert np.all(smallest > 0)
