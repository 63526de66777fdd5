"""How long a sweep takes to be checked, and how much memory its cells hold.

    python benchmarks/checking.py [CELLS]

CELLS is 100,000 by default, and a tenth of that first. Seconds are those of the one process, imports
left out; each sweep is over a field of another kind of section.
"""

import gc
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from semcomm.scenario.scenario import read_scenarios

BASE = "codec: {model: vq-n64}\nframing: {header: false}\nimages: 2\n"
CHANNEL = "channel: {model: binary_symmetric}\n"
LINK = "link: {modulation: qpsk, code: {model: ldpc}}\nchannel: {model: awgn}\n"
SWEEPS = {
    "seed": f"{BASE}sweep: {{seed: {{start: 1, stop: CELLS, step: 1}}}}\n",
    "channel.crossover": (
        f"{BASE}{CHANNEL}"
        "sweep: {channel.crossover: {start: 1.0e-6, stop: CELLSe-6, step: 1.0e-6}}\n"
    ),
    "channel.ebn0_db": (
        f"{BASE}{LINK}sweep: {{channel.ebn0_db: {{start: 1.0e-4, stop: CELLSe-4, step: 1.0e-4}}}}\n"
    ),
    "codec.budget_bits": (
        f"{BASE}sweep: {{codec.budget_bits: {{start: 500, stop: 500CELLS, step: 1}}}}\n"
    ),
}


def check(folder: Path, name: str, count: int) -> None:
    """A line of the table."""
    text = SWEEPS[name].replace("500CELLS", str(499 + count)).replace("CELLS", str(count))
    path = folder / "sweep.yaml"
    path.write_text(text)
    begin = process_time()
    read = read_scenarios(path)
    seconds = process_time() - begin
    assert len(read) == count
    print(f"{name:20}{count:10,}{seconds:10.1f}{1e6 * seconds / count:14.0f}", flush=True)


def memory(folder: Path, name: str, count: int) -> None:
    """Bytes per cell that are held, and that are left when the cells are gone."""
    path = folder / "sweep.yaml"
    path.write_text(SWEEPS[name].replace("500CELLS", str(499 + count)).replace("CELLS", str(count)))
    read_scenarios(path)
    gc.collect()
    tracemalloc.start()
    read = read_scenarios(path)
    held = tracemalloc.get_traced_memory()[0]
    del read
    gc.collect()
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"{name:20}{count:10,}{held / count:16.0f}{left / count:16.1f}", flush=True)


def main(arguments: Sequence[str]) -> None:
    most = int(arguments[0]) if arguments else 100_000
    with TemporaryDirectory() as folder:
        check(Path(folder), "seed", 1)  # imports PyTorch
        print(f"{'sweep over':20}{'cells':>10}{'seconds':>10}{'us per cell':>14}")
        for name in SWEEPS:
            for count in (most // 10, most):
                check(Path(folder), name, count)
        print(f"{'sweep over':20}{'cells':>10}{'bytes per cell':>16}{'bytes left':>16}")
        for name in SWEEPS:
            memory(Path(folder), name, most // 20)


if __name__ == "__main__":
    main(sys.argv[1:])
