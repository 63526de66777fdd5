"""Codec files: what is saved is loaded, and nothing else is; whatever is wrong is told, and nothing
is run.
"""

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save
from torch import nn

from semcomm.codec import networks
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import FORMAT, VERSION, About, codec_from, load_codec, save_codec
from semcomm.codec.networks import Geometry, semantic_encoder
from semcomm.codec.tensor_file import digest_of
from semcomm.errors import CodecError

Tensors = dict[str, NDArray[Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tiny.safetensors"


def about_of(codec: Codec, **changes: object) -> str:
    """The text of a codec's file, with changes to its geometry."""
    about = {
        "geometry": asdict(codec.geometry) | changes,
        "quantizer": codec.quantizer,
        "origin": {},
    }
    return json.dumps(about)


def write(path: Path, about: str, tensors: Tensors, **metadata: str) -> Path:
    """A file whose SHA-256 is right, whatever else is wrong with it."""
    digest = digest_of(about, tensors).hex()
    path.write_bytes(
        save(
            tensors,
            {"format": FORMAT, "version": VERSION, "about": about, "sha256": digest} | metadata,
        )
    )
    return path


def refused(path: Path) -> str:
    """The message with which the file is refused, after its path."""
    with pytest.raises(CodecError) as caught:
        load_codec(path)
    assert str(path) in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def test_what_is_saved_is_loaded(tiny_codec: Codec, path: Path) -> None:
    origin = {
        "command": "semcomm train tiny",
        "seed": 0,
        "share": 0.1,
        "images": None,
        "place": ["Köln", "京都"],
    }
    about = About(tiny_codec.geometry, tiny_codec.quantizer, origin)
    codec = codec_from("tiny", about, tiny_codec.tensors)
    save_codec(codec, path)
    loaded = load_codec(path)
    for name in ("name", "geometry", "quantizer", "origin", "digest", "fill_index"):
        assert getattr(loaded, name) == getattr(codec, name)
    assert loaded.tensors.keys() == codec.tensors.keys()
    for name, tensor in codec.tensors.items():
        assert loaded.tensors[name].dtype == tensor.dtype
        assert np.array_equal(loaded.tensors[name], tensor)


def test_a_loaded_codec_can_be_saved_again(
    tiny_codec_file: Path, tiny_codec: Codec, path: Path
) -> None:
    save_codec(load_codec(tiny_codec_file), path)
    assert load_codec(path).digest == tiny_codec.digest


def test_the_name_is_the_files_and_no_part_of_the_digest(tiny_codec: Codec, tmp_path: Path) -> None:
    save_codec(tiny_codec, tmp_path / "other.safetensors")
    loaded = load_codec(tmp_path / "other.safetensors")
    assert loaded.name == "other" and loaded.digest == tiny_codec.digest


def test_any_change_changes_the_digest(tiny_codec: Codec) -> None:
    about = About(tiny_codec.geometry, tiny_codec.quantizer, dict(tiny_codec.origin))
    digests = {tiny_codec.digest}
    for name, tensor in tiny_codec.tensors.items():
        changed = tensor.copy()
        # The last two, exchanged: all sums stay as they are.
        changed.ravel()[-2:] = changed.ravel()[-2:][::-1]
        if not np.array_equal(changed, tensor):
            digests.add(codec_from("tiny", about, {**tiny_codec.tensors, name: changed}).digest)
    digests.add(
        codec_from("tiny", About(about.geometry, "ecvq", about.origin), tiny_codec.tensors).digest
    )
    digests.add(
        codec_from("tiny", About(about.geometry, "vq", {"seed": 1}), tiny_codec.tensors).digest
    )
    assert len(digests) >= 3 + len([name for name in tiny_codec.tensors if name.endswith("weight")])


def test_a_file_cut_short_anywhere_is_refused(tiny_codec_file: Path, path: Path) -> None:
    content = tiny_codec_file.read_bytes()
    for length in {0, 1, 7, 8, 9, 100, len(content) - 1, *range(10, len(content), 257)}:
        path.write_bytes(content[:length])
        assert refused(path).startswith(" is damaged or of another program")


def test_a_file_with_more_behind_it_is_refused(tiny_codec_file: Path, path: Path) -> None:
    path.write_bytes(tiny_codec_file.read_bytes() + b"\0")
    assert refused(path).startswith(" is damaged or of another program")


def test_a_flipped_bit_anywhere_is_refused(tiny_codec_file: Path, path: Path) -> None:
    content = tiny_codec_file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    positions = [*range(8), *rng.integers(8, header, 400), *rng.integers(header, len(content), 200)]
    for position, bit in zip(positions, rng.integers(8, size=len(positions)), strict=True):
        damaged = bytearray(content)
        damaged[position] ^= 1 << bit
        path.write_bytes(damaged)
        refused(path)


class Runs:
    """Unpickled, makes the file it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_runs_nothing(protocol: int, path: Path) -> None:
    sign = path.with_name("it-ran")
    path.write_bytes(pickle.dumps(Runs(sign), protocol))
    assert refused(path).startswith(" is damaged or of another program")
    assert not sign.exists()
    pickle.loads(path.read_bytes())
    assert sign.exists()


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"PK\x03\x04" + bytes(100), b"\xff" * 100, bytes(100)]
)
def test_what_is_no_safetensors_file_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert refused(path).startswith(" is damaged or of another program")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CodecError, match=r"there is no file .*missing"):
        load_codec(tmp_path / "missing.safetensors")
    assert refused(tmp_path) == " is a folder; name a .safetensors file"
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "below.safetensors")
    assert refused(tmp_path / ("long" * 100)) == " cannot be read: File name too long"
    refused(tmp_path / "nul\0")


def test_a_file_larger_than_any_codec_is_refused_unread(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)
    assert "larger than 268435456 bytes" in refused(path)


def test_another_safetensors_file_is_refused(path: Path) -> None:
    path.write_bytes(save({"weights": np.zeros(3, np.float32)}))
    assert refused(path).startswith(" is a safetensors file, but of another program")


def test_another_version_is_refused(tiny_codec: Codec, path: Path) -> None:
    write(path, about_of(tiny_codec), dict(tiny_codec.tensors), version="1")
    assert refused(path).startswith(" is a codec of version '1'; this semcomm reads version 2")


ABSURD = [
    {"channels": 10**9},
    {"codewords": 10**18},
    {"dimension": 10**30},
    {"groups": 0},
    {"blocks": -1},
    {"blocks": 0.5},
    {"channels": "many"},
    {"channels": None},
]


@pytest.mark.parametrize("change", ABSURD, ids=str)
def test_an_absurd_geometry_is_refused(
    tiny_codec: Codec, path: Path, change: dict[str, object]
) -> None:
    write(path, about_of(tiny_codec, **change), dict(tiny_codec.tensors))
    assert refused(path).startswith(" has an invalid description: ")


def test_the_largest_geometry_is_compared_without_being_made(
    tiny_codec: Codec, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks of this geometry would take 1.4 GB."""
    made = []

    def spied(geometry: Geometry, patch_values: int) -> nn.Sequential:
        made.append(semantic_encoder(geometry, patch_values))
        return made[-1]

    monkeypatch.setattr(networks, "semantic_encoder", spied)
    about = about_of(tiny_codec, groups=64, dimension=64, codewords=65536, channels=1024, blocks=16)
    write(path, about, dict(tiny_codec.tensors))
    assert refused(path).startswith(
        " has no tensor encoder.0.weight of shape (1024, 48, 3, 3) and type float16"
    )
    assert sum(weight.numel() for weight in made[0].parameters()) > 1.7e8
    assert all(weight.is_meta for weight in made[0].parameters())


@pytest.mark.parametrize(
    "about",
    [
        "",
        "{",
        "[]",
        "null",
        '{"geometry": {}, "quantizer": "vq"}',
        '{"geometry": {}, "quantizer": "pq", "origin": {}}',
        '{"geometry": {}, "quantizer": "vq", "origin": {"x": %s}}' % ("1" * 5000),
        '{"geometry": {}, "quantizer": "vq", "origin": {"x": %s}}' % ("[" * 5000 + "]" * 5000),
        '{"geometry": {}, "quantizer": "vq", "origin": {"x": "\\ud800"}}',
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "null",
        "no origin",
        "unknown quantizer",
        "long number",
        "deep",
        "half a character",
    ],
)
def test_a_text_that_says_nothing_of_a_codec_is_refused(
    tiny_codec: Codec, path: Path, about: str
) -> None:
    write(path, about, dict(tiny_codec.tensors))
    assert refused(path).startswith(" has an invalid description: ")


def removed(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {other: tensor for other, tensor in tensors.items() if other != name}


def changed(
    name: str, change: Callable[[NDArray[Any]], NDArray[Any]]
) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name: change(tensors[name])}


def with_first(value: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def change(tensor: NDArray[Any]) -> NDArray[Any]:
        other = tensor.copy()
        other.flat[0] = value
        return other

    return change


def opposite_first_two(probabilities: NDArray[Any]) -> NDArray[Any]:
    other = probabilities.copy()
    other[:2] = -0.25, probabilities[:2].sum() + 0.25
    return other


WRONG: dict[str, tuple[Callable[[Tensors], Tensors], str]] = {
    "nan weight": (
        changed("encoder.0.weight", with_first(np.nan)),
        "values in encoder.0.weight that are not finite",
    ),
    "infinite codeword": (
        changed("codebook", with_first(np.inf)),
        "values in codebook that are not finite",
    ),
    "nan bias": (changed("bias", with_first(np.nan)), "values in bias that are not finite"),
    "nan probability": (
        changed("probabilities", with_first(np.nan)),
        "values in probabilities that are not finite",
    ),
    "large probability": (
        changed("probabilities", with_first(2)),
        r"probabilities .* add up to 2",
    ),
    "negative probability": (
        changed("probabilities", opposite_first_two),
        "probabilities .* -0.25",
    ),
    "incomplete code": (
        changed("code_lengths", lambda t: t + np.uint8(1)),
        "code table.* Kraft sum 1/2",
    ),
    "overfull code": (
        changed("code_lengths", lambda t: t - np.uint8(1)),
        "code table.* Kraft sum 2",
    ),
    "long code": (
        changed("code_lengths", with_first(200)),
        "code table.* is 200; the longest possible is 16",
    ),
    "extra tensor": (lambda t: t | {"more": np.zeros(3)}, "unknown tensors: more"),
    "no codebook": (removed("codebook"), r"no tensor codebook of shape \(32, 4\) and type float32"),
    "no weight": (
        removed("decoder.3.bias"),
        r"no tensor decoder.3.bias of shape \(48,\) and type float16",
    ),
    "short bias": (changed("bias", lambda t: t[:-1]), r"no tensor bias of shape \(32,\)"),
    "codebook of doubles": (
        changed("codebook", lambda t: t.astype(np.float64)),
        "no tensor codebook",
    ),
    "wide lengths": (
        changed("code_lengths", lambda t: t.astype(np.int64)),
        "no tensor code_lengths",
    ),
    "transposed codebook": (
        changed("codebook", lambda t: np.ascontiguousarray(t.T)),
        "no tensor codebook",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_tensors_that_make_no_codec_are_refused(tiny_codec: Codec, path: Path, wrong: str) -> None:
    change, message = WRONG[wrong]
    write(path, about_of(tiny_codec), change(dict(tiny_codec.tensors)))
    assert re.match(f" has .*{message}.*; train or copy it again$", refused(path))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_codec_is_never_made_of_them(tiny_codec: Codec, wrong: str) -> None:
    change, message = WRONG[wrong]
    about = About(tiny_codec.geometry, "vq", {})
    with pytest.raises(CodecError, match=message):
        codec_from("tiny", about, change(dict(tiny_codec.tensors)))


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ('{"number": 1' + "0" * 5000 + "}", "invalid description"),
        ('{"deep": ' + "[" * 2000 + "]" * 2000 + "}", "invalid description"),
        ('{"long": "' + "a" * (1 << 20) + '"}', "a header of .* bytes; at most 1048576"),
    ],
)
def test_descriptions_without_bound_are_refused(
    tiny_codec: Codec, path: Path, origin: str, message: str
) -> None:
    about = about_of(tiny_codec).replace('"origin": {}', f'"origin": {origin}')
    assert re.search(message, refused(write(path, about, dict(tiny_codec.tensors))))
