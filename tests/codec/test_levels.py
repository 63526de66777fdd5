"""Several codecs in one file: each level is a codec like any other, and the file is taken to be
hostile.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semcomm.codec.codec_file import (
    codec_from,
    load_codec,
    of_level,
    read_levels,
    save_codec,
    save_levels,
)
from semcomm.codec.levels import stacked
from semcomm.codec.networks import Geometry
from semcomm.codec.training.export import export_codec, export_levels
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.data.sample import Sample
from semcomm.errors import CodecError
from semcomm.modalities.patches import to_patches
from semcomm.modalities.rgb8 import Image
from semcomm.zoo import find as zoo
from semcomm.zoo import names as zoo_names
from semcomm.zoo.names import codec_names

LEVELS = 3
GEOMETRY = Geometry(groups=2, dimension=2, codewords=16, channels=4)
GROUPS = (1, 2, 2)
RECIPE = Recipe(rate_weight=0.2, finest_rate_weight=0.01, levels=LEVELS, level_groups=GROUPS)
Tensors = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return Sample().load(0, 20)


@pytest.fixture(scope="module")
def model(images: list[Image]) -> VqAutoencoder:
    """Untrained, its gains, biases, codebooks and logits other from level to level."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        made = VqAutoencoder(GEOMETRY, LEVELS, groups=GROUPS)
        for name, parameter in made.named_parameters():
            if name.endswith((".gain", ".bias", "logits")):
                parameter.add_(0.2 * torch.rand(parameter.shape))
        made.codebook.mul_(torch.tensor([0.1, 0.2, 0.3])[:, None, None])
    return made


@pytest.fixture
def path(model: VqAutoencoder, images: list[Image], tmp_path: Path) -> Path:
    path = tmp_path / "several.safetensors"
    about, tensors = export_levels(model, RECIPE, images, {"made": "here"})
    save_levels(about, tensors, LEVELS, path)
    return path


@pytest.mark.parametrize("level", range(LEVELS))
def test_a_level_computes_what_its_model_does(
    model: VqAutoencoder, images: list[Image], path: Path, level: int
) -> None:
    codec = load_codec(path, level)
    patches = torch.from_numpy(to_patches(np.stack(images))).permute(0, 3, 1, 2) / 255
    with torch.no_grad():  # the same images at each level
        latents = model.sub_vectors(patches.repeat(LEVELS, 1, 1, 1))
        latents[: len(images), ..., 1:, :] = 0  # unused by the first level
        decoded = model.patches(latents).permute(0, 2, 3, 1)
    ours = slice(level * len(images), (level + 1) * len(images))
    latents, decoded = latents[ours, ..., : GROUPS[level], :], decoded[ours].flatten().numpy()
    # Kernels are rounded to float16, of eleven bits, twice.
    assert np.stack(codec.encode(images)) == pytest.approx(latents.numpy(), abs=4e-3)
    pictures = codec.decode(list(latents.numpy()), [(32, 32)] * len(images))
    expected = (255 * decoded).clip(0, 255)
    assert to_patches(np.stack(pictures)).flatten() == pytest.approx(expected, abs=0.5 + 255 * 4e-3)


def test_a_level_is_finished_as_a_codec_of_its_own_is(
    model: VqAutoencoder, images: list[Image], path: Path
) -> None:
    """A model of one level with the folded weights of the last, at the rate weight of the last."""
    alone, last = VqAutoencoder(GEOMETRY), LEVELS - 1  # which uses all groups
    loaded = load_codec(path, last)
    with torch.no_grad():
        for name, parameter in alone.named_parameters():
            if "coder." in name:
                parameter.copy_(torch.from_numpy(loaded.tensors[name].astype(np.float32)))
        alone.codebook.copy_(model.codebook[last])
        alone.logits.copy_(model.logits[last])
    codec = export_codec("alone", alone, Recipe(rate_weight=RECIPE.rate_weights[last]), images, {})
    assert set(codec.tensors) == set(loaded.tensors)
    assert all(np.array_equal(codec.tensors[name], loaded.tensors[name]) for name in codec.tensors)


def test_levels_go_from_few_bits_to_many_and_say_which_they_are(
    images: list[Image], path: Path
) -> None:
    spent = []
    for level in range(LEVELS):
        codec = load_codec(path, level)
        assert (codec.name, codec.origin) == (f"several@{level}", {"made": "here", "level": level})
        spent.append(
            sum(
                codec.code_lengths[grid].sum(dtype=int)
                for grid in codec.quantize(codec.encode(images))
            )
        )
    assert spent == sorted(spent)
    assert spent[0] < spent[-1]
    assert len({load_codec(path, level).digest for level in range(LEVELS)}) == LEVELS


def test_a_path_names_a_level_as_a_shipped_name_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert zoo.load_codec(f"{path}@1").digest == load_codec(path, 1).digest
    monkeypatch.setattr(zoo_names, "ZOO", path.parent)
    assert codec_names() == ["several@0", "several@1", "several@2"]
    assert (
        zoo.load_codec("several@2").digest
        == zoo.load_shipped("several@2")[0].digest
        == load_codec(path, 2).digest
    )
    assert zoo.codec_path("several") == path
    for name in ("several@1", f"{path}@1"):
        with pytest.raises(CodecError, match="@1 is one level of a file"):
            zoo.codec_path(name)
    for name in ("several", "several@3", "several@03"):
        with pytest.raises(CodecError, match="several@0 to several@2"):
            zoo.load_codec(name)
    for name in (
        "several@-1",
        "several@",
        "several@1@1",
        "several@" + "9" * 5000,
        "../several@1",
        "other@1",
    ):
        with pytest.raises(
            CodecError, match=r"unknown; .*here are several@0, several@1, several@2"
        ):
            zoo.load_codec(name)


