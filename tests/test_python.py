"""What notebooks use: names of the package, and runs as a function."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from command import cli_ok
from ruamel.yaml import YAML

import semcomm
from semcomm.version import __version__

SWEEP = """\
codec: {model: vq-n64}
framing: {header: false, crc: 16}
channel: {model: binary_symmetric}
images: 3
sweep: {channel.crossover: [0, 0.01], seed: [1, 2]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SWEEP)
    return path


def test_each_public_name_is_there() -> None:
    for name in semcomm.__all__:
        assert getattr(semcomm, name) is not None
    assert {"run", "read_image", "psnr_db", "ssim", "LdpcCode", "Retransmission"} <= {
        *semcomm.__all__
    }


def test_a_run_gives_the_rows_of_the_command_line(tmp_path: Path, scenario: Path) -> None:
    rows = semcomm.run(scenario)
    cli_ok("run", scenario, "--out", tmp_path / "out", "--workers", 1)
    written = pd.read_csv(tmp_path / "out" / "results.csv")
    pd.testing.assert_frame_equal(rows, written)
    assert rows["channel.crossover"].tolist() == [0, 0, 0.01, 0.01]
    assert rows.psnr_db.dtype == float


def test_a_dict_is_what_its_file_is(scenario: Path) -> None:
    sections = YAML(typ="safe").load(SWEEP)
    sections["sweep"]["channel.crossover"] = np.array([0, 0.01])
    pd.testing.assert_frame_equal(
        semcomm.run({"name": "mine", **sections}, ["sweep.seed=[1]"]),
        semcomm.run(scenario, ["sweep.seed=[1]"]),
    )


def test_a_run_with_a_folder_stays_there_and_without_leaves_none(
    tmp_path: Path, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    options = ["sweep={seed: [1]}", "channel.crossover=0"]
    rows, sent = semcomm.run(scenario, options, out=tmp_path / "out"), list[int]()
    again = semcomm.run(scenario, options, out=str(tmp_path / "out"), on_progress=sent.append)
    pd.testing.assert_frame_equal(rows, again)
    assert sent == [] and (tmp_path / "out" / "per_image.csv").exists()
    pd.testing.assert_frame_equal(rows, semcomm.run(scenario, options, on_progress=sent.append))
    assert sum(sent) == 3 and not list((tmp_path / "temporary").iterdir())


def test_mistakes_of_a_dict_are_told_without_a_place_in_a_file() -> None:
    with pytest.raises(semcomm.SemcommError) as told:
        semcomm.run({"codec": {"modle": "vq-n64"}, "seed": -1}, ["images=0"])
    assert str(told.value).splitlines() == [
        "scenario: codec.model is missing; it takes a name",
        "scenario: codec.modle is not known; did you mean `model`?",
        "scenario: seed is -1; it takes a whole number from 0 to 18446744073709551615",
        "--set images=0: images is 0; it takes a whole number of at least 1 or null",
    ]
    with pytest.raises(semcomm.SemcommError, match="scenario: it takes plain values"):
        semcomm.run({"codec": object()})


def test_run_is_a_function_whether_its_package_is_loaded_or_not() -> None:
    program = (
        "import semcomm; first = semcomm.run; import semcomm.run.seeds; second = semcomm.run\n"
        "for run in (first, second):\n"
        "    print(len(run('error-free', ['images=2', 'codec={model: webp, quality: 5}'])))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["1", "1"], done.stderr


def test_python_runs_the_package_as_the_command_line() -> None:
    command = [sys.executable, "-m", "semcomm", "--version"]
    assert __version__ in subprocess.run(command, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (PIL.Image.new("RGB", (8, 8)), "8 x 8"),
        ("a.png", "a.png does not exist"),
        (np.zeros((0, 8, 3), np.uint8), r"image 0 is \(0, 8, 3\) uint8; it takes .*at least one"),
    ],
)
def test_what_a_notebook_hands_to_the_transmitter_is_told(image: object, message: str) -> None:
    transmitter = semcomm.Transmitter(semcomm.load_codec("vq-n64"), framing=semcomm.Framing(False))
    with pytest.raises(semcomm.SemcommError, match=message):
        transmitter.transmit([image])


def test_measures_take_what_the_transmitter_takes(tmp_path: Path) -> None:
    (image,) = semcomm.Sample()[:1]
    PIL.Image.fromarray(image).save(tmp_path / "a.png")
    forms = [image, PIL.Image.fromarray(image), tmp_path / "a.png", str(tmp_path / "a.png")]
    darker = [image // 2] * len(forms)
    assert semcomm.psnr_db(forms, darker).tolist() == semcomm.psnr_db([image] * 4, darker).tolist()
    assert len(set(semcomm.ssim(forms, darker))) == 1
    assert np.array_equal(semcomm.read_image(str(tmp_path / "a.png")), image)
    with pytest.raises(semcomm.SemcommError, match=r"image 0 is \(32, 3\) uint8; it takes"):
        semcomm.psnr_db(image, image)
