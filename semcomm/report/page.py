"""The page: a template, its style and script, the data of some runs, and Vega, in one file."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semcomm.files import write_atomically
from semcomm.report.charts import vega
from semcomm.report.lines import flat
from semcomm.report.page_data import figures, page_data
from semcomm.report.runs import Runs, read_runs
from semcomm.version import __version__

TEMPLATE = Path(__file__).parent / "template"
SCRIPTS = "state.js", "figures.js", "pictures.js", "code.js", "start.js"


def write_report(folders: Sequence[Path], output: Path) -> int:
    """Write the report of these runs' folders as one HTML file; returns its size in bytes.

    Raises ReportError for what are no such folders, and for runs that sent different images.
    """
    page = rendered(read_runs(folders)).encode()
    write_atomically(output, page)
    return len(page)


def rendered(runs: Runs) -> str:
    """The page as HTML. It takes nothing from outside, and its Content-Security-Policy says so to
    the browser.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined
    )
    data = page_data(runs)
    scripts = {
        "vega": Markup(_inline(vega())),
        "script": Markup(_inline("".join((TEMPLATE / name).read_text() for name in SCRIPTS))),
    }
    return environment.get_template("page.html.j2").render(
        data=data,
        figures=figures(data),
        title=_title(runs),
        summary=_summary(runs, data),
        origins=_origins(runs),
        style=Markup((TEMPLATE / "page.css").read_text()),
        script_hashes=[_hash(text) for text in scripts.values()],
        version=__version__,
        **scripts,
    )


def _inline(script: str) -> str:
    """A script whose text cannot end its element."""
    return "\n" + script.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "\n"


def _hash(script: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _title(runs: Runs) -> str:
    names = dict.fromkeys(_stem(folder) for folder in runs.origins)
    return ", ".join(names)


def _stem(folder: str) -> str:
    return Path(folder).resolve().name.partition(",")[0]


def _summary(runs: Runs, data: dict[str, Any]) -> list[str]:
    """A few words of what was simulated."""
    axis = data["axis"]
    images = sorted({int(count) for count in runs.values["images"]})
    seeds = sorted({cell.scenario.get("seed", 0) for cell in runs.cells})
    return [
        _counted(len(data["systems"]), "system"),
        *([f"{len(axis['values'])} values of {axis['name']}"] if axis else []),
        f"{images[0]:,} images a point"
        if len(images) == 1
        else f"{images[0]:,} to {images[-1]:,} images a point",
        f"seed {', '.join(map(str, seeds))}",
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _origins(runs: Runs) -> list[dict[str, Any]]:
    """For each folder: what made it, and its scenario's settings."""
    found = []
    for folder, origin in runs.origins.items():
        rows = [
            cell for cell, of in zip(runs.cells, runs.table["results"], strict=True) if of == folder
        ]
        found.append(
            {
                "folder": folder,
                "settings": _settings([flat(cell.scenario) for cell in rows]),
                **origin,
            }
        )
    return found


def _settings(cells: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Each setting with all the values that it takes."""
    keys = dict.fromkeys(key for cell in cells for key in cell)
    return {
        key: ", ".join(dict.fromkeys(_told(cell[key]) for cell in cells if key in cell))
        for key in sorted(keys)
    }


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
