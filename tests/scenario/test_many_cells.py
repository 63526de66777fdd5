"""Sweeps whose cells are checked together: equal ones are refused, and what is alike is done once."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from semcomm.errors import ScenarioError
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import Cell, read_scenario, read_scenarios

CODEC = "codec: {model: webp, quality: 5}\nimages: 2\n"
PLUGINS = """
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semcomm import BitChannel, Reception, SymbolChannel, SymbolReception

if TYPE_CHECKING:
    from nowhere import Elsewhere

with open(__file__ + ".log", "a") as file:
    file.write("once ")


class Bits(BitChannel):
    def transmit(self, frames, rng):
        return Reception.of(frames)


@dataclass(frozen=True)
class Taps(SymbolChannel):
    taps: tuple[float, ...] = (1.0,)
    delays: list[int] | None = None

    def transmit(self, symbols, rng):
        values = np.convolve(symbols.values, self.taps)[: symbols.values.size]
        values = values / self.taps[0]
        variances = np.full(values.size, 1e-3)
        return SymbolReception(symbols.with_values(values), variances, symbols.lengths)


@dataclass(frozen=True)
class Array(Bits):
    taps: np.ndarray


@dataclass(frozen=True)
class Undefined(Bits):
    taps: Elsewhere


@dataclass(frozen=True)
class Raises(Bits):
    taps: tuple[float, ...]

    def __post_init__(self):
        {}["a"]


@dataclass(frozen=True)
class Exits(Bits):
    taps: tuple[float, ...]

    def __post_init__(self):
        raise SystemExit(0)


@dataclass(frozen=True)
class Refuses(Bits):
    taps: tuple[float, ...]

    def __post_init__(self):
        if sum(self.taps) > 1:
            raise ValueError("taps add up to more than 1")
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PLUGINS)
    return path


def read(folder: Path, text: str, *overrides: str) -> list[Cell]:
    path = folder / "a.yaml"
    path.write_text(CODEC + text)
    return read_scenarios(path, overrides)


def mistakes(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(folder, text, *overrides)
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("sweep", "mistake"),
    [
        (
            "framing: [{header: false, crc: 0}, none]",
            '3:44: {"framing": "none"} makes the same scenario as {"framing": {"header": false, ',
        ),
        ("codec: [{model: webp, quality: 5}, {model: webp, quality: 5, effort: 1}]", "3:44: {"),
    ],
)
def test_cells_that_are_equal_altogether_are_refused(
    tmp_path: Path, sweep: str, mistake: str
) -> None:
    (only,) = mistakes(tmp_path, f"sweep: {{{sweep}}}")
    assert only.startswith(f"a.yaml:{mistake}")


def test_equal_cells_of_two_grids_are_refused(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, "sweep: [{seed: [1, 2]}, {seed: [3, 2]}]")
    assert only == 'a.yaml:3:36: {"seed": 2} makes the same scenario as {"seed": 2}; leave one out'


def test_equal_cells_of_a_channel_with_lists_are_refused(plugins: Path) -> None:
    channel = "link: {modulation: qpsk}\nchannel: {model: mine.py:Taps}"
    sweep = "sweep: [{channel.delays: [[1], [2]]}, {channel.delays: [[2]]}]"
    (only,) = mistakes(plugins.parent, f"{channel}\n{sweep}")
    assert 'makes the same scenario as {"channel.delays": [2]}' in only


def test_a_plug_ins_file_runs_once_for_all_cells(plugins: Path) -> None:
    channel = "link: {modulation: qpsk}\nchannel: {model: mine.py:Taps}"
    sweep = "sweep: {channel.taps: [[1.0], [1.0, 0.1]], seed: {start: 1, stop: 200, step: 1}}"
    read_cells = read(plugins.parent, f"{channel}\n{sweep}")
    assert len({id(cell.scenario.channel) for cell in read_cells}) == 2
    assert Path(f"{plugins}.log").read_text() == "once "


def test_reading_again_leaves_nothing_behind(tmp_path: Path) -> None:
    text = "channel: {model: binary_symmetric}\n" + (
        "sweep: {channel.crossover: {start: 0, stop: 0.2, step: 0.001}}"
    )
    read(tmp_path, text)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(5):
        read(tmp_path, text)
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert left < 100 * 1005  # bytes, of 1,005 cells; a class left behind for each is 14 kB


@pytest.mark.parametrize(
    ("name", "taps", "mistake"),
    [
        (
            "Array",
            "[1, 2]",
            "3:39: channel.taps is [1, 2]; it takes a ndarray, which only Python can make: give "
            "the field a type that YAML can write, such as tuple[float, ...]",
        ),
        (
            "Undefined",
            "[1]",
            "3:1: channel: Undefined has a field whose type cannot be read: NameError: name "
            "'Elsewhere' is not defined",
        ),
        ("Raises", "[1]", "3:1: channel: Raises failed: KeyError: 'a'"),
        ("Exits", "[1]", "3:1: channel: Exits failed: SystemExit: 0"),
        ("Refuses", "[1, 2]", "3:1: channel: taps add up to more than 1"),
        ("Refuses", "[1, a]", '3:41: channel.taps is [1, "a"]; it takes a list of numbers'),
    ],
)
def test_what_is_wrong_with_a_channels_class_is_a_mistake(
    plugins: Path, name: str, taps: str, mistake: str
) -> None:
    (only,) = mistakes(plugins.parent, f"channel: {{model: mine.py:{name}, taps: {taps}}}")
    assert mistake in only


def test_channel_of_three_taps_is_the_same_from_yaml_and_python(plugins: Path) -> None:
    text = "link: {modulation: qpsk}\nframing: {header: false}\nchannel: {model: mine.py:Taps, "
    taps = "taps: [1, 0.25, -0.125], delays: [0, 1, 2]}"
    (cell,) = read(plugins.parent, f"{text}{taps}")
    channel = load_channel(f"{plugins}:Taps", taps=(1, 0.25, -0.125), delays=[0, 1, 2])
    assert cell.scenario.channel == channel
    assert repr(channel) == "Taps(taps=(1.0, 0.25, -0.125), delays=[0, 1, 2])"
    assert simulate(cell.scenario).summary["channel_uses_per_image"] > 0


def test_a_scenario_of_its_own_text_is_read_as_it_was(plugins: Path) -> None:
    path = plugins.parent / "a.yaml"
    path.write_text(CODEC)
    assert read_scenario(path) == read_scenario(path)
