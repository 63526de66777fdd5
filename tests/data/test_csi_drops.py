"""Generated channel matrices: their transforms, their spreads by TR 38.901, and their cache."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semcomm.choices import CellModel
from semcomm.data import csi_cell
from semcomm.data.choice import CSI_SAMPLE
from semcomm.data.csi_cell import FIRST_PATH_ROW, Paths, delay_angle_channels, drawn_paths
from semcomm.data.csi_drops import CHUNK, CsiDrops
from semcomm.data.csi_file import CsiFile
from semcomm.data.drops import Drops
from semcomm.errors import DataError

SMALL = Drops(count=CHUNK, antennas=4, delays=8, subcarriers=16, spacing_khz=240.0)

SPREADS: dict[tuple[CellModel, str], tuple[float, float, float, float]] = {
    ("umi", "los"): (-0.24 * math.log10(4.5) - 7.14, 0.38, -0.05 * math.log10(4.5) + 1.21, 0.41),
    ("umi", "nlos"): (
        -0.24 * math.log10(4.5) - 6.83,
        0.16 * math.log10(4.5) + 0.28,
        -0.23 * math.log10(4.5) + 1.53,
        0.11 * math.log10(4.5) + 0.33,
    ),
    ("umi", "o2i"): (-6.62, 0.32, 1.25, 0.42),
    ("uma", "los"): (-6.955 - 0.0963 * math.log10(6), 0.66, 1.06 + 0.1114 * math.log10(6), 0.28),
    ("uma", "nlos"): (-6.28 - 0.204 * math.log10(6), 0.39, 1.5 - 0.1144 * math.log10(6), 0.28),
    ("uma", "o2i"): (-6.62, 0.32, 1.25, 0.42),
}
"""Mean and standard deviation of log10 of the delay spread in s, and of that of the azimuth spread
of departure in degrees, at 3.5 GHz: TR 38.901 V16.1.0, table 7.5-6, part 1. UMa below 6 GHz takes
the values of 6 GHz.
"""


def single_path(delay: float, angle: float, drops: Drops) -> Paths:
    """One path whose phase advances by 2 pi * angle from antenna to antenna."""
    steering = np.exp(2j * np.pi * angle * np.arange(drops.antennas))
    return Paths(steering[None, :, None], np.array([[delay]]))


def test_a_path_on_the_grid_is_one_entry_with_all_energy() -> None:
    row = 1 / (SMALL.subcarriers * SMALL.spacing_khz * 1e3)
    energies = np.abs(delay_angle_channels(single_path(3 * row, 0.25, SMALL), SMALL)[0]) ** 2
    assert energies.shape == (16, 4)
    # 4 antennas have the angles -1/2, -1/4, 0 and 1/4 in columns.
    assert energies[FIRST_PATH_ROW + 3, 3] == pytest.approx(SMALL.antennas * SMALL.subcarriers)
    energies[FIRST_PATH_ROW + 3, 3] = 0
    assert energies.max() < 1e-20


def test_transforms_are_unitary_and_agree_with_their_sums() -> None:
    rng = np.random.default_rng(0)
    gains = rng.standard_normal((2, 4, 5)) + 1j * rng.standard_normal((2, 4, 5))
    paths = Paths(gains, rng.uniform(0, 2e-6, (2, 5)))
    channels = delay_angle_channels(paths, SMALL)
    bandwidth = SMALL.subcarriers * SMALL.spacing_khz * 1e3
    frequencies = (np.arange(16) - 8) * 240e3
    response = np.einsum(
        "nap,npf->naf", gains, np.exp(-2j * np.pi * frequencies * paths.delays[:, :, None])
    )
    assert np.sum(np.abs(channels) ** 2) == pytest.approx(np.sum(np.abs(response) ** 2))
    delay, angle = 9, 1  # worked as sums, of the angle -1/4
    shift = np.exp(2j * np.pi * frequencies * (delay - FIRST_PATH_ROW) / bandwidth)
    lines = np.exp(2j * np.pi * 0.25 * np.arange(4))
    expected = np.einsum("naf,f,a->n", response, shift, lines) / math.sqrt(16 * 4)
    assert channels[:, delay, angle] == pytest.approx(expected)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="delays is 64; 32 subcarriers have as many delays"):
        Drops(delays=64, subcarriers=32)
    with pytest.raises(ValueError, match="antennas is 1024; a matrix takes at most 65536 entries"):
        Drops(antennas=1024, delays=128)
    assert Drops(antennas=1024, delays=64).antennas == 1024


def in_state(cell: CellModel, state: str, count: int) -> tuple[NDArray[np.float64], ...]:
    """Delay spreads in s and azimuth spreads in degrees that were drawn for terminals in this
    state, and rms delay spreads of the clusters that were made of them.
    """
    from sionna.phy.channel import gen_single_sector_topology

    with csi_cell.seeded(7):
        model = csi_cell.sionna_model(cell, Drops())
        indoor = 1.0 if state == "o2i" else 0.0
        places = gen_single_sector_topology(
            count, 1, cell, indoor_probability=indoor, **csi_cell.ON_CPU
        )
        model.set_topology(*places, los=state == "los")
        drawn = model.sample_lsp()
        model.return_rays = True
        rays = model(1, 1.0)[2]
    powers, delays = rays.powers.numpy()[:, 0, 0], rays.delays.numpy()[:, 0, 0]
    powers = powers / powers.sum(axis=1, keepdims=True)
    means = (powers * delays).sum(axis=1, keepdims=True)
    clusters = np.sqrt((powers * (delays - means) ** 2).sum(axis=1))
    return drawn.ds.numpy().ravel(), drawn.asd.numpy().ravel(), clusters


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "state"), SPREADS)
def test_spreads_are_log_normal_as_tr_38_901_has_them(cell: CellModel, state: str) -> None:
    """Medians of what is drawn, as TR 38.901 clips angles, within 99.9 % intervals; the share below
    a standard deviation under them within that of a binomial.
    """
    count = 1000
    ds_mean, ds_deviation, asd_mean, asd_deviation = SPREADS[cell, state]
    spreads, angles, clusters = map(np.log10, in_state(cell, state, count))
    for drawn, mean, deviation in (
        (spreads, ds_mean, ds_deviation),
        (angles, asd_mean, asd_deviation),
    ):
        # The median of n normal values has the deviation sqrt(pi / 2 n) of theirs.
        assert np.median(drawn) == pytest.approx(
            mean, abs=3.29 * deviation * math.sqrt(math.pi / 2 / count)
        )
        below = np.mean(drawn < mean - deviation)
        assert below == pytest.approx(0.15866, abs=3.29 * math.sqrt(0.1587 * 0.8413 / count))
    if state != "los":  # there, clusters are without the line of sight
        # Twenty clusters with random powers are a little narrower than what they are made of.
        assert np.median(clusters) == pytest.approx(ds_mean, abs=0.07)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["umi", "uma"])
def test_the_window_keeps_99_percent_of_the_energy(cell: CellModel) -> None:
    drops = Drops()
    energies = np.abs(delay_angle_channels(drawn_paths(cell, drops, 512, 1), drops)) ** 2
    kept = energies[:, : drops.delays].sum(axis=(1, 2)) / energies.sum(axis=(1, 2))
    assert kept.mean() > 0.99


@pytest.mark.slow
def test_the_sample_is_the_first_drops_of_seed_1(tmp_path: Path) -> None:
    made = np.stack(CsiDrops("umi", Drops(count=256, seed=1), tmp_path).load(0, 256))
    assert np.stack(CsiFile(CSI_SAMPLE).load(0, 256)) == pytest.approx(made, abs=1e-3)


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    threads, contents = torch.get_num_threads(), []
    for number in (1, 2):
        torch.set_num_threads(number)
        data = CsiDrops("umi", SMALL, tmp_path / str(number))
        data.load(0, 3)
        contents.append(data.chunk_file(0).read_bytes())
    torch.set_num_threads(threads)
    assert contents[0] == contents[1]
    other = CsiDrops("umi", replace(SMALL, seed=1), tmp_path / "1")
    assert not np.array_equal(other[0], data[0])


def test_generation_leaves_the_generator_of_pytorch_as_it_was() -> None:
    before = torch.get_rng_state()
    drawn_paths("umi", SMALL, 2, 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the chunks that are made, of random numbers in place of channels."""
    seeds: list[int] = []

    def windows(cell: CellModel, drops: Drops, count: int, seed: int) -> NDArray[np.complex128]:
        seeds.append(seed)
        parts = np.random.default_rng(seed).standard_normal((2, count, drops.delays, 4))
        return np.asarray(parts[0] + 1j * parts[1])

    monkeypatch.setattr(csi_cell, "delay_angle_windows", windows)
    return seeds


