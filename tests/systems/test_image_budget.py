"""Image files under a budget: each image at the best quality whose frame fits."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli_ok
from numpy.typing import NDArray

from semcomm.choices import ImageFormat
from semcomm.data.sample import Sample
from semcomm.errors import FramingError, SettingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import GREY
from semcomm.systems.image_files import ImageFile, ImageReceiver, ImageTransmitter
from semcomm.systems.image_formats import FORMATS
from semcomm.terms import Terms

Image = NDArray[np.uint8]
EFFORTS = {"jpeg": 1.0, "webp": 1.0, "avif": 0.4, "jpeg_xl": 0.0, "hevc": 0.0}
BUDGETS = {False: 1600, True: 7000}
FRAMING = Framing(size=(32, 32), crc=16)


def fitted(model: ImageFormat, container: bool, budget_bits: int | None = None) -> ImageFile:
    budget = budget_bits or BUDGETS[container]
    return ImageFile(model, container=container, effort=EFFORTS[model], budget_bits=budget)


def frame_bits(codec: ImageFile, file: bytes) -> int:
    """Of a file's frame: payload, 1 bit of header, 16 of CRC, and a byte with a tag."""
    return 8 * (len(codec.content_of(file)) + codec.tagged) + 17


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", FORMATS)
def test_the_quality_taken_fits_and_the_next_does_not(model: ImageFormat, container: bool) -> None:
    """Against every quality, encoded one by one."""
    codec, (image,) = fitted(model, container), Sample().load(3, 4)
    sent = ImageTransmitter(codec, FRAMING).transmit([image])
    taken = sent.encoded["file"][0].tobytes()
    files = [codec.at(quality).encode(image) for quality in range(101)]
    bits = [frame_bits(codec, file) for file in files]
    assert sent.signal.lengths.tolist() == [frame_bits(codec, taken)]
    assert bits[0] < frame_bits(codec, taken) <= codec.budget_bits
    next_bits = [bits[q + 1] for q, file in enumerate(files[:-1]) if file == taken]
    assert max(next_bits) > codec.budget_bits


@pytest.mark.parametrize("container", [True, False])
@pytest.mark.parametrize("model", FORMATS)
def test_what_was_fitted_is_what_is_received(model: ImageFormat, container: bool) -> None:
    codec, images = fitted(model, container), [*Sample().load(0, 3), Sample().load(3, 4)[0][:17]]
    framing = Framing(crc=16)
    sent = ImageTransmitter(codec, framing).transmit(images)
    arrived = ImageReceiver(codec, framing).depacketize(Reception.of(sent.signal))
    received = ImageReceiver(codec, framing).reconstruct(arrived)
    assert not received.damaged.any()
    assert sent.encoded.keys() == arrived.encoded.keys()
    for name, arrays in sent.encoded.items():
        for ours, theirs in zip(arrays, arrived.encoded[name], strict=True):
            assert np.array_equal(ours, theirs)
    for file, picture, image in zip(sent.encoded["file"], received.samples, images, strict=True):
        assert np.array_equal(picture, codec.decode(file.tobytes(), *image.shape[:2]))


def test_no_image_is_encoded_twice_at_one_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    encode, calls = ImageFile.encode, Counter[tuple[bytes, int | None]]()

    def counted(self: ImageFile, image: Image) -> bytes:
        calls[image.tobytes(), self.quality] += 1
        return encode(self, image)

    monkeypatch.setattr(ImageFile, "encode", counted)
    ImageTransmitter(fitted("webp", False), FRAMING).transmit(Sample().load(0, 8))
    assert set(calls.values()) == {1}
    assert len(calls) <= 8 * 7  # 101 qualities are halved seven times


def test_a_tag_is_sent_where_the_receiver_needs_the_quality() -> None:
    """JPEG's quantization tables depend on it; where they are sent, no tag is."""
    images = Sample().load(0, 2)
    for model in FORMATS:
        codec = fitted(model, False)
        sent = ImageTransmitter(codec, Framing.raw()).transmit(images)
        assert codec.tagged is (model == "jpeg") is ("quality" in sent.encoded)
        files = [len(codec.content_of(file.tobytes())) for file in sent.encoded["file"]]
        tag = int(codec.tagged)
        assert sent.payload_bits.tolist() == [8 * (size + tag) for size in files]
    assert not fitted("jpeg", True).tagged
    assert not ImageFile("jpeg", 50, container=False).tagged
    payload = np.packbits(
        ImageTransmitter(fitted("jpeg", False), Framing.raw()).transmit(images[:1]).signal.bits
    )
    first = ImageFile("jpeg", int(payload[0]), container=False)
    assert payload[1:].tobytes() == first.content_of(first.encode(images[0]))


@pytest.mark.parametrize("tag", [255, 101])
def test_a_tag_of_no_quality_is_damage(tag: int) -> None:
    codec = fitted("jpeg", False)
    payload = np.packbits(
        ImageTransmitter(codec, Framing.raw()).transmit(Sample().load(0, 1)).signal.bits
    )
    payload[0] = tag
    received = ImageReceiver(codec, Framing.raw()).receive(
        Reception.of(Frames.join([np.unpackbits(payload)]))
    )
    assert received.damaged.tolist() == [True]
    assert (received.samples[0] == GREY).all()


