"""The rooms of the package: imports run one way, and no two files import each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "semcomm"

ROOMS = (
    "cli console __init__ __main__",
    "report",
    "run",
    "scenario",
    "systems",
    "measures data",
    "carrier transmission",
    "transmitter receiver slice_decoder soft_decoding stages",
    "concealment zoo",
    "codec",
    "link",
    "modalities",
    "frame_format",
    "framing terms",
    "ofdm",
    "counting fading",
    "channel",
    "frames",
    "crc ragged compiled terminal files folders choices plugin_code errors validation nearest version",
)
"""From the top: a file imports from its own line and from lines below it, never from above."""

LEVELS = {room: level for level, line in enumerate(ROOMS) for room in line.split()}


def imports_of(tree: ast.AST) -> Iterator[str]:
    """The modules of semcomm that a file imports, also inside functions, but not for types alone."""
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semcomm"):
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("semcomm"))


def modules() -> dict[str, Path]:
    """Every module of the package, as run/block for semcomm.run.block."""
    paths = {path.relative_to(PACKAGE).with_suffix("").as_posix(): path for path in files()}
    return {name.removesuffix("/__init__") or "__init__": path for name, path in paths.items()}


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "channels" not in path.parts[:-1])


def resolve(name: str, known: dict[str, Path]) -> str | None:
    """The module that `semcomm.a.b.name` is in: itself, or what it is an attribute of."""
    parts = name.split(".")[1:]
    for end in range(len(parts), 0, -1):
        if "/".join(parts[:end]) in known:
            return "/".join(parts[:end])
    return "__init__" if parts else None


def room_of(module: str) -> str:
    return module.partition("/")[0]


def upward(graph: dict[str, set[str]]) -> list[str]:
    """The imports that go from a lower room to a higher one."""
    return [
        f"{module} imports {other}"
        for module, others in graph.items()
        for other in others
        if LEVELS[room_of(other)] < LEVELS[room_of(module)]
    ]


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The modules from which imports lead back to themselves."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        stack = list(graph[start])
        while stack:
            module = stack.pop()
            if module not in seen:
                seen.add(module)
                stack += graph[module]
        return seen

    return [module for module in graph if module in reach(module)]


def graph_of_package() -> dict[str, set[str]]:
    known = modules()
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        names = imports_of(ast.parse(path.read_text(encoding="utf-8")))
        targets = {resolve(name, known) for name in names}
        graph[module] = {target for target in targets if target and target != module}
    return graph


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return graph_of_package()


def test_every_module_has_a_room(graph: dict[str, set[str]]) -> None:
    assert {room_of(module) for module in graph} - LEVELS.keys() == set()


def test_no_import_runs_up(graph: dict[str, set[str]]) -> None:
    assert upward(graph) == []


def test_no_imports_go_in_circles(graph: dict[str, set[str]]) -> None:
    assert circles(graph) == []


def test_an_import_in_the_wrong_direction_is_found(graph: dict[str, set[str]]) -> None:
    wrong = {**graph, "link/link": {*graph["link/link"], "run/block"}}
    assert upward(wrong) == ["link/link imports run/block"]


def test_a_circle_is_found(graph: dict[str, set[str]]) -> None:
    wrong = {**graph, "frames": {*graph["frames"], "channel"}}
    assert {"frames", "channel"} <= set(circles(wrong))
