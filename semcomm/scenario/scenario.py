"""Scenarios: one experiment in a YAML file. The fields of the classes here are its keys."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, get_args

from annotated_types import Ge, Le, MinLen, Unit, doc

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.choices import CellModel, DamagedPolicy
from semcomm.data.choice import DataChoice
from semcomm.data.data_set import Data
from semcomm.errors import DataError, ScenarioError, SemcommError, SettingError
from semcomm.folders import scenario_names, shipped
from semcomm.frames import Symbols
from semcomm.framing import Framing
from semcomm.link.codes import CODES, find_code
from semcomm.link.link import Link
from semcomm.measures.measure import Measure
from semcomm.measures.taken_names import TAKEN
from semcomm.modalities.modality import MODALITIES
from semcomm.nearest import instead
from semcomm.scenario.checking import build
from semcomm.scenario.document import SHORT_FORMS, Document, SourceLocation, key_path
from semcomm.scenario.plugins import (
    find_channel,
    find_measure,
    find_system,
    measure_name,
    plugin_name,
)
from semcomm.scenario.sweep import CellDocument, cells
from semcomm.systems.system import System
from semcomm.terms import Terms
from semcomm.validation import Validated, as_yaml, checkers_of
from semcomm.zoo.names import CODEC_FILE
from semcomm.zoo.retired import RETIRED

SAMPLE = DataChoice("sample")
"""The images where a scenario names none."""

Seed = Annotated[int, Ge(0), Le(2**64 - 1)]
PATHS = re.compile(rf"\.py:|\.safetensors:|{CODEC_FILE.pattern}")
"""In the name of a plug-in or codec that is a path."""
KINDS = {"channel": find_channel, "codec": find_system, "link.code": find_code}
"""The sections whose class is found by the name under their `model`."""

PATH_OR_NAME = ("codec.model", "channel.model", "training.start")
"""Fields that take a path or the name of what ships."""


CELLS = get_args(CellModel)
OF_CHANNEL_MATRICES = ("data.csi", "data.drops")
"""Keys that tables have only where they are set."""


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
        if what := _name_mistake(self.name):
            raise SettingError(what)
        for name in self.measures:
            find_measure(name).check_modality(name, self.data.modality)
        _check_columns(self.measures)

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
        settings = {"scenario": self.scenario.name, **dict(_settings(self.scenario, ""))}
        as_written = {key: value for key, value in self.written.items() if _is_name(key)}
        return settings | as_written

    def row(self) -> dict[str, Any]:
        """The settings as results have them: with `channel.ebn0_db` wherever a link has one, also
        where the scenario gives the channel's esn0_db.
        """
        return _ebn0_db(self.scenario) | self.settings()


def _is_name(key: str) -> bool:
    return key.endswith(".model") or key in ("data.images", "data.csi", "channel.ebn0_db")


def _ebn0_db(scenario: Scenario) -> dict[str, float | None]:
    """Eb/N0 of a payload bit at the link's nominal rate, None of an ideal code and with loading;
    nothing for channels of bits and symbols without a link.
    """
    link, esn0_db = scenario.link, getattr(scenario.channel, "esn0_db", None)
    if esn0_db is None or not (link.modulation or link.loading):
        return {}
    if link.ideal or link.loading:
        return {"channel.ebn0_db": None}
    efficiency = link.adapted(scenario.channel).efficiency
    return {"channel.ebn0_db": esn0_db - 10 * math.log10(efficiency)}


def _settings(section: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a section and of those within it, with the names of plug-ins as `model`."""
    kind: type = type(section)
    fields = checkers_of(kind)
    if key in KINDS and "model" not in fields:
        codes = [name for name, kind in CODES.items() if isinstance(section, kind)]
        yield key_path(key, "model"), codes[0] if codes else plugin_name(section)
    for name, checker in fields.items():
        path, value = key_path(key, name), getattr(section, name)
        if path in ("name", "images", "measures", "data.root"):
            continue
        if value is None and path in OF_CHANNEL_MATRICES:
            continue
        if is_dataclass(value):
            yield from _settings(value, path)
        elif value is None and checker.section:
            first = "model" if path in KINDS else next(iter(checkers_of(checker.section)))
            yield key_path(path, first), None
        elif value is None or isinstance(value, bool | int | float | str):
            yield path, value
        else:
            yield path, value.name if isinstance(value, Path) else as_yaml(value)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested mappings by key path."""
    if path and not isinstance(value, Mapping):
        return {path: value}
    leaves: dict[str, Any] = {}
    for name, inner in value.items():
        leaves |= flat(inner, key_path(path, name))
    return leaves


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
    if document.value("channel") is None:
        document.put("channel", {"model": "error_free"}, document.place("channel"))
    _from_ebn0(document)
    if document.value("data.csi") and document.value("measures") is None:
        document.put("measures", [*MODALITIES["csi"].measures], document.place("data"))
    if document.value("framing") == "none":
        document.put("framing", SHORT_FORMS["framing", "none"], document.place("framing"))
    _check_system(document)  # also where other sections have mistakes
    check_data(document, SAMPLE)
    _check_measures(document)
    made = build(document, "", Scenario, KINDS)
    if made and _try(document, "codec.model", partial(_check_modality, made)):
        _check_signal(document, made)
    return made


def _check_modality(scenario: Scenario) -> None:
    scenario.codec.check_modality(scenario.data.modality)


def _check_system(document: Document) -> None:
    system, checked = build(document, "codec", find_system), document.built
    if system is None or checked.get(("system", id(system))) is system:
        return
    before = len(document.mistakes)
    for name, action in system.mistakes().items():
        if not _try(document, f"codec.{name}", action) and name == "model":
            break
    if len(document.mistakes) == before:
        checked["system", id(system)] = system


def _check_measures(document: Document) -> None:
    names, found = document.value("measures"), list[str]()
    for number, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str):
            key = f"measures[{number}]"
            if _try(document, key, partial(find_measure, name)):
                found.append(name)
                _try(document, key, partial(_check_samples, document, name))
    _try(document, "measures", partial(_check_columns, found))


def _check_columns(measures: Sequence[str]) -> None:
    """Raises SettingError where a column of a measure has the name of another column."""
    before = set(TAKEN)
    for name in measures:
        measure = find_measure(name)
        for own, item in {measure_name(name): measure, **measure.beside}.items():
            for column in item.columns(own):
                if column in before:
                    raise SettingError(
                        f"measure {name} has the column {column}, as something else has; each "
                        "takes a name of its own"
                    )
                before.add(column)


def _check_samples(document: Document, name: str) -> None:
    """Raises MeasureError for a measure of other samples than those of the data set, and for one of
    labels that it does not have.
    """
    choice = build(document.copied(), "data", DataChoice) if document.value("data") else SAMPLE
    if not choice:
        return
    measure = find_measure(name)
    measure.check_modality(name, choice.modality)
    if measure.labelled:
        with suppress(DataError):  # `check_data` keeps it
            measure.check_classes(name, _opened(document, choice).classes())


def _opened(document: Document, choice: DataChoice) -> Data:
    """The data set, the same for all cells, since a folder is read only once."""
    opened: Data = document.built.setdefault(("data", choice), choice.open())
    return opened


def _check_signal(document: Document, scenario: Scenario) -> None:
    """Keep mistakes where the system's signal does not go with channel, link and framing."""
    system, channel, link = scenario.codec, scenario.channel, scenario.link
    if system.signal is not Symbols:
        if _try(document, "link", partial(link.check, channel, scenario.framing.crc)):
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
    all(_try(document, key, action) for key, action in disagreements.items())


