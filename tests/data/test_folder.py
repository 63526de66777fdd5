"""Which files of a folder are pictures, and what is said of the others."""

import os
from pathlib import Path

import PIL.Image
import pytest
from command import cli

from semcomm.data.folder import ImageFolder, ImagePaths
from semcomm.errors import DataError


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
        "c.HEIC",
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


PASSED_OVER = "6 hidden files, 3 of other kinds (.txt, .HEIC, no extension)"


def kinds(text: str) -> set[str]:
    """The words of a line, as endings that are equally frequent have no order."""
    return set(text.replace("(", "").replace(")", "").replace(",", "").split())


def test_hidden_files_are_no_pictures(folder: Path) -> None:
    assert ImageFolder(folder).names() == ["a.png", "deep/b.PNG"]
    assert kinds(ImageFolder(folder).passed_over()) == kinds(PASSED_OVER)
    assert ImageFolder(folder / "a.png").passed_over() == ""
    assert ImagePaths([folder / "a.png"]).passed_over() == ""


def test_a_visible_broken_picture_is_an_error(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"broken.png cannot be read"):
        ImageFolder(folder).load(0, 3)


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
    ) as told:
        len(ImageFolder(tmp_path))
    assert "\x1b" not in str(told.value)


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
