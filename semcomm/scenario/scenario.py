"""Scenarios: one experiment in a YAML file. The fields of the classes here are what may stand in
it.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Unit, doc

from semcomm.channel import BitChannel, SymbolChannel
from semcomm.codec.devices import torch_device
from semcomm.codec.entropy_coding import entropy_coder
from semcomm.data.cifar10 import Cifar10
from semcomm.data.data_set import Data
from semcomm.data.folder import ImageFolder
from semcomm.data.sample import Sample
from semcomm.errors import ScenarioError, SemcommError
from semcomm.folders import expanded, scenario_names, shipped
from semcomm.framing import Framing
from semcomm.link.codes import find_code
from semcomm.link.link import Link
from semcomm.scenario.checking import build
from semcomm.scenario.document import Document, Place, joined, shown
from semcomm.scenario.plugins import find_channel
from semcomm.scenario.sweep import cells
from semcomm.systems.image_files import PILLOW, ImageCodec, check_one_frame
from semcomm.systems.systems import CodecChoice, ReceiverChoice
from semcomm.zoo.find import load_codec
from semcomm.zoo.names import CODEC_FILE
from semcomm.zoo.retired import RETIRED

Seed = Annotated[int, Ge(0), Le(2**64 - 1)]


@dataclass(frozen=True)
class DataChoice:
    """Which images."""

    name: Annotated[
        Literal["sample", "cifar10"] | None,
        doc("`sample`, 256 images that ship with semcomm, or `cifar10`"),
    ] = None
    images: Annotated[
        Path | None, doc("a folder of images, or one image's file, in place of a name")
    ] = None
    root: Annotated[
        Path | None,
        doc(
            "for `cifar10`, the folder that holds it, or where it is to be downloaded; by "
            "default SEMCOMM_DATA, else ~/.cache/semcomm."
        ),
    ] = None
    split: Annotated[
        Literal["train", "test"] | None,
        doc("which of its images; by default those for testing, of a training those for training"),
    ] = None

    def __post_init__(self) -> None:
        if (self.name is None) == (self.images is None):
            raise ValueError("it takes either a name, `sample` or `cifar10`, or images, a folder")
        if self.name != "cifar10" and (self.root or self.split):
            raise ValueError("root and split are for the name `cifar10` alone")

    def open(self) -> Data:
        """The data set. What is missing or damaged is a DataError of its first use."""
        if self.images:
            return ImageFolder(self.images)
        return Cifar10(self.root, self.split or "test") if self.name == "cifar10" else Sample()


@dataclass(frozen=True)
class Stop:
    """When a scenario has sent enough, before its images are at an end.

    wrong.
    """

    frame_errors: Annotated[
        Annotated[int, Ge(1), Unit("frames")] | None,
        doc("end after the first blocks of 256 images that bring so many frames that arrived"),
    ] = None


@dataclass(frozen=True)
class Scenario:
    """What a run needs to know; its results depend on nothing else."""

    name: Annotated[str, doc("what tables call it, by default its file's name")]
    codec: Annotated[CodecChoice | ImageCodec, doc("what both ends share")]
    channel: Annotated[
        BitChannel | SymbolChannel, doc("what carries the frames, by default `error_free`")
    ]
    data: Annotated[DataChoice, doc("the images")] = field(
        default_factory=lambda: DataChoice("sample")
    )
    framing: Annotated[
        Framing, doc("how payloads become frames; `none` sends the entropy-coded bits alone")
    ] = field(default_factory=Framing)
    link: Annotated[Link, doc("how frames go over the channel, by default as they are")] = field(
        default_factory=Link
    )
    receiver: Annotated[ReceiverChoice, doc("what the receiver decides by itself")] = field(
        default_factory=ReceiverChoice
    )
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

    @property
    def source(self) -> tuple[DataChoice, CodecChoice | ImageCodec, Framing | None]:
        """What the descriptions of its images depend on; on the framing where frames have a
        budget.
        """
        budget = isinstance(self.codec, CodecChoice) and self.codec.budget_bits
        return self.data, self.codec.source, self.framing if budget else None

    def image_count(self) -> int:
        """How many images are sent, all repetitions together."""
        return self.repeat * (self.images or len(self.data.open()))


def read_scenario(
    scenario: Path | str, overrides: Sequence[str] = (), data_root: Path | None = None
) -> Scenario:
    """The scenario in a file that has no sweep; everything else as `read_scenarios` has it."""
    read = read_scenarios(scenario, overrides, data_root)
    if len(read) > 1:
        raise ScenarioError([f"{scenario}: it sweeps over {len(read)} scenarios; one is asked for"])
    return read[0].scenario


@dataclass(frozen=True)
class Swept:
    """A scenario, which of its values, by key path, a sweep has set, and all of it as JSON.

    It goes to another process as that text, from which it is built there again: channels may be of
    classes that only their files define.
    """

    scenario: Scenario
    changes: Mapping[str, Any]
    text: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (self.text,)

    def told(self) -> dict[str, str]:
        """What its file, `--set` and the sweep say of it, by key path and as text; its name as
        `scenario`, too.
        """
        said = {"scenario": self.scenario.name, **_flat("", json.loads(self.text)), **self.changes}
        return {key: str(value) for key, value in said.items()}


def _flat(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    return {
        key: leaf
        for name, inner in value.items()
        for key, leaf in _flat(joined(path, name), inner).items()
    }


@lru_cache(maxsize=32)
def rebuilt(text: str) -> Swept:
    """The scenario of this JSON, which was checked before."""
    nowhere = Place(0, 0, 0, "scenario")
    document = Document(json.loads(text), {"": (nowhere, nowhere)})
    made = _built(document)
    document.finish()
    assert made is not None  # else finish has raised
    return Swept(made, {}, text)


def read_scenarios(
    scenario: Path | str, overrides: Sequence[str] = (), data_root: Path | None = None
) -> list[Swept]:
    """The scenarios in a file, or in a shipped one by its name: one for each cell of its sweep.

    overrides: `key.path=value`, each in place of what the file says; paths in them start at the
        working folder, those in the file at the file's.
    data_root: where CIFAR-10 is, in place of `data.root`.
    Raises ScenarioError with every mistake of every cell, each with its place.
    """
    path = scenario_path(scenario)
    document = Document.read(path, overrides)
    found = cells(document)
    read = [
        Swept(made, cell.changes, json.dumps(cell.document.root, sort_keys=True))
        for cell in found
        if (made := _scenario(cell.document, path, data_root))
    ]
    for cell in found:
        document.mistakes += cell.document.mistakes
    document.finish()
    return read


def _scenario(document: Document, path: Path, data_root: Path | None) -> Scenario | None:
    complete(document, path, data_root)
    if document.value("channel") is None:
        document.put("channel", {"model": "error_free"}, document.place("channel"))
    _from_ebn0(document)
    if document.value("framing") == "none":
        document.put("framing", {"header": False, "crc": 0}, document.place("framing"))
    codec = build(
        document, "codec", _kind(document)
    )  # also where other sections have mistakes; each is told once
    if isinstance(codec, CodecChoice):
        _try(document, "codec.device", partial(torch_device, codec.device))
        if _try(document, "codec.model", partial(load_codec, codec.model)):
            _try(
                document,
                "codec.entropy_coder",
                lambda: entropy_coder(codec.entropy_coder, load_codec(codec.model).tensors),
            )
    if isinstance(codec, ImageCodec):
        _try(document, "codec.model", codec.check)
    check_data(document, DataChoice("sample"))
    made = _built(document)
    if made and isinstance(made.codec, ImageCodec):
        _try(document, "framing.slices", partial(check_one_frame, made.framing))
    if made:
        _try(document, "link", partial(made.link.check, made.channel, made.framing.crc))
    return made


def _from_ebn0(document: Document) -> None:
    """Write channel.ebn0_db, of a payload bit at the link's nominal rate, as the channel's own
    esn0_db.
    """
    ebn0_db, channel = document.value("channel.ebn0_db"), document.value("channel")
    if ebn0_db is None:
        return
    link = build(document.copied(), "link", Link, {"link.code": find_code})
    if "esn0_db" in channel:
        document.mistake(
            "channel.ebn0_db",
            "channel has both ebn0_db and esn0_db; it takes one of them",
            at_key=True,
        )
    elif not isinstance(ebn0_db, int | float) or isinstance(ebn0_db, bool):
        document.mistake(
            "channel.ebn0_db", f"channel.ebn0_db is {shown(ebn0_db)}; it takes a number"
        )
    elif link:  # else its own mistakes are told
        document.put(
            "channel.esn0_db",
            ebn0_db + 10 * math.log10(link.efficiency),
            document.place("channel.ebn0_db"),
        )
    del channel["ebn0_db"]


def _built(document: Document) -> Scenario | None:
    return build(
        document,
        "",
        Scenario,
        {"channel": find_channel, "codec": _kind(document), "link.code": find_code},
    )


def _kind(document: Document) -> type[ImageCodec | CodecChoice]:
    return ImageCodec if document.value("codec.model") in list(PILLOW) else CodecChoice


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
                f"{scenario}: there is no such file; those that go by their name are "
                f"{', '.join(names)}"
            ]
        )
    return shipped("scenarios") / folder / f"{scenario}.yaml"


def complete(document: Document, path: Path, data_root: Path | None) -> None:
    """Fill in the name and the root that was asked for, and make paths absolute."""
    name = document.value("name")
    if name is None:
        document.put("name", path.stem, document.place(""))
    elif isinstance(name, str) and not re.fullmatch(r"[\w.+-]*[\w+-][\w.+-]*", name):
        document.mistake(
            "name",
            f"name is {shown(name)}; files are named by it, so it takes letters, digits and ._+-",
        )
    if data_root and document.value("data.name") == "cifar10":
        document.put("data.root", str(data_root.absolute()), document.place("data"))
    for key in ("codec.model", "channel.model", "data.images", "data.root"):
        text = document.value(key)
        if isinstance(text, str) and (
            key.startswith("data.") or ".py:" in text or CODEC_FILE.search(text)
        ):
            place = document.place(key)
            start = Path.cwd() if place.option else path.parent.absolute()
            document.put(key, str(start / expanded(text)), place)


def check_data(document: Document, default: DataChoice) -> None:
    """Keep mistakes in the sections `data` and `images`, also where other sections have some."""
    data = build(document, "data", DataChoice) if document.value("data") else default
    if data:
        _try(document, "data.images", partial(_check_images, document, data))


def _check_images(document: Document, data: DataChoice) -> None:
    there, images = len(data.open()), document.value("images")
    if isinstance(images, int) and images > there:
        document.mistake("images", f"images is {images}; the data set holds {there}")


def _try(document: Document, key: str, action: Callable[[], object]) -> bool:
    """Keep an error of `action` as a mistake of the value at `key`; returns whether there was
    none.
    """
    try:
        action()
    except SemcommError as error:
        document.mistake(key, str(error))
        return False
    return True
