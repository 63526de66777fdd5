"""Curves of theory beside measured ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok
from scipy.stats import norm

from semcomm.report.curves import curves_of
from semcomm.report.results import read_results
from semcomm.report.theory import theory_curves

SCENARIO = """\
codec: {model: vq-n64, entropy_coder: fixed_length}
framing: {slices: 2}
images: 8
link: {modulation: gaussian, channel_uses: 200, ideal: {frame_error_rate: 0.01}}
channel: {model: awgn}
sweep: {channel.esn0_db: [3, 9]}
"""


def write_rows(folder: Path, **columns: object) -> pd.DataFrame:
    rows = {"channel.esn0_db": [0.0, 4.0, 8.0], "bits_per_image": [100, 200, 300], **columns}
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
    return read_results([folder])


def drawn(table: pd.DataFrame, name: str, x: str, y: str) -> dict[str, np.ndarray]:
    curves = theory_curves([name], table, x, y, curves_of(table, x, y))
    return {curve.title: np.array([curve.x, curve.y]) for curve in curves}


@pytest.mark.parametrize(
    ("modulation", "x", "db_of_bpsk"),
    [
        ("bpsk", "channel.esn0_db", 0.0),
        ("bpsk", "ebn0_db", 0.0),
        ("qpsk", "channel.esn0_db", -10 * np.log10(2)),  # half the energy for each bit
        ("qpsk", "channel.ebn0_db", 0.0),
    ],
)
def test_uncoded_bpsk_and_qpsk_err_as_their_closed_form_says(
    tmp_path: Path, modulation: str, x: str, db_of_bpsk: float
) -> None:
    rows = {x: [0.0, 4.0, 8.0], "link.modulation": modulation, "bit_error_rate": [0.1, 1e-2, 1e-4]}
    curves = drawn(write_rows(tmp_path, **rows), "uncoded", x, "bit_error_rate")
    (points, rates) = curves[f"{modulation}, uncoded, AWGN"]
    esn0 = 10 ** ((points + db_of_bpsk) / 10)
    assert rates == pytest.approx(norm.sf(np.sqrt(2 * esn0)), rel=1e-9)
    assert points[0] == 0 and rates[-1] >= 1e-5  # a tenth of the lowest that was measured


def test_uncoded_has_a_curve_for_each_modulation(tmp_path: Path) -> None:
    table = write_rows(
        tmp_path, **{"link.modulation": ["16qam", "adaptive", "qpsk"], "bit_error_rate": 0.1}
    )
    curves = drawn(table, "uncoded", "channel.esn0_db", "bit_error_rate")
    assert list(curves) == ["qpsk, uncoded, AWGN", "16qam, uncoded, AWGN"]


def test_capacity_is_shannons(tmp_path: Path) -> None:
    table = write_rows(tmp_path, **{"link.channel_uses": 256, "framing.slices": 2})
    ((points, bits),) = drawn(table, "capacity", "channel.esn0_db", "bits_per_image").values()
    assert bits == pytest.approx(512 * np.log2(1 + 10 ** (points / 10)), rel=1e-12)
    assert points[[0, -1]].tolist() == [0, 8]


def test_the_ideal_curve_goes_through_runs_of_the_ideal_code(tmp_path: Path) -> None:
    """Its frames have whole bits, so that two frames are at most two bits below."""
    (tmp_path / "ideal.yaml").write_text(SCENARIO)
    run = tmp_path / "run"
    cli_ok("run", tmp_path / "ideal.yaml", "--out", run, "--workers", 1)
    table = read_results([run])
    curves = drawn(table, "ideal", "channel.esn0_db", "bits_per_image")
    ((points, bits),) = curves.values()
    (measured,) = curves_of(table, "channel.esn0_db", "bits_per_image")
    assert points[[0, -1]].tolist() == measured.x.tolist() == [3, 9]
    below = bits[[0, -1]] - measured.y
    assert (below >= 0).all() and (below < 2).all()
    assert list(curves) == [
        "ideal code, AWGN, frame error rate 0.01, 400 channel uses (normal approximation)"
    ]


@pytest.mark.parametrize(
    ("name", "y", "message"),
    [
        (
            "uncoded",
            "psnr_db",
            "the axes are channel.esn0_db and psnr_db; --theory uncoded is over channel.esn0_db or "
            "channel.ebn0_db or ebn0_db, of bit_error_rate or post_fec_bit_error_rate",
        ),
        ("uncoded", "bit_error_rate", "takes rows with a link.modulation, and none has one"),
        ("capacity", "bits_per_image", "--theory capacity takes rows with link.channel_uses"),
        ("ideal", "bits_per_image", "--theory ideal takes rows with link.channel_uses"),
    ],
)
def test_axes_and_rows_that_do_not_fit_are_said(
    tmp_path: Path, name: str, y: str, message: str
) -> None:
    write_rows(tmp_path, bit_error_rate=0.1, psnr_db=20)
    result = cli(
        "plot", tmp_path, "--x", "channel.esn0_db", "--y", y, "--theory", name, "-o", "x.svg"
    )
    assert result.exit_code == 2 and message in result.stderr


def test_theory_is_drawn_beside_what_was_measured(tmp_path: Path) -> None:
    write_rows(tmp_path, **{"link.channel_uses": 256, "framing.slices": 1})
    figure = tmp_path / "figure.svg"
    options = ["--x", "channel.esn0_db", "--y", "bits_per_image"]
    cli_ok("plot", tmp_path, *options, "--theory", "capacity", "--theory", "ideal", "-o", figure)
    written = figure.read_text()
    for label in ("measured", "AWGN capacity, 256 channel uses", "ideal code"):
        assert f"<!-- {label}" in written
