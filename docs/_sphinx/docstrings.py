"""Docstrings as this project writes them, plain text, made into reStructuredText.

A line `name: text` says something of a field or an argument; one that begins with "Returns",
"Raises" or "Example" is about that. Indented lines after an empty one are shown as they are.
"""

import re

from sphinx.application import Sphinx

ARRAY = re.compile(
    r"~?(?:numpy\.)?ndarray\[~?(?:builtins\.)?tuple\[[^]]*\], ~?(?:numpy\.)?dtype\[(?:~?numpy\.)?(\w+)\]\]"
)
BOUNDED = re.compile(r"Annotated\[((?:[^][,]|\[[^][]*\])+), [^][]*\]")


def convert(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Replace the lines of a docstring in place."""
    parts = re.split(r"(`[^`]*`)", "\n".join(lines))
    escaped = [
        part if number % 2 else re.sub(r"([*|\\]|_\b)", r"\\\1", part)
        for number, part in enumerate(parts)
    ]
    text = "".join(escaped)
    if what == "module":
        lines[:] = re.sub(r"\n\n((?: {4}.*\n?)+)", r"\n\n::\n\n\1", "\n".join(lines)).splitlines()
        return
    text = re.sub(r"^(\w+(?:, \w+)*): (.*(?:\n +.*)*)", _field, text, flags=re.MULTILINE)
    text = re.sub(
        r"^Returns (.*(?:\n(?!Raises|Example|:|\n).+)*)", _of("returns"), text, flags=re.MULTILINE
    )
    text = re.sub(
        r"^Raises (\w+)[, ]*(.*(?:\n(?!Returns|Example|:|\n).+)*)",
        _raises,
        text,
        flags=re.MULTILINE,
    )
    text = re.sub(r"\n\n((?: {4}.*\n?)+)", r"\n\n::\n\n\1", text)
    lines[:] = text.splitlines()


def shorten(
    app: Sphinx, what: str, name: str, thing: object, options: object, arguments: str, returns: str
) -> object:
    """Write arrays as the sources do, NDArray[uint8], and leave out bounds, which the tables of
    fields have.
    """
    return tuple(
        text and _without_bounds(ARRAY.sub(r"NDArray[\1]", text)) for text in (arguments, returns)
    )


def _without_bounds(text: str) -> str:
    shorter = BOUNDED.sub(r"\1", text)
    return text if shorter == text else _without_bounds(shorter)


def _field(found: "re.Match[str]") -> str:
    if found[1] == "Example":
        return f"\nExample: {found[2]}\n"
    return "\n" + "\n".join(f":param {name}: {found[2]}" for name in found[1].split(", "))


def _of(field: str):
    return lambda found: f"\n:{field}: " + found[1].replace("\n", "\n    ")


def _raises(found: "re.Match[str]") -> str:
    return f"\n:raises {found[1]}: " + found[2].replace("\n", "\n    ")


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen to autodoc."""
    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
