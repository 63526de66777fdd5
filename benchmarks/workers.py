"""Seconds of a sweep on one worker and on two, of one thread each: 2 codecs x 12 Es/N0 over
LDPC-coded 16-QAM.

The clock runs from when the workers are ready, that is have imported all, loaded both codecs and
compiled what decodes, to the last table on disk; what they need to get ready, and the import of
this program, stand apart. Beside the clock's time stands the processor time of each worker, and of
this program, which puts together what they do. Where other programs take part of the machine, the
second ratio is what two cores of one's own would give: one worker's processor time over that of the
busiest of two, or over half of what all three took together if that is more.

    OMP_NUM_THREADS=1 python benchmarks/workers.py --data-root DATA
"""

import time

BEGUN = time.perf_counter()

import argparse  # noqa: E402 (the clock comes first)
import os  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from contextlib import closing  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

from semcomm.run.block import Task, run_block  # noqa: E402
from semcomm.run.pools import ProcessPool, map_in_order  # noqa: E402
from semcomm.run.run import run_cells  # noqa: E402
from semcomm.run.run_folder import RunFolder  # noqa: E402
from semcomm.run.scratch import new_run  # noqa: E402
from semcomm.scenario.scenario import Cell, read_scenarios  # noqa: E402

IMPORTED = time.perf_counter() - BEGUN, time.process_time()
SWEEP = [
    "stop={}",
    "sweep={codec.model: [vq-n64, ecvq-n128-nu16], channel.esn0_db: {start: -1, stop: 10, step: 1}}",
]


class Took(NamedTuple):
    """Seconds: to get ready, of the clock, of each worker's processor and of this program's."""

    start_up: float
    clock: float
    processor: list[float]
    own: float


def processor_seconds(task: Task) -> tuple[int, float]:
    """A worker's process and what it has spent, after it did a block, whose result is not
    needed.
    """
    run_block(task)
    return os.getpid(), time.process_time()


def spent(pool: ProcessPool, workers: int, cells: Sequence[Cell]) -> dict[int, float]:
    """The seconds of each worker's processor, once all have answered."""
    measured: dict[int, float] = {}
    run = new_run()
    while len(measured) < workers:
        tasks = [
            Task(run, 0, cell, 0, False) for cell in (cells[0], cells[-1]) for _ in range(workers)
        ]
        answers = [result for _, result in map_in_order(processor_seconds, tasks, pool)]
        measured |= dict(answer for answer in answers if isinstance(answer, tuple))
    return measured


def timed(workers: int, cells: Sequence[Cell], few: Sequence[Cell]) -> Took:
    """A run on so many workers."""
    begun = time.perf_counter()
    with closing(ProcessPool(workers, threads=1)) as pool, tempfile.TemporaryDirectory() as folder:
        before = spent(pool, workers, few)
        ready, own = time.perf_counter(), time.process_time()
        run_cells(
            cells,
            RunFolder(Path(folder), cells),
            pool,
            lambda images: None,
            lambda results, cell, number: None,
        )
        done, own = time.perf_counter(), time.process_time() - own
        after = spent(pool, workers, few)
        return Took(ready - begun, done - ready, [after[pid] - before[pid] for pid in before], own)


def main() -> None:
    """Print what one worker and two take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--images", type=int, default=13_500)
    options = parser.parse_args()
    changes = ["data.name=cifar10", "data.split=train", *SWEEP]
    cells, few = (
        read_scenarios("awgn-harq", [*changes, f"images={images}"], options.data_root)
        for images in (options.images, 4)
    )
    print(f"import of this program: {IMPORTED[0]:.1f} s, {IMPORTED[1]:.1f} s of the processor")
    print(f"{len(cells)} cells of {options.images} images", flush=True)
    one, two = (timed(workers, cells, few) for workers in (1, 2))
    for name, took in (("one worker", one), ("two workers", two)):
        processor = " and ".join(f"{seconds:.1f}" for seconds in took.processor)
        print(f"{name}: ready after {took.start_up:.1f} s, then {took.clock:.1f} s; ", end="")
        print(f"of the processor {processor} s, and {took.own:.1f} s of this program's")
    least = max(*two.processor, (sum(two.processor) + two.own) / 2)
    print(
        f"two are {one.clock / two.clock:.2f} times faster by the clock, "
        f"{one.processor[0] / least:.2f} by processors"
    )


if __name__ == "__main__":
    main()
