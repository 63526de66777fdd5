"""Files of analogue codecs: what is saved is loaded, and nothing else is."""

import json
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.analogue.codec_file import FORMAT, VERSION, load_analogue, save_analogue
from semcomm.codec.codec_file import load_codec
from semcomm.codec.header import kind_of
from semcomm.codec.tensor_file import digest_of
from semcomm.errors import CodecError

Tensors = dict[str, NDArray[Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tiny.safetensors"


def about_of(codec: AnalogueCodec, **changes: object) -> str:
    """The text of a codec's file, with changes."""
    about = {
        "network": asdict(codec.network),
        "points": codec.points,
        "knows_noise": codec.knows_noise,
        "origin": {},
    }
    return json.dumps(about | changes)


def write(path: Path, about: str, tensors: Tensors, **metadata: str) -> None:
    """A file whose SHA-256 is right, whatever else is wrong with it."""
    right = {"format": FORMAT, "version": VERSION, "about": about}
    digest = {"sha256": digest_of(about, tensors).hex()}
    path.write_bytes(save(tensors, right | digest | metadata))


def refused(path: Path) -> str:
    """The message with which the file is refused, after its path."""
    with pytest.raises(CodecError) as caught:
        load_analogue(path)
    assert str(path) in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def test_what_is_saved_is_loaded(tiny_analogue: AnalogueCodec, path: Path) -> None:
    save_analogue(tiny_analogue, path)
    loaded = load_analogue(path)
    for name in ("name", "network", "points", "knows_noise", "origin", "digest"):
        assert getattr(loaded, name) == getattr(tiny_analogue, name)
    assert loaded.tensors.keys() == tiny_analogue.tensors.keys()
    for name, tensor in tiny_analogue.tensors.items():
        assert loaded.tensors[name].dtype == tensor.dtype == np.float16
        assert np.array_equal(loaded.tensors[name], tensor)
    assert kind_of(path).system == "analogue"


def test_each_kind_of_codec_refuses_the_others_file(
    tiny_analogue: AnalogueCodec, tiny_codec_file: Path, path: Path
) -> None:
    save_analogue(tiny_analogue, path)
    with pytest.raises(CodecError, match="is an analogue codec, which makes symbols; one that"):
        load_codec(path)
    assert refused(tiny_codec_file) == (
        " is a codec, which makes bits; one that makes symbols is needed here"
    )


def test_a_flipped_bit_anywhere_is_refused(tiny_analogue: AnalogueCodec, path: Path) -> None:
    save_analogue(tiny_analogue, path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    header = 8 + int.from_bytes(content[:8], "little")
    positions = [*range(8), *rng.integers(8, header, 200), *rng.integers(header, len(content), 99)]
    for position, bit in zip(positions, rng.integers(8, size=len(positions)), strict=True):
        damaged = bytearray(content)
        damaged[position] ^= 1 << bit
        path.write_bytes(damaged)
        refused(path)


def test_a_file_cut_short_anywhere_is_refused(tiny_analogue: AnalogueCodec, path: Path) -> None:
    save_analogue(tiny_analogue, path)
    content = path.read_bytes()
    for length in {0, 1, 7, 8, 9, 100, len(content) - 1, *range(10, len(content), 499)}:
        path.write_bytes(content[:length])
        assert refused(path).startswith(" is damaged or of another program")


class Runs:
    """Unpickled, makes the file it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_runs_nothing(path: Path) -> None:
    sign = path.with_name("it-ran")
    path.write_bytes(pickle.dumps(Runs(sign)))
    assert refused(path).startswith(" is damaged or of another program")
    assert not sign.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"points": []},
        {"points": [1e9]},
        {"points": [0.0] * 65},
        {"points": ["nan"]},
        {"network": {"model": "lstm", "symbols": 1}},
        {"network": {"model": "patches", "symbols": 10**9}},
        {"network": {"model": "patches", "channels": 10**9}},
        {"network": {"model": "patches", "blocks": -1}},
        {"network": {"model": "patches", "symbols": 1, "wide": 3}},
        {"network": None},
        {"knows_noise": "perhaps"},
        {"origin": 3},
    ],
    ids=str,
)
def test_an_absurd_description_is_refused(
    tiny_analogue: AnalogueCodec, path: Path, changes: dict[str, object]
) -> None:
    write(path, about_of(tiny_analogue, **changes), dict(tiny_analogue.tensors))
    message = refused(path)
    unknown_field = "wide" in str(changes)
    expected = " has no tensor" if unknown_field else " has an invalid description: "
    assert message.startswith(expected)


def test_points_that_do_not_ascend_are_refused(tiny_analogue: AnalogueCodec, path: Path) -> None:
    write(path, about_of(tiny_analogue, points=[10.0, 0.0]), dict(tiny_analogue.tensors))
    assert refused(path).startswith(" has points [10.0, 0.0], which do not ascend")


def test_the_largest_network_is_compared_without_being_made(
    tiny_analogue: AnalogueCodec, path: Path
) -> None:
    """It would take more than a gigabyte."""
    largest = {"model": "patches", "symbols": 64, "channels": 1024, "blocks": 16}
    write(path, about_of(tiny_analogue, network=largest), dict(tiny_analogue.tensors))
    assert refused(path).startswith(" has no tensor encoder.0.weight of shape (1024, 48, 3, 3)")


def missing(tensors: Tensors) -> None:
    del tensors["decoder.0.gain"]


def unknown(tensors: Tensors) -> None:
    tensors["more"] = np.zeros(1, np.float16)


def wider(tensors: Tensors) -> None:
    tensors["encoder.0.bias"] = np.zeros((3, 8), np.float16)


def other_type(tensors: Tensors) -> None:
    tensors["encoder.0.bias"] = tensors["encoder.0.bias"].astype(np.float32)


def not_finite(tensors: Tensors) -> None:
    tensors["encoder.0.bias"] = np.full_like(tensors["encoder.0.bias"], np.nan)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (missing, " has no tensor decoder.0.gain of shape (2, 8)"),
        (unknown, " has unknown tensors: more"),
        (wider, " has no tensor encoder.0.bias of shape (2, 8)"),
        (other_type, " has no tensor encoder.0.bias of shape (2, 8) and type float16"),
        (not_finite, " has values in encoder.0.bias that are not finite"),
    ],
)
def test_tensors_that_do_not_match_are_refused(
    tiny_analogue: AnalogueCodec, path: Path, damage: Any, message: str
) -> None:
    tensors = dict(tiny_analogue.tensors)
    damage(tensors)
    write(path, about_of(tiny_analogue), tensors)
    assert refused(path).startswith(message)


def test_another_version_is_refused(tiny_analogue: AnalogueCodec, path: Path) -> None:
    write(path, about_of(tiny_analogue), dict(tiny_analogue.tensors), version="2")
    assert refused(path).startswith(" is an analogue codec of version '2'; this semcomm reads")