def test_an_error_about_a_level_lists_those_that_exist(path: Path, tmp_path: Path) -> None:
    for level in (None, 3, -1):
        with pytest.raises(CodecError, match=r"holds 3 codecs, .* several@0 to several@2$"):
            load_codec(path, level)
    alone = tmp_path / "alone.safetensors"
    save_codec(load_codec(path, 0), alone)
    with pytest.raises(CodecError, match=r"holds one codec, without levels: omit @0$"):
        load_codec(alone, 0)


def test_what_is_stacked_comes_out_again(path: Path) -> None:
    about, tensors, levels = read_levels(path)
    assert levels == LEVELS
    again = stacked(tensors, [of_level(about, tensors, level)[1] for level in range(LEVELS)])
    assert set(again) == set(tensors)
    assert all(np.array_equal(again[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tensors: tensors.pop("encoder.0.gain"),
            r"a tensor encoder.0.weight of shape \(4, 48",
        ),
        (
            lambda tensors: tensors.update({"encoder.0.gain": np.ones((3, 5), np.float32)}),
            "no tensor encoder.0.gain",
        ),
        (
            lambda tensors: tensors.update({"encoder.0.gain": np.ones((3, 4))}),
            "no tensor encoder.0.gain",
        ),
        (
            lambda tensors: tensors.update({"encoder.0.gain": np.full((3, 4), 1e9, np.float32)}),
            "not finite",
        ),
        (
            lambda tensors: tensors.update({"codebook": tensors["codebook"][:2]}),
            r"a tensor codebook of shape \(2,",
        ),
        (lambda tensors: tensors.update({"bias": np.float32(1)}), r"a tensor bias of shape \(\)"),
        (
            lambda tensors: tensors.update({"encoder.0.weight": np.float16(1)}),
            "no tensor encoder.0.gain",
        ),
        (lambda tensors: tensors.update({"other": np.ones(3)}), "unknown tensors: other"),
        (
            lambda tensors: tensors.update({"groups": np.array([1, 2, 3], np.uint8)}),
            r"levels of \[1, 2, 3\] groups, \(3,\) uint8; each takes one number of 1 to 2",
        ),
        (
            lambda tensors: tensors.update({"groups": np.array([0, 2, 2], np.uint8)}),
            r"levels of \[0, 2, 2\] groups",
        ),
        (
            lambda tensors: tensors.update({"groups": np.ones((LEVELS, 2), np.uint8)}),
            r"levels of \[1, 1, 1, 1, 1, 1\] groups, \(3, 2\) uint8",
        ),
        (
            lambda tensors: tensors.update({"groups": np.ones((LEVELS, 0), np.uint8)}),
            r"levels of \[\] groups, \(3, 0\) uint8",
        ),
        (
            lambda tensors: tensors.update({"groups": np.array(0, np.uint8)}),
            r"levels of \[0\] groups, \(\) uint8",
        ),
        (
            lambda tensors: tensors.update({"groups": np.array([1, 2], np.uint8)}),
            r"a tensor groups of shape \(2,\)",
        ),
        (
            lambda tensors: tensors.update(
                {"decoder.0.weight@0": tensors["decoder.0.weight@0"][:, :1].copy()}
            ),
            "no tensor decoder.0.weight",
        ),
        (lambda tensors: tensors.pop("decoder.0.weight@0"), "no tensor decoder.0.weight"),
        (
            lambda tensors: tensors.update({"bias@3": np.ones(3)}),
            "a tensor bias@3, .* none of its 3",
        ),
        (lambda tensors: tensors.update({"other@0": np.ones(3)}), "unknown tensors: other"),
        (
            lambda tensors: tensors.update({"code_lengths": tensors["code_lengths"] * 0 + 1}),
            "code table",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_files_that_cannot_be_are_refused(
    path: Path, change: Callable[[Tensors], object], message: str
) -> None:
    about, tensors, _ = read_levels(path)
    changed = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    change(changed)
    save_levels(about, {name: np.asarray(tensor) for name, tensor in changed.items()}, LEVELS, path)
    with pytest.raises(CodecError, match=f"^{path} .*{message}"):
        load_codec(path, 0)


@pytest.mark.parametrize("levels", [0, 1, 2, 4, 65, -3])
def test_a_wrong_number_of_levels_is_refused(path: Path, levels: int) -> None:
    about, tensors, _ = read_levels(path)
    save_levels(about, tensors, levels, path)
    with pytest.raises(CodecError, match=str(path)):
        load_codec(path, 0)


def test_a_number_of_levels_that_is_none_is_refused(path: Path) -> None:
    content = path.read_bytes()
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    metadata = json.loads(header)
    assert metadata["__metadata__"]["levels"] == "3"
    for wrong in (b'"x"', b'"\xc2\xb3"'[:2] + b'"'):
        path.write_bytes(content.replace(b'"levels":"3"', b'"levels":' + wrong))
        with pytest.raises(CodecError, match=str(path)):
            load_codec(path, 0)


def test_a_levels_file_is_made_of_codecs_alone(path: Path) -> None:
    """Every level passes the checks of a plain codec."""
    about, tensors, _ = read_levels(path)
    for level in range(LEVELS):
        codec = codec_from("any", *of_level(about, tensors, level))
        assert codec.geometry == replace(GEOMETRY, groups=GROUPS[level])
