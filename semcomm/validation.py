"""What a section's fields take: one rule for what a scenario writes and for what Python gives.

A section is a dataclass; the names, types and bounds of its fields say what it takes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields, is_dataclass
from enum import Enum
from functools import cached_property, lru_cache, reduce, wraps
from operator import or_
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic import ConfigDict, TypeAdapter

from semcomm.errors import SemcommError, SettingError

STRICT = ConfigDict(strict=True, allow_inf_nan=False)
PLAIN_MODULES = ("builtins", "collections.abc", "typing", "pathlib", "datetime", "decimal")
NOUNS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
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
REFUSED = object()


class Validated:
    """A base of dataclasses whose constructors refuse what a scenario refuses, in the same words.

    A value is converted as a scenario's is: a whole number does for a number, a list for a tuple,
    text for a path, and NumPy's scalars and arrays for numbers and lists. A `__post_init__` of the
    class runs after that.

    error: what the constructor raises.
    """

    _raises: ClassVar[type[SemcommError]] = SettingError

    def __init_subclass__(cls, error: type[SemcommError] | None = None, **others: Any) -> None:
        super().__init_subclass__(**others)
        if error:
            cls._raises = error
        if own := cls.__dict__.get("__post_init__"):
            cls.__post_init__ = _checked_first(own)  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        check_fields(self, self._raises)


def _checked_first(own: Any) -> Any:
    @wraps(own)
    def post_init(self: Validated, *arguments: Any) -> None:
        check_fields(self, self._raises)
        own(self, *arguments)

    return post_init


def check_fields(section: Any, error: type[SemcommError]) -> None:
    """Convert the fields of a dataclass to their types; raises `error` with each that is not
    taken.
    """
    kind: Any = type(section)
    mistakes = []
    for name, checker in checkers_of(kind).items():
        value = getattr(section, name)
        made = checker.convert(value)
        if made is REFUSED:
            mistakes.append(f"{name} is {as_yaml(value)}; it takes {describe(checker.hint, True)}")
        elif made is not value:
            object.__setattr__(section, name, made)
    if mistakes:
        raise error("\n".join(mistakes))


def checked(name: str, hint: Any, value: Any, error: type[SemcommError] = SettingError) -> Any:
    """An argument as its type takes it, in the words of a section's field; raises `error`."""
    made = _checker(name, hint).convert(value)
    if made is REFUSED:
        raise error(f"{name} is {as_yaml(value)}; it takes {describe(hint, True)}")
    return made


@lru_cache(maxsize=512)
def field_types(section: type) -> Mapping[str, Any]:
    """The types of a section's fields, with their bounds, by name.

    Raises SettingError for an annotation that cannot be read.
    """
    try:
        hints = get_type_hints(section, include_extras=True)
    except Exception as error:  # whatever an annotation raises is its author's to mend
        raise SettingError(
            f"{section.__name__} has a field whose type cannot be read: "
            f"{type(error).__name__}: {error}"
        ) from error
    return {field.name: hints[field.name] for field in fields(section) if field.init}


@lru_cache(maxsize=512)
def checkers_of(section: type) -> Mapping[str, "Checker"]:
    """What checks each field of a section, by name."""
    return {name: Checker(name, hint) for name, hint in field_types(section).items()}


@lru_cache(maxsize=64)
def _checker(name: str, hint: Any) -> "Checker":
    return Checker(name, hint)


