"""Scenarios: one experiment in a YAML file. The fields of the classes here are its keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le, MinLen, Unit, doc

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import DamagedPolicy
from semcomm.data.choice import DataChoice
from semcomm.errors import ScenarioError, SettingError
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.link.codes import find_code
from semcomm.link.link import Link
from semcomm.measures.measure import Measure
from semcomm.scenario.checking import build
from semcomm.scenario.completion import complete, fill_in, name_mistake, scenario_path
from semcomm.scenario.document import Document, SourceLocation
from semcomm.scenario.plugins import find_channel, find_measure, find_system, measure_name
from semcomm.scenario.rows import ebn0_db_of, flat, settings_in
from semcomm.scenario.section_checks import (
    attempt,
    check_columns,
    check_data,
    check_measures,
    check_system,
)
from semcomm.scenario.sweep import CellDocument, cells
from semcomm.systems.system import System
from semcomm.terms import Terms
from semcomm.validation import Validated, as_yaml

SAMPLE = DataChoice("sample")
"""The images where a scenario names none."""

Seed = Annotated[int, Ge(0), Le(2**64 - 1)]

KINDS = {"channel": find_channel, "codec": find_system, "link.code": find_code}
"""The sections whose class is found by the name under their `model`."""

NAMES = ("data.images", "data.csi", "channel.ebn0_db")
"""Keys besides `model` whose values results have as they were written."""


@dataclass(frozen=True)
class ReceiverChoice(Validated):
    """What the receiver decides by itself."""

    damaged: Annotated[
        DamagedPolicy,
        doc(
            "what becomes of damaged frames: `keep` what decodes of them, `drop` all, or `conceal` "
            "the damage"
        ),
    ] = "conceal"


@dataclass(frozen=True)
class Stop(Validated):
    """When a scenario has sent enough, before its images are at an end."""

    frame_errors: Annotated[
        Annotated[int, Ge(1), Unit("frames")] | None,
        doc("end after the first blocks of 256 images with this many frames that arrived wrong"),
    ] = None


@dataclass(frozen=True)
class Scenario(Validated):
    """What a run needs to know; its results depend on nothing else."""

    name: Annotated[str, doc("what tables call it, by default its file's name")]
    codec: Annotated[System, doc("the system: what both ends share")]
    channel: Annotated[
        BitChannel | SymbolChannel, doc("what carries the frames, by default `error_free`")
    ]
    data: Annotated[DataChoice, doc("the images, or the channel matrices")] = SAMPLE
    framing: Annotated[
        Framing, doc("how payloads become frames; `none` sends the entropy-coded bits alone")
    ] = field(default_factory=Framing)
    link: Annotated[Link, doc("how frames go over the channel, by default as they are")] = field(
        default_factory=Link
    )
    receiver: Annotated[ReceiverChoice, doc("what the receiver decides by itself")] = field(
        default_factory=ReceiverChoice
    )
    measures: Annotated[
        tuple[str, ...],
        MinLen(1),
        doc(
            "what is measured of each image; a measure of one's own is named "
            "`path/to/file.py:name`, whose code is run, and accuracy by a classifier of one's own "
            "`path/to/file.safetensors:accuracy`"
        ),
    ] = ("mse", "psnr_db", "ssim")
    stop: Annotated[Stop, doc("when to end before the last image, by default never")] = field(
        default_factory=Stop
    )
    images: Annotated[
        Annotated[int, Ge(1), Unit("images")] | None,
        doc("how many are sent, the first ones; by default all"),
    ] = None
    repeat: Annotated[
        int, Ge(1), doc("how often they are sent, each time over noise of their own")
    ] = 1
    seed: Annotated[Seed, doc("of all randomness")] = 0

    def __post_init__(self) -> None:
        if what := name_mistake(self.name):
            raise SettingError(what)
        for name in self.measures:
            find_measure(name).check_modality(name, self.data.modality)
        check_columns(self.measures)

    @property
    def reference_key(self) -> object:
        """What cells share that have equal ones: encodings of images and, where these may arrive
        unchanged, their reconstructions and measures.
        """
        codec, agreed = self.codec, (self.terms, self.framing)
        at_receiver = codec.reconstruct_key(*agreed, self.receiver.damaged)
        keys = codec.encode_key(*agreed), at_receiver if codec.repeats else None
        return self.data, *keys, self.measures

    @property
    def terms(self) -> Terms:
        """What the link makes both ends agree; of symbols, which have no link, the channel."""
        channel = self.channel
        if self.codec.signal is Symbols and isinstance(channel, SymbolChannel):
            esn0_db = getattr(channel, "esn0_db", None)
            return Terms(esn0_db=esn0_db, frame_gain_known=channel.frame_gain_known)
        return self.link.terms(self.channel)

    @property
    def measured(self) -> dict[str, Measure]:
        """Its measures, and those that come with them, by the names of their columns."""
        measured = {measure_name(name): find_measure(name) for name in self.measures}
        for measure in [*measured.values()]:
            measured |= measure.beside
        return measured

    def image_count(self) -> int:
        """How many images are sent, all repetitions together."""
        return self.repeat * (self.images or len(self.data.open()))


@dataclass(frozen=True)
class Cell:
    """One scenario of a sweep.

    It goes to another process as its text, from which it is built there again: plug-ins may be of
    classes that only their files define.

    changes: the values that the sweep has set, by key path.
    text: all of it as JSON, paths absolute; empty where it was made in this program.
    sections: what its file, `--set` and the sweep have, as they have it.
    """

    scenario: Scenario
    changes: Mapping[str, Any]
    text: str = ""
    sections: Mapping[str, Any] = field(default_factory=dict)

    @property
    def written(self) -> dict[str, Any]:
        """What its file, `--set` and the sweep have, by key path."""
        return flat(self.sections)

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (self.text,)

    def settings(self) -> dict[str, Any]:
        """All that the scenario sets, by key path, defaults included; its name as `scenario`.

        Paths are as they were written. `images`, `measures` and `data.root` are left out: the
        first two are seen in what is measured, the third is of one machine.
        """
        settings = {"scenario": self.scenario.name, **dict(settings_in(self.scenario, "", KINDS))}
        as_written = {
            key: value
            for key, value in self.written.items()
            if key.endswith(".model") or key in NAMES
        }
        return settings | as_written

    def row(self) -> dict[str, Any]:
        """The settings as results have them: with `channel.ebn0_db` wherever a link has one, also
        where the scenario gives the channel's esn0_db.
        """
        return ebn0_db_of(self.scenario.link, self.scenario.channel) | self.settings()


@lru_cache(maxsize=32)
def rebuilt(text: str) -> Cell:
    """The scenario of this JSON, which was checked before."""
    nowhere = SourceLocation(0, 0, 0, "scenario")
    document = Document(json.loads(text), {"": (nowhere, nowhere)})
    made = build(document, "", Scenario, KINDS)
    document.finish()
    assert made is not None  # else finish has raised
    return Cell(made, {}, text)


def read_scenario(
    scenario: Path | str | Mapping[str, Any],
    overrides: Sequence[str] = (),
    data_root: Path | None = None,
) -> Scenario:
    """The scenario in a file that has no sweep; everything else as `read_scenarios` has it."""
    read = read_scenarios(scenario, overrides, data_root)
    if len(read) > 1:
        name = "scenario" if isinstance(scenario, Mapping) else scenario
        raise ScenarioError([f"{name}: it sweeps over {len(read)} scenarios; one is asked for"])
    return read[0].scenario


def read_scenarios(
    scenario: Path | str | Mapping[str, Any],
    overrides: Sequence[str] = (),
    data_root: Path | None = None,
    images: int | None = None,
) -> list[Cell]:
    """The scenarios in a file, or in a shipped one by its name: one for each cell of its sweep.

    scenario: also what a file would have, as a dict; paths in it start at the working folder.
    overrides: `key.path=value`, each in place of what the file has; paths in them start at the
        working folder, those in the file at the file's.
    data_root: where CIFAR-10 is, in place of `data.root`.
    images: how many each cell sends at most, the first ones, also where the sweep sets `images`.
    Raises ScenarioError with every mistake of every cell, each with its place.
    """
    if isinstance(scenario, Mapping):
        path = Path("scenario")
        document = Document.of(scenario, "scenario", overrides)
    else:
        path = scenario_path(scenario)
        document = Document.read(path, overrides)
    swept, read = cells(document), list[Cell]()
    if images:
        swept = (_with_images(cell, images) for cell in swept)
    mistakes, first_of = dict.fromkeys(document.mistakes), dict[object, Mapping[str, Any]]()
    for cell in swept:
        sections = cell.document.root
        if made := _scenario(cell.document, path, data_root):
            text = json.dumps(cell.document.root, sort_keys=True)
            read.append(Cell(made, cell.changes, text, sections))
            first = first_of.setdefault(_content(made), cell.changes)
            if first is not cell.changes and not mistakes:
                _refuse_equal(cell, first)
        mistakes |= dict.fromkeys(cell.document.mistakes)
    document.mistakes = [*mistakes]
    document.finish()
    return read


def _with_images(cell: CellDocument, most: int) -> CellDocument:
    """The same cell, which sends its first `most` images at most."""
    document, images = cell.document, cell.document.value("images")
    if images is None or (isinstance(images, int) and images > most):
        document.put("images", most, SourceLocation(1, 0, 0, f"--images {most}"))
    return CellDocument({key: document.value(key) for key in cell.changes}, document)


def _content(scenario: Scenario) -> object:
    """What is equal for scenarios that are: they themselves, or text where a plug-in has lists."""
    try:
        hash(scenario)
    except TypeError:
        return repr(scenario)
    return scenario


def _refuse_equal(cell: CellDocument, first: Mapping[str, Any]) -> None:
    """Keep a mistake of a cell that is equal to one before it."""
    key = [*cell.changes][-1]
    what = f"{as_yaml(cell.changes)} makes the same scenario as {as_yaml(first)}; leave one out"
    cell.document.mistake(key, what)


def _scenario(document: Document, path: Path, data_root: Path | None) -> Scenario | None:
    complete(document, path, data_root)
    fill_in(document)
    check_system(document)
    check_data(document, SAMPLE)
    check_measures(document, SAMPLE)
    made = build(document, "", Scenario, KINDS)
    if made:
        check_modality = partial(made.codec.check_modality, made.data.modality)
        if attempt(document, "codec.model", check_modality):
            _check_signal(document, made)
    return made


def _check_signal(document: Document, scenario: Scenario) -> None:
    """Keep mistakes where the system's signal does not go with channel, link and framing."""
    system, channel, link = scenario.codec, scenario.channel, scenario.link
    if system.signal is not Symbols:
        if attempt(document, "link", partial(link.check, channel, scenario.framing.crc)):
            _check_terms(document, scenario)
        return
    name = type(system).__name__
    if not isinstance(channel, SymbolChannel):
        what = f"channel {type(channel).__name__} carries bits, and {name} sends symbols"
        document.mistake("channel.model", f"{what}: take a channel of symbols, such as awgn")
    for key in ("link", "framing", "receiver", "stop"):
        if document.value(key):
            document.mistake(key, f"{key} is for frames of bits, and {name} sends symbols: omit it")
    _check_terms(document, scenario)


def _check_terms(document: Document, scenario: Scenario) -> None:
    """Keep mistakes where the system cannot do with what both ends agree."""
    disagreements = scenario.codec.disagreements(scenario.terms, scenario.framing)
    all(attempt(document, key, action) for key, action in disagreements.items())
