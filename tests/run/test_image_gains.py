"""The column of gains: what the channel drew, and where there is none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semcomm.frames import Symbols
from semcomm.link.checked_channel import CheckedSymbols
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import Scenario, read_scenarios

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = tmp_path / "gains.yaml"
    path.write_text(
        "codec: {model: vq-n64, entropy_coder: fixed_length}\n"
        "framing: {header: false, crc: 16}\n"
        "link: {modulation: qpsk}\n"
        "channel: {model: rayleigh, esn0_db: 3}\n"
        "images: 6\n"
    )
    (cell,) = read_scenarios(path)
    return cell.scenario


def test_it_is_the_gain_that_the_first_transmission_met(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the noise variance after equalization, which is the channel's over |h|^2."""
    variances = []
    transmit = CheckedSymbols.transmit

    def recorded(self: CheckedSymbols, symbols: Symbols, *others: Any) -> Any:
        reception = transmit(self, symbols, *others)
        starts = np.cumsum(symbols.lengths) - symbols.lengths
        variances.append(reception.noise_variances[starts])
        return reception

    monkeypatch.setattr(CheckedSymbols, "transmit", recorded)
    repeated = replace(scenario, repeat=2)
    gains_db = simulate(repeated).per_image["gain_db"].to_numpy()
    met = -3 - 10 * np.log10(np.concatenate(variances))
    np.testing.assert_allclose(gains_db, met, atol=1e-9)
    assert np.unique(gains_db).size == 12


def test_there_is_none_where_an_image_has_no_single_gain(scenario: Scenario) -> None:
    sliced = replace(scenario.framing, header=True, slices=2)
    mixed = replace(scenario.link, interleaving=2)
    fast = replace(scenario.channel, coherence=8)  # type: ignore[type-var]
    for other in (
        replace(scenario, framing=sliced),
        replace(scenario, link=mixed),
        replace(scenario, channel=fast),
    ):
        assert "gain_db" not in simulate(other).per_image
