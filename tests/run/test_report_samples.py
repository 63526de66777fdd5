"""The samples that a run stores for the report: what was sent and received, and nothing damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command import cli_ok
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import CodeTable
from semcomm.data.sample import Sample
from semcomm.errors import ReportError
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.run.block import per_image_table, run_block
from semcomm.run.block_file import load_block, save_block
from semcomm.run.report_samples import (
    COUNT,
    FirstSamples,
    ReportSample,
    load_report_sample,
    report_pictures,
    save_report_sample,
)
from semcomm.transmitter import Transmitter

pytestmark = pytest.mark.usefixtures("one_thread")

SCENARIO = """\
codec: {{model: {codec}, device: cpu}}
framing: {{slices: 2, crc: 8}}
channel: {{model: binary_symmetric}}
images: 20
sweep: {{channel.crossover: [0, 0.01]}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_codec_file: Path) -> Path:
    """A run of two cells, without and with bit errors; its scenario is mine.yaml beside it."""
    path = tmp_path_factory.mktemp("samples") / "mine.yaml"
    path.write_text(SCENARIO.format(codec=tiny_codec_file))
    run = path.with_name("run")
    cli_ok("run", path, "--out", run, "--workers", 1)
    return run


def grids(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 4, (2, 3, 1), np.uint16) for _ in range(2)]


def pictures(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (2, 5, 4, 3), np.uint8))


def digital_sample() -> ReportSample:
    frames = Frames.join([np.array([1, 0, 1], np.uint8), np.array([0, 1], np.uint8)])
    first = FirstSamples(pictures(0), pictures(1), frames, 1, grids(2), grids(3), np.array([6, 6]))
    code = CodeTable(np.array([1, 2, 3, 3], np.uint8), np.array([0.5, 0.25, 0.125, 0.125]))
    scenario = {"name": "a", "channel.crossover": 0.1, "link.code": None, "framing.header": True}
    rows = [{"image": "x", "psnr_db": 20.5}, {"image": "y", "psnr_db": None}]
    return ReportSample(scenario, first, rows, code, np.array([3, 1]))


def analogue_sample() -> ReportSample:
    symbols = [np.array([1 + 2j, -0.5j]), np.array([], complex)]
    gains_db, loads = (
        np.array([[-1.5, 2], [0, -100]], np.float32),
        np.array([[2, 8], [4, 0]], np.uint8),
    )
    first = FirstSamples(pictures(0), pictures(1), symbols=symbols, gains_db=gains_db, loads=loads)
    return ReportSample({"seed": 1}, first, [{}, {}], None, np.empty(0, np.int64))


def is_same(one: ReportSample, other: ReportSample) -> bool:
    arrays = [sample.first.to_arrays() for sample in (one, other)]
    tables = [
        [sample.code.lengths, sample.code.probabilities] if sample.code else []
        for sample in (one, other)
    ]
    return (
        (one.settings, one.rows) == (other.settings, other.rows)
        and arrays[0].keys() == arrays[1].keys()
        and all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])
        and len(tables[0]) == len(tables[1])
        and all(map(np.array_equal, *tables))
        and np.array_equal(one.index_counts, other.index_counts)
    )


@pytest.mark.parametrize(
    "sample", [digital_sample(), analogue_sample()], ids=["digital", "analogue"]
)
def test_a_sample_comes_back_as_it_was_stored(tmp_path: Path, sample: ReportSample) -> None:
    save_report_sample(tmp_path, 3, sample)
    again = load_report_sample(tmp_path, 3)
    assert is_same(again, sample)
    assert [type(value) for value in again.settings.values()] == [
        type(value) for value in sample.settings.values()
    ]
    for name in ("frames", "crc", "indices", "received_indices", "indices_per_frame", "symbols"):
        assert (getattr(again.first, name) is None) == (getattr(sample.first, name) is None)


def test_symbols_are_complex_again(tmp_path: Path) -> None:
    save_report_sample(tmp_path, 0, analogue_sample())
    symbols = load_report_sample(tmp_path, 0).first.symbols
    assert symbols is not None
    assert [array.tolist() for array in symbols] == [[1 + 2j, -0.5j], []]


