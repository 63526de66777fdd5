"""semcomm: images sent end to end, from a learned encoder over real bits and a channel to a
picture.

    import numpy as np
    import semcomm

    codec = semcomm.load_codec("ecvq-n128-nu16")
    images = semcomm.Sample().load(0, 256)
    sent = semcomm.Transmitter(codec).transmit(images)
    reception = semcomm.load_channel("binary_symmetric", crossover=1e-3).transmit(
        sent.signal, np.random.default_rng(0)
    )
    received = semcomm.Receiver(codec).receive(reception)

    results = semcomm.run("binary-symmetric", ["images=32"])  # a scenario as a table

Names are imported when first used, because torch takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semcomm.version import __version__ as __version__

if TYPE_CHECKING:
    from semcomm.channel import BitChannel as BitChannel
    from semcomm.channel import SymbolChannel as SymbolChannel
    from semcomm.channel import SymbolReception as SymbolReception
    from semcomm.codec.codec import Codec as Codec
    from semcomm.data.cifar10 import Cifar10 as Cifar10
    from semcomm.data.folder import ImageFolder as ImageFolder
    from semcomm.data.sample import Sample as Sample
    from semcomm.errors import SemcommError as SemcommError
    from semcomm.frames import Frames as Frames
    from semcomm.frames import Reception as Reception
    from semcomm.frames import Symbols as Symbols
    from semcomm.framing import Framing as Framing
    from semcomm.link.coded import Retransmission as Retransmission
    from semcomm.link.codes import LdpcCode as LdpcCode
    from semcomm.link.link import Link as Link
    from semcomm.measures.ms_ssim import ms_ssim as ms_ssim
    from semcomm.measures.psnr import psnr_db as psnr_db
    from semcomm.measures.ssim import ssim as ssim
    from semcomm.modalities.image_file import read_image as read_image
    from semcomm.receiver import Receiver as Receiver
    from semcomm.run.from_python import run as run
    from semcomm.run.simulation import simulate as simulate
    from semcomm.scenario.plugins import load_channel as load_channel
    from semcomm.scenario.scenario import Scenario as Scenario
    from semcomm.scenario.scenario import read_scenario as read_scenario
    from semcomm.stages import Received as Received
    from semcomm.stages import Sent as Sent
    from semcomm.transmitter import Transmitter as Transmitter
    from semcomm.zoo.find import load_codec as load_codec

_HOMES = {
    "BitChannel": "channel",
    "Cifar10": "data.cifar10",
    "Codec": "codec.codec",
    "Frames": "frames",
    "Framing": "framing",
    "ImageFolder": "data.folder",
    "LdpcCode": "link.codes",
    "Link": "link.link",
    "Received": "stages",
    "Receiver": "receiver",
    "Reception": "frames",
    "Retransmission": "link.coded",
    "Sample": "data.sample",
    "Scenario": "scenario.scenario",
    "SemcommError": "errors",
    "Sent": "stages",
    "SymbolChannel": "channel",
    "SymbolReception": "channel",
    "Symbols": "frames",
    "Transmitter": "transmitter",
    "load_channel": "scenario.plugins",
    "load_codec": "zoo.find",
    "ms_ssim": "measures.ms_ssim",
    "psnr_db": "measures.psnr",
    "read_image": "modalities.image_file",
    "read_scenario": "scenario.scenario",
    "run": "run.from_python",
    "simulate": "run.simulation",
    "ssim": "measures.ssim",
}
"""Each public name and the module that it is imported from when it is first used."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"semcomm.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
