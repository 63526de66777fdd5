"""The tables of README.md and docs/results.md are those that their CSV files give."""

from pathlib import Path

import pytest
import results_tables
from pages import ROOT


@pytest.mark.parametrize("page", results_tables.PAGES)
def test_tables_are_those_of_their_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert results_tables.TABLE.search(text)
    assert text == results_tables.with_tables(text), (
        "run `python tools/results_tables.py` and commit what it writes"
    )


def test_every_table_of_results_has_a_file() -> None:
    """Each file makes a table, and no table of results.md was written by hand."""
    pages = {page: (ROOT / page).read_text(encoding="utf-8") for page in results_tables.PAGES}
    named = {
        marked["file"] for text in pages.values() for marked in results_tables.TABLE.finditer(text)
    }
    files = (ROOT / "docs" / "results").glob("*.csv")
    assert named == {str(path.relative_to(ROOT)) for path in files}
    text = pages["docs/results.md"]
    assert text.count("\n| --- |") == len(results_tables.TABLE.findall(text))


def test_as_markdown_makes_a_line_of_each_row(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text('level,bits\n"1, refined",\n')
    assert results_tables.as_markdown(tmp_path / "table.csv") == (
        "| level | bits |\n| --- | --- |\n| 1, refined |  |\n"
    )


def test_as_markdown_rejects_a_row_of_another_length(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("level,bits\n1\n")
    with pytest.raises(ValueError, match=r"table\.csv:2: 1 cells"):
        results_tables.as_markdown(tmp_path / "table.csv")
