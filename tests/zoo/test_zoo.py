"""Finding codecs by name and by path."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.context_model import has_context
from semcomm.data.sample import Sample
from semcomm.errors import CodecError
from semcomm.framing import Framing
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import CodecChoice, Scenario
from semcomm.zoo import find as zoo
from semcomm.zoo import names as zoo_names
from semcomm.zoo.find import load_codec, load_shipped
from semcomm.zoo.names import codec_figures, codec_names


def test_every_shipped_codec_loads_and_makes_pictures() -> None:
    images = Sample().load(0, 4)
    assert codec_names()
    for name in codec_names():
        codec = load_codec(name)
        assert codec.name == name
        pictures = codec.decode(
            codec.dequantize(codec.quantize(codec.encode(images))), [(32, 32)] * 4
        )
        # An image's own mean colour comes to 15 dB here, which is 45 grey levels.
        assert np.sqrt(np.mean((np.stack(pictures) - np.stack(images).astype(float)) ** 2)) < 45


@pytest.mark.parametrize("row", codec_figures(), ids=lambda row: row["codec"])
def test_rate_and_psnr_of_each_shipped_codec_are_those_that_are_listed(row: dict[str, str]) -> None:
    """On the sample; another machine may round an index or a pixel the other way."""
    codec = CodecChoice(row["codec"])
    scenario = Scenario(
        "zoo", codec, load_channel("error_free"), framing=Framing(header=False, crc=0)
    )
    summary = simulate(scenario).summary
    assert has_context(codec.load().tensors) == bool(row["sample_context_bits_per_image"])
    if row["sample_context_bits_per_image"]:
        context = simulate(replace(scenario, codec=replace(codec, entropy_coder="context"))).summary
        assert context["bits_per_image"] == pytest.approx(
            float(row["sample_context_bits_per_image"]), abs=0.1
        )
        assert context["psnr_db"] == summary["psnr_db"] and context["damaged_images"] == 0
        assert context["bits_per_image"] == pytest.approx(
            float(row["cifar10_context_bits_per_image"]), abs=4 * 60 / 16
        )
    assert summary["bits_per_image"] == pytest.approx(float(row["sample_bits_per_image"]), abs=0.1)
    assert summary["psnr_db"] == pytest.approx(float(row["sample_psnr_db"]), abs=0.002)
    # The sample is the first 256 of the test images, whose bits and PSNR spread by 60 bits and 2.5
    # dB at most.
    assert summary["bits_per_image"] == pytest.approx(
        float(row["cifar10_bits_per_image"]), abs=4 * 60 / 16
    )
    assert summary["psnr_db"] == pytest.approx(float(row["cifar10_psnr_db"]), abs=4 * 2.5 / 16)


def test_the_zoo_stays_small() -> None:
    assert sum(path.stat().st_size for path in zoo.ZOO.iterdir()) < 15_000_000


def test_a_codec_is_found_by_its_path(
    tiny_codec: Codec, tiny_codec_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_codec(str(tiny_codec_file)).digest == tiny_codec.digest
    monkeypatch.chdir(tiny_codec_file.parent)
    assert load_codec("tiny.safetensors").digest == tiny_codec.digest
    monkeypatch.setenv("HOME", str(tiny_codec_file.parent))
    assert load_codec("~/tiny.safetensors").digest == tiny_codec.digest


def test_names_from_strangers_are_never_paths(
    tiny_codec: Codec, tiny_codec_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where there is a codec at the path that the name would make."""
    shipped = tiny_codec_file.parent / "zoo"
    shipped.mkdir(exist_ok=True)
    for module in (zoo, zoo_names):
        monkeypatch.setattr(module, "ZOO", shipped)
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
    assert load_shipped("tiny").digest == tiny_codec.digest


@pytest.mark.parametrize(
    "name", ["", ".", "..", "nul\0", "line\n", "a b", "x" * 1000, "ecvq-n128-nu61", "\ud800"]
)
def test_an_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(CodecError) as caught:
        load_codec(name)
    assert f"codec {name!r} is unknown; there are " in str(caught.value)
    assert all(known in str(caught.value) for known in codec_names())
    assert "or name a .safetensors file" in str(caught.value)
