"""The gains over frequency that a run stores for its report are those that its frames met."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semcomm.channel import SymbolReception
from semcomm.ofdm.channel import Ofdm
from semcomm.run.block import Block, Task, run_block
from semcomm.scenario.scenario import Cell, read_scenario

TDL = {"model": "tdl", "profile": "c", "delay_spread_ns": 300, "subcarriers": 48, "esn0_db": 12}
QPSK = {"modulation": "qpsk"}


def first_block(codec: Path, channel: dict[str, Any], **sections: Any) -> Block:
    section = {"model": str(codec), "device": "cpu"}
    scenario = read_scenario({"codec": section, "channel": channel, "images": 11, **sections})
    return run_block(Task("gains", 0, Cell(scenario, {}), 0, False))


@pytest.fixture
def receptions(monkeypatch: pytest.MonkeyPatch) -> list[SymbolReception]:
    """What the channel returns, call by call."""
    returned, transmit = list[SymbolReception](), Ofdm.transmit

    def recording(*arguments: Any) -> SymbolReception:
        returned.append(transmit(*arguments))
        return returned[-1]

    monkeypatch.setattr(Ofdm, "transmit", recording)
    return returned


@pytest.mark.parametrize(
    ("channel", "sections", "frames"),
    [
        ({}, {"link": QPSK}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"speed_kmh": 100.0, "pilot_spacing": 4}, {"link": QPSK}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"profile": "d"}, {"link": QPSK, "framing": {"slices": 3}}, [0, 3, 6, 9, 12, 15, 18, 21]),
        (
            {},
            {"link": {**QPSK, "interleaving": 4}, "framing": {"slices": 2}},
            [0, 0, 1, 1, 2, 2, 3, 3],
        ),
        ({}, {"link": {"loading": {"bit_error_rate": 0.01}}}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
    ids=["at rest", "moving with pilots", "slices", "interleaved", "loaded"],
)
def test_stored_gains_are_those_that_frames_met(
    tiny_codec_file: Path,
    receptions: list[SymbolReception],
    channel: dict[str, Any],
    sections: dict[str, Any],
    frames: list[int],
) -> None:
    block = first_block(tiny_codec_file, TDL | channel, **sections)
    assert block.first and block.first.gains_db is not None
    assert block.first.gains_db.shape == (8, 48)
    (reception,) = receptions
    is_data = np.ones(48, bool)
    if spacing := channel.get("pilot_spacing"):
        is_data[::spacing] = False
    for stored, frame in zip(block.first.gains_db, frames, strict=True):
        start, length = (a[frame] for a in (reception.symbols.starts, reception.symbols.lengths))
        first_symbol = slice(start, start + min(length, is_data.sum()))
        energies = 10**-1.2 / reception.noise_variances[first_symbol]
        met = stored[is_data][: energies.size]
        np.testing.assert_allclose(met, 10 * np.log10(energies), atol=1e-4)


def test_symbols_of_an_analogue_codec_meet_the_fades_of_bits(
    tiny_codec_file: Path, tiny_analogue_file: Path, receptions: list[SymbolReception]
) -> None:
    digital = first_block(tiny_codec_file, TDL, link=QPSK).first
    analogue = first_block(tiny_analogue_file, TDL).first
    assert digital and digital.gains_db is not None
    assert analogue and np.array_equal(digital.gains_db, analogue.gains_db)
    together = np.arange(min(reception.symbols.lengths.min() for reception in receptions))
    of_bits, of_symbols = (
        reception.noise_variances[reception.symbols.starts[:, None] + together]
        for reception in receptions
    )
    assert of_bits.size and np.array_equal(of_bits, of_symbols)


def test_stored_loads_are_those_that_frames_took(tiny_codec_file: Path) -> None:
    link = {"loading": {"bit_error_rate": 0.01}}
    block = first_block(tiny_codec_file, TDL, link=link)
    assert block.first and block.first.loads is not None
    bits, uses = (np.asarray(block.columns[name])[:8] for name in ("coded_bits", "channel_uses"))
    prefix = 4  # 2,596 ns of samples at 48 x 30 kHz
    assert (uses == -(-bits // block.first.loads.sum(axis=1)) * (48 + prefix)).all()
    assert len(set(block.first.loads.sum(axis=1))) > 1


@pytest.mark.parametrize("model", ["awgn", "rayleigh"])
def test_nothing_is_stored_of_channels_flat_over_frequency(
    tiny_codec_file: Path, model: str
) -> None:
    block = first_block(tiny_codec_file, {"model": model, "esn0_db": 12}, link=QPSK)
    assert block.first and block.first.gains_db is None and block.first.loads is None
