"""The code and the bitstreams that a report's page shows, as plain data for its script."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.code_table import CodeTable, canonical_codes
from semcomm.report.store import Store
from semcomm.run.report_samples import ReportSample

Values = dict[str, Any]

MAX_POSITIONS = 4096


def code_values(sample: ReportSample, codes: Store, streams: Store) -> Values:
    """The code of a cell and its first bitstreams; nothing for a system without a prefix code."""
    code, first = sample.code, sample.first
    if code is None or first.frames is None or first.indices_per_frame is None:
        return {}
    arrays = code.lengths, code.probabilities, sample.index_counts
    key = tuple(array.tobytes() for array in arrays)
    grids = list(zip(first.indices or [], first.received_indices or [], strict=True))
    return {
        "code": codes.number(key, lambda: _codewords(code, sample.index_counts)),
        "streams": [
            _stream_number(streams, sample, code, number) if sent.size <= MAX_POSITIONS else None
            for number, (sent, _) in enumerate(grids)
        ],
        "wrong": [_wrong_indices(sent.ravel(), received.ravel()) for sent, received in grids],
    }


def _codewords(code: CodeTable, index_counts: NDArray[np.int64]) -> Values:
    """Codewords as zeros and ones, their shares in training, and how often the run sent them."""
    words = [
        f"{word:0{length}b}" if length else ""
        for word, length in zip(canonical_codes(code.lengths), code.lengths, strict=True)
    ]
    counts = np.zeros(code.lengths.size, np.int64)
    counts[: index_counts.size] = index_counts
    return {"words": words, "probabilities": code.probabilities.tolist(), "counts": counts.tolist()}


def _stream_number(streams: Store, sample: ReportSample, code: CodeTable, number: int) -> int:
    """One sample's indices and frames: the bits of each frame, where its payload, its filling and
    its CRC begin, and how many indices it holds.
    """
    first = sample.first
    assert first.frames and first.indices and first.indices_per_frame is not None
    grid, crc = first.indices[number], first.crc or 0
    slices = len(first.frames) // len(first.sent)
    of_sample = slice(number * slices, (number + 1) * slices)
    counts = first.indices_per_frame[of_sample]
    is_filled = sample.settings.get("link.channel_uses") is not None
    frames, start = [], 0
    for bits, count in zip(first.frames.split()[of_sample], counts.tolist(), strict=True):
        payload_bits = int(code.lengths[grid.ravel()[start : start + count]].sum())
        start += count
        end = bits.size - crc
        filling = int(np.flatnonzero(bits[:end])[-1]) if is_filled else end
        frames.append(
            {
                "bits": "".join(map(str, bits.tolist())),
                "payload": filling - payload_bits,
                "filling": filling,
                "crc": end,
                "indices": count,
            }
        )
    stream = {"shape": list(grid.shape), "indices": grid.ravel().tolist(), "frames": frames}
    return streams.number(json.dumps([stream, code.lengths.tolist()]), lambda: stream)


def _wrong_indices(sent: NDArray[np.uint16], received: NDArray[np.uint16]) -> list[list[int]]:
    """Positions whose index arrived as another, and these; none where the image's size was lost."""
    if sent.size != received.size:
        return [[], []]
    places = np.flatnonzero(sent != received)
    return [places.tolist(), received[places].tolist()]
