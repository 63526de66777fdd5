"""Lines of prose have at most 100 characters.

Tables, blocks of code, the targets of links, and pages that a script makes are excepted.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from pages import PAGES, ROOT

MAX_LENGTH = 100
EXCEPTED = ("fence", "code_block", "table_open", "html_block")
TARGET = re.compile(r"\]\([^)]*\)")
MADE = "<!-- Made by `python "


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The number of each line of prose, counted from 1, and its text without links' targets."""
    lines = text.splitlines()
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in EXCEPTED and token.map:
            lines[token.map[0] : token.map[1]] = [""] * (token.map[1] - token.map[0])
    for number, line in enumerate(lines, start=1):
        yield number, TARGET.sub("]()", line)


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_prose_is_wrapped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if MADE not in text:
        longer = [f"{page}:{number}" for number, line in prose(text) if len(line) > MAX_LENGTH]
        assert not longer


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_no_page_has_both_sides_of_a_merge(page: Path) -> None:
    assert not re.search(r"^(<{7}|>{7}) ", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_prose_leaves_out_tables_code_and_targets() -> None:
    text = "[a](b)\nc\n\n| d |\n| - |\n| e |\n\n    f\n"
    assert [line for _, line in prose(text) if line] == ["[a]()", "c"]
