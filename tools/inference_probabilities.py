"""Which P serves criterion (3) best once a codec is trained: the logits', the empirical, or the
code lengths'.

python tools/inference_probabilities.py SCENARIO FOLDER DATA_ROOT [SPLIT [KEY=VALUE ...]]

SCENARIO is a training scenario that `semcomm train SCENARIO --out FOLDER` has finished, with the
same settings as KEY=VALUE. Prints, over all test images, or those of SPLIT, measured Huffman bits
and PSNR for each P, the code table counted on the training's images under the same P.
docs/decisions/0004-probabilities.md rests on it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.entropy_coding.code_table import optimal_code_lengths
from semcomm.codec.quantizers.codebook import codeword_bits
from semcomm.codec.training.export import export_codec
from semcomm.codec.training.images import WholeImages
from semcomm.codec.training.train import train
from semcomm.codec.training.trainer import Trainer
from semcomm.data.cifar10 import Cifar10, Split
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.scenario.training import TrainingScenario, read_training

Images = NDArray[np.uint8]


def main(
    name: str, folder: Path, root: Path, split: Split = "test", settings: Sequence[str] = ()
) -> None:
    """Print a line for each choice of P."""
    scenario = read_training(name, list(settings), root)
    assert isinstance(scenario, TrainingScenario)  # the tool is for codecs of bits
    training, test = (
        Cifar10(root, part).array() for part in (scenario.data.split or "train", split)
    )
    training = training[: scenario.images]
    trainer = Trainer(scenario.geometry, scenario.training, WholeImages(training), scenario.seed)
    train(trainer, folder / f"{scenario.name}.checkpoint.safetensors", lambda so_far: None)
    codec = export_codec("candidate", trainer.model, scenario.training, list(training), {})
    trained = trainer.model.codebook[0].detach().numpy()
    order = (
        (codec.codebook[:, None] == trained).all(axis=2).argmax(axis=1)
    )  # finishing gave indices anew
    costs = {
        "logits": codeword_bits(trainer.model.logits[0].detach()).double().numpy()[order],
        "empirical": -np.log2(codec.probabilities),
        "code lengths": codec.code_lengths.astype(np.float64),
    }
    for choice, bits in costs.items():
        biased = with_bias(codec, scenario.training.rate_weights[0] * bits)
        print(f"{choice:>12}: {measured(biased, training, test)}", flush=True)


def with_bias(codec: Codec, bias: NDArray[np.float64]) -> Codec:
    """The same codec with another bias in its criterion."""
    return replace(codec, tensors={**codec.tensors, "bias": bias.astype(np.float32)})


def measured(codec: Codec, training: Images, test: Images) -> str:
    """Bits per image and PSNR over the test images, with the code table of the training images."""
    counts = np.bincount(indices_of(codec, training), minlength=codec.geometry.codewords)
    lengths = optimal_code_lengths(np.maximum(counts, 1))
    indices = codec.quantize(codec.encode(list(test)))
    bits = sum(int(lengths[grid].sum(dtype=np.int64)) for grid in indices) / len(test)
    received = np.stack(codec.decode(codec.dequantize(indices), [(32, 32)] * len(test)))
    quality = finite_psnr_db(mean_squared_error(list(test), list(received)), test[0].size).mean()
    return (
        f"{bits:7.2f} bits per image, {quality:.3f} dB, {np.count_nonzero(counts)} codewords in use"
    )


def indices_of(codec: Codec, images: Images) -> NDArray[np.uint16]:
    """All indices that the quantizer gives these images."""
    return np.concatenate([grid.ravel() for grid in codec.quantize(codec.encode(list(images)))])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("split", nargs="?", choices=("test", "validation"), default="test")
    parser.add_argument("settings", nargs="*")
    main(**vars(parser.parse_args()))
