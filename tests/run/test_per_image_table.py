"""The rows of per_image.csv, beside those that pandas writes."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from semcomm.run.per_image_table import csv_rows

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
