"""Fuzzed inputs of five kinds: none may end in a traceback or in a figure from nonsense.

    python tools/fuzz_inputs.py 20000 --seed 1

Each input ends as `done`, with figures that make sense, or as `refused`, with a SemcommError or a
message of the command line. Anything else is printed with its seed, and the exit status is 1.
"""

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import PIL.Image
import torch
from safetensors.numpy import save

import semcomm
from semcomm.carrier import carry
from semcomm.channel import BitChannel, SymbolChannel, SymbolReception
from semcomm.choices import DamagedPolicy
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import FORMAT, VERSION
from semcomm.codec.codec_file import load_codec as load_file
from semcomm.codec.description import codec_record
from semcomm.codec.tensor_file import digest_of
from semcomm.console import show_record
from semcomm.counting import counts_of
from semcomm.errors import SemcommError
from semcomm.folders import ZOO, shipped
from semcomm.frames import Counts, Frames, Reception, Symbols
from semcomm.framing import Framing
from semcomm.link.codes import LdpcCode, RepetitionCode
from semcomm.link.link import Link
from semcomm.run.pipes import receive, save_images
from semcomm.scenario.plugins import load_channel
from semcomm.scenario.scenario import read_scenarios
from semcomm.transmission import Preamble, write_transmission
from semcomm.transmitter import Transmitter

CODEC = "vq-n64"
MAX_MUTATIONS = 4

LINKS = {
    False: [Link(), Link(code=LdpcCode("1/2")), Link(code=RepetitionCode(2), interleaving=2)],
    True: [Link("qpsk"), Link("16qam", "hard"), Link("bpsk", code=LdpcCode("3/4"))],
}

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    float("nan"),
    float("inf"),
    -0.5,
    "",
    "\0",
    "naïve",
    b"x",
    [],
    {},
    (),
    [1, [2]],
    np.float32(0.5),
    np.zeros(0),
    np.zeros((3, 3), np.uint8),
    np.array(["a"]),
    np.array([1j, np.nan]),
    np.arange(60) % 2,
    object(),
]
"""What stands in place of any argument or answer."""

FRAGMENTS = [
    "null",
    "nan",
    ".inf",
    "1e999",
    "-1",
    "0",
    "''",
    "[]",
    "{}",
    "[1,2]",
    "{a:",
    "1}",
    "!!python/object:os.system",
    "&a",
    "*a",
    "true",
    "99999999999999999999",
    "0x10",
    "~",
    "'\\0'",
    "{start:",
    "0,",
    "stop:",
    "1,",
    "step:",
    "0.5}",
    "sweep:",
    "codec:",
    "huffman",
    "qpsk",
]


class NonsenseError(Exception):
    """A figure that cannot be right."""


@dataclass(frozen=True)
class AnyBits(BitChannel):
    """Hands on an answer made beforehand, which no check of fields compares."""

    answer: Callable[[Frames], Any]

    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        made: Reception = self.answer(frames)
        return made


@dataclass(frozen=True)
class AnySymbols(SymbolChannel):
    """The same of symbols."""

    answer: Callable[[Symbols], Any]

    def transmit(self, symbols: Symbols, rng: np.random.Generator) -> SymbolReception:
        made: SymbolReception = self.answer(symbols)
        return made


