"""Image formats as systems: the same picture with and without container, and some picture whatever
arrives.
"""

import io
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from semcomm.choices import ImageFormat
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, FramingError, ScenarioError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import GREY
from semcomm.scenario.scenario import read_scenario
from semcomm.systems.image_files import PILLOW, ImageFile, ImageReceiver, ImageTransmitter

Image = NDArray[np.uint8]
NONE = Framing.raw()
SIZES = [(32, 32), (17, 33), (1, 1)]
TRIALS = 39


def cut(height: int, width: int) -> Image:
    tiles = Sample().load(0, 2)
    return np.concatenate(tiles, axis=1)[:height, :width]


@pytest.mark.parametrize("quality", [5, 60])
@pytest.mark.parametrize("model", PILLOW)
def test_a_picture_is_the_same_with_and_without_container(model: ImageFormat, quality: int) -> None:
    whole, bare = ImageFile(model, quality), ImageFile(model, quality, container=False)
    for size in SIZES:
        image = cut(*size)
        file, bare_file = whole.encode(image), bare.encode(image)
        body = bare.content_of(bare_file, *size)
        picture = whole.decode(file, *size)
        assert picture.shape == image.shape
        assert picture.dtype == np.uint8
        assert bare.file_of(body, *size) == bare_file
        assert np.array_equal(bare.decode(bare_file, *size), picture)
        assert len(body) < len(file)


@pytest.mark.parametrize("model", PILLOW)
def test_picture_resembles_its_image_more_at_higher_quality(model: ImageFormat) -> None:
    image = cut(32, 32)
    errors = []
    for quality in (5, 90):
        codec = ImageFile(model, quality, container=False)
        errors.append(
            np.mean((codec.decode(codec.encode(image), 32, 32).astype(float) - image) ** 2)
        )
    assert errors[1] < errors[0] < image.var()


@pytest.mark.parametrize(
    ("model", "quickest", "thorough"),
    [
        ("webp", {"method": 0}, {"method": 6}),
        ("avif", {"speed": 10}, {"speed": 0}),
        ("jpeg_xl", {"effort": 1}, {"effort": 9}),
    ],
)
def test_effort_spans_the_encoders_quickest_to_most_thorough(
    model: ImageFormat, quickest: dict[str, int], thorough: dict[str, int]
) -> None:
    image = cut(32, 32)
    for effort, options in ((0.0, quickest), (1.0, thorough)):
        file = io.BytesIO()
        PIL.Image.fromarray(image).save(file, PILLOW[model], quality=30, **options)
        assert ImageFile(model, 30, effort=effort).encode(image) == file.getvalue()


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", PILLOW)
def test_payload_bits_are_the_files_and_without_framing_all(
    model: ImageFormat, container: bool
) -> None:
    codec, images = ImageFile(model, 20, container), Sample().load(0, 2)
    sent = ImageTransmitter(codec, NONE).transmit(images)
    contents = [codec.content_of(codec.encode(image), 32, 32) for image in images]
    assert sent.payload_bits.tolist() == [8 * len(content) for content in contents]
    assert sent.signal.lengths.tolist() == sent.payload_bits.tolist()
    assert np.packbits(sent.signal.bits).tobytes() == b"".join(contents)
    assert "indices" not in sent.encoded


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", PILLOW)
def test_images_of_several_sizes_go_through_with_a_header(
    model: ImageFormat, container: bool
) -> None:
    codec, framing, images = (
        ImageFile(model, 40, container),
        Framing(),
        [cut(*size) for size in SIZES],
    )
    sent = ImageTransmitter(codec, framing).transmit(images)
    received = ImageReceiver(codec, framing).receive(Reception.of(sent.signal))
    assert not received.damaged.any()
    for image, picture in zip(images, received.samples, strict=True):
        assert np.array_equal(picture, codec.decode(codec.encode(image), *image.shape[:2]))


def test_a_size_that_was_not_agreed_is_refused_without_a_header() -> None:
    with pytest.raises(FramingError, match=r"set framing\.header to true"):
        ImageTransmitter(ImageFile("jpeg", 40), NONE).transmit([cut(17, 33)])


def damaged(frames: Frames, trial: int) -> Frames:
    """A few bits, many bits or an end missing, as the trial has it."""
    rng = np.random.default_rng(trial)
    if trial % 3 == 2:
        return Frames.join([bits[: rng.integers(bits.size + 1)] for bits in frames.split()])
    rate = 0.3 if trial % 3 else 2 / frames.bits.size
    return frames.with_bits(frames.bits ^ (rng.random(frames.bits.size) < rate))


