"""Blocks, the shipped sample, CIFAR-10 in both layouts, and images from files of any kind."""

import io
import os
import pickle
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from images import noise, save_images
from numpy.typing import NDArray

from semcomm.data import cifar10
from semcomm.data.cifar10 import Cifar10
from semcomm.data.data_set import Data, block_ranges, blocks
from semcomm.data.folder import ImageFolder, ImagePaths
from semcomm.data.sample import Sample
from semcomm.errors import DataError
from semcomm.modalities.image_file import read_image
from semcomm.modalities.rgb8 import Image

DATA_SETS: list[Data] = [Sample(), Cifar10(), ImageFolder(Path("photos"))]
"""Each is a Data to mypy, and constructing one reads nothing."""


def photo(height: int = 5, width: int = 7, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@dataclass(frozen=True)
class Sizes:
    """Images of the given pixel counts, each loaded as one pixel that holds its number."""

    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.sizes)

    def names(self) -> list[str]:
        return [str(index) for index in range(len(self))]

    def pixels(self, index: int) -> int:
        return self.sizes[index]

    def load(self, start: int, stop: int) -> list[Image]:
        return [np.full((1, 1, 3), index % 256, np.uint8) for index in range(start, stop)]


def test_small_images_come_in_blocks_of_256() -> None:
    assert block_ranges(Sizes((1024,) * 600)) == [range(256), range(256, 512), range(512, 600)]


def test_block_ends_with_the_image_that_reaches_2_to_24_pixels() -> None:
    sizes = (2**23, 2**23 - 1, 1, 2**24, 5, 2**24, 7)
    assert block_ranges(Sizes(sizes)) == [range(3), range(3, 4), range(4, 6), range(6, 7)]


@given(st.lists(st.integers(1, 2**24), min_size=1, max_size=700), st.data())
@example([2**24] * 3, None)
def test_blocks_of_the_first_images_are_those_of_all_cut_short(
    sizes: list[int], draw: st.DataObject | None
) -> None:
    data = Sizes(tuple(sizes))
    images = draw.draw(st.integers(1, len(sizes))) if draw else 2
    whole = [index for block in block_ranges(data) for index in block]
    short = block_ranges(data, images)
    assert whole == list(range(len(sizes)))
    assert [index for block in short for index in block] == list(range(images))
    assert short[:-1] == block_ranges(data)[: len(short) - 1]


def test_blocks_hold_the_images_of_their_ranges() -> None:
    result = [[int(image[0, 0, 0]) for image in block] for block in blocks(Sizes((1,) * 260), 258)]
    assert result == [list(range(256)), [0, 1]]


@pytest.mark.parametrize("images", [-1, 0, 257])
def test_more_images_than_there_are_or_none_are_refused_at_once(images: int) -> None:
    with pytest.raises(DataError, match=f"{images} images are asked for; the data set holds 256"):
        blocks(Sample(), images)


def test_the_sample_is_small_and_is_the_first_256_test_images(cifar10_root: Path) -> None:
    expected = Cifar10(cifar10_root).array()[:256]
    assert np.array_equal(np.stack(Sample().load(0, 256)), expected)
    assert Sample().names() == Cifar10(cifar10_root).names()[:256]
    sheet = Path(cifar10.__file__).parents[1] / "data" / "sample.webp"
    assert sheet.stat().st_size < 700_000


def test_loaded_images_are_the_callers_to_change() -> None:
    sample = Sample()
    changed = sample.load(3, 4)[0]
    before = changed.copy()
    changed[:] = 0
    assert np.array_equal(sample.load(3, 4)[0], before)


@pytest.mark.slow
def test_training_images_have_the_known_channel_means(cifar10_root: Path) -> None:
    data = Cifar10(cifar10_root, "train_and_validation")
    images = data.array()
    assert images.shape == (50_000, 32, 32, 3) and len(data) == len(data.names()) == 50_000
    assert images.dtype == np.uint8
    # The known means have three decimals.
    assert images.mean(axis=(0, 1, 2)) == pytest.approx([125.307, 122.950, 113.865], abs=5e-4)


@pytest.mark.slow
def test_training_and_validation_images_are_disjoint_and_all(cifar10_root: Path) -> None:
    training, validation, both = (
        Cifar10(cifar10_root, split) for split in ("train", "validation", "train_and_validation")
    )
    assert (len(training), len(validation)) == (45_000, 5_000)
    assert np.array_equal(np.concatenate([training.array(), validation.array()]), both.array())
    assert training.names() + validation.names() == both.names()
    assert validation.names()[0] == "train/45000"
    labels = [data.labels(0, len(data)) for data in (training, validation, both)]
    assert np.array_equal(np.concatenate(labels[:2]), labels[2])


