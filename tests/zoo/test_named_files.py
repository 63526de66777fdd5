"""Each kind of file, named in each place that takes one: what is accepted, and what is said."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from command import cli
from safetensors.numpy import save

from semcomm.codec.codec_file import save_levels
from semcomm.codec.networks import Geometry
from semcomm.codec.training.export import export_levels
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.data.sample import Sample

COMMANDS = {
    "codec.model": ["run", "run.yaml", "--set", "codec.model=FILE"],
    "codec": ["run", "run.yaml", "--set", "codec={model: FILE, channel_uses: 64}"],
    "accuracy": ["run", "run.yaml", "--set", "measures=['FILE:accuracy']"],
    "measures": ["run", "run.yaml", "--set", "measures=['FILE']"],
    "training": ["train", "vq-n64", "--set", "data={images: .}", "--set", "training.start=FILE"],
    "transmit": ["transmit", "a.png", "--codec", "FILE", "-o", "sent.sem"],
    "receive": ["receive", "run.yaml", "--codec", "FILE", "-o", "received"],
    "show": ["codec", "show", "FILE"],
    "table": ["codec", "show", "FILE", "--table", "table.csv"],
    "design": ["design", "FILE", "--rate-weight", "nan", "--name", "made"],
    "context": ["context", "FILE", "--data", "nowhere"],
    "join": ["join", "FILE", "FILE", "--name", "made"],
}
"""By place. `codec` has a field of ESC codecs beside the file."""

DAMAGED = "is damaged or of another program ("
LEVEL = "; levels (@) are of digital codecs with several: omit @0"
IN_ALL_PLACES = {
    "empty": f"{DAMAGED}it ends before its header does); train or copy it again",
    "cut": f"{DAMAGED}it ends before its header does); train or copy it again",
    "truncated": f"{DAMAGED}Error while deserializing header: incomplete metadata",
    "foreign": "is a safetensors file, but of another program; train or copy it again",
    "folder": "is a folder; name a .safetensors file",
    "missing": "there is no file",
    "missing@0": "there is no file",
    "analogue@0": f"is an analogue codec{LEVEL}",
    "esc@0": f"is an ESC codec{LEVEL}",
    "classifier@0": f"is a classifier{LEVEL}",
}
"""What is said of a file, wherever no more is said in `IN_ONE_PLACE`."""

FOR_BITS = {
    "digital": "",
    "several@1": "",
    "several": "holds 2 codecs, from few bits to many: name one of several@0 to several@1",
    "several@9": "holds 2 codecs, from few bits to many: name one of several@0 to several@1",
    "digital@0": "holds one codec, without levels: omit @0",
    "analogue": "is an analogue codec, which makes symbols; one that makes bits is needed here",
    "esc": "is an ESC codec, which makes symbols of indices; one that makes bits is needed here",
    "classifier": "is a classifier, which makes classes; one that makes bits is needed here",
}
"""What is said where a digital codec is needed; nothing of what is accepted."""

DIGITAL = "digital", "several", "digital@0", "several@1", "several@9"
OTHERS = "analogue", "esc", "classifier"
CLASSES = "; one that makes classes is needed here"
IN_ONE_PLACE = {
    "codec.model": FOR_BITS
    | {
        "analogue": "ErrorFree carries bits, and AnalogueSystem sends symbols",
        "esc": "codec.channel_uses is missing",
        "classifier": "is a classifier, which sends nothing; take a codec here, and name a",
    },
    "codec": dict.fromkeys([*DIGITAL, "truncated", "analogue"], "codec.channel_uses is not known")
    | {
        "esc": "ErrorFree carries bits, and EscSystem sends symbols",
        "classifier": "is a classifier, which sends nothing; take a codec here, and name a",
    },
    "accuracy": dict.fromkeys([*DIGITAL, "truncated"], f"is a codec, which makes bits{CLASSES}")
    | {
        "analogue": f"is an analogue codec, which makes symbols{CLASSES}",
        "esc": f"is an ESC codec, which makes symbols of indices{CLASSES}",
        "classifier": "knows 2 classes (lying, standing); the data set has 10 classes",
    },
    "measures": dict.fromkeys(
        [*DIGITAL, *OTHERS, *IN_ALL_PLACES], "is unknown; a classifier's file has `:accuracy`"
    ),
    "training": FOR_BITS
    | dict.fromkeys(["digital", "several", "several@1"], "whose networks do not match"),
    "transmit": FOR_BITS,
    "receive": FOR_BITS
    | dict.fromkeys(["digital", "several", "several@1"], "this is not a transmission"),
    "show": FOR_BITS | dict.fromkeys(OTHERS, ""),
    "table": FOR_BITS | dict.fromkeys(OTHERS, "which has no code table: omit --table"),
    "design": FOR_BITS | dict.fromkeys(["digital", "several@1"], "rate weight is nan; it takes"),
    "context": FOR_BITS
    | dict.fromkeys(["digital", "several"], "nowhere is neither a folder nor a file")
    | dict.fromkeys(["digital@0", "several@1", "several@9"], "is one level of a file; name the"),
    "join": FOR_BITS
    | dict.fromkeys(["digital", "digital@0"], "holds one codec, without levels: files with levels")
    | {"several": "", "several@9": "the file has the levels 0 to 1"}
    | {f"{kind}@0": FOR_BITS[kind] for kind in OTHERS},
}
"""The same in the place that is named."""


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_codec_file: Path,
    tiny_analogue_file: Path,
    tiny_esc_file: Path,
    tiny_classifier_file: Path,
) -> Path:
    """A folder with a file of each kind, a scenario and an image."""
    folder, content = tmp_path_factory.mktemp("files"), tiny_codec_file.read_bytes()
    contents = {
        "digital": content,
        "analogue": tiny_analogue_file.read_bytes(),
        "esc": tiny_esc_file.read_bytes(),
        "classifier": tiny_classifier_file.read_bytes(),
        "empty": b"",
        "cut": content[:100],
        "truncated": content[:-1],
        "foreign": save({"x": np.zeros(2)}),
    }
    for name, of_file in contents.items():
        (folder / f"{name}.safetensors").write_bytes(of_file)
    (folder / "folder.safetensors").mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VqAutoencoder(Geometry(groups=2, dimension=2, codewords=16, channels=4), 2)
    recipe = Recipe(rate_weight=0.2, finest_rate_weight=0.01, levels=2)
    levels = export_levels(model, recipe, Sample().load(0, 8), {})
    save_levels(*levels, 2, folder / "several.safetensors")
    (folder / "run.yaml").write_text(
        "codec: {model: digital.safetensors}\nchannel: {model: error_free}\nimages: 1\n"
    )
    PIL.Image.new("RGB", (32, 32)).save(folder / "a.png")
    return folder


@pytest.mark.parametrize("file", [*FOR_BITS, *IN_ALL_PLACES])
@pytest.mark.parametrize("place", COMMANDS)
def test_a_file_is_accepted_or_refused_in_words(
    place: str, file: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    stem, _, level = file.partition("@")
    name = f"{stem}.safetensors{level and '@'}{level}"
    arguments = [argument.replace("FILE", name) for argument in COMMANDS[place]]
    if place in ("codec.model", "codec", "accuracy", "measures", "training", "join"):
        arguments += ["--out", str(tmp_path)]
    result = cli(*arguments)
    expected = (IN_ALL_PLACES | IN_ONE_PLACE[place])[file]
    assert result.exit_code == (2 if expected else 0), result.output
    assert expected in result.stderr
    if file in IN_ALL_PLACES and "is not known" not in expected:
        assert len(result.stderr.splitlines()) == 1 and f"{stem}.safetensors" in result.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("analogue-256@0", f"analogue-256.safetensors is an analogue codec{LEVEL}"),
        ("cifar10-classifier@0", f"cifar10-classifier.safetensors is a classifier{LEVEL}"),
        ("vq-n64@0", "vq-n64.safetensors holds one codec, without levels: omit @0"),
        ("webp@0", "codec 'webp@0' is unknown; did you mean `webp`?"),
    ],
)
def test_a_name_is_refused_in_words(name: str, message: str, folder: Path, tmp_path: Path) -> None:
    path = folder / "run.yaml"
    result = cli("run", path, "--out", tmp_path, "--set", f"codec.model={name}")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"--set codec.model={name}: ") and message in result.stderr
