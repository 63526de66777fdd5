"""Channel matrices: normalization, patches there and back, checks, pictures and the codec's ends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import About, codec_from, load_codec, save_codec
from semcomm.codec.networks import Geometry
from semcomm.codec.training.export import export_codec
from semcomm.codec.training.losses import VqAutoencoder
from semcomm.codec.training.recipe import Recipe
from semcomm.errors import CodecError, DataError
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.modalities.csi import (
    SCALE,
    blank,
    from_network,
    given_matrices,
    magnitudes,
    normalized,
    to_network,
)
from semcomm.modalities.modality import MODALITIES
from semcomm.modalities.patches import to_patches
from semcomm.receiver import Receiver
from semcomm.transmitter import Transmitter


def matrices(count: int, rows: int = 32, columns: int = 32, seed: int = 0) -> NDArray[np.float32]:
    """Random ones, most of whose energy is in early rows."""
    rng = np.random.default_rng([seed, rows, columns])
    decay = np.exp(-np.arange(rows) / 4)[:, None, None]
    return normalized(rng.standard_normal((count, rows, columns, 2)) * decay)


@pytest.fixture(scope="module")
def csi_codec() -> Codec:
    """A small codec of channel matrices with untrained networks."""
    samples = list(matrices(32))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        geometry = Geometry(groups=2, dimension=4, codewords=32, channels=8)
        model = VqAutoencoder(geometry, quantizer="vq", modality="csi")
        patches = to_network(torch.from_numpy(to_patches(samples[0][None])))
        model.codebook.copy_(model.sub_vectors(patches).flatten(end_dim=-2)[None, :32])
    return export_codec("tiny", model, Recipe(quantizer="vq", rate_weight=0.0), samples, {})


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_matrices_of_any_scale_get_the_energy_1(scale: float) -> None:
    raw = np.random.default_rng(0).standard_normal((5, 6, 7, 2)).astype(np.float32)
    unit = normalized(raw * np.float32(scale))
    assert np.square(unit, dtype=np.float64).sum(axis=(1, 2, 3)) == pytest.approx(1, abs=1e-6)
    assert unit == pytest.approx(normalized(raw), abs=1e-6)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "only zeros"), (np.nan, "not finite"), (np.inf, "not finite")]
)
def test_a_matrix_without_a_norm_is_refused_by_its_number(value: float, words: str) -> None:
    raw = np.ones((3, 2, 2, 2))
    raw[1] = value
    with pytest.raises(DataError, match=f"channel matrix 1 holds .*{words}"):
        normalized(raw)


@given(st.integers(1, 3), st.integers(1, 14), st.integers(1, 14))
def test_networks_give_back_what_they_are_given(count: int, rows: int, columns: int) -> None:
    samples = matrices(count, rows, columns)
    patches = torch.from_numpy(to_patches(samples))
    assert patches.shape == (count, -(-rows // 4), -(-columns // 4), 32)
    whole = from_network(to_network(patches))  # times 16 and back loses nothing
    assert np.array_equal(whole[:, :rows, :columns], samples)


def test_networks_see_samples_of_the_energy_256() -> None:
    seen = to_network(torch.from_numpy(to_patches(matrices(4))))
    assert seen.square().sum(dim=(1, 2, 3)).numpy() == pytest.approx(SCALE**2, rel=1e-5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((2, 4, 4, 3), np.float32), r"matrix 0 is \(4, 4, 3\) float32; it takes"),
        (np.zeros((2, 4, 4, 2)), "matrix 0 is .* float64; it takes"),
        (np.full((1, 4, 4, 2), 0.5, np.float32), "the energy 8; it takes 1: divide it"),
        (np.full((1, 4, 4, 2), np.nan, np.float32), "the energy nan; it takes 1"),
        ("file.npy", "given as a str"),
        (3, "given as a int"),
        (np.array(0.5, np.float32), "given as one number"),
    ],
)
def test_what_is_no_normalized_matrix_is_refused(given: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        given_matrices(given)


def test_tensors_are_taken_as_arrays() -> None:
    samples = matrices(2)
    taken = given_matrices(torch.from_numpy(samples))
    assert np.array_equal(np.stack(taken), samples)


def test_a_picture_is_white_where_all_energy_is_and_black_below_50_db() -> None:
    matrix = blank(2, 3)
    matrix[0, 1] = 0.6, 0.8
    matrix[1, 0] = 0.1, 0  # 20 of 50 dB down
    matrix[1, 2] = 1e-4, 0
    picture = magnitudes(matrix)
    assert picture.shape == (2, 3, 3) and picture.dtype == np.uint8
    assert picture[..., 0].tolist() == [[0, 255, 0], [153, 0, 0]]


def test_a_codec_says_its_modality_and_one_of_images_does_not(
    csi_codec: Codec, tiny_codec: Codec, tmp_path: Path
) -> None:
    save_codec(csi_codec, tmp_path / "tiny.safetensors")
    loaded = load_codec(tmp_path / "tiny.safetensors")
    assert loaded.modality == "csi" and loaded.digest == csi_codec.digest
    about = About(tiny_codec.geometry, tiny_codec.quantizer, dict(tiny_codec.origin))
    assert "modality" not in about.to_json()
    with pytest.raises(CodecError, match=r"no tensor encoder.0.weight of shape \(8, 32, 3, 3\)"):
        codec_from("tiny", replace(about, modality="csi"), tiny_codec.tensors)


def test_matrices_of_any_size_go_from_end_to_end(csi_codec: Codec) -> None:
    samples = [matrices(1, rows, columns)[0] for rows, columns in [(32, 32), (9, 30), (32, 32)]]
    sent = Transmitter(csi_codec).transmit(samples)
    received = Receiver(csi_codec).receive(Reception.of(sent.signal))
    latents = csi_codec.dequantize(csi_codec.quantize(csi_codec.encode(samples)))
    expected = csi_codec.decode(latents, [sample.shape[:2] for sample in samples])
    for ours, theirs in zip(received.samples, expected, strict=True):
        assert ours.dtype == np.float32 and np.array_equal(ours, theirs)
    assert not received.damaged.any()


def test_a_frame_that_is_lost_becomes_a_matrix_of_the_agreed_size(csi_codec: Codec) -> None:
    framing = Framing(size=(32, 28))
    sent = Transmitter(csi_codec, framing=framing).transmit(matrices(2, 32, 28))
    lost = sent.signal.with_bits(sent.signal.bits ^ 1)
    received = Receiver(csi_codec, framing=framing).receive(Reception.of(lost))
    assert received.damaged.all()
    assert [sample.shape for sample in received.samples] == [(32, 28, 2)] * 2


def test_a_codec_refuses_samples_of_the_other_modality(csi_codec: Codec, tiny_codec: Codec) -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(DataError, match=r"channel matrix 0 is \(32, 32, 3\) uint8"):
        Transmitter(csi_codec).transmit([image])
    with pytest.raises(DataError, match=r"image 0 is \(32, 32, 2\) float32"):
        Transmitter(tiny_codec).transmit(matrices(1))


def test_refinement_brings_matrices_nearer(csi_codec: Codec) -> None:
    samples = list(matrices(4))

    def error(steps: int) -> float:
        latents = csi_codec.dequantize(csi_codec.quantize(csi_codec.encode(samples, steps)))
        decoded = csi_codec.decode(latents, [(32, 32)] * 4)
        return float(np.square(np.stack(decoded) - np.stack(samples)).sum())

    assert error(8) < error(0)


@pytest.mark.parametrize("name", MODALITIES)
def test_a_blank_is_a_sample_with_a_picture(name: str) -> None:
    modality = MODALITIES[name]  # type: ignore[index]
    sample = modality.blank(5, 6)
    assert sample.shape == (5, 6, modality.channels) and sample.dtype == modality.dtype
    picture = modality.picture(sample)
    assert picture.shape == (5, 6, 3) and picture.dtype == np.uint8
