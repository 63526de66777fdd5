"""The contact sheet, laid out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from semcomm.run.contact_sheet import contact_sheet

WHITE = 255


def plain(height: int, width: int, value: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), value, np.uint8)


def test_sent_images_are_above_received_ones_four_times_as_large() -> None:
    sheet = contact_sheet([(plain(1, 2, 10), plain(1, 2, 20)), (plain(1, 2, 30), plain(1, 2, 40))])
    expected = plain(2 * (4 + 4), 2 * (8 + 4), WHITE)
    expected[0:4, 0:8], expected[0:4, 12:20] = 10, 30
    expected[8:12, 0:8], expected[8:12, 12:20] = 20, 40
    assert np.array_equal(sheet, expected)


def test_each_pixel_of_a_small_image_becomes_a_square() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    sheet = contact_sheet([(image, image)])
    assert np.array_equal(sheet[:8:4, :12:4], image)
    assert np.array_equal(sheet[3:8:4, 3:12:4], image)


def test_images_of_any_size_are_top_left_in_their_cells() -> None:
    """Columns are as wide as their widest image, rows as high as their highest."""
    sheet = contact_sheet([(plain(3, 1, 10), plain(1, 5, 20)), (plain(1, 2, 30), plain(2, 1, 40))])
    expected = plain((12 + 4) + (8 + 4), (20 + 4) + (8 + 4), WHITE)
    expected[0:12, 0:4], expected[0:4, 24:32] = 10, 30
    expected[16:20, 0:20], expected[16:24, 24:28] = 20, 40
    assert np.array_equal(sheet, expected)


@pytest.mark.parametrize(("side", "times"), [(128, 4), (129, 1)])
def test_only_images_of_up_to_128_pixels_a_side_are_enlarged(side: int, times: int) -> None:
    sheet = contact_sheet([(plain(3, side, 0), plain(3, side, 0))])
    assert sheet.shape == (2 * (3 * times + 4), side * times + 4, 3)
    assert sheet.dtype == np.uint8
