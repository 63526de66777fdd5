"""Sections of a scenario, made of what is written in it.

A section's class is its schema: the names, types and bounds of its fields say what may be written.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, astuple, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic import ConfigDict, TypeAdapter, ValidationError

from semcomm.errors import SemcommError
from semcomm.scenario.document import Document, as_yaml, key_path
from semcomm.scenario.settings import section_class, settings_of

Section = TypeVar("Section")
Kind = type[Section] | Callable[[str], type[Section]]

STRICT = ConfigDict(strict=True, allow_inf_nan=False)
NOUNS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    NoneType: "null",
    dict: "a mapping",
    Mapping: "a mapping",
    Any: "anything",
}
BOUNDS = {
    Ge: "of at least",
    Gt: "above",
    Le: "of at most",
    Lt: "below",
    MinLen: "no shorter than",
    MaxLen: "no longer than",
    MultipleOf: "in steps of",
}


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
    before = len(document.mistakes)
    section: type[Section] | None = (
        kind if isinstance(kind, type) else _find_class(document, key, kind)
    )
    if section is None:
        return None
    values = _field_values(
        document, key, section, () if section is kind else ("model",), inside or {}
    )
    if len(document.mistakes) > before:
        return None
    try:
        return section(**values)
    except (ValueError, SemcommError) as error:
        document.mistake(key, f"{key}: {error}" if key else str(error), at_key=True)
        return None


def check_keys(document: Document, key: str, known: Collection[str]) -> None:
    """Keeps a mistake for each key of the mapping at `key` that is not among the known ones."""
    for name in document.value(key) or {}:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            takes = f"{key or 'the file'} takes {', '.join(known) or 'nothing'}"
            hint = f"did you mean `{close[0]}`?" if close else takes
            path = key_path(key, name)
            document.mistake(path, f"{path} is not known; {hint}", at_key=True)


def describe(hint: Any) -> str:
    """What a type takes, in words.

    Example: Annotated[int, Ge(1)] takes "a whole number of at least 1", Literal[0, 8, 16] "0, 8 or
    16".
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{describe(arguments[0])} {_bounds(hint.__metadata__)}".rstrip()
    if origin is Literal:
        return _either(
            [f"`{name}`" if isinstance(name, str) else as_yaml(name) for name in arguments]
        )
    if origin in (Union, UnionType):
        return _either([describe(member) for member in arguments])
    if origin in (tuple, list):
        return _list(arguments)
    if is_dataclass(hint):
        return f"a mapping of {', '.join(field.name for field in fields(hint))}"
    return NOUNS.get(origin or hint) or f"a {getattr(hint, '__name__', hint)}"


def _find_class(
    document: Document, key: str, find: Callable[[str], type[Section]]
) -> type[Section] | None:
    mapping = _mapping(document, key, "a mapping with a model")
    if mapping is None:
        return None
    path = key_path(key, "model")
    if "model" not in mapping:
        document.mistake(path, f"{path} is missing; it takes a name", at_key=True)
        for name in get_close_matches("model", mapping):
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
    mapping = _mapping(document, key, describe(section))
    if mapping is None:
        return {}
    settings = settings_of(section)
    check_keys(document, key, dict.fromkeys([*picked_by, *(setting.name for setting in settings)]))
    values = {}
    for setting in settings:
        if setting.name in mapping or setting.needed:
            written, path = mapping.get(setting.name, MISSING), key_path(key, setting.name)
            values[setting.name] = _field_value(document, path, setting.hint, written, inside)
    return values


def _field_value(
    document: Document, path: str, hint: Any, written: Any, inside: Mapping[str, Kind[Any]]
) -> Any:
    kind = inside.get(path) or section_class(hint)
    if written is None and _allows_null(hint):
        return None
    if kind:
        return build(document, path, kind, inside)
    if written is not MISSING:
        return _validated(document, path, hint, written)
    document.mistake(path, f"{path} is missing; it takes {describe(hint)}", at_key=True)
    return None


def _allows_null(hint: Any) -> bool:
    """Whether null is one of the choices of a type, annotated or not."""
    if get_origin(hint) is Annotated:
        return _allows_null(get_args(hint)[0])
    return NoneType in get_args(hint)


def _mapping(document: Document, key: str, takes: str) -> dict[str, Any] | None:
    written = document.value(key)
    if written is None or isinstance(written, dict):
        return written or {}
    document.mistake(key, f"{key} is {as_yaml(written)}; it takes {takes}")
    return None


def _validated(document: Document, path: str, hint: Any, value: Any) -> Any:
    try:
        # As JSON, because there a list may be a tuple and text a path, and all else is still
        # strict.
        made = TypeAdapter(hint, config=STRICT).validate_json(json.dumps(value))
    except ValidationError:
        made = MISSING
    if isinstance(made, Path):
        document.resolve(path)
        return Path(document.value(path))
    if made is MISSING or not _same_kind(value, made):
        document.mistake(path, f"{path} is {as_yaml(value)}; it takes {describe(hint)}")
    return made


def _same_kind(value: Any, made: Any) -> bool:
    """Whether no truth value or fraction became a whole number: to pydantic, Literal[0, 1] takes
    true.
    """
    if isinstance(value, list):
        return all(map(_same_kind, value, made))
    return not isinstance(value, bool | float) or type(value) is type(made)


def _list(arguments: tuple[Any, ...]) -> str:
    """Example: tuple[int, int] is "a list of 2 whole numbers", tuple[float, ...] "a list of
    numbers".
    """
    items = [describe(item) for item in arguments if item is not ...]
    if len(set(items)) > 1:
        return f"a list of {', '.join(items)}"
    count = "" if ... in arguments or len(arguments) < 2 else f"{len(items)} "
    return f"a list of {count}" + re.sub(
        r"^a (whole number|number|path|list)", r"\1s", "".join(items[:1])
    )


def _bounds(metadata: tuple[Any, ...]) -> str:
    single: list[Any] = [
        part
        for item in metadata
        for part in (item if isinstance(item, GroupedMetadata) else (item,))
    ]
    bounds = {type(item): _number(astuple(item)[0]) for item in single if type(item) in BOUNDS}
    if Ge in bounds and Le in bounds:
        return f"from {bounds[Ge]} to {bounds[Le]}"
    return " and ".join(f"{BOUNDS[kind]} {bound}" for kind, bound in bounds.items())


def _number(bound: Any) -> str:
    return f"{bound:.15g}" if isinstance(bound, float) else str(bound)


def _either(choices: list[str]) -> str:
    """Example: ["0", "8", "16"] is "0, 8 or 16"."""
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))
