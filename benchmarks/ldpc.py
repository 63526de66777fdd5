"""Frame error rate and speed of our LDPC decoder against Sionna's, on the same soft values and one
core.

BPSK over white Gaussian noise. Sionna decodes by the sum-product algorithm, all checks at once, 20
iterations without early stopping, float32, with its default settings; ours decodes as it does in a
link. At each point frames are sent until Sionna's decoder has made 200 frame errors. "at most" is
the upper end of a one-sided 99 % interval for our frame error rate over Sionna's, from the
differences frame by frame; a point passes where it is at most 1.1. The first two points only
compare speed. Both decoders take turns, batch by batch, and the clock counts processor time, so
that other load on the machine slows both.

    python benchmarks/ldpc.py --table ldpc.csv

Points that are already in the table are not simulated again, so that an interrupted run can be
resumed.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder  # it ships no type hints

from semcomm.link.ldpc import Ldpc

Place = tuple[int, str, float]
"""Payload bits, code rate and Eb/N0 in dB."""

RATES = ("1/5", "1/2", "3/4", "11/12")
EBN0_DB = {
    64: ((1.25, 2.3), (2.3, 3.5), (3.4, 4.45), (6.2, 7.6)),
    512: ((0.42, 0.8), (1.45, 1.85), (2.8, 3.4), (4.65, 5.4)),
    2048: ((0.22, 0.4), (1.22, 1.45), (2.5, 2.75), (4.32, 4.65)),
}
"""For each payload and code rate, where Sionna's frame error rate is about 0.1 and about 0.01."""

FRAME_ERRORS, LARGEST_RATIO = 200, 1.1
QUANTILE_99 = 2.326
TIMED: list[Place] = [(512, "1/2", 2.0), (512, "1/2", 3.0)]
TIMED_FRAMES, LEAST_SPEEDUP = 2000, 10.0


@dataclass(frozen=True)
class Point:
    """The results of both decoders on the same frames; speeds in payload bits per second of
    processor time.
    """

    payload_bits: int
    rate: str
    ebn0_db: float
    frames: int
    sionna_frame_errors: int
    frame_errors: int
    largest_ratio: float
    iterations: float
    sionna_speed: float
    speed: float

    def __str__(self) -> str:
        errors = (
            f"{self.sionna_frame_errors / self.frames:9.4f}{self.frame_errors / self.frames:9.4f}"
        )
        speeds = f"{self.sionna_speed / 1e6:9.3f}{self.speed / 1e6:8.2f}{self.speed / self.sionna_speed:8.0f}"
        place = f"{self.payload_bits:5}{self.rate:>7}{self.ebn0_db:7.2f}{self.frames:8}"
        return f"{place}{errors}{self.largest_ratio:9.3f}{20:8}{self.iterations:7.2f}{speeds}"


HEADING = f"""\
{"":27}{"frame error rate":>27}{"iterations":>15}{"Mbit/s":>17}
{"k":>5}{"rate":>7}{"Eb/N0":>7}{"frames":>8}{"Sionna":>9}{"ours":>9}{"at most":>9}{"Sionna":>8}{"ours":>7}\
{"Sionna":>9}{"ours":>8}{"times":>8}"""


@dataclass(frozen=True)
class Batch:
    """Frames decoded by both decoders.

    sionna_wrong, wrong: (frames,) bool, the frames that Sionna's and our decoder got wrong.
    iterations: (frames,) of our decoder.
    seconds: (2,) of Sionna's decoder and of ours.
    """

    sionna_wrong: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    iterations: NDArray[np.int64]
    seconds: NDArray[np.float64]


