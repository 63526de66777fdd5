"""Measure the codecs that ship, for `semcomm list`: writes semcomm/zoo/figures.csv, or of codecs of
channel matrices csi-figures.csv beside it.

python tools/measure_zoo.py rgb8|csi [DATA_ROOT]

Bits and PSNR with Huffman coding over an error-free channel, on all test images of CIFAR-10 and on
the sample; and bits with context coding, of those codecs that have a context model. Of channel
matrices NMSE in place of PSNR, on 10,000 drops of UMi with seed 1 and on the sample.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from semcomm.choices import EntropyCoding, ModalityName
from semcomm.codec.description import codec_record
from semcomm.codec.entropy_coding.context_model import has_context
from semcomm.files import write_atomically
from semcomm.run.open_pool import open_pool
from semcomm.run.pools import Failure, cores
from semcomm.run.simulation import InMemory, simulate_all
from semcomm.scenario.scenario import read_scenarios
from semcomm.zoo.find import load_codec
from semcomm.zoo.names import FIGURES, codec_names


@dataclass(frozen=True)
class Figures:
    """What is measured of the codecs of a modality.

    data: the data sets, by the words that their columns begin with.
    quality: the column of results.csv.
    """

    data: Mapping[str, str]
    quality: str


MEASURED: dict[ModalityName, Figures] = {
    "rgb8": Figures({"cifar10": "{name: cifar10}", "sample": "{name: sample}"}, "psnr_db"),
    "csi": Figures(
        {"umi": "{csi: umi, drops: {count: 10000, seed: 1}}", "sample": "{csi: sample}"}, "nmse_db"
    ),
}


def main(modality: ModalityName, root: Path | None = None) -> None:
    """Write a row per codec."""
    figures, names = MEASURED[modality], codec_names(modality=modality)
    records = pd.DataFrame([codec_record(load_codec(name)) for name in names])
    table = records[["codec", "network_parameters", "command"]]
    with_context = [name for name in names if has_context(load_codec(name).tensors)]
    columns = ["bits_per_image", figures.quality]
    for prefix, data in figures.data.items():
        huffman = measured(data, "huffman", names, columns, root)
        table = table.merge(huffman.add_prefix(f"{prefix}_"), left_on="codec", right_index=True)
        context = measured(data, "context", with_context, columns[:1], root)
        of_context = context.add_prefix(f"{prefix}_context_")
        table = table.merge(of_context, how="left", left_on="codec", right_index=True)
    write_atomically(FIGURES[modality], table.to_csv(index=False).encode())


def measured(
    data: str, coder: EntropyCoding, codecs: list[str], columns: list[str], root: Path | None
) -> pd.DataFrame:
    """These columns of results.csv, with a row for each of these codecs."""
    sweep = [
        f"data={data}",
        f"sweep.codec.model=[{', '.join(codecs)}]",
        f"sweep.codec.entropy_coder=[{coder}]",
    ]
    cells = dict(enumerate(read_scenarios("shipped-codecs", sweep, root)))
    rows = pd.DataFrame(index=codecs, columns=columns)
    with open_pool(cores()) as pool:
        for number, result in simulate_all(cells, pool, lambda images: None, InMemory()):
            if isinstance(result, Failure):
                raise result.error
            rows.loc[codecs[number]] = [result.summary[name] for name in columns]
    return rows


if __name__ == "__main__":
    main(cast(ModalityName, sys.argv[1]), *map(Path, sys.argv[2:]))
