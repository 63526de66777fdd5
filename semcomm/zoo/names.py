"""The codecs that ship with semcomm: their names and figures, told without loading PyTorch."""

import csv
import json
import re
from pathlib import Path

from semcomm.folders import ZOO

CODEC_FILE = re.compile(r"\.safetensors(@[0-9]{1,2})?$")
"""How the path of a codec ends, with a level where the file has several."""

FIGURES = ZOO / "figures.csv"
"""What the codecs that ship cost and give, as tools/measure_zoo.py measures it."""


def codec_names() -> list[str]:
    """The trained codecs that ship with semcomm; levels of one file as NAME@0 and so on."""
    paths = sorted(ZOO.glob("*.safetensors"), key=lambda path: path.stem)
    return [name for path in paths for name in _names(path)]


def _names(path: Path) -> list[str]:
    """Of the codecs in a file, whose header alone is read: its length in eight bytes, then JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        levels = json.loads(file.read(length)).get("__metadata__", {}).get("levels")
    return (
        [path.stem] if levels is None else [f"{path.stem}@{level}" for level in range(int(levels))]
    )


def codec_figures() -> list[dict[str, str]]:
    """A row of `FIGURES` for each codec that ships; one that was not measured has its name
    alone.
    """
    with FIGURES.open(newline="") as file:
        rows = {row["codec"]: row for row in csv.DictReader(file)}
    return [rows.get(name, {"codec": name}) for name in codec_names()]
