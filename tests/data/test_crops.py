"""Crops of pictures of any sizes: where they lie, how many there are, and what they depend on."""

import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from scipy.stats import chi2

from semcomm.data.crops import Crops, random_crops
from semcomm.data.data_set import Data
from semcomm.data.folder import ImageFolder
from semcomm.data.sample import Sample
from semcomm.modalities.rgb8 import Image


@dataclass
class Marked:
    """Pictures of the given sizes, whose pixels hold their picture, row and column.

    loaded: which ones were loaded, in order.
    """

    sizes: Sequence[tuple[int, int]]
    loaded: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sizes)

    def names(self) -> list[str]:
        return [str(index) for index in range(len(self))]

    def pixels(self, index: int) -> int:
        return self.sizes[index][0] * self.sizes[index][1]

    def load(self, start: int, stop: int) -> list[Image]:
        self.loaded += range(start, stop)
        return [self.picture(index) for index in range(start, stop)]

    def picture(self, index: int) -> Image:
        rows, columns = np.indices(self.sizes[index])
        return np.stack([np.full_like(rows, index), rows, columns], axis=-1).astype(np.uint8)

    def labels(self, start: int, stop: int) -> None:
        return None

    def classes(self) -> tuple[str, ...]:
        return ()

    def files(self) -> list[Path]:
        return []


SIZES = ((40, 64), (16, 16), (30, 200), (200, 17))


def epoch(crops: Crops, size: int = 1, seed: int = 0, number: int = 0) -> list[Image]:
    return [crop for batch in crops.batches(size, seed, number) for crop in batch]


def test_each_crop_is_a_part_of_its_picture() -> None:
    data = Marked(SIZES)
    for crop in epoch(Crops(data, 16, 4)):
        picture, row, column = crop[0, 0].tolist()
        whole = data.picture(picture)
        assert np.array_equal(crop, whole[row : row + 16, column : column + 16])


def test_an_epoch_has_as_many_crops_as_pictures_have_their_pixels() -> None:
    """At least one, at most 64: 40 x 64 has 10 times 16 x 16, 200 x 17 has 13 times."""
    crops = Crops(Marked((*SIZES, (15, 16), (255, 255))), 16, 6)
    count = Counter(int(crop[0, 0, 0]) for crop in epoch(crops))
    assert count == {0: 10, 1: 1, 2: 23, 3: 13, 4: 1, 5: 64}
    assert len(crops) == sum(count.values()) and crops.size == (16, 16)


def test_an_epoch_decodes_each_picture_once_in_an_order_of_its_own() -> None:
    orders = []
    for number in range(2):
        data = Marked([(20, 20)] * 50)
        epoch(Crops(data, 16, 50), number=number)
        orders.append(data.loaded)
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(50))
    assert orders[0] != orders[1] and sorted(orders[0]) != orders[0]


def test_batches_are_whole_and_hold_the_epochs_crops() -> None:
    crops = Crops(Marked(SIZES), 16, 4)
    batches = list(crops.batches(5, seed=1, epoch=2))
    assert [batch.shape for batch in batches] == [(5, 16, 16, 3)] * (len(crops) // 5)
    in_ones = epoch(crops, seed=1, number=2)
    assert np.array_equal(np.concatenate(batches), np.stack(in_ones[: 5 * len(batches)]))


def test_crops_depend_on_seed_and_epoch_alone() -> None:
    crops = Crops(Marked(SIZES), 16, 4)
    first = np.stack(epoch(crops, seed=3, number=1))
    np.random.seed(1)
    assert np.array_equal(first, np.stack(epoch(Crops(Marked(SIZES), 16, 4), seed=3, number=1)))
    assert not np.array_equal(first, np.stack(epoch(crops, seed=4, number=1)))
    assert not np.array_equal(first, np.stack(epoch(crops, seed=3, number=2)))


def test_all_places_are_equally_likely() -> None:
    """Pearson's test at 1e-4 over the 3 x 5 places of 8 x 8 pixels in 10 x 12."""
    picture = Marked([(10, 12)]).picture(0)
    crops = random_crops(picture, 8, 15_000, np.random.default_rng(0))
    counts = Counter((int(crop[0, 0, 1]), int(crop[0, 0, 2])) for crop in crops)
    assert set(counts) == {(row, column) for row in range(3) for column in range(5)}
    statistic = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert statistic < chi2.ppf(1 - 1e-4, df=14)


def test_a_small_picture_is_continued_by_its_reflection() -> None:
    picture = Marked([(3, 10)]).picture(0)
    (crop,) = random_crops(picture, 8, 1, np.random.default_rng(0))
    assert crop[:, 0, 1].tolist() == [0, 1, 2, 2, 1, 0, 0, 1]
    assert crop.shape == (8, 8, 3)
    (pixel,) = random_crops(picture[:1, :1], 8, 1, np.random.default_rng(0))
    assert (pixel == picture[0, 0]).all()


def test_any_data_set_has_crops() -> None:
    data: Data = Sample()
    crops = Crops(data, 12, 5)
    assert len(crops) == 5 * 7
    assert len(np.unique(np.stack(epoch(crops)), axis=0)) > 5


def test_the_sample_for_tables_is_the_beginning_of_the_first_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crops = Crops(Marked(SIZES), 16, 4)
    assert np.array_equal(np.stack(crops.sample(7)), np.stack(epoch(crops, seed=7)))
    monkeypatch.setattr("semcomm.data.crops.SAMPLE_PIXELS", 10 * 16 * 16)
    assert np.array_equal(np.stack(crops.sample(7)), np.stack(epoch(crops, seed=7)[:10]))


def test_the_digest_tells_pictures_apart_by_names_and_files(tmp_path: Path) -> None:
    names = ("a.png", "b.png", "c.png")
    for number, name in enumerate(names):
        PIL.Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / name)
    digests = [folder_digest(tmp_path, count) for count in (3, 2)]
    PIL.Image.new("RGB", (8, 8), (9, 0, 0)).save(tmp_path / "c.png")
    digests.append(folder_digest(tmp_path, 3))
    assert folder_digest(tmp_path, 2) == digests[1]
    (tmp_path / "c.png").rename(tmp_path / "d.png")
    digests.append(folder_digest(tmp_path, 3))
    assert len(set(digests)) == 4


def folder_digest(folder: Path, pictures: int) -> str:
    return Crops(ImageFolder(folder), 8, pictures).digest()


def test_memory_does_not_grow_with_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture has 192 kB; an epoch over 200 of them never holds a quarter."""
    monkeypatch.setattr("semcomm.data.crops.SHUFFLED_PIXELS", 4 * 256 * 256)
    crops = Crops(Marked([(255, 255)] * 200), 32, 200)
    tracemalloc.start()
    for batch in crops.batches(8, seed=0, epoch=0):
        assert batch.shape == (8, 32, 32, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Crops of four pictures, twice while they are shuffled, and `Marked` at work with int64.
    assert peak < 200 * 255 * 255 * 3 / 4
