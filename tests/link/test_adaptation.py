"""Which row of the table is used, the table itself, and what links and results make of it."""

import csv
import io
from contextlib import redirect_stdout
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import adaptation_table as tool
import numpy as np
import pytest
from ruamel.yaml import YAML

from semcomm.errors import LinkError
from semcomm.framing import Framing
from semcomm.link import adaptation
from semcomm.link.adaptation import TABLE, Choice, choose, table
from semcomm.link.coded import Retransmission
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.link.modulation import BITS_PER_SYMBOL
from semcomm.link.normal_approximation import modulated, normal_approximation
from semcomm.run.simulation import simulate
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import read_scenario

ROOT = Path(__file__).parents[2]

ROWS = (
    Choice(100, 0.0, "qpsk", "1/3"),
    Choice(100, 5.0, "16qam", "1/2"),
    Choice(200, -1.0, "qpsk", "1/2"),
    Choice(200, 4.5, "64qam", "1/3"),
)


@pytest.mark.parametrize(
    ("uses", "esn0_db", "row"),
    [
        (100, 0.0, 0),
        (100, 4.999, 0),
        (100, 5.0, 1),
        (199, 30.0, 1),  # of the most uses that are not above
        (200, 4.5, 3),
        (4096, 4.4, 2),
        (64, 7.0, 1),  # below the fewest: of the fewest
        (100, -20.0, 0),  # below the first Es/N0: the first
        (300, -20.0, 2),
    ],
)
def test_the_row_is_the_last_that_is_not_above(
    monkeypatch: pytest.MonkeyPatch, uses: int, esn0_db: float, row: int
) -> None:
    monkeypatch.setattr(adaptation, "table", lambda: ROWS)
    assert choose(uses, esn0_db) == ROWS[row]


def test_rows_of_the_table_are_sorted_points_that_codes_can_reach() -> None:
    """Where not even the normal approximation reaches a tenth of frames lost, no row but those of
    the lowest rate.
    """
    assert [row[:2] for row in table()] == sorted({row[:2] for row in table()})
    lowest = min(Fraction(row.rate) * BITS_PER_SYMBOL[row.modulation] for row in table())
    for uses, esn0_db, modulation, rate in table():
        efficiency = BITS_PER_SYMBOL[modulation] * LdpcCode(rate).nominal_rate
        bits = normal_approximation(modulated(modulation, esn0_db), uses, 0.1)
        assert uses * efficiency <= bits or efficiency == lowest


def written(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.argv", ["adaptation_table.py", *arguments])
    output = io.StringIO()
    with redirect_stdout(output):
        tool.main()
    return output.getvalue()


def test_the_shipped_table_is_that_of_the_best_of_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    best = ROOT / "experiments" / "adaptation" / "best.csv"
    assert TABLE.read_text() == written("best", str(best), monkeypatch=monkeypatch)


def test_the_scenario_is_the_one_that_the_tool_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "experiments" / "adaptation" / "adaptation.yaml").read_text()
    assert text == written("scenario", monkeypatch=monkeypatch)
    grids = YAML(typ="safe").load(text)["sweep"]
    places = [(grid["link.channel_uses"][0], grid["channel.esn0_db"][0]) for grid in grids]
    assert places == [row[:2] for row in table()]
    chosen = dict(
        zip(places, (grid["link.modulation, link.code.rate"] for grid in grids), strict=True)
    )
    assert all([modulation, rate] in chosen[*place] for *place, modulation, rate in table())


