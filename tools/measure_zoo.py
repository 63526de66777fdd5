"""Measure the codecs that ship, for `semcomm list`: writes semcomm/zoo/figures.csv.

python tools/measure_zoo.py [DATA_ROOT]

Bits and PSNR with Huffman coding over an error-free channel, on all test images of CIFAR-10 and on the sample.
"""

import sys
from pathlib import Path

import pandas as pd

from semcomm.codec.zoo import FIGURES, codec_names, load_codec
from semcomm.experiment.scenario import read_scenarios
from semcomm.experiment.simulation import InMemory, simulate_all
from semcomm.experiment.tables import codec_record
from semcomm.experiment.workers import Failed, cores, pool_of
from semcomm.files import write_atomically


def main(root: Path | None = None) -> None:
    """Write a row a codec."""
    records = pd.DataFrame([codec_record(load_codec(name)) for name in codec_names()])
    table = records[["codec", "network_parameters", "command"]]
    for data in ("cifar10", "sample"):
        table = table.merge(measured(data, root), on="codec")
    write_atomically(FIGURES, table.to_csv(index=False).encode())


def measured(data: str, root: Path | None) -> pd.DataFrame:
    """The columns codec, bits and PSNR of each codec on a data set."""
    sweep = [
        f"data.name={data}",
        f"sweep.codec.model=[{', '.join(codec_names())}]",
        "sweep.codec.entropy_coder=[huffman]",
    ]
    cells = dict(enumerate(read_scenarios("shipped-codecs", sweep, root)))
    rows = []
    with pool_of(cores()) as pool:
        for _, found in simulate_all(cells, pool, lambda images: None, InMemory()):
            if isinstance(found, Failed):
                raise found.error
            rows.append([found.summary["codec"], found.summary["bits_per_image"], found.summary["psnr_db"]])
    return pd.DataFrame(rows, columns=["codec", f"{data}_bits_per_image", f"{data}_psnr_db"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
