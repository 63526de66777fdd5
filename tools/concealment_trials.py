"""Concealment with one constant changed at a time, and what each gives on the first of CIFAR-10's
validation images.

    python tools/concealment_trials.py DATA_ROOT [IMAGES]

Prints PSNR and the PSNR of the mean MSE of eight slices per image with a CRC of 8 bits, whose bits
flip or of which a tenth are lost, and of one slice without a CRC. The codec was not trained on
these images.
"""

import sys
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
}
CONSTANTS: dict[str, tuple[ModuleType, tuple[float, ...]]] = {
    "CORRELATION": (neighbourhood, (0.2, 0.3, 0.5, 0.6)),
    "FREEDOM": (neighbourhood, (2.0, 3.0, 6.0, 10.0)),
    "DEPENDENCE": (neighbourhood, (2.0, 3.0, 6.0)),
    "NOISE_PRIOR": (repair, (0.001, 0.1)),
    "CUT_PENALTY": (repair, (0.0, 2.0)),
    "MEAN_WEIGHT": (interpolation, (0.25, 1.0)),
    "MAX_PATTERNS": (crc_error_patterns, (16, 256)),
}


def main(root: Path, count: int) -> None:
    """Print a row for the constants as they are, and for each change."""
    print("change", *(f"{name}  " for name in CHANNELS), sep="  ")
    print("none", *measured(root, count), sep="  ", flush=True)
    for name, (module, values) in CONSTANTS.items():
        built_in = getattr(module, name)
        for value in values:
            setattr(module, name, value)
            print(f"{name} {value:g}", *measured(root, count), sep="  ", flush=True)
        setattr(module, name, built_in)


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
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5000)
