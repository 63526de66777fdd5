"""Images per second of a whole run and of its networks alone, beside the machine's matrix products.

In each repetition the first images of CIFAR-10's test set go through two things in turn, so that
whatever else the machine does slows both: the codec's encoder and decoder alone, over float32
patches that lie ready in the batches, the layout and the dtype in which a run has them; and all
that `semcomm run` does after its imports, from reading CIFAR-10's file to the last table on disk.
Both take the threads that the environment says, in this process. Figures are medians over
repetitions, of processor time and of wall time; the matrix product's is the fastest.

    OMP_NUM_THREADS=1 python benchmarks/throughput.py --data-root DATA OMP_NUM_THREADS=1 python
    benchmarks/throughput.py --data-root DATA --scenario awgn-harq --set ...
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from semcomm.codec.devices import autocast
from semcomm.codec.stacks import BATCH_IMAGES
from semcomm.modalities.patches import to_patches
from semcomm.run.pools import SerialPool
from semcomm.run.run import run_cells
from semcomm.run.run_folder import RunFolder
from semcomm.scenario.scenario import Cell, read_scenarios
from semcomm.systems.learned import LearnedCodec

SIDE = 2048  # of the matrices


class Seconds(NamedTuple):
    """What something took: of processors, all threads together, and by the clock on the wall."""

    processor: float
    wall: float


def seconds(task: Callable[[], object]) -> Seconds:
    processor, wall = time.process_time(), time.perf_counter()
    task()
    return Seconds(time.process_time() - processor, time.perf_counter() - wall)


def bare(cell: Cell, images: int) -> Callable[[], None]:
    """The networks of a scenario over its images, and nothing else."""
    assert isinstance(cell.scenario.codec, LearnedCodec)
    (codec,) = cell.scenario.codec.load()
    pixels = np.stack(cell.scenario.data.open().load(0, images))
    patches = (
        torch.from_numpy(to_patches(pixels)).to(codec.device).float().div(255).permute(0, 3, 1, 2)
    )
    batches = torch.split(patches, BATCH_IMAGES)

    def run() -> None:
        with torch.inference_mode(), autocast(codec.device, codec.dtype):
            for batch in batches:
                codec._decoder(codec._encoder(batch))

    return run


def whole(cells: list[Cell], folder: Path) -> None:
    """A run into an empty folder."""
    run_cells(
        cells,
        RunFolder(folder, cells),
        SerialPool(),
        lambda images: None,
        lambda results, cell, number: None,
    )


def matrix_product() -> Callable[[], object]:
    """A product of two square matrices of float32 by numpy's BLAS."""
    first, second, product = np.random.default_rng(0).random((3, SIDE, SIDE), np.float32)
    return lambda: np.matmul(first, second, out=product)


def operations(task: Callable[[], None]) -> int:
    """Floating-point operations of networks: two for each product that is added."""
    with FlopCounterMode(display=False) as counter:
        task()
    return int(counter.get_total_flops())


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Images per second of a run and of its networks alone."
    )
    parser.add_argument(
        "--data-root", type=Path, help="folder that holds CIFAR-10 [default: SEMCOMM_DATA]"
    )
    parser.add_argument("--scenario", default="error-free")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="as of `semcomm run`"
    )
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    changes = ["data.name=cifar10", f"images={options.images}", *options.set]
    cells = read_scenarios(options.scenario, changes, options.data_root)
    networks, product = bare(cells[0], options.images), matrix_product()
    work = operations(networks)  # which warms up, too
    with tempfile.TemporaryDirectory() as place:
        whole(cells, Path(place, "first"))
        tasks = [
            (networks, partial(whole, cells, Path(place, str(n))), product)
            for n in range(options.repetitions)
        ]
        turns = [(seconds(alone), seconds(run), seconds(gemm)) for alone, run, gemm in tasks]
    print(
        f"{options.images} images, {len(cells)} cells, {torch.get_num_threads()} threads, "
        f"batches of {BATCH_IMAGES}"
    )
    print(f"{'images/s':12}{'networks':>12}{'whole run':>12}{'ratio':>8}  lowest and highest")
    for clock in Seconds._fields:
        pairs = [(getattr(alone, clock), getattr(run, clock)) for alone, run, _ in turns]
        alone, run = (
            options.images / statistics.median(column) for column in zip(*pairs, strict=True)
        )
        ratios = [a / b for a, b in pairs]
        spread = f"{min(ratios):.3f} and {max(ratios):.3f}"
        print(f"{clock:12}{alone:12.0f}{run:12.0f}{statistics.median(ratios):8.3f}  {spread}")
    peak = 2 * SIDE**3 / min(gemm.wall for *_, gemm in turns) / 1e9
    speed = work / statistics.median(alone.wall for alone, *_ in turns) / 1e9
    fastest = work / min(alone.wall for alone, *_ in turns) / 1e9
    print(f"networks: {work / options.images / 1e6:.1f} million operations per image")
    print(
        f"GFLOP/s: networks {speed:.1f}, {fastest:.1f} at best; matrix product {peak:.1f} at best"
    )


if __name__ == "__main__":
    main()
