"""The reference experiment: its scenarios read, caps on channel uses hold, all systems meet the
same gains and noise, digital and analogue, and a run ends in the same bytes however it is done.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from command import cli_ok
from jsonschema import Draft202012Validator
from numpy.typing import NDArray
from ruamel.yaml import YAML

from semcomm.carrier import carry
from semcomm.data.choice import DataChoice
from semcomm.data.data_set import BLOCK_IMAGES
from semcomm.folders import ZOO, scenario_names, shipped
from semcomm.frames import Frames, Symbols
from semcomm.framing import Framing
from semcomm.link.adaptation import choose, rows_for
from semcomm.link.checked_channel import CheckedSymbols
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.run.block import Block, Task, run_block
from semcomm.run.pools import SerialPool
from semcomm.run.run import run_cells
from semcomm.run.run_folder import open_folder
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import find_channel
from semcomm.scenario.scenario import Cell, read_scenarios
from semcomm.scenario.schema import scenario_schema

REFERENCE = [name for name in scenario_names() if name.startswith("reference-")]
FIGURES = pd.read_csv(ZOO / "figures.csv")
ESN0_DB = [0, 4, 7, 10, 13, 16, 19]
ANALOGUE = {
    "analogue-256": 4,
    "analogue-512": 8,
    "deepjscc-12-4db": 4,
    "deepjscc-12-10db": 4,
    "deepjscc-12-16db": 4,
    "deepjscc-6-10db": 8,
}
"""From an analogue codec's name to its symbols per patch of 4 x 4 pixels."""

LEARNED = {"ecvq-context", "ecvq-refined", "ecvq-huffman", "vq", *ANALOGUE}
FORMATS = {"avif", "webp", "hevc"}
OVER_FEWER_IMAGES = {*FORMATS, "ecvq-refined", "ideal", "ecvq-rates", "ecvq-harq"}
HARD_CAPS = ["reference-awgn", "reference-mismatch", "reference-fading"]
ReadCells = Callable[[str], list[Cell]]
Awgn: Any = find_channel("awgn")
pytestmark = pytest.mark.usefixtures("one_thread")


def text_of(name: str) -> str:
    return (shipped("scenarios") / f"{name}.yaml").read_text()


@pytest.fixture(scope="module")
def cells_at(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Cell]]:
    """A function that reads a scenario whose Es/N0 are 16 dB alone, which takes a seventh of the
    time.
    """

    @cache
    def read(name: str) -> list[Cell]:
        path = tmp_path_factory.mktemp(name) / f"{name}.yaml"
        path.write_text(text_of(name).replace(str(ESN0_DB), "[16]"))
        cells = read_scenarios(path)
        return [cell for cell in cells if cell.settings()["channel.esn0_db"] == 16]

    return read


def test_they_fit_the_schema() -> None:
    schema = Draft202012Validator(scenario_schema())
    for name in REFERENCE:
        schema.validate(YAML(typ="safe").load(text_of(name)))


@pytest.mark.parametrize("name", HARD_CAPS)
def test_every_system_is_sent_at_every_es_n0(name: str, cells_at: ReadCells) -> None:
    """Those over fewer images have whole blocks: in a shorter one other noise follows the gains."""
    of_fading = {"ecvq-harq", "ecvq-rates"}
    others = {"reference-awgn": {"ideal"}, "reference-fading": of_fading}.get(name, set())
    assert {cell.scenario.name for cell in cells_at(name)} == LEARNED | FORMATS | others
    for cell in cells_at(name):
        scenario = cell.scenario
        assert scenario.data == DataChoice("cifar10") and scenario.seed == 0
        assert scenario.images == (4 * BLOCK_IMAGES if scenario.name in OVER_FEWER_IMAGES else None)
        assert "accuracy_on_originals" in scenario.measured
    for grid in YAML(typ="safe").load(text_of(name))["sweep"]:
        if grid.get("name") != ["vq"]:
            assert grid["channel.esn0_db"] == ESN0_DB


