"""Loading plug-ins from files and entry points.

A plug-in's file is the one kind of file whose code semcomm runs.
"""

import hashlib
import importlib.util
import inspect
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from semcomm.errors import SemcommError
from semcomm.folders import expanded
from semcomm.nearest import instead
from semcomm.plugin_code import plugin_line


@dataclass(frozen=True)
class Kind:
    """A kind of plug-in: what messages call it, the group of its entry points, and its error."""

    noun: str
    group: str
    error: type[SemcommError]


def entry_names(kind: Kind) -> list[str]:
    """What packages offer of this kind."""
    return [point.name for point in _entry_points(kind.group)]


def load_plugin(name: str, kind: Kind, names: list[str]) -> Any:
    """What a path, whose file's code is run, or an entry point names.

    names: what an error about an unknown name lists.
    Raises `kind.error` when there is none, or more than one, or it does not load.
    """
    if ".py:" in name:
        path, _, attribute = name.rpartition(":")
        return getattr(module_at(expanded(path), kind), attribute, None)
    points = [point for point in _entry_points(kind.group) if point.name == name]
    if len(points) > 1:
        several = " and ".join(point.value for point in points)
        raise kind.error(f"{kind.noun} {name} is ambiguous: {several}")
    if not points:
        raise kind.error(f"{kind.noun} {name} is unknown; {instead(name, names)}, or file.py:Name")
    try:
        with redirect_stdout(sys.stderr):
            return points[0].load()
    except (Exception, SystemExit) as error:  # whatever it raises is its author's to mend
        what = f"{type(error).__name__}: {error}"
        raise kind.error(f"{points[0].value} does not load: {what}") from error


def checked_class(plugin: Any, name: str, kind: Kind, bases: tuple[type, ...], methods: str) -> Any:
    """The plug-in, where it is a concrete subclass of one of these, and a frozen dataclass; else
    raises `kind.error`.
    """
    if not inspect.isclass(plugin) or not issubclass(plugin, bases) or inspect.isabstract(plugin):
        parents = " or ".join(base.__name__ for base in bases)
        raise kind.error(f"{kind.noun} {name} is not a subclass of {parents} that has {methods}")
    if not is_dataclass(plugin):
        raise kind.error(
            f"{kind.noun} {name} is no dataclass: write @dataclass(frozen=True) above its class"
        )
    if not plugin.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise kind.error(
            f"{kind.noun} {name} is a dataclass that can be changed: write "
            "@dataclass(frozen=True) above its class"
        )
    return plugin


def module_at(path: Path, kind: Kind) -> ModuleType:
    """The module of a plug-in file, run again only where the file has changed."""
    if not path.is_file():
        raise kind.error(f"there is no {kind.noun} file {path}")
    return _loaded(path.absolute(), path.stat().st_mtime_ns, kind)


@lru_cache(maxsize=256)
def _loaded(path: Path, changed: int, kind: Kind) -> ModuleType:
    """A plug-in file, run once as a module of its own, which `typing` finds by its name."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"semcomm_{kind.noun}_{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not spec or not spec.loader:
        raise kind.error(f"there is no {kind.noun} file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever it raises is its author's to mend
        what = f"{type(error).__name__}: {error}{plugin_line(error, str(path))}"
        raise kind.error(f"{path} does not load: {what}") from error
    return module


@lru_cache(maxsize=8)
def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))
