"""Image formats as systems: the same picture with and without container, and some picture whatever
arrives.
"""

import io
import re
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from semcomm.choices import Chroma, ImageFormat, Tune
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, FramingError, ScenarioError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import GREY
from semcomm.scenario.scenario import read_scenario
from semcomm.systems.image_files import ImageFile, ImageReceiver, ImageTransmitter
from semcomm.systems.image_formats import FORMATS, pillow_name

Image = NDArray[np.uint8]
NONE = Framing.raw()
SIZES = [(32, 32), (17, 33), (1, 1)]
TRIALS = 39


def x265(**settings: object) -> dict[str, Any]:
    """Options of one thread and of these settings, with preset placebo where none is given."""
    options = {"x265:pools": "none", "x265:frame-threads": "1", "x265:ctu": "64"}
    for name, value in {"preset": "placebo", **settings}.items():
        prefix = "" if name in ("preset", "tune") else "x265:"
        options[prefix + name.replace("_", "-")] = str(value)
    return {"enc_params": options}


def saved(image: Image, model: ImageFormat, **options: Any) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(image).save(file, pillow_name(model), quality=30, **options)
    return file.getvalue()


def cut(height: int, width: int) -> Image:
    tiles = Sample().load(0, 2)
    return np.concatenate(tiles, axis=1)[:height, :width]


@pytest.mark.parametrize("quality", [5, 60])
@pytest.mark.parametrize("model", FORMATS)
def test_a_picture_is_the_same_with_and_without_container(model: ImageFormat, quality: int) -> None:
    whole, bare = ImageFile(model, quality), ImageFile(model, quality, container=False)
    for size in SIZES:
        image = cut(*size)
        file, bare_file = whole.encode(image), bare.encode(image)
        body = bare.content_of(bare_file)
        picture = whole.decode(file, *size)
        assert picture.shape == image.shape
        assert picture.dtype == np.uint8
        assert bare.file_of(body, *size) == bare_file
        assert np.array_equal(bare.decode(bare_file, *size), picture)
        assert len(body) < len(file)


@pytest.mark.parametrize("model", FORMATS)
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
        ("hevc", x265(preset="ultrafast"), x265(preset="placebo")),
    ],
)
def test_effort_spans_the_encoders_quickest_to_most_thorough(
    model: ImageFormat, quickest: dict[str, Any], thorough: dict[str, Any]
) -> None:
    image = cut(32, 32)
    for effort, options in ((0.0, quickest), (1.0, thorough)):
        assert ImageFile(model, 30, effort=effort).encode(image) == saved(image, model, **options)


@pytest.mark.parametrize(
    ("model", "tune", "options"),
    [
        ("avif", "psnr", {"advanced": {"tune": "psnr"}}),
        ("avif", "ssim", {"advanced": {"tune": "ssim"}}),
        ("hevc", "psnr", x265(tune="psnr", aq_mode=0, psy_rd=0, psy_rdoq=0)),
        ("hevc", "ssim", x265(tune="ssim", aq_mode=2, psy_rd=0, psy_rdoq=0)),
    ],
)
def test_tune_sets_what_the_encoder_optimizes(
    model: ImageFormat, tune: Tune, options: dict[str, Any]
) -> None:
    image, effort = cut(32, 32), {"avif": {"speed": 0}, "hevc": {}}[model]
    file = ImageFile(model, 30, tune=tune).encode(image)
    assert file == saved(image, model, **effort, **options)
    assert file != ImageFile(model, 30).encode(image)


@pytest.mark.parametrize("model", ["avif", "hevc"])
def test_tuning_for_psnr_raises_psnr_within_a_budget(model: ImageFormat) -> None:
    images = Sample().load(0, 16)
    errors = []
    for tune in (None, "psnr"):
        codec = ImageFile(model, None, False, 0.5, 1200, tune)
        pictures = ImageReceiver(codec, NONE).receive(
            Reception.of(ImageTransmitter(codec, NONE).transmit(images).signal)
        )
        errors.append(np.mean((np.array(pictures.samples, float) - np.array(images)) ** 2))
    assert errors[1] < errors[0]


@pytest.mark.parametrize("chroma", get_args(Chroma))
@pytest.mark.parametrize("model", ["jpeg", "avif", "hevc"])
def test_a_file_has_the_chroma_subsampling_asked_for(model: ImageFormat, chroma: Chroma) -> None:
    file = ImageFile(model, 60, chroma=chroma).encode(cut(32, 32))
    assert SUBSAMPLING[model](file) == chroma
    if chroma == "4:2:0":
        assert file == ImageFile(model, 60).encode(cut(32, 32))


def jpeg_chroma(file: bytes) -> str:
    """Sampling factors of the first component (ITU-T T.81, B.2.2); the others have 1 x 1."""
    frame = file.index(b"\xff\xc0")
    return {0x22: "4:2:0", 0x21: "4:2:2", 0x11: "4:4:4"}[file[frame + 11]]


