"""Write the pages of docs/reference/ that list every field of scenarios, from the classes that
check them.

python tools/reference.py
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

from semcomm.folders import shipped
from semcomm.scenario.document import key_path
from semcomm.scenario.plugins import find_channel
from semcomm.scenario.scenario import Scenario
from semcomm.scenario.schema import Variant, Variants, scenario_variants, training_variants
from semcomm.scenario.settings import Setting, section_class, settings_of, summary_of
from semcomm.scenario.training import (
    AnalogueTraining,
    ClassifierTraining,
    EscTraining,
    NecstTraining,
    TrainingScenario,
)
from semcomm.validation import as_yaml, describe

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- Made by `python tools/reference.py` from the classes themselves. Change those, and run it again. -->"
HEAD = "| key | takes | default | unit | meaning |\n| --- | --- | --- | --- | --- |"
INTRODUCTION = (
    """Sections that are not written have their defaults, so only `codec.model` has to be there."""
)
CHANNEL = """\
What carries the frames. `channel.model`, by default `error_free`, is one of [those that ship](channels.md),
whose fields stand there, an entry point's name, or `path/to/file.py:Class`, whose code is run. A channel that
takes `esn0_db` takes `ebn0_db` in its place: Eb/N0 of a payload bit, in dB, at the link's nominal rate."""
TRAINING = (
    "Of a codec of bits. With `system: analogue` the fields are [others](analogue-training.md), and "
    "so they are with [`system: necst`](necst-training.md), [`system: esc`](esc-training.md) and "
    "[`system: classifier`](classifier-training.md)."
)
NECST = (
    "Of a codec whose bits are learned together with the flips of a channel "
    "([guide](../guides/training.md#bits-learned-with-their-flips)). `system: necst` and "
    "`training.channel` have to be there."
)
ANALOGUE = (
    "Of a codec of symbols, which is trained through a channel "
    "([guide](../guides/analogue.md)). `system: analogue` and the section `channel` have to be "
    "there. Where `network` is not written, it is `patches` with its defaults."
)
ESC = (
    "Of an ESC codec, whose codebooks learn how often bits flip ([guide](../guides/esc.md)). "
    "`system: esc` has to be there, and with several codebooks "
    "`training.finest_energy_weight`."
)
CLASSIFIER = (
    "Of a classifier, by which `accuracy` is measured ([guide](../guides/accuracy.md)). `system: "
    "classifier` has to be there, and the images need labels."
)
FILLED_IN = {"name"}
"""What has no default in its class, but in its file: reading one fills it in."""


def pages() -> dict[str, str]:
    """The text of each page, by its file's name."""
    return {
        "scenario.md": _page(
            "Fields of a scenario", INTRODUCTION, _sections(Scenario, "", scenario_variants())
        ),
        "training.md": _page(
            "Fields of a training scenario", TRAINING, _sections(TrainingScenario, "", {})
        ),
        "analogue-training.md": _page(
            "Fields of an analogue training scenario",
            ANALOGUE,
            _sections(AnalogueTraining, "", training_variants(AnalogueTraining)),
        ),
        "necst-training.md": _page(
            "Fields of a NECST training scenario", NECST, _sections(NecstTraining, "", {})
        ),
        "esc-training.md": _page(
            "Fields of an ESC training scenario", ESC, _sections(EscTraining, "", {})
        ),
        "classifier-training.md": _page(
            "Fields of a classifier's training scenario",
            CLASSIFIER,
            _sections(ClassifierTraining, "", {}),
        ),
        "channels.md": _page(
            "Channels", "Those that ship, each a file of `channels/`.", _channels()
        ),
    }


def _page(title: str, before: str, sections: Iterator[str]) -> str:
    return "\n\n".join(filter(None, [f"# {title}", MADE, before, *sections])) + "\n"


def _sections(section: type, key: str, variants: Variants) -> Iterator[str]:
    """A table of a section, then those of the sections within it."""
    settings = {key_path(key, setting.name): setting for setting in settings_of(section)}
    inner = {path: section_class(setting.hint) for path, setting in settings.items()}
    rows = [
        _row(path, setting)
        for path, setting in settings.items()
        if not inner[path] and path not in variants
    ]
    if rows:
        yield "\n".join([HEAD, *rows])
    for path, setting in settings.items():
        if path == "channel" and section is Scenario:
            yield f"## {path}\n\n{CHANNEL}"
        elif path in variants:
            for each in {variant.section: variant for variant in variants[path]}.values():
                if each.section:
                    yield from _named(path, setting.note, each, variants)
        elif below := inner[path]:
            yield f"## {path}\n\n{_sentence(setting.note)}".rstrip()
            yield from _sections(below, path, variants)


def _named(path: str, note: str, variant: Variant, variants: Variants) -> Iterator[str]:
    assert variant.section
    what = _sentence(note).removesuffix(".")
    yield f"## {path}: {variant.label}\n\n{what}. {summary_of(variant.section)}"
    yield from _sections(variant.section, path, variants)


def _channels() -> Iterator[str]:
    for name in sorted(path.stem for path in shipped("channels").glob("[!_]*.py")):
        channel = find_channel(name)
        about = inspect.getdoc(channel) or ""
        yield f"## {name}\n\n" + about
        yield from _sections(channel, "channel", {})


def _row(path: str, setting: Setting) -> str:
    cells = [
        f"`{path}`",
        describe(setting.hint),
        _default(path, setting),
        setting.unit,
        setting.note,
    ]
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return " ".join(["|", *(f"{cell} |".lstrip() for cell in escaped)])


def _default(path: str, setting: Setting) -> str:
    if setting.needed:
        return "" if path in FILLED_IN else "has to be there"
    if setting.default is None:
        return ""
    return f"`{setting.default if isinstance(setting.default, str) else as_yaml(setting.default)}`"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
