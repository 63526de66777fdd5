"""Names offered in place of unknown ones."""

import pytest

from semcomm.nearest import instead, nearest

CHANNELS = ["awgn", "binary_erasure", "binary_symmetric", "error_free", "rayleigh"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("awgm", ["awgn"]),
        ("AWGN", ["awgn"]),
        ("error-free", ["error_free"]),
        ("binary_symetric", ["binary_symmetric", "binary_erasure"]),
        ("binary_eraser", ["binary_erasure", "binary_symmetric"]),
        ("quantum", []),
        ("", []),
    ],
)
def test_names_that_look_alike_are_offered(name: str, expected: list[str]) -> None:
    assert nearest(name, CHANNELS) == expected


def test_the_nearest_come_before_all_there_are() -> None:
    assert instead("x", ["a", "b"]) == "there are a, b"
    assert instead("awgm", CHANNELS[:2]) == "did you mean `awgn`? There are awgn, binary_erasure"
    assert instead("fre", ["free", "fred"], "names are") == (
        "did you mean `free` or `fred`? Names are free, fred"
    )
