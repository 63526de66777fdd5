"""Write the tables of README.md and of pages of docs/ anew from their CSV files.

python tools/results_tables.py

A table on a page stands below a comment that names its file, such as
`<!-- table: docs/results/levels.csv -->`. The file's first row is the table's heading. Cells are
written as they are, so a cell may have Markdown in it.
"""

import csv
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "docs/results.md",
    "docs/every-rate.md",
    "docs/ofdm.md",
    "docs/guides/analogue.md",
    "docs/reference-experiment.md",
    "docs/csi.md",
    "docs/learned-for-the-channel.md",
)
TABLE = re.compile(r"(<!-- table: (?P<file>\S+) -->\n)(?:\|.*\n)*")


def with_tables(page: str) -> str:
    """The page's text, each marked table made from its file."""
    return TABLE.sub(lambda marked: marked[1] + as_markdown(ROOT / marked["file"]), page)


def as_markdown(path: Path) -> str:
    """The rows of a CSV file as a table.

    Raises ValueError where a row is of another length than the heading.
    """
    with path.open(newline="", encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(heading):
            raise ValueError(f"{path}:{number}: {len(row)} cells below {len(heading)} headings")
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    for page in PAGES:
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        path.write_text(with_tables(text), encoding="utf-8")


if __name__ == "__main__":
    main()
