"""Channels of a cell by 3GPP TR 38.901, as Sionna generates them, over delay and angle.

A base station with a horizontal line of antennas serves a sector of 120 degrees, in which one
terminal with a single antenna stands at a random place, indoors or outdoors, as table 7.2-1 has it.
The parameters are those of TR 38.901 V16.1.0.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomm.choices import CellModel
from semcomm.data.drops import Drops

FIRST_PATH_ROW = 6
"""The row of the earliest path. Paths between two rows spread over their neighbours, also over
earlier ones, so the window begins with rows before the first path (docs/csi.md).
"""

ON_CPU: dict[str, str] = {"precision": "double", "device": "cpu"}
"""So that the same bytes come from the same seed on machines with a GPU, too."""


@dataclass(frozen=True)
class Paths:
    """The propagation paths of n drops.

    gains: (n, antennas, paths) complex128; delays: (n, paths) in s, the earliest of each drop is 0.
    """

    gains: NDArray[np.complex128]
    delays: NDArray[np.float64]


def delay_angle_windows(
    cell: CellModel, drops: Drops, count: int, seed: int
) -> NDArray[np.complex128]:
    """The first delays of so many new drops, (count, delays, angles).

    They are transformed one by one, as a channel over all delays may have 2^23 entries.
    """
    paths = drawn_paths(cell, drops, count, seed)
    windows = np.empty((count, drops.delays, drops.antennas), np.complex128)
    for window, gains, delays in zip(windows, paths.gains, paths.delays, strict=True):
        (channel,) = delay_angle_channels(Paths(gains[None], delays[None]), drops)
        window[:] = channel[: drops.delays]
    return windows


def delay_angle_channels(paths: Paths, drops: Drops) -> NDArray[np.complex128]:
    """Channels over all delays and angles, (n, subcarriers, antennas).

    Both discrete Fourier transforms, from subcarriers to delays and from antennas to angles, are
    unitary. Rows are multiples of one over the bandwidth, from FIRST_PATH_ROW before the earliest
    path on; columns are sines of the azimuth from -1 to 1, straight ahead in the middle.
    """
    count, spacing = drops.subcarriers, 1e3 * drops.spacing_khz
    frequencies = np.fft.fftfreq(count) * count * spacing  # 0 and up, then below 0
    delays = paths.delays + FIRST_PATH_ROW / (count * spacing)
    phases = np.exp(-2j * np.pi * delays[:, :, None] * frequencies)
    over_delay = np.fft.ifft(paths.gains @ phases, axis=2, norm="ortho")
    over_angle = np.fft.fft(over_delay, axis=1, norm="ortho")
    channels: NDArray[np.complex128] = np.fft.fftshift(over_angle, axes=1).transpose(0, 2, 1)
    return channels


def drawn_paths(cell: CellModel, drops: Drops, count: int, seed: int) -> Paths:
    """The paths of so many drops, without path loss and shadow fading, which are scale alone."""
    with seeded(seed):
        model = sionna_model(cell, drops)
        drop_terminals(model, cell, count)
        gains, delays = model(1, 1.0)
    return Paths(gains.numpy()[:, 0, 0, 0, :, :, 0], delays.numpy()[:, 0, 0])


def sionna_model(cell: CellModel, drops: Drops) -> Any:
    """Sionna's model of the cell, before a terminal has a place."""
    from sionna.phy.channel.tr38901 import PanelArray, UMa, UMi

    hertz = 1e9 * drops.carrier_ghz
    station = PanelArray(1, drops.antennas, "single", "V", "38.901", hertz, **ON_CPU)
    terminal = PanelArray(1, 1, "single", "V", "omni", hertz, **ON_CPU)
    model = {"umi": UMi, "uma": UMa}[cell]
    return model(
        hertz,
        o2i_model="low",
        ut_array=terminal,
        bs_array=station,
        direction="downlink",
        enable_pathloss=False,
        enable_shadow_fading=False,
        spec_version="16.1",
        **ON_CPU,
    )


def drop_terminals(model: Any, cell: CellModel, count: int, **states: Any) -> None:
    """Give the terminals of so many cells random places.

    states: further arguments of the model's `set_topology`, such as los=False.
    """
    from sionna.phy.channel import gen_single_sector_topology

    model.set_topology(*gen_single_sector_topology(count, 1, cell, **ON_CPU), **states)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Sionna's generators begin with this seed; PyTorch's own is as it was afterwards."""
    with torch.random.fork_rng(devices=[]):
        from sionna.phy import config  # its import seeds PyTorch's generator

        before = config.seed
        config.seed = seed
        try:
            yield
        finally:
            config.seed = before
