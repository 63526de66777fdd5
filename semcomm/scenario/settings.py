"""What may stand in a section of a scenario, read off its class: names, types, bounds, units,
defaults and notes.
"""

import inspect
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import DocInfo, Unit


@dataclass(frozen=True)
class Setting:
    """One field of a section.

    hint: its type, with its bounds.
    default: its value where nothing is written; MISSING where something has to be.
    unit: such as dB, "" where it has none.
    note: what its type says of it, "" where it says nothing.
    """

    name: str
    hint: Any
    default: Any
    unit: str
    note: str

    @property
    def needed(self) -> bool:
        """Whether something has to be written."""
        return self.default is MISSING


@cache
def settings_of(section: type) -> tuple[Setting, ...]:
    """The fields of a section's class that may be written, in their order."""
    hints = get_type_hints(section, include_extras=True)
    written = [field for field in fields(section) if field.init]
    return tuple(
        Setting(
            field.name,
            hints[field.name],
            _default(field),
            _unit(hints[field.name]),
            _note(hints[field.name]),
        )
        for field in written
    )


def section_class(hint: Any) -> type | None:
    """The dataclass that a type is, alone or with other choices, if it is one."""
    if get_origin(hint) in (Union, UnionType, Annotated):
        return next(filter(None, map(section_class, get_args(hint))), None)
    return hint if is_dataclass(hint) and isinstance(hint, type) else None


def summary_of(section: type) -> str:
    """The first paragraph of its docstring, as one line."""
    return " ".join((inspect.getdoc(section) or "").partition("\n\n")[0].split())


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _unit(hint: Any) -> str:
    """That of an Annotated type, alone or with other choices."""
    own = [item.unit for item in getattr(hint, "__metadata__", ()) if isinstance(item, Unit)]
    return next(filter(None, [*own, *map(_unit, get_args(hint))]), "")


def _note(hint: Any) -> str:
    """What `annotated_types.doc` says in an Annotated type, alone or with other choices."""
    own = [
        item.documentation
        for item in getattr(hint, "__metadata__", ())
        if isinstance(item, DocInfo)
    ]
    return next(filter(None, [*own, *map(_note, get_args(hint))]), "")
