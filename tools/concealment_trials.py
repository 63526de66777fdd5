"""Concealment with one constant changed at a time, and what each gives on the first of CIFAR-10's
validation images.

    python tools/concealment_trials.py DATA_ROOT [IMAGES]
    python tools/concealment_trials.py DATA_ROOT [IMAGES] CORRELATION=0.3,0.4 DEPENDENCE=4,6

The second tries all combinations of the values of the constants named. Prints PSNR and the PSNR of
the mean MSE of eight slices per image with a CRC of 8 bits, whose bits flip or of which a tenth are
lost, of one slice without a CRC, and of one slice with a CRC of 16 bits and an LDPC code that loses
a third of the frames. The codec was not trained on these images.
"""

import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from semcomm.concealment import crc_error_patterns, interpolation, neighbourhood, repair
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios

CODEC = Path(__file__).parents[1] / "experiments/codecs/ecvq-n128-k512-nu16-e32.safetensors"
SLICES = "framing={slices: 8, crc: 8, length_bits: 8}"
CHANNELS = {
    "flips of 3e-3": [SLICES, "channel={model: binary_symmetric, crossover: 0.003}"],
    "flips of 1e-2": [SLICES, "channel={model: binary_symmetric, crossover: 0.01}"],
    "a tenth lost": [SLICES, "channel={model: packet_erasure, loss: 0.1}"],
    "flips of 3e-3, no CRC": [
        "framing=none",
        "channel={model: binary_symmetric, crossover: 0.003}",
    ],
    "LDPC-coded": [
        "framing={crc: 16}",
        "link={modulation: 16qam, code: {model: ldpc, rate: 1/2}}",
        "channel={model: awgn, esn0_db: 6}",
    ],
}
CONSTANTS: dict[str, tuple[ModuleType, tuple[float, ...]]] = {
    "CORRELATION": (neighbourhood, (0.2, 0.3, 0.5, 0.6)),
    "FREEDOM": (neighbourhood, (2.0, 3.0, 6.0, 10.0)),
    "DEPENDENCE": (neighbourhood, (2.0, 3.0, 6.0)),
    "NOISE_PRIOR": (repair, (1e-2, 1e-3, 1e-5)),
    "CUT_PENALTY": (repair, (0.0, 2.0)),
    "MEAN_WEIGHT": (interpolation, (0.25, 1.0)),
    "MAX_PATTERNS": (crc_error_patterns, (16, 256)),
}


def main(root: Path, count: int, grid: Sequence[str]) -> None:
    """Print a row for the constants as they are, and for each change."""
    print("change", *(f"{name}  " for name in CHANNELS), sep="  ")
    print("none", *measured(root, count), sep="  ", flush=True)
    for change in combinations(grid) if grid else single_changes():
        with changed(change):
            name = ", ".join(f"{constant} {value:g}" for constant, value in change.items())
            print(name, *measured(root, count), sep="  ", flush=True)


def single_changes() -> Iterator[dict[str, float]]:
    for name, (_, values) in CONSTANTS.items():
        for value in values:
            yield {name: value}


def combinations(grid: Iterable[str]) -> Iterator[dict[str, float]]:
    """grid: NAME=VALUE,VALUE of each constant."""
    axes = [
        [(name, json.loads(value)) for value in values.split(",")]
        for name, values in (axis.split("=") for axis in grid)
    ]
    return map(dict, itertools.product(*axes))


@contextmanager
def changed(change: dict[str, float]) -> Iterator[None]:
    """Give constants other values, and then their own again."""
    built_in = {name: getattr(CONSTANTS[name][0], name) for name in change}
    for name, value in change.items():
        setattr(CONSTANTS[name][0], name, value)
    yield
    for name, value in built_in.items():
        setattr(CONSTANTS[name][0], name, value)


def measured(root: Path, count: int) -> list[str]:
    """Both PSNRs over each channel."""
    texts = []
    for settings in CHANNELS.values():
        overrides = [f"codec.model={CODEC}", "data={name: cifar10, split: validation}", *settings]
        swept = read_scenarios("binary-symmetric", [*overrides, f"images={count}"], root)
        (summary,) = (simulate(each.scenario).summary for each in swept)
        texts.append(f"{summary['psnr_db']:.3f} / {summary['psnr_of_mean_mse_db']:.3f}")
    return texts


if __name__ == "__main__":
    _, data, *others = sys.argv
    count = next((int(text) for text in others if text.isdigit()), 5000)
    main(Path(data), count, [text for text in others if "=" in text])
