"""Systems and measures of one's own with a mistake each: none is counted, each is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command import cli

SYSTEM = """
from dataclasses import dataclass, replace
import numpy as np
from semcomm.frames import Frames
from semcomm.stages import Arrived, Received, Sent
from semcomm.systems.system import System

@dataclass(frozen=True)
class Raw(System):
    def transmitter(self, terms, framing): return Sender()
    def receiver(self, terms, framing, damaged): return Drawer()
    def columns(self, sent, received):
        return {"bytes": sent.signal.lengths // 8}
    def tallies(self, sent): return {"index": np.array([1, 2])}
    def summary(self, totals): return {"bits_per_image": totals.mean("bits")}

class Sender:
    def encode(self, images): return {"image": list(images)}
    def packetize(self, encoded):
        frames = Frames.join([np.unpackbits(image.ravel()) for image in encoded["image"]])
        return Sent(frames, frames.lengths, encoded)

class Drawer:
    def depacketize(self, reception):
        parts = [np.packbits(bits).reshape(32, 32, 3) for bits in reception.frames.split()]
        return Arrived({"image": parts}, np.zeros(len(parts), bool))
    def reconstruct(self, arrived):
        return Received(list(arrived.encoded["image"]), arrived.damaged, arrived.encoded)
"""
MEASURE = """
import numpy as np
from semcomm.measures.measure import Measure

mine = Measure(lambda sent, received: np.arange(len(sent)) / 2)
"""
SCENARIO = """
codec: {model: own.py:Raw}
framing: none
measures: [own_measure.py:mine]
channel: {model: error_free}
images: 8
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Runs the scenario with one text in place of another in the system or the measure."""

    def run(old: str = "", new: str = "") -> Any:
        assert old in SYSTEM + MEASURE
        (tmp_path / "own.py").write_text(SYSTEM.replace(old, new) if old else SYSTEM)
        (tmp_path / "own_measure.py").write_text(MEASURE.replace(old, new) if old else MEASURE)
        (tmp_path / "own.yaml").write_text(SCENARIO)
        return cli("run", tmp_path / "own.yaml", "--out", tmp_path / "out")

    return run


def test_system_and_measure_without_mistake_run(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "results.csv").exists()


def test_system_of_bits_needs_no_columns_of_its_own(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    own = SYSTEM[SYSTEM.index("    def columns") : SYSTEM.index("class Sender")]
    result = run(own, "\n")
    assert result.exit_code == 0, result.output
    row = pd.read_csv(tmp_path / "out" / "results.csv").iloc[0]
    assert row.bits_per_image == row.payload_bits_per_image == 8 * 3 * 32 * 32
    assert row.bpp == 24
    assert row.unfit == row.overhead_bits_per_image == row.post_fec_bit_error_rate == 0


MISTAKES = [
    ("[Sender]", "return Sender()", "raise SystemExit(0)", "system Raw failed: SystemExit: 0"),
    ("encode", 'return {"image": list(images)}', "return list(images)", "it is a mapping"),
    ("encode", "list(images)}", "list(images[1:])}", "7 arrays as image; it is one for each of 8"),
    ("encode", "list(images)}", "7}", "returned image as int; it is arrays"),
    ("encode", "list(images)}", "[0] * 8}", "returned image as list; it is arrays"),
    ("encoded", "frames.lengths, encoded)", "frames.lengths, None)", "it is a mapping"),
    (
        "packetize",
        "return Sent(frames, frames.lengths, encoded)",
        "return frames",
        "returns a Sent",
    ),
    ("frames", "frames.lengths, encoded)", "None, encoded)", "wrong payload_bits"),
    ("frames", "frames.lengths, encoded)", "-frames.lengths, encoded)", "negative payload_bits"),
    ("frames", 'in encoded["image"]])', 'in encoded["image"][1:]])', "7 frames; 8 samples have 8"),
    ("Arrived", 'Arrived({"image"', 'Arrived({"other"', "depacketize returned other, which encode"),
    ("Arrived", "return Arrived(", "return (", "depacketize returns Arrived"),
    ("damaged", "np.zeros(len(parts), bool)", "np.zeros(3, bool)", "damaged of the shape"),
    (
        "damaged",
        "np.zeros(len(parts), bool)",
        "np.full(len(parts), 0.5)",
        "wrong damaged; damaged takes",
    ),
    ("images", 'Received(list(arrived.encoded["image"])', "Received([]", "0 samples; 8 were sent"),
    (
        "images",
        'list(arrived.encoded["image"])',
        'np.array(arrived.encoded["image"]) / 255',
        "float64; an image is",
    ),
    ("line", "reshape(32, 32, 3) for", "reshape(32, 32) for", "own.py:25)"),
    ("images", 'Received(list(arrived.encoded["image"])', "Received(7", "samples as int"),
    ("column", 'return {"bytes": sent.signal.lengths // 8}', "return 7", "system Raw failed"),
    ("column", "sent.signal.lengths // 8", "[[1], [1, 2]]", "system Raw failed: ValueError"),
    ("tally", '{"index": np.array([1, 2])}', "7", "system Raw failed: AttributeError"),
    ("column", "sent.signal.lengths // 8", "3", "the column bytes as"),
    ("column", "sent.signal.lengths // 8", "np.full(8, np.inf)", "bytes as"),
    ("column", '"bytes"', '"bits"', "two columns are named bits"),
    ("column", '"bytes"', '"mine"', "two columns are named mine"),
    ("row", '{"bits_per_image"', '{"images"', "two columns are named images"),
    ("tally", "np.array([1, 2])", "np.array([-1, 2])", "the tally index as (2,)"),
    (
        "measure",
        "np.arange(len(sent)) / 2",
        "3.0",
        "measure mine returned () float64; it takes (8,)",
    ),
    ("measure", "np.arange(len(sent)) / 2", "[1, 2]", "mine returned (2,) int64"),
    ("measure", "np.arange(len(sent)) / 2", "['a'] * len(sent)", "mine returned (8,) <U1"),
    ("measure", "np.arange(len(sent)) / 2", "[1j] * len(sent)", "mine returned (8,) complex128"),
    ("measure", "np.arange(len(sent)) / 2", "[np.inf] * len(sent)", "returned an infinite value"),
    ("measure", "np.arange(len(sent)) / 2", "sent[9]", "measure mine failed: IndexError"),
    ("line", "np.arange(len(sent)) / 2", "sent[9]", "own_measure.py:5)"),
    ("steps", ") / 2)", ") * 1e9, percentiles={'median': 0.5})", "at most 16777216 steps"),
    ("unfrozen", "(frozen=True)", "", "can be changed: write @dataclass(frozen=True)"),
]


@pytest.mark.parametrize(("about", "old", "new", "message"), MISTAKES)
def test_mistake_is_named(
    about: str, old: str, new: str, message: str, run: Callable[..., Any]
) -> None:
    result = run(old, new)
    assert result.exit_code == 2, result.output
    assert message in result.stderr


@pytest.mark.parametrize("name", ["bits", "damaged", "channel_uses", "images", "frames"])
def test_measure_named_as_a_column_is_refused_before_the_run(
    name: str, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "SCENARIO", SCENARIO.replace("mine", name))
    result = run("mine", name)
    assert result.exit_code == 2
    assert f"measure {tmp_path}/own_measure.py:{name} has the column {name}" in result.stderr
    assert not (tmp_path / "out").exists()


def test_values_of_other_dtypes_and_prints_are_taken(run: Callable[..., Any]) -> None:
    result = run("np.arange(len(sent)) / 2)", "print('here') or [True] * len(sent))")
    assert result.exit_code == 0, result.output
    assert "here" in result.stderr
    assert "here" not in result.stdout