def test_the_best_of_a_sweep_becomes_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heading = "link.modulation,link.code.rate,link.channel_uses,channel.esn0_db,psnr_db\n"
    lines = ["16qam,1/2,256,5.0,20", "qpsk,1/3,256,0,18", "qpsk,120/1024,128,0.5,15"]
    (tmp_path / "best.csv").write_text(heading + "\n".join(lines))
    text = written("best", str(tmp_path / "best.csv"), monkeypatch=monkeypatch)
    assert list(csv.reader(io.StringIO(text))) == [
        ["channel_uses", "esn0_db", "modulation", "rate"],
        ["128", "0.5", "qpsk", "120/1024"],
        ["256", "0", "qpsk", "1/3"],
        ["256", "5", "16qam", "1/2"],
    ]
    (tmp_path / "best.csv").write_text(heading + "\n".join([*lines, "bpsk,1/2,256,5,1"]))
    with pytest.raises(ValueError, match=r"two rows have 256 channel uses at 5\.0 dB"):
        written("best", str(tmp_path / "best.csv"), monkeypatch=monkeypatch)


def test_points_are_those_of_the_standard() -> None:
    import torch
    from sionna.phy.nr.utils import decode_mcs_index

    theirs = set()
    for index, count in ((1, 29), (2, 28)):
        orders, rates = decode_mcs_index(torch.arange(count), table_index=index, is_pusch=False)
        theirs |= {(int(m), round(float(r) * 2048)) for m, r in zip(orders, rates, strict=True)}
    ours = {(BITS_PER_SYMBOL[p.modulation], round(float(p.rate) * 2048)) for p in tool.POINTS}
    assert ours == theirs


ADAPTIVE = Link("adaptive", channel_uses=256)


def test_a_link_takes_modulation_and_code_from_the_table() -> None:
    channel = load_channel("awgn", esn0_db=10.5)
    row = choose(256, 10.5)
    fixed = Link(row.modulation, code=LdpcCode(row.rate), channel_uses=256)
    assert ADAPTIVE.adapted(channel) == fixed
    assert ADAPTIVE.terms(channel) == fixed.terms(channel)
    check = Framing().crc_ok
    assert ADAPTIVE.wrap(channel, check) == fixed.wrap(channel, check)
    assert fixed.adapted(channel) is fixed


@pytest.mark.parametrize("model", ["arq", "chase", "incremental"])
def test_an_adaptive_link_retransmits_as_a_fixed_one(model: Any) -> None:
    channel, again = load_channel("awgn", esn0_db=10.5), Retransmission(model, 3)
    row = choose(256, 10.5)
    fixed = Link(row.modulation, code=LdpcCode(row.rate), channel_uses=256, retransmission=again)
    adaptive = replace(ADAPTIVE, retransmission=again)
    check = Framing().crc_ok
    assert adaptive.wrap(channel, check) == fixed.wrap(channel, check)


@pytest.mark.parametrize(
    ("link", "channel", "parameters"),
    [
        (Link("adaptive"), "awgn", {"esn0_db": 3.0}),
        (Link("adaptive", code=LdpcCode(), channel_uses=256), "awgn", {"esn0_db": 3.0}),
        (ADAPTIVE, "error_free", {}),
    ],
)
def test_what_adaptation_needs(link: Link, channel: str, parameters: dict[str, float]) -> None:
    with pytest.raises(LinkError, match=r"link\.modulation is adaptive"):
        link.check(load_channel(channel, **parameters), crc=16)


def test_results_name_the_modulation_and_the_rate_that_were_used(tmp_path: Path) -> None:
    (tmp_path / "adaptive.yaml").write_text(
        "codec: {model: vq-n64, device: cpu}\n"
        "framing: {header: false, crc: 16}\n"
        "link: {modulation: adaptive, channel_uses: 512}\n"
        "channel: {model: awgn, esn0_db: 7.9}\n"
        "images: 2\n"
    )
    row, used = simulate(read_scenario(tmp_path / "adaptive.yaml")).summary, choose(512, 7.9)
    assert (row["link.modulation"], row["link.code.model"]) == ("adaptive", None)
    assert (row["adapted_modulation"], row["adapted_code_rate"]) == (used.modulation, used.rate)
    efficiency = float(BITS_PER_SYMBOL[used.modulation] * Fraction(used.rate))
    assert row["channel_uses_per_image"] == 512
    assert row["bits_per_image"] == int(512 * efficiency)
    assert row["channel.ebn0_db"] == pytest.approx(7.9 - 10 * np.log10(efficiency))
