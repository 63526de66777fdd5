"""Text from strangers cannot control a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomm.terminal import terminal_safe


@given(st.text())
def test_safe_text_is_printable_and_stays_as_it_is(text: str) -> None:
    safe = terminal_safe(text)
    assert safe.isprintable()
    assert terminal_safe(safe) == safe
    assert (safe == text) == text.isprintable()


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("naïve, 8 bits", "naïve, 8 bits"),
        ("a\x1b[2J", r"a\x1b[2J"),
        ("a\nb\t", r"a\nb\t"),
        ("\u202eleft", r"\u202eleft"),
        ("\ud800", r"\ud800"),
    ],
)
def test_unprintable_characters_are_escaped(text: str, safe: str) -> None:
    assert terminal_safe(text) == safe
