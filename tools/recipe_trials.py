"""Short trainings with one setting changed at a time, and what each gives on CIFAR-10's test images.

    OMP_NUM_THREADS=1 python tools/recipe_trials.py DATA_ROOT FOLDER [EPOCHS]

Prints bits an image with Huffman coding and PSNR of the paper's recipe at a rate weight of 1/16 and of each change.
A codec that is in FOLDER already is not trained again.
"""

import sys
from pathlib import Path

from semcomm.experiment.scenario import read_scenarios
from semcomm.experiment.simulation import simulate
from semcomm.experiment.training import read_training, run_training

FAST = ["training.learning_rate=0.004", "training.warm_up_steps=200"]
MUON = [*FAST, "training.kernel_learning_rate=0.007"]
LONG = ["geometry.groups=1", "geometry.dimension=8", "geometry.codewords=1024"]
CHANGES: dict[str, list[str]] = {
    "paper": [],
    "long-vectors": LONG,
    "fast": FAST,
    "fast-long-vectors": FAST + LONG,
    "fast-two-blocks": [*FAST, "geometry.blocks=2"],
    "muon": MUON,
    "muon-long-vectors": MUON + LONG,
    "muon-two-blocks": [*MUON, "geometry.blocks=2"],
    "muon-four-blocks": [*MUON, "geometry.blocks=4"],
    "muon-four-blocks-k512": [*MUON, "geometry.blocks=4", "geometry.codewords=512"],
}


def main(root: Path, folder: Path, epochs: int = 8) -> None:
    """Print a row a change."""
    print("change  bits  psnr_db")
    for name, changes in CHANGES.items():
        path = trained(name, [*changes, f"training.epochs={epochs}"], root, folder)
        bits, psnr_db = measured(path, root)
        print(f"{name}  {bits:.1f}  {psnr_db:.3f}", flush=True)


def trained(name: str, changes: list[str], root: Path, folder: Path) -> Path:
    """The file of the codec that the paper's recipe with these changes makes."""
    path = folder / f"{name}.safetensors"
    if path.exists():
        return path
    scenario = read_training("ecvq-n128-nu16", [f"name={name}", *changes], root)
    return run_training(scenario, folder, "tools/recipe_trials.py", lambda so_far: None)


def measured(codec: Path, root: Path) -> tuple[float, float]:
    """Bits an image and PSNR over all test images."""
    overrides = ["data.name=cifar10", f"codec.model={codec.resolve()}"]
    (swept,) = read_scenarios("error-free", overrides, root)
    summary = simulate(swept.scenario).summary
    return summary["bits_per_image"], summary["psnr_db"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
