"""Processor time of this checkout against that of a commit before, in turn, on one thread.

Each side is a process that has its own semcomm. The two take turns, task by task, so that whatever
else the machine does slows both; a first turn, which compiles and fills caches, does not count.
Figures are medians over repetitions, and the ratio is the median of the ratios of neighbours. The
tasks run on each side's code, so that they must fit both.

    python benchmarks/against.py COMMIT --data-root DATA
    python benchmarks/against.py COMMIT --data-root DATA --task ldpc --repetitions 3
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Task = Callable[[], object]


def context_encoding() -> Task:
    coder, indices, runs = _context()
    return lambda: coder.encode(indices, runs)


def context_decoding() -> Task:
    coder, indices, runs = _context()
    bits, lengths = coder.encode(indices, runs)
    return lambda: coder.decode(bits, lengths, runs)


def ldpc_decoding() -> Task:
    """2,000 frames of 512 bits at rate 1/2 and Eb/N0 1.6 dB."""
    from fractions import Fraction

    import numpy as np

    from semcomm.link.ldpc import Ldpc

    rng, code = np.random.default_rng(0), Ldpc(512, Fraction(1, 2))
    words = code.encode(rng.integers(0, 2, (2000, 512), dtype=np.uint8))
    sent = code.rate_match(code.sent_bits())
    deviation = 10 ** (-1.6 / 20)  # of BPSK at Es/N0 of half the Eb/N0
    values = 1 - 2.0 * words[:, sent] + deviation * rng.normal(size=(2000, sent.size))
    llrs = np.zeros(words.shape, np.float32)
    llrs[:, sent] = 2 * values / deviation**2
    return lambda: code.decode(llrs)


def error_free() -> Task:
    """All that `semcomm run` does after its imports, with 10,000 images."""
    return _run(["images=10000"])


def points() -> Task:
    """Four points of 2,560 images over LDPC-coded 16-QAM, whose encodings are shared."""
    return _run(
        [
            "images=2560",
            "link={modulation: 16qam, code: {model: ldpc, rate: 1/2}}",
            "channel={model: awgn}",
            "sweep={channel.esn0_db: [7, 8, 9, 10]}",
        ]
    )


def blocks() -> Task:
    """The same over transport blocks of 512 channel uses."""
    return _run(
        [
            "images=2560",
            "link={modulation: 16qam, code: {model: ldpc, rate: 1/2}, channel_uses: 512}",
            "channel={model: awgn}",
            "sweep={channel.esn0_db: [7, 8, 9, 10]}",
        ]
    )


TASKS: dict[str, Callable[[], Task]] = {
    "context-encoding": context_encoding,
    "context-decoding": context_decoding,
    "ldpc": ldpc_decoding,
    "error-free": error_free,
    "points": points,
    "blocks": blocks,
}


def _context() -> tuple[Any, Any, Any]:
    """The context coder of `ecvq-n128-nu16`, the indices of the sample's images, and their
    grids.
    """
    import numpy as np

    from semcomm.codec.entropy_coding import ENTROPY_CODERS
    from semcomm.codec.entropy_coding.interface import whole_grids
    from semcomm.data.sample import Sample
    from semcomm.zoo.find import load_codec

    codec = load_codec("ecvq-n128-nu16")
    grids = codec.quantize(codec.encode(Sample().load(0, 256)))
    runs = whole_grids([grid.shape for grid in grids])
    return (
        ENTROPY_CODERS["context"](codec.tensors),
        np.concatenate([g.ravel() for g in grids]),
        runs,
    )


def _run(changes: list[str]) -> Task:
    """`semcomm run error-free` with these changes, into an empty folder, in this process."""
    from semcomm.run.pools import SerialPool
    from semcomm.run.run import run_cells
    from semcomm.run.run_folder import RunFolder
    from semcomm.scenario.scenario import read_scenarios

    def run() -> None:
        cells = read_scenarios("error-free", ["data.name=cifar10", *changes], None)
        with tempfile.TemporaryDirectory() as folder:
            run_cells(
                cells,
                RunFolder(Path(folder, "run"), cells),
                SerialPool(),
                lambda images: None,
                lambda results, cell, number: None,
            )

    return run


def serve() -> None:
    """Make and time tasks by name, one a line of the standard input, in seconds of processor
    time.
    """
    tasks: dict[str, Task] = {}
    for name in map(str.strip, sys.stdin):
        if name not in tasks:
            tasks[name] = TASKS[name]()
        begin = time.process_time()
        tasks[name]()
        print(time.process_time() - begin, flush=True)


class Side:
    """A process with the semcomm of a checkout."""

    def __init__(self, tree: Path, data_root: Path | None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        if data_root:
            environment["SEMCOMM_DATA"] = str(data_root.resolve())
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve"],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, task: str) -> float:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the task {task} failed, as is said above")
        return float(answer)


def compare(before: Side, now: Side, task: str, repetitions: int) -> str:
    before.seconds(task), now.seconds(task)
    pairs = [(before.seconds(task), now.seconds(task)) for _ in range(repetitions)]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    spread = f"{min(ratios):.2f} and {max(ratios):.2f}"
    return f"{task:18}{first:10.3f}{second:10.3f}{statistics.median(ratios):10.2f}  {spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Processor time against a commit before.")
    parser.add_argument("commit", nargs="?", help="the commit before")
    parser.add_argument("--data-root", type=Path, help="folder that holds CIFAR-10")
    parser.add_argument("--task", action="append", choices=TASKS, help="by default all")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    if not options.commit:
        parser.error("name the commit before")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "before")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", tree, options.commit], check=True)
        try:
            before, now = Side(tree, options.data_root), Side(ROOT, options.data_root)
            print(f"{'seconds':18}{'before':>10}{'now':>10}{'ratio':>10}  lowest and highest")
            for task in options.task or TASKS:
                print(compare(before, now, task, options.repetitions), flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", tree], check=True)


if __name__ == "__main__":
    main()