def batches(payload_bits: int, rate: str, ebn0_db: float) -> Iterator[Batch]:
    """An endless sequence of batches, seeded by the point. Discard the first: it includes
    compilation.
    """
    code = Ldpc(payload_bits, Fraction(rate))
    bits = code.sent_bits()
    sionna = LDPC5GDecoder(LDPC5GEncoder(payload_bits, bits), num_iter=20)
    size = max(8, 2**16 // bits)  # Sionna is fastest where its messages fit into the cache
    noise = (10 ** (-ebn0_db / 10) / (2 * payload_bits / bits)) ** 0.5
    seeds = np.random.SeedSequence([payload_bits, RATES.index(rate), round(1000 * ebn0_db) % 2**32])
    while True:
        rng = np.random.default_rng(seeds.spawn(1)[0])
        payloads = rng.integers(0, 2, (size, payload_bits), dtype=np.uint8)
        sent = code.encode(payloads)[:, code.rate_match(bits)]
        llrs = (2 / noise**2 * (1 - 2.0 * sent + noise * rng.standard_normal(sent.shape))).astype(
            np.float32
        )
        theirs, their_seconds = timed(lambda llrs: sionna(-torch.from_numpy(llrs)).numpy(), llrs)
        ours, our_seconds = timed(lambda llrs: code.decode(received(code, llrs)), llrs)
        yield Batch(
            sionna_wrong=(theirs != payloads).any(axis=1),
            wrong=(ours.payloads != payloads).any(axis=1),
            iterations=ours.iterations,
            seconds=np.array([their_seconds, our_seconds]),
        )


def received(code: Ldpc, llrs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The LLRs of bits that were sent once, at their positions in the mother codeword."""
    mother = np.zeros((len(llrs), code.mother_bits), np.float32)
    mother[:, code.rate_match(llrs.shape[1])] = llrs
    return mother


def timed(
    task: Callable[[NDArray[np.float32]], Any], llrs: NDArray[np.float32]
) -> tuple[Any, float]:
    begin = time.process_time()
    done = task(llrs)
    return done, time.process_time() - begin


def measure(place: Place, frames: int, frame_errors: int) -> Point:
    """Send at least this many frames, and until Sionna's decoder has made this many errors."""
    payload_bits, rate, ebn0_db = place
    source = batches(payload_bits, rate, ebn0_db)
    next(source)
    done: list[Batch] = []
    while (
        sum(batch.wrong.size for batch in done) < frames
        or sum(b.sionna_wrong.sum() for b in done) < frame_errors
    ):
        done.append(next(source))
    theirs = np.concatenate([batch.sionna_wrong for batch in done])
    ours = np.concatenate([batch.wrong for batch in done])
    speeds = payload_bits * ours.size / np.sum([batch.seconds for batch in done], axis=0)
    return Point(
        payload_bits=payload_bits,
        rate=rate,
        ebn0_db=ebn0_db,
        frames=ours.size,
        sionna_frame_errors=int(theirs.sum()),
        frame_errors=int(ours.sum()),
        largest_ratio=largest_ratio(theirs, ours),
        iterations=float(np.concatenate([batch.iterations for batch in done]).mean()),
        sionna_speed=float(speeds[0]),
        speed=float(speeds[1]),
    )


def largest_ratio(theirs: NDArray[np.bool_], ours: NDArray[np.bool_]) -> float:
    """The ratio r above which the mean of ours - r theirs is below zero with 99 % confidence (E.
    Fieller, 1954).
    """
    t, o = theirs.mean(), ours.mean()
    scale = QUANTILE_99**2 / theirs.size
    a = t**2 - scale * theirs.var()
    b = t * o - scale * np.mean((theirs - t) * (ours - o))
    c = o**2 - scale * ours.var()
    return float((b + np.sqrt(max(b**2 - a * c, 0))) / a) if a > 0 else float("inf")


def read_points(table: Path) -> dict[Place, Point]:
    if not table.exists():
        return {}
    points = [
        Point(**{str(name): value for name, value in row.items()})
        for row in pd.read_csv(table).to_dict("records")
    ]
    return {(point.payload_bits, point.rate, point.ebn0_db): point for point in points}


def main() -> None:
    parser = argparse.ArgumentParser(description="Our LDPC decoder against Sionna's.")
    parser.add_argument(
        "--table", type=Path, required=True, help="CSV file of the points, created or extended"
    )
    parser.add_argument(
        "--payload-bits", type=int, nargs="+", choices=EBN0_DB, default=list(EBN0_DB)
    )
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    compared = [
        (payload_bits, rate, ebn0_db[near])
        for near in (0, 1)
        for payload_bits in options.payload_bits
        for rate, ebn0_db in zip(RATES, EBN0_DB[payload_bits], strict=True)
    ]
    print(HEADING)
    for place in TIMED + compared:
        points = read_points(options.table)
        if place not in points:
            frames, frame_errors = (TIMED_FRAMES, 0) if place in TIMED else (0, FRAME_ERRORS)
            point = measure(place, frames, frame_errors)
            pd.DataFrame([asdict(point)]).to_csv(
                options.table, mode="a", header=not points, index=False
            )
        print(read_points(options.table)[place], flush=True)
    print(verdict(read_points(options.table)))


def verdict(points: dict[Place, Point]) -> str:
    compared = [point for place, point in points.items() if place not in TIMED]
    passed = sum(point.largest_ratio <= LARGEST_RATIO for point in compared)
    speedup = min(points[place].speed / points[place].sionna_speed for place in TIMED)
    return (
        f"{passed} of {len(compared)} points at most {LARGEST_RATIO} times Sionna's frame error "
        f"rate; {speedup:.0f} times its speed, required {LEAST_SPEEDUP:.0f}"
    )


if __name__ == "__main__":
    main()
