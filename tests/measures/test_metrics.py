"""MSE and PSNR by hand, SSIM against scikit-image."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from semcomm.data.sample import Sample
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.measures.ssim import ssim

Images = NDArray[np.uint8]
# Both sum in float64, in different orders.
ROUNDING = 1e-12


def random_images(*shape: int, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def noisy(images: Images, deviation: float, seed: int = 0) -> Images:
    noise = np.random.default_rng(seed).normal(0, deviation, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def oracle_ssim(sent: Images, received: Images) -> NDArray[np.float64]:
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(sent, received, strict=True)
    return np.array(
        [structural_similarity(a, b, data_range=255, channel_axis=-1, **settings) for a, b in pairs]
    )


def test_mse_of_one_sample_off_by_three_is_nine_over_all_samples() -> None:
    sent = np.full((2, 4, 5, 3), 200, np.uint8)
    received = sent.copy()
    received[1, 2, 3, 1] = 203
    assert mean_squared_error(sent, received).tolist() == [0, 9 / 60]


def test_mse_does_not_wrap_around_between_black_and_white() -> None:
    black, white = np.zeros((1, 8, 8, 3), np.uint8), np.full((1, 8, 8, 3), 255, np.uint8)
    assert mean_squared_error(black, white) == mean_squared_error(white, black) == 65025


def test_mse_is_exact_beyond_2_to_32_of_squared_error() -> None:
    black, white = np.zeros((1, 300, 300, 3), np.uint8), np.full((1, 300, 300, 3), 255, np.uint8)
    assert mean_squared_error(black, white) == 65025


@given(st.tuples(*[arrays(np.uint8, (2, 3, 4, 3))] * 2))
def test_mse_is_the_mean_of_squares_in_python_integers(pair: tuple[Images, Images]) -> None:
    squares = [
        [(int(a) - int(b)) ** 2 for a, b in zip(*rows, strict=True)] for rows in _rows(*pair)
    ]
    assert mean_squared_error(*pair).tolist() == [sum(row) / 36 for row in squares]


def _rows(sent: Images, received: Images) -> list[tuple[list[int], list[int]]]:
    return list(zip(sent.reshape(2, -1).tolist(), received.reshape(2, -1).tolist(), strict=True))


def test_psnr_of_worked_cases() -> None:
    assert finite_psnr_db(np.array([65025.0, 650.25, 65.025]), 3072) == pytest.approx(
        [0, 20, 30], abs=ROUNDING
    )


def test_psnr_of_perfect_image_is_that_of_one_sample_off_by_one() -> None:
    perfect, one_off = finite_psnr_db(np.array([0.0, 1 / 3072]), 3072)
    # 20 log10(255) + 10 log10(3072), to four places each.
    assert perfect == one_off == pytest.approx(48.1308 + 34.8742, abs=1e-4)


def test_ssim_of_an_image_with_itself_is_exactly_one() -> None:
    images = random_images(5, 20, 70, 3)
    assert np.array_equal(ssim(images, images), np.ones(5))


def test_ssim_of_flat_images_is_the_luminance_term_alone() -> None:
    dark, light = np.full((1, 16, 16, 3), 50, np.uint8), np.full((1, 16, 16, 3), 100, np.uint8)
    floor = 2.55**2
    expected = (2 * 50 * 100 + floor) / (50**2 + 100**2 + floor)
    assert ssim(dark, light) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("shape", [(11, 11), (11, 40), (33, 12), (74, 75), (130, 201)])
@pytest.mark.parametrize("deviation", [1, 30])
def test_ssim_agrees_with_scikit_image_on_random_images(
    shape: tuple[int, int], deviation: float
) -> None:
    sent = random_images(3, *shape, 3)
    received = noisy(sent, deviation)
    assert ssim(sent, received) == pytest.approx(oracle_ssim(sent, received), abs=ROUNDING)


@pytest.mark.parametrize("deviation", [0.6, 10, 80])
def test_ssim_agrees_with_scikit_image_on_natural_images(deviation: float) -> None:
    sent = np.stack(Sample().load(0, 40))
    received = noisy(sent, deviation)
    assert ssim(sent, received) == pytest.approx(oracle_ssim(sent, received), abs=ROUNDING)


def test_ssim_of_bright_flat_images_agrees_with_scikit_image() -> None:
    sent = np.full((2, 24, 24, 3), 254, np.uint8)
    received = noisy(sent, 0.5)
    assert ssim(sent, received) == pytest.approx(oracle_ssim(sent, received), abs=ROUNDING)


@settings(max_examples=30, deadline=None)
@given(st.integers(11, 40), st.integers(11, 40), st.permutations(range(5)))
def test_ssim_does_not_depend_on_the_other_images(
    height: int, width: int, order: list[int]
) -> None:
    sent, received = random_images(5, height, width, 3), random_images(5, height, width, 3, seed=1)
    together = ssim(sent, received)
    assert np.array_equal(ssim(sent[order], received[order]), together[order])
    assert np.array_equal(ssim(sent[:1], received[:1]), together[:1])


@pytest.mark.parametrize("shape", [(10, 64), (64, 10), (1, 1)])
def test_ssim_is_nan_where_no_window_fits(shape: tuple[int, int]) -> None:
    images = random_images(2, *shape, 3)
    assert np.isnan(ssim(images, images)).tolist() == [True, True]


@pytest.mark.parametrize("metric", [mean_squared_error, ssim])
def test_images_of_unlike_shapes_are_refused_not_broadcast(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(ValueError, match="1 images are sent, 2 received"):
        metric(random_images(1, 16, 16, 3), random_images(2, 16, 16, 3))
    with pytest.raises(
        ValueError, match=r"image 0 is sent as \(16, 16, 3\), received as \(16, 1, 3\)"
    ):
        metric(random_images(1, 16, 16, 3), random_images(1, 16, 1, 3))


@pytest.mark.parametrize("metric", [mean_squared_error, ssim])
def test_images_of_many_sizes_measure_as_each_does_alone(
    metric: Callable[..., NDArray[np.float64]],
) -> None:
    sent = [random_images(1, side, 2 * side, 3)[0] for side in (5, 16, 32)]
    received = [noisy(image, 10) for image in sent]
    alone = [metric([ours], [theirs]).item() for ours, theirs in zip(sent, received, strict=True)]
    assert np.array_equal(metric(sent, received), alone, equal_nan=True)


@pytest.mark.parametrize("metric", [mean_squared_error, ssim])
def test_no_images_have_no_values(metric: object) -> None:
    assert callable(metric)
    nothing = random_images(0, 32, 32, 3)
    assert metric(nothing, nothing).shape == (0,)