def test_the_small_version_has_systems_of_the_large_one(cells_at: ReadCells) -> None:
    def compared(cell: Cell) -> tuple[object, ...]:
        it = cell.scenario
        return it.name, it.codec, it.framing, it.link, it.channel

    small, large = (
        [compared(cell) for cell in cells_at(name)]
        for name in ("reference-small", "reference-awgn")
    )
    assert len(small) >= 5 and all(cell in large for cell in small)


def test_each_vq_is_the_one_of_most_bits_that_its_frame_holds() -> None:
    """Indices have eight bits; a frame has a CRC of 16 and at least one bit of filling."""
    bits = {"vq-n64": 512, "vq-n128": 1024}
    fits = set()
    for uses, esn0_db in product((256, 512), ESN0_DB):
        link = Link(modulation="adaptive", channel_uses=uses)
        room = (link.terms(Awgn(esn0_db)).frame_bits or 0) - 17
        fits |= {(name, uses, esn0_db) for name in bits if bits[name] <= room < 2 * bits[name]}
        fits |= {("vq-n128", uses, esn0_db)} if room >= 2048 else set()
    (rows,) = [
        grid["codec.model, link.channel_uses, channel.esn0_db"]
        for grid in YAML(typ="safe").load(text_of("reference-awgn"))["sweep"]
        if grid.get("name") == ["vq"]
    ]
    assert set(map(tuple, rows)) == fits


def test_mismatched_links_are_those_of_their_es_n0(cells_at: ReadCells) -> None:
    keys = "link.channel_uses", "link.modulation", "link.code.rate"
    links = {
        tuple(cell.settings()[key] for key in keys)
        for cell in cells_at("reference-mismatch")
        if cell.scenario.name == "ecvq-context"
    }
    wanted = [choose(uses, esn0_db) for uses in (256, 512) for esn0_db in (4, 10, 16)]
    assert links == {(row.channel_uses, row.modulation, row.rate) for row in wanted}


