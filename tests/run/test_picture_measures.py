"""`semcomm measure`: folders of pictures against each other."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from command import cli, cli_ok
from images import pieces, save_images

from semcomm.measures.ms_ssim import ms_ssim
from semcomm.measures.psnr import psnr_db
from semcomm.measures.ssim import ssim

SIZES = [(24, 32), (32, 40), (9, 12)]


def darker(images: list[np.ndarray]) -> list[np.ndarray]:
    return [image // 2 for image in images]


def save_as_webp(folder: Path, images: list[np.ndarray]) -> Path:
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        PIL.Image.fromarray(image).save(folder / f"{number:04d}.webp", lossless=True)
    return folder


def test_a_row_per_picture_goes_out_and_a_summary_to_stderr(tmp_path: Path) -> None:
    sent, received = pieces(SIZES), darker(pieces(SIZES))
    folders = save_images(tmp_path / "a", sent), save_as_webp(tmp_path / "b", received)
    result = cli_ok("measure", *folders)
    rows = pd.read_csv(io.StringIO(result.stdout))
    assert rows.columns.tolist() == [
        "image",
        "height",
        "width",
        "mse",
        "psnr_db",
        "ssim",
        "ms_ssim",
    ]
    assert rows.image.tolist() == ["0000.png", "0001.png", "0002.png"]
    assert rows[["height", "width"]].to_numpy().tolist() == [list(size) for size in SIZES]
    assert rows.psnr_db.tolist() == psnr_db(sent, received).tolist()
    assert np.array_equal(rows.ssim, ssim(sent, received), equal_nan=True)
    assert rows.ssim.isna().tolist() == [False, False, True]
    assert rows.ms_ssim.isna().all()
    summary = dict(line.split() for line in result.stderr.splitlines())
    assert float(summary["psnr_db"]) == pytest.approx(rows.psnr_db.mean(), rel=1e-5)
    assert float(summary["ssim"]) == pytest.approx(rows.ssim.mean(), rel=1e-5)
    mean_mse = 255**2 / 10 ** (float(summary["psnr_of_mean_mse_db"]) / 10)
    assert mean_mse == pytest.approx(rows.mse.mean(), rel=1e-4)
    assert summary["images"] == "3" and "ms_ssim" not in summary


def test_two_files_are_measured_whatever_their_names(tmp_path: Path) -> None:
    image = np.tile(pieces([(96, 96)])[0], (2, 2, 1))
    ours = save_images(tmp_path / "a", [image]) / "0000.png"
    theirs = (save_images(tmp_path / "b", darker([image])) / "0000.png").rename(tmp_path / "c.png")
    written = tmp_path / "figures.csv"
    result = cli_ok("measure", ours, theirs, "-o", written)
    (row,) = pd.read_csv(written).itertuples()
    assert row.ms_ssim == ms_ssim([image], darker([image])).item()
    assert result.stdout == f"written: {written}\n"


def test_pictures_without_another_are_told_all_at_once(tmp_path: Path) -> None:
    a, b = (save_images(tmp_path / name, pieces(SIZES)) for name in "ab")
    (a / "0001.png").unlink()
    (b / "0000.png").unlink()
    (b / "0002.png").rename(b / "other.png")
    result = cli("measure", a, b)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.splitlines() == [
        f"error: 0000 has no picture of its name in {b}",
        f"0002 has no picture of its name in {b}",
        f"0001 has no picture of its name in {a}",
        f"other has no picture of its name in {a}",
    ]


def test_sizes_and_broken_pictures_are_told_all_at_once(tmp_path: Path) -> None:
    a, b = save_images(tmp_path / "a", pieces(SIZES)), save_images(tmp_path / "b", pieces(SIZES))
    save_images(b, pieces([(24, 31)]))
    (b / "0001.png").write_bytes(b"no picture")
    save_images(tmp_path / "c", pieces([(9, 13)]))
    (tmp_path / "c" / "0000.png").rename(b / "0002.png")
    first, second, third = cli("measure", a, b).stderr.splitlines()
    assert (
        first == "error: 0000.png is sent as 32 x 24 pixels, received as 31 x 24; they must agree"
    )
    assert f"{b / '0001.png'} cannot be read as an image" in second
    assert third == "0002.png is sent as 12 x 9 pixels, received as 13 x 9; they must agree"


def test_names_that_differ_in_the_extension_alone_are_refused(tmp_path: Path) -> None:
    a = save_images(tmp_path / "a", pieces(SIZES))
    save_images(a, pieces(SIZES[:1]), "ppm")
    result = cli("measure", a, a)
    assert result.exit_code == 2
    assert "the same for 0000.png, 0000.ppm; pictures are matched by these" in result.stderr


def test_a_picture_that_a_camera_turned_matches_its_upright_copy(tmp_path: Path) -> None:
    (image,) = pieces([(24, 32)])
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turned by a quarter, clockwise, to be shown
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    PIL.Image.fromarray(np.rot90(image)).save(tmp_path / "a" / "x.png", exif=exif)
    PIL.Image.fromarray(image).save(tmp_path / "b" / "x.png")
    rows = pd.read_csv(io.StringIO(cli_ok("measure", tmp_path / "a", tmp_path / "b").stdout))
    assert rows.mse.tolist() == [0]
