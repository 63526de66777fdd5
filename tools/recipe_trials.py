"""Short trainings with one setting changed at a time, and what each gives on CIFAR-10's test
images.

    OMP_NUM_THREADS=1 python tools/recipe_trials.py DATA_ROOT FOLDER [EPOCHS [CHANGE...]]

Prints bits per image with Huffman coding and PSNR of the baseline's recipe at a rate weight of 1/16
and of each change, or of those that are named. A codec that is in FOLDER already is not trained
again.
"""

import sys
from pathlib import Path

from semcomm.run.simulation import simulate
from semcomm.run.training import run_training
from semcomm.scenario.scenario import read_scenarios
from semcomm.scenario.training import read_training

FAST = ["training.learning_rate=0.004", "training.warm_up_steps=200"]
MUON = [*FAST, "training.kernel_learning_rate=0.007"]
LONG = ["geometry.groups=1", "geometry.dimension=8", "geometry.codewords=1024"]
CHANGES: dict[str, list[str]] = {
    "paper": [],
    "long-vectors": LONG,
    "fast": FAST,
    "fast-long-vectors": FAST + LONG,
    "fast-long-vectors-two-blocks": [*FAST, *LONG, "geometry.blocks=2"],
    "muon": MUON,
    "muon-two-blocks": [*MUON, "geometry.blocks=2"],
    "muon-four-blocks": [*MUON, "geometry.blocks=4"],
}


def main(root: Path, folder: Path, epochs: int, names: list[str]) -> None:
    """Print a row per change."""
    print("change  bits  psnr_db")
    for name in names:
        path = trained(name, [*CHANGES[name], f"training.epochs={epochs}"], root, folder)
        bits, psnr_db = measured(path, root)
        print(f"{name}  {bits:.1f}  {psnr_db:.3f}", flush=True)


def trained(name: str, changes: list[str], root: Path, folder: Path) -> Path:
    """The file of the codec that the baseline's recipe with these changes makes."""
    path = folder / f"{name}.safetensors"
    if path.exists():
        return path
    scenario = read_training("ecvq-n128-nu16", [f"name={name}", *changes], root)
    return run_training(scenario, folder, "tools/recipe_trials.py", lambda so_far: None)


def measured(codec: Path, root: Path) -> tuple[float, float]:
    """Bits per image and PSNR over all test images."""
    overrides = ["data.name=cifar10", f"codec.model={codec.resolve()}"]
    (swept,) = read_scenarios("error-free", overrides, root)
    summary = simulate(swept.scenario).summary
    return summary["bits_per_image"], summary["psnr_db"]


if __name__ == "__main__":
    data_root, target, *others = sys.argv[1:]
    main(
        Path(data_root), Path(target), int(others[0]) if others else 8, others[1:] or list(CHANGES)
    )
