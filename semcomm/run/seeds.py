"""Generators that depend on what they are for: not on workers, order, codec or interruptions."""

import hashlib
import json
from dataclasses import fields
from typing import Any, cast

import numpy as np

from semcomm.channel import BitChannel, SymbolChannel


def block_generator(
    seed: int, channel: BitChannel | SymbolChannel, block: int
) -> np.random.Generator:
    """All the randomness of a channel over one block of images.

    Neither codec nor link has a part in it: systems compared on one channel draw from the same
    stream.
    """
    return np.random.default_rng(np.random.SeedSequence([seed, channel_key(channel), block]))


def channel_key(channel: BitChannel | SymbolChannel) -> int:
    """A number for a channel's class and those of its parameters that are not at their defaults.

    What only the receiver knows has no part in it: known and estimated gains meet the same fades.
    SHA-256 of canonical JSON: 1e-3 is 0.001, and a new parameter with a default moves no old
    result.
    """
    ignored = channel.receiver_fields if isinstance(channel, SymbolChannel) else ()
    parameters = {
        field.name: getattr(channel, field.name)
        for field in fields(cast(Any, channel))
        if getattr(channel, field.name) != field.default and field.name not in ignored
    }
    text = json.dumps({"class": type(channel).__name__} | parameters, sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
