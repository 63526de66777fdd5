"""Files joined: each level is the codec that it was, and what cannot be joined is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray

from semcomm.cli import main
from semcomm.codec.codec_file import load_codec, of_level, read_levels, save_codec, save_levels
from semcomm.codec.joining import Part, join_codecs
from semcomm.codec.levels import stacked
from semcomm.codec.networks import Geometry
from semcomm.codec.training.export import export_levels
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.data.sample import Sample
from semcomm.errors import CodecError

Tensors = dict[str, NDArray[Any]]


def _part(path: Path, seed: int, groups: tuple[int, ...] | None, most: int) -> Path:
    geometry = Geometry(groups=most, dimension=2, codewords=16, channels=4)
    recipe = Recipe(rate_weight=0.2, finest_rate_weight=0.01, levels=2, level_groups=groups)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = VqAutoencoder(geometry, 2, groups=groups or ())
        for name, parameter in model.named_parameters():
            if name.endswith(".gain"):
                parameter.add_(torch.rand(parameter.shape))
        model.codebook.mul_(torch.tensor([0.1, 0.3])[:, None, None])
    about, tensors = export_levels(model, recipe, Sample().load(0, 20), {"seed": seed})
    save_levels(about, tensors, 2, path)
    return path


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    return [
        _part(folder / "coarse.safetensors", 0, None, 1),
        _part(folder / "fine.safetensors", 1, (2, 4), 4),
    ]


@pytest.fixture
def joined(parts: list[Path], tmp_path: Path) -> Path:
    path = tmp_path / "all.safetensors"
    join_codecs(list(map(Part, parts)), path, {"made": "here"})
    return path


def test_each_level_is_what_it_was_in_its_own_file(parts: list[Path], joined: Path) -> None:
    for level in range(4):
        one, before = load_codec(joined, level), load_codec(parts[level // 2], level % 2)
        assert (one.geometry, one.quantizer) == (before.geometry, before.quantizer)
        assert set(one.tensors) == set(before.tensors)
        for name, tensor in before.tensors.items():
            assert one.tensors[name].dtype == tensor.dtype
            assert np.array_equal(one.tensors[name], tensor)
    kernels = [load_codec(joined, level).tensors["decoder.1.change.1.weight"] for level in (0, 2)]
    assert not np.array_equal(*kernels)


def test_the_file_says_what_it_was_made_of(joined: Path) -> None:
    origin = load_codec(joined, 3).origin
    assert origin["made"] == "here"
    assert [part["codec"] for part in origin["parts"]] == ["coarse", "fine"]
    assert [part["seed"] for part in origin["parts"]] == [0, 1]


def test_what_is_stacked_comes_out_again(joined: Path) -> None:
    """As when context models are added to a joined file."""
    about, tensors, levels = read_levels(joined)
    assert levels == 4
    again = stacked(tensors, [of_level(about, tensors, level)[1] for level in range(4)])
    assert set(again) == set(tensors)
    assert all(np.array_equal(again[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (range(1), None, [(0, 0), (1, 0), (1, 1)]),
        (range(1, 2), range(1, 2), [(0, 1), (1, 1)]),
        (None, range(1), [(0, 0), (0, 1), (1, 0)]),
    ],
)
def test_some_levels_of_a_file_may_be_taken(
    parts: list[Path],
    first: range | None,
    second: range | None,
    taken: list[tuple[int, int]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "some.safetensors"
    join_codecs([Part(parts[0], first), Part(parts[1], second)], path, {})
    assert read_levels(path)[2] == len(taken)
    assert load_codec(path, 0).origin["parts"][0]["levels"] == [
        level for part, level in taken if part == 0
    ]
    for level, (part, before) in enumerate(taken):
        one, other = load_codec(path, level), load_codec(parts[part], before)
        assert one.geometry == other.geometry
        assert all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_levels_that_a_file_lacks_are_told(parts: list[Path], tmp_path: Path) -> None:
    for levels, named in ((range(1, 3), "@1-2"), (range(1, 1), "@1-0")):
        with pytest.raises(CodecError, match=rf"coarse.safetensors{named}: .* levels 0 to 1"):
            join_codecs([Part(parts[0], levels), Part(parts[1])], tmp_path / "x.safetensors", {})


def test_what_cannot_be_joined_is_told(parts: list[Path], joined: Path, tmp_path: Path) -> None:
    path, alone = tmp_path / "made.safetensors", tmp_path / "alone.safetensors"
    save_codec(load_codec(parts[0], 0), alone)
    about, tensors, _ = read_levels(parts[1])
    other = tmp_path / "other.safetensors"
    save_levels(replace(about, quantizer="vq"), tensors, 2, other)
    for wrong, message in (
        ([parts[0], alone], "alone.safetensors holds one codec, without levels"),
        ([joined, parts[1]], "all.safetensors was joined before"),
        ([parts[0], other], "other.safetensors has the quantizer vq .* takes those of .*coarse"),
        (
            [parts[1], parts[0]],
            r"first level of \S+coarse\S+ has .* name files from few bits to many",
        ),
        ([parts[0], tmp_path / "none.safetensors"], "there is no file"),
    ):
        with pytest.raises(CodecError, match=message):
            join_codecs(list(map(Part, wrong)), path, {})
        assert not path.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda families: families + 1,
            r"families \[1, 1, 2, 2\]; kernels are those of 2 families",
        ),
        (lambda families: families.astype(np.int64), "as uint8"),
        (lambda families: families[:3], "each of 4 levels takes one of 0 to 1"),
        (lambda families: families[0], "each of 4 levels takes one of 0 to 1"),
        (lambda families: None, r"no tensor \S+.gain"),
    ],
)
def test_families_that_cannot_be_are_refused(
    joined: Path, change: Callable[[NDArray[Any]], Any], message: str
) -> None:
    about, tensors, _ = read_levels(joined)
    families = change(tensors["families"])
    changed = {name: tensor for name, tensor in tensors.items() if name != "families"}
    if families is not None:
        changed["families"] = np.asarray(families)
    save_levels(about, changed, 4, joined)
    with pytest.raises(CodecError, match=message):
        load_codec(joined, 0)


def test_the_command_joins_files(parts: list[Path], tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["join", str(parts[0]), f"{parts[1]}@0-1", "--name", "all", "--out", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert load_codec(tmp_path / "all.safetensors", 3).origin["command"] == (
        "semcomm join coarse fine@0-1 --name all"
    )