@pytest.mark.slow
@pytest.mark.parametrize("framing", [NONE, Framing(crc=8)])
@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", PILLOW)
def test_whatever_arrives_becomes_a_grey_or_a_complete_picture(
    model: ImageFormat, container: bool, framing: Framing
) -> None:
    codec, images = ImageFile(model, 20, container), Sample().load(0, 2)
    sent = ImageTransmitter(codec, framing).transmit(images)
    receiver, greys = ImageReceiver(codec, framing), 0
    for trial in range(TRIALS):
        received = receiver.receive(Reception.of(damaged(sent.signal, trial)))
        assert len(received.samples) == len(images)
        for picture, bad in zip(received.samples, received.damaged, strict=True):
            assert picture.dtype == np.uint8
            assert picture.ndim == 3 and picture.shape[2] == 3
            if framing is NONE:
                assert picture.shape == (32, 32, 3)
            if (picture == GREY).all():
                greys += 1
                assert bad
    assert greys or (model == "jpeg" and framing is NONE)  # libjpeg goes on over any damage


def test_jpeg_xl_at_100_is_lossless() -> None:
    codec, image = ImageFile("jpeg_xl", 100, container=False), cut(17, 33)
    assert np.array_equal(codec.decode(codec.encode(image), 17, 33), image)


@pytest.mark.parametrize("model", PILLOW)
@pytest.mark.parametrize("container", [True, False])
def test_a_file_of_another_size_is_damage(model: ImageFormat, container: bool) -> None:
    """Also where the file itself is in order, a picture has the size that was agreed."""
    codec = ImageFile(model, 20)
    content = np.unpackbits(np.frombuffer(codec.encode(cut(17, 33)), np.uint8))
    received = ImageReceiver(ImageFile(model, 20, container), NONE).receive(
        Reception.of(Frames.join([content]))
    )
    assert received.samples[0].shape == (32, 32, 3)
    assert received.damaged.tolist() == [True] or not container


def test_a_frame_of_several_slices_is_refused() -> None:
    for end in (ImageTransmitter, ImageReceiver):
        with pytest.raises(
            FramingError, match=r"^framing\.slices is 3; an image file is one frame"
        ):
            end(ImageFile("webp", 20), Framing(slices=3))


def mistakes(folder: Path, text: str) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "codec: {model: webp, quality: 101}",
            "mine.yaml:1:31: codec.quality is 101; it takes a whole number from 0 to 100",
        ),
        (
            "codec: {model: webp}",
            "mine.yaml:1:1: codec.quality is missing; it takes a whole number from 0 to 100",
        ),
        (
            "codec: {model: webp, quality: 1, entropy_coder: huffman}",
            "mine.yaml:1:34: codec.entropy_coder is not known; codec takes model, quality, "
            "container, effort",
        ),
        (
            "codec: {model: webp, quality: 1}\nframing: {slices: 3}",
            "mine.yaml:2:19: framing.slices is 3; an image file is one frame, so it takes 1",
        ),
        (
            "codec: {model: jpeg, quality: 1, effort: 0.5}",
            "mine.yaml:1:42: codec.effort is 0.5; jpeg has no other than 1: leave it out",
        ),
        ("codec: {model: [webp]}", 'mine.yaml:1:16: codec.model is ["webp"]; it takes a name'),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    assert mistakes(tmp_path, text) == [mistake]


def test_a_missing_plug_in_is_told_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)  # makes its import fail
    with pytest.raises(
        CodecError, match=r"^codec jpeg_xl needs a plug-in: pip install 'semcomm\[jxl\]'"
    ):
        ImageReceiver(ImageFile("jpeg_xl", 20), NONE)
    (reported,) = mistakes(tmp_path, "codec: {model: jpeg_xl, quality: 20}")
    assert reported.startswith(
        "mine.yaml:1:16: codec jpeg_xl needs a plug-in: pip install 'semcomm[jxl]'"
    )


def test_pillow_without_the_format_is_told_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(PIL.Image.SAVE, "AVIF")
    with pytest.raises(CodecError, match=r"^codec avif needs a Pillow built with it"):
        ImageTransmitter(ImageFile("avif", 20), NONE)
