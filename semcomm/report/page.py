"""The page: a template, its style and script, the data of some runs, and Vega, in one file."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semcomm.files import write_atomically
from semcomm.report.charts import vega_script
from semcomm.report.page_data import figures, page_data
from semcomm.report.runs import Runs, read_runs
from semcomm.version import __version__

TEMPLATE = Path(__file__).parent / "template"
SCRIPTS = "state.js", "figures.js", "pictures.js", "code.js", "start.js"


def write_report(folders: Sequence[Path], output: Path) -> int:
    """Write the report of the runs in these folders as one HTML file; returns its size in bytes.

    Raises ReportError for anything but folders of runs, and for runs that sent different images.
    """
    page = render(read_runs(folders)).encode()
    write_atomically(output, page)
    return len(page)


def render(runs: Runs) -> str:
    """The page as HTML. It needs nothing from outside, and its Content-Security-Policy makes the
    browser block any request.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined
    )
    data = page_data(runs)
    scripts = {
        "vega": _inline_script(vega_script()),
        "script": _inline_script("".join((TEMPLATE / name).read_text() for name in SCRIPTS)),
    }
    stems = (Path(folder).resolve().name.partition(",")[0] for folder in runs.origins)
    return environment.get_template("page.html.j2").render(
        data=data,
        figures=figures(data),
        title=", ".join(dict.fromkeys(stems)),
        summary=_summary(runs, data),
        origins=_origins(runs),
        style=Markup((TEMPLATE / "page.css").read_text()),
        script_hashes=[_csp_hash(text) for text in scripts.values()],
        version=__version__,
        **scripts,
    )


def _inline_script(script: str) -> Markup:
    """A script whose text cannot end its element."""
    return Markup("\n" + script.replace("</script", "<\\/script").replace("<!--", "<\\!--") + "\n")


def _csp_hash(script: str) -> str:
    """The script's hash as a Content-Security-Policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _summary(runs: Runs, data: Mapping[str, Any]) -> list[str]:
    """What was simulated, in a few words."""
    axis, systems = data["axis"], len(data["systems"])
    least, most = int(runs.images.min()), int(runs.images.max())
    images = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    seeds = sorted({sample.settings.get("seed") or 0 for sample in runs.samples})
    return [
        f"{systems} system{'' if systems == 1 else 's'}",
        *([f"{len(axis['values'])} values of {axis['name']}"] if axis else []),
        f"{images} images per point",
        f"seed {', '.join(map(str, seeds))}",
        *_unfinished(runs),
    ]


def _unfinished(runs: Runs) -> list[str]:
    if not runs.unfinished:
        return []
    done, cells = map(sum, zip(*runs.unfinished.values(), strict=True))
    return [f"partial: {done} of {cells} cells are done"]


def _origins(runs: Runs) -> list[dict[str, Any]]:
    """For each folder: its origin, and each setting with all values that it takes there."""
    origins = []
    for folder, origin in runs.origins.items():
        cells = [
            sample.settings for row, sample in enumerate(runs.samples) if runs.folder(row) == folder
        ]
        settings: dict[str, dict[str, None]] = {}  # distinct values as text, in their first order
        for key, value in (item for cell in cells for item in cell.items()):
            text = value if isinstance(value, str) else json.dumps(value)
            settings.setdefault(key, {})[text] = None
        values = {key: ", ".join(settings[key]) for key in sorted(settings)}
        progress = "{} of {} cells".format(*runs.unfinished.get(folder, (len(cells), len(cells))))
        origins.append({"folder": folder, "done": progress, "settings": values, **origin})
    return origins
