"""The tables of the reference experiment, from runs written by hand."""

import csv
import math
from pathlib import Path

import pandas as pd
import pytest
from reference_tables import main

from semcomm.errors import ReportError
from semcomm.measures.intervals import half_width


def write_run(folder: Path, rows: list[dict[str, object]], psnrs: list[list[float]]) -> None:
    folder.mkdir()
    images = [
        {
            "cell": cell,
            "image": image,
            "psnr_db": psnr,
            "mse": 10 ** (-psnr / 10),
            "height": 32,
            "width": 32,
            "accuracy": 1.0,
        }
        for cell, of_cell in enumerate(psnrs)
        for image, psnr in enumerate(of_cell)
    ]
    pd.DataFrame(images).to_csv(folder / "per_image.csv", index=False)
    means = [
        {"psnr_db": sum(each) / len(each), "psnr_of_mean_mse_db": min(each), "accuracy": 0.5}
        for each in psnrs
    ]
    table = [{**row, **mean} for row, mean in zip(rows, means, strict=True)]
    pd.DataFrame(table).to_csv(folder / "results.csv", index=False)


def row(name: str, esn0_db: float, rate: str = "", uses: float = 256.0) -> dict[str, object]:
    return {
        "scenario": name,
        "channel.esn0_db": esn0_db,
        "channel_uses_per_image": uses,
        "link.modulation": "64qam" if rate else "",
        "link.code.rate": rate,
    }


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Of two systems at 10 dB, one of them at two code rates, the other over one image more."""
    rows = [
        row("ecvq-context", 10, "466/1024"),
        row("ecvq-context", 10, "772/1024"),
        row("analogue-256", 10),
        row("deepjscc-12-4db", 4),
    ]
    psnrs = [[30.0, 27.0], [20.0, 21.0], [29.0, 28.0, 27.0], [20.0, 22.0]]
    for name in ("reference-awgn", "reference-mismatch"):
        write_run(tmp_path / name, rows, psnrs)
    levels = [row("ecvq-any-length", 10, uses=128), row("ecvq-any-length", 10, uses=512)]
    write_run(tmp_path / "reference-mean", levels, [[25.0, 24.0], [31.0, 32.0]])
    main(str(tmp_path), str(tmp_path))
    return tmp_path


def test_a_cell_is_the_best_row(tables: Path) -> None:
    assert read(tables / "reference-awgn-256.csv") == [
        ["system", *(f"{esn0_db} dB" for esn0_db in (0, 4, 7, 10, 13, 16, 19))],
        ["`ecvq-context`", "", "", "", "28.50 / 27.00", "", "", ""],
        ["`analogue-256`", "", "", "", "28.00 / 27.00", "", "", ""],
        ["`deepjscc-12-4db`", "", "21.00 / 20.00", "", "", "", "", ""],
    ]


def test_a_margin_is_paired_over_common_images(tables: Path) -> None:
    psnr, of_mean, accuracy = (line[5] for line in read(tables / "reference-awgn-margins.csv")[1:4])
    assert psnr == f"+0.00 ± {half_width(0.0, 2.0, 2):.2f}"
    ours, theirs = (-10 * math.log10((10**-a + 10**-b) / 2) for a, b in ((3, 2.7), (2.9, 2.8)))
    assert of_mean.startswith(f"{ours - theirs:+.2f} ± ".replace("-", "\N{MINUS SIGN}"))
    assert accuracy == "+0.0 ± 0.0"


def test_frames_of_any_length_are_read_at_equal_means(tables: Path) -> None:
    """256 is halfway from 128 to 512 by the logarithm: 28 dB for both images."""
    line = read(tables / "reference-equal-means.csv")[1]
    assert line[:2] == ["256", "`ecvq-context` over `ecvq-any-length`, PSNR"]
    assert line[5] == f"+0.50 ± {half_width(1.0, 5.0, 2):.2f}"


def test_published_codecs_stand_at_their_own_esn0(tables: Path) -> None:
    assert read(tables / "deepjscc-published.csv")[1:] == [
        ["`deepjscc-12-4db`", "256", "4 dB", "21.00 dB", "20.00 dB", "24.4 dB"]
    ]


def test_the_summary_has_three_es_n0(tables: Path) -> None:
    heading, ecvq, refined, _ = read(tables / "digital-against-analogue.csv")
    assert heading == ["system", "4 dB", "10 dB", "16 dB"]
    assert ecvq[1:] == ["", "28.50 / 27.00", ""]
    assert refined[1:] == ["", "", ""]


def test_systems_stand_by_what_they_are_adapted_to(tables: Path) -> None:
    assert [line[:2] for line in read(tables / "reference-mismatch-256.csv")[1:]] == [
        ["4 dB", "`deepjscc-12-4db`"],
        ["10 dB", "`ecvq-context`"],
        ["16 dB", "`ecvq-context`"],
    ]


def test_tables_of_absent_runs_are_left_alone(tables: Path) -> None:
    assert not (tables / "reference-fading-256.csv").exists()


def test_no_table_changes_where_a_run_is_not_done(tables: Path) -> None:
    before = {path: path.read_text() for path in tables.glob("*.csv")}
    results = tables / "reference-awgn" / "results.csv"
    results.write_text(results.read_text().replace("28.5", "29.5"))
    (tables / "reference-awgn" / "per_image.csv").unlink()
    with pytest.raises(ReportError, match=r"per_image\.csv"):
        main(str(tables), str(tables))
    assert {path: path.read_text() for path in tables.glob("*.csv")} == before
