"""Estimating the gains of a grid from its pilots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz

from semcomm.ofdm.grid import Grid

Gains = NDArray[np.complex128]
Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is known of the gains of T OFDM symbols of N subcarriers before any arrives.

    mean: (T, N) the line of sight.
    paths: (N, L) the gains of each path, times the root of its mean scattered energy, so that the
        covariance over subcarriers is paths @ paths^H.
    autocorrelation: (T,) over time, at lags of 0, 1, ... OFDM symbols, the same on all paths.
    noise_variance: of the noise on a pilot, which has energy 1.
    """

    mean: Gains
    paths: Gains
    autocorrelation: Reals
    noise_variance: float

    def time_covariance(self, symbols: NDArray[np.int64]) -> Reals:
        """(T, pilot symbols) between all OFDM symbols and these."""
        lags = np.abs(np.subtract.outer(np.arange(self.autocorrelation.size), symbols))
        covariance: Reals = self.autocorrelation[lags]
        return covariance


def least_squares(measured: Gains, grid: Grid, known: Statistics) -> tuple[Gains, Reals]:
    """What was measured at the pilots, linearly interpolated over frequency, then over time; beyond
    the last pilot its value holds.

    measured: (F, pilot symbols, pilot subcarriers) what arrived over what was sent.
    Returns the estimates, (F, T, N), and the mean squared error of each cell, (T, N), which follows
    from the statistics: the estimates do not.
    """
    symbols = known.mean.shape[0]
    moments, pilots = grid.pilot_symbols(symbols), grid.pilot_subcarriers
    over_time = _interpolation(symbols, moments)
    over_frequency = _interpolation(grid.subcarriers, pilots)
    rows = np.einsum("fpq,nq->fpn", measured, over_frequency)
    estimates = np.einsum("tp,fpn->ftn", over_time, rows)

    # E|h - g|^2 = E|h|^2 - 2 Re E h g* + E|g|^2, each a product over time and frequency.
    covariance, paths = known.time_covariance(moments), known.paths
    interpolated = np.einsum("nq,ql->nl", over_frequency, paths[pilots])
    cross = np.outer(
        (over_time * covariance).sum(axis=1), (paths * interpolated.conj()).real.sum(axis=1)
    )
    own = np.outer(
        np.einsum("tp,pq,tq->t", over_time, covariance[moments], over_time),
        (np.abs(interpolated) ** 2).sum(axis=1),
    )
    noise = np.outer((over_time**2).sum(axis=1), (over_frequency**2).sum(axis=1))
    shown = np.einsum(
        "tp,pq,nq->tn", over_time, known.mean[np.ix_(moments, pilots)], over_frequency
    )
    errors = (np.abs(paths) ** 2).sum(axis=1) - 2 * cross + own + known.noise_variance * noise
    return estimates, errors + np.abs(known.mean - shown) ** 2


def minimum_mean_squared_error(
    measured: Gains, grid: Grid, known: Statistics
) -> tuple[Gains, Reals]:
    """The linear estimate of least mean squared error from all pilots of a frame: Kay,
    Fundamentals of Statistical Signal Processing: Estimation Theory, theorem 12.1.

    The covariance of the gains is a product over time and frequency, and over frequency it has a
    rank of at most L. In the L modes that the pilots see independently of each other, the estimate
    is one over time alone, whose matrix is Toeplitz.

    Arguments and results are those of `least_squares`; the errors are independent of the estimates.
    """
    moments, pilots = grid.pilot_symbols(known.mean.shape[0]), grid.pilot_subcarriers
    seen = known.paths[pilots]
    energies, rotation = np.linalg.eigh(np.einsum("ql,qm->lm", seen.conj(), seen))
    modes = np.einsum("nl,lm->nm", known.paths, rotation)
    deviations = measured - known.mean[np.ix_(moments, pilots)]
    amplitudes = np.einsum("fpq,mq->fpm", deviations, modes[pilots].conj().T)

    covariance = known.time_covariance(moments)
    white = known.noise_variance * (np.arange(moments.size) == 0)
    filters = [
        solve_toeplitz(energy * covariance[moments, 0] + white, covariance.T).T
        for energy in energies.clip(min=0)
    ]  # (T, pilot symbols) of each mode
    estimated = np.einsum("mtp,fpm->ftm", filters, amplitudes)
    explained = energies.clip(min=0) * np.einsum("mtp,tp->tm", filters, covariance)
    errors = (np.abs(known.paths) ** 2).sum(axis=1) - np.einsum(
        "tm,nm->tn", explained, np.abs(modes) ** 2
    )
    estimates = known.mean + np.einsum("ftm,nm->ftn", estimated, modes)
    return estimates, errors.clip(min=0)


def _interpolation(count: int, points: NDArray[np.int64]) -> Reals:
    """(count, points) weights of the values at these points in the linear interpolation at 0 to
    count - 1, which is constant beyond the last.
    """
    place = np.arange(count)
    columns = [np.interp(place, points, row) for row in np.eye(points.size)]
    return np.array(columns).T
