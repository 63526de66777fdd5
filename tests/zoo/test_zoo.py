"""Codecs that ship: loading them by name and by path, their figures and their size."""

import csv
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from images import sample_of
from safetensors.numpy import save

from semcomm.choices import ModalityName
from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.context_model import has_context
from semcomm.codec.header import kind_of
from semcomm.data.choice import DataChoice
from semcomm.data.cifar10 import Cifar10
from semcomm.errors import CodecError
from semcomm.framing import Framing
from semcomm.measures.intervals import wilson
from semcomm.modalities.modality import MODALITIES
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Scenario
from semcomm.systems.learned import LearnedCodec
from semcomm.zoo import names as zoo_names
from semcomm.zoo.find import load_analogue, load_classifier, load_codec, load_shipped
from semcomm.zoo.names import FIGURES, codec_figures, codec_names

ROOT = Path(__file__).parents[2]


def test_every_shipped_codec_loads_and_reconstructs_samples() -> None:
    """An image's own mean colour comes to 15 dB here, which is 45 grey levels; a matrix of zeros to
    its own energy, 1.
    """
    worst = {"rgb8": 45.0, "csi": math.sqrt(1 / (32 * 32 * 2))}
    assert codec_names()
    for name in codec_names():
        codec = load_codec(name)
        assert codec.name == name
        samples = sample_of(codec.modality).load(0, 4)
        received = codec.decode(
            codec.dequantize(codec.quantize(codec.encode(samples))), [(32, 32)] * 4
        )
        error = np.sqrt(np.mean((np.stack(received) - np.stack(samples).astype(float)) ** 2))
        assert error < worst[codec.modality]


def of_sample(row: dict[str, str], modality: ModalityName) -> dict[str, Any]:
    """The summary of a run with Huffman coding over the sample, which has the listed rates."""
    codec = LearnedCodec(row["codec"])
    scenario = Scenario(
        "zoo",
        codec,
        load_channel("error_free"),
        framing=Framing.raw(),
        data=DataChoice(csi="sample") if modality == "csi" else DataChoice("sample"),
        measures=MODALITIES[modality].measures,
    )
    summary = simulate(scenario).summary
    quality = {"rgb8": "psnr_db", "csi": "nmse_db"}[modality]
    (model,) = codec.load()
    assert has_context(model.tensors) == bool(row["sample_context_bits_per_image"])
    if row["sample_context_bits_per_image"]:
        context = simulate(replace(scenario, codec=replace(codec, entropy_coder="context"))).summary
        assert context["bits_per_image"] == pytest.approx(
            float(row["sample_context_bits_per_image"]), abs=0.1
        )
        assert context[quality] == summary[quality] and context["damaged_images"] == 0
    assert summary["bits_per_image"] == pytest.approx(float(row["sample_bits_per_image"]), abs=0.1)
    assert summary[quality] == pytest.approx(float(row[f"sample_{quality}"]), abs=0.002)
    return summary


@pytest.mark.slow
@pytest.mark.parametrize("row", codec_figures("rgb8"), ids=lambda row: row["codec"])
def test_shipped_codecs_have_the_listed_rate_and_psnr(row: dict[str, str]) -> None:
    """Another machine may round an index or a pixel the other way. The sample is the first 256 of
    the test images, whose bits spread by a fifth of their mean and whose PSNRs by 2.5 dB at most.
    """
    summary = of_sample(row, "rgb8")
    for coding in ("", "context_"):
        assert float(row[f"sample_{coding}bits_per_image"] or 0) == pytest.approx(
            float(row[f"cifar10_{coding}bits_per_image"] or 0), rel=4 * 0.2 / 16
        )
    assert summary["psnr_db"] == pytest.approx(float(row["cifar10_psnr_db"]), abs=4 * 2.5 / 16)


@pytest.mark.slow
@pytest.mark.parametrize("row", codec_figures("csi"), ids=lambda row: row["codec"])
def test_shipped_codecs_have_the_listed_rate_and_nmse(row: dict[str, str]) -> None:
    """The sample is the first 256 of the 10,000 drops. The largest NMSE of a matrix is about 1, so
    that the mean of 256 is within four of its standard errors, of 0.5 / 16 at most.
    """
    of_sample(row, "csi")
    nmse = [10 ** (float(row[f"{data}_nmse_db"]) / 10) for data in ("umi", "sample")]
    assert nmse[1] == pytest.approx(nmse[0], abs=4 * 0.5 / 16)


