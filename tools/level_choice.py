"""Rules for the choice of a level under a budget, on the first training images of CIFAR-10:

    python tools/level_choice.py DATA huffman 300 400 512 700 900

prints the mean PSNR of each rule beside that of trying all levels, in dB.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.level_choice import finest_that_fits, fitted, squared_errors
from semcomm.data.cifar10 import Cifar10
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_codecs

IMAGES = 500
RULES = {
    "finest that fits": [0],
    "both": [0, 1],
    "three": [0, 1, 2],
}
"""Levels that are tried, counted from the finest that fits unweighted, or else the coarsest."""

Values = NDArray[np.float64]


def errors_by_level(budget_bits: int, transmitter: Transmitter) -> tuple[Values, NDArray[np.int64]]:
    """(levels, images) squared errors, infinite where a level does not fit, and the finest level
    that fits unweighted.
    """
    images, codecs = IMAGE_DATA, transmitter.codecs
    longest = partial(transmitter.longest, np.full((IMAGES, 2), 32))
    errors = np.empty((len(codecs), IMAGES))
    for level in range(len(codecs)):
        levels = np.full(IMAGES, level)
        choice = fitted(budget_bits, codecs, levels, images, longest)
        over = choice.frame_bits > budget_bits
        errors[level] = np.where(over, np.inf, squared_errors(codecs, images, choice))
    return errors, finest_that_fits(budget_bits, codecs, images, longest)


def mean_psnr(errors: Values) -> float:
    """Over the images that fit."""
    fit = errors[np.isfinite(errors)]
    return float(np.mean(10 * np.log10(255**2 * 32 * 32 * 3 / fit)))


if __name__ == "__main__":
    root, coder, *budgets = sys.argv[1:]
    IMAGE_DATA = Cifar10(root=Path(root), split="train").load(0, IMAGES)
    for budget in map(int, budgets):
        sender = Transmitter(load_codecs("ecvq-levels"), coder, budget_bits=budget)  # type: ignore[arg-type]
        errors, finest = errors_by_level(budget, sender)
        first, best = np.maximum(finest, 0), mean_psnr(errors.min(axis=0))
        print(f"{coder}, {budget} bits: all levels {best:.3f} dB", end="")
        for name, steps in RULES.items():
            tried = [np.minimum(first + step, len(errors) - 1) for step in steps]
            chosen = np.min([errors[level, range(IMAGES)] for level in tried], axis=0)
            unfit = int(np.isinf(chosen).sum())
            print(f"; {name} {mean_psnr(chosen) - best:+.3f} ({unfit} unfit)", end="")
        single = max(mean_psnr(row) for row in errors if np.isfinite(row).all())
        print(f"; the best level for all {single - best:+.3f}", flush=True)
