"""Where an error-free run's processor time goes: microseconds per image of each step, on one thread.

Each step is a few functions. While one runs, its time counts for its step alone, except what
another step's functions take within it; what no step's functions take is the rest. Figures are
medians over repetitions.

    OMP_NUM_THREADS=1 python benchmarks/steps.py --data-root DATA
    OMP_NUM_THREADS=1 python benchmarks/steps.py --data-root DATA --set codec.model=vq-n64
"""

import argparse
import inspect
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.huffman import Huffman
from semcomm.codec.quantizers import codebook
from semcomm.data import cifar10
from semcomm.frame_format import FrameFormat
from semcomm.measures.totals import Totals
from semcomm.run import block, cached_system, run, run_folder
from semcomm.run.pools import SerialPool
from semcomm.run.run_folder import RunFolder
from semcomm.scenario.scenario import Cell, read_scenarios

VERBS = ("encode", "quantize", "dequantize", "decode")
STEPS: dict[str, list[tuple[Any, str]]] = {
    "both networks": [(nn.Sequential, "__call__")],
    "around them: stacking, patches, rounding": [(Codec, name) for name in VERBS],
    "search for codewords": [(codebook, "nearest_codewords")],
    "entropy coding": [(Huffman, "encode"), (Huffman, "decode")],
    "frames": [(FrameFormat, "frame"), (FrameFormat, "unframe")],
    "MSE and SSIM": [(cached_system, "measure")],
    "CIFAR-10: MD5, reading, layout": [(cifar10.Cifar10, "load")],
    "a block's table": [
        (block, "sample_columns"),
        (block, "measure_columns"),
        (block, "carrier_columns"),
    ],
    "totals": [(Totals, "of"), (Totals, "__add__")],
    "keeping blocks and reading them again": [
        (run_folder, "save_block"),
        (run_folder, "load_block"),
    ],
    "tables and pictures": [(run, "write_image_files"), (run, "write_results")],
}


class Stopwatch:
    """Processor seconds of each step; a step inside another takes its time from it."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._steps, self._since = ["the rest"], time.process_time()

    def turn(self) -> None:
        """Count what has passed for the step that runs."""
        now = time.process_time()
        self.spent[self._steps[-1]] += now - self._since
        self._since = now

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self.turn()
            self._steps.append(step)
            try:
                return function(*arguments, **options)
            finally:
                self.turn()
                self._steps.pop()

        return run


def whole(cells: list[Cell], folder: Path) -> None:
    """A run into an empty folder."""
    run.run_cells(
        cells, RunFolder(folder, cells), SerialPool(), lambda images: None, lambda *results: None
    )


def watched() -> Stopwatch:
    """A stopwatch that all functions of the steps turn from now on."""
    watch = Stopwatch()
    for step, functions in STEPS.items():
        for owner, name in functions:
            function = inspect.getattr_static(owner, name)
            timed = watch.timed(step, getattr(owner, name))
            setattr(
                owner, name, staticmethod(timed) if isinstance(function, classmethod) else timed
            )
    return watch


def measured(cells: list[Cell], watch: Stopwatch, repetitions: int) -> list[dict[str, float]]:
    """Seconds of each step in so many runs, after one that warms up."""
    runs = []
    with tempfile.TemporaryDirectory() as place:
        for number in range(repetitions + 1):
            watch.turn()
            watch.spent.clear()
            whole(cells, Path(place, str(number)))
            watch.turn()
            runs.append(dict(watch.spent))
    return runs[1:]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Microseconds of processor time per image of each step of a run."
    )
    parser.add_argument(
        "--data-root", type=Path, help="folder that holds CIFAR-10 [default: SEMCOMM_DATA]"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="as of `semcomm run`"
    )
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    changes = ["data.name=cifar10", f"images={options.images}", *options.set]
    cells = read_scenarios("error-free", changes, options.data_root)
    runs = measured(cells, watched(), options.repetitions)
    for step in [*STEPS, "the rest"]:
        print(
            f"{step:42}{statistics.median(run.get(step, 0.0) for run in runs) / options.images * 1e6:8.1f} us"
        )
    print(
        f"{'together':42}{statistics.median(sum(run.values()) for run in runs) / options.images * 1e6:8.1f} us"
    )


if __name__ == "__main__":
    main()