@pytest.mark.slow
@pytest.mark.parametrize("name", codec_names("classifier"))
def test_a_shipped_classifier_finds_93_percent_of_classes(name: str, cifar10_root: Path) -> None:
    """Within the 95 % interval that 1,000 images give."""
    classifier, data = load_classifier(name), Cifar10(cifar10_root)
    right = classifier.classify(data.load(0, 1000)) == data.labels(0, 1000)
    assert classifier.classes == data.classes()
    assert wilson(int(right.sum()), right.size)[1] >= 0.93


def test_the_wheel_stays_small() -> None:
    files = [Path(file.path) for file in WheelBuilder(str(ROOT)).recurse_included_files()]
    assert ROOT / "semcomm" / "zoo" / "figures.csv" in files
    assert max(file.stat().st_size for file in files) <= 9_000_000
    assert sum(file.stat().st_size for file in files if file.parent == zoo_names.ZOO) <= 25_000_000


@pytest.mark.parametrize("modality", get_args(ModalityName))
def test_the_figures_are_of_the_shipped_codecs(modality: ModalityName) -> None:
    with FIGURES[modality].open(newline="") as file:
        assert [row["codec"] for row in csv.DictReader(file)] == codec_names(modality=modality)


def test_a_codecs_system_is_read_from_its_header(tiny_codec_file: Path) -> None:
    assert kind_of(tiny_codec_file).system == "digital"
    kinds = {kind_of(path).system for path in zoo_names.ZOO.glob("*.safetensors")}
    assert {"digital"} <= kinds <= {"digital", "analogue", "classifier"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff" * 100,
        b"\2" + bytes(7) + b"[]",
        b"\2" + bytes(7) + b"{}",
        b"\2" + bytes(7) + b"{",
        save({"x": np.zeros(2)}),
        save({"x": np.zeros(2)}, {"format": "another codec"}),
    ],
)
def test_the_system_of_no_codec_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "it.safetensors"
    path.write_bytes(content)
    for wrong in (path, tmp_path, tmp_path / "missing"):
        with pytest.raises(CodecError, match=re.escape(str(wrong))):
            kind_of(wrong)


def test_headers_are_read_without_torch(tiny_codec_file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from semcomm.codec.header import kind_of;"
        f"assert kind_of(Path({str(tiny_codec_file)!r})).system == 'digital';"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_codec_is_loaded_by_its_path(
    tiny_codec: Codec, tiny_codec_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_codec(str(tiny_codec_file)).digest == tiny_codec.digest
    monkeypatch.chdir(tiny_codec_file.parent)
    assert load_codec("tiny.safetensors").digest == tiny_codec.digest
    monkeypatch.setenv("HOME", str(tiny_codec_file.parent))
    assert load_codec("~/tiny.safetensors").digest == tiny_codec.digest


def test_a_file_is_loaded_again_only_where_it_has_changed(
    tiny_analogue_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "it.safetensors"
    path.write_bytes(tiny_analogue_file.read_bytes())
    first = load_analogue(str(path))
    assert load_analogue(str(path)) is first
    os.utime(path, (0, 0))
    assert load_analogue(str(path)) is not first


def test_names_from_strangers_are_never_paths(
    tiny_codec: Codec, tiny_codec_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where there is a codec at the path that the name would make."""
    shipped = tiny_codec_file.parent / "zoo"
    shipped.mkdir(exist_ok=True)
    monkeypatch.setattr(zoo_names, "ZOO", shipped)
    monkeypatch.chdir(tiny_codec_file.parent)
    stranger = str(tiny_codec_file.with_suffix(""))
    for name in (
        "../tiny",
        stranger,
        f"{stranger}.safetensors",
        "./../tiny",
        "tiny",
        "zoo/../../tiny",
        "~/tiny",
    ):
        with pytest.raises(CodecError, match="is unknown"):
            load_shipped(name)
    (shipped / "tiny.safetensors").write_bytes(tiny_codec_file.read_bytes())
    assert load_shipped("tiny")[0].digest == tiny_codec.digest


@pytest.mark.parametrize(
    "name", ["", ".", "..", "nul\0", "line\n", "a b", "x" * 1000, "ecvq-n128-nu61", "\ud800"]
)
def test_an_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(CodecError) as caught:
        load_codec(name)
    assert f"codec {name!r} is unknown; " in str(caught.value)
    assert all(known in str(caught.value) for known in codec_names())
    assert "or name a .safetensors file" in str(caught.value)