@given(st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_changed_byte_changes_nothing_or_is_an_error(tmp_path: Path, data: st.DataObject) -> None:
    sample = digital_sample()
    save_report_sample(tmp_path, 0, sample)
    (path,) = (tmp_path / "samples").iterdir()
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        again = load_report_sample(tmp_path, 0)
    except ReportError as error:
        assert "damaged" in str(error) and "--fresh" in str(error)
    else:
        assert is_same(again, sample)


@given(st.integers(0, 4000))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_shortened_file_is_an_error(tmp_path: Path, length: int) -> None:
    save_report_sample(tmp_path, 0, digital_sample())
    (path,) = (tmp_path / "samples").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: min(length, len(content) - 1)])
    with pytest.raises(ReportError, match=r"damaged.*--fresh"):
        load_report_sample(tmp_path, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": []},
        {"rows": [[1]]},
        {"rows": []},
        {"index_counts": np.ones(100, np.int64)},
        {"index_counts": np.ones(2)},
    ],
)
def test_other_content_with_its_digest_is_an_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    save_report_sample(tmp_path, 0, replace(digital_sample(), **changes))
    with pytest.raises(ReportError, match=r"damaged.*--fresh"):
        load_report_sample(tmp_path, 0)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"000001\.safetensors does not exist.*--fresh"):
        load_report_sample(tmp_path, 1)


def test_samples_are_what_transmitter_and_receiver_make(folder: Path, tiny_codec: Codec) -> None:
    images, framing = Sample().load(0, COUNT), Framing(slices=2, crc=8)
    sent = Transmitter(tiny_codec, framing=framing).transmit(images)
    clean, noisy = load_report_sample(folder, 0), load_report_sample(folder, 1)
    for sample in (clean, noisy):
        first = sample.first
        assert first.frames and first.indices and first.received_indices and sample.code
        assert all(map(np.array_equal, first.sent, images))
        assert all(map(np.array_equal, first.indices, sent.encoded["indices"]))
        assert np.array_equal(first.frames.bits, sent.signal.bits)
        assert np.array_equal(first.frames.lengths, sent.signal.lengths)
        assert first.indices_per_frame is not None
        assert first.indices_per_frame.tolist() == [64] * 2 * COUNT
        assert first.crc == 8
        assert np.array_equal(sample.code.lengths, tiny_codec.code_lengths)
        assert sample.index_counts.sum() == 20 * 128
        latents = tiny_codec.dequantize(first.received_indices)
        decoded = tiny_codec.decode(latents, [(32, 32)] * COUNT)
        assert all(map(np.array_equal, first.received, decoded))
    assert is_same_indices(clean)
    assert not is_same_indices(noisy)


def is_same_indices(sample: ReportSample) -> bool:
    first = sample.first
    return all(map(np.array_equal, first.indices or [], first.received_indices or []))


def test_settings_go_by_their_key_path(folder: Path) -> None:
    clean, noisy = (load_report_sample(folder, row).settings for row in range(2))
    assert (clean["channel.crossover"], noisy["channel.crossover"]) == (0, 0.01)
    assert (clean["framing.slices"], clean["channel.model"]) == (2, "binary_symmetric")
    assert all(isinstance(value, int | float | bool | str | None) for value in clean.values())


def test_rows_are_those_of_the_table(folder: Path) -> None:
    table = pd.read_csv(folder / "per_image.csv")
    for row in range(2):
        ours = pd.DataFrame(load_report_sample(folder, row).rows)
        theirs = table[table.cell == row].head(COUNT).drop(columns="cell").reset_index(drop=True)
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12)


def test_pictures_have_the_psnr_of_their_rows(folder: Path) -> None:
    for number in range(2):
        sample = load_report_sample(folder, number)
        first = sample.first
        for row, sent, received in zip(sample.rows, first.sent, first.received, strict=True):
            mse = np.mean((sent.astype(float) - received) ** 2)
            assert row["psnr_db"] == pytest.approx(10 * np.log10(255**2 / mse))


def test_the_origin_holds_command_date_and_versions(folder: Path) -> None:
    origin = json.loads((folder / "origin.json").read_text())
    assert origin["command"].split()[:2] == ["semcomm", "run"]
    assert {"semcomm", "python", "torch", "numpy"} <= origin["versions"].keys()
    assert "T" in origin["date"]


def test_a_block_comes_back_from_its_file(folder: Path, tmp_path: Path) -> None:
    from semcomm.run.block import Task
    from semcomm.scenario.scenario import read_scenarios

    cell = read_scenarios(folder.with_name("mine.yaml"))[1]
    block = run_block(Task(str(tmp_path), 0, cell, 0, shared=False))
    save_block(block, tmp_path / "block.safetensors")
    again = load_block(tmp_path / "block.safetensors")
    assert again is not None and again.first is not None and block.first is not None
    pd.testing.assert_frame_equal(per_image_table([again]), per_image_table([block]))
    ours, theirs = again.first.to_arrays(), block.first.to_arrays()
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_large_pictures_are_reduced_to_means() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1030, 600, 3), np.uint8)
    (small,) = report_pictures([image])
    assert small.shape == (344, 200, 3)
    assert small[5, 7, 1] == pytest.approx(image[15:18, 21:24, 1].mean(), abs=1)
    assert report_pictures([image[:512, :512]])[0].shape == (512, 512, 3)
    assert len(report_pictures([image[:4, :4]] * 20)) == COUNT
