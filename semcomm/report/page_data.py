"""All values that a report's page shows, as plain data for its script."""

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from semcomm.measures import MEASURES
from semcomm.modalities.rgb8 import Image
from semcomm.report.charts import axis_figure, rate_figure, style_of
from semcomm.report.code_data import code_values
from semcomm.report.curves import approximated
from semcomm.report.layout import FigurePoint, Layout, Line, lay_out
from semcomm.report.lines import NumericAxis
from semcomm.report.runs import Measure, Runs
from semcomm.report.store import Store
from semcomm.run.report_samples import FirstSamples, ReportSample

Values = dict[str, Any]

MAX_SYMBOLS = 2048
MAX_SUBCARRIERS = 1024


def page_data(runs: Runs) -> Values:
    """What the page's script reads; all numbers but channel symbols and gains are unrounded."""
    layout = lay_out(runs)
    pictures, codes, streams, constellations = Store(), Store(), Store(), Store()
    gains = Store()
    points = []
    for point in layout.points:
        sample = runs.samples[point.row]
        columns = {"quality": runs.quality.column}
        if runs.has_accuracy:
            columns["accuracy"] = runs.accuracy.column
        first = _received_samples(sample, columns, pictures, constellations, gains)
        points.append(
            _point_values(runs, point) | {"first": first} | code_values(sample, codes, streams)
        )
    sent = runs.samples[0]
    return {
        "axis": _axis_values(layout.axis, layout.has_axis_figure) if layout.axis else None,
        "rate": _measure_values(runs.rate),
        "quality": _measure_values(runs.quality),
        "accuracy": _measure_values(runs.accuracy) if runs.has_accuracy else None,
        **_line_values(layout),
        "points": points,
        "sent": [
            {"name": str(row["image"]), "picture": _picture_number(pictures, image)}
            for row, image in zip(sent.rows, sent.first.sent, strict=True)
        ],
        "pictures": pictures.values,
        "codes": codes.values,
        "streams": streams.values,
        "constellations": constellations.values,
        "gains": gains.values,
    }


def figures(data: Values) -> Values:
    """The compiled figures of this data: "rate", "axis" where the slider moves more than the rate,
    "accuracy" beside it, and "envelope" where several systems are one line there.
    """
    rate, quality, axis = data["rate"], data["quality"], data["axis"]
    x, y = (_extent(data["points"], measure["key"]) for measure in (rate, quality))
    names, styles = _names_and_styles(data["families"])
    ends = x, y, quality["originals"]
    specifications = {"rate": rate_figure(names, styles, rate["label"], quality["label"], *ends)}
    if axis and axis["figure"]:
        moving = {point["system"] for point in data["points"] if point["at"] is not None}
        names, styles = _names_and_styles(
            [entry for number, entry in enumerate(data["systems"]) if number in moving]
        )
        xs = [value for value in axis["values"] if value is not None]
        ends = xs, y, quality["originals"]
        specifications["axis"] = axis_figure(names, styles, axis["label"], quality["label"], *ends)
        if accuracy := data["accuracy"]:
            ys = _extent(data["points"], accuracy["key"])
            specifications["accuracy"] = axis_figure(
                names, styles, axis["label"], accuracy["label"], xs, ys, accuracy["originals"]
            )
        if data["envelopes"]:
            names, styles = _names_and_styles(data["envelopes"])
            specifications["envelope"] = axis_figure(
                names, styles, axis["label"], quality["label"], *ends
            )
    return specifications


def _extent(points: Sequence[Values], key: str) -> list[float]:
    """The values of all points under this key, and the ends of their intervals."""
    values = (point.get(f"{key}{end}") for point in points for end in ("", "Low", "High"))
    return [value for value in values if value is not None]


def _names_and_styles(entries: Sequence[Values]) -> tuple[list[str], list[Values]]:
    return [entry["label"] for entry in entries], [entry["style"] for entry in entries]


def _axis_values(axis: NumericAxis, has_figure: bool) -> Values:
    label = axis.label.replace("$E_s/N_0$", "Es/N0").replace("$E_b/N_0$", "Eb/N0")
    name = label.removesuffix(" (dB)")
    return {
        "key": axis.key,
        "label": label,
        "name": name if "/" in name else name.lower(),
        "values": axis.values,
        "figure": has_figure,
    }


def _measure_values(measure: Measure) -> Values:
    """How the page names and prints a measure; `key` is its name in the points."""
    is_db = measure.column.endswith("_db")
    return {
        "key": measure.column,
        "label": measure.label,
        "name": measure.label.removesuffix(" (dB)"),
        "unit": " dB" if is_db else "",
        "originals": measure.originals,
        "hull": "lower" if measure.is_error else "upper",
        "digits": 1 if measure.column.endswith("_per_image") else 2 if is_db else 4,
    }


