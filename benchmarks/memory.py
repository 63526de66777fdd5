"""Peak memory of `semcomm run` and its workers at 10,000 images and at 100,000, the test images of
CIFAR-10 again.

Of each process the most that it ever held (VmHWM of Linux's /proc), added up: what they share, such
as libraries, counts for each.

    python benchmarks/memory.py --data-root DATA
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = Path(sys.executable).parent / "semcomm"


def main() -> None:
    """Print both, and how many times the one the other is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--scenario", default="error-free")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, nargs="+", default=[1, 10])
    options = parser.parse_args()
    peaks = []
    for repeat in options.repeat:
        begun = time.perf_counter()
        measured = peak(
            options.scenario,
            ["data.name=cifar10", f"repeat={repeat}"],
            options.data_root,
            options.workers,
        )
        peaks.append(sum(measured.values()))
        each = ", ".join(f"{megabytes:.0f}" for megabytes in measured.values())
        seconds = time.perf_counter() - begun
        print(
            f"{10_000 * repeat} images: {peaks[-1]:.0f} MB in all, {each} MB each; {seconds:.0f} s",
            flush=True,
        )
    print(f"ratio: {peaks[-1] / peaks[0]:.3f}")


def peak(scenario: str, changes: list[str], root: Path, workers: int) -> dict[int, float]:
    """Megabytes that each process of a run held at most."""
    settings = [option for change in changes for option in ("--set", change)]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(COMMAND),
            "run",
            scenario,
            *settings,
            "--data-root",
            str(root),
            "--workers",
            str(workers),
            "--out",
            folder,
        ]
        measured: dict[int, float] = {}
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None:
                measured |= {pid: held for pid in family(process.pid) if (held := most(pid))}
                time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return measured


def family(pid: int) -> list[int]:
    """A process and those that it has started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def most(pid: int) -> float | None:
    """Megabytes that a process has held at most, None where it has gone."""
    try:
        measured = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return None
    return int(measured[1]) / 1024 if measured else None


if __name__ == "__main__":
    main()