def _from_ebn0(document: Document) -> None:
    """Write channel.ebn0_db, of a payload bit at the link's nominal rate, as esn0_db."""
    key, channel = "channel.ebn0_db", document.value("channel")
    ebn0_db = document.value(key)
    if ebn0_db is None:
        return
    link = build(document.copied(), "link", Link, {"link.code": find_code})
    if "esn0_db" in channel:
        what = "channel has both ebn0_db and esn0_db; it takes one of them"
        document.mistake(key, what, at_key=True)
    elif not isinstance(ebn0_db, int | float) or isinstance(ebn0_db, bool):
        document.mistake(key, f"{key} is {as_yaml(ebn0_db)}; it takes a number")
    elif link and _try(document, key, lambda: link.efficiency):
        esn0_db = ebn0_db + 10 * math.log10(link.efficiency)
        document.put("channel.esn0_db", esn0_db, document.place(key))
    document.remove(key)


def scenario_path(scenario: Path | str, folder: str = "") -> Path:
    """The file of a scenario that is given as a path or by a shipped one's name."""
    names, path = scenario_names(folder), Path(scenario)
    if path.is_file() or (path.exists() and str(scenario) not in names):
        return path
    if str(scenario) in RETIRED:
        raise ScenarioError(
            [f"{scenario} no longer ships; in a checkout it is {RETIRED[str(scenario)]}"]
        )
    if str(scenario) not in names:
        raise ScenarioError(
            [
                f"{scenario}: there is no such file; "
                f"{instead(str(scenario), names, 'scenarios with a name are')}"
            ]
        )
    return shipped("scenarios") / folder / f"{scenario}.yaml"


def complete(document: Document, path: Path, data_root: Path | None) -> None:
    """Fill in the name and the root that was asked for, and make paths absolute."""
    document.folder = path.parent.absolute()
    name = document.value("name")
    if name is None:
        document.put("name", path.stem, document.place(""))
    elif isinstance(name, str) and (what := _name_mistake(name)):
        document.mistake("name", what)
    has_root = document.value("data.name") == "cifar10" or document.value("data.csi") in CELLS
    if data_root and has_root:
        document.put("data.root", str(data_root.absolute()), document.place("data"))
    measures = document.value("measures")
    items = range(len(measures)) if isinstance(measures, list) else ()
    for key in (*PATH_OR_NAME, *(f"measures[{number}]" for number in items)):
        text = document.value(key)
        if isinstance(text, str) and PATHS.search(text):
            document.resolve(key)


def _name_mistake(name: str) -> str:
    """What is wrong with the name of a scenario, "" where nothing is."""
    if re.fullmatch(r"[\w.+-]*[\w+-][\w.+-]*", name):
        return ""
    takes = "files are named by it, so it takes letters, digits and ._+-"
    return f"name is {as_yaml(name)}; {takes}"


def check_data(document: Document, default: DataChoice) -> None:
    """Keep mistakes in the sections `data` and `images`, also where other sections have some."""
    data = build(document, "data", DataChoice) if document.value("data") else default
    if data:
        key = "data.csi" if data.csi else "data.images"
        _try(document, key, partial(_check_images, document, data))


def _check_images(document: Document, data: DataChoice) -> None:
    there, images = len(_opened(document, data)), document.value("images")
    if isinstance(images, int) and images > there:
        document.mistake("images", f"images is {images}; the data set holds {there}")


def _try(document: Document, key: str, action: Callable[[], object]) -> bool:
    """Keep an error of `action` as a mistake of the value at `key`; returns whether it is fine."""
    try:
        action()
    except SemcommError as error:
        document.mistake(key, str(error))
        return False
    return True
