"""The gains over frequency that the first images of a cell meet, for the report."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import State, SymbolChannel
from semcomm.link.checked_channel import with_checks
from semcomm.ofdm.channel import Ofdm
from semcomm.run.report_samples import COUNT
from semcomm.run.seeds import block_generator
from semcomm.scenario.scenario import Scenario


def first_gains(
    scenario: Scenario, images: int, frames: int
) -> tuple[NDArray[np.float32] | None, NDArray[np.uint8] | None]:
    """What the first frame of each of the first B images meets in its first transmission, and in
    the first OFDM symbol where gains change within a frame.

    The gains are drawn again from the generator of the first block, as `transmit` draws them.

    images, frames: of the first block, equally many frames of each image.
    Returns |h|^2 in dB on each of K subcarriers, (B, K), at least -100 dB, and with loading how
    many bits each carries; None over a channel without gains, or of one gain per frame.
    """
    channel, link = scenario.channel, scenario.link
    if not isinstance(channel, SymbolChannel):
        return None, None
    together = link.interleaving or 1
    carried = -(-frames // together)
    first = np.arange(min(images, COUNT)) * (frames // images) // together
    rng = block_generator(scenario.seed, channel, 0)
    state: State | None
    if isinstance(channel, Ofdm):
        paths = channel.path_gains(carried, 1, rng)[first]
        state = State(channel.over_grid(paths, 1)[:, 0], channel.noise_variance)
    elif state := with_checks(channel).draw(carried, rng):
        state = replace(state, gains=state.gains[first])
    if state is None or state.gains.shape[1] == 1:
        return None, None
    decibels = 10 * np.log10(np.maximum(np.abs(state.gains) ** 2, 1e-10))
    loads = link.loading.loads(state).bits.astype(np.uint8) if link.loading else None
    return decibels.astype(np.float32), loads
