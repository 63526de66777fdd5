"""What is sent: the bits are those of the code table, and what is counted is what is handed to the
channel.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from semcomm.choices import EntropyCoding
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import canonical_codes
from semcomm.data.sample import Sample
from semcomm.errors import DataError, FramingError, SettingError
from semcomm.frame_format import FrameFormat
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image
from semcomm.transmitter import Transmitter

NONE = Framing.raw()


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 5)


def test_without_framing_frames_are_the_indices_codewords(
    tiny_codec: Codec, images: list[Image]
) -> None:
    sent = Transmitter(tiny_codec, "huffman", NONE).transmit(images)
    lengths = tiny_codec.code_lengths
    words = [
        f"{code:0{length}b}" for code, length in zip(canonical_codes(lengths), lengths, strict=True)
    ]
    expected = [
        "".join(words[symbol] for symbol in grid.ravel()) for grid in sent.encoded["indices"]
    ]
    assert ["".join(map(str, bits)) for bits in sent.signal.split()] == expected
    assert (
        sent.payload_bits.tolist()
        == sent.signal.lengths.tolist()
        == [len(bits) for bits in expected]
    )


def test_indices_are_those_of_the_codec(tiny_codec: Codec, images: list[Image]) -> None:
    sent = Transmitter(tiny_codec).transmit(images)
    for result, grid in zip(
        sent.encoded["indices"], tiny_codec.quantize(tiny_codec.encode(images)), strict=True
    ):
        assert result.shape == (8, 8, 2)
        assert np.array_equal(result, grid)


def test_fixed_length_takes_the_largest_indexs_bits_for_each(
    tiny_codec: Codec, images: list[Image]
) -> None:
    sent = Transmitter(tiny_codec, "fixed_length", NONE).transmit(images)
    assert sent.signal.lengths.tolist() == [128 * 5] * 5  # K = 32
    assert [int(word, 2) for word in texts_of(sent.signal.bits, 5)] == [
        symbol for grid in sent.encoded["indices"] for symbol in grid.ravel()
    ]


@pytest.mark.parametrize("coder", ["huffman", "fixed_length"])
@pytest.mark.parametrize(
    "framing", [Framing(), Framing(crc=0), Framing(slices=3, crc=8), Framing(slices=20)]
)
def test_payload_bits_exclude_framing_and_frames_hold_them(
    tiny_codec: Codec, images: list[Image], coder: EntropyCoding, framing: Framing
) -> None:
    sent = Transmitter(tiny_codec, coder, framing).transmit(images)
    bare = Transmitter(tiny_codec, coder, NONE).transmit(images)
    assert sent.payload_bits.tolist() == bare.payload_bits.tolist()
    assert len(sent.signal) == len(images) * framing.slices
    payloads = FrameFormat(framing).unframe(sent.signal, lambda header, number: 0).payloads
    assert np.array_equal(payloads.bits, bare.signal.bits)
    overhead = (sent.signal.lengths - payloads.lengths).reshape(-1, framing.slices)
    assert (overhead[:, -1] == 1 + framing.crc).all()  # a flag and the check
    lengths = payloads.lengths.reshape(-1, framing.slices)[:, :-1]
    assert (overhead[:, :-1] == 1 + framing.crc + 8 + 32 * (lengths >= 255)).all()


def test_images_may_be_of_any_sizes_that_the_framing_can_tell(tiny_codec: Codec) -> None:
    images = [
        np.zeros((height, width, 3), np.uint8) for height, width in [(1, 1), (5, 4), (33, 64)]
    ]
    sent = Transmitter(tiny_codec).transmit(images)
    assert [grid.shape for grid in sent.encoded["indices"]] == [(1, 1, 2), (2, 1, 2), (9, 16, 2)]
    with pytest.raises(FramingError, match="an image is 1 x 1, but without a header"):
        Transmitter(tiny_codec, "huffman", NONE).transmit(images)


@pytest.mark.parametrize("slices", [1, 4])
def test_no_images_are_no_frames(tiny_codec: Codec, slices: int) -> None:
    sent = Transmitter(tiny_codec, "huffman", Framing(slices=slices)).transmit([])
    assert len(sent.signal) == sent.payload_bits.size == len(sent.encoded["indices"]) == 0


def texts_of(bits: np.ndarray, width: int) -> list[str]:
    """Runs of `width` bits as text."""
    text = "".join(map(str, bits))
    return [text[start:stop] for start, stop in pairwise(range(0, len(text) + 1, width))]


@pytest.mark.parametrize(
    "image",
    [np.zeros((32, 32, 3)), np.zeros((32, 32), np.uint8), np.zeros((32, 32, 4), np.uint8)],
    ids=["floats", "grey", "four colours"],
)
def test_what_is_no_image_of_three_colours_is_refused(
    tiny_codec: Codec, image: NDArray[Any]
) -> None:
    with pytest.raises(DataError, match=r"it takes \(height, width, 3\) uint8"):
        Transmitter(tiny_codec).transmit([image])


def test_an_unknown_entropy_coder_is_refused(tiny_codec: Codec) -> None:
    with pytest.raises(
        SettingError, match='entropy_coder is "hufman"; it takes `huffman`, `fixed_length` or'
    ):
        Transmitter(tiny_codec, "hufman")  # type: ignore[arg-type]
