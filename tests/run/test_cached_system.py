"""What cells share is what each would make, and only what was damaged on the way is decoded
again.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from semcomm.systems.systems import System, system_of

from semcomm.data.sample import Sample
from semcomm.framing import Framing
from semcomm.receiver import Read, Received
from semcomm.run import block
from semcomm.run.block import Task, arrived, records, run_block, undisturbed
from semcomm.run.cached_system import Undisturbed, kept, place
from semcomm.run.columns import Compared, compared
from semcomm.run.scratch import folder
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Cell, LearnedCodec, Scenario

pytestmark = pytest.mark.usefixtures("one_thread")

sides = st.tuples(st.integers(1, 4), st.integers(1, 4))


def made(shapes: list[tuple[int, int]], dtype: type = np.uint16) -> Undisturbed:
    """Anything of this kind, of images of these shapes."""
    rng = np.random.default_rng(len(shapes))
    return Undisturbed(
        [rng.integers(0, 200, (height, width, 2)).astype(dtype) for height, width in shapes],
        [rng.integers(0, 256, (4 * height, 4 * width, 3), np.uint8) for height, width in shapes],
        Compared(rng.random(len(shapes)), rng.random(len(shapes))),
    )


def same_arrays(ours: list[NDArray[Any]], theirs: list[NDArray[Any]]) -> bool:
    pairs = zip(ours, theirs, strict=True)
    return all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs
    )


def same(ours: Undisturbed, theirs: Undisturbed) -> bool:
    numbers = [(each.compared.mse, each.compared.ssim) for each in (ours, theirs)]
    return (
        same_arrays(ours.descriptions, theirs.descriptions)
        and same_arrays(ours.pictures, theirs.pictures)
        and same_arrays(list(numbers[0]), list(numbers[1]))
    )


@given(st.lists(sides, min_size=1, max_size=5), st.sampled_from([np.uint8, np.uint16]))
def test_what_is_kept_is_what_was_made(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, int]], dtype: type
) -> None:
    path = tmp_path_factory.mktemp("run") / "kept"
    whole = made(shapes, dtype)
    assert same(kept(path, lambda: whole), whole)
    assert same(kept(path, lambda: pytest.fail("it was made before")), whole)


def test_files_of_any_lengths_are_kept_too(tmp_path: Path) -> None:
    whole = replace(
        made([(1, 1)] * 3),
        descriptions=[np.arange(length, dtype=np.uint8) for length in (5, 0, 900)],
    )
    assert same(kept(tmp_path / "kept", lambda: whole), whole)


def test_without_a_path_nothing_is_kept(tmp_path: Path) -> None:
    calls = []
    for _ in range(2):
        kept(None, lambda: calls.append(1) or made([(1, 1)]))
    assert len(calls) == 2


def test_each_source_and_span_has_a_file_of_its_own_in_the_runs_folder() -> None:
    choice = LearnedCodec("vq-n64")
    keys = [
        (choice, range(0, 256)),
        (choice, range(256, 512)),
        (replace(choice, dtype="bfloat16"), range(0, 256)),
    ]
    places = [place("run", key) for key in keys]
    assert len(set(places)) == 3
    assert {path.parent for path in places} == {folder("run")}
    assert place("run", (LearnedCodec("vq-n64"), range(0, 256))) == places[0]


@pytest.fixture
def scenario(tiny_codec_file: Path) -> Scenario:
    channel = load_channel("binary_symmetric", crossover=2e-4)
    codec = LearnedCodec(str(tiny_codec_file), device="cpu")
    return Scenario("mine", codec, channel, framing=Framing(slices=2, crc=8), images=40)


@pytest.fixture
def system(scenario: Scenario) -> System:
    return system_of(scenario.codec, scenario.framing)


def test_sharing_changes_no_result_and_encodes_once(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def counting(system: System, images: list[NDArray[np.uint8]]) -> Undisturbed:
        encoded.append(len(images))
        return undisturbed(system, images)

    monkeypatch.setattr(block, "undisturbed", counting)
    (tmp_path / "apart").mkdir()
    (tmp_path / "shared").mkdir()
    cells = [
        Cell(replace(scenario, channel=load_channel("binary_symmetric", crossover=crossover)), {})
        for crossover in (0.0, 2e-4, 0.01)
    ]
    cells.append(
        Cell(replace(scenario, codec=replace(scenario.codec, entropy_coder="fixed_length")), {})
    )
    for number, cell in enumerate(cells):
        apart = run_block(Task(str(tmp_path / "apart"), number, cell, 0, shared=False))
        shared = run_block(Task(str(tmp_path / "shared"), number, cell, 0, shared=True))
        pd.testing.assert_frame_equal(records([apart]), records([shared]), check_exact=True)
        assert apart.index_counts.tolist() == shared.index_counts.tolist()
        assert apart.first and shared.first
        assert same_arrays(apart.first.received, shared.first.received)
    assert len(encoded) == len(cells) + 1
    assert list((tmp_path / "apart").iterdir()) == []
    assert len(list((tmp_path / "shared").iterdir())) == 1


class Counting:
    """A receiver that notes how many images it was to make pictures of."""

    def __init__(self, receiver: Any) -> None:
        self.receiver, self.asked = receiver, list[int]()

    def picture(self, read: Read) -> Received:
        self.asked.append(len(read.descriptions))
        return self.receiver.picture(read)


def test_only_images_that_changed_on_the_way_are_decoded_again(system: System) -> None:
    images = Sample().load(0, 12)
    still = undisturbed(system, images)
    descriptions = [grid.copy() for grid in still.descriptions]
    for number in (3, 7):
        descriptions[number][0, 0, 0] ^= 1
    sizes = [(32, 32)] * 12
    sizes[5] = (28, 32)
    descriptions[5] = descriptions[5][:7]
    crc_failed = np.arange(12) == 9
    read, counting = Read(descriptions, sizes, crc_failed), Counting(system.receiver)
    received, measured = arrived(replace(system, receiver=counting), images, still, read)
    assert counting.asked == [3]
    whole = system.receiver.picture(read)
    assert same_arrays(received.samples, whole.images)
    assert received.damaged.tolist() == crc_failed.tolist()
    assert same_arrays(received.encoded["indices"], descriptions)
    again = compared(images, whole.images)
    assert (measured.mse.tolist(), measured.ssim.tolist()) == (
        again.mse.tolist(),
        again.ssim.tolist(),
    )


def test_where_nothing_changed_nothing_is_decoded(system: System) -> None:
    images = Sample().load(0, 5)
    still, counting = undisturbed(system, images), Counting(system.receiver)
    read = Read(still.descriptions, [(32, 32)] * 5, np.zeros(5, np.bool_))
    received, measured = arrived(replace(system, receiver=counting), images, still, read)
    assert sum(counting.asked) == 0
    assert same_arrays(received.samples, still.pictures)
    assert measured.mse.tolist() == still.compared.mse.tolist()