def test_only_chunks_that_are_needed_and_missing_are_made(
    counted: list[int], tmp_path: Path
) -> None:
    data = CsiDrops("umi", replace(SMALL, count=10 * CHUNK), tmp_path)
    assert len(data) == 10 * CHUNK and not counted
    part = data.load(CHUNK - 2, CHUNK + 3)
    assert len(part) == 5 and len(counted) == 2
    data.load(0, 3 * CHUNK)
    assert len(counted) == 3 == len(set(counted))
    again = CsiDrops("umi", replace(SMALL, count=2 * CHUNK), tmp_path)
    assert np.array_equal(np.stack(again.load(CHUNK - 2, CHUNK + 3)), np.stack(part))
    assert len(counted) == 3 and again.names()[CHUNK] == f"umi/{CHUNK:06d}"


def test_other_settings_have_a_folder_of_their_own(tmp_path: Path) -> None:
    folders = {
        CsiDrops(cell, drops, tmp_path).folder
        for cell in ("umi", "uma")
        for drops in (SMALL, replace(SMALL, seed=1), replace(SMALL, carrier_ghz=28.0))
    }
    assert len(folders) == 6
    assert CsiDrops("umi", replace(SMALL, count=7), tmp_path).folder in folders


def test_a_damaged_chunk_is_refused_in_words(counted: list[int], tmp_path: Path) -> None:
    data = CsiDrops("umi", SMALL, tmp_path)
    data.load(0, 1)
    file = data.chunk_file(0)
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    with pytest.raises(
        DataError, match=r"00000\.drops is damaged: its SHA-256 is wrong; remove it"
    ):
        data.load(0, 1)
    file.unlink()
    assert len(data.load(0, 1)) == 1 and len(counted) == 2
