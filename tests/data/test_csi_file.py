"""Channel matrices from files: every form that is taken, and each that is refused, in words."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from semcomm.data.choice import DataChoice
from semcomm.data.csi_file import CsiFile, matrices_of
from semcomm.data.data_set import Data, block_ranges, fingerprint
from semcomm.errors import DataError

RNG = np.random.default_rng(0)
COMPLEX = RNG.standard_normal((3, 5, 4)) + 1j * RNG.standard_normal((3, 5, 4))
PAIRS = np.stack([COMPLEX.real, COMPLEX.imag], axis=-1)
UNIT = PAIRS / np.sqrt(np.square(PAIRS).sum(axis=(1, 2, 3), keepdims=True))

FILES: list[Data] = [CsiFile(Path("channels.npy"))]
"""It is a Data to mypy, and constructing one reads nothing."""


def loaded(path: Path) -> NDArray[np.float32]:
    data = DataChoice(csi=path).open()
    return np.stack(data.load(0, len(data)))


@pytest.mark.parametrize(
    "array",
    [COMPLEX, COMPLEX.astype(np.complex64), PAIRS, PAIRS.astype(np.float32), 7e-9 * PAIRS],
    ids=["complex128", "complex64", "pairs", "float32", "small"],
)
def test_windows_are_read_and_normalized(array: NDArray[Any], tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", array)
    read = loaded(tmp_path / "mine.npy")
    assert read.dtype == np.float32 and read == pytest.approx(UNIT, abs=1e-6)


def test_planes_before_rows_are_read_as_well(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", PAIRS.transpose(0, 3, 1, 2))
    assert loaded(tmp_path / "mine.npy") == pytest.approx(UNIT, abs=1e-6)


def test_npz_and_mat_files_are_read_by_their_only_array_or_ht(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", whatever=COMPLEX)
    np.savez(tmp_path / "two.npz", HT=COMPLEX, other=np.zeros(2))
    savemat(tmp_path / "one.mat", {"whatever": COMPLEX})
    savemat(tmp_path / "two.mat", {"other": "text", "HT": COMPLEX})
    for name in ("one.npz", "two.npz", "one.mat", "two.mat"):
        assert loaded(tmp_path / name) == pytest.approx(UNIT, abs=1e-6)


def test_cost2100s_layout_is_two_planes_of_angles_and_delays(tmp_path: Path) -> None:
    """A single path at angle 3 and delay 5, with the value 0.3 - 0.4j."""
    planes = np.full((1, 2, 32, 32), 0.5, np.float32)
    planes[0, 0, 3, 5] += 0.3
    planes[0, 1, 3, 5] -= 0.4
    savemat(tmp_path / "DATA_Htestin.mat", {"HT": planes.reshape(1, 2048)})
    (matrix,) = loaded(tmp_path / "DATA_Htestin.mat")
    assert matrix.shape == (32, 32, 2)
    assert matrix[5, 3] == pytest.approx([0.6, -0.8], abs=1e-6)
    matrix[5, 3] = 0
    assert not matrix.any()


def test_names_blocks_and_copies_are_as_of_images(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", COMPLEX)
    data = CsiFile(tmp_path / "mine.npy")
    assert data.names() == ["mine/00000", "mine/00001", "mine/00002"]
    assert block_ranges(data) == [range(3)] and data.pixels(0) == 20
    data[0][:] = 0
    assert data[0].any() and data.labels(0, 3) is None and data.classes() == ()


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (ran,)

    np.save(tmp_path / "mine.npy", np.array([Hostile()], object), allow_pickle=True)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Hostile()))
    np.savez(tmp_path / "mine.npz", HT=np.array([Hostile()], object))
    savemat(tmp_path / "cells.mat", {"HT": np.array([1, "a"], object)})
    for name, words in (
        ("mine.npy", "it cannot be read: Object arrays"),
        ("raw.npy", "it cannot be read: the magic string"),
        ("mine.npz", "it cannot be read: Object arrays"),
        ("cells.mat", "HT is of the class cell"),
    ):
        with pytest.raises(DataError, match=f"{name}: {words}"):
            loaded(tmp_path / name)
    assert not ran.exists()


def npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zip_of(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def declared(shape: tuple[int, ...]) -> bytes:
    """A .npy file that says that it has this shape, and holds four bytes."""
    file = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.npy", npy(COMPLEX)[:-20], "it cannot be read"),
        ("a.npy", npz(HT=COMPLEX), "it cannot be read: the magic string"),
        ("a.npy", declared((10**6, 1000, 1000, 2)), "it cannot be read"),
        ("a.npz", b"PK", "it cannot be read"),
        ("a.npz", npy(COMPLEX), "it cannot be read: File is not a zip file"),
        ("a.npz", zip_of("HT", b"hello"), "it cannot be read: EOF"),
        ("a.npz", zip_of("HT.npy", declared((10**6, 1000, 1000, 2))), "it cannot be read"),
        ("a.mat", b"MATLAB", "it cannot be read"),
        ("a.csv", b"1,2", r"ends in '.csv'; it takes .npy, .npz, .mat"),
        ("a.npy", npy(np.zeros((3, 7))), r"it holds \(3, 7\) float64; it takes \(n, delays"),
        ("a.npy", npy(np.zeros((0, 4, 4, 2))), r"it holds \(0, 4, 4, 2\) float64"),
        ("a.npy", npy(np.array(1.0)), r"it holds \(\) float64; it takes \(n, delays"),
        ("a.npy", npy(np.array(["x"])), r"it holds \(1,\) <U1"),
        ("a.npy", npy(np.zeros((2, 4, 4, 2))), "channel matrix 0 holds only zeros"),
        ("a.npy", npy(np.full((2, 4, 4, 2), np.nan)), "channel matrix 0 holds a value that is not"),
        (
            "a.npy",
            npy(np.full((2, 2048), 1.5)),
            "it holds .n, 2048. values from 1.5 to 1.5; those of COST2100's",
        ),
    ],
)
def test_bad_files_are_refused_in_words(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: {words}|{name}: its name {words}"):
        loaded(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
def test_more_numbers_than_memory_is_meant_for_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is compressed is refused before it is unpacked."""
    path = tmp_path / name
    if name == "a.mat":
        savemat(path, {"HT": COMPLEX}, do_compression=True)
    else:
        path.write_bytes(npy(COMPLEX) if name == "a.npy" else npz(HT=COMPLEX))
    assert len(loaded(path)) == 3
    monkeypatch.setattr("semcomm.data.csi_file.MAX_VALUES", 40)
    with pytest.raises(DataError, match="takes at most"):
        loaded(path)


