"""What all systems of bits have in common: the columns of their frames and payloads."""

from typing import Any

import numpy as np

from semcomm.frames import Frames
from semcomm.measures.totals import Columns, Totals
from semcomm.stages import Sent


def bit_columns(sent: Sent[Frames]) -> Columns:
    """Bits of each sample, of its frames and of its payloads, and whether it did not fit them."""
    assert sent.payload_bits is not None  # as every system of bits says it
    bits = sent.signal.lengths.reshape(sent.payload_bits.size, -1).sum(axis=1)
    unfit = sent.encoded.get("unfit", np.zeros(bits.size, np.bool_))
    return {"bits": bits, "payload_bits": sent.payload_bits, "unfit": unfit}


def bit_summary(totals: Totals) -> dict[str, Any]:
    """Their columns of results.csv."""
    return {
        "quantizer": None,
        "bits_per_image": totals.mean("bits"),
        "bits_per_image_ci95": totals.half_width("bits"),
        "payload_bits_per_image": totals.mean("payload_bits"),
        "entropy_bits_per_image": None,
        "unfit": totals.total("unfit"),
        "bpp": totals.sums["bits"] / totals.sums["image pixels"],
        "index_error_rate": None,
    }
