"""The best row of each group, against a search of all rows."""

from pathlib import Path

import pandas as pd
import pytest
from command import cli, cli_ok
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.errors import ReportError
from semcomm.report.best import best_rows

rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(-3, 3) | st.none()),
    min_size=1,
    max_size=20,
).filter(lambda values: any(number is not None for _, _, number in values))


@given(rows, st.sampled_from([[], ["one"], ["two", "one"]]), st.integers(1, 7))
@settings(deadline=None)
def test_it_is_the_first_highest_row_of_each_group(
    values: list[tuple[str, str, int | None]], per: list[str], size: int
) -> None:
    """In whatever parts the rows come."""
    table = pd.DataFrame(values, columns=["one", "two", "y"], dtype=object)
    table = table.assign(y=["" if y is None else str(y) for _, _, y in values])
    table = table.assign(row=list(map(str, range(len(values))))).astype(str)
    expected: dict[tuple[str, ...], tuple[int, int]] = {}
    for number, (one, two, y) in enumerate(values):
        key = tuple({"one": one, "two": two}[name] for name in per)
        if y is not None and (key not in expected or y > expected[key][0]):
            expected[key] = (y, number)
    chunks = (table[first : first + size] for first in range(0, len(table), size))
    found = best_rows(chunks, "y", per)
    assert found.columns.tolist() == table.columns.tolist()
    assert found.row.map(int).tolist() == [number for _, number in expected.values()]


SWEEP = """scenario,channel.esn0_db,link.modulation,link.code.rate,psnr_db,damaged_images
vq,0,qpsk,1/2,20.0,1
vq,0,qpsk,3/4,18.0,9
vq,5,qpsk,1/2,20.5,0
vq,5,qpsk,3/4,21.5,1
webp,5,16qam,1/2,9.5,256
webp,5,qpsk,1/2,,0
"""


def test_the_command_shows_the_winners_modulation_and_rate(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(SWEEP)
    output = tmp_path / "best.csv"
    options = ["--best", "psnr_db", "--per", "channel.esn0_db,scenario", "-o", output]
    cli_ok("table", tmp_path, *options)
    lines = SWEEP.splitlines()
    written = output.read_text().splitlines()
    assert [line.removesuffix(f",{tmp_path}") for line in written[1:]] == [
        lines[1],
        lines[4],
        lines[5],
    ]
    cli_ok("table", tmp_path, "--best", "psnr_db", "--columns", "link.code.rate", "-o", output)
    assert output.read_text() == "link.code.rate\n3/4\n"


def test_the_best_of_an_error_is_the_lowest() -> None:
    table = pd.DataFrame({"nmse_db": ["-3", "-9", "", "-6"], "results": ["a"] * 4})
    assert best_rows([table[:1], table[1:]], "nmse_db").nmse_db.tolist() == ["-9"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--per", "scenario"], "--per takes --best"),
        (["--best", "psnr_db", "--by", "scenario"], "--by and --best exclude each other"),
        (["--best", "psnr"], "there is no column psnr"),
        (["--best", "psnr_db", "--per", "name"], "there is no column name"),
        (["--best", "scenario"], "scenario is vq in a row; it takes finite numbers"),
    ],
)
def test_mistakes_are_messages(tmp_path: Path, options: list[str], message: str) -> None:
    (tmp_path / "results.csv").write_text(SWEEP)
    result = cli("table", tmp_path, *options)
    assert result.exit_code == 2
    assert message in result.output


def test_no_value_at_all_is_an_error() -> None:
    table = pd.DataFrame({"y": ["", "nan"], "results": ["a", "a"]})
    with pytest.raises(ReportError, match="no row has a value in y"):
        best_rows([table], "y")
