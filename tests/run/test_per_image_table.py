"""The rows of per_image.csv, beside those that pandas writes."""

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from semcomm.run.block import Block
from semcomm.run.per_image_table import csv_rows, write_per_image

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1)
ROWS = st.lists(
    st.tuples(NAMES, st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans()), min_size=1
)


@given(ROWS)
def test_rows_are_those_of_pandas(rows: list[tuple[str, float, int, bool]]) -> None:
    names, *columns = zip(*rows, strict=True)
    kinds = zip(columns, (np.float64, np.int64, np.bool_), strict=True)
    table = {"image": list(names)} | {
        kind.__name__: np.array(values, kind) for values, kind in kinds
    }
    assert csv_rows(table) == pd.DataFrame(table).to_csv(index=False, header=False)


def test_names_are_quoted_where_they_have_to_be() -> None:
    names = ["plain", "a, b", 'the "best"', "two\nlines", "an old\rMac"]
    assert (
        csv_rows({"image": names}) == 'plain\n"a, b"\n"the ""best"""\n"two\nlines"\n"an old\rMac"\n'
    )


def block(start: int, stop: int) -> Block:
    names = [f"test/{number}" for number in range(start, stop)]
    rng = np.random.default_rng(start)
    columns = {
        "image": names,
        "psnr_db": rng.normal(size=len(names)),
        "bits": rng.integers(500, 600, len(names)),
        "damaged": rng.random(len(names)) < 0.5,
    }
    return Block(columns, {}, None)


CELLS = [[block(0, 4), block(4, 8), block(8, 10)], [block(10, 14), block(14, 18), block(18, 20)]]


def test_parquet_holds_the_rows_of_csv(tmp_path: Path) -> None:
    """With two blocks in a file, of three per cell."""
    csv = pd.read_csv(write_per_image(CELLS, True, 20, tmp_path, "csv"))
    path = write_per_image(CELLS, True, 20, tmp_path, "parquet", blocks_per_file=2)
    assert len(sorted(path.rglob("*.parquet"))) == 2 * 2
    parquet = pd.read_parquet(path)
    assert parquet.cell.astype(int).tolist() == csv.cell.tolist()
    pd.testing.assert_frame_equal(
        parquet.drop(columns="cell"), csv.drop(columns="cell"), check_exact=True
    )


def test_tables_of_too_many_rows_are_parquet(tmp_path: Path) -> None:
    """And the file of the other format, from a run before, goes."""
    for limit, written, gone in (
        (20, "per_image.csv", "per_image.parquet"),
        (19, "per_image.parquet", "per_image.csv"),
        (20, "per_image.csv", "per_image.parquet"),
    ):
        path = write_per_image(CELLS, True, 20, tmp_path, max_csv_rows=limit)
        assert path == tmp_path / written
        assert path.exists()
        assert not (tmp_path / gone).exists()
