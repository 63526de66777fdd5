"""Blocks put together: prefixes of runs, where a run stops, and that neither workers nor the order
of cells matter.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import cli_ok
from framed import framed
from images import noise, save_images

from semcomm.carrier import carry
from semcomm.data.data_set import BLOCK_IMAGES
from semcomm.errors import ChannelError, LinkError
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.run.block import Task, per_image_table, run_block
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import read_scenario, read_scenarios

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]

TABLES = ("results.csv", "per_image.csv", "pictures.png")
IMAGES = 1024

NOISY = """\
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from semcomm import BitChannel, Frames, Reception


@dataclass(frozen=True)
class Noisy(BitChannel):
    crossover: Annotated[float, Ge(0.0), Le(0.5)]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return Reception.of(frames.with_bits(frames.bits ^ (rng.random(frames.bits.size) < self.crossover)))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four blocks of small images."""
    return save_images(tmp_path_factory.mktemp("photos"), noise(IMAGES), "ppm")


@pytest.fixture
def file(tmp_path: Path, photos: Path, tiny_codec_file: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"data: {{images: {photos}}}\n"
        f"codec: {{model: {tiny_codec_file}, device: cpu}}\n"
        "framing: {header: false, crc: 16, size: [8, 8]}\n"
        "link: {modulation: qpsk, code: {model: ldpc, rate: 1/2}, retransmission: {transmissions: 2}}\n"
        "channel: {model: awgn, esn0_db: -0.5}\n"
    )
    return path


def run(file: Path, out: str, *options: str) -> Path:
    folder = file.with_name(out)
    cli_ok("run", file, "--out", folder, *options)
    return folder


def test_first_blocks_are_the_same_whether_more_follow_or_not(file: Path) -> None:
    all_images = simulate(read_scenario(file)).per_image
    half = simulate(read_scenario(file, ["images=512"])).per_image
    assert (len(all_images), len(half)) == (1024, 512)
    pd.testing.assert_frame_equal(half, all_images[:512], check_exact=True)
    assert 512 < half.transmissions.sum() < 1024
    assert 0 < half.residual_frame_errors.sum() < 512


def test_a_block_comes_out_the_same_before_and_after_others(file: Path, tmp_path: Path) -> None:
    (cell,) = read_scenarios(file)
    orders = [(0, 1, 2, 3), (3, 1, 0, 2)]
    tables = []
    for order in orders:
        folder = tmp_path / str(order[0])
        folder.mkdir()
        made = {
            number: run_block(Task(str(folder), 0, cell, number, shared=False)) for number in order
        }
        tables.append(per_image_table([made[number] for number in range(4)]))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.mark.parametrize("target", [1, 100, 10_000])
def test_run_stops_at_the_first_block_with_enough_frame_errors(file: Path, target: int) -> None:
    errors = (
        simulate(read_scenario(file))
        .per_image.residual_frame_errors.to_numpy()
        .reshape(-1, BLOCK_IMAGES)
    )
    enough = np.flatnonzero(errors.sum(axis=1).cumsum() >= target)
    blocks = int(enough[0]) + 1 if enough.size else 4
    watched: list[int] = []
    results = simulate(read_scenario(file, [f"stop={{frame_errors: {target}}}"]), watched.append)
    assert watched == [BLOCK_IMAGES] * blocks + [(4 - blocks) * BLOCK_IMAGES] * (
        blocks < 4
    )  # the rest at once
    assert results.summary["images"] == BLOCK_IMAGES * blocks
    assert results.summary["residual_frame_errors"] == errors[:blocks].sum()


def swept(file: Path, crossovers: list[float]) -> list[str]:
    """Options for cells that share what they send, over a channel that only its own file
    defines.
    """
    file.with_name("noisy.py").write_text(NOISY)
    settings = {
        "link.modulation": "null",
        "channel": f"{{model: {file.with_name('noisy.py')}:Noisy}}",
        "sweep": f"{{channel.crossover: {crossovers}}}",
        "stop.frame_errors": "60",
    }
    return [argument for key, value in settings.items() for argument in ("--set", f"{key}={value}")]


def test_tables_are_the_same_bytes_for_one_worker_and_two(file: Path) -> None:
    options = swept(file, [0.2, 0.001, 0.13])
    one, two = (
        run(file, f"out{workers}", *options, "--workers", str(workers)) for workers in (1, 2)
    )
    for name in TABLES:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert pd.read_csv(two / "results.csv").images.tolist() == [
        BLOCK_IMAGES,
        IMAGES,
        3 * BLOCK_IMAGES,
    ]


def test_the_order_of_cells_changes_no_row(file: Path) -> None:
    crossovers = [0.2, 0.001, 0.13]
    tables = []
    for order in (crossovers, crossovers[::-1]):
        folder = run(file, f"out{order[0]}", *swept(file, order), "--workers", "1")
        results = pd.read_csv(folder / "results.csv", dtype=str).sort_values(
            "channel.crossover", ignore_index=True
        )
        per_image = pd.read_csv(folder / "per_image.csv", dtype=str)
        per_image["cell"] = per_image.cell.astype(int).map(dict(enumerate(order)))
        tables.append((results, per_image.sort_values(["cell", "image"], ignore_index=True)))
    for ours, theirs in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(ours, theirs)


FRAMES = Frames.join([np.ones(length, np.uint8) for length in (20, 30)])
RNG = np.random.default_rng(0)


def test_a_links_own_errors_are_not_blamed_on_the_channel() -> None:
    long = Frames(np.zeros(70_000, np.uint8), np.array([70_000]))
    with pytest.raises(LinkError, match="a frame has 70000 bits"):
        carry(load_channel("error_free"), long, RNG, Link(code=LdpcCode()))


def test_channel_failing_under_a_link_is_told_as_its_error() -> None:
    class Broken(type(load_channel("awgn", esn0_db=1.0))):
        def transmit(self, symbols: Symbols, rng: np.random.Generator) -> Any:
            return super().transmit(Symbols(symbols.values[1:], symbols.lengths), rng)

    with pytest.raises(ChannelError, match="channel Broken failed: ValueError"):
        carry(Broken(esn0_db=1.0), FRAMES, RNG, Link("qpsk", code=LdpcCode()))


def test_retransmission_goes_by_the_framings_crc() -> None:
    framing = Framing(header=False, crc=8)
    frames = framed(framing, FRAMES, [(32, 32)] * 2)
    damaged = frames.with_bits(frames.bits ^ (np.arange(frames.bits.size) == 3))
    link = Link(retransmission=Retransmission("arq", 2))
    counts = carry(load_channel("error_free"), damaged, RNG, link, framing).counts
    assert counts.transmissions.tolist() == [2, 1]
    assert counts.initial_errors.tolist() == [0, 0]
