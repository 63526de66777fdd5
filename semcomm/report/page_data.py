"""All that a report's page shows, as plain values for its script."""

import base64
import io
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image

from semcomm.codec.entropy_coding.code_table import CodeTable, canonical_codes
from semcomm.modalities.rgb8 import Image
from semcomm.report.charts import axis_figure, rate_figure, style_of
from semcomm.report.runs import Runs
from semcomm.report.systems import Layout, Point, laid_out
from semcomm.run.report_samples import KeptCell

Values = dict[str, Any]

NAMES = {
    "bits_per_image": "bits",
    "channel_uses_per_image": "uses",
    "psnr_db": "psnr",
    "images": "images",
}
RECORD = "bits", "channel_uses", "psnr_db", "damaged", "index_errors"
MOST_POSITIONS = 4096


class Store:
    """Values that many cells share, each kept once and known by its number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, value: Any) -> int:
        """The number of what this key stands for."""
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value() if callable(value) else value)
        return self._numbers[key]


def page_data(runs: Runs) -> Values:
    """What the page's script reads; every number is that of the simulator, unrounded."""
    layout = laid_out(runs)
    pictures, codes, streams = Store(), Store(), Store()
    points = [_point(runs, point, pictures, codes, streams) for point in layout.points]
    first = runs.cells[0]
    by_system = layout.has_axis_figure
    styles = [style_of(number) for number in range(max(len(layout.systems), len(layout.families)))]
    return {
        "axis": _axis(layout),
        "systems": [
            {"label": name, "style": styles[number if by_system else _family(layout, number)]}
            for number, name in enumerate(layout.systems)
        ],
        "families": [
            {"label": name, "style": styles[_system(layout, number) if by_system else number]}
            for number, name in enumerate(layout.families)
        ],
        "points": points,
        "sent": [
            {"name": str(record["image"]), "picture": _picture(pictures, image)}
            for record, image in _pairs(first)
        ],
        "pictures": pictures.values,
        "codes": codes.values,
        "streams": streams.values,
    }


def figures(data: Values) -> Values:
    """The compiled figures of this data: "rate", and "axis" where a slider moves more than the
    rate.
    """
    points = data["points"]
    bits, psnr = (_extent(points, name) for name in ("bits", "psnr"))
    names, styles = _lines(data["families"])
    found = {"rate": rate_figure(names, styles, bits, psnr)}
    axis = data["axis"]
    if axis and axis["figure"]:
        moved = {point["system"] for point in points if point["at"] is not None}
        names, styles = _lines(
            [entry for number, entry in enumerate(data["systems"]) if number in moved]
        )
        xs = [value for value in axis["values"] if value is not None]
        found["axis"] = axis_figure(names, styles, axis["label"], xs, psnr)
    return found


def _extent(points: Sequence[Values], name: str) -> list[float]:
    """Values of all points, and the ends of their intervals."""
    found = (point.get(f"{name}{end}") for point in points for end in ("", "Low", "High"))
    return [value for value in found if value is not None]


def _lines(entries: Sequence[Values]) -> tuple[list[str], list[Values]]:
    return [entry["label"] for entry in entries], [entry["style"] for entry in entries]


def _axis(layout: Layout) -> Values | None:
    axis = layout.axis
    if axis is None:
        return None
    label = axis.label.replace("$E_s/N_0$", "Es/N0").replace("$E_b/N_0$", "Eb/N0")
    name = label.removesuffix(" (dB)")
    return {
        "key": axis.key,
        "label": label,
        "name": name if "/" in name else name.lower(),
        "values": axis.values,
        "figure": layout.has_axis_figure,
    }


def _family(layout: Layout, system: int) -> int:
    return next(point.family for point in layout.points if point.system == system)


def _system(layout: Layout, family: int) -> int:
    return next(point.system for point in layout.points if point.family == family)


