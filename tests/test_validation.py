"""Constructors: what they refuse, in which words, and what they convert."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from annotated_types import Ge, Le

from semcomm.carrier import carry
from semcomm.channel import BitChannel
from semcomm.codec.codec import Codec
from semcomm.codec.networks import Geometry
from semcomm.data.choice import DataChoice
from semcomm.errors import FramingError, LinkError, SemcommError, SettingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.receiver import Receiver
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario, Stop
from semcomm.systems.image_files import ImageFile, ImageReceiver
from semcomm.systems.learned import LearnedCodec
from semcomm.transmitter import Transmitter
from semcomm.validation import as_yaml, describe

WEBP, ERROR_FREE = ImageFile("webp", 5), load_channel("error_free")


@dataclass(frozen=True)
class Noisy(BitChannel):
    share: Annotated[float, Ge(0.0), Le(0.5)]
    taps: tuple[float, ...] = ()
    weights: np.ndarray | None = None
    call: Callable[[int], int] = abs
    limit: Annotated[int, Ge(1)] | None = None

    def __post_init__(self) -> None:
        if self.limit and self.limit < len(self.taps):
            raise ValueError("more taps than limit")

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames)


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        (Link, {"decisions": "Soft"}, LinkError, 'decisions is "Soft"; it takes `soft` or `hard`'),
        (Link, {"code": "ldpc"}, LinkError, 'code is "ldpc"; it takes a LdpcCode, a Rep'),
        (Link, {"code": {"rate": "1/2"}}, LinkError, 'code is {"rate": "1/2"}; it takes'),
        (LdpcCode, {"iterations": 0}, LinkError, "iterations is 0; it takes a whole number from 1"),
        (LdpcCode, {"rate": 2}, LinkError, "rate is 2; it takes text or a number from 0.0292"),
        (Retransmission, {"model": "Chase"}, LinkError, 'model is "Chase"; it takes `arq`'),
        (Retransmission, {"transmissions": True}, LinkError, "transmissions is true; it takes a"),
        (Framing, {"crc": 16.0}, FramingError, "crc is 16.0; it takes 0, 8, 16, 24 or 32"),
        (Framing, {"header": 1}, FramingError, "header is 1; it takes true or false"),
        (Stop, {"frame_errors": 0}, SettingError, "frame_errors is 0; it takes a whole number of"),
        (DataChoice, {"name": "Sample"}, SettingError, 'name is "Sample"; it takes `sample`'),
        (LearnedCodec, {"model": 3}, SettingError, "model is 3; it takes text"),
        (ImageFile, {"model": "webp", "quality": 101}, SettingError, "quality is 101; it takes"),
        (Geometry, {"groups": 0}, SettingError, "groups is 0; it takes a whole number from 1 to"),
        (Noisy, {"share": 0.7}, SettingError, "share is 0.7; it takes a number from 0 to 0.5"),
        (Noisy, {"share": float("nan")}, SettingError, "share is .nan; it takes a number from 0"),
        (Noisy, {"share": 0, "weights": 3}, SettingError, "weights is 3; it takes a ndarray or n"),
        (Noisy, {"share": 0, "call": 3}, SettingError, "call is 3; it takes a Callable"),
        (Noisy, {"share": 0, "taps": (1, 2), "limit": 1}, ValueError, "more taps than limit"),
        (Noisy, {"share": 10**5000}, SettingError, "share is a int; it takes a number from"),
    ],
)
def test_a_constructor_refuses_what_a_scenario_refuses(
    make: Callable[..., object], arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        make(**arguments)
    assert str(caught.value).startswith(message)


def test_all_mistakes_of_a_constructor_are_told_a_line_each() -> None:
    with pytest.raises(FramingError) as caught:
        Framing(slices=0, crc=7)  # type: ignore[arg-type]
    assert str(caught.value).split("\n") == [
        "slices is 0; it takes a whole number from 1 to 255",
        "crc is 7; it takes 0, 8, 16, 24 or 32",
    ]


def test_what_numpy_and_python_write_otherwise_is_converted() -> None:
    made = Noisy(np.float32(0.25), np.array([1, 2]), np.ones(2), limit=np.int64(3))  # type: ignore[arg-type]
    assert (made.share, made.taps, made.limit) == (0.25, (1.0, 2.0), 3)
    assert type(made.share) is float and type(made.limit) is int
    assert repr(Noisy(0).share) == "0.0"
    assert Framing(size=[8, 16]).size == (8, 16)  # type: ignore[arg-type]
    assert DataChoice(images="a/b").images == Path("a/b")  # type: ignore[arg-type]
    assert LearnedCodec(Path("a.safetensors")).model == "a.safetensors"  # type: ignore[arg-type]


def test_a_copy_with_a_change_is_checked_too() -> None:
    with pytest.raises(LinkError, match="iterations is 0"):
        replace(LdpcCode(), iterations=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 0}, "images is 0; it takes a whole number of at least 1 or null"),
        ({"repeat": 0}, "repeat is 0; it takes a whole number of at least 1"),
        ({"seed": -1}, "seed is -1; it takes a whole number from 0 to"),
        ({"measures": ()}, r"measures is \[\]; it takes a list of text no shorter than 1"),
        ({"measures": ("nosuch",)}, "measure nosuch is unknown"),
        ({"measures": ("mse", "mse")}, "measure mse has the column mse, .* name of its own"),
        (
            {"data": DataChoice(csi="sample")},
            "measure mse is of images; .* nmse and cosine measure",
        ),
        ({"name": "a/b"}, 'name is "a/b"; files are named by it'),
        ({"codec": "webp"}, 'codec is "webp"; it takes a System'),
        ({"channel": WEBP}, "it takes a BitChannel or a SymbolChannel"),
        ({"link": None}, "link is null; it takes a Link"),
    ],
)
def test_a_scenario_made_in_python_is_checked(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SemcommError, match=message):
        Scenario(**{"name": "a", "codec": WEBP, "channel": ERROR_FREE} | change)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"entropy_coder": "hufman"}, 'entropy_coder is "hufman"; it takes `huffman`'),
        ({"budget_bits": 0}, "budget_bits is 0; it takes a whole number of at least 1 or null"),
        ({"budget_bits": 1.5}, "budget_bits is 1.5; it takes"),
        ({"refinement_steps": -1}, "refinement_steps is -1; it takes a whole number from 0 to 10"),
        ({"refinement_steps": None}, "refinement_steps is null; it takes"),
    ],
)
def test_a_transmitters_arguments_are_checked(
    tiny_codec: Codec, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        Transmitter(tiny_codec, **arguments)


def test_a_receivers_policy_is_checked(tiny_codec: Codec) -> None:
    message = 'damaged is "Drop"; it takes `keep`, `conceal` or `drop`'
    with pytest.raises(SettingError, match=message):
        Receiver(tiny_codec, damaged="Drop")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=message):
        ImageReceiver(WEBP, Framing(), damaged="Drop")  # type: ignore[arg-type]


def test_indices_of_another_size_are_refused(tiny_codec: Codec) -> None:
    encoded = {"indices": [np.zeros((8, 8, 1), np.uint16)], "size": np.array([[32, 32]])}
    with pytest.raises(FramingError, match=r"have the shape \(8, 8, 1\); tiny has \(8, 8, 2\)"):
        Transmitter(tiny_codec).packetize(encoded)


def test_frames_of_half_an_image_are_refused(tiny_codec: Codec) -> None:
    frames = Frames.join([np.zeros(10, np.uint8)] * 3)
    with pytest.raises(FramingError, match="there are 3 frames, no multiple of 2"):
        Receiver(tiny_codec, framing=Framing(slices=2)).receive(Reception.of(frames))


@pytest.mark.parametrize(
    ("link", "channel", "message"),
    [
        (Link(), load_channel("awgn", esn0_db=3), "carries symbols, so it takes link.modulation"),
        (Link("qpsk"), ERROR_FREE, "link.modulation is qpsk, but channel ErrorFree carries bits"),
        (Link(decisions="hard"), ERROR_FREE, "link.decisions is hard, but channel ErrorFree has"),
        (Link(retransmission=Retransmission("incremental")), ERROR_FREE, "set link.code.model to"),
    ],
)
def test_wrap_refuses_what_only_a_pair_gets_wrong(
    link: Link, channel: BitChannel, message: str
) -> None:
    with pytest.raises(LinkError, match=message):
        link.wrap(channel, Framing().crc_ok)


def test_retransmission_without_a_crc_is_refused() -> None:
    frames, link = Frames.join([np.zeros(10, np.uint8)]), Link(retransmission=Retransmission())
    with pytest.raises(LinkError, match=r"set framing\.crc to 8 or more"):
        carry(ERROR_FREE, frames, np.random.default_rng(0), link, Framing(crc=0))


def test_values_are_shown_whatever_they_are() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert as_yaml(endless) == "a list"
    assert as_yaml(10**5000) == "a int"
    assert as_yaml({1, 2}) == '"{1, 2}"'
    assert describe(Link, objects=True) == "a Link"
