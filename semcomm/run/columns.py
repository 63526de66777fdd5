"""From what was sent and received to numbers: columns with an entry per sample, and their summary.

docs/scenarios.md defines the columns. Those whose name has a space are only added up, and appear in
no table.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from semcomm.channel import SymbolReception
from semcomm.counting import bit_errors, channel_counts, frame_errors
from semcomm.errors import MeasureError, RunError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.link.codes import LdpcCode
from semcomm.link.link import Link
from semcomm.measures.intervals import wilson
from semcomm.measures.measure import Measure
from semcomm.measures.taken_names import OF_SAMPLES_AND_CARRIER
from semcomm.measures.totals import Columns, Totals
from semcomm.plugin_code import plugin_code
from semcomm.run.cached_system import Values
from semcomm.scenario.channel_class import Channel
from semcomm.stages import Samples, Sent
from semcomm.systems.checked import checked_values

RateInterval = Callable[[int, int], tuple[float, float]]
"""From a number of events, and of how many trials, to the 95 % interval of their rate."""


def joined(*parts: Columns) -> dict[str, Any]:
    """The columns of all parts. Raises RunError where two of them have a name in common."""
    whole: dict[str, Any] = {}
    for part in parts:
        if common := whole.keys() & part.keys():
            raise RunError(
                f"two columns are named {min(common)}: give that of the system or of the measure "
                "another name"
            )
        whole |= part
    return whole


def sample_columns(names: Sequence[str], images: Samples) -> Columns:
    """The name and the size of each image."""
    shapes = np.array([image.shape for image in images])
    pixels = shapes[:, 0] * shapes[:, 1]
    return {
        "image": list(names),
        "height": shapes[:, 0],
        "width": shapes[:, 1],
        "image pixels": pixels,
        "image values": np.array([image.size for image in images]),
    }


def measure_columns(measures: Mapping[str, Measure], values: Values, sent: Samples) -> Columns:
    """Each measure's values, and the terms of the means that it needs further."""
    terms = {
        f"{item.of_mean.name} terms": checked_values(
            name, item.of_mean.terms, values[name], sent, samples=len(sent)
        )
        for name, item in measures.items()
        if item.of_mean
    }
    return {**values, **terms}


def carrier_columns(sent: Sent[Any], reception: Any, framing: Framing, link: Link) -> Columns:
    """What carrying each sample's frames took, and how many of them arrived wrong; of an ideal code
    without the bits on the channel, which it has not.
    """
    if isinstance(reception, SymbolReception):
        return {"channel_uses": reception.channel_uses}
    assert isinstance(reception, Reception)
    columns = frame_columns(sent.signal, reception, framing)
    without = ("coded_bits", "bit_errors") if link.ideal else ()
    return {name: values for name, values in columns.items() if name not in without}


def frame_columns(sent: Frames, reception: Reception, framing: Framing) -> Columns:
    """The same of frames of bits, S per sample."""
    arrived, counts = reception.frames, channel_counts(sent, reception)
    is_wrong = frame_errors(sent, arrived)
    whole = sent.lengths == arrived.lengths
    columns = {
        "coded_bits": counts.channel_bits,
        "channel_uses": counts.channel_uses,
        "bit_errors": counts.bit_errors,
        "post_fec_bit_errors": np.where(whole, bit_errors(sent, arrived), sent.lengths),
        "frames": np.ones_like(sent.lengths),
        "initial_frame_errors": counts.initial_errors,
        "residual_frame_errors": is_wrong.astype(np.int64),
        "false_accepts": (is_wrong & framing.crc_ok(arrived)).astype(np.int64),
        "transmissions": counts.transmissions,
        "feedback_bits": counts.feedback_bits,
    }
    return {
        name: values.reshape(-1, framing.slices).sum(axis=1) for name, values in columns.items()
    }


def measure_summary(totals: Totals, measures: Mapping[str, Measure]) -> dict[str, Any]:
    """The columns of results.csv that the measures give."""
    row: dict[str, Any] = {}
    for name, item in measures.items():
        if item.mean:
            row[name] = totals.mean(name)
        if item.mean and item.share:
            row[f"{name}_low"], row[f"{name}_high"] = totals.wilson(name)
        elif item.mean:
            row[f"{name}_ci95"] = totals.half_width(name)
        for end, share in item.percentiles.items():
            row[f"{name}_{end}"] = totals.histograms[name].percentile(share)
        if item.of_mean:
            mean = totals.mean(f"{item.of_mean.name} terms")
            with plugin_code(f"measure {name}", item.of_mean.value, MeasureError):
                row[item.of_mean.name] = float(item.of_mean.value(mean))
    return row


def averaged_columns(columns: Columns) -> list[str]:
    """The columns of a system and of the measures, whose means have intervals."""
    return [
        name
        for name, values in columns.items()
        if not isinstance(values, list) and " " not in name and name not in OF_SAMPLES_AND_CARRIER
    ]


def carrier_summary(
    totals: Totals, channel: Channel, link: Link, interval: RateInterval = wilson
) -> dict[str, Any]:
    """The columns of results.csv on link and channel."""
    sums = totals.sums
    row: dict[str, Any] = {
        "channel_uses_per_image": totals.mean("channel_uses"),
        "bandwidth_ratio": sums["channel_uses"] / sums["image values"],
    }
    if "frames" not in sums:
        return row
    frames, wrong_frames = totals.total("frames"), totals.total("residual_frame_errors")
    lowest, highest = interval(wrong_frames, frames)
    row |= {
        "coded_bits_per_image": None,
        "overhead_bits_per_image": None,
        "transmissions_per_frame": sums["transmissions"] / frames,
        "bit_errors": None,
        "bit_error_rate": None,
        "post_fec_bit_errors": totals.total("post_fec_bit_errors"),
        "post_fec_bit_error_rate": _share(sums["post_fec_bit_errors"], sums["bits"]),
        "frames": frames,
        "initial_frame_errors": totals.total("initial_frame_errors"),
        "initial_frame_error_rate": sums["initial_frame_errors"] / frames,
        "residual_frame_errors": wrong_frames,
        "residual_frame_error_rate": wrong_frames / frames,
        "residual_frame_error_rate_low": lowest,
        "residual_frame_error_rate_high": highest,
        "false_accepts": totals.total("false_accepts"),
    }
    if "coded_bits" in sums:
        overhead = sums["coded_bits"] + sums["feedback_bits"] - sums["payload_bits"]
        row |= {
            "coded_bits_per_image": totals.mean("coded_bits"),
            "overhead_bits_per_image": overhead / totals.samples,
            "bit_errors": totals.total("bit_errors"),
            "bit_error_rate": _share(sums["bit_errors"], sums["coded_bits"]),
        }
    used, esn0_db = link.adapted(channel), getattr(channel, "esn0_db", None)
    if esn0_db is not None and (link.modulation or link.loading):
        uses, bits = sums["channel_uses"], sums["payload_bits"]
        is_sent = uses > 0 and bits > 0
        per_bit_db = esn0_db + 10 * math.log10(uses / bits) if is_sent else None
        row["energy_per_payload_bit_db"] = per_bit_db
    if isinstance(used.code, LdpcCode) and used is not link:
        row |= {"adapted_modulation": used.modulation, "adapted_code_rate": used.code.rate}
    return row


def _share(events: float, of: float) -> float | None:
    """None of nothing, such as the bits on the channel where loading sends no frame."""
    return events / of if of else None
