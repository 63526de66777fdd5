"""Results read back: values as written, rows as selected, and errors for files that are not tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcomm.errors import ReportError
from semcomm.report.results import (
    concat_rows,
    format_table,
    numbers,
    optional_numbers,
    read_chunks,
    read_results,
    select_chunks,
    with_columns,
    write_csv,
)
from semcomm.run.conditions import texts

ROWS = """codec.model,codec.entropy_coder,bits_per_image,psnr_db,channel.crossover,codec.container
vq-n64,huffman,506.5,22.97,0.0,
vq-n128,fixed_length,1024,24.5,0.001,
ecvq-n128,huffman,534.25,24.35,0.001,
webp,,744,,0.0,True
webp,,700,nan,0.0,False
"""


def written(folder: Path, text: str = ROWS, name: str = "results.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    return read_results([written(tmp_path)])


# pandas, which writes results.csv, leaves a carriage return without quotation marks.
names = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=5)
cells = st.lists(st.lists(names, min_size=2, max_size=2), min_size=1, max_size=5)


@given(cells)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_were_written(tmp_path: Path, rows: list[list[str]]) -> None:
    pd.DataFrame(rows, columns=["a", "results"]).to_csv(tmp_path / "results.csv", index=False)
    read = read_results([tmp_path])
    assert read.columns.tolist() == ["a", "results"]
    assert read.to_numpy().tolist() == rows


def test_rows_keep_the_order_and_the_path_of_their_files(
    tmp_path: Path,
) -> None:
    first, second = (
        written(tmp_path / "a", "x,y\n1,2\n"),
        written(tmp_path, "y,z\n3,\n4,5\n", "b.csv") / "b.csv",
    )
    read = read_results([first, second])
    assert (
        with_columns(read, []).to_csv(index=False)
        == f"x,y,results,z\n1,2,{first},\n,3,{second},\n,4,{second},5\n"
    )
    assert list(texts(read, "x")) == ["1", "", ""]


def test_a_column_of_numbers_has_nan_where_it_is_empty(table: pd.DataFrame) -> None:
    assert np.array_equal(
        numbers(table, "psnr_db"), [22.97, 24.5, 24.35, np.nan, np.nan], equal_nan=True
    )
    assert numbers(table, "bits_per_image").dtype == np.float64


def test_the_error_names_the_file_without_the_column(tmp_path: Path) -> None:
    table = read_results(
        [written(tmp_path / "a", "x,y\n1,2\n"), written(tmp_path / "b", "y,z\n3,4\n")]
    )
    assert list(numbers(table, "y")) == [2, 3]
    with pytest.raises(ReportError) as error:
        numbers(table, "x")
    assert str(error.value) == f"{tmp_path / 'b'}: there is no column x; there are y, results, z"


def test_optional_numbers_are_nan_where_a_file_has_no_column(tmp_path: Path) -> None:
    table = read_results(
        [written(tmp_path / "a", "x,y\n1,2\n"), written(tmp_path / "b", "y,z\n3,\n")]
    )
    for name, expected in (("x", [1, np.nan]), ("y", [2, 3]), ("z", [np.nan] * 2)):
        assert np.array_equal(optional_numbers(table, name), expected, equal_nan=True)
    assert np.isnan(optional_numbers(table, "nowhere")).all()


@pytest.mark.parametrize("value", ["abc", "inf", "-inf", "1e999", "1,5"])
def test_the_error_names_the_file_with_text_for_a_number(tmp_path: Path, value: str) -> None:
    table = read_results([written(tmp_path, f'psnr_db\n22\n"{value}"\n')])
    with pytest.raises(ReportError) as error:
        numbers(table, "psnr_db")
    assert str(error.value) == f"{tmp_path}: psnr_db is {value} in a row; it takes finite numbers"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "there is no row under a header"),
        (b"a,b\n", "there is no row under a header"),
        (b"\n\n\n", "there is no row under a header"),
        (b"a,b\n1,2\n1,2,3\n", ":3: 3 values under 2 columns"),
        (b"a,b\n1\n", ":2: 1 values under 2 columns"),
        (b"a,b,a\n1,2,3\n", "two columns are a"),
        (b'a,b\n"1,2\n', ":2: unexpected end of data"),
        (b'a,b\n"1"x,2\n', ":2: ',' expected after '\"'"),
        (b"a,b\n\xff,2\n", "not text in UTF-8"),
        (b"a,b\n" + b"9" * 200_000 + b",2\n", "field larger than field limit"),
        (bytes(range(256)) * 10, ""),
    ],
)
def test_a_file_that_is_not_a_table_is_an_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "results.csv").write_bytes(content)
    with pytest.raises(ReportError) as error:
        read_results([tmp_path])
    assert str(error.value).startswith(str(tmp_path / "results.csv"))
    assert message in str(error.value)


@given(st.binary(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.csv").write_bytes(content)
    try:
        table = read_results([tmp_path])
    except ReportError:
        return
    assert len(table)
    assert all(line.isprintable() for line in format_table(with_columns(table, [])).split("\n"))


@pytest.mark.parametrize("name", ["nowhere", "a-folder"])
def test_the_error_for_a_missing_file_names_the_command(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-folder").mkdir()
    with pytest.raises(
        ReportError,
        match=rf"{name}.*: No such file or directory; `semcomm run` writes results\.csv",
    ):
        read_results([tmp_path / name])


def test_a_byte_order_mark_is_not_in_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    assert read_results([tmp_path]).columns.tolist() == ["a", "b", "results"]


def test_shown_tables_are_aligned_rounded_and_terminal_safe(tmp_path: Path) -> None:
    table = read_results(
        [written(tmp_path, "codec,psnr_db,images\na\x1b[2J,24.208485424972352,10000000\nb,,3\n")]
    )
    lines = format_table(with_columns(table, ["codec", "psnr_db", "images"])).splitlines()
    assert [line.split() for line in lines] == [
        ["codec", "psnr_db", "images"],
        ["a\\x1b[2J", "24.2085", "10000000"],
        ["b", "3"],
    ]
    assert len({len(line) for line in lines}) == 1


@pytest.fixture
def records(tmp_path: Path) -> list[Path]:
    """The same rows as CSV and as a partitioned Parquet data set."""
    rows = pd.DataFrame(
        {
            "image": [f"test/{number:05}" for number in range(10)],
            "bits": range(500, 510),
            "ssim": [0.1, np.nan, *np.linspace(0.5, 1, 8)],
            "damaged": [number % 4 == 3 for number in range(10)],
            "cell": [0] * 4 + [1] * 6,
        }
    )
    rows.to_csv(tmp_path / "per_image.csv", index=False)
    for cell, part in rows.groupby("cell"):
        folder = tmp_path / "per_image.parquet" / f"cell={cell}"
        folder.mkdir(parents=True)
        part.drop(columns="cell").to_parquet(folder / "000000.parquet", index=False)
    return [tmp_path / "per_image.csv", tmp_path / "per_image.parquet"]


def test_csv_and_parquet_give_the_same_rows_in_chunks(records: list[Path]) -> None:
    csv, parquet = (
        [chunk.drop(columns="results") for chunk in read_chunks([path], chunk_rows=3)]
        for path in records
    )
    assert [len(chunk) for chunk in csv] == [3, 3, 3, 1]
    assert all(len(chunk) <= 3 for chunk in parquet)
    expected, rows = pd.concat(csv, ignore_index=True), pd.concat(parquet, ignore_index=True)
    assert rows.columns.tolist() == expected.columns.tolist()
    assert rows.to_numpy().tolist() == expected.to_numpy().tolist()


@pytest.mark.parametrize("form", [0, 1])
def test_chunks_are_selected_one_by_one_and_written_as_one(
    records: list[Path], tmp_path: Path, form: int
) -> None:
    chosen = select_chunks(read_chunks([records[form]], chunk_rows=3), ["damaged=true", "cell=1"])
    write_csv((with_columns(chunk, ["image", "bits"]) for chunk in chosen), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "image,bits\ntest/00007,507\n"


def test_an_error_only_where_no_chunk_has_such_a_row(records: list[Path]) -> None:
    assert [
        len(chunk) for chunk in select_chunks(read_chunks(records[:1], chunk_rows=3), ["bits=509"])
    ] == [1]
    with pytest.raises(ReportError, match="no row has bits=510; bits is 500, 501, 502"):
        list(select_chunks(read_chunks(records[:1], chunk_rows=3), ["bits=510"]))


def test_too_many_rows_are_not_shown(records: list[Path]) -> None:
    assert len(concat_rows(read_chunks(records), max_rows=20)) == 20
    with pytest.raises(ReportError, match="there are over 19 rows; write them with -o"):
        concat_rows(read_chunks(records), max_rows=19)


def test_a_file_that_is_not_parquet_is_an_error(tmp_path: Path) -> None:
    for path in (
        tmp_path / "none.parquet",
        written(tmp_path, "a,b\n", "text.parquet") / "text.parquet",
    ):
        with pytest.raises(ReportError, match=f"{path.name}: .* not a Parquet data set: "):
            read_results([path])


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "--where", "codec=webp"],
        ["table", "--columns", "codec,psnr_db"],
        ["table", "--by", "codec"],
        ["plot", "-o", "out.svg", "--by", "codec"],
        ["plot", "-o", "out.svg", "--x", "codec"],
        ["compare", "--anchor", "codec=webp"],
    ],
    ids=" ".join,
)
def test_commands_name_the_new_column_for_a_retired_one(
    tmp_path: Path, arguments: list[str]
) -> None:
    command, *options = arguments
    result = cli(command, written(tmp_path), *options)
    assert result.exit_code == 2
    assert "the column codec is now called codec.model" in result.output
