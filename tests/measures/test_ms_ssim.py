"""MS-SSIM against figures of other libraries, and cases that can be worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from semcomm.measures.ms_ssim import SCALE_WEIGHTS, ms_ssim
from semcomm.modalities.rgb8 import Image


def waves(height: int, width: int) -> Image:
    """Triangle waves in three directions, of whole numbers, so that any machine makes the same."""
    y, x = np.mgrid[:height, :width]
    phases = np.stack([3 * x + 2 * y, 7 * x - y, x * y // 40], axis=-1)
    return np.abs(phases % 510 - 255).astype(np.uint8)


def coarse(image: Image) -> Image:
    return image // 48 * 48 + 24


def negative(image: Image) -> Image:
    return 255 - image


def bright(image: Image) -> Image:
    return np.minimum(image, 205) + 50


# Of tf.image.ssim_multiscale (TensorFlow 2.21.0), which computes in float32, and, where its
# padding of odd sides is the same but for a mirror, of piq.multi_scale_ssim (piq 0.8.0) on both
# images turned by 180 degrees, in float64: half-turned, it repeats the first rows and columns.
@pytest.mark.parametrize(
    ("height", "width", "change", "tensorflow", "piq"),
    [
        (176, 176, coarse, 0.6325316429138184, 0.6325373835804774),
        (177, 177, coarse, 0.6201851963996887, 0.6201908381837578),
        (190, 177, coarse, 0.6184296607971191, None),
        (192, 256, bright, 0.9304059147834778, 0.9304052703467871),
        (255, 255, bright, 0.9271748065948486, 0.9271741232477725),
        (176, 208, negative, 0.0, 0.0),
    ],
)
def test_figures_are_those_of_other_libraries(
    height: int, width: int, change: Callable[[Image], Image], tensorflow: float, piq: float | None
) -> None:
    sent = waves(height, width)
    (value,) = ms_ssim([sent], [change(sent)])
    assert value == pytest.approx(tensorflow, abs=1e-5)  # rounding to float32
    if piq is not None:
        assert value == pytest.approx(piq, abs=1e-12)  # the same sums in another order


def test_image_beside_itself_has_exactly_one() -> None:
    images = [waves(176, 176), waves(255, 177)]
    assert ms_ssim(images, images).tolist() == [1, 1]


def test_flat_images_have_the_luminance_of_the_last_scale_alone() -> None:
    dark, light = np.full((1, 176, 176, 3), 50, np.uint8), np.full((1, 176, 176, 3), 100, np.uint8)
    floor = 2.55**2
    expected = ((2 * 50 * 100 + floor) / (50**2 + 100**2 + floor)) ** SCALE_WEIGHTS[-1]
    assert ms_ssim(dark, light) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shape", [(175, 500), (500, 175), (32, 32)])
def test_images_of_a_side_under_176_have_no_value(shape: tuple[int, int]) -> None:
    image = waves(*shape)
    assert np.isnan(ms_ssim([image], [image])).tolist() == [True]
