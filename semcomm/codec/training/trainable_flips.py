"""Flips of index bits in training, whose probabilities are trained, too.

A bit flips or does not. Its gradient is that of a relaxed flip, which is between 0 and 1 (Maddison,
Mnih and Teh, The Concrete Distribution, ICLR 2017): with u uniform from 0 to 1,

    e = -tanh((ln(mu / (1 - mu)) + ln(u / (1 - u))) / temperature),    flip = (1 - e) / 2

and e < 0, which is a flip, has probability mu. The gradient of a received codeword is that of the
mean over all codewords, each of which weighs as much as the relaxed bits are its own.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def flipped(indices: Tensor, crossovers: Tensor, uniforms: Tensor) -> Tensor:
    """The indices that arrive, (n,) int64.

    crossovers: (B,), or (n, B) of each index, the probability that bit j flips, whose value is 2^j.
    uniforms: (n, B) from 0 to 1.
    """
    places = 1 << torch.arange(crossovers.shape[-1], device=indices.device)
    return indices ^ ((_tilts(crossovers, uniforms) > 0) * places).sum(dim=1)


def soft_codewords(
    codebook: Tensor, indices: Tensor, crossovers: Tensor, uniforms: Tensor, temperature: float
) -> Tensor:
    """What arrives where flips are relaxed, (n, D), whose gradient goes to all floating arguments.

    codebook: (2^B, D); indices: (n,); crossovers and uniforms as in `flipped`.
    """
    flips = torch.sigmoid(2 / temperature * _tilts(crossovers, uniforms))
    weights = torch.ones_like(flips[:, :1])
    for place, flip in enumerate(flips.unbind(dim=1)):
        is_one = torch.where((indices >> place & 1).bool(), 1 - flip, flip)[:, None]
        weights = torch.cat([weights * (1 - is_one), weights * is_one], dim=1)
    return weights @ codebook


def received_codewords(
    codebook: Tensor, indices: Tensor, crossovers: Tensor, uniforms: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The codewords of the indices that arrive, and what carries the crossovers' gradient.

    Returns (n, D) codewords, whose gradient goes to the codebook, and (n, D) zeros, whose gradient
    is that of `soft_codewords` to the crossovers alone.
    """
    hard = F.embedding(flipped(indices, crossovers, uniforms), codebook)
    soft = soft_codewords(codebook.detach(), indices, crossovers, uniforms, temperature)
    return hard, soft - soft.detach()


def needed_energy(crossovers: Tensor) -> Tensor:
    """Es/N0 of the BPSK symbols whose bits flip as often, summed over an index, (V, B) to (V,).

    Over white Gaussian noise mu = Q(sqrt(2 Es/N0)) (Proakis and Salehi, Digital Communications, 5th
    ed., section 4.2).
    """
    energies: Tensor = torch.special.ndtri(crossovers).square() / 2
    return energies.sum(dim=-1)


def _tilts(crossovers: Tensor, uniforms: Tensor) -> Tensor:
    """Above 0 where a bit flips: (n, B)."""
    return torch.logit(crossovers) + torch.logit(uniforms, eps=1e-7)
