"""Files of ESC codecs: what is saved is loaded, and nothing else is."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semcomm.codec.codec_file import load_codec
from semcomm.codec.esc.codec import EscCodec
from semcomm.codec.esc.codec_file import FORMAT, VERSION, load_esc, save_esc
from semcomm.codec.header import kind_of
from semcomm.codec.tensor_file import write_tensors
from semcomm.errors import CodecError
from semcomm.zoo.find import load_any


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tiny.safetensors"


def write(path: Path, codec: EscCodec, about: dict[str, Any], tensors: dict[str, Any]) -> None:
    """A codec's file with changes, whose SHA-256 is right."""
    text = {"geometry": asdict(codec.geometry), "codebooks": 3, "origin": {}} | about
    changed = {**codec.tensors, **tensors}
    kept = {name: tensor for name, tensor in changed.items() if tensor is not None}
    write_tensors(path, FORMAT, VERSION, json.dumps(text), kept)


def test_what_is_saved_is_loaded(tiny_esc: EscCodec, path: Path) -> None:
    save_esc(tiny_esc, path)
    loaded = load_esc(path)
    for name in ("name", "geometry", "origin", "digest"):
        assert getattr(loaded, name) == getattr(tiny_esc, name)
    assert loaded.tensors.keys() == tiny_esc.tensors.keys()
    for name, tensor in tiny_esc.tensors.items():
        assert np.array_equal(loaded.tensors[name], tensor)
    assert kind_of(path).system == "esc" and isinstance(load_any(str(path)), EscCodec)


def test_each_kind_of_codec_refuses_the_others_file(
    tiny_esc: EscCodec, tiny_codec_file: Path, path: Path
) -> None:
    save_esc(tiny_esc, path)
    with pytest.raises(CodecError, match="is an ESC codec, which makes symbols of indices; one"):
        load_codec(path)
    with pytest.raises(CodecError, match="is a codec, which makes bits; one that makes symbols of"):
        load_esc(tiny_codec_file)


@pytest.mark.parametrize(
    ("about", "tensors", "message"),
    [
        ({"codebooks": 17}, {}, "has an invalid description"),
        ({"codebooks": 2}, {}, r"has no tensor codebooks of shape \(2, 8, 2\)"),
        ({"geometry": {"groups": 1, "dimension": 2, "codewords": 6}}, {}, "take a power of two"),
        ({}, {"crossovers": np.full((3, 3), 0.5)}, "has crossovers from 0.5 to 0.5; they are"),
        ({}, {"crossovers": np.full((3, 3), np.nan)}, "has values in crossovers that are not"),
        ({}, {"distortions": np.array([1.0, -1.0, 0])}, "has a distortion of -1, below 0"),
        ({}, {"distortions": None}, r"has no tensor distortions of shape \(3,\)"),
    ],
)
def test_files_that_cannot_be_are_refused(
    tiny_esc: EscCodec, path: Path, about: dict[str, Any], tensors: dict[str, Any], message: str
) -> None:
    write(path, tiny_esc, about, tensors)
    with pytest.raises(CodecError, match=message):
        load_esc(path)
