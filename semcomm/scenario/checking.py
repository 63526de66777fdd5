"""Sections of a scenario, made of what is written in it.

A section's class is its schema: the names, types and bounds of its fields say what may be written.
"""

import json
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Any, TypeVar

from semcomm.errors import SemcommError
from semcomm.nearest import nearest
from semcomm.scenario.document import Document, key_path
from semcomm.scenario.settings import settings_of
from semcomm.validation import REFUSED, Checker, as_yaml, checkers_of, describe

Section = TypeVar("Section")
Kind = type[Section] | Callable[[str], type[Section]]


def build(
    document: Document, key: str, kind: Kind[Section], inside: Mapping[str, Kind[Any]] | None = None
) -> Section | None:
    """The section at `key` ("" is the whole document), or None when it has mistakes; the document
    keeps them.

    A section that is empty or not written has its fields' defaults.

    kind: the section's dataclass, or what finds it by the name that stands under the section's
        `model`. A SemcommError of the finder and a ValueError of the class become mistakes.
    inside: the kinds of sections within this one, by key path; a field whose type is a dataclass
        needs none.

    Example: with a field `crossover: Annotated[float, Ge(0.0), Le(0.5)]`, `channel: {crossover:
    0.7}` keeps the mistake "a.yaml:1:22: channel.crossover is 0.7; it takes a number from 0 to
    0.5".
    """
    content = _content(document, key, kind)
    if content in document.built:
        section: Section = document.built[content]
        return section
    before = document.value(key)
    made = _build(document, key, kind, inside or {})
    if made is not None and content and document.value(key) is before:  # else it holds a path
        document.built[content] = made
    return made


def _content(document: Document, key: str, kind: Any) -> tuple[Hashable, ...]:
    """What a section is built of; empty for the whole document and for what is not of YAML."""
    try:
        return (key, kind, json.dumps(document.value(key))) if key else ()
    except (TypeError, ValueError, RecursionError):
        return ()


def _build(
    document: Document, key: str, kind: Kind[Section], inside: Mapping[str, Kind[Any]]
) -> Section | None:
    before = len(document.mistakes) if key else 0
    section: type[Section] | None = (
        kind if isinstance(kind, type) else _find_class(document, key, kind)
    )
    if section is None:
        return None
    try:
        values = _field_values(
            document, key, section, () if section is kind else ("model",), inside
        )
        return None if len(document.mistakes) > before else section(**values)
    except (ValueError, SemcommError) as error:
        what = str(error)
    except (Exception, SystemExit) as error:  # whatever a plug-in raises is its author's to mend
        what = f"{section.__name__} failed: {type(error).__name__}: {error}"
    for line in what.split("\n"):
        document.mistake(key, f"{key}: {line}" if key else line, at_key=True)
    return None


def check_keys(document: Document, key: str, known: Collection[str]) -> None:
    """Keeps a mistake for each key of the mapping at `key` that is not among the known ones."""
    for name in document.value(key) or {}:
        if name not in known:
            close = nearest(name, known)
            takes = f"{key or 'the file'} takes {', '.join(known) or 'nothing'}"
            hint = f"did you mean `{close[0]}`?" if close else takes
            path = key_path(key, name)
            document.mistake(path, f"{path} is not known; {hint}", at_key=True)


def _find_class(
    document: Document, key: str, find: Callable[[str], type[Section]]
) -> type[Section] | None:
    mapping = _mapping(document, key, "a mapping with a model")
    if mapping is None:
        return None
    path = key_path(key, "model")
    if "model" not in mapping:
        document.mistake(path, f"{path} is missing; it takes a name", at_key=True)
        for name in nearest("model", mapping):
            close = key_path(key, name)
            document.mistake(close, f"{close} is not known; did you mean `model`?", at_key=True)
    elif not isinstance(mapping["model"], str):
        document.mistake(path, f"{path} is {as_yaml(mapping['model'])}; it takes a name")
    else:
        try:
            return find(mapping["model"])
        except SemcommError as error:
            document.mistake(path, str(error))
    return None


def _field_values(
    document: Document,
    key: str,
    section: type,
    picked_by: tuple[str, ...],
    inside: Mapping[str, Kind[Any]],
) -> dict[str, Any]:
    """Values for the fields that are written or have to be, of use where no mistake was kept."""
    settings, checkers = settings_of(section), checkers_of(section)
    mapping = _mapping(document, key, section)
    if mapping is None:
        return {}
    check_keys(document, key, dict.fromkeys([*picked_by, *checkers]))
    values = {}
    for setting in settings:
        name = setting.name
        if name in mapping or setting.needed:
            written, path = mapping.get(name, MISSING), key_path(key, name)
            values[name] = _field_value(document, path, checkers[name], written, inside)
    return values


def _field_value(
    document: Document, path: str, checker: Checker, written: Any, inside: Mapping[str, Kind[Any]]
) -> Any:
    kind = inside.get(path) or checker.section
    if written is None and checker.nullable:
        return None
    if kind:
        return build(document, path, kind, inside)
    if written is not MISSING:
        return _converted(document, path, checker, written)
    document.mistake(path, f"{path} is missing; it takes {describe(checker.hint)}", at_key=True)
    return None


def _mapping(document: Document, key: str, takes: str | type) -> dict[str, Any] | None:
    written = document.value(key)
    if written is None or isinstance(written, dict):
        return written or {}
    words = takes if isinstance(takes, str) else describe(takes)
    document.mistake(key, f"{key} is {as_yaml(written)}; it takes {words}")
    return None


def _converted(document: Document, path: str, checker: Checker, value: Any) -> Any:
    made = checker.convert(value)
    if isinstance(made, Path):
        document.resolve(path)
        return Path(document.value(path))
    if made is REFUSED:
        words = describe(checker.hint)
        if checker.objects:
            words += (
                ", which only Python can make: give the field a type that YAML can write, such as "
                "tuple[float, ...]"
            )
        document.mistake(path, f"{path} is {as_yaml(value)}; it takes {words}")
    return made
