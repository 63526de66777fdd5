"""The site builds without a warning, its links lead somewhere, and it takes nothing from
elsewhere.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pages import PAGES, ROOT, links
from reference import pages as reference_pages

ELSEWHERE = ("http:", "https:", "mailto:")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it."""
    (command,) = re.findall(
        r"^docs:.*\n\t\$\(BIN\)/python (-m sphinx .*) docs/_build$", MAKEFILE, re.MULTILINE
    )
    assert "-W" in command.split() and "--keep-going" in command.split()
    target = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, *command.split(), target], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return target


MAKEFILE = (ROOT / "Makefile").read_text()


class Page(HTMLParser):
    """What a page links to and loads, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        result = {name: value or "" for name, value in attributes}
        self.places |= {result[name] for name in ("id", "name") if name in result}
        if tag == "a" and "href" in result:
            self.links.append(result["href"])
        if (
            tag in ("link", "script", "img", "iframe", "source", "video")
            and result.get("rel") != "canonical"
        ):
            self.loads += [result[name] for name in ("src", "href") if name in result]


@pytest.mark.docs
def test_every_link_of_the_site_leads_to_a_place_that_is_there(site: Path) -> None:
    built = {path: Page(path) for path in site.rglob("*.html")}
    assert {"index.html", "tour.html", "theory.html"} <= {path.name for path in built}
    for path, page in built.items():
        for link in [*page.links, *page.loads]:
            if not link.startswith(ELSEWHERE):
                name, _, place = link.partition("#")
                target = (path.parent / name.partition("?")[0]).resolve() if name else path
                assert target.exists(), f"{path.relative_to(site)} links to {link}"
                known = built[target].places if target in built else {place}
                assert not place or place in known, f"{path.relative_to(site)} links to {link}"


@pytest.mark.docs
def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert not [load for load in Page(path).loads if load.startswith((*ELSEWHERE, "//"))], path
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", path.read_text()), path


@pytest.mark.docs
def test_the_site_has_every_page_and_every_public_name(site: Path) -> None:
    import semcomm

    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").exists()
    python = Page(site / "reference" / "python.html")
    assert {f"semcomm.{name}" for name in semcomm.__all__} <= python.places


def headings(page: Path) -> Iterator[str]:
    """The places of a page that a forge makes of its headings."""
    for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_link_of_a_page_leads_to_a_file_on_a_forge(page: Path) -> None:
    for link in links(page):
        if not link.startswith(ELSEWHERE):
            name, _, place = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{link}: there is no {target}"
            assert not place or place in headings(target), f"{link}: there is no heading {place}"


@pytest.mark.parametrize("name", reference_pages())
def test_the_pages_of_fields_are_those_that_the_classes_make(name: str) -> None:
    text = (ROOT / "docs" / "reference" / name).read_text()
    assert text == reference_pages()[name], (
        "run `python tools/reference.py` and commit what it writes"
    )