def _line_values(layout: Layout) -> Values:
    """Labels, styles and groups of systems and families. A line has one style in both figures;
    where both are drawn, families take those of systems, else the other way round.
    """
    systems, families = [], []
    of_systems, of_families = _places(layout.systems), _places(layout.families)
    for system, line in enumerate(layout.systems):
        family = next(point.family for point in layout.points if point.system == system)
        place = of_systems[system] if layout.has_axis_figure else of_families[family]
        systems.append(_styled(line, place))
    for family, line in enumerate(layout.families):
        system = next(point.system for point in layout.points if point.family == family)
        place = of_systems[system] if layout.has_axis_figure else of_families[family]
        families.append(_styled(line, place))
    envelopes = list(map(_styled, layout.envelopes, _places(layout.envelopes)))
    return {"systems": systems, "families": families, "envelopes": envelopes}


def _places(lines: Sequence[Line]) -> list[int]:
    """The place of each line in its group, which shows no two of one style where it can."""
    groups = [line.group for line in lines]
    return [groups[:number].count(group) for number, group in enumerate(groups)]


def _styled(line: Line, place: int) -> Values:
    label = approximated(line.label) if line.approximation else line.label
    style = style_of(place, line.approximation)
    return {"label": label, "style": style, "group": line.group}


def _point_values(runs: Runs, point: FigurePoint) -> Values:
    values: Values = {
        "row": point.row,
        "system": point.system,
        "family": point.family,
        "at": point.at,
        "views": point.views,
        "hull": point.hull,
        "envelope": point.envelope,
        "results": runs.folder(point.row),
        "images": int(runs.images[point.row]),
        "link": runs.modulation_and_rate(point.row) or None,
    }
    for measure in (runs.bits, runs.channel_uses, runs.quality, runs.accuracy):
        values[measure.column] = _finite(measure.values[point.row])
        if measure.ends:
            low, high = (_finite(ends[point.row]) for ends in measure.ends)
            values |= {f"{measure.column}Low": low, f"{measure.column}High": high}
    return values


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _received_samples(
    sample: ReportSample,
    columns: Mapping[str, str],
    pictures: Store,
    constellations: Store,
    gains: Store,
) -> list[Values]:
    """What became of each of the first samples; what its system does not have is None.

    columns: those of per_image.csv that were measured, by what the page calls them.
    """
    values = []
    for number, (row, image) in enumerate(zip(sample.rows, sample.first.received, strict=True)):
        received = {name: row.get(name) for name in ("bits", "channel_uses", "damaged")}
        received["picture"] = _picture_number(pictures, image)
        for name, column in columns.items():
            received[name] = _sample_quality(row, column)
        if sample.first.symbols:
            symbols = sample.first.symbols[number]
            received["symbols"] = _constellation_number(constellations, symbols)
        if sample.first.gains_db is not None:
            received["gains"] = _gains_number(gains, sample.first, number)
        values.append(received)
    return values


def _sample_quality(row: Mapping[str, Any], column: str) -> float | None:
    """The quality of one sample, of a column of means the one of its own value; None for none.

    Example: nmse_db of a matrix whose nmse is 0.1 is -10.
    """
    if row.get(column) is not None:
        return float(row[column])
    for name, measure in MEASURES.items():
        if measure.of_mean and measure.of_mean.name == column and row.get(name) is not None:
            return measure.of_mean.value(float(row[name]))
    return None


def _picture_number(pictures: Store, image: Image) -> int:
    def encode() -> Values:
        file = io.BytesIO()
        PIL.Image.fromarray(image).save(
            file, "WEBP", lossless=True, quality=100, method=0, exact=True
        )
        height, width = image.shape[:2]
        url = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
        return {"url": url, "height": height, "width": width}

    return pictures.number((image.shape, image.tobytes()), encode)


def _constellation_number(constellations: Store, symbols: NDArray[np.complex128]) -> int:
    """The first symbols, in-phase and quadrature, to the precision that a figure shows."""
    drawn = symbols[:MAX_SYMBOLS]
    values = {
        "of": symbols.size,
        "points": np.round([drawn.real, drawn.imag], 3).T.tolist(),
    }
    return constellations.number(symbols.tobytes(), lambda: values)


def _gains_number(gains: Store, first: FirstSamples, number: int) -> int:
    """The gain of each subcarrier in dB and the bits that it carries, of at most so many as a
    figure shows: each n-th of more.
    """
    assert first.gains_db is not None
    decibels = first.gains_db[number]
    loads = None if first.loads is None else first.loads[number]
    every = -(-decibels.size // MAX_SUBCARRIERS)
    values = {
        "of": decibels.size,
        "decibels": [round(value, 2) for value in decibels[::every].tolist()],
        "loads": None if loads is None else loads[::every].tolist(),
        "bits": None if loads is None else int(loads.sum()),
    }
    return gains.number(json.dumps(values), lambda: values)
