"""The shipped channels against their theory, finding channels, and a channel written as a user
would.
"""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from channel_files import FLIP
from scipy.stats import binom

from semcomm.carrier import carry
from semcomm.channel import BitChannel, SymbolChannel
from semcomm.errors import ChannelError, ScenarioError
from semcomm.folders import shipped
from semcomm.frames import Frames, Reception
from semcomm.run.simulation import simulate
from semcomm.scenario import plugin_loading, plugins
from semcomm.scenario.plugins import channel_names, find_channel, load_channel, plugin_name
from semcomm.scenario.scenario import read_scenario

OLD_SYMBOL_CHANNEL = """
from dataclasses import dataclass

from semcomm.channel import SymbolChannel, SymbolReception


@dataclass(frozen=True)
class Old(SymbolChannel):
    def transmit(self, symbols, lengths, rng):
        return SymbolReception(symbols, 0 * symbols.real, lengths)
"""
"""A channel of symbols as the first release had it."""

LOSE_EVERY = """
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from semcomm.channel import BitChannel
from semcomm.frames import Frames, Reception


@dataclass(frozen=True)
class LoseEvery(BitChannel):
    \"\"\"Loses each frame whose number `nth` divides; a lost frame arrives with no bits.\"\"\"

    nth: Annotated[int, Ge(1)]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        parts = enumerate(frames.split())
        return Reception.of(Frames.join([bits[: bits.size * (n % self.nth > 0)] for n, bits in parts]))
"""


def zeros(*lengths: int) -> Frames:
    return Frames.join([np.zeros(length, np.uint8) for length in lengths])


def through(channel: BitChannel, frames: Frames, seed: int = 0) -> Frames:
    return channel.transmit(frames, np.random.default_rng(seed)).frames


