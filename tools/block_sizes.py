"""Block sizes chosen by image, of an agreed mean:

    semcomm run reference-sizes --data-root DATA --out results/sizes
    semcomm run reference-sizes --data-root DATA --set data.split=validation --out results/agreed
    python tools/block_sizes.py results/agreed results/sizes 256,272 psnr_db results/block-sizes

writes tables of one row for each mean and each Es/N0. The transmitter takes for each image the size
with the highest quality, without losses, less a weight times the channel uses. Both ends have
agreed on the weight, by which the mean over the validation images is at most the one wanted, and on
how much quality losses cost at each size. The size goes before each block in a code of its own, and
is counted.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from semcomm.report.chosen import Chosen, cell_images, choose_images, write_chosen
from semcomm.report.per_image import read_per_image
from semcomm.report.results import read_results

Values = NDArray[np.float64]

SIZE_ERRORS = 1e-5
"""The most that the probability of a size received wrong may be."""

NAME = "ecvq-sizes"
LINK = ["link.modulation", "link.code.rate"]
SIZE = "link.channel_uses"
OWN = [SIZE, "seed"]
"""Settings of a size, which a choice among them does not have."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """The rows of one Es/N0, one for each of K sizes, over B images.

    sizes: (K,) channel uses.
    clean, noisy: of each size its images, without losses and as they arrived.
    """

    row: "pd.Series[str]"
    sizes: Values
    clean: list[pd.DataFrame]
    noisy: list[pd.DataFrame]

    def clean_quality(self, name: str) -> Values:
        """(K, B)"""
        return _quality(self.clean, name)

    def losses(self, name: str) -> Values:
        """What losses cost at each size, (K, 1), mean over images."""
        lost = _quality(self.clean, name) - _quality(self.noisy, name)
        means: Values = lost.mean(axis=1, keepdims=True)
        return means


def read_sizes(folder: Path) -> Iterator[Sizes]:
    """Of each Es/N0 of a run of `reference-sizes`."""
    table, images = read_results([folder]), read_per_image(folder)
    for _, rows in table.groupby(LINK, sort=False):
        ordered = rows.loc[rows[SIZE].astype(int).sort_values(kind="stable").index]
        clean, noisy = (ordered[ordered["scenario"] == name] for name in ("undisturbed", NAME))
        parts = cell_images(images, [*clean.index, *noisy.index])
        sizes = noisy[SIZE].to_numpy().astype(np.float64)
        yield Sizes(noisy.iloc[0], sizes, parts[: len(clean)], parts[len(clean) :])


def choose_sizes(values: Values, sizes: Values, weight: float) -> NDArray[np.int64]:
    """(B,) numbers of the sizes with the highest value less the weight times the size."""
    choice: NDArray[np.int64] = np.argmax(values - weight * sizes[:, None], axis=0)
    return choice


def agreed_weight(values: Values, sizes: Values, mean_size: float) -> float:
    """The lowest weight, to a part in 2^40 of the highest that could matter, by which the mean size
    is at most this.

    values: (K, B) of images on which both ends agree.
    """
    low, high = 0.0, float(np.ptp(values) / np.diff(sizes).min())
    if sizes[choose_sizes(values, sizes, low)].mean() <= mean_size:
        return low
    for _ in range(40):
        middle = (low + high) / 2
        if sizes[choose_sizes(values, sizes, middle)].mean() > mean_size:
            low = middle
        else:
            high = middle
    return high


def size_symbols(sizes: int, esn0_db: float) -> int:
    """QPSK symbols in which one of so many sizes is sent.

    The size is a number of m bits, in the simplex code of 2^m - 1 bits sent again and again. A
    codeword of weight w takes the place of the right one with the probability Q(sqrt(w Es/N0));
    their sum bounds that of an error.
    """
    message_bits = max(1, math.ceil(math.log2(sizes)))
    numbers = range(1, 1 << message_bits)
    words = np.array([[(ours & place).bit_count() % 2 for place in numbers] for ours in numbers])
    symbols, esn0 = 0, 10 ** (esn0_db / 10)
    while True:
        symbols += 1
        weights = words[:, np.arange(2 * symbols) % len(numbers)].sum(axis=1)
        if ndtr(-np.sqrt(weights * esn0)).sum() <= SIZE_ERRORS:
            return symbols


def chosen_sizes(agreed: Sizes, test: Sizes, mean_uses: float, quality: str) -> Chosen:
    """The row of the test images. `quality` is psnr_db or mse."""
    before = size_symbols(test.sizes.size, float(test.row["channel.esn0_db"]))
    losses = agreed.losses(quality)
    known = agreed.clean_quality(quality) - losses
    weight = agreed_weight(known, agreed.sizes, mean_uses - before)
    choice = choose_sizes(test.clean_quality(quality) - losses, test.sizes, weight)
    images = choose_images(test.noisy, choice)
    images["channel_uses"] += before
    settings = test.row[: test.row.index.get_loc("images")].drop(OWN).fillna("")
    values = {str(name): str(value) for name, value in settings.items()}
    values["scenario"] = f"{NAME}-{mean_uses:g}-by-{quality}"
    return Chosen.of(values, images, test.row.index)


def _quality(parts: Sequence[pd.DataFrame], name: str) -> Values:
    sign = -1 if name == "mse" else 1
    return sign * np.array([part[name].to_numpy() for part in parts])


if __name__ == "__main__":
    agreed, test, means, quality, output = sys.argv[1:]
    pairs = list(zip(read_sizes(Path(agreed)), read_sizes(Path(test)), strict=True))
    rows = [chosen_sizes(*pair, float(m), quality) for m in means.split(",") for pair in pairs]
    write_chosen(rows, Path(output))