class Fuzzer:
    """Inputs of each kind, drawn with one generator.

    folder: for files that are made, and deleted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codec = semcomm.load_codec(CODEC)
        self.images = semcomm.Sample().load(0, 3)
        self.sent = Transmitter(self.codec).transmit(self.images).signal
        names = sorted(shipped("scenarios").glob("*.yaml"))
        self.scenarios = [path.read_text() for path in names]
        self.codec_file = (ZOO / f"{CODEC}.safetensors").read_bytes()

    def scenario(self, draw: random.Random) -> None:
        """A shipped scenario with lines and words changed, read and checked, not run."""
        text = draw.choice(self.scenarios)
        for _ in range(draw.randint(1, MAX_MUTATIONS)):
            text = mutated_text(text, draw)
        path = self.folder / "fuzzed.yaml"
        path.write_text(text, encoding="utf-8", errors="replace")
        cells = read_scenarios(str(path), [], None)
        if not cells:
            raise NonsenseError("a scenario without cells")

    def transmission(self, draw: random.Random) -> None:
        """A transmission cut, flipped or spliced, received."""
        content = mutated_bytes(self._transmission(draw), draw)
        codecs = [self.codec] if draw.random() < 0.9 else None
        policy: DamagedPolicy = draw.choice(get_args(DamagedPolicy))
        out = self.folder / "images"
        try:
            received = receive(io.BytesIO(content), codecs, "cpu", policy)
            saved = save_images(received, out, overwrite=True)
            written = len(list(out.glob("*.png")))
        finally:
            shutil.rmtree(out, ignore_errors=True)
        if saved.images != written or not 0 <= saved.damaged <= saved.images:
            raise NonsenseError(f"{saved}, {written} written")

    def _transmission(self, draw: random.Random) -> bytes:
        framing = Framing(crc=draw.choice([0, 8, 16]), slices=draw.choice([1, 2, 7]))
        size = draw.choice([(32, 32), (1, 1), (4096, 4096), (65535, 200)])
        framing = replace(framing, size=size)
        stream = io.BytesIO()
        frames = Transmitter(self.codec, framing=framing).transmit(self.images).signal
        blocks = [frames] * draw.randint(1, 3)
        write_transmission(stream, Preamble.of(self.codec, "huffman", framing), blocks)
        return stream.getvalue()

    def codec_in_file(self, draw: random.Random) -> None:
        """A codec's file with other bytes, or with any origin, loaded and shown."""
        path = self.folder / "fuzzed.safetensors"
        if draw.random() < 0.5:
            path.write_bytes(mutated_bytes(self.codec_file, draw, head=4000))
        else:
            self._write_origin(path, draw)
        codec: Codec = load_file(path)
        record = codec_record(codec)
        show_record(record)
        if record["sha256"] != codec.digest.hex():
            raise NonsenseError("another SHA-256 is shown")

    def _write_origin(self, path: Path, draw: random.Random) -> None:
        about = {"geometry": asdict(self.codec.geometry), "quantizer": "vq", "origin": {"a": 1}}
        text = json.dumps(about)
        for _ in range(draw.randint(1, MAX_MUTATIONS)):
            text = mutated_text(text, draw)
        text = text.encode("utf-8", errors="replace").decode()
        metadata = {"format": FORMAT, "version": VERSION, "about": text}
        metadata["sha256"] = digest_of(text, self.codec.tensors).hex()
        path.write_bytes(save(dict(self.codec.tensors), metadata))

    def answer(self, draw: random.Random) -> None:
        """A channel that answers wrongly in one or more fields, over some link."""
        of_symbols = draw.random() < 0.5
        channel: Any = AnySymbols(wrong_symbols(draw)) if of_symbols else AnyBits(wrong_bits(draw))
        link = draw.choice(LINKS[of_symbols])
        reception = carry(channel, self.sent, np.random.default_rng(0), link)
        check_reception(self.sent, reception)

    def arguments(self, draw: random.Random) -> None:
        """Images, channels, framings and frames with any arguments, from Python."""
        value = draw.choice(VALUES)
        calls: list[Callable[[], object]] = [
            lambda: Transmitter(self.codec).transmit(value),
            lambda: Transmitter(self.codec).transmit([value]),
            lambda: Transmitter(self.codec).transmit([self.images[0], strange_image(draw)]),
            lambda: load_channel("awgn", esn0_db=value),
            lambda: load_channel("rayleigh", esn0_db=3.0, coherence=value),
            lambda: load_channel("binary_symmetric", crossover=value, more=value),
            lambda: carry(
                load_channel("error_free"),
                Frames(value, draw.choice(VALUES)),
                np.random.default_rng(0),
            ),
        ]
        try:
            draw.choice(calls)()
        except (ValueError, TypeError) as error:
            raise_unless_frames(error)


def raise_unless_frames(error: Exception) -> None:
    """`Frames` is checked by ValueError; nothing else may raise one that is no SemcommError."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if isinstance(error, SemcommError) or not last.filename.endswith("frames.py"):
        raise error


def mutated_text(text: str, draw: random.Random) -> str:
    """A word, a line or a character replaced, deleted, doubled or moved."""
    parts: list[str] = text.splitlines(keepends=True) if draw.random() < 0.4 else text.split(" ")
    joint = "" if parts and parts[0].endswith("\n") else " "
    place = draw.randrange(max(1, len(parts)))
    change = draw.randrange(5)
    if change == 0:
        parts[place : place + 1] = [draw.choice(FRAGMENTS) + "\n" * (joint == "")]
    elif change == 1:
        del parts[place : place + 1]
    elif change == 2:
        parts[place:place] = parts[place : place + 2]
    elif change == 3:
        draw.shuffle(parts)
    else:
        place = draw.randrange(max(1, len(text)))
        return text[:place] + chr(draw.choice([0, 9, 27, 39, 58, 123, 0x2028, 0xE9])) + text[place:]
    return joint.join(parts)


def mutated_bytes(content: bytes, draw: random.Random, head: int | None = None) -> bytes:
    """Bits flipped, bytes replaced, cut out or repeated, most of them among the first `head`."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, MAX_MUTATIONS)):
        end = len(changed) if head is None or draw.random() < 0.2 else min(head, len(changed))
        if not end:
            break
        place = draw.randrange(end)
        change = draw.randrange(4)
        if change == 0:
            changed[place] ^= 1 << draw.randrange(8)
        elif change == 1:
            changed[place : place + 4] = draw.randbytes(4)
        elif change == 2:
            del changed[place : place + draw.randint(1, 200)]
        else:
            changed[place:place] = changed[place : place + draw.randint(1, 200)]
    return bytes(changed)


