"""What may stand in a section of a scenario, read off its class: names, types, bounds, units,
defaults and notes.
"""

import inspect
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache
from typing import Any, get_args

from annotated_types import DocInfo, Unit

from semcomm.validation import field_types
from semcomm.validation import section_class as section_class


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


@lru_cache(maxsize=512)
def settings_of(section: type) -> tuple[Setting, ...]:
    """The fields of a section's class that may be written, in their order.

    Raises SettingError for a class whose types cannot be read.
    """
    hints = field_types(section)
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
