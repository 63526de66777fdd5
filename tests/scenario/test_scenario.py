"""Scenario files: the shipped ones, what is filled in, where paths start, and every mistake at its
place.
"""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from command import cli

from semcomm.errors import ScenarioError
from semcomm.folders import scenario_names
from semcomm.framing import Framing
from semcomm.scenario.scenario import Scenario, read_scenario, read_scenarios
from semcomm.scenario.training import read_training

NONE = Framing.raw()
OTHER_SCENARIOS = [name for name in scenario_names() if not name.startswith("reference-")]
"""Those of the reference experiment are read in tests/run/test_reference.py."""


@pytest.fixture
def folder(tmp_path: Path, tiny_codec_file: Path) -> Path:
    """A folder with tiny.safetensors, and three images in photos/."""
    (tmp_path / "tiny.safetensors").symlink_to(tiny_codec_file)
    (tmp_path / "photos").mkdir()
    for name in ("a", "b", "c"):
        PIL.Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "photos" / f"{name}.png")
    return tmp_path


def read(folder: Path, text: str, *overrides: str) -> Scenario:
    path = folder / "mine.yaml"
    path.write_text(text)
    return read_scenario(path, overrides)


def mistakes(folder: Path, text: str, *overrides: str) -> list[str]:
    """What is told of a scenario, without the folder that its file is in."""
    with pytest.raises(ScenarioError) as caught:
        read(folder, text, *overrides)
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


@pytest.mark.parametrize("name", OTHER_SCENARIOS)
def test_each_shipped_scenario_reads_by_its_name(name: str) -> None:
    named = {cell.scenario.name for cell in read_scenarios(name) if "name" not in cell.changes}
    assert named <= {name}


@pytest.mark.parametrize("name", scenario_names("training"))
def test_each_shipped_training_scenario_reads_by_its_name(name: str) -> None:
    assert read_training(name).name == name


def test_there_are_the_scenarios_that_the_documentation_names() -> None:
    assert {"error-free", "binary-symmetric"} <= set(scenario_names())
    assert {"ecvq-n128-nu16", "vq-n64"} <= set(scenario_names("training"))


def test_a_codec_alone_makes_a_scenario(folder: Path) -> None:
    made = read(folder, "codec: {model: tiny.safetensors}")
    assert made.name == "mine"
    assert (made.data.name, made.images, made.seed) == ("sample", None, 0)
    assert made.framing == Framing()
    assert type(made.channel).__name__ == "ErrorFree"
    assert [codec.name for codec in made.codec.load()] == ["tiny"]


def test_framing_none_is_neither_header_nor_crc(folder: Path) -> None:
    text = "codec: {model: tiny.safetensors}\nframing: none"
    assert read(folder, text).framing == NONE
    assert read(folder, text.replace("none", "{slices: 3}"), "framing=none").framing == NONE


def test_with_framing_none_a_header_can_be_set_again(folder: Path) -> None:
    text = "codec: {model: tiny.safetensors}\nframing: none"
    assert read(folder, text, "framing={crc: 8}").framing == Framing(crc=8)


def test_paths_start_at_the_file_those_of_options_at_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those in the scenario at its file, those in options at the working folder."""
    below = folder / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    text = "codec: {model: tiny.safetensors}\ndata: {images: photos}"
    assert len(read(folder, text).data.open()) == 3
    assert len(read(folder, text, "data.images=../photos/a.png").data.open()) == 1
    (codec,) = read(folder, text, "codec.model=../tiny.safetensors").codec.load()
    assert codec.name == "tiny"
    assert mistakes(folder, text, "data.images=photos") == [
        f"--set data.images=photos: {below}/photos is neither a folder nor a file"
    ]
    assert mistakes(folder, text, "codec.model=tiny.safetensors") == [
        f"--set codec.model=tiny.safetensors: there is no file {below}/tiny.safetensors; name another"
    ]


def test_mistakes_of_several_sections_are_told_at_once(folder: Path) -> None:
    text = """\
