"""A scenario's text as plain values, each of which knows where it was written.

A document keeps the mistakes found in it, so that `finish` can tell a person all of them at once.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from semcomm.errors import ScenarioError
from semcomm.folders import expanded
from semcomm.terminal import terminal_safe
from semcomm.validation import as_yaml, plain, shortened

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 20_000  # aliases written out: ten lines of them can stand for a billion values
MAX_KEY = 100
MAX_INT_BITS = 128
TOO_LARGE = f"there are more than {MAX_VALUES} values or {MAX_DEPTH} levels, aliases written out"

STEP = rf"[^\s.=]{{1,{MAX_KEY}}}"
OVERRIDE = re.compile(rf"{STEP}(\.{STEP}){{0,{MAX_DEPTH - 1}}}=.*", re.DOTALL)

SHORT_FORMS = {("framing", "none"): {"header": False, "crc": 0}}
"""What a word in place of a section stands for, by the section and the word."""

STANDARD_TAG = "tag:yaml.org,2002:"
TYPED_SCALARS = {"null", "bool", "int", "float"}
TEXT_SCALARS = {"str", "timestamp", "merge", "value"}  # YAML 1.2 types only the four above
TAGS = {MappingNode: {"map"}, SequenceNode: {"seq"}, ScalarNode: TYPED_SCALARS | TEXT_SCALARS}


class SourceLocation(NamedTuple):
    """Where something was written. Places sort in file order, then `--set` options in theirs."""

    option: int  # 0 in the file, n in the nth --set
    line: int
    column: int
    text: str


Mistakes = list[tuple[SourceLocation, str]]


class Write(NamedTuple):
    """A value to be written at a key path, and where it comes from."""

    key: str
    value: Any
    place: SourceLocation


@dataclass
class Document:
    """Plain values in `root`, the places of each one's key and value, and the mistakes found so
    far.

    Values are named by key path, as in `channel.crossover`; a key may hold dots itself, as a
    sweep's do. A value is never changed in place, so copies of a document share what is alike.

    options: what `--set` has written.
    built: the sections that were built of this document and its copies, by their content.

    Example: Document.parse("seed: 7", "a.yaml").value("seed") is 7, and its place is a.yaml:1:7.
    """

    root: dict[str, Any]
    places: dict[str, tuple[SourceLocation, SourceLocation]]
    mistakes: Mistakes = field(default_factory=list)
    folder: Path = field(default_factory=Path.cwd)
    options: list[Write] = field(default_factory=list)
    built: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | str, overrides: Sequence[str] = ()) -> "Document":
        """The document in a file, as `parse` gives it. Raises ScenarioError, also for an unreadable
        file.
        """
        return cls.parse(_file_text(path), str(path), overrides)

    @classmethod
    def parse(cls, text: str, name: str, overrides: Sequence[str] = ()) -> "Document":
        """The document in YAML 1.2 text, with `key.path=value` overrides applied: of one key the
        last, and one below another key after it.

        name: what places call the text, usually its file.
        Raises ScenarioError when the text is not a YAML mapping; smaller mistakes are kept.
        """
        reader = _Reader(
            lambda line, column: SourceLocation(0, line, column, f"{name}:{line}:{column}")
        )
        root = reader.read(text)
        start = reader.place(1, 1)
        if not isinstance(root, dict):
            what = "empty" if root is None else as_yaml(root)
            reader.fail(start, f"the file is {what}; it takes `key: value` lines")
        document = cls(root, {**reader.places, "": (start, start)}, reader.mistakes)
        document._override(overrides)
        return document

    @classmethod
    def of(cls, mapping: Mapping[str, Any], name: str, overrides: Sequence[str] = ()) -> "Document":
        """The same of a mapping that was made in Python, all of it at the place `name`.

        Raises ScenarioError for what YAML cannot write.
        """
        try:
            root = json.loads(json.dumps(mapping, default=plain))
        except (TypeError, ValueError, RecursionError) as error:
            raise ScenarioError(
                [f"{name}: it takes plain values, such as YAML has: {error}"]
            ) from None
        place = SourceLocation(0, 0, 0, name)
        document = cls(root, {"": (place, place)})
        document._override(overrides)
        return document

    def value(self, key: str) -> Any:
        """The value at a key path ("" is the whole), or None where nothing is written."""
        path, item = _item(key)
        value: Any = self.root
        for step in _steps(self.root, path) if path else ():
            value = value.get(step) if isinstance(value, dict) else None
        return value if item is None else value[item]

    def place(self, key: str, *, of_key: bool = False) -> SourceLocation:
        """Where a value, or its key, is written; for one that is not, its nearest section."""
        while key not in self.places:
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return self.places[key][0 if of_key else 1]

    def mistake(self, key: str, what: str, *, at_key: bool = False) -> None:
        """Keeps a mistake, to be told with the place of the value at `key`, or of the key
        itself.
        """
        self.mistakes.append((self.place(key, of_key=at_key), what))

    def copied(self) -> "Document":
        """A copy that can be changed by itself."""
        return replace(self, places=dict(self.places), mistakes=list(self.mistakes))

    def without(self, key: str) -> "Document":
        """A copy that lacks a key of the top level."""
        places = {
            path: place
            for path, place in self.places.items()
            if path != key and not is_within(path, key)
        }
        root = {name: value for name, value in self.root.items() if name != key}
        return replace(self, root=root, places=places, mistakes=list(self.mistakes))

    def resolve(self, key: str) -> None:
        """Make a path absolute: from the working folder where an option set it, else `folder`."""
        place = self.place(key)
        start = Path.cwd() if place.option else self.folder
        self.put(key, str(start / expanded(self.value(key))), place)

    def finish(self) -> None:
        """Raises ScenarioError with all mistakes in file order, if there are any."""
        if self.mistakes:
            raise _error(self.mistakes)

    def _override(self, overrides: Sequence[str]) -> None:
        for number, option in enumerate(overrides, start=1):
            self._option(option, SourceLocation(number, 0, 0, f"--set {shortened(option)}"))
        self.put_all(self.options)

    def _option(self, option: str, place: SourceLocation) -> None:
        key, _, text = option.partition("=")
        if not OVERRIDE.fullmatch(option):
            self.mistakes.append((place, "it takes key.path=value, such as seed=1"))
            return
        reader = _Reader(lambda line, column: place, self.mistakes)
        with suppress(ScenarioError):  # the reader kept the mistake
            self.options.append(Write(key, reader.read(text), place))

    def put_all(self, writes: Iterable[Write]) -> None:
        """Write in order, but a key below another one after it, so that the narrower key wins."""
        for key, value, place in sorted(writes, key=lambda write: _depth(write.key)):
            self.put(key, value, place)

    def put(self, key: str, value: object, place: SourceLocation) -> None:
        """Write a value at a key path, as if it stood at `place`."""
        path, item = _item(key)
        if item is not None:
            items = self.value(path)
            if not isinstance(items, list) or item >= len(items):
                self.mistakes.append((place, f"{path} has no item {item}"))
                return
            value = [*items[:item], value, *items[item + 1 :]]
        *parents, last = _steps(self.root, path)
        root, name = dict(self.root), ""
        section = root
        for step in parents:
            name, inner = key_path(name, step), section.get(step)
            if isinstance(inner, str):
                inner = SHORT_FORMS.get((name, inner), inner)
            if inner is None:
                self.places.setdefault(name, (place, place))
            elif not isinstance(inner, dict):
                what = f"{name} is {as_yaml(inner)}; nothing can be set below it"
                if isinstance(inner, str):
                    what += f". A mapping takes its place by {name}={{{last}: ...}}"
                self.mistakes.append((place, what))
                return
            section[step] = dict(inner or {})
            section = section[step]
        section[last] = value
        self.root = root
        for stale in [known for known in self.places if is_within(known, key)]:
            del self.places[stale]
        self.places[key] = (place, place)

    def remove(self, key: str) -> None:
        """Take away a key of a section of the top level."""
        section, _, name = key.partition(".")
        rest = {other: value for other, value in self.root[section].items() if other != name}
        self.root = self.root | {section: rest}


class _Reader:
    """Turns YAML text into plain values and notes where each stands; goes on after small
    mistakes.
    """

    def __init__(
        self, place: Callable[[int, int], SourceLocation], mistakes: Mistakes | None = None
    ) -> None:
        self.place = place
        self.places: dict[str, tuple[SourceLocation, SourceLocation]] = {}
        self.mistakes = [] if mistakes is None else mistakes
        self.values = 0
        self.yaml = YAML(typ="safe", pure=True)
        self.yaml.max_depth = MAX_DEPTH
        self.yaml.composer.warn_double_anchors = False  # YAML 1.2 lets an anchor be defined again

    def read(self, text: str) -> Any:
        """The one value in `text`. Raises ScenarioError when it is not YAML, too deep or too
        large.
        """
        try:
            node = self.yaml.compose(text)
        except ReaderError as error:
            before = text[: error.position]
            place = self.place(before.count("\n") + 1, len(before) - before.rfind("\n"))
            self.fail(place, f"this is not text: it holds the character #x{error.character:04x}")
        except MaxDepthExceededError as error:
            self.fail(self._at(error.problem_mark), TOO_LARGE)
        except MarkedYAMLError as error:
            self.fail(self._at(error.problem_mark), f"this is not YAML: {error.problem}")
        except (
            ValueError,
            OverflowError,
        ) as error:  # ruamel.yaml hands the code in "\UFFFFFFFF" to chr()
            self.fail(self.place(1, 1), f"this is not YAML: {error}")
        return None if node is None else self._value(node, "", 0)

    def fail(self, place: SourceLocation, what: str) -> NoReturn:
        """Raises ScenarioError with this mistake and all before it."""
        self.mistakes.append((place, what))
        raise _error(self.mistakes)

    def _value(self, node: Node, name: str, depth: int) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            self.fail(self._at(node.start_mark), TOO_LARGE)
        self._check_tag(node)
        if isinstance(node, SequenceNode):
            return [self._item(item, f"{name}[{i}]", depth) for i, item in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, name, depth)
        return self._scalar(node)

    def _item(self, node: Node, name: str, depth: int) -> Any:
        self.places[name] = (self._at(node.start_mark), self._at(node.start_mark))
        return self._value(node, name, depth + 1)

    def _mapping(self, node: Node, name: str, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            self._check_tag(key_node)
            key = key_node.value
            if not isinstance(key, str) or len(key) > MAX_KEY:
                self._mistake(key_node, f"a key is text of at most {MAX_KEY} characters")
                continue
            path = key_path(name, key)
            if key in mapping:
                self._mistake(key_node, f"{path} is given twice")
            self.places[path] = (self._at(key_node.start_mark), self._at(value_node.start_mark))
            mapping[key] = self._value(value_node, path, depth + 1)
        return mapping

    def _scalar(self, node: Node) -> Any:
        """What cannot be read as its type stays text: `!!int x`, and numbers too long to print."""
        if _tag(node) not in TYPED_SCALARS:
            return node.value
        try:
            value = self.yaml.constructor.construct_object(node)
        except (ValueError, LookupError):
            return node.value
        return node.value if isinstance(value, int) and value.bit_length() > MAX_INT_BITS else value

    def _check_tag(self, node: Node) -> None:
        if _tag(node) not in TAGS[type(node)]:
            self._mistake(node, f"{shortened(_tag(node))} is a tag; only plain values are taken")

    def _at(self, mark: Any) -> SourceLocation:
        return self.place(mark.line + 1, mark.column + 1)

    def _mistake(self, node: Node, what: str) -> None:
        self.mistakes.append((self._at(node.start_mark), what))


def key_path(section: str, key: str) -> str:
    """The key path of `key` in a section; the section "" is the document."""
    return f"{section}.{key}" if section else key


def is_within(key: str, section: str) -> bool:
    """Whether a key path is below another one, as `channel.crossover` is below `channel`."""
    return key.startswith((f"{section}.", f"{section}["))


def _depth(key: str) -> int:
    return key.count(".") + key.count("[")


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix(STANDARD_TAG)


def _steps(mapping: Any, path: str) -> list[str]:
    """The keys that a path goes through: of keys that hold dots, the longest that is there.

    Example: `sweep.channel.esn0_db.stop` is sweep, channel.esn0_db, stop where the sweep has that
    key.
    """
    if "." not in path:
        return [path]
    keys = mapping if isinstance(mapping, dict) else {}
    fitting = [key for key in keys if "." in key and f"{path}.".startswith(f"{key}.")]
    key = max(fitting, key=len, default=path.partition(".")[0])
    rest = path[len(key) + 1 :]
    return [key, *_steps(keys.get(key), rest)] if rest else [key]


def _item(key: str) -> tuple[str, int | None]:
    """A key path without its last `[number]`, and that number.

    Example: `measures[1]` is `measures` and 1; `measures` has None.
    """
    match = key.endswith("]") and re.fullmatch(r"(.*)\[(\d+)\]", key)
    return (match[1], int(match[2])) if match else (key, None)


def _file_text(path: Path | str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ScenarioError([f"{path}: it is larger than {MAX_BYTES} bytes"])
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError([f"{path}: it is not UTF-8 text at byte {error.start + 1}"]) from None
    except OSError as error:
        raise ScenarioError([f"{path}: it cannot be read: {error.strerror}"]) from None


def _error(mistakes: Mistakes) -> ScenarioError:
    lines = [
        f"{place.text}: {what}" for place, what in sorted(mistakes, key=lambda mistake: mistake[0])
    ]
    return ScenarioError([terminal_safe(line) for line in dict.fromkeys(lines)])