def channel_file(folder: Path, content: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def offer(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    """Let the installed packages offer these entry points."""

    def entry_points(group: str) -> tuple[EntryPoint, ...]:
        return tuple(point for point in points if point.group == group)

    monkeypatch.setattr(plugin_loading, "_entry_points", entry_points)


def test_error_free_channel_is_the_identity() -> None:
    frames = Frames(
        np.random.default_rng(1).integers(0, 2, 50).astype(np.uint8), np.array([20, 0, 30])
    )
    received = through(load_channel("error_free"), frames)
    assert np.array_equal(received.bits, frames.bits)
    assert np.array_equal(received.lengths, frames.lengths)


@pytest.mark.parametrize("crossover", [1e-3, 0.1, 0.5])
@pytest.mark.parametrize("sent", [0, 1])
def test_the_flips_of_a_binary_symmetric_channel_are_binomial(crossover: float, sent: int) -> None:
    count = 200_000
    frames = Frames(np.full(count, sent, np.uint8), np.array([count]))
    flips = int(
        (through(load_channel("binary_symmetric", crossover=crossover), frames).bits != sent).sum()
    )
    # The central interval that a right channel leaves once in a million seeds; this seed is fixed.
    low, high = binom.interval(1 - 1e-6, count, crossover)
    assert low <= flips <= high


def test_flips_of_neighbouring_bits_are_independent() -> None:
    count = 200_000
    bits = through(load_channel("binary_symmetric", crossover=0.1), zeros(count)).bits
    # Disjoint pairs, so that their number is binomial; the interval is the one above.
    low, high = binom.interval(1 - 1e-6, count // 2, 0.1**2)
    assert low <= int((bits[::2] & bits[1::2]).sum()) <= high


def test_a_crossover_of_0_flips_nothing() -> None:
    assert not through(load_channel("binary_symmetric", crossover=0.0), zeros(10_000)).bits.any()


@pytest.mark.parametrize("name", ["binary_symmetric", "error_free"])
@pytest.mark.parametrize("lengths", [(), (0,), (3, 0, 7)])
def test_as_many_frames_of_the_same_lengths_come_out(name: str, lengths: tuple[int, ...]) -> None:
    parameters = {"crossover": 0.3} if name == "binary_symmetric" else {}
    assert through(load_channel(name, **parameters), zeros(*lengths)).lengths.tolist() == list(
        lengths
    )


def test_flips_depend_on_the_generator_alone() -> None:
    """And the frames that were sent are unchanged."""
    channel, frames = load_channel("binary_symmetric", crossover=0.2), zeros(1000)
    first, again, other = (through(channel, frames, seed).bits for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not frames.bits.any()


def test_every_shipped_file_is_a_channel_by_its_name() -> None:
    stems = {path.stem for path in shipped("channels").glob("*.py")}
    assert {"binary_symmetric", "error_free"} <= stems <= set(channel_names())
    for stem in stems:
        assert issubclass(find_channel(stem), BitChannel | SymbolChannel)
    assert plugin_name(load_channel("error_free")) == "error_free"


def test_a_class_in_a_file_is_found_by_path_and_name(tmp_path: Path) -> None:
    path = channel_file(tmp_path, FLIP)
    channel = load_channel(f"{path}:Flip")
    assert through(channel, zeros(3)).bits.tolist() == [1, 1, 1]
    assert plugin_name(channel) == "mine"


def test_unknown_channel_error_lists_those_known() -> None:
    with pytest.raises(
        ChannelError,
        match=r"awgm is unknown; did you mean `awgn`\? There are awgn, .*binary_symmetric, .*, or",
    ):
        find_channel("awgm")


@pytest.mark.parametrize(
    ("content", "class_name", "message"),
    [
        (
            FLIP,
            "Missing",
            "mine.py:Missing is not a subclass of BitChannel or SymbolChannel that has",
        ),
        (FLIP, "Frames", "mine.py:Frames is not a subclass of BitChannel"),
        (
            FLIP,
            "BitChannel",
            "mine.py:BitChannel is not a subclass of BitChannel or SymbolChannel that",
        ),
        (FLIP, "dataclass", "mine.py:dataclass is not a subclass of BitChannel"),
        (
            FLIP.replace("@dataclass(frozen=True)", ""),
            "Flip",
            r"no dataclass: write @dataclass\(frozen=True\)",
        ),
        (
            FLIP.replace("self, frames", "self, frames, lengths"),
            "Flip",
            r"Flip: transmit .*lengths.*takes \(self, frames: Frames, rng\)",
        ),
        (
            OLD_SYMBOL_CHANNEL,
            "Old",
            r"Old: transmit .*lengths.*takes \(self, symbols: Symbols, rng\).*SymbolReception",
        ),
        (
            FLIP.replace("transmit", "send"),
            "Flip",
            "mine.py:Flip is not a subclass of BitChannel or Symbol",
        ),
        (
            "import nowhere_to_be_found",
            "Flip",
            "mine.py does not load: ModuleNotFoundError: No module named",
        ),
        ("def f(:", "Flip", "mine.py does not load: SyntaxError"),
        ("\0", "Flip", "mine.py does not load: SyntaxError|mine.py does not load: ValueError"),
        ("1 / 0", "Flip", "mine.py does not load: ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_without_that_channel_is_refused(
    tmp_path: Path, content: str, class_name: str, message: str
) -> None:
    path = channel_file(tmp_path, content)
    with pytest.raises(ChannelError, match=message):
        find_channel(f"{path}:{class_name}")


def test_missing_channel_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"there is no channel file .*nowhere.py"):
        find_channel(f"{tmp_path}/nowhere.py:Channel")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("VALUE = 1", "it defines none"),
        (FLIP + FLIP.replace("Flip(", "FlipMore("), "it defines Flip, FlipMore"),
        (FLIP.replace("@dataclass(frozen=True)", ""), "channel mine is no dataclass"),
    ],
)
def test_a_file_of_the_channels_folder_holds_one_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    channel_file(tmp_path, content)
    monkeypatch.setattr(plugins, "shipped", lambda folder: tmp_path)
    with pytest.raises(ChannelError, match=message):
        find_channel("mine")


def test_channels_folder_is_searched_without_underscore_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel_file(tmp_path, FLIP)
    channel_file(tmp_path, FLIP, "_shared.py")
    monkeypatch.setattr(plugins, "shipped", lambda folder: tmp_path)
    offer(monkeypatch)
    assert channel_names() == ["mine"]
    assert find_channel("mine").__name__ == "Flip"


def test_an_entry_point_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel_file(tmp_path, FLIP, "flipping_package.py")
    monkeypatch.syspath_prepend(tmp_path)
    offer(monkeypatch, EntryPoint("flip-all", "flipping_package:Flip", "semcomm.channels"))
    assert "flip-all" in channel_names()
    assert find_channel("flip-all").__name__ == "Flip"


def test_ambiguous_channel_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, EntryPoint("error_free", "package:Channel", "semcomm.channels"))
    with pytest.raises(
        ChannelError,
        match=r"channel error_free is ambiguous: .*error_free.py and",
    ):
        find_channel("error_free")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "nowhere_to_be_found:Channel",
            "nowhere_to_be_found:Channel does not load: ModuleNotFoundError",
        ),
        ("semcomm.frames:Channel", "semcomm.frames:Channel does not load: AttributeError"),
        ("semcomm.frames:Frames", "channel broken is not a subclass of BitChannel"),
    ],
)
def test_an_entry_point_that_is_no_channel_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    offer(monkeypatch, EntryPoint("broken", value, "semcomm.channels"))
    with pytest.raises(ChannelError, match=message):
        find_channel("broken")


