"""Short trainings with one setting changed at a time, and what each gives on CIFAR-10's test or
validation images.

    OMP_NUM_THREADS=1 python tools/recipe_trials.py DATA_ROOT FOLDER --epochs 4

Prints bits per image with Huffman coding and PSNR of the baseline's recipe at a rate weight of 1/16
and of each change, or of those that are named. With `--split validation` no training sees the
validation images, and a fourth column has the bits more or less for the same PSNR than
`ecvq-16-levels`, which has not seen them either (straight lines over the logarithm of bits). A
codec that is in FOLDER already is not trained again.
"""

import argparse
from pathlib import Path

import numpy as np

from semcomm.run.simulation import simulate
from semcomm.run.training import run_training
from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.training import read_training

FAST = ["training.learning_rate=0.004", "training.warm_up_steps=200"]
MUON = [*FAST, "training.kernel_learning_rate=0.007"]
LONG = ["geometry.groups=1", "geometry.dimension=8", "geometry.codewords=1024"]
CHANGES: dict[str, list[str]] = {
    "baseline": [],
    "long-vectors": LONG,
    "fast": FAST,
    "fast-long-vectors": FAST + LONG,
    "fast-long-vectors-two-blocks": [*FAST, *LONG, "geometry.blocks=2"],
    "muon": MUON,
    "muon-seed-1": [*MUON, "seed=1"],
    "muon-long-vectors": MUON + LONG,
    "muon-long-vectors-seed-1": [*MUON, *LONG, "seed=1"],
    "muon-two-blocks": [*MUON, "geometry.blocks=2"],
    "muon-four-blocks": [*MUON, "geometry.blocks=4"],
    "muon-four-blocks-long-vectors": [*MUON, *LONG, "geometry.blocks=4"],
    "k-512": ["geometry.codewords=512"],
    "muon-four-blocks-k-512": [*MUON, "geometry.blocks=4", "geometry.codewords=512"],
    "seed-1": ["seed=1"],
    "slow-logits": ["training.logit_learning_rate=0.001"],
    "no-ramp": ["training.rate_ramp=0"],
    "no-re-seeding": ["training.reseed_until=0"],
    "two-blocks": ["geometry.blocks=2"],
}


TRAINED_ON = {"test": "train_and_validation", "validation": "train"}
LEVELS = [f"ecvq-16-levels@{level}" for level in range(1, 10)]


def main() -> None:
    """Print a row per change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("changes", nargs="*", default=list(CHANGES))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--split", choices=TRAINED_ON, default="test")
    parser.add_argument("--images", type=int, help="of the training and of the split, the first")
    asked = parser.parse_args()
    of_images = [f"images={asked.images}"] if asked.images else []
    settings = [f"training.epochs={asked.epochs}", f"data.split={TRAINED_ON[asked.split]}"]
    on_split = ["data.name=cifar10", f"data.split={asked.split}", *of_images]
    levels = LEVELS if asked.split == "validation" else []
    reference = [measured(level, on_split, asked.root) for level in levels]
    print("change  bits  psnr_db  percent of bits")
    for name in asked.changes:
        changes = [*CHANGES[name], *settings, *of_images]
        path = trained(name, changes, asked.root, asked.folder)
        bits, psnr_db = measured(str(path.resolve()), on_split, asked.root)
        percent = f"{percent_of_bits(bits, psnr_db, reference):+.1f}" if reference else ""
        print(f"{name}  {bits:.1f}  {psnr_db:.3f}  {percent}", flush=True)


def trained(name: str, changes: list[str], root: Path, folder: Path) -> Path:
    """The file of the codec that the baseline's recipe with these changes makes."""
    path = folder / f"{name}.safetensors"
    if path.exists():
        return path
    scenario = read_training("ecvq-n128-nu16", [f"name={name}", *changes], root)
    return run_training(scenario, folder, "tools/recipe_trials.py", lambda so_far: None)


def measured(codec: str, on_split: list[str], root: Path) -> tuple[float, float]:
    """Bits per image and PSNR."""
    (swept,) = read_scenarios("error-free", [*on_split, f"codec.model={codec}"], root)
    summary = simulate(swept.scenario).summary
    return summary["bits_per_image"], summary["psnr_db"]


def percent_of_bits(bits: float, psnr_db: float, reference: list[tuple[float, float]]) -> float:
    """How many bits more than the reference takes for this PSNR, in percent."""
    rates, psnrs = np.transpose(sorted(reference))
    return float(100 * (bits / np.exp(np.interp(psnr_db, psnrs, np.log(rates))) - 1))


if __name__ == "__main__":
    main()
