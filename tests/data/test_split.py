"""Pictures that are held out of a folder: which ones, and that they stay the same."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from scipy.stats import binom

from semcomm.data.choice import DataChoice
from semcomm.data.data_set import fingerprint
from semcomm.data.split import place_of
from semcomm.errors import DataError, SettingError


def write(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (4 + number % 3, 8), (number % 256, 0, 0)).save(path)


def parts(folder: Path, share: float) -> tuple[list[str], list[str]]:
    return (
        DataChoice(images=folder, validation=share, split="train").open().names(),
        DataChoice(images=folder, validation=share, split="validation").open().names(),
    )


NAMES = [f"{number}.png" for number in range(60)]


def test_parts_are_disjoint_and_the_whole_folder(tmp_path: Path) -> None:
    write(tmp_path, [*NAMES, "deep/a.png"])
    train, held_out = parts(tmp_path, 0.3)
    assert not set(train) & set(held_out)
    assert sorted(train + held_out) == sorted([*NAMES, "deep/a.png"])
    assert train == sorted(train) and held_out == sorted(held_out)


def test_a_part_is_known_by_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, NAMES)
    train, held_out = (
        DataChoice(images=tmp_path, validation=0.3, split=split).open()
        for split in ("train", "validation")
    )
    before = fingerprint(train, len(train)), fingerprint(held_out, len(held_out))
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / held_out.names()[0])
    assert fingerprint(train, len(train)) == before[0]
    assert fingerprint(held_out, len(held_out)) != before[1]


def test_pictures_keep_their_part_when_others_come(tmp_path: Path) -> None:
    """Also in another folder, and from a smaller share to a larger one."""
    write(tmp_path / "few", NAMES[:20])
    write(tmp_path / "many", NAMES)
    few, many = parts(tmp_path / "few", 0.3), parts(tmp_path / "many", 0.3)
    assert set(few[0]) <= set(many[0]) and set(few[1]) <= set(many[1])
    assert set(few[1]) <= set(parts(tmp_path / "few", 0.5)[1])


def test_parts_hold_the_pictures_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, NAMES)
    for split in ("train", "validation"):
        data = DataChoice(images=tmp_path, validation=0.3, split=split).open()  # type: ignore[arg-type]
        pictures = data.load(1, 4)
        for name, picture, place in zip(data.names()[1:4], pictures, range(1, 4), strict=True):
            number = int(name.removesuffix(".png"))
            assert (picture == [number, 0, 0]).all()
            assert picture.shape == (8, 4 + number % 3, 3)
            assert data.pixels(place) == picture.shape[0] * picture.shape[1]


def test_the_share_is_about_what_was_asked_for() -> None:
    """Of 10,000 names as many as a fair draw gives, within its 1e-4 interval."""
    held_out = sum(place_of(f"photo-{number}.jpg") <= 0.1 for number in range(10_000))
    assert binom.ppf(5e-5, 10_000, 0.1) <= held_out <= binom.ppf(1 - 5e-5, 10_000, 0.1)


def test_a_place_is_the_beginning_of_the_names_sha_256() -> None:
    """SHA-256 of "abc" begins with ba7816bf (FIPS 180-4)."""
    assert place_of("abc") == pytest.approx(0xBA7816BF / 2**32, abs=2**-32)


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_each_part_has_a_picture_at_least(tmp_path: Path, share: float) -> None:
    write(tmp_path, NAMES[:5])
    sizes = [len(part) for part in parts(tmp_path, share)]
    assert sorted(sizes) == [1, 4] and sizes.index(1) == (1 if share < 0.5 else 0)


def test_one_picture_cannot_be_parted(tmp_path: Path) -> None:
    write(tmp_path, NAMES[:1])
    with pytest.raises(DataError, match=r"holds one picture; data.validation takes two"):
        parts(tmp_path, 0.5)


def test_a_run_takes_what_is_held_out_unless_told_otherwise(tmp_path: Path) -> None:
    write(tmp_path, NAMES)
    data = DataChoice(images=tmp_path, validation=0.3)
    assert data.open().names() == parts(tmp_path, 0.3)[1]
    assert len(DataChoice(images=tmp_path).open()) == 60


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "cifar10", "validation": 0.1}, "validation is for a folder of images"),
        ({"images": "a", "split": "train"}, "split is for the name `cifar10`, and for images with"),
        ({"images": "a", "validation": 0.1, "split": "test"}, "split is test; of images it is"),
        ({"images": "a", "validation": 1.0}, "validation is 1.0; it takes a number above 0 and"),
        ({"images": "a", "root": "b"}, "root is for the name `cifar10`"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, SettingError), match=message):
        DataChoice(**fields)  # type: ignore[arg-type]


def test_names_of_any_bytes_have_a_place() -> None:
    assert 0 <= place_of("\udcff.png") < 1
    assert np.unique([place_of(name) for name in NAMES]).size == 60