def test_a_scenario_runs_with_a_channel_written_beside_it(
    tmp_path: Path, tiny_codec_file: Path
) -> None:
    channel_file(tmp_path, LOSE_EVERY)
    scenario = tmp_path / "losses.yaml"
    scenario.write_text(
        f"codec: {{model: {tiny_codec_file}}}\nchannel: "
        f"{{model: ./mine.py:LoseEvery, nth: 4}}\nimages: 10\n"
    )
    results = simulate(read_scenario(scenario))
    assert results.per_image.damaged.tolist() == [n % 4 == 0 for n in range(10)]
    assert results.summary["channel.model"] == "mine"
    assert results.summary["channel.nth"] == 4
    scenario.write_text(scenario.read_text().replace("nth: 4", "nth: 0"))
    with pytest.raises(
        ScenarioError,
        match=r"losses.yaml:2:44: channel.nth is 0; it takes a whole number of at least",
    ):
        read_scenario(scenario)


class Wrong(BitChannel):
    def __init__(self, result: object) -> None:
        self.result = result

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        return self.result  # type: ignore[return-value]


@pytest.mark.parametrize(
    "result", [Reception.of(zeros(1, 2)), Reception.of(zeros()), zeros(1, 2, 3), None]
)
def test_channel_that_returns_no_such_reception_is_named(result: object) -> None:
    with pytest.raises(ChannelError, match="channel Wrong should return a Reception of 3 frames"):
        carry(Wrong(result), zeros(1, 2, 3), np.random.default_rng(0))


def test_a_channel_that_raises_is_named(tmp_path: Path) -> None:
    path = channel_file(tmp_path, FLIP.replace("1 - frames.bits", "frames.bits[99]"))
    channel = load_channel(f"{path}:Flip")
    with pytest.raises(
        ChannelError, match="channel Flip failed: IndexError: index 99 is out of bounds"
    ):
        carry(channel, zeros(3), np.random.default_rng(0))


def test_a_parameter_may_come_from_numpy() -> None:
    assert vars(load_channel("binary_symmetric", crossover=np.float32(0.25))) == {"crossover": 0.25}


def test_a_channel_cannot_change_what_was_sent() -> None:
    """Or it would change what a run counts as bits."""

    @dataclass(frozen=True)
    class Forger(BitChannel):
        def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
            frames.lengths[:] = 0
            return Reception.of(frames)

    with pytest.raises(
        ChannelError, match="Forger failed: ValueError: assignment destination is read-only"
    ):
        carry(Forger(), Frames.join([np.ones(3, np.uint8)]), np.random.default_rng(0))