def strange_image(draw: random.Random) -> Any:
    """What a notebook may have in place of an image."""
    shape = [draw.choice([0, 1, 3, 8]) for _ in range(draw.choice([2, 3, 3, 3, 4]))]
    dtype = draw.choice(["uint8", "float32", "int64", "bool"])
    array = np.zeros(shape, dtype)
    mode = draw.choice(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F", "I;16"])
    return draw.choice(
        [
            array,
            array.tolist(),
            torch.zeros(shape, dtype=getattr(torch, dtype)),
            PIL.Image.new(mode, (shape[0], shape[1])),
            draw.choice(["", "a.png", Path("nowhere"), "\0", "/dev/zero", "/"]),
        ]
    )


def wrong(values: Any, draw: random.Random) -> Any:
    """An array, or something that is easily returned in its place."""
    array = np.asarray(values)
    choice = draw.randrange(40)
    if choice < 5 or choice >= 13:
        return array
    if choice == 5:
        return draw.choice(VALUES)
    if choice == 6:
        return array.astype(draw.choice(["complex64", "float32", "float64", "int64", "bool", "O"]))
    if choice == 7:
        return array * draw.choice([-1, 0, 2, 1.5, np.nan, np.inf, 1e300])
    if choice == 8:
        return array[draw.randint(0, 2) :]
    if choice == 9:
        return array.repeat(2)
    if choice == 10:
        return array.reshape(1, -1)
    if choice == 11:
        return array.flat[0] if array.size else 0
    changed = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    changed.flat[draw.randrange(changed.size)] = draw.choice([np.nan, np.inf, -1, 0.5, 2])
    return changed


def wrong_bits(draw: random.Random) -> Callable[[Frames], Any]:
    def answer(frames: Frames) -> Any:
        llrs = None if draw.random() < 0.4 else wrong(4.0 - 8.0 * frames.bits, draw)
        made = Frames(wrong(frames.bits, draw), wrong(frames.lengths, draw))
        counts = None
        if draw.random() < 0.5:
            parts = {
                name: wrong(part, draw)
                for name, part in asdict(counts_of(frames, frames, frames.lengths)).items()
            }
            counts = Counts(**parts)
        answers = [Reception(made, llrs, counts)] * 9
        return draw.choice([*answers, made, None, draw.choice(VALUES), sys.exit])

    return answer


def wrong_symbols(draw: random.Random) -> Callable[[Symbols], Any]:
    def answer(symbols: Symbols) -> Any:
        variances = np.full(symbols.values.size, 0.01)
        values = wrong(symbols.values, draw)
        whole = Symbols(values, symbols.lengths) if draw.random() < 0.5 else values
        parts = (whole, wrong(variances, draw), wrong(symbols.lengths, draw))
        answers = [SymbolReception(*parts)] * 9
        return draw.choice([*answers, symbols, None, draw.choice(VALUES)])

    return answer


def check_reception(sent: Frames, reception: Reception) -> None:
    """Raises NonsenseError for figures that no channel can have."""
    if len(reception.frames) != len(sent):
        raise NonsenseError("another number of frames")
    if reception.llrs is not None and not np.isfinite(reception.llrs).all():
        raise NonsenseError("LLRs that are not finite")
    for name, values in asdict(reception.counts).items() if reception.counts else ():
        if values.dtype != np.int64 or values.shape != (len(sent),) or values.min() < 0:
            raise NonsenseError(f"{name} is {values}")


def fuzz(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Outcomes of so many inputs by kind, and what went wrong."""
    fuzzer = Fuzzer(folder)
    kinds = {
        "scenario": fuzzer.scenario,
        "transmission": fuzzer.transmission,
        "codec file": fuzzer.codec_in_file,
        "plug-in's answer": fuzzer.answer,
        "arguments": fuzzer.arguments,
    }
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for number in range(count):
        kind, run = list(kinds.items())[number % len(kinds)]
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                run(random.Random(f"{seed} {number}"))
            outcomes[f"{kind}: done"] += 1
        except SemcommError:
            outcomes[f"{kind}: refused"] += 1
        except Exception:
            outcomes[f"{kind}: wrong"] += 1
            failures.append(f"seed {seed}, input {number}, {kind}\n{traceback.format_exc()}")
    return outcomes, failures


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzed inputs of five kinds.")
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    np.seterr(all="ignore")
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        outcomes, failures = fuzz(options.count, options.seed, Path(folder))
    for name, times in sorted(outcomes.items()):
        print(f"{name}: {times}")
    alike = {failure.strip().splitlines()[-1]: failure for failure in reversed(failures)}
    for failure in alike.values():
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
