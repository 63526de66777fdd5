"""Differentiable channels: each is the simulation's, in moments and in distribution."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import chi2, ks_2samp, kstest, norm

from semcomm.channel import SymbolReception
from semcomm.codec.training.channels import (
    TrainingAwgn,
    TrainingChannel,
    TrainingRayleigh,
    complex_normals,
    linear_estimates,
    normalized,
)
from semcomm.frames import Symbols
from semcomm.scenario.plugins import load_channel
from semcomm.systems import analogue

IMAGES, USES = 3000, 8
RARE = 1e-4
"""The probability with which a test here would fail by chance."""

CHANNELS: dict[str, tuple[TrainingChannel, dict[str, object]]] = {
    "awgn": (TrainingAwgn(3.0), {"name": "awgn"}),
    "known": (TrainingRayleigh(3.0), {"name": "rayleigh"}),
    "none": (TrainingRayleigh(3.0, estimation="none"), {"name": "rayleigh", "estimation": "none"}),
}


def unit_symbols() -> NDArray[np.complex128]:
    """(IMAGES, USES), each image of mean energy 1."""
    draws = np.random.default_rng(0).normal(size=(IMAGES, USES, 2)).view(np.complex128)[..., 0]
    return draws / np.sqrt(np.mean(np.abs(draws) ** 2, axis=1, keepdims=True))


def through_torch(channel: TrainingChannel) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """What arrives, (IMAGES, USES), and the noise variances, (IMAGES,)."""
    generator = torch.Generator().manual_seed(1)
    esn0_db = channel.draw_esn0_db(IMAGES, generator)
    received, variances = channel.transmit(torch.from_numpy(unit_symbols()), esn0_db, generator)
    return received.numpy(), variances.double().numpy()


def through_numpy(name: str, **settings: object) -> SymbolReception:
    sent = Symbols(unit_symbols().ravel(), np.full(IMAGES, USES))
    return load_channel(name, esn0_db=3.0, **settings).transmit(sent, np.random.default_rng(2))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("case", CHANNELS)
def test_it_is_distributed_as_the_simulations_channel(case: str) -> None:
    """Noise and energy of what arrives, and the noise variance that the receiver is given."""
    channel, settings = CHANNELS[case]
    received, variances = through_torch(channel)
    theirs = through_numpy(**settings)  # type: ignore[arg-type]
    simulated = theirs.symbols.values.reshape(IMAGES, USES)
    sent = unit_symbols()
    for of in (np.real, np.imag, np.abs):
        pair = of(received - sent)[:, 0], of(simulated - sent)[:, 0]
        assert ks_2samp(*pair).pvalue > RARE
    energies = [np.mean(np.abs(values) ** 2, axis=1) for values in (received, simulated)]
    assert ks_2samp(*energies).pvalue > RARE
    given = theirs.noise_variances.reshape(IMAGES, USES)[:, 0]
    pair = np.round(10 * np.log10(variances), 4), np.round(10 * np.log10(given), 4)
    assert ks_2samp(*pair).pvalue > RARE


@pytest.mark.parametrize("case", ["awgn", "known"])
def test_noise_has_the_variance_that_the_receiver_is_given(case: str) -> None:
    """Normalized, it is complex Gaussian: its energy over 2 IMAGES USES real parts is chi-square."""
    received, variances = through_torch(CHANNELS[case][0])
    noise = (received - unit_symbols()) / np.sqrt(variances)[:, None]
    low, high = chi2.ppf([RARE / 2, 1 - RARE / 2], 2 * noise.size) / 2
    assert low < np.sum(np.abs(noise) ** 2) < high
    parts = np.ascontiguousarray(noise).view(np.float64).ravel() * np.sqrt(2)
    assert kstest(parts, norm.cdf).pvalue > RARE
    across = norm.ppf(1 - RARE / 2) / np.sqrt(noise.size)
    assert abs(np.mean(noise**2)) < 2 * across  # circular: E n^2 = 0


def test_mean_es_n0_over_the_fades_is_the_stated_one() -> None:
    """E|h|^2 = 1: the mean of IMAGES exponential variables is chi-square."""
    _, variances = through_torch(TrainingRayleigh(3.0))
    gains = 10**-0.3 / variances
    low, high = chi2.ppf([RARE / 2, 1 - RARE / 2], 2 * IMAGES) / 2
    assert low < gains.sum() < high


def test_an_unknown_gain_is_one_for_all_symbols_of_an_image() -> None:
    received, variances = through_torch(TrainingRayleigh(60.0, estimation="none"))
    gains = np.mean(received * unit_symbols().conj(), axis=1)
    noise = received - gains[:, None] * unit_symbols()
    assert np.abs(noise).max() < 0.006  # its standard deviation is 0.001
    assert kstest(np.abs(gains) ** 2, "expon").pvalue > RARE
    assert np.allclose(variances, 1e-6)


def test_several_es_n0_are_drawn_uniformly_between_the_outer_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = TrainingAwgn((-2.0, 0.0, 20.0)).draw_esn0_db(IMAGES, generator).numpy()
    assert kstest(drawn, "uniform", args=(-2, 22)).pvalue > RARE


def test_power_is_normalized_as_the_transmitter_does() -> None:
    latents = torch.randn(5, 2, 3, 4) * torch.arange(1, 6)[:, None, None, None]
    ours = normalized(latents).numpy()
    for symbols, sent in zip(ours, latents.numpy(), strict=True):
        np.testing.assert_allclose(symbols, analogue.normalized(sent), rtol=1e-5)
        assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, rel=1e-5)


def test_power_of_latents_that_are_all_zero_is_no_nan() -> None:
    assert torch.equal(normalized(torch.zeros(1, 2, 2, 2)), torch.zeros(1, 4, dtype=torch.cfloat))


def test_the_linear_estimate_has_the_least_error_of_all_gains() -> None:
    """1 / (1 + v) leaves the error v / (1 + v); a gain that is 10 % off leaves more."""
    generator = torch.Generator().manual_seed(0)
    sent, noise = (complex_normals((1, 200_000), generator) for _ in range(2))
    variance = torch.tensor([0.5])
    received = sent + noise * variance.sqrt()
    estimate = linear_estimates(received, variance)
    errors = [(scale * estimate - sent).abs().square().mean().item() for scale in (0.9, 1.0, 1.1)]
    assert min(errors) == errors[1] == pytest.approx(1 / 3, rel=0.02)
