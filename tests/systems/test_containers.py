"""What is left out of an image file comes back from a blank one of its size."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from semcomm.choices import Chroma, ImageFormat, Tune
from semcomm.data.sample import Sample
from semcomm.systems.containers import CONTAINERS
from semcomm.systems.image_files import ImageFile
from semcomm.systems.image_formats import FORMATS

Image = NDArray[np.uint8]
SIZES = [(32, 32), (17, 33), (1, 1), (8, 50)]
EFFORT = {"jpeg": 1.0, "webp": 1.0, "avif": 0.4, "jpeg_xl": 0.5, "hevc": 1.0}


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
@pytest.mark.parametrize("model", FORMATS)
def test_the_container_around_a_body_makes_the_file_again(model: ImageFormat, quality: int) -> None:
    container, whole = CONTAINERS[model], ImageFile(model, quality)
    for height, width in SIZES:
        blank = fitted_to_no_image(whole, np.full((height, width, 3), 128, np.uint8))
        for name, image in pictures(height, width).items():
            file = fitted_to_no_image(whole, image)
            body = container.body_of(file)
            assert container.file_of(body, blank) == file, (name, height, width)
            assert len(body) < len(file), (name, height, width)


@pytest.mark.parametrize("model", FORMATS)
def test_bytes_left_out_vary_with_quality_only_where_stated(model: ImageFormat) -> None:
    """Else a receiver would have to be told an image's quality, or would be told it in vain."""
    container, image, fitted = CONTAINERS[model], pictures(17, 33)["natural"], []
    for quality in (1, 10, 34, 36, 60, 99):
        file = fitted_to_no_image(ImageFile(model, quality, effort=EFFORT[model]), image)
        blank = ImageFile(model, 35, False, EFFORT[model])._blank(17, 33)
        fitted.append(container.file_of(container.body_of(file), blank) == file)
    assert any(fitted) is all(fitted) is not container.varies


@pytest.mark.parametrize("chroma", get_args(Chroma))
@pytest.mark.parametrize("tune", [None, *get_args(Tune)])
@pytest.mark.parametrize("model", ["avif", "hevc"])
def test_containers_fit_other_tunings_and_chroma(
    model: ImageFormat, tune: Tune | None, chroma: Chroma
) -> None:
    codec = ImageFile(model, 50, False, 0.6, None, tune, chroma)
    for height, width in SIZES:
        for name, image in pictures(height, width).items():
            file = codec.encode(image)
            assert codec.file_of(codec.content_of(file), height, width) == file, (name, height)


def test_hevc_body_is_the_slice_without_its_header() -> None:
    """A file holds one coded picture of one NAL unit: 4 bytes of length, 2 of header."""
    image = pictures(64, 64)["natural"]
    file = ImageFile("hevc", 35).encode(image)
    data = file[file.index(b"mdat") + 4 :]
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert data[4] >> 1 in (19, 20)  # IDR_W_RADL, IDR_N_LP (ITU-T H.265, table 7-1)
    assert ImageFile("hevc", 35, container=False).content_of(file) == data[6:]


def test_no_part_of_a_jpeg_body_is_the_tables_of_its_file() -> None:
    """A scan header ends with 0, 63, 0 (T.81, B.2.3); the file ends with its marker."""
    image = pictures(17, 33)["natural"]
    file = fitted_to_no_image(ImageFile("jpeg", 35), image)
    body = ImageFile("jpeg", 35, container=False).content_of(file)
    assert file.endswith(b"\x00\x3f\x00" + body + b"\xff\xd9")


def test_webp_body_is_its_frame_without_the_fixed_headers() -> None:
    """RIFF header, start code and size."""
    image = pictures(17, 33)["natural"]
    file = ImageFile("webp", 35).encode(image)
    start_code_and_size = bytes([0x9D, 0x01, 0x2A, 33, 0, 17, 0])  # RFC 6386, section 9.1
    assert file[23:30] == start_code_and_size
    body = ImageFile("webp", 35, container=False).content_of(file)
    assert body == (file[20:23] + file[30:])[: length_of_chunk(file)]


def length_of_chunk(webp: bytes) -> int:
    return int.from_bytes(webp[16:20], "little") - 7


def fitted_to_no_image(codec: ImageFile, image: Image) -> bytes:
    """The file that a body is taken from: for JPEG that with the standard's Huffman tables."""
    return replace(codec, container=False).encode(image)
