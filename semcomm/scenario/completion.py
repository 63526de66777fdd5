"""A scenario's file, and what is filled in before its sections are made."""

import math
import re
from pathlib import Path
from typing import get_args

from semcomm.choices import CellModel
from semcomm.errors import ScenarioError
from semcomm.folders import scenario_names, shipped
from semcomm.link.codes import find_code
from semcomm.link.link import Link
from semcomm.modalities.modality import MODALITIES
from semcomm.nearest import instead
from semcomm.scenario.checking import build
from semcomm.scenario.document import SHORT_FORMS, Document
from semcomm.scenario.section_checks import attempt
from semcomm.validation import as_yaml

PATHS = re.compile(r"\.py:|\.safetensors(@[0-9]{1,2})?(:|$)")
"""In the name of a plug-in or codec that is a path."""

PATH_OR_NAME = ("codec.model", "channel.model", "training.start")
"""Fields that take a path or the name of what ships."""


def scenario_path(scenario: Path | str, folder: str = "") -> Path:
    """The file of a scenario that is given as a path or by a shipped one's name."""
    names, path = scenario_names(folder), Path(scenario)
    if path.is_file() or (path.exists() and str(scenario) not in names):
        return path
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
    elif isinstance(name, str) and (what := name_mistake(name)):
        document.mistake("name", what)
    is_cifar10 = document.value("data.name") == "cifar10"
    if data_root and (is_cifar10 or document.value("data.csi") in get_args(CellModel)):
        document.put("data.root", str(data_root.absolute()), document.place("data"))
    measures = document.value("measures")
    items = range(len(measures)) if isinstance(measures, list) else ()
    for key in (*PATH_OR_NAME, *(f"measures[{number}]" for number in items)):
        text = document.value(key)
        if isinstance(text, str) and PATHS.search(text):
            document.resolve(key)


def name_mistake(name: str) -> str:
    """What is wrong with the name of a scenario, "" where nothing is."""
    if re.fullmatch(r"[\w.+-]*[\w+-][\w.+-]*", name):
        return ""
    takes = "files are named by it, so it takes letters, digits and ._+-"
    return f"name is {as_yaml(name)}; {takes}"


def fill_in(document: Document) -> None:
    """Write out what a scenario for `semcomm run` leaves out or shortens."""
    if document.value("channel") is None:
        document.put("channel", {"model": "error_free"}, document.place("channel"))
    _write_esn0_db(document)
    if document.value("data.csi") and document.value("measures") is None:
        document.put("measures", [*MODALITIES["csi"].measures], document.place("data"))
    if document.value("framing") == "none":
        document.put("framing", SHORT_FORMS["framing", "none"], document.place("framing"))


def _write_esn0_db(document: Document) -> None:
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
    elif link and attempt(document, key, lambda: link.efficiency):
        esn0_db = ebn0_db + 10 * math.log10(link.efficiency)
        document.put("channel.esn0_db", esn0_db, document.place(key))
    document.remove(key)
