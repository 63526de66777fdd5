"""What a cell's results depend on, but for the machine."""

import hashlib
import inspect
import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from semcomm.data.choice import DataChoice
from semcomm.data.data_set import fingerprint
from semcomm.errors import RunError
from semcomm.folders import PACKAGE
from semcomm.measures import MEASURES
from semcomm.scenario.scenario import Cell
from semcomm.version import __version__

PACKAGES = (
    "numpy",
    "torch",
    "scipy",
    "numba",
    "pillow",
    "pillow-heif",
    "pillow-jxl-plugin",
    "sionna-no-rt",
)
"""Those that compute results."""


def identities(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """What makes each of these cells and no other.

    Its scenario, without where on this machine its files are, a digest of the files of its images,
    the device of its networks, and `fingerprints`.
    """
    images_digest = cache(_images_digest)  # cells of a sweep mostly have the same
    return [
        _identity(cell, images_digest(cell.scenario.data, cell.scenario.images)) for cell in cells
    ]


def _identity(cell: Cell, images: str) -> dict[str, Any]:
    document = json.loads(cell.text)
    data = {key: value for key, value in document.get("data", {}).items() if key != "root"}
    sections = {"codec": document["codec"], "channel": document["channel"], "data": data}
    document |= {name: _without_folders(section) for name, section in sections.items()}
    if "measures" in document:
        document["measures"] = [Path(name).name for name in document["measures"]]
    device = _device(getattr(cell.scenario.codec, "device", ""))
    return {"scenario": document, "images": images, "device": device, **fingerprints(cell)}


@cache
def _device(name: str) -> str:
    """What `auto` stands for on this machine; any other name as it is."""
    if name != "auto":
        return name
    from semcomm.codec.devices import torch_device  # slow to import for those without networks

    return torch_device(name).type


def _images_digest(choice: DataChoice, images: int | None) -> str:
    """Of a person's own images; a data set of semcomm's is known by its name in the scenario."""
    if not choice.images and not choice.csi:
        return ""
    data = choice.open()
    return fingerprint(data, images or len(data))[:16]


def fingerprints(cell: Cell) -> dict[str, str | None]:
    """Digests of what its scenario names, of the files of its plug-ins, and of semcomm; versions of
    packages.
    """
    scenario = cell.scenario
    own_measures = sorted(name for name in scenario.measures if name not in MEASURES)
    measure_files = [Path(name.rpartition(":")[0]) for name in own_measures if ".py:" in name]
    measure_files += [measure.file for measure in scenario.measured.values() if measure.file]
    return {
        "codec": scenario.codec.fingerprint(),
        "system": _source_of(type(scenario.codec)),
        "channel": _source_of(type(scenario.channel)),
        "measures": " ".join(map(_source_digest, measure_files)),
        "semcomm": f"{__version__} {_own_digest()}",
        "packages": _package_versions(),
    }


def require_same(cell: Cell, wanted: dict[str, str | None]) -> None:
    """Raises RunError where this machine's codec, plug-ins or semcomm are not those wanted."""
    if differs := difference(wanted, fingerprints(cell)):
        raise RunError(
            f"the worker on {platform.node()} is not that of this run: {differs}; restart it, or "
            "update its files"
        )


@cache
def _package_versions() -> str:
    """Of those of PACKAGES that are installed. Example: "numpy-2.4.6,torch-2.14.1"."""
    versions = []
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            versions.append(f"{name}-{version(name)}")
    return ",".join(versions)


@cache
def _source_of(plugin: type) -> str:
    return _source_digest(Path(inspect.getfile(plugin)))


@cache
def _own_digest() -> str:
    files = sorted(path for path in PACKAGE.rglob("*.py"))
    return _digest("".join(_source_digest(path) for path in files).encode())


def _source_digest(path: Path) -> str:
    return _digest(path.read_bytes()) if path.is_file() else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _without_folders(section: dict[str, Any]) -> dict[str, Any]:
    paths = {"model", "images", "csi"} & section.keys()
    return section | {key: Path(section[key]).name for key in paths}


def difference(there: Any, here: Any) -> str:
    """The first place where two runs differ, in words; nothing where they are the same.

    there, here: lists of cells' identities, or one cell's identity or fingerprints.
    """
    if there == here:
        return ""
    if isinstance(there, list) and isinstance(here, list):
        if len(there) != len(here):
            return f"it has {len(there)} cells there, {len(here)} here"
        pairs = zip(there, here, strict=True)
        return next(filter(None, (difference(*pair) for pair in pairs)))
    if not isinstance(there, dict) or not isinstance(here, dict):
        return "its cells are of another kind"
    if differs := _setting_difference(there.get("scenario"), here.get("scenario"), "scenario"):
        return differs
    differing = (name for name in WORDS if there.get(name) != here.get(name))
    if not (name := next(differing, "")):
        return "its cells differ"
    return WORDS[name].format(*(str(side.get(name)).partition(" ")[0] for side in (there, here)))


WORDS = {
    "images": "the images differ, by their names or by their files",
    "codec": "the codec's file differs",
    "semcomm": "the source of semcomm differs, version {} there, {} here",
    "packages": "packages have other versions, {} there, {} here",
    "device": "networks run on another device, {} there, {} here",
    "system": "the Python file of the system differs",
    "channel": "the Python file of the channel differs",
    "measures": "the Python file of a measure differs",
}
"""What differs where these parts of a cell's identity do."""


def _setting_difference(there: Any, here: Any, name: str) -> str:
    """Example: of {"seed": 1} and {"seed": 2} it is "scenario.seed is 1 there, 2 here"."""
    if there == here:
        return ""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = sorted({*there, *here})
        parts = (_setting_difference(there.get(k), here.get(k), f"{name}.{k}") for k in keys)
        return next(filter(None, parts), "")
    return f"{name} is {json.dumps(there)} there, {json.dumps(here)} here"
