"""The wrapper that does nothing twice gives what the system alone gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.data.sample import Sample
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.link import Link
from semcomm.measures import MEASURES
from semcomm.run.block import Task, per_image_table, run_block
from semcomm.run.cached_system import (
    CachedSystem,
    Ends,
    Reference,
    cache_path,
    cached,
    measure,
)
from semcomm.run.scratch import cache_dir
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Cell, Scenario
from semcomm.stages import Arrived, Encoded, Received, Sent
from semcomm.systems.learned import LearnedCodec
from semcomm.systems.system import System
from semcomm.terms import Terms

pytestmark = pytest.mark.usefixtures("one_thread")

sides = st.tuples(st.integers(1, 4), st.integers(1, 4))

OF_PIXELS = {name: measure for name, measure in MEASURES.items() if not measure.labelled}


def made(shapes: list[tuple[int, int]], dtype: type = np.uint16) -> Reference:
    """Anything of this kind, of images of these shapes."""
    rng = np.random.default_rng(len(shapes))
    return Reference(
        {
            "indices": [rng.integers(0, 200, (*shape, 2)).astype(dtype) for shape in shapes],
            "size": np.array(shapes),
        },
        [rng.integers(0, 256, (4 * h, 4 * w, 3), np.uint8) for h, w in shapes],
        {name: rng.random(len(shapes)) for name in ("mse", "ssim")},
    )


def same_arrays(ours: Sequence[NDArray[Any]], theirs: Sequence[NDArray[Any]]) -> bool:
    pairs = zip(ours, theirs, strict=True)
    return all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs
    )


def same(ours: Reference, theirs: Reference) -> bool:
    return (
        ours.encoded.keys() == theirs.encoded.keys()
        and all(same_arrays(ours.encoded[name], theirs.encoded[name]) for name in ours.encoded)
        and same_arrays(ours.samples, theirs.samples)
        and ours.values.keys() == theirs.values.keys()
        and all(np.array_equal(ours.values[name], theirs.values[name]) for name in ours.values)
    )


@given(st.lists(sides, min_size=1, max_size=5), st.sampled_from([np.uint8, np.uint16]))
def test_cache_gives_back_what_was_made(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[int, int]], dtype: type
) -> None:
    path = tmp_path_factory.mktemp("run") / "cached"
    whole = made(shapes, dtype)
    assert same(cached(path, lambda: whole), whole)
    assert same(cached(path, lambda: pytest.fail("it was made before")), whole)


def test_cache_takes_files_of_any_lengths(tmp_path: Path) -> None:
    files = [np.arange(length, dtype=np.uint8) for length in (5, 0, 900)]
    whole = replace(made([(1, 1)] * 3), encoded={"file": files})
    assert same(cached(tmp_path / "cached", lambda: whole), whole)


def test_cache_without_path_keeps_nothing() -> None:
    calls = []
    for _ in range(2):
        cached(None, lambda: calls.append(1) or made([(1, 1)]))
    assert len(calls) == 2


def test_each_encoding_and_span_has_its_own_file() -> None:
    choice = LearnedCodec("vq-n64")
    keys = [
        (choice, range(0, 256)),
        (choice, range(256, 512)),
        (replace(choice, dtype="bfloat16"), range(0, 256)),
    ]
    paths = [cache_path("run", key) for key in keys]
    assert len(set(paths)) == 3
    assert {path.parent for path in paths} == {cache_dir("run")}
    assert cache_path("run", (LearnedCodec("vq-n64"), range(0, 256))) == paths[0]


@pytest.fixture
def scenario(tiny_codec_file: Path) -> Scenario:
    channel = load_channel("binary_symmetric", crossover=2e-4)
    codec = LearnedCodec(str(tiny_codec_file), device="cpu")
    return Scenario("mine", codec, channel, framing=Framing(slices=2, crc=8), images=40)


def test_sharing_changes_no_result(scenario: Scenario, tmp_path: Path) -> None:
    for folder in ("apart", "shared"):
        (tmp_path / folder).mkdir()
    cells = [
        Cell(replace(scenario, channel=load_channel("binary_symmetric", crossover=crossover)), {})
        for crossover in (0.0, 2e-4, 0.01)
    ]
    fixed_length = replace(scenario.codec, entropy_coder="fixed_length")
    cells.append(Cell(replace(scenario, codec=fixed_length), {}))
    for number, cell in enumerate(cells):
        apart = run_block(Task(str(tmp_path / "apart"), number, cell, 0, shared=False))
        shared = run_block(Task(str(tmp_path / "shared"), number, cell, 0, shared=True))
        pd.testing.assert_frame_equal(
            per_image_table([apart]), per_image_table([shared]), check_exact=True
        )
        assert apart.tallies["index"].tolist() == shared.tallies["index"].tolist()
        assert apart.first and shared.first
        assert same_arrays(apart.first.received, shared.first.received)
    assert list((tmp_path / "apart").iterdir()) == []
    assert len(list((tmp_path / "shared").iterdir())) == 1  # encoded once for all four cells


def test_sharing_changes_no_column_of_images_with_levels(
    scenario: Scenario, tmp_path: Path
) -> None:
    codec = LearnedCodec("ecvq-levels", device="cpu", dtype="float32")
    link = Link(channel_uses=300)
    cell = Cell(replace(scenario, codec=codec, link=link, framing=Framing(), images=6), {})
    apart, shared = (
        run_block(Task(str(tmp_path), 0, cell, 0, shared=shared)).columns
        for shared in (False, True)
    )
    assert {"unfit", "level"} <= set(apart)
    for name, values in apart.items():
        assert type(values) is type(shared[name]) and np.array_equal(values, shared[name]), name


@dataclass(frozen=True)
class Inverted(System):
    """Sends images as they are; the receiver inverts some bits of each value."""

    inverted: int = 0

    def transmitter(self, terms: Terms, framing: Framing) -> "Raw":
        return Raw(0)

    def receiver(self, terms: Terms, framing: Framing, damaged: str) -> "Raw":
        return Raw(self.inverted)

    def encode_key(self, terms: Terms, framing: Framing) -> object:
        return "as they are"


class Raw:
    """Both ends of that system."""

    def __init__(self, inverted: int) -> None:
        self.inverted = inverted

    def encode(self, samples: Any) -> Encoded:
        return {"image": list(samples)}

    def packetize(self, encoded: Encoded) -> Sent[Frames]:
        frames = Frames.join([np.unpackbits(image.ravel()) for image in encoded["image"]])
        return Sent(frames, frames.lengths, encoded)

    def depacketize(self, reception: Reception) -> Arrived:
        images = [np.packbits(bits).reshape(32, 32, 3) for bits in reception.frames.split()]
        return Arrived({"image": images}, np.zeros(len(images), np.bool_))

    def reconstruct(self, arrived: Arrived) -> Received:
        images = [image ^ np.uint8(self.inverted) for image in arrived.encoded["image"]]
        return Received(images, arrived.damaged, None)


def test_receivers_that_differ_share_no_reconstruction(tmp_path: Path) -> None:
    for inverted in (0, 8):
        codec, channel = Inverted(inverted), load_channel("error_free")
        scenario = Scenario(
            "mine", codec, channel, framing=Framing.raw(), measures=("mse",), images=4
        )
        block = run_block(Task(str(tmp_path), 0, Cell(scenario, {}), 0, shared=True))
        assert block.columns["mse"].tolist() == [inverted**2] * 4
    assert len(list(tmp_path.iterdir())) == 2


class Counting:
    """Both ends of a system, which note how many samples they encode and reconstruct."""

    def __init__(self, scenario: Scenario) -> None:
        self.sender = scenario.codec.transmitter(scenario.terms, scenario.framing)
        self.drawer = scenario.codec.receiver(scenario.terms, scenario.framing, "conceal")
        self.encoded, self.reconstructed = list[int](), list[int]()

    def encode(self, samples: Any) -> Encoded:
        self.encoded.append(len(samples))
        return self.sender.encode(samples)

    def packetize(self, encoded: Encoded) -> Sent[Any]:
        return self.sender.packetize(encoded)

    def depacketize(self, reception: Any) -> Arrived:
        return self.drawer.depacketize(reception)

    def reconstruct(self, arrived: Arrived) -> Received:
        self.reconstructed.append(arrived.damaged.size)
        return self.drawer.reconstruct(arrived)


def test_only_what_changed_is_reconstructed_again(scenario: Scenario, tmp_path: Path) -> None:
    images, ends = Sample().load(0, 12), Counting(scenario)
    for _ in range(2):
        system = CachedSystem(Ends(ends, ends, True), OF_PIXELS, None, tmp_path / "cached")
        sent = system.packetize(system.encode(images))
        arrived = system.depacketize(Reception.of(sent.signal))
        indices = [grid.copy() for grid in arrived.encoded["indices"]]
        for number in (3, 7):
            indices[number][0, 0, 0] ^= 1
        sizes = np.array(arrived.encoded["size"])
        sizes[5], indices[5] = (28, 32), indices[5][:7]
        changed = Arrived({"indices": indices, "size": sizes}, np.arange(12) == 9)
        received = system.reconstruct(changed)
        values = system.measure(images, received)
        whole = ends.drawer.reconstruct(changed)
        assert same_arrays(received.samples, whole.samples)
        assert received.damaged.tolist() == changed.damaged.tolist()
        assert received.encoded is not None
        assert same_arrays(received.encoded["indices"], indices)
        expected = measure(OF_PIXELS, images, whole.samples, None)
        np.testing.assert_equal(dict(values), expected)  # which takes NaN for equal to NaN
    assert ends.encoded == [12]
    assert ends.reconstructed == [12, 3, 3]


def test_where_nothing_changed_nothing_is_reconstructed(scenario: Scenario) -> None:
    images, ends = Sample().load(0, 5), Counting(scenario)
    system = CachedSystem(Ends(ends, ends, True), OF_PIXELS, None, None)
    sent = system.packetize(system.encode(images))
    received = system.reconstruct(system.depacketize(Reception.of(sent.signal)))
    assert ends.reconstructed == [5, 0]
    assert not received.damaged.any()
    values = system.measure(images, received)
    expected = measure(OF_PIXELS, images, received.samples, None)
    assert values["psnr_db"].tolist() == expected["psnr_db"].tolist()