def run_and_die(scenario: str, out: str) -> None:
    """A run that is killed when half of its cells are done, in the midst of the next one."""
    cells = read_scenarios(scenario, ["repeat=2"], None, 2)

    def run_or_die(task: Task) -> Block:
        if (task.place, task.number) == (len(cells) // 2, 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return run_block(task)

    with open_folder(Path(out), cells, range(len(cells)), "by hand") as folder:
        run_cells(cells, folder, SerialPool(), lambda _: None, lambda *_: None, run_task=run_or_die)


@pytest.mark.kills
def test_tables_are_the_same_bytes_resumed_and_by_two_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all systems of the small version, each sent in two blocks."""
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(text_of("reference-small").replace("[4, 10, 16]", "[10]"))
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=run_and_die, args=("mine.yaml", "resumed"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    done = len(pd.read_csv("resumed/results.csv"))
    assert len(list(Path("resumed").glob("blocks/*/[0-9]*.safetensors"))) == 2 * done + 1
    for out, workers in (("one", 1), ("two", 2), ("resumed", 1)):
        cli_ok(
            *("run", "mine.yaml", "--set", "repeat=2", "--images", 2),
            *("--workers", workers, "--out", out),
        )
    for name in ("results.csv", "per_image.csv", "pictures.png"):
        first, *others = (Path(out, name).read_bytes() for out in ("one", "two", "resumed"))
        assert others == [first, first], name
    systems = [*pd.read_csv("one/results.csv").scenario]
    assert {"ecvq-refined", "webp", "analogue-256"} <= {*systems} and 0 < done < len(systems)


@cache
def mean_cells() -> list[Cell]:
    return read_scenarios("reference-mean")


def test_frames_of_any_length_have_the_adaptive_links() -> None:
    """And levels from fewer channel uses than 256 to more than 512, by the mean bits of the codec's
    levels and a CRC, over the efficiency, and the control field.
    """
    cells = {}
    for cell in mean_cells():
        settings = cell.settings()
        cells[settings["channel.esn0_db"], settings["codec.model"]] = cell.scenario.link
    assert len(cells) == 7 * 16
    bits = {row.codec: row.cifar10_context_bits_per_image for row in FIGURES.itertuples()}
    for esn0_db in ESN0_DB:
        links = [cells[esn0_db, f"ecvq-16-levels@{level}"] for level in range(16)]
        adaptive = Link(modulation="adaptive", channel_uses=256).adapted(Awgn(esn0_db))
        assert set(links) == {replace(adaptive, channel_uses=None)}
        efficiency = links[0].efficiency
        control = 16 / (0.4 * min(1, efficiency))
        lowest, highest = (
            control + (bits[f"ecvq-16-levels@{level}"] + 16) / efficiency for level in (0, 15)
        )
        assert lowest < 256 and highest > 512


class Heard(NamedTuple):
    """One call of a channel: symbols of each frame, and what made others of them.

    noise: of each symbol, over the gain.
    variances: of that noise; with the gain g they are the channel's over |g|^2.
    """

    lengths: NDArray[np.int64]
    noise: NDArray[np.complex128]
    variances: NDArray[np.float64]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Heard]:
    """All calls of channels of symbols, whether a link or an analogue system is above."""
    calls: list[Heard] = []
    transmit = CheckedSymbols.transmit

    def recorded(self: CheckedSymbols, symbols: Symbols, *others: Any) -> Any:
        reception = transmit(self, symbols, *others)
        noise = reception.symbols.values - symbols.values
        calls.append(Heard(symbols.lengths, noise, reception.noise_variances))
        return reception

    monkeypatch.setattr(CheckedSymbols, "transmit", recorded)
    return calls


def sent(cell: Cell, images: int) -> Any:
    """The table by image of a cell over the first images of the sample."""
    few = replace(cell.scenario, data=DataChoice("sample"), images=images)
    return simulate(few).per_image


@pytest.mark.slow
@pytest.mark.parametrize("name", HARD_CAPS)
def test_caps_hold_and_all_systems_meet_the_same_channel(
    name: str, cells_at: ReadCells, heard: list[Heard]
) -> None:
    """Of the symbols that the channel was handed, and of the noise and the gains that it drew for
    them; of retransmissions in the first one. An ideal code hands the channel nothing. Of several
    links with one cap, ecvq-context has each, and other systems the first.
    """
    met: dict[int, list[tuple[str, Heard]]] = {256: [], 512: []}
    for cell in cells_at(name):
        heard.clear()
        settings = cell.settings()
        system = settings["scenario"]
        cap = settings["link.channel_uses"] or 64 * ANALOGUE[system]
        if cap not in met or system in {other for other, _ in met[cap]} - {"ecvq-context"}:
            continue
        table = sent(cell, images=2)
        if system == "ideal":
            assert not heard and table.channel_uses.tolist() == [cap, cap]
            continue
        lengths = np.concatenate([call.lengths for call in heard])
        assert np.all(lengths == cap), cell.changes
        assert table.channel_uses.sum() == lengths.sum()
        assert len(lengths) == 2 or system == "ecvq-harq", cell.changes
        met[cap].append((system, heard[0]))
    of_fading = {"ecvq-harq", "ecvq-rates"} if name == "reference-fading" else set()
    for cap in (256, 512):
        of_other_sizes = {system for system, symbols in ANALOGUE.items() if 64 * symbols != cap}
        assert {system for system, _ in met[cap]} == (
            LEARNED | FORMATS | of_fading
        ) - of_other_sizes
        first = met[cap][0][1]
        for _, other in met[cap]:
            # The noise is a difference of numbers of size 1, or 100 in a deep fade.
            np.testing.assert_allclose(other.noise, first.noise, rtol=0, atol=1e-12)
            np.testing.assert_array_equal(other.variances, first.variances)


def test_links_of_all_rows_fill_their_cap(cells_at: ReadCells, heard: list[Heard]) -> None:
    """What the channel is handed of one frame; of adaptive links at every Es/N0."""
    scenarios = [cell.scenario for name in HARD_CAPS for cell in cells_at(name)]
    rows = {(it.link, it.channel) for it in scenarios if it.link.channel_uses and not it.link.ideal}
    rows |= {
        (link, Awgn(esn0_db))
        for esn0_db in ESN0_DB
        for link, _ in rows
        if link.modulation == "adaptive"
    }
    assert len(rows) > 30
    for link, channel in rows:
        frame = Frames.join([np.zeros(link.terms(channel).frame_bits or 0, np.uint8)])
        heard.clear()
        carry(channel, frame, np.random.default_rng(0), link, Framing(header=False, crc=16))
        assert {int(call.lengths[0]) for call in heard} == {link.channel_uses}


@pytest.mark.slow
def test_frames_of_any_length_count_their_control_field(heard: list[Heard]) -> None:
    """At 0 dB it has 16 / (2/5 x 2 x 379/1024) = 54.04, thus 55 symbols."""
    (cell,) = (
        cell
        for cell in mean_cells()
        if cell.settings()["channel.esn0_db"] == 0 and cell.settings()["codec.model"].endswith("@0")
    )
    table, code = sent(cell, images=4), LdpcCode("379/1024")
    assert [call.lengths.tolist() for call in heard] == [table.channel_uses.tolist()]
    payloads = [code.of(bits).sent_bits(2) // 2 for bits in table.bits]
    assert table.channel_uses.tolist() == [55 + symbols for symbols in payloads]
    assert len(set(payloads)) > 1


def test_the_rates_to_choose_from_are_in_the_table(cells_at: ReadCells) -> None:
    """Of both sizes, from its first row on, and at most 4 dB apart."""
    for uses in (256, 512):
        there = {
            (cell.scenario.link.modulation, cell.settings()["link.code.rate"])
            for cell in cells_at("reference-fading")
            if cell.scenario.name == "ecvq-rates" and cell.scenario.link.channel_uses == uses
        }
        rows = rows_for(uses)
        lowest = sorted(
            min(row.esn0_db for row in rows if (row.modulation, row.rate) == link) for link in there
        )
        assert lowest[0] == min(row.esn0_db for row in rows if row.rate == "193/1024")
        assert len(lowest) == 8 and np.diff(lowest).max() <= 4


def test_each_gap_is_one_change_within_the_same_cap() -> None:
    """Of the first row, which has the link of `reference-awgn` at 10 dB."""
    first, *others = read_scenarios("reference-gaps")
    link, row = first.scenario.link, choose(256, 10)
    assert (link.channel_uses, link.modulation, link.code) == (
        256,
        row.modulation,
        LdpcCode(row.rate),
    )
    names = [cell.scenario.name for cell in others]
    assert len({first.scenario.name, *names}) == 1 + len(names)
    for cell in others:
        it = cell.scenario
        parts = it.codec, it.framing, it.link, it.receiver
        same = [first.scenario.codec, first.scenario.framing, link, first.scenario.receiver]
        changed = sum(ours != theirs for ours, theirs in zip(parts, same, strict=True))
        assert changed == (3 if it.name == "analogue-256" else 1), it.name
        assert it.link.channel_uses == (None if it.name == "analogue-256" else 256)
        assert (it.channel, it.images, it.seed) == (first.scenario.channel, 1024, 0)


def test_each_block_size_has_both_rows_and_noise_of_its_own() -> None:
    cells = read_scenarios("reference-sizes")
    links: dict[str, list[object]] = {"ecvq-sizes": [], "undisturbed": []}
    for cell in cells:
        links[cell.scenario.name].append((cell.scenario.link, cell.scenario.seed))
        if cell.scenario.name == "ecvq-sizes":
            row = choose(256, cell.settings()["channel.esn0_db"])
            link = cell.scenario.link
            assert (link.modulation, cell.settings()["link.code.rate"]) == (
                row.modulation,
                row.rate,
            )
    assert links["ecvq-sizes"] == links["undisturbed"] and len(cells) == 2 * 3 * 8
    seeds = {(cell.scenario.seed, cell.scenario.link.channel_uses) for cell in cells}
    assert len(seeds) == 8 == len({seed for seed, _ in seeds})
