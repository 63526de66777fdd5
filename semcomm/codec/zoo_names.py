"""The codecs that ship with semcomm: their names and figures, told without loading PyTorch."""

import csv

from semcomm.folders import ZOO

FIGURES = ZOO / "figures.csv"
"""What the codecs that ship cost and give, as tools/measure_zoo.py measures it."""


def codec_names() -> list[str]:
    """The trained codecs that ship with semcomm."""
    return sorted(path.stem for path in ZOO.glob("*.safetensors"))


def codec_figures() -> list[dict[str, str]]:
    """A row of `FIGURES` for each codec that ships; one that was not measured has its name alone."""
    with FIGURES.open(newline="") as file:
        rows = {row["codec"]: row for row in csv.DictReader(file)}
    return [rows.get(name, {"codec": name}) for name in codec_names()]
