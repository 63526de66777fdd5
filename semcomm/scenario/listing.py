"""What a scenario can name, with a line on each and the parameters that it takes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import get_args

from semcomm.choices import ImageFormat
from semcomm.codec.header import metadata_of
from semcomm.folders import ZOO, scenario_names, shipped
from semcomm.scenario.plugins import channel_names, find_channel, find_system, system_names
from semcomm.scenario.settings import settings_of, summary_of
from semcomm.validation import as_yaml, describe
from semcomm.zoo.names import codec_names

DEFAULT_CHANNEL = "error_free"

ADVICE = """\
which codec:
  any number of bits or channel uses: ecvq-16-levels, with codec.entropy_coder: context, and
    codec.budget_bits or link.channel_uses
  one rate for all images, 101 to 3,707 bits per 32 x 32 image: ecvq-16-levels@0 to @15
  channel matrices: csi-ecvq, with codec.budget_bits or one rate for all, csi-ecvq@0 to @7
  where speed counts: codec.entropy_coder: huffman, the default; context takes 11 to 26 % fewer bits
"""


@dataclass(frozen=True)
class Entry:
    """Something that a scenario can name.

    parameters: a line for each, as "esn0_db: a number from -30 to 60, dB; needed".
    """

    name: str
    about: str
    parameters: list[str]
    is_default: bool = False


def channel_entries() -> list[Entry]:
    """The channels that can be named without a path."""
    entries = []
    for name in channel_names():
        section = find_channel(name)
        about, parameters = summary_of(section), list(_parameters(section))
        entries.append(Entry(name, about, parameters, name == DEFAULT_CHANNEL))
    return entries


def system_entries() -> list[Entry]:
    """The kinds of systems, by what `codec.model` names; importing them loads PyTorch."""
    from semcomm.systems.analogue import AnalogueSystem
    from semcomm.systems.esc import EscSystem
    from semcomm.systems.image_files import ImageFile
    from semcomm.systems.learned import LearnedCodec
    from semcomm.systems.mu_law import MuLaw

    kinds: dict[str, type] = {
        "a trained codec": LearnedCodec,
        "an analogue codec": AnalogueSystem,
        "an ESC codec": EscSystem,
        ", ".join(get_args(ImageFormat)): ImageFile,
        "mu-law": MuLaw,
        **{name: find_system(name) for name in system_names()},
    }
    return [
        Entry(name, summary_of(section), list(_parameters(section)))
        for name, section in kinds.items()
    ]


def scenario_entries(folder: str = "") -> list[Entry]:
    """The scenarios that ship, or those for `training`, each with its first sentence."""
    root = shipped("scenarios") / folder
    return [Entry(name, _sentence(root / f"{name}.yaml"), []) for name in scenario_names(folder)]


def codec_entries() -> list[Entry]:
    """The codecs that ship, each file with the first sentence of the training that made it and what
    was set in it, or with the trainings whose levels were joined.
    """
    trainings = {entry.name: entry for entry in scenario_entries("training")}
    files = dict.fromkeys(name.partition("@")[0] for name in codec_names())
    return [trainings.get(name) or _made(name, trainings) for name in files]


def _made(name: str, trainings: Mapping[str, Entry]) -> Entry:
    metadata = metadata_of(ZOO / f"{name}.safetensors")
    origin = json.loads(metadata["about"])["origin"]
    if "parts" in origin:
        *parts, last = (part["codec"] for part in origin["parts"])
        of = f"{', '.join(parts)} and {last}"
        about = f"{metadata['levels']} levels from few bits to many, joined, of {of}."
        return Entry(name, about, [])
    _, _, training, *options = origin["command"].split()
    changes = [change for change in options[1::2] if not change.startswith("name=")]
    sentence = trainings[training].about.removesuffix(".")
    return Entry(name, f"{sentence}{', with ' if changes else ''}{', '.join(changes)}.", [])


def _parameters(section: type) -> Iterator[str]:
    for setting in settings_of(section):
        unit = f", {setting.unit}" if setting.unit else ""
        default = "needed" if setting.needed else f"default {as_yaml(setting.default)}"
        yield f"{setting.name}: {describe(setting.hint)}{unit}; {default}"


def _sentence(path: Path) -> str:
    """The first sentence of the comment that a file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    text = " ".join(line.removeprefix("#").strip() for line in comment)
    return text.partition(". ")[0].removesuffix(".") + "."
