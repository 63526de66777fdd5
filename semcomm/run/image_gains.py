"""The gain that each image meets."""

import numpy as np

from semcomm.channel import SymbolChannel
from semcomm.link.checked_channel import with_checks
from semcomm.measures.totals import Columns
from semcomm.run.seeds import block_generator
from semcomm.scenario.scenario import Scenario


def gain_column(scenario: Scenario, number: int, images: int, frames: int) -> Columns:
    """20 log10 |h| as `gain_db`, (B,), where one gain h holds for all of an image: it has one
    frame, which is not mixed with others, over a channel of one gain per frame. With
    retransmission it is that of the first transmission. Elsewhere there is no column.

    The gains are drawn again from the block's generator, as `transmit` draws them.

    number: of the block; images, frames: of the block.
    """
    channel = scenario.channel
    mixed = (scenario.link.interleaving or 1) > 1
    if not isinstance(channel, SymbolChannel) or mixed or frames != images:
        return {}
    state = with_checks(channel).draw(frames, block_generator(scenario.seed, channel, number))
    if state is None or state.gains.shape[1] > 1:
        return {}
    return {"gain_db": 20 * np.log10(np.abs(state.gains[:, 0]))}