@dataclass(frozen=True, eq=False)
class Checker:
    """What a field of one type takes."""

    name: str
    hint: Any

    def convert(self, value: Any) -> Any:
        """The value as the field holds it, or REFUSED."""
        if (value is None and self.nullable) or self._is_object(value):
            return value
        if self._adapter is None:
            return REFUSED
        value = plain(value)
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            text = None
        try:
            # As JSON, because there a list may be a tuple and text a path, and all else is strict.
            made = (
                self._adapter.validate_python(value)
                if text is None
                else self._adapter.validate_json(text)
            )
        except Exception:  # a ValidationError, or whatever a plug-in's own validator raises
            return REFUSED
        return made if _same_kind(value, made) else REFUSED

    @cached_property
    def nullable(self) -> bool:
        """Whether null is one of the choices of the type, annotated or not."""
        return _allows_null(self.hint)

    @cached_property
    def section(self) -> type | None:
        """The dataclass that the type is, alone or with other choices, if it is one."""
        return section_class(self.hint)

    @cached_property
    def objects(self) -> tuple[Any, ...]:
        """Classes among the choices of the type of which only Python can make objects."""
        return tuple(_objects(self.hint))

    def _is_object(self, value: Any) -> bool:
        try:
            return bool(self.objects) and isinstance(value, self.objects)
        except TypeError:  # of a protocol that cannot be asked, nothing is known
            return True

    @cached_property
    def _adapter(self) -> TypeAdapter[Any] | None:
        """What checks a value that is no object; None where only objects are taken."""
        written = _without_objects(self.hint)
        if written in (None, NoneType):
            return None
        try:
            return TypeAdapter(written, config=STRICT | {"arbitrary_types_allowed": True})
        except Exception as error:  # bounds that the type does not have, and the like
            what = str(error).partition("\n")[0]
            raise SettingError(f"the type of {self.name} cannot be checked: {what}") from error


def plain(value: Any) -> Any:
    """A value of Python as a scenario writes it: arrays and tuples as lists, paths as text."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, PurePath) else value


def section_class(hint: Any) -> type | None:
    """The dataclass that a type is, alone or with other choices, if it is one."""
    if get_origin(hint) in (Union, UnionType, Annotated):
        return next(filter(None, map(section_class, get_args(hint))), None)
    return hint if is_dataclass(hint) and isinstance(hint, type) else None


def describe(hint: Any, objects: bool = False) -> str:
    """What a type takes, in words.

    objects: name a dataclass, as Python takes it, and not the mapping that a scenario writes.

    Example: Annotated[int, Ge(1)] takes "a whole number of at least 1", Literal[0, 8, 16] "0, 8 or
    16".
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{describe(arguments[0], objects)} {_bounds(hint.__metadata__)}".rstrip()
    if origin is Literal:
        return _either(
            [f"`{name}`" if isinstance(name, str) else as_yaml(name) for name in arguments]
        )
    if origin in (Union, UnionType):
        return _either([describe(member, objects) for member in arguments])
    if origin in (tuple, list):
        return _list(arguments)
    if is_dataclass(hint) and not objects:
        return f"a mapping of {', '.join(field.name for field in fields(hint))}"
    if isinstance(hint, type) and issubclass(hint, PurePath):
        return "a path"
    name = str(getattr(origin or hint, "__name__", hint))
    return NOUNS.get(origin or hint) or f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def as_yaml(value: object) -> str:
    """A value as YAML writes it, shortened: 0.7, "many", true, null, .inf, [1, 2]; what YAML does
    not write, as Python does.
    """
    try:
        text = json.dumps(plain(value), ensure_ascii=False, default=repr)
    except Exception:  # of cycles, endless numbers and the objects of others
        text = f"a {type(value).__name__}"
    return shortened({"Infinity": ".inf", "-Infinity": "-.inf", "NaN": ".nan"}.get(text, text))


def yaml_words(value: object) -> str:
    """The same, but text as it is: huffman, true, 0.7."""
    return value if isinstance(value, str) else as_yaml(value)


def shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _allows_null(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _allows_null(get_args(hint)[0])
    return hint is NoneType or NoneType in get_args(hint)


def _objects(hint: Any) -> list[Any]:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return [kind for member in get_args(hint) for kind in _objects(member)]
    if origin is Annotated:
        return _objects(get_args(hint)[0])
    kind = origin or hint
    if not isinstance(kind, type) or issubclass(kind, Enum | PurePath):
        return []
    return [] if kind.__module__ in PLAIN_MODULES else [kind]


def _without_objects(hint: Any) -> Any:
    """The type without the choices that are objects; None where nothing is left."""
    if not _objects(hint):
        return hint
    if get_origin(hint) is Annotated:
        return _without_objects(get_args(hint)[0])
    if get_origin(hint) not in (Union, UnionType):
        return None
    members = [member for member in map(_without_objects, get_args(hint)) if member is not None]
    return reduce(or_, members) if members else None


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
