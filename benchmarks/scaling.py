"""What an image and a cell cost, in a worker and where the run was started, and what a large run would take.

The cell is ecvq, LDPC-coded 16-QAM at 6 dB. Seconds are processor time, medians over blocks of 256 images: of a
worker for a block whose indices and undisturbed pictures are new, and for one of which another cell has left them; of
the program that a run was started with, for what it does with each block, the network apart. Bytes are those of the
things themselves. From these follows what a run takes in all.

    OMP_NUM_THREADS=1 python benchmarks/scaling.py --data-root DATA
"""

import argparse
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from semcomm.data.data_set import BLOCK_IMAGES
from semcomm.measures.totals import Totals
from semcomm.run.block import Block, Task, run_block
from semcomm.run.block_file import load_block, save_block
from semcomm.run.per_image_table import write_per_image
from semcomm.run.scratch import cache_dir, delete_cache, new_run
from semcomm.scenario.scenario import read_scenarios

SWEEP = ["data.name=cifar10", "stop={}", "repeat=2", "sweep={channel.esn0_db: [6]}"]
BLOCKS = 39  # whole ones in 10,000 images
HOUR = 3600


def main() -> None:
    """Print the costs and what follows from them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--images", type=float, default=1e9)
    parser.add_argument("--cells", type=int, default=12)
    options = parser.parse_args()
    cell, run = read_scenarios("awgn-harq", SWEEP, options.data_root)[0], new_run()
    tasks = [Task(run, 0, cell, number, True) for number in range(BLOCKS)]
    run_block(tasks[0])  # loads and compiles
    delete_cache(run)
    first, blocks = seconds(run_block, tasks)
    again, _ = seconds(run_block, tasks)
    shared = sum(file.stat().st_size for file in cache_dir(run).iterdir()) / BLOCKS / BLOCK_IMAGES
    delete_cache(run)
    with tempfile.TemporaryDirectory() as place:
        client, stored, row = coordinating(blocks, Path(place))
    messages = len(pickle.dumps(tasks[0])) + len(pickle.dumps(blocks[-1], 5))
    print(
        f"a worker: {1e3 * first:.1f} ms for a new block of {BLOCK_IMAGES} images, {1e3 * again:.1f} ms in other cells"
    )
    print(f"the coordinating process: {1e3 * client:.2f} ms per block")
    print(
        f"bytes per image: {messages / BLOCK_IMAGES:.0f} sent, {stored:.0f} kept until the end, {row:.0f} in Parquet;"
    )
    print(f"  {shared:.0f} of each other image in a machine's temporary folder")
    number = options.images * options.cells / BLOCK_IMAGES
    print(f"{options.images:g} images x {options.cells} cells, {number:.3g} blocks:")
    print(
        f"  {(number * again + number / options.cells * (first - again)) / HOUR:.0f} core-hours of workers"
    )
    print(
        f"  {number * client / HOUR:.0f} hours of the coordinating process, "
        f"which keeps {again / client:.0f} workers busy"
    )
    total = options.images * options.cells / 1e12
    print(
        f"  {total * messages / BLOCK_IMAGES:.2f} TB sent, {total * stored:.2f} stored, {total * row:.2f} in Parquet"
    )
    print(f"  {options.images * shared / 1e12:.2f} TB of temporary files if no image comes twice")


def seconds(task: Callable[..., Block], of: Iterable[Task]) -> tuple[float, list[Block]]:
    """The median processor time of a task, and what it gave."""
    took, results = list[float](), list[Block]()
    for each in of:
        begun = time.process_time()
        results.append(task(each))
        took.append(time.process_time() - begun)
    return statistics.median(took), results


def coordinating(blocks: list[Block], place: Path) -> tuple[float, float, float]:
    """Seconds per block where a run was started, bytes of an image's block file, and of its row in Parquet."""
    totals = Totals.of(blocks[0].columns, blocks[0].tallies)
    write_per_image([blocks[:1]], False, 0, place, "parquet")  # imports what it needs
    begun = time.process_time()
    for number, block in enumerate(blocks):
        received = pickle.loads(pickle.dumps(block, 5))
        save_block(received, place / f"{number}.safetensors")
        totals += Totals.of(received.columns, received.tallies)
    loaded = (load_block(place / f"{number}.safetensors") for number in range(len(blocks)))
    table = write_per_image([[block for block in loaded if block]], False, 0, place, "parquet")
    took = time.process_time() - begun
    images = len(blocks) * BLOCK_IMAGES
    stored, written = (
        sum(file.stat().st_size for file in where.rglob(pattern)) / images
        for where, pattern in ((place, "*.safetensors"), (table, "*.parquet"))
    )
    return took / len(blocks), stored, written


if __name__ == "__main__":
    main()
