"""Tables whose columns are the values of a swept field."""

from pathlib import Path

import pandas as pd
import pytest
from command import cli, cli_ok
from hypothesis import given
from hypothesis import strategies as st

from semcomm.report.across import spread

SWEEP = """scenario,channel.crossover,psnr_db
vq,0,24.5
vq,0.01,22.0
covq,0.01,23.5
"""

cells = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("012")),
    st.integers(0, 99).map(str),
    min_size=1,
)


@given(cells)
def test_each_value_stands_in_its_row_and_column(values: dict[tuple[str, str, str], str]) -> None:
    rows = [(*place, value) for place, value in values.items()]
    table = pd.DataFrame(rows, columns=["one", "two", "field", "value"], dtype=str)
    found = spread(table, ["one", "two", "value"], "field")
    back = {
        (row["one"], row["two"], name.removeprefix("field ")): row[name]
        for row in found.to_dict("records")
        for name in found.columns[2:]
        if row[name]
    }
    assert back == values
    assert list(zip(found.one, found.two, strict=True)) == list(
        dict.fromkeys(place[:2] for place in values)
    )


def test_the_command_writes_a_column_for_each_crossover(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(SWEEP)
    output = tmp_path / "across.csv"
    options = ["--columns", "scenario,psnr_db", "--across", "channel.crossover", "-o", output]
    cli_ok("table", tmp_path, *options)
    assert output.read_text() == (
        "scenario,channel.crossover 0,channel.crossover 0.01\nvq,24.5,22.0\ncovq,,23.5\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--across takes --columns"),
        (["--columns", "psnr_db", "--by", "scenario"], "and no --by"),
        (["--columns", "scenario,psnr"], "there is no column psnr"),
        (["--columns", "psnr_db"], "two rows have channel.crossover 0.01; --columns takes"),
    ],
)
def test_mistakes_are_messages(tmp_path: Path, options: list[str], message: str) -> None:
    (tmp_path / "results.csv").write_text(SWEEP)
    result = cli("table", tmp_path, "--across", "channel.crossover", *options)
    assert result.exit_code == 2 and message in result.output


def test_a_column_that_one_run_lacks_is_empty_there(tmp_path: Path) -> None:
    for name, text in (("a", "scenario,psnr_db\nvq,24.5\n"), ("b", "scenario,rate\nldpc,0.8\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.csv").write_text(text)
    output = tmp_path / "both.csv"
    options = ["--columns", "scenario,psnr_db,rate", "-o", output]
    cli_ok("table", tmp_path / "a", tmp_path / "b", *options)
    assert output.read_text() == "scenario,psnr_db,rate\nvq,24.5,\nldpc,,0.8\n"
