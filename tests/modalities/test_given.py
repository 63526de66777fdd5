"""Images as a notebook gives them: taken, or refused in words."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from semcomm.codec.codec import Codec
from semcomm.data.sample import Sample
from semcomm.errors import DataError
from semcomm.framing import Framing
from semcomm.systems.image_files import ImageFile, ImageTransmitter
from semcomm.transmitter import Transmitter

IMAGE = Sample().load(0, 1)[0]


def taken(tmp_path: Path) -> dict[str, Any]:
    PIL.Image.fromarray(IMAGE).save(tmp_path / "a.png")
    return {
        "array": [IMAGE],
        "arrays": IMAGE[None],
        "tensor": [torch.from_numpy(IMAGE)],
        "tensors": torch.from_numpy(IMAGE[None]),
        "picture": [PIL.Image.fromarray(IMAGE)],
        "path": [tmp_path / "a.png"],
        "text": [str(tmp_path / "a.png")],
        "generator": (image for image in [IMAGE]),
    }


NAMES = "array arrays tensor tensors picture path text generator"


@pytest.mark.parametrize("name", NAMES.split())
def test_images_are_taken_as_they_are_given(name: str, tmp_path: Path, tiny_codec: Codec) -> None:
    bits = Transmitter(tiny_codec).transmit([IMAGE]).signal.bits
    sent = Transmitter(tiny_codec).transmit(taken(tmp_path)[name]).signal
    assert np.array_equal(sent.bits, bits)


def test_picture_with_transparency_is_laid_on_white(tiny_codec: Codec) -> None:
    clear = PIL.Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    white = np.full((8, 8, 3), 255, np.uint8)
    sent, expected = (Transmitter(tiny_codec).transmit([image]).signal for image in (clear, white))
    assert np.array_equal(sent.bits, expected.bits)


REFUSED: dict[str, tuple[Any, str]] = {
    "one picture": (PIL.Image.new("RGB", (8, 8)), "given as a Image; they are a list"),
    "one path": ("a.png", "given as a str; they are a list"),
    "nothing": (None, "given as a NoneType; they are a list"),
    "a number": (np.array(3), "they are a list of images"),
    "no file": (["a.png"], "a.png does not exist"),
    "one array": (IMAGE, r"image 0 is \(32, 3\) uint8; it takes \(height, width, 3\)"),
    "no rows": ([IMAGE, IMAGE[:0]], r"image 1 is \(0, 32, 3\) uint8"),
    "no columns": ([IMAGE[:, :0]], r"image 0 is \(32, 0, 3\) uint8"),
    "floats": ([IMAGE / 255], r"image 0 is \(32, 32, 3\) float64"),
    "grey": ([IMAGE[..., 0]], r"image 0 is \(32, 32\) uint8"),
    "channels first": ([torch.zeros((3, 8, 8), dtype=torch.uint8)], r"image 0 is \(3, 8, 8\)"),
    "list": ([[[[1, 2, 3]]]], r"image 0 is \(1, 1, 3\) int64"),
    "ragged list": ([[[1], [1, 2]]], "image 0 is a list that is no array"),
    "gradients": ([torch.zeros((8, 8, 3), requires_grad=True)], "image 0 is a Tensor that is no"),
    "empty picture": ([PIL.Image.new("RGB", (0, 8))], "image 0 has 0 x 8 pixels"),
    "floating-point picture": ([PIL.Image.new("F", (8, 8))], "image 0 holds floating-point"),
    "nothing in a list": ([None], r"image 0 is \(\) object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_image_is_refused_in_words(name: str, tiny_codec: Codec) -> None:
    images, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        Transmitter(tiny_codec).transmit(images)
    with pytest.raises(DataError, match=message):
        ImageTransmitter(ImageFile("jpeg", 50), Framing()).transmit(images)
