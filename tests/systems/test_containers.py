"""What is left out of an image file comes back from a blank one of its size."""

import numpy as np
import pytest
from numpy.typing import NDArray

from semcomm.choices import ImageFormat
from semcomm.data.sample import Sample
from semcomm.systems.containers import CONTAINERS
from semcomm.systems.image_files import PILLOW, ImageFile

Image = NDArray[np.uint8]
SIZES = [(32, 32), (17, 33), (1, 1), (8, 50)]


def pictures(height: int, width: int) -> dict[str, Image]:
    """One that is natural, one that is noise, one that is flat."""
    tiles = Sample().load(0, 4)
    sheet = np.concatenate([np.concatenate(tiles[:2], axis=1), np.concatenate(tiles[2:], axis=1)])
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return {
        "natural": sheet[:height, :width],
        "noise": noise,
        "flat": np.full_like(noise, (200, 10, 60)),
    }


@pytest.mark.parametrize("quality", [0, 35, 90, 100])
@pytest.mark.parametrize("model", PILLOW)
def test_the_container_around_a_body_makes_the_file_again(model: ImageFormat, quality: int) -> None:
    container, whole = CONTAINERS[model], ImageFile(model, quality)
    for height, width in SIZES:
        blank = fitted_to_no_image(whole, np.full((height, width, 3), 128, np.uint8))
        for name, image in pictures(height, width).items():
            file = fitted_to_no_image(whole, image)
            body = container.body_of(file, blank)
            assert container.file_of(body, blank) == file, (name, height, width)
            assert len(body) < len(file), (name, height, width)


def test_no_part_of_a_jpeg_body_is_the_tables_of_its_file() -> None:
    """A scan header ends with 0, 63, 0 (T.81, B.2.3); the file ends with its marker."""
    image = pictures(17, 33)["natural"]
    file = fitted_to_no_image(ImageFile("jpeg", 35), image)
    body = ImageFile("jpeg", 35, container=False).content_of(file, 17, 33)
    assert file.endswith(b"\x00\x3f\x00" + body + b"\xff\xd9")


def test_webp_body_is_its_frame_without_the_fixed_headers() -> None:
    """RIFF header, start code and size."""
    image = pictures(17, 33)["natural"]
    file = ImageFile("webp", 35).encode(image)
    start_code_and_size = bytes([0x9D, 0x01, 0x2A, 33, 0, 17, 0])  # RFC 6386, section 9.1
    assert file[23:30] == start_code_and_size
    body = ImageFile("webp", 35, container=False).content_of(file, 17, 33)
    assert body == (file[20:23] + file[30:])[: length_of_chunk(file)]


def length_of_chunk(webp: bytes) -> int:
    return int.from_bytes(webp[16:20], "little") - 7


def fitted_to_no_image(codec: ImageFile, image: Image) -> bytes:
    """The file that a body is taken from: for JPEG that with the standard's Huffman tables."""
    return ImageFile(codec.model, codec.quality, container=False).encode(image)