def test_a_matrix_larger_than_the_largest_image_is_refused() -> None:
    wide = np.broadcast_to(np.int8(1), (1, 2, 8193, 8192))
    with pytest.raises(DataError, match="a matrix has at most 67108864 entries"):
        matrices_of(wide)


def test_several_arrays_without_ht_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", first=COMPLEX, second=COMPLEX)
    savemat(tmp_path / "two.mat", {"first": COMPLEX, "second": COMPLEX})
    for name in ("two.npz", "two.mat"):
        with pytest.raises(DataError, match="the arrays first, second; it takes a single one, or"):
            loaded(tmp_path / name)


def test_a_mat_file_of_hdf5_is_refused_with_what_would_do(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "a.mat").write_bytes(header + bytes(512))
    with pytest.raises(DataError, match=r"version 7\.3: save it with -v7"):
        loaded(tmp_path / "a.mat")


def test_there_is_a_sample_of_256() -> None:
    matrices = np.stack(DataChoice(csi="sample").open().load(0, 256))
    assert matrices.shape == (256, 32, 32, 2)
    assert np.square(matrices).sum(axis=(1, 2, 3)) == pytest.approx(1, abs=1e-5)
    assert len({matrix.tobytes() for matrix in matrices}) == 256


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"csi": "umi", "name": "sample"}, "or csi, channel matrices"),
        ({"csi": "sample", "drops": {}}, "drops are for csi that is `umi` or `uma`"),
        ({"csi": "a.npy", "root": "b"}, "root is for the name `cifar10`, and for csi"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], words: str) -> None:
    from semcomm.data.csi_drops import Drops

    with pytest.raises(ValueError, match=words):
        DataChoice(**fields | ({"drops": Drops()} if "drops" in fields else {}))


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", PAIRS)
    first = fingerprint(CsiFile(tmp_path / "mine.npy"), 3)
    np.save(tmp_path / "mine.npy", PAIRS[::-1])
    assert fingerprint(CsiFile(tmp_path / "mine.npy"), 3) != first