def avif_chroma(file: bytes) -> str:
    """chroma_subsampling_x and _y of the AV1 configuration (AV1 in ISO BMFF, section 2.3.3)."""
    return {3: "4:2:0", 2: "4:2:2", 0: "4:4:4"}[file[file.index(b"av1C") + 6] >> 2 & 3]


def hevc_chroma(file: bytes) -> str:
    """chroma_format_idc of the HEVC configuration (ISO/IEC 14496-15, section 8.3.2.1)."""
    return {1: "4:2:0", 2: "4:2:2", 3: "4:4:4"}[file[file.index(b"hvcC") + 20] & 3]


SUBSAMPLING = {"jpeg": jpeg_chroma, "avif": avif_chroma, "hevc": hevc_chroma}


@pytest.mark.parametrize("model", FORMATS)
def test_a_file_depends_on_no_image_encoded_before(model: ImageFormat) -> None:
    """x265 keeps the size of coding tree units in a global variable."""
    codec, images = ImageFile(model, 30, effort=0.5), [cut(*size) for size in SIZES]
    first = [codec.encode(image) for image in images]
    again = [codec.encode(image) for image in reversed(images)]
    assert again == first[::-1]


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", FORMATS)
def test_payload_bits_are_the_files_and_without_framing_all(
    model: ImageFormat, container: bool
) -> None:
    codec, images = ImageFile(model, 20, container), Sample().load(0, 2)
    sent = ImageTransmitter(codec, NONE).transmit(images)
    contents = [codec.content_of(codec.encode(image)) for image in images]
    assert sent.payload_bits.tolist() == [8 * len(content) for content in contents]
    assert sent.signal.lengths.tolist() == sent.payload_bits.tolist()
    assert np.packbits(sent.signal.bits).tobytes() == b"".join(contents)
    assert "indices" not in sent.encoded


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", FORMATS)
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
@pytest.mark.parametrize("model", FORMATS)
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


@pytest.mark.parametrize("model", FORMATS)
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
            "mine.yaml:1:31: codec.quality is 101; it takes a whole number from 0 to 100 or null",
        ),
        (
            "codec: {model: webp}",
            "mine.yaml:1:8: an image format takes quality, budget_bits or link.channel_uses; none is given",
        ),
        (
            "codec: {model: webp, quality: 1, budget_bits: 512}",
            "mine.yaml:1:1: codec: an image format takes quality or budget_bits; both are given",
        ),
        (
            "codec: {model: webp, quality: 1, entropy_coder: huffman}",
            "mine.yaml:1:34: codec.entropy_coder is not known; codec takes model, quality, "
            "container, effort, budget_bits, tune, chroma",
        ),
        (
            "codec: {model: webp, quality: 1}\nframing: {slices: 3}",
            "mine.yaml:2:19: framing.slices is 3; an image file is one frame, so it takes 1",
        ),
        (
            "codec: {model: jpeg, quality: 1, effort: 0.5}",
            "mine.yaml:1:42: codec.effort is 0.5; jpeg has no choice of it: leave it out",
        ),
        (
            "codec: {model: jpeg_xl, quality: 1, tune: psnr}",
            "mine.yaml:1:43: codec.tune is psnr; jpeg_xl has no choice of it: leave it out",
        ),
        (
            "codec: {model: webp, quality: 1, chroma: 4:4:4}",
            "mine.yaml:1:42: codec.chroma is 4:4:4; webp has no choice of it: leave it out",
        ),
        (
            "codec: {model: avif, quality: 1, chroma: 420}",
            "mine.yaml:1:42: codec.chroma is 420; it takes `4:2:0`, `4:2:2` or `4:4:4` or null",
        ),
        ("codec: {model: [webp]}", 'mine.yaml:1:16: codec.model is ["webp"]; it takes a name'),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    assert mistakes(tmp_path, text) == [mistake]


@pytest.mark.parametrize(
    ("model", "module", "extra"),
    [("jpeg_xl", "pillow_jxl", "jxl"), ("hevc", "pillow_heif", "heif")],
)
def test_a_missing_plug_in_is_told_with_what_installs_it(
    model: ImageFormat, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # makes its import fail
    told = f"codec {model} needs a plug-in: pip install 'semcomm[{extra}]'"
    with pytest.raises(CodecError, match="^" + re.escape(told)):
        ImageReceiver(ImageFile(model, 20), NONE)
    (reported,) = mistakes(tmp_path, f"codec: {{model: {model}, quality: 20}}")
    assert reported.startswith(f"mine.yaml:1:16: {told}")


def test_pillow_without_the_format_is_told_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(PIL.Image.SAVE, "AVIF")
    with pytest.raises(CodecError, match=r"^codec avif needs a Pillow built with it"):
        ImageTransmitter(ImageFile("avif", 20), NONE)
