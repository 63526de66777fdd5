"""Change a random byte of interrupted runs' folders, and see what the same command makes of them.

None may end in other tables than an untouched run without a message, and none in a traceback. The
runs are of image formats over a noisy channel, without networks, so that one takes a fraction of a
second. Trials are of three kinds: a run that was interrupted while cells were left, one that was
interrupted before its tables were written, and one that is done.

    python tools/fuzz_folders.py --trials 200 --seed 0
"""

import argparse
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from click.testing import CliRunner, Result

from semcomm.cli import main as semcomm
from semcomm.data import data_set
from semcomm.run import run as whole_run
from semcomm.run.block import Block, Task, run_block
from semcomm.run.pools import SerialPool
from semcomm.run.run import run_cells
from semcomm.run.run_folder import RunFolder
from semcomm.scenario.scenario import read_scenarios

TABLES = ("results.csv", "per_image.csv", "pictures.png")
SCENARIO = """\
codec: {model: webp, quality: 10}
data: {images: photos}
channel: {model: binary_symmetric}
repeat: 2
sweep: {channel.crossover: [0.001, 0.01], seed: [1, 2]}
"""
IMAGES, BLOCK_IMAGES = 6, 3


def main() -> None:
    """Run the trials and print what they came to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as place:
        outcomes = fuzz(Path(place), options.trials, options.seed)
    for outcome, count in outcomes.most_common():
        print(f"{count:6}  {outcome}")
    if outcomes["other tables"] or outcomes["traceback"]:
        raise SystemExit(1)


def fuzz(place: Path, trials: int, seed: int) -> Counter[str]:
    """How often each outcome came; those that are wrong are printed with their trial."""
    chance, outcomes = random.Random(seed), Counter[str]()
    with _workplace(place):
        kinds = {"cells left": _stopped_at_a_cell, "no tables": _stopped_at_tables, "done": _done}
        for name, make in kinds.items():
            make(Path(name))
        wanted = [(Path("done") / table).read_bytes() for table in TABLES]
        for trial in range(trials):
            kind = chance.choice([*kinds])
            shutil.copytree(kind, "trial")
            changed = _change_a_byte(Path("trial"), chance)
            outcome = _outcome(_run("trial"), wanted)
            if outcome in ("other tables", "traceback"):
                print(f"trial {trial}: {kind}, {changed}: {outcome}")
            outcomes[outcome] += 1
            shutil.rmtree("trial")
    return outcomes


def _outcome(result: Result, wanted: list[bytes]) -> str:
    if result.exception and not isinstance(result.exception, SystemExit):
        return "traceback"
    if result.exit_code:
        return "refused with a message" if result.stderr.strip() else "traceback"
    tables = [(Path("trial") / table).read_bytes() for table in TABLES]
    return "the same tables" if tables == wanted else "other tables"


def _change_a_byte(folder: Path, chance: random.Random) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    path = chance.choice(files)
    content = bytearray(path.read_bytes())
    position = chance.randrange(len(content))
    content[position] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    return f"byte {position} of {path}"


def _stopped_at_a_cell(folder: Path) -> None:
    def stops(task: Task) -> Block:
        if task.place == 3:
            raise KeyboardInterrupt
        return run_block(task)

    _interrupted(folder, stops)


def _stopped_at_tables(folder: Path) -> None:
    with patch.object(whole_run, "write_image_files", side_effect=KeyboardInterrupt):
        _interrupted(folder, run_block)


def _interrupted(folder: Path, run_task: Callable[[Task], Block]) -> None:
    cells = read_scenarios("mine.yaml")
    silent = (lambda images: None), (lambda *results: None)
    try:
        run_cells(cells, RunFolder(folder, cells), SerialPool(), *silent, run_task=run_task)
    except KeyboardInterrupt:
        return
    raise AssertionError("the run was not interrupted")


def _done(folder: Path) -> None:
    assert _run(str(folder)).exit_code == 0


def _run(out: str) -> Result:
    return CliRunner().invoke(semcomm, ["run", "mine.yaml", "--out", out, "--workers", "1"])


@contextmanager
def _workplace(place: Path) -> Iterator[None]:
    """The scenario and its images in this folder, which is the working folder meanwhile."""
    (place / "photos").mkdir()
    (place / "mine.yaml").write_text(SCENARIO)
    rng = np.random.default_rng(0)
    for number in range(IMAGES):
        pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
        (place / "photos" / f"{number}.ppm").write_bytes(b"P6 8 8 255\n" + pixels.tobytes())
    before, block_images = Path.cwd(), data_set.BLOCK_IMAGES
    data_set.BLOCK_IMAGES = BLOCK_IMAGES
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)
        data_set.BLOCK_IMAGES = block_images


if __name__ == "__main__":
    main()
