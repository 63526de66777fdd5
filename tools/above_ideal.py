"""List the simulated links over AWGN that carry more bits than the normal approximation.

python tools/above_ideal.py RESULTS...

RESULTS: folders of runs with link.channel_uses. Each row is held against the approximation with
Gaussian inputs at its own frame error rate, or where no frame was lost at the upper end of Wilson's
interval. The approximation is no bound, so that a row above it would not be wrong.
"""

import sys
from pathlib import Path

import pandas as pd

from semcomm.link.normal_approximation import gaussian, normal_approximation
from semcomm.measures.intervals import wilson

IDEAL, USES, ESN0 = "link.ideal.frame_error_rate", "link.channel_uses", "channel.esn0_db"


def share(row: "pd.Series[float]") -> float:
    """The bits of a row's frames over those of the approximation."""
    frames, wrong = int(row["frames"]), int(row["residual_frame_errors"])
    rate = wrong / frames if wrong else wilson(wrong, frames)[1]
    return row["bits_per_image"] / normal_approximation(gaussian(row[ESN0]), int(row[USES]), rate)


def main(folders: list[str]) -> None:
    """Print the rows above, and the largest share."""
    tables = [pd.read_csv(Path(folder) / "results.csv") for folder in folders]
    table = pd.concat(tables, ignore_index=True)
    links = table[table[IDEAL].isna() & table[USES].notna() & table[ESN0].between(0, 20)]
    shares = links.apply(share, axis=1)
    for place in shares[shares > 1].index:
        print(f"{links[ESN0][place]:g} dB, {links[USES][place]:g} uses: {shares[place]:.3f}")
    print(
        f"{(shares > 1).sum()} of {len(shares)} links are above; the largest share is {shares.max():.3f}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