@pytest.mark.parametrize("bits", [0, 1, 7, 8])
def test_a_payload_with_no_more_than_a_tag_is_damage(bits: int) -> None:
    frames = Frames.join([np.zeros(bits, np.uint8)])
    received = ImageReceiver(fitted("jpeg", False), Framing.raw()).receive(Reception.of(frames))
    assert received.damaged.tolist() == [True]


def test_a_flipped_tag_is_found_by_the_crc() -> None:
    codec = fitted("jpeg", False)
    signal = ImageTransmitter(codec, FRAMING).transmit(Sample().load(0, 1)).signal
    bits = signal.bits.copy()
    bits[7] ^= 1  # behind the header's one bit
    received = ImageReceiver(codec, FRAMING, "drop").receive(Reception.of(signal.with_bits(bits)))
    assert received.damaged.tolist() == [True]
    assert (received.samples[0] == GREY).all()


@pytest.mark.parametrize("model", FORMATS)
def test_an_image_that_no_quality_fits_is_told_with_its_bits(model: ImageFormat) -> None:
    codec, (image,) = fitted(model, False, 30), Sample().load(0, 1)
    bits = frame_bits(codec, codec.at(0).encode(image))
    told = (
        f"budget_bits is 30, but an image of 32 x 32 has a frame of {bits} bits even at the lowest "
        f"quality of {model}: allow more, or take another codec or framing"
    )
    with pytest.raises(FramingError) as caught:
        ImageTransmitter(codec, FRAMING).transmit([image])
    assert str(caught.value) == told


def test_a_budget_is_for_the_whole_frame() -> None:
    """A longer CRC leaves fewer bits to the file."""
    (image,) = Sample().load(0, 1)
    codec = fitted("webp", False)
    bits = frame_bits(codec, codec.at(20).encode(image))
    for crc, fits in ((16, True), (24, False)):
        framing = Framing(size=(32, 32), crc=crc)  # type: ignore[arg-type]
        tight = fitted("webp", False, bits)
        file = ImageTransmitter(tight, framing).transmit([image]).encoded["file"][0].tobytes()
        assert (len(file) >= len(codec.at(20).encode(image))) is fits


def test_quality_or_budget_or_agreed_frames_are_given() -> None:
    with pytest.raises(SettingError, match="takes quality or budget_bits; both are given"):
        ImageFile("webp", 5, budget_bits=512)
    with pytest.raises(SettingError, match=r"quality, budget_bits or link\.channel_uses; none is"):
        ImageTransmitter(ImageFile("webp"), FRAMING)
    assert ImageTransmitter(ImageFile("webp"), FRAMING, Terms(512)).budget_bits == 511


def test_with_agreed_frames_the_best_file_fits_or_grey_is_sent() -> None:
    """A frame of 1,600 bits holds each file; one of 200 bits none, and the pictures are grey."""
    images = Sample().load(0, 3)
    for agreed, unfit in ((1600, False), (200, True)):
        codec, terms = ImageFile("webp", container=False), Terms(agreed)
        sent = ImageTransmitter(codec, FRAMING, terms).transmit(images)
        assert sent.signal.lengths.tolist() == [agreed] * 3
        assert sent.encoded["unfit"].tolist() == [unfit] * 3
        received = ImageReceiver(codec, FRAMING, terms=terms).receive(Reception.of(sent.signal))
        assert not received.damaged.any()
        is_grey = [np.unique(picture).tolist() == [GREY] for picture in received.samples]
        assert is_grey == [unfit] * 3


def test_cells_share_files_where_the_budget_is_met_alike() -> None:
    webp, jpeg = fitted("webp", False), ImageFile("jpeg", 5)
    assert webp.encode_key(Terms(), FRAMING) != webp.encode_key(Terms(), Framing(crc=32))
    assert webp.encode_key(Terms(), FRAMING) != fitted("webp", True, 1000).encode_key(
        Terms(), FRAMING
    )
    assert jpeg.encode_key(Terms(), FRAMING) == jpeg.encode_key(Terms(), Framing(crc=32))


def test_a_run_with_a_budget_sends_what_fits(tmp_path: Path) -> None:
    scenario = tmp_path / "budget.yaml"
    scenario.write_text(
        "codec: {model: jpeg, container: false}\n"
        "framing: {header: false, crc: 16}\n"
        "images: 8\n"
        "sweep: {codec.budget_bits: [700, 1000], channel: [{model: error_free}, "
        "{model: binary_symmetric, crossover: 0.002}]}\n"
    )
    cli_ok("run", scenario, "--out", tmp_path / "run")
    rows = pd.read_csv(tmp_path / "run" / "per_image.csv")
    results = pd.read_csv(tmp_path / "run" / "results.csv")
    budgets = results["codec.budget_bits"][rows["cell"]].to_numpy()
    assert (rows["bits"] <= budgets).all()
    assert (rows["bits"] > budgets - 200).all()
    free = results[results["channel.model"] == "error_free"]
    assert free["damaged_images"].tolist() == [0, 0]
    assert free["psnr_db"].is_monotonic_increasing
