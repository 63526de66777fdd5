"""semcomm: images sent end to end, from a learned encoder over real bits and a channel to a picture.

    import numpy as np
    import semcomm

    codec = semcomm.load_codec("ecvq-n128-nu16")
    images = semcomm.Sample().load(0, 256)
    sent = semcomm.Transmitter(codec).transmit(images)
    reception = semcomm.load_channel("binary_symmetric", crossover=1e-3).transmit(
        sent.frames, np.random.default_rng(0)
    )
    received = semcomm.Receiver(codec).receive(reception)

Names are imported when first used, because torch takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from semcomm.channel import BitChannel, SymbolChannel, SymbolReception
    from semcomm.codec.codec import Codec
    from semcomm.codec.zoo import load_codec
    from semcomm.errors import SemcommError
    from semcomm.experiment.channels import load_channel
    from semcomm.experiment.cifar10 import Cifar10
    from semcomm.experiment.data import ImageFolder, Sample
    from semcomm.experiment.scenario import Scenario, read_scenario
    from semcomm.experiment.simulation import simulate
    from semcomm.frames import Frames, Reception
    from semcomm.framing import Framing
    from semcomm.link.link import Link
    from semcomm.receiver import Received, Receiver
    from semcomm.transmitter import Sent, Transmitter

__all__ = [
    "BitChannel",
    "Cifar10",
    "Codec",
    "Frames",
    "Framing",
    "ImageFolder",
    "Link",
    "Received",
    "Receiver",
    "Reception",
    "Sample",
    "Scenario",
    "SemcommError",
    "Sent",
    "SymbolChannel",
    "SymbolReception",
    "Transmitter",
    "load_channel",
    "load_codec",
    "read_scenario",
    "simulate",
]

_HOMES = {
    "BitChannel": "channel",
    "Cifar10": "experiment.cifar10",
    "Codec": "codec.codec",
    "Frames": "frames",
    "Framing": "framing",
    "ImageFolder": "experiment.data",
    "Link": "link.link",
    "Received": "receiver",
    "Receiver": "receiver",
    "Reception": "frames",
    "Sample": "experiment.data",
    "Scenario": "experiment.scenario",
    "SemcommError": "errors",
    "Sent": "transmitter",
    "SymbolChannel": "channel",
    "SymbolReception": "channel",
    "Transmitter": "transmitter",
    "load_channel": "experiment.channels",
    "load_codec": "codec.zoo",
    "read_scenario": "experiment.scenario",
    "simulate": "experiment.simulation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"semcomm.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
