"""What the first release made and measured, kept as files: transmissions, codecs, and the tables of
a run.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec
from semcomm.data.sample import Sample
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.receiver import Receiver
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.transmission import Preamble, read_blocks, write_transmission
from semcomm.transmitter import Transmitter

HERE = Path(__file__).parent
CASES: dict[str, tuple[str, int | None, str, Framing]] = {
    "huffman": ("one-rate", None, "huffman", Framing()),
    "context-slices": ("one-rate", None, "context", Framing(slices=4, crc=8, length_bits=7)),
    "fixed-length-raw": ("one-rate", None, "fixed_length", Framing.raw()),
    "level": ("levels", 1, "huffman", Framing(crc=24, size=(8, 8))),
}
DIGESTS = {
    "one-rate": "32ee083544355753e2813aee3a3afcf0f29992c7dd1e21ffaa5b68a7dd5616cd",
    "levels@1": "06bd95b589b3d69dbce3bd1c0cc5a2afb44468b4aaec1474f37292b9dcccfaa2",
}
CELLS = range(7)


@pytest.fixture(scope="module")
def expected() -> dict[str, NDArray[Any]]:
    return load_file(HERE / "expected.safetensors")


def codec_of(case: str) -> Codec:
    stem, level, _, _ = CASES[case]
    return load_codec(HERE / f"{stem}.safetensors", level)


@pytest.mark.parametrize("case", CASES)
def test_transmitter_gives_the_same_bytes(case: str) -> None:
    codec, (_, _, coder, framing) = codec_of(case), CASES[case]
    sent = Transmitter(codec, coder, framing).transmit(Sample().load(0, 16))  # type: ignore[arg-type]
    stream = io.BytesIO()
    write_transmission(stream, Preamble.of(codec, coder, framing), [sent.signal])  # type: ignore[arg-type]
    assert stream.getvalue() == (HERE / f"{case}.sem").read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_receiver_gives_the_same_pictures(case: str, expected: dict[str, NDArray[Any]]) -> None:
    stream = io.BytesIO((HERE / f"{case}.sem").read_bytes())
    preamble = Preamble.read(stream)
    (frames,) = read_blocks(stream)
    received = Receiver(codec_of(case), preamble.entropy_coder, preamble.framing).receive(
        Reception.of(frames)
    )
    assert received.encoded["indices"] is not None
    assert np.array_equal(np.stack(received.encoded["indices"]), expected[f"{case} indices"])
    difference = np.stack(received.samples).astype(int) - expected[f"{case} images"]
    assert np.abs(difference).max() <= 1  # another machine's sums may round the other way


@pytest.mark.parametrize("case", CASES)
def test_receiver_conceals_as_before(case: str, expected: dict[str, NDArray[Any]]) -> None:
    stream = io.BytesIO((HERE / f"{case}.sem").read_bytes())
    preamble = Preamble.read(stream)
    (frames,) = read_blocks(stream)
    flips = np.random.default_rng(5).random(frames.bits.size) < 0.005
    reception = Reception.of(frames.with_bits(frames.bits ^ flips))
    received = Receiver(codec_of(case), preamble.entropy_coder, preamble.framing).receive(reception)
    assert received.encoded["indices"] is not None
    assert np.array_equal(received.damaged, expected[f"{case} damaged"])
    for grid, before in zip(
        received.encoded["indices"], expected[f"{case} damaged indices"], strict=True
    ):
        assert grid.shape != before.shape or np.array_equal(grid, before)


@pytest.mark.parametrize("name", DIGESTS)
def test_codecs_load_with_the_same_digest(name: str) -> None:
    stem, _, level = name.partition("@")
    codec = load_codec(HERE / f"{stem}.safetensors", int(level) if level else None)
    assert codec.digest.hex() == DIGESTS[name]


@pytest.mark.parametrize("cell", CELLS)
def test_runs_measure_the_same(cell: int) -> None:
    before = pd.read_csv(HERE / "results.csv").iloc[cell]
    images_before = pd.read_csv(HERE / "per_image.csv").query("cell == @cell").reset_index()
    results = simulate(read_scenarios(HERE / "sweep.yaml")[cell].scenario)
    measured = [
        name for name in before.index[5:] if name in results.summary and pd.notna(before[name])
    ]
    assert "psnr_db" in measured
    for name in measured:
        if isinstance(before[name], float):
            assert results.summary[name] == pytest.approx(before[name], rel=1e-9), name
    names = [name for name in images_before if name in results.per_image and name != "image"]
    assert "mse" in names
    for name in names:
        values = results.per_image[name].to_numpy(float)
        assert values == pytest.approx(
            images_before[name].to_numpy(float), rel=1e-9, nan_ok=True
        ), name
