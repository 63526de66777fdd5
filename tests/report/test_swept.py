"""Figures for which nobody says what a line is: one for each combination that was swept."""

from pathlib import Path

import pandas as pd
import pytest
from command import cli_ok

from semcomm.report.results import read_results
from semcomm.report.swept import swept_curves

TWO_LINES = """\
codec: {model: vq-n64}
images: 2
framing: {header: false}
link: {modulation: qpsk}
sweep: {channel.model: [awgn, rayleigh], channel.esn0_db: [0, 10]}
"""


def lines(folder: Path, rows: str, x: str, y: str = "psnr_db") -> dict[str, list[float]]:
    (folder / "results.csv").write_text(rows)
    curves = swept_curves(read_results([folder]), x, y)
    return {curve.title: curve.x.tolist() for curve in curves}


def test_two_channels_of_a_sweep_are_two_lines(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(TWO_LINES)
    cli_ok("run", tmp_path / "two.yaml", "--out", tmp_path / "run", "--workers", 1)
    figure = tmp_path / "two.svg"
    cli_ok("plot", tmp_path / "run", "--x", "channel.esn0_db", "-o", figure)
    drawn = figure.read_text()
    assert "<!-- awgn -->" in drawn and "<!-- rayleigh -->" in drawn
    curves = swept_curves(read_results([tmp_path / "run"]), "channel.esn0_db", "psnr_db")
    assert [(curve.label, curve.x.tolist()) for curve in curves] == [
        ("awgn", [0, 10]),
        ("rayleigh", [0, 10]),
    ]


def test_each_combination_is_a_line_named_by_what_differs(tmp_path: Path) -> None:
    rows = (
        "scenario,codec.model,framing.slices,framing.header,channel.crossover,seed,images,psnr_db\n"
    )
    for slices in (1, 4):
        for header in (True, False):
            rows += f"a,vq,{slices},{header},0.1,0,9,20\na,vq,{slices},{header},1e-05,0,9,30\n"
    assert lines(tmp_path, rows, "channel.crossover") == {
        "header true, slices 1": [1e-5, 0.1],
        "header false, slices 1": [1e-5, 0.1],
        "header true, slices 4": [1e-5, 0.1],
        "header false, slices 4": [1e-5, 0.1],
    }
    assert set(lines(tmp_path, rows.replace("4,", "1,"), "framing.slices")) == {
        "crossover 0.1, header true",
        "crossover 1e-05, header true",
        "crossover 0.1, header false",
        "crossover 1e-05, header false",
    }


def test_over_a_measured_rate_a_quantizer_is_one_line(tmp_path: Path) -> None:
    rows = """scenario,codec.model,codec.quality,codec.entropy_coder,images,quantizer,bits_per_image,psnr_db
a,levels@0,,huffman,9,ecvq,300,22
a,levels@1,,huffman,9,ecvq,400,24
a,levels@0,,context,9,ecvq,250,22
a,levels@1,,context,9,ecvq,350,24
a,jpeg,5,,9,,500,20
a,jpeg,9,,9,,600,21
"""
    assert lines(tmp_path, rows, "bits_per_image") == {
        "ecvq, huffman": [300, 400],
        "ecvq, context": [250, 350],
        "jpeg": [500, 600],
    }


def test_two_runs_of_one_name_are_two_lines(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"scenario": "a", "channel.esn0_db": [1, 2], "images": 9, "psnr_db": [2, 3]}
    )
    folders = [tmp_path / name / "a" for name in ("old", "new")]
    for folder in folders:
        folder.mkdir(parents=True)
        rows.to_csv(folder / "results.csv", index=False)
    curves = swept_curves(read_results(folders), "channel.esn0_db", "psnr_db")
    assert [(curve.label, len(curve)) for curve in curves] == [(str(f), 2) for f in folders]


@pytest.mark.parametrize("rate", ["0.001", ""])
def test_an_ideal_code_keeps_the_name_of_its_line(tmp_path: Path, rate: str) -> None:
    rows = "scenario,channel.esn0_db,link.ideal.frame_error_rate,images,psnr_db\n"
    rows += f"a,1,,9,20\na,2,,9,21\na,1,{rate},9,22\n"
    expected = {"": [1, 2], "normal approximation": [1]} if rate else {"": [1, 1, 2]}
    assert lines(tmp_path, rows, "channel.esn0_db") == expected