def _point(runs: Runs, point: Point, pictures: Store, codes: Store, streams: Store) -> Values:
    cell = runs.cells[point.row]
    shown: Values = {
        "row": point.row,
        "system": point.system,
        "family": point.family,
        "at": point.at,
    }
    shown |= {
        "views": point.views,
        "hull": point.hull,
        "results": str(runs.table["results"][point.row]),
    }
    for column, name in NAMES.items():
        shown[name] = _number(runs.values[column][point.row])
        if column in runs.ends:
            shown[f"{name}Low"], shown[f"{name}High"] = (
                _number(end[point.row]) for end in runs.ends[column]
            )
    records = [{name: record[name] for name in RECORD} for record in cell.records]
    received = [_picture(pictures, image) for image in cell.first.received]
    shown["images"] = int(shown["images"])
    shown["first"] = [
        {**record, "picture": one} for record, one in zip(records, received, strict=True)
    ]
    if cell.code and cell.first.indices:
        shown["code"] = codes.number(_code_key(cell), lambda: _code(cell.code, cell.counts))
        shown["streams"] = [
            streams.number(*_stream(cell, number)) if grid.size <= MOST_POSITIONS else None
            for number, grid in enumerate(cell.first.indices)
        ]
        shown["wrong"] = [_wrong(cell, number) for number in range(len(received))]
    return shown


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _pairs(cell: KeptCell) -> list[tuple[Values, Image]]:
    return list(zip(cell.records, cell.first.sent, strict=True))


def _picture(pictures: Store, image: Image) -> int:
    def encoded() -> Values:
        file = io.BytesIO()
        PIL.Image.fromarray(image).save(
            file, "WEBP", lossless=True, quality=100, method=0, exact=True
        )
        height, width = image.shape[:2]
        url = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
        return {"url": url, "height": height, "width": width}

    return pictures.number((image.shape, image.tobytes()), encoded)


def _code_key(cell: KeptCell) -> Any:
    assert cell.code
    return cell.code.lengths.tobytes(), cell.code.probabilities.tobytes(), cell.counts.tobytes()


def _code(code: CodeTable, counts: Any) -> Values:
    """Codewords as zeros and ones, how probable they were in training and how often the run sent
    them.
    """
    lengths = code.lengths
    words = [
        f"{word:0{length}b}" if length else ""
        for word, length in zip(canonical_codes(lengths), lengths, strict=True)
    ]
    sent = np.zeros(lengths.size, np.int64)
    sent[: counts.size] = counts
    return {"words": words, "probabilities": code.probabilities.tolist(), "counts": sent.tolist()}


def _stream(cell: KeptCell, number: int) -> tuple[Any, Any]:
    """One image's indices and frames, each frame as its bits, and where its payload and its CRC
    begin.
    """
    first, code = cell.first, cell.code
    assert code
    grid = first.indices[number]
    slices = len(first.frames) // len(first.sent)
    frames = first.frames.split()[number * slices : (number + 1) * slices]
    counts = first.symbols[number * slices : (number + 1) * slices].tolist()
    ends = np.cumsum(counts).tolist()
    told = []
    for bits, count, end in zip(frames, counts, ends, strict=True):
        payload = int(code.lengths[grid.ravel()[end - count : end]].sum())
        told.append(
            {
                "bits": "".join(map(str, bits.tolist())),
                "payload": bits.size - payload - first.crc,
                "crc": bits.size - first.crc,
                "indices": count,
            }
        )
    value = {"shape": list(grid.shape), "indices": grid.ravel().tolist(), "frames": told}
    return json.dumps([value, _digest(code)]), value


def _digest(code: CodeTable) -> str:
    return code.lengths.tobytes().hex()


def _wrong(cell: KeptCell, number: int) -> list[list[int]]:
    """Positions whose index arrived as another, and what arrived; none where the image's size was
    lost.
    """
    sent, arrived = cell.first.indices[number].ravel(), cell.first.arrived[number].ravel()
    if sent.size != arrived.size:
        return [[], []]
    places = np.flatnonzero(sent != arrived)
    return [places.tolist(), arrived[places].tolist()]
