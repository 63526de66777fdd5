"""Conditions on rows: what meets them, and what an error lists."""

import pandas as pd
import pytest

from semcomm.errors import ReportError
from semcomm.run.conditions import NoRowError, select, texts


@pytest.fixture
def table() -> pd.DataFrame:
    """Rows of two files, the second without an entropy coder."""
    return pd.DataFrame(
        {
            "codec.model": ["vq-n64", "vq-n128", "ecvq-n128", "webp", "webp"],
            "codec.entropy_coder": ["huffman", "fixed_length", "huffman", None, None],
            "bits_per_image": ["506.5", "1024", "534.25", "744", "700"],
            "channel.crossover": ["0.0", "0.001", "0.001", "0.0", "0.0"],
            "codec.container": ["", "", "", "True", "False"],
            "results": ["a", "a", "a", "b", "b"],
        },
        dtype=object,
    )


def codecs(table: pd.DataFrame, *conditions: str) -> list[str]:
    return list(select(table, conditions)["codec.model"])


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], ["vq-n64", "vq-n128", "ecvq-n128", "webp", "webp"]),
        (["codec.model=vq-n64"], ["vq-n64"]),
        (["codec.model=vq-n64,webp"], ["vq-n64", "webp", "webp"]),
        (["codec.model=*n128"], ["vq-n128", "ecvq-n128"]),
        (["codec.model=vq-n?4"], ["vq-n64"]),
        (["codec.model=*n128", "codec.entropy_coder=huffman"], ["ecvq-n128"]),
        (["channel.crossover=1e-3"], ["vq-n128", "ecvq-n128"]),
        (["bits_per_image=1024.0"], ["vq-n128"]),
        (["codec.container=true"], ["webp"]),
        (["codec.entropy_coder="], ["webp", "webp"]),
    ],
)
def test_rows_are_selected_by_text_pattern_number_and_truth(
    table: pd.DataFrame, conditions: list[str], expected: list[str]
) -> None:
    assert codecs(table, *conditions) == expected


def test_brackets_in_a_condition_stand_for_themselves() -> None:
    table = pd.DataFrame({"codec.model": ["a", "b"], "size": ["[4, 8]", "4"]})
    assert codecs(table, "size=[4?*8]") == ["a"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("codec", "the condition codec should be KEY=VALUE"),
        ("codec=vq-n64", "column codec is now called codec.model"),
        ("entropy_coder=huffman", "column entropy_coder is now called codec.entropy_coder"),
        (
            "codec.model=vq",
            "no row has codec.model=vq; codec.model is vq-n64, vq-n128, ecvq-n128, webp",
        ),
        ("codec.entropy_coder=arithmetic", "codec.entropy_coder is huffman, fixed_length, empty"),
        (
            "codek=vq",
            "there is no column codek; there are codec.model, codec.entropy_coder, bits_per_image, channel.crossover, "
            "codec.container",
        ),
        ("\x1b[2J=1", r"there is no column \\x1b\[2J"),
    ],
)
def test_an_error_lists_what_a_condition_could_have_met(
    table: pd.DataFrame, condition: str, message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        select(table, [condition])


def test_conditions_must_hold_together(table: pd.DataFrame) -> None:
    with pytest.raises(
        ReportError,
        match=r"no row has codec\.entropy_coder=fixed_length; codec\.entropy_coder is huffman$",
    ):
        select(table, ["codec.model=vq-n64", "codec.entropy_coder=fixed_length"])


def test_a_column_is_empty_where_its_file_lacks_it(table: pd.DataFrame) -> None:
    assert list(texts(table, "codec.entropy_coder")[3:]) == ["", ""]


def test_old_tables_are_selected_by_their_own_columns() -> None:
    old = pd.DataFrame({"codec": ["webp", "jpeg"], "results": ["old", "old"]})
    assert list(select(old, ["codec=webp"])["codec"]) == ["webp"]


def test_an_error_lists_twelve_values_at_most() -> None:
    many = pd.DataFrame({"seed": list(map(str, range(20))), "results": ["a"] * 20})
    with pytest.raises(NoRowError, match=r"seed is 0, 1, .*, 11, \.\.\.$"):
        select(many, ["seed=20"])