def test_images_load_by_position(cifar10_root: Path) -> None:
    data = Cifar10(cifar10_root)
    assert np.array_equal(np.stack(data.load(9_990, 10_000)), data.array()[9_990:])
    assert data.names()[17] == "test/00017"
    assert [block.stop for block in block_ranges(data)] == [*range(256, 10_000, 256), 10_000]


def python2_pickle(planes: NDArray[np.uint8]) -> bytes:
    """What Python 2's pickle, protocol 2, writes for a dict of a label, a list of numbers and
    `planes`.
    """
    rows, columns = planes.shape
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"M" + struct.pack("<H", rows) + b"M" + struct.pack("<H", columns) + b"\x86"
    state = (
        b"(K\x01"
        + shape
        + dtype
        + b"\x89T"
        + struct.pack("<i", planes.size)
        + planes.tobytes()
        + b"t"
    )
    label = b"U\x0bbatch_label" + b"U\x14testing batch 1 of 1"
    return b"\x80\x02}(" + label + b"U\x06labels](K\x03K\x08eU\x04data" + array + state + b"bu."


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets files through whatever their MD5."""
    monkeypatch.setattr(cifar10, "_check_md5", lambda content, md5, path, archive: None)


def root_with(folder: str, name: str, content: bytes, root: Path) -> Path:
    (root / folder).mkdir()
    (root / folder / name).write_bytes(content)
    return root


def random_planes() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (10_000, 3072), dtype=np.uint8)


def test_both_layouts_give_the_same_images(tmp_path: Path, unchecked: None) -> None:
    planes = random_planes()
    records = np.insert(planes, 0, 7, axis=1).tobytes()
    python, binary = tmp_path / "python", tmp_path / "binary"
    python.mkdir()
    binary.mkdir()
    root_with("cifar-10-batches-py", "test_batch", python2_pickle(planes), python)
    root_with("cifar-10-batches-bin", "test_batch.bin", records, binary)
    images = Cifar10(python).array()
    assert np.array_equal(images, Cifar10(binary).array())
    assert (
        images[4, 3, 2].tolist()
        == planes[4, [3 * 32 + 2, 1024 + 3 * 32 + 2, 2048 + 3 * 32 + 2]].tolist()
    )


def test_the_python_layout_is_read_as_pickle_itself_reads_it() -> None:
    content = python2_pickle(random_planes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = pickle.loads(content, encoding="bytes")[b"data"]
    assert np.array_equal(cifar10._planes_of_pickle(content), expected)


class Runs:
    """Unpickled without restriction, makes the file it is told."""

    def __init__(self, path: Path) -> None:
        self.command = f"touch {path}"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_that_would_run_a_command_is_refused_unrun(
    protocol: int, tmp_path: Path, unchecked: None
) -> None:
    sign = tmp_path / "it-ran"
    content = pickle.dumps(Runs(sign), protocol)
    root = root_with("cifar-10-batches-py", "test_batch", content, tmp_path)
    with pytest.raises(
        DataError, match=r"test_batch is not a file of CIFAR-10: it asks for \w+\.system"
    ):
        Cifar10(root).array()
    assert not sign.exists()
    pickle.loads(content)
    assert sign.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        pickle.dumps([]),
        pickle.dumps({b"data": b"too short"}),
        python2_pickle(np.zeros((3, 4), np.uint8))[:-30],
        python2_pickle(np.zeros((9_999, 3072), np.uint8)),
        b"\x80\x02cnumpy\nndarray\n}b.",
    ],
    ids=["empty", "garbage", "list", "bytes", "truncated", "image missing", "state of a class"],
)
def test_a_pickle_that_holds_no_10_000_images_is_refused(
    content: bytes, tmp_path: Path, unchecked: None
) -> None:
    root = root_with("cifar-10-batches-py", "test_batch", content, tmp_path)
    with pytest.raises(DataError, match="test_batch is not a file of CIFAR-10"):
        Cifar10(root).array()


@pytest.mark.parametrize(
    ("folder", "name", "archive"),
    [
        ("cifar-10-batches-py", "test_batch", "cifar-10-python.tar.gz"),
        ("cifar-10-batches-bin", "test_batch.bin", "cifar-10-binary.tar.gz"),
    ],
)
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 30_730_000, b"\x00" * 5], ids=["empty", "zeros", "short"]
)
def test_a_file_with_another_md5_is_damaged(
    folder: str, name: str, archive: str, content: bytes, tmp_path: Path
) -> None:
    root = root_with(folder, name, content, tmp_path)
    with pytest.raises(
        DataError,
        match=f"{name} is damaged: its {len(content)} bytes have the MD5 [0-9a-f]+.*/{archive}",
    ):
        Cifar10(root).array()


def test_a_layout_without_a_file_names_the_file(tmp_path: Path) -> None:
    root = root_with("cifar-10-batches-bin", "data_batch_1.bin", b"", tmp_path)
    with pytest.raises(DataError, match=r"test_batch\.bin cannot be read: No such file"):
        Cifar10(root).array()


DOWNLOAD = "torchvision.datasets.utils.download_and_extract_archive"


def test_a_missing_set_without_internet_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(DOWNLOAD, unreachable)
    (tmp_path / "root").mkdir()
    with pytest.raises(DataError) as caught:
        Cifar10(tmp_path / "root").array()
    hints = [
        str(tmp_path / "root"),
        "cifar-10-batches-py",
        "cifar-10-batches-bin",
        "no route to host",
    ]
    hints += [
        "--data-root",
        "SEMCOMM_DATA",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ]
    assert all(hint in str(caught.value) for hint in hints)
    assert list((tmp_path / "root").iterdir()) == []


def test_a_missing_data_root_is_named_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a slip of the finger; the message's cures are accepted."""
    root, planes = tmp_path / "new" / "root", random_planes()
    monkeypatch.setenv("SEMCOMM_DATA", str(root))
    for data in (Cifar10(root), Cifar10()):
        assert f"the data root {root} does not exist: name the folder" in complaint(data)
        assert not root.parent.exists()
    monkeypatch.setattr(cifar10, "_check_md5", lambda content, md5, path, archive: None)
    monkeypatch.setattr(
        DOWNLOAD,
        lambda url, folder, md5: root_with(
            "cifar-10-batches-py", "test_batch", python2_pickle(planes), Path(folder)
        ),
    )
    root.mkdir(parents=True)
    assert len(Cifar10().array()) == 10_000


