"""Measure the codecs that ship, for `semcomm list`: writes semcomm/zoo/figures.csv.

python tools/measure_zoo.py [DATA_ROOT]

Bits and PSNR with Huffman coding over an error-free channel, on all test images of CIFAR-10 and on
the sample; and bits with context coding, of those codecs that have a context model.
"""

import sys
from pathlib import Path

import pandas as pd

from semcomm.choices import EntropyCoding
from semcomm.codec.description import codec_record
from semcomm.codec.entropy_coding.context_model import has_context
from semcomm.files import write_atomically
from semcomm.run.open_pool import open_pool
from semcomm.run.pools import Failure, cores
from semcomm.run.simulation import InMemory, simulate_all
from semcomm.scenario.scenario import read_scenarios
from semcomm.zoo.find import load_codec
from semcomm.zoo.names import FIGURES, codec_names


def main(root: Path | None = None) -> None:
    """Write a row per codec."""
    records = pd.DataFrame([codec_record(load_codec(name)) for name in codec_names()])
    table = records[["codec", "network_parameters", "command"]]
    with_context = [name for name in codec_names() if has_context(load_codec(name).tensors)]
    for data in ("cifar10", "sample"):
        table = table.merge(measured(data, "huffman", codec_names(), root), on="codec")
        context = measured(data, "context", with_context, root).drop(columns=f"{data}_psnr_db")
        names = {f"{data}_bits_per_image": f"{data}_context_bits_per_image"}
        table = table.merge(context.rename(columns=names), on="codec", how="left")
    write_atomically(FIGURES, table.to_csv(index=False).encode())


def measured(data: str, coder: EntropyCoding, codecs: list[str], root: Path | None) -> pd.DataFrame:
    """The columns codec, bits and PSNR of each of these codecs on a data set."""
    sweep = [
        f"data.name={data}",
        f"sweep.codec.model=[{', '.join(codecs)}]",
        f"sweep.codec.entropy_coder=[{coder}]",
    ]
    cells = dict(enumerate(read_scenarios("shipped-codecs", sweep, root)))
    rows = []
    with open_pool(cores()) as pool:
        for number, result in simulate_all(cells, pool, lambda images: None, InMemory()):
            if isinstance(result, Failure):
                raise result.error
            codec, summary = codecs[number], result.summary
            rows.append([codec, summary["bits_per_image"], summary["psnr_db"]])
    return pd.DataFrame(rows, columns=["codec", f"{data}_bits_per_image", f"{data}_psnr_db"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
