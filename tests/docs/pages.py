"""README.md, CONTRIBUTING.md and the pages of docs/, and the blocks of code in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

PROGRAMS = {"semcomm", "make", "python", "pip", "git", "pytest", "cd", ".", "dask"}
"""An indented block whose first line begins with one of these is commands, any other a picture or
an output.
"""

NOT_RUN = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True)
class Block:
    """A block of code on a page.

    language: python, yaml, ..., `sh` for commands, `text` for what is only to be looked at.
    file: the file that the paragraph before says it is, "" where it says none.
    reason: why it is not run, as the comment above it says; "" where it is.
    """

    page: Path
    line: int
    language: str
    text: str
    file: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip()] if self.language == "sh" else []


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    result, before, reason = [], "", ""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        if token.type in ("fence", "code_block"):
            assert token.map
            language = token.info.strip() or (
                "sh" if program(token.content) in PROGRAMS else "text"
            )
            file = _file_named(before, language)
            result.append(Block(page, token.map[0] + 1, language, token.content, file, reason))
            before, reason = "", ""
        elif token.type == "html_block" and (marked := NOT_RUN.search(token.content)):
            reason = marked[1]
        elif token.type == "inline":
            before = token.content
    return result


def program(line: str) -> str:
    """What a command runs: its first word that is neither NAME=value nor `time`."""
    words = line.split()
    return next((word for word in words if not re.match(r"\w+=", word) and word != "time"), "")


def words_of(command: str) -> list[str]:
    """The words of a command, from its program on, without a comment at its end."""
    words = shlex.split(command, comments=True)
    return words[words.index(program(command)) :]


def spans(page: Path) -> Iterator[str]:
    """The code within lines, such as `semcomm list`."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def links(page: Path) -> Iterator[str]:
    """Where the links and pictures of a page lead."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def _file_named(paragraph: str, language: str) -> str:
    """Example: "`mine.yaml`, beside it:" names a YAML block's file."""
    extension = {"python": "py", "yaml": "yaml", "toml": "toml"}.get(language)
    named = (
        re.search(rf"`([\w-]+\.{extension})`", paragraph)
        if extension and paragraph.endswith(":")
        else None
    )
    return named[1] if named else ""
