"""A part of what tools/fuzz_folders.py does."""

from pathlib import Path

import pytest
from fuzz_folders import fuzz

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_changed_byte_changes_no_table_without_a_message(tmp_path: Path) -> None:
    outcomes = fuzz(tmp_path, trials=10, seed=1)
    assert set(outcomes) <= {"the same tables", "refused with a message"}
