"""Columns of indices whose bits flip on the way: how often, by codebook and place in the index."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.frames import Symbols
from semcomm.measures.intervals import wilson
from semcomm.measures.totals import Columns, Totals
from semcomm.stages import Received, Sent
from semcomm.systems.system import BIT_SUMMARIES

Reals = NDArray[np.float64]


def flip_columns(sent: Sent[Symbols], received: Received, learned: Reals) -> Columns:
    """Bits sent and wrong, energy, and for the summary the same by codebook and place.

    learned: (V, B) the flip probabilities of each codebook's bits.
    """
    assert received.encoded is not None  # as the receiver gives what it decided
    books, ours = (np.asarray(sent.encoded[name]) for name in ("books", "indices"))
    wrong = ours ^ np.asarray(received.encoded["indices"])
    energies = np.square(np.abs(sent.signal.values)).reshape(len(sent.signal), -1).mean(axis=1)
    columns, errors = {}, np.zeros(len(books), np.int64)
    for book in range(len(learned)):
        of_book = (books == book) & ~received.damaged[:, None]
        columns[f"sub-vectors {book}"] = of_book.sum(axis=1)
        for bit in range(learned.shape[1]):
            flips = (of_book & (wrong >> bit & 1 == 1)).sum(axis=1)
            columns[f"errors {book} {bit}"] = flips
            errors += flips
    bits = np.full(len(books), books.shape[1] * learned.shape[1])
    return {"bits": bits, "bit_errors": errors, "energy": energies, **columns}


def flip_summary(totals: Totals, learned: Reals) -> dict[str, Any]:
    """Their columns of results.csv."""
    errors = totals.total("bit_errors")
    row = dict.fromkeys(BIT_SUMMARIES) | {
        "quantizer": "esc",
        "bits_per_image": totals.mean("bits"),
        "bits_per_image_ci95": totals.half_width("bits"),
        "bpp": totals.sums["bits"] / totals.sums["image pixels"],
        "side_information_bits": 0,
        "bit_errors": errors,
        "bit_error_rate": errors / totals.sums["bits"],
        "energy_per_channel_use": totals.mean("energy"),
    }
    for book, crossovers in enumerate(learned):
        trials = totals.total(f"sub-vectors {book}")
        row[f"sub_vectors_{book}"] = trials / totals.samples
        for bit, crossover in enumerate(crossovers):
            row |= _flips(totals, book, bit, trials)
            row[f"flips_{book}_{bit}_learned"] = float(crossover)
    return row


def _flips(totals: Totals, book: int, bit: int, trials: int) -> dict[str, float | None]:
    """The measured flip rate of a codebook's bits at one place and its 95 % interval."""
    name = f"flips_{book}_{bit}"
    if not trials:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    errors = totals.total(f"errors {book} {bit}")
    low, high = wilson(errors, trials)
    return {name: errors / trials, f"{name}_low": low, f"{name}_high": high}
