"""How often a frame is lost with its control field: prints the table of
docs/decisions/0006-link.md.

python tools/control_field.py

Frames of 600 bits over white Gaussian noise, LDPC-coded; at each modulation and code rate, an Es/N0
where about one frame in ten is wrong, and one 0.8 dB above.
"""

import numpy as np

from semcomm.choices import Modulation
from semcomm.counting import frame_errors
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.link.codes import LdpcCode, Rate
from semcomm.link.link import Link
from semcomm.scenario.plugins import load_channel

PAYLOAD_BITS, FRAMES, FEW = 600, 20_000, 300
STEP_DB, APART_DB, RANGE_DB = 0.1, 0.8, (-6.0, 24.0)
MODULATIONS: tuple[Modulation, ...] = ("qpsk", "16qam", "64qam")
RATES: tuple[Rate, ...] = ("1/3", "1/2", "3/4", "8/9")


def shares(
    modulation: Modulation, rate: Rate, esn0_db: float, frames: int = FRAMES
) -> tuple[float, float]:
    """The share of frames that arrive wrong, and the share lost with their control field."""
    bits = np.random.default_rng(1).integers(0, 2, frames * PAYLOAD_BITS, dtype=np.uint8)
    sent = Frames(bits, np.full(frames, PAYLOAD_BITS))
    carrier = Link(modulation, code=LdpcCode(rate)).wrap(
        load_channel("awgn", esn0_db=esn0_db), Framing().crc_ok
    )
    arrived = carrier.transmit(sent, np.random.default_rng(2)).frames
    return float(frame_errors(sent, arrived).mean()), float((arrived.lengths == 0).mean())


def tenth(modulation: Modulation, rate: Rate) -> float:
    """The lowest Es/N0, in steps of 0.1 dB, at which at most a tenth of FEW frames are wrong."""
    low, high = (round(limit / STEP_DB) for limit in RANGE_DB)
    while high - low > 1:
        middle = (low + high) // 2
        if shares(modulation, rate, middle * STEP_DB, FEW)[0] > 0.1:
            low = middle
        else:
            high = middle
    return high * STEP_DB


def main() -> None:
    """Print one row per point."""
    print("| modulation | code rate | Es/N0 | frames wrong | lost with their control field |")
    print("| --- | --- | --- | --- | --- |")
    for modulation in MODULATIONS:
        for rate in RATES:
            start = tenth(modulation, rate)
            for esn0_db in (start, start + APART_DB):
                lost = [f"{100 * share:.3g} %" for share in shares(modulation, rate, esn0_db)]
                print(
                    f"| {modulation} | {rate} | {esn0_db:.1f} dB | {' | '.join(lost)} |", flush=True
                )


if __name__ == "__main__":
    main()