codec: {modle: tiny.safetensors, entropy_coder: hufman}
framing: {slices: 0, crc: 7}
data: {name: sample, images: photos}
channel: {model: binary_symmetric, crossover: 0.7}
images: many
sead: 1
"""
    assert mistakes(folder, text, "seed=-1", "chanel.model=awgn") == [
        "mine.yaml:1:1: codec.model is missing; it takes a name",
        "mine.yaml:1:9: codec.modle is not known; did you mean `model`?",
        "mine.yaml:2:19: framing.slices is 0; it takes a whole number from 1 to 255",
        "mine.yaml:2:27: framing.crc is 7; it takes 0, 8, 16, 24 or 32",
        "mine.yaml:3:1: data: it takes either a name, `sample` or `cifar10`, or images, a folder, "
        "or csi, channel matrices",
        "mine.yaml:4:47: channel.crossover is 0.7; it takes a number from 0 to 0.5",
        'mine.yaml:5:9: images is "many"; it takes a whole number of at least 1 or null',
        "mine.yaml:6:1: sead is not known; did you mean `seed`?",
        "--set seed=-1: seed is -1; it takes a whole number from 0 to 18446744073709551615",
        "--set chanel.model=awgn: chanel is not known; did you mean `channel`?",
    ]


def test_an_unknown_codec_is_told_along_with_mistakes_elsewhere(folder: Path) -> None:
    first, second = mistakes(folder, "codec: {model: ecvq-n127}\nimages: -1")
    assert first.startswith("mine.yaml:1:16: codec 'ecvq-n127' is unknown")
    assert second == "mine.yaml:2:9: images is -1; it takes a whole number of at least 1 or null"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "mine.yaml:1:1: the file is empty; it takes `key: value` lines"),
        ("seed: 1", "mine.yaml:1:1: codec.model is missing; it takes a name"),
        (
            "codec: {model: tiny.safetensors}\nframing: {slices: 2, header: false}",
            "mine.yaml:2:1: framing: slices is 2",
        ),
        (
            "codec: {model: tiny.safetensors}\nframing: nothing",
            'mine.yaml:2:10: framing is "nothing"; it takes a mapp',
        ),
        (
            "codec: {model: tiny.safetensors}\nchannel: {model: awgm}",
            "mine.yaml:2:18: channel awgm is unknown; did you mean `awgn`? There",
        ),
        (
            "codec: {model: tiny.safetensors}\nchannel: {model: binary_symmetric}",
            "mine.yaml:2:1: channel.crossover is",
        ),
        (
            "codec: {model: tiny.safetensors}\nchannel: {model: no/file.py:A}",
            "mine.yaml:2:18: there is no channel file",
        ),
        (
            "codec: {model: tiny.safetensors}\nimages: 257",
            "mine.yaml:2:9: images is 257; the data set holds 256",
        ),
        (
            "codec: {model: tiny.safetensors}\ndata: {split: test}",
            "mine.yaml:2:1: data: it takes either a name,",
        ),
        (
            "codec:\n  model: ecvq-n127",
            "mine.yaml:2:10: codec 'ecvq-n127' is unknown; did you mean `vq-n128`",
        ),
        ("codec:\n  model: a/b.c", "mine.yaml:2:10: codec 'a/b.c' is unknown; there are"),
        (
            "codec:\n  model: ../../etc/passwd",
            "mine.yaml:2:10: codec '../../etc/passwd' is unknown; there are",
        ),
        ("codec:\n  model: no.safetensors", "mine.yaml:2:10: there is no file"),
        ("codec:\n  model: ~nobody-here/no.safetensors", "mine.yaml:2:10: there is no file"),
        (
            "codec:\n  model: tiny.safetensors\n  device: tpu",
            'mine.yaml:3:11: codec.device is "tpu"; it takes `auto`,',
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(folder: Path, text: str, mistake: str) -> None:
    (reported,) = mistakes(folder, text)
    assert reported.startswith(mistake)


def test_an_unknown_codec_of_an_option_is_told_as_the_options(folder: Path) -> None:
    (reported,) = mistakes(folder, "codec: {model: tiny.safetensors}", "codec.model=ecvq-n127")
    assert reported.startswith(
        "--set codec.model=ecvq-n127: codec 'ecvq-n127' is unknown; did you mean `vq-n128`"
    )


def test_a_folder_that_is_not_there_is_told_at_the_data(folder: Path) -> None:
    text = "codec: {model: tiny.safetensors}\ndata: {images: no/photos}"
    assert mistakes(folder, text) == [
        f"mine.yaml:2:16: {folder}/no/photos is neither a folder nor a file"
    ]


def test_a_scenario_that_is_nowhere_is_told_so() -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^eror-free: there is no such file; did you mean `error-free`\? Scenarios with a name are ",
    ):
        read_scenario("eror-free")


def test_nothing_is_written_when_there_are_mistakes(folder: Path) -> None:
    (folder / "mine.yaml").write_text(
        "codec: {model: tiny.safetensors}\nchannel: {model: binary_symmetric}"
    )
    before = sorted(folder.rglob("*"))
    result = cli("run", folder / "mine.yaml", "--out", folder / "results")
    assert result.exit_code == 2
    assert "mine.yaml:2:1: channel.crossover is missing" in result.output
    assert sorted(folder.rglob("*")) == before


def test_mistakes_in_the_data_are_told_beside_others(tmp_path: Path) -> None:
    scenario = tmp_path / "a.yaml"
    scenario.write_text(
        "codec: {model: vq-n64, device: cuda}\ndata: {name: sample}\nimages: 300\nseed: -1\n"
    )
    with pytest.raises(ScenarioError) as caught:
        read_scenario(scenario)
    places = [
        mistake.removeprefix(f"{scenario}:").split(": ")[0] for mistake in caught.value.mistakes
    ]
    cuda = [] if torch.cuda.is_available() else ["1:32"]
    assert places == [*cuda, "3:9", "4:7"]