def test_missing_set_is_downloaded_once_and_silently(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unchecked: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planes, asked = random_planes(), []

    def served(url: str, folder: str, md5: str) -> None:
        asked.append((url, md5))
        print("Downloading")
        root_with("cifar-10-batches-py", "test_batch", python2_pickle(planes), Path(folder))

    monkeypatch.setattr(DOWNLOAD, served)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SEMCOMM_DATA", raising=False)
    images = [Cifar10().array() for _ in range(2)]
    assert asked == [(cifar10.ARCHIVE, cifar10.ARCHIVE_MD5)]
    assert np.array_equal(images[0].transpose(0, 3, 1, 2).reshape(10_000, 3072), planes)
    assert np.array_equal(images[0], images[1])
    cache = tmp_path / ".cache" / "semcomm"
    assert [path.name for path in cache.iterdir()] == ["cifar-10-batches-py"]
    assert capsys.readouterr().out == ""


def test_root_is_the_field_else_semcomm_data_else_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("field", "variable", "home/.cache/semcomm"):
        (tmp_path / name / "cifar-10-batches-bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEMCOMM_DATA", str(tmp_path / "variable"))
    assert "/field/cifar-10-batches-bin/" in complaint(Cifar10(tmp_path / "field"))
    assert "/variable/cifar-10-batches-bin/" in complaint(Cifar10())
    monkeypatch.setenv("SEMCOMM_DATA", "")
    assert "/home/.cache/semcomm/cifar-10-batches-bin/" in complaint(Cifar10())
    assert "/home/.cache/semcomm/cifar-10-batches-bin/" in complaint(
        Cifar10(Path("~/.cache/semcomm"))
    )


def complaint(data: Cifar10) -> str:
    with pytest.raises(DataError) as caught:
        data.array()
    return str(caught.value)


def save(image: Image, path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(image).save(path, **options)  # type: ignore[arg-type]
    return path


def test_folder_holds_its_images_sorted_and_nothing_else(tmp_path: Path) -> None:
    for seed, name in enumerate(["b.png", "a/z.PNG", "a/deep/x.bmp", "c.webp"]):
        save(photo(4 + seed, 9, seed), tmp_path / name, **({"lossless": True} if seed == 3 else {}))
    for other in ("notes.txt", "a/paper.pdf", "figure.eps", "weights.h5", "README", "a/film.mpg"):
        (tmp_path / other).write_bytes(b"not an image")
    (tmp_path / "folder.png").mkdir()
    data = ImageFolder(tmp_path)
    assert data.names() == ["a/deep/x.bmp", "a/z.PNG", "b.png", "c.webp"]
    expected = [photo(6, 9, 2), photo(5, 9, 1), photo(4, 9, 0), photo(7, 9, 3)]
    assert len(data) == 4
    for index, image in enumerate(data.load(0, 4)):
        assert np.array_equal(image, expected[index])
        assert data.pixels(index) == expected[index].size // 3


def test_a_single_file_is_a_set_of_one(tmp_path: Path) -> None:
    data = ImageFolder(save(photo(), tmp_path / "one.png"))
    assert data.names() == ["one.png"]
    assert np.array_equal(next(blocks(data))[0], photo())


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is neither a folder nor a file"):
        len(ImageFolder(tmp_path / "nowhere"))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=f"{tmp_path} holds no images"):
        ImageFolder(tmp_path).names()


def test_unreadable_image_is_named_before_the_first_block(tmp_path: Path) -> None:
    save(photo(), tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"not an image")
    with pytest.raises(DataError, match=r"b\.jpg cannot be read as an image"):
        blocks(ImageFolder(tmp_path))


def test_a_broken_link_is_named_rather_than_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        blocks(ImageFolder(tmp_path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_orientation_is_applied(orientation: int, tmp_path: Path) -> None:
    upright = photo()
    # What a camera stores when it is held in each of EXIF's eight ways.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    path = save(np.ascontiguousarray(stored), tmp_path / "x.png", exif=exif)
    assert np.array_equal(read_image(path), upright)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    result = read_image(save(rgba, tmp_path / "x.png"))
    assert result.tolist() == [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]


@pytest.mark.parametrize(
    "transparent", [None, 1, bytes([255, 0])], ids=["opaque", "index", "table"]
)
def test_palettes_are_looked_up(transparent: object, tmp_path: Path) -> None:
    picture = PIL.Image.frombytes("P", (3, 1), bytes([0, 1, 0]))
    picture.putpalette([200, 100, 50, 1, 2, 3])
    options = {} if transparent is None else {"transparency": transparent}
    picture.save(tmp_path / "x.png", **options)  # type: ignore[arg-type]
    second = [1, 2, 3] if transparent is None else [255, 255, 255]
    assert read_image(tmp_path / "x.png").tolist() == [[[200, 100, 50], second, [200, 100, 50]]]


def test_grey_and_black_and_white_become_three_equal_channels(tmp_path: Path) -> None:
    grey = photo()[..., 0]
    assert np.array_equal(read_image(save(grey, tmp_path / "x.png")), np.stack([grey] * 3, axis=-1))
    PIL.Image.fromarray(grey > 127).save(tmp_path / "y.png")
    assert np.array_equal(read_image(tmp_path / "y.png")[..., 1], np.where(grey > 127, 255, 0))


@pytest.mark.parametrize("name", ["x.png", "x.tiff", "x.pgm"])
def test_of_16_bit_grey_the_upper_8_bits_are_kept(name: str, tmp_path: Path) -> None:
    grey = np.array([[0, 255, 256, 0x7FFF, 0xFE01, 0xFFFF]], np.uint16)
    PIL.Image.fromarray(grey).save(tmp_path / name)
    result = read_image(tmp_path / name)
    assert result.dtype == np.uint8
    assert result.tolist() == [[[v, v, v] for v in (0, 0, 1, 0x7F, 0xFE, 0xFF)]]


def test_of_16_bit_colours_the_upper_8_bits_are_kept(tmp_path: Path) -> None:
    samples = np.array([[[0x01FF, 0x7F00, 0xFFFF]]], ">u2")
    (tmp_path / "x.png").write_bytes(
        png(width=1, height=1, depth=16, colour=2, rows=b"\0" + samples.tobytes())
    )
    assert read_image(tmp_path / "x.png").tolist() == [[[0x01, 0x7F, 0xFF]]]


def test_16_bit_grey_can_have_a_transparent_level(tmp_path: Path) -> None:
    rows = b"\0" + np.array([300, 1000], ">u2").tobytes()
    content = png(
        width=2, height=1, depth=16, colour=0, rows=rows, transparency=struct.pack(">H", 300)
    )
    (tmp_path / "x.png").write_bytes(content)
    assert read_image(tmp_path / "x.png").tolist() == [[[255] * 3, [1000 >> 8] * 3]]


def png(
    width: int, height: int, depth: int, colour: int, rows: bytes, transparency: bytes = b""
) -> bytes:
    """A PNG of the given header (W3C PNG, section 11), whatever its rows hold."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    transparent = chunk(b"tRNS", transparency) if transparency else b""
    body = header + transparent + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "samples",
    [
        np.full((1, 1), 0.5, np.float32),
        np.full((1, 1), 70_000, np.int32),
        np.full((1, 1), -1, np.int32),
    ],
)
def test_samples_without_a_known_white_are_refused(
    samples: NDArray[np.generic], tmp_path: Path
) -> None:
    PIL.Image.fromarray(samples).save(tmp_path / "x.tiff")
    with pytest.raises(DataError, match=r"x\.tiff holds .*; images of 8 or 16 bits can be sent"):
        read_image(tmp_path / "x.tiff")


def test_of_several_frames_the_first_is_read(tmp_path: Path) -> None:
    frames = [PIL.Image.fromarray(photo(seed=seed)) for seed in range(3)]
    frames[0].save(tmp_path / "x.png", save_all=True, append_images=frames[1:])
    assert np.array_equal(read_image(tmp_path / "x.png"), photo(seed=0))


@pytest.mark.parametrize(
    ("side", "reason"),
    [
        (8193, "8193 x 8193 = 67125249 pixels; an image may have 67108864"),
        (10_000, "an image may have 67108864"),
        (2**20, "far more pixels than the 67108864"),
    ],
)
def test_an_image_above_2_to_26_pixels_is_refused_by_its_header(
    side: int, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "x.png").write_bytes(png(width=side, height=side, depth=8, colour=2, rows=b""))
    for read in (read_image, lambda path: blocks(ImageFolder(path))):
        with pytest.raises(DataError, match=reason):
            read(tmp_path / "x.png")


def test_an_image_of_2_to_26_pixels_is_read(tmp_path: Path) -> None:
    PIL.Image.new("1", (8192, 8192)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png").shape == (8192, 8192, 3)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "ppm"])
@pytest.mark.parametrize("retained", [0, 1, 20, 0.5, 0.9])
def test_a_truncated_file_is_refused_by_name(form: str, retained: float, tmp_path: Path) -> None:
    path = save(Sample().load(0, 1)[0], tmp_path / f"x.{form}")
    content = path.read_bytes()
    path.write_bytes(content[: int(retained * len(content)) if retained < 1 else int(retained)])
    with pytest.raises(DataError, match=rf"x\.{form} cannot be read as an image"):
        read_image(path)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]), st.data())
def test_a_corrupted_file_is_an_image_or_a_data_error(form: str, draw: st.DataObject) -> None:
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo()).save(buffer, form)
    content = bytearray(buffer.getvalue())
    for _ in range(3):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    with pytest.MonkeyPatch.context() as patch:
        opened = PIL.Image.open
        patch.setattr(
            PIL.Image, "open", lambda path, formats: opened(io.BytesIO(content), formats=formats)
        )
        try:
            image = read_image(Path("x"))
        except DataError as error:
            assert str(error).startswith("x ")
        else:
            assert image.dtype == np.uint8 and image.shape[2:] == (3,)


def test_a_postscript_file_is_refused_before_ghostscript_runs_it(tmp_path: Path) -> None:
    PIL.Image.fromarray(photo()).save(tmp_path / "x.eps")
    (tmp_path / "x.eps").rename(tmp_path / "x.png")
    with pytest.raises(DataError, match=r"x\.png cannot be read as an image: cannot identify"):
        read_image(tmp_path / "x.png")


def test_a_folder_or_nothing_is_not_an_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no regular file"):
        read_image(tmp_path)
    with pytest.raises(DataError, match="x does not exist"):
        read_image(tmp_path / "x")


def test_data_sets_are_indexed_and_iterated_as_lists_are(tmp_path: Path) -> None:
    folder = save_images(tmp_path / "a", noise(5))
    for data in (Sample(), ImageFolder(folder), ImagePaths([folder, folder])):
        images = data.load(0, len(data))
        assert all(map(np.array_equal, data, images))
        assert np.array_equal(data[3], images[3]) and np.array_equal(data[-1], images[-1])
        assert [image.tobytes() for image in data[1:4:2]] == [images[n].tobytes() for n in (1, 3)]
        with pytest.raises(IndexError):
            data[len(data)]
