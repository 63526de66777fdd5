"""Channel-optimized choice with a crossover of each bit: against brute force and `covq`."""

import numpy as np
import torch

from semcomm.codec.esc.quantizer import channel_optimized
from semcomm.codec.quantizers.covq import covq_tables


def test_the_index_chosen_has_the_lowest_expected_error() -> None:
    rng = np.random.default_rng(0)
    codebook, vectors = rng.normal(size=(8, 3)), rng.normal(size=(40, 3))
    crossovers = np.array([0.3, 0.05, 0.2])
    errors = np.zeros((40, 8))
    for sent in range(8):
        for arrived in range(8):
            flips = (sent ^ arrived) >> np.arange(3) & 1
            chance = np.where(flips, crossovers, 1 - crossovers).prod()
            errors[:, sent] += chance * np.square(vectors - codebook[arrived]).sum(axis=1)
    quantizer = channel_optimized(*map(torch.from_numpy, (codebook, crossovers)))
    chosen = quantizer.assign(torch.from_numpy(vectors))
    assert chosen.tolist() == errors.argmin(axis=1).tolist()


def test_equal_crossovers_give_the_tables_of_covq() -> None:
    codebook = np.random.default_rng(1).normal(size=(16, 4)).astype(np.float32)
    ours = channel_optimized(torch.from_numpy(codebook), torch.full((4,), 0.03))
    theirs = covq_tables(codebook, 0.03)
    assert np.allclose(ours.codebook, theirs["encoder_codebook"], atol=1e-6)
    assert np.allclose(ours.bias, theirs["bias"], atol=1e-5)
