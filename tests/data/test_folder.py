"""Which files of a folder are pictures, and what is said of the others."""

import os
import struct
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from command import cli

from semcomm.data.folder import ImageFolder, ImagePaths
from semcomm.errors import DataError

TIFF_ARTIST = 315


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, among what systems and people leave beside them."""
    root = tmp_path / ".photos"  # that the folder itself is hidden does not matter
    names = [
        "a.png",
        "deep/b.PNG",
        "._a.png",
        ".ipynb_checkpoints/a-checkpoint.png",
        "@eaDir/a.png",
        "__MACOSX/._a.png",
        "Thumbs.db",
        ".DS_Store",
        "notes.txt",
        "c.raw",
        "README",
    ]
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".png" and not path.name.startswith("."):
            PIL.Image.new("RGB", (8, 8), "red").save(path, format="PNG")
        else:
            path.write_bytes(b"anything")
    return root


PASSED_OVER = "6 hidden files, 3 of other kinds (.txt, .raw, no extension)"


def kinds(text: str) -> set[str]:
    """The words of a line, as endings that are equally frequent have no order."""
    return set(text.replace("(", "").replace(")", "").replace(",", "").split())


def test_hidden_files_are_no_pictures(folder: Path) -> None:
    assert ImageFolder(folder).names() == ["a.png", "deep/b.PNG"]
    assert kinds(ImageFolder(folder).passed_over()) == kinds(PASSED_OVER)
    assert ImageFolder(folder / "a.png").passed_over() == ""
    assert ImagePaths([folder / "a.png"]).passed_over() == ""


def break_some(folder: Path) -> list[str]:
    """Put three images there that cannot be read, the last one only to its end; their names."""
    (folder / "broken.png").write_bytes(b"")
    (folder / "deep" / "text.jpg").write_text("no image")
    PIL.Image.effect_noise((64, 64), 50).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-200])
    return ["broken.png", "cut.jpg", "deep/text.jpg"]


def test_broken_pictures_are_listed_all_at_once(folder: Path, tmp_path: Path) -> None:
    names = break_some(folder)
    sets = ImageFolder(folder), ImagePaths([folder / "a.png", *(folder / name for name in names)])
    for data in sets:
        with pytest.raises(DataError) as caught:
            data.load(0, len(data))
        *lines, cure = str(caught.value).splitlines()
        assert sorted(lines) == sorted(
            line for name in names for line in lines if line.startswith(f"{folder / name} cannot")
        )
        assert len(lines) == 3
        assert "data.broken: skip" in cure
    result = cli("transmit", folder, "--codec", "vq-n64", "-o", tmp_path / "sent")
    assert result.exit_code == 2
    assert all(f"{folder / name} cannot be read" in result.stderr for name in names)


def test_broken_pictures_are_left_out_where_that_is_said(folder: Path, tmp_path: Path) -> None:
    """The cure of the error, typed."""
    break_some(folder)
    out, options = tmp_path / "out", ["--set", "framing.header=true", "--out", tmp_path / "out"]
    pictures = f"data={{images: {folder}, broken: skip}}"
    result = cli("run", "error-free", "--set", pictures, *options)
    assert result.exit_code == 0, result.output
    assert "passed over: 3 broken images (broken.png, cut.jpg, text.jpg), 6 hidden" in result.stderr
    assert pd.read_csv(out / "per_image.csv").image.tolist() == ["a.png", "deep/b.PNG"]
    result = cli("run", "error-free", "--set", f"data={{images: {folder}}}", *options)
    assert 'scenario.data.broken is "skip" there, null here' in result.stderr


def test_where_all_pictures_are_broken_they_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no image can be read\n.*a.png cannot be read"):
        len(ImageFolder(tmp_path, "skip"))


def test_heic_files_are_pictures_with_the_extra(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    picture = np.zeros((96, 64, 3), np.uint8)
    picture[:32] = 200, 30, 30
    PIL.Image.fromarray(picture).save(tmp_path / "IMG_1.HEIC", format="HEIF", quality=95)
    data = ImageFolder(tmp_path)
    assert data.names() == ["IMG_1.HEIC"]
    (image,) = data.load(0, 1)
    assert image.shape == (96, 64, 3)
    assert np.abs(image[::8, ::8].astype(int) - picture[::8, ::8]).max() < 25  # its compression
    assert len(image) * len(image[0]) == data.pixels(0)


def test_heic_files_without_the_extra_are_told_how_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from semcomm.data import folder

    (tmp_path / "IMG_1.HEIC").write_bytes(b"anything")
    monkeypatch.setattr(folder, "image_extensions", lambda: frozenset({".png"}))
    with pytest.raises(DataError, match=r"1 of other kinds \(.HEIC\), .*'semcomm\[heif\]'"):
        len(ImageFolder(tmp_path))


def test_pillows_warnings_name_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.tiff"
    PIL.Image.new("RGB", (8, 8)).save(path, tiffinfo={TIFF_ARTIST: "someone"})
    content = bytearray(path.read_bytes())
    tag = content.index(struct.pack("<HH", TIFF_ARTIST, 2))
    content[tag + 8 : tag + 12] = struct.pack("<I", 1 << 30)  # its text lies beyond the end
    path.write_bytes(content)
    with pytest.warns(UserWarning) as warned:
        ImageFolder(tmp_path).load(0, 1)
    assert {warning.filename for warning in warned} == {str(path)}


def test_files_passed_over_are_counted_once_per_run(folder: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "photos.yaml"
    scenario.write_text(
        f"codec: {{model: vq-n64}}\nchannel: {{model: error_free}}\ndata: {{images: {folder}}}\n"
        "sweep: {seed: [0, 1]}\n"
    )
    result = cli("run", scenario, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stderr.splitlines() if "passed over" in line]
    assert kinds(line) == kinds(f"passed over: {PASSED_OVER}")


def test_transmit_counts_files_passed_over_in_all_folders(folder: Path, tmp_path: Path) -> None:
    result = cli(
        "transmit", folder, folder, folder / "a.png", "--codec", "vq-n64", "-o", tmp_path / "sent"
    )
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("passed over: 12 hidden files, 6 of other kinds (")


def test_a_folder_of_other_files_alone_is_named_with_them(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"a.kind{number}").write_bytes(b"")
    (tmp_path / "b.\x1b[2J").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"holds no images.*8 of other kinds \(.*, \.\.\.\)"
    ) as caught:
        len(ImageFolder(tmp_path))
    assert "\x1b" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_devices_among_images_are_refused(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "x.png")
    result = cli("transmit", folder, "--codec", "vq-n64", "-o", tmp_path / "sent")
    assert result.exit_code == 2
    assert "x.png is no regular file; an image is one" in result.stderr
    result = cli("transmit", folder / "x.png", "--codec", "vq-n64", "-o", tmp_path / "sent")
    assert "x.png is neither a folder nor a file" in result.stderr
    os.mkfifo(tmp_path / "x.safetensors")
    result = cli("codec", "show", tmp_path / "x.safetensors")
    assert "x.safetensors is no regular file" in result.stderr
