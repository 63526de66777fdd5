"""Leftovers of killed runs are removed, and nothing of a run that goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from semcomm.run.scratch import cache_dir, cache_lock, new_run, remove_leftovers

KILLED = """
import os
from semcomm.run.scratch import cache_lock, new_run
with cache_lock(new_run()):
    os._exit(9)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    remove_leftovers.cache_clear()
    return tmp_path


def test_what_a_killed_run_left_goes_at_the_next_start(temporary: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == 9
    (left,) = temporary.iterdir()
    assert left.name.startswith("semcomm-")
    with cache_lock(new_run()):
        assert not left.exists()
    assert [*temporary.iterdir()] == []


def test_folders_of_other_runs_and_programs_stay(temporary: Path) -> None:
    (temporary / "semcomm-notes").mkdir()
    (temporary / "semcomm-file").touch()
    running = new_run()
    with cache_lock(running):
        remove_leftovers.cache_clear()
        remove_leftovers()
        assert cache_dir(running).is_dir()
    assert {path.name for path in temporary.iterdir()} == {"semcomm-notes", "semcomm-file"}


def test_a_temporary_folder_that_is_missing_stops_nothing(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary / "file").touch()
    monkeypatch.setattr("tempfile.tempdir", str(temporary / "file"))
    with cache_lock(new_run()):
        pass
