"""Differences at a test's own rates: a case by hand, and intervals against resampling."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command import cli, cli_ok
from numpy.typing import NDArray

from semcomm.errors import ReportError
from semcomm.report.chosen import Chosen
from semcomm.report.paired import MEAN_MSE, differences, points_of
from semcomm.report.per_image import read_per_image

Cells = dict[float, NDArray[np.float64]]
"""The MSE of each image, by rate."""


Images = dict[float, tuple[list[float], list[int]]]
"""The PSNR and the bits of each image, by mean bits."""

ANCHOR: Images = {100: ([20, 26], [50, 150]), 400: ([24, 28], [300, 500])}
OF_THREE: Images = {200: ([20, 26, 90], [50, 150, 400]), 600: ([24, 28, 90], [300, 500, 1000])}
TEST: Images = {200: ([23, 27.5], [150, 250])}
TEST_OF_THREE: Images = {800: ([23, 27.5, 90], [150, 250, 2000])}


def written(
    folder: Path, cells: Cells, images: int = 0, bits: dict[float, list[int]] | None = None
) -> Path:
    """images: the number of the first; bits: of each image, by rate, which is their mean."""
    folder.mkdir()
    psnrs = {rate: 10 * np.log10(255**2 / mse) for rate, mse in cells.items()}
    rows = [
        {
            "bits_per_image": rate,
            "psnr_db": psnrs[rate].mean(),
            MEAN_MSE: 10 * np.log10(255**2 / mse.mean()),
        }
        for rate, mse in cells.items()
    ]
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
    tables = [
        pd.DataFrame({"mse": mse, "psnr_db": psnrs[rate], "cell": cell}).assign(
            image=lambda table: [f"image {number + images}" for number in table.index],
            height=32,
            width=32,
        )
        for cell, (rate, mse) in enumerate(cells.items())
    ]
    if bits:
        tables = [table.assign(bits=bits[rate]) for table, rate in zip(tables, cells, strict=True)]
    pd.concat(tables).to_csv(folder / "per_image.csv", index=False)
    return folder


def as_parquet(folder: Path) -> Path:
    """The same run as if it were a large one."""
    table = pd.read_csv(folder / "per_image.csv")
    table.to_parquet(folder / "per_image.parquet", partition_cols=["cell"])
    (folder / "per_image.csv").unlink()
    return folder


def mse_of(*psnrs_db: float) -> NDArray[np.float64]:
    return np.asarray(255**2 / 10 ** (np.array(psnrs_db) / 10))


def compared(anchor: Path, test: Path, quality: str = "psnr_db") -> pd.DataFrame:
    ends = (points_of(folder, (), "bits_per_image", quality) for folder in (anchor, test))
    return differences(*ends).astype(float)


def test_a_case_by_hand(tmp_path: Path) -> None:
    """At 200 bits, half way from 100 to 400 by ratio, the anchor's images have 22 and 27 dB, and
    the test's 23 and 27.5: 1 and 0.5 dB more. The interval of these two has t(1) = 12.706 times
    0.25 dB. The points at 300 and 50 bits are below the hull and outside of it.
    """
    anchor = written(
        tmp_path / "anchor", {100: mse_of(20, 26), 400: mse_of(24, 28), 300: mse_of(1, 2)}
    )
    test = written(tmp_path / "test", {50: mse_of(9, 9), 200: mse_of(23, 27.5)})
    (row,) = compared(anchor, test).to_dict("records")
    assert (row["rate"], row["anchor_rate_below"], row["anchor_rate_above"]) == (200, 100, 400)
    assert row["anchor_distance"] == 100
    assert row["difference"] == pytest.approx(0.75)
    assert row["difference_ci95"] == pytest.approx(12.7062 * 0.25, rel=1e-5)


def test_at_a_rate_of_both_the_difference_is_of_two_codecs(tmp_path: Path) -> None:
    anchor = written(tmp_path / "anchor", {100: mse_of(20, 26), 400: mse_of(24, 28)})
    test = written(tmp_path / "test", {100: mse_of(21, 26), 400: mse_of(24, 27)})
    table = compared(anchor, test)
    assert table["difference"].tolist() == pytest.approx([0.5, -0.5])
    assert table["anchor_distance"].tolist() == [0, 0]


def test_of_an_error_the_anchor_is_the_lower_hull(tmp_path: Path) -> None:
    """Half way from 100 to 400 by ratio, it has 0.5 and 0.3; its point at 300 is above the hull."""
    rows = {"anchor": {100: [0.8, 0.4], 300: [0.9, 0.9], 400: [0.2, 0.2]}, "test": {200: [0.4] * 2}}
    for name, cells in rows.items():
        (tmp_path / name).mkdir()
        means = {"bits_per_image": cells.keys(), "nmse": [np.mean(cells[rate]) for rate in cells]}
        pd.DataFrame(means).to_csv(tmp_path / name / "results.csv", index=False)
        tables = [
            pd.DataFrame({"image": ["a", "b"], "cell": cell, "nmse": values})
            for cell, values in enumerate(cells.values())
        ]
        pd.concat(tables).to_csv(tmp_path / name / "per_image.csv", index=False)
    (row,) = compared(tmp_path / "anchor", tmp_path / "test", "nmse").to_dict("records")
    assert (row["anchor_rate_below"], row["anchor_rate_above"]) == (100, 400)
    assert row["difference"] == pytest.approx(np.mean([0.4 - 0.5, 0.4 - 0.3]))


def test_a_folder_without_the_table_is_named_once(tmp_path: Path) -> None:
    result = cli("adapt", tmp_path / "nowhere", "-o", tmp_path / "out")
    path = tmp_path / "nowhere" / "per_image.csv"
    assert result.exit_code == 2 and result.stderr == (
        f"error: {path}: No such file or directory; `semcomm run` writes it\n"
    )


def test_of_equal_rates_the_best_is_the_anchor(tmp_path: Path) -> None:
    anchor = written(tmp_path / "anchor", {100: mse_of(20, 26), 100.0001: mse_of(19, 22)})
    results = pd.read_csv(anchor / "results.csv").assign(bits_per_image=100)
    results.to_csv(anchor / "results.csv", index=False)
    test = written(tmp_path / "test", {100: mse_of(21, 26)})
    assert compared(anchor, test)["difference"].tolist() == pytest.approx([0.5])


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("anchor_images", "test_images"), [(OF_THREE, TEST), (ANCHOR, TEST_OF_THREE)]
)
def test_runs_over_other_numbers_of_images_by_hand(
    anchor_images: Images, test_images: Images, form: str, tmp_path: Path
) -> None:
    """One run has a third image. Over the first two, which both have, it is the case above; means
    over all three would be far off, and rates 200 and 600 in place of 100 and 400, or 800.

    By the PSNR of the mean MSE the anchor has 22.0371 and 25.5549 dB, thus 23.7960 half way, and
    the test 24.6915.
    """
    anchor, test = (
        written(
            tmp_path / name,
            {rate: mse_of(*psnrs) for rate, (psnrs, _) in images.items()},
            bits={rate: bits for rate, (_, bits) in images.items()},
        )
        for name, images in (("anchor", anchor_images), ("test", test_images))
    )
    if form == "parquet":
        as_parquet(anchor)
    for quality, difference in (("psnr_db", 0.75), (MEAN_MSE, 24.6915 - 23.7960)):
        (row,) = compared(anchor, test, quality).to_dict("records")
        assert (row["images"], row["rate"]) == (2, 200)
        assert (row["anchor_rate_below"], row["anchor_rate_above"]) == (100, 400)
        assert row["difference"] == pytest.approx(difference, abs=1e-4)


def test_a_rate_of_other_images_is_refused(tmp_path: Path) -> None:
    anchor = written(tmp_path / "anchor", {100: mse_of(20, 26, 90)})
    test = written(tmp_path / "test", {100: mse_of(23, 27.5)})
    with pytest.raises(ReportError, match="over 2 and over 3 images"):
        compared(anchor, test)


@pytest.mark.parametrize("quality", ["psnr_db", MEAN_MSE])
def test_intervals_are_those_of_resampled_images(tmp_path: Path, quality: str) -> None:
    """Half the width is t(399) = 1.966 times the deviation over 4,000 resamplings. That deviation is
    known to 1.1 %, and the linearization differs by some per cent.
    """
    rng = np.random.default_rng(0)
    hard = rng.gamma(4, 1, 400)
    anchor = {
        rate: hard * scale * rng.gamma(50, 1 / 50, 400)
        for rate, scale in ((100.0, 9.0), (200.0, 4.0))
    }
    test = {150.0: hard * 5 * rng.gamma(50, 1 / 50, 400)}
    row = compared(written(tmp_path / "a", anchor), written(tmp_path / "t", test), quality).iloc[0]

    def difference(images: NDArray[np.int64]) -> float:
        def value(mse: NDArray[np.float64]) -> float:
            psnr = 10 * np.log10(255**2 / mse[images])
            of_mean = 10 * np.log10(255**2 / mse[images].mean())
            return float(psnr.mean() if quality == "psnr_db" else of_mean)

        share = np.log(150 / 100) / np.log(2)
        return (
            value(test[150.0]) - (1 - share) * value(anchor[100.0]) - share * value(anchor[200.0])
        )

    assert row["difference"] == pytest.approx(difference(np.arange(400)), rel=1e-9)
    drawn = [difference(rng.integers(0, 400, 400)) for _ in range(4000)]
    assert row["difference_ci95"] == pytest.approx(1.966 * np.std(drawn), rel=0.06)


def test_what_cannot_be_paired_is_refused(tmp_path: Path) -> None:
    anchor = written(tmp_path / "anchor", {100: mse_of(20, 26), 400: mse_of(24, 28)})
    with pytest.raises(ReportError, match="different images"):
        compared(anchor, written(tmp_path / "others", {200: mse_of(20, 21)}, images=1))
    with pytest.raises(ReportError, match="rates of 500 to 500, is within the anchor's 100 to 400"):
        compared(anchor, written(tmp_path / "above", {500: mse_of(20, 21)}))
    pd.read_csv(anchor / "results.csv").assign(psnr_db="").to_csv(
        anchor / "results.csv", index=False
    )
    with pytest.raises(ReportError, match="none of the rows has both bits_per_image and psnr_db"):
        compared(anchor, anchor)
    (anchor / "per_image.csv").unlink()
    with pytest.raises(ReportError, match=r"per_image\.csv: "):
        compared(anchor, anchor)


def test_compare_prints_a_row_for_each_rate(tmp_path: Path) -> None:
    anchor = written(tmp_path / "anchor", {100: mse_of(20, 26), 400: mse_of(24, 28)})
    test = written(tmp_path / "test", {150: mse_of(23, 27), 200: mse_of(23, 27.5)})
    result = cli("compare", str(anchor), str(test), "--paired")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 3
    refused = cli("compare", str(anchor), str(test), "--paired", "--at", "200")
    assert refused.exit_code == 2 and "omit --at" in refused.output


def test_the_psnr_of_a_mean_mse_is_that_of_the_run(tmp_path: Path) -> None:
    """Of perfect images, too, which count as if one value were off by one."""
    scenario = tmp_path / "lossless.yaml"
    scenario.write_text("codec: {model: jpeg_xl, quality: 100}\nimages: 4\n")
    cli_ok("run", scenario, "--out", tmp_path / "run")
    (row,) = pd.read_csv(tmp_path / "run" / "results.csv").to_dict("records")
    (point,) = points_of(tmp_path / "run", (), "bits_per_image", MEAN_MSE)
    images = read_per_image(tmp_path / "run")
    chosen = Chosen.of({}, images, [MEAN_MSE]).row
    assert row[MEAN_MSE] == point.quality == chosen[MEAN_MSE] == pytest.approx(83.005, abs=1e-3)
