"""Images received under the names of those that were sent."""

from pathlib import Path

import numpy as np
import pytest
from images import noise, save_images

from semcomm.errors import DataError
from semcomm.modalities.image_file import read_image
from semcomm.run.pipes import save_images as save_received
from semcomm.run.pipes import sent_names
from semcomm.stages import Received

IMAGES = noise(3)
RECEIVED = [Received(IMAGES, np.zeros(3, np.bool_), None)]


def folder_of(root: Path, *names: str) -> Path:
    """A folder of images of these names."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (save_images(root / "made", noise(1)) / "0000.png").rename(root / name)
    (root / "made").rmdir()
    return root


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b.png", "a.jpg", "deep/a.png"], ["a.png", "b.png", "deep/a.png"]),
        (["a.png", "a.jpg", "b.v2.png"], ["a.jpg.png", "a.png.png", "b.v2.png.png"]),
        (["a.v1.png", "a.v2.png"], ["a.v1.png", "a.v2.png"]),
    ],
)
def test_names_are_the_senders_as_png(
    names: list[str], expected: list[str], tmp_path: Path
) -> None:
    assert sent_names([folder_of(tmp_path, *names)]) == expected


def test_two_folders_with_one_name_are_refused(tmp_path: Path) -> None:
    folders = [folder_of(tmp_path / name, "a.png") for name in ("one", "two")]
    assert sent_names(folders[:1]) == ["a.png"]
    with pytest.raises(DataError, match=r"two of the images are named a.png: .* without --names"):
        sent_names(folders)


def test_images_are_saved_under_their_names(tmp_path: Path) -> None:
    names = ["a.png", "deep/b.png", "c.png"]
    save_received(RECEIVED, tmp_path, False, names)
    for name, image in zip(names, IMAGES, strict=True):
        assert np.array_equal(read_image(tmp_path / name), image)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.png", "b.png"], "more images were received than the 2 whose names are given"),
        (["a.png", "b.png", "c.png", "d.png"], "3 images were received, but 4 names are given"),
    ],
)
def test_names_of_other_images_are_noticed(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        save_received(RECEIVED, tmp_path, False, names)
