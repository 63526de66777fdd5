"""Patches: there and back, what fills them up, and where each pixel goes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from semcomm.modalities.patches import from_patches, grid_shape, to_patches
from semcomm.modalities.rgb8 import to_bytes

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 14), st.integers(1, 14), st.just(3))
IMAGES = hnp.arrays(np.uint8, SHAPES)


@given(IMAGES)
def test_images_of_any_size_come_back_from_patches(images: NDArray[np.uint8]) -> None:
    _, height, width, _ = images.shape
    assert np.array_equal(from_patches(to_patches(images))[:, :height, :width], images)


@given(IMAGES)
def test_patches_are_padded_with_the_nearest_pixel_of_the_edge(
    images: NDArray[np.uint8],
) -> None:
    _, height, width, _ = images.shape
    rows, columns = grid_shape(height, width)
    whole = from_patches(to_patches(images))
    nearest_row = np.minimum(np.arange(4 * rows), height - 1)
    nearest_column = np.minimum(np.arange(4 * columns), width - 1)
    assert np.array_equal(whole, images[:, nearest_row][:, :, nearest_column])


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_grid_is_the_smallest_that_covers_the_image(height: int, width: int) -> None:
    rows, columns = grid_shape(height, width)
    assert 4 * (rows - 1) < height <= 4 * rows
    assert 4 * (columns - 1) < width <= 4 * columns


def test_a_patch_holds_its_pixels_row_by_row() -> None:
    image = np.arange(8 * 12 * 3, dtype=np.uint16).reshape(1, 8, 12, 3) % 251
    patches = to_patches(image.astype(np.uint8))
    assert patches.shape == (1, 2, 3, 48) and patches.dtype == np.uint8
    # The patch below and two to the right starts at row 4, column 8.
    assert patches[0, 1, 2, :6].tolist() == [*image[0, 4, 8], *image[0, 4, 9]]
    assert patches[0, 1, 2, 12:15].tolist() == image[0, 5, 8].tolist()
    assert patches[0, 1, 2, 47] == image[0, 7, 11, 2]


def test_a_single_pixel_fills_its_patch() -> None:
    assert to_patches(np.array([[[[7, 8, 9]]]], np.uint8)).tolist() == [[[[7, 8, 9] * 16]]]


def test_values_become_the_nearest_bytes_and_ties_the_even_one() -> None:
    values = np.array(
        [-np.inf, -0.1, 0.5 / 255, 1.5 / 255, 0.4999, 0.5, 254.5 / 255, 1, 1.1, np.inf, np.nan],
        np.float32,
    )
    scaled = values[:-1] * np.float32(255)
    expected = [
        round(float(min(max(value, 0), 255))) for value in scaled
    ]  # Python rounds ties to even, too
    assert to_bytes(values).tolist() == [*expected, 0]
    assert to_bytes(
        np.arange(256, dtype=np.float32).reshape(2, 128) / 255
    ).ravel().tolist() == list(range(256))
