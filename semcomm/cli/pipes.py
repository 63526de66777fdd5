"""Commands over files and pipes: transmission, channel, reception."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, get_args

import click

from semcomm.choices import Crc, DamagedPolicy, Device, EntropyCoding, Modulation
from semcomm.cli.options import FILE, device_option, echo_passed_over


@click.command()
@click.argument("images", nargs=-1, required=True, type=FILE)
@click.option(
    "--codec", "codec_name", required=True, help="A shipped codec's name or a .safetensors file."
)
@click.option(
    "-o", "--output", type=FILE, help="File of the transmission [default: standard output]."
)
@click.option("--entropy-coder", type=click.Choice(get_args(EntropyCoding)), default="huffman")
@click.option(
    "--header/--no-header",
    default=True,
    help="Let frames tell their image's size, slices their length.",
)
@click.option("--slices", type=click.IntRange(1, 255), default=1, help="Frames per image.")
@click.option(
    "--crc", type=click.Choice(get_args(Crc)), default=16, help="Bits of each frame's check."
)
@click.option(
    "--size", type=(int, int), default=(32, 32), help="Height and width that go without saying."
)
@click.option(
    "--length-bits", type=click.IntRange(1, 16), default=8, help="Of the length that a slice tells."
)
@click.option("--budget-bits", type=click.IntRange(min=1), help="The most that a frame may have.")
@click.option(
    "--refinement-steps",
    type=click.IntRange(0, 10_000),
    default=0,
    help="To indices of a nearer picture.",
)
@device_option
def transmit(
    images: tuple[Path, ...],
    codec_name: str,
    output: Path | None,
    entropy_coder: EntropyCoding,
    header: bool,
    slices: int,
    crc: Crc,
    size: tuple[int, int],
    length_bits: int,
    budget_bits: int | None,
    refinement_steps: int,
    device: Device,
) -> None:
    """Send IMAGES, files and folders, as a transmission of frames. A codec of channel matrices
    takes one .npy, .npz or .mat file of them in their place.
    """
    from semcomm.data.csi_file import CsiFile
    from semcomm.data.folder import ImagePaths
    from semcomm.framing import Framing
    from semcomm.run.pipes import transmit
    from semcomm.transmission import Preamble
    from semcomm.transmitter import Transmitter
    from semcomm.zoo.find import load_codecs

    framing = Framing(header, slices, crc, size, length_bits)
    codecs = [codec.on(device) for codec in load_codecs(codec_name)]
    transmitter = Transmitter(codecs, entropy_coder, framing, budget_bits, refinement_steps)
    preamble = Preamble.of(codecs, entropy_coder, framing)
    if codecs[0].modality == "csi":
        if len(images) > 1:
            raise click.UsageError("channel matrices are sent from one file; name a single one")
        with written(output) as target:
            transmit(CsiFile(images[0]), transmitter, preamble, target)
        return
    paths = ImagePaths(images)
    with written(output) as target:
        transmit(paths, transmitter, preamble, target)
    echo_passed_over(paths.passed_over())


@click.command()
@click.argument("name")
@click.argument("source", type=click.File("rb"), default="-")
@click.option("-o", "--output", type=FILE, help="File of the reception [default: standard output].")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter: --set crossover=0.01.",
)
@click.option(
    "--modulation",
    type=click.Choice(get_args(Modulation)),
    help="For a channel of symbols.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
def channel(
    name: str,
    source: BinaryIO,
    output: Path | None,
    overrides: tuple[str, ...],
    modulation: Modulation | None,
    seed: int,
) -> None:
    """Carry the transmission SOURCE, or standard input, over the channel NAME."""
    from semcomm.link.link import Link
    from semcomm.run.pipes import read_channel, through_channel

    model = read_channel(name, overrides, modulation)
    with written(output) as target:
        through_channel(source, model, Link(modulation), seed, target)


@click.command()
@click.argument("source", type=click.File("rb"), default="-")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for the images.")
@click.option("--codec", "codec_name", help="The codec, where it is none that ships with semcomm.")
@click.option(
    "--damaged",
    type=click.Choice(get_args(DamagedPolicy)),
    default="conceal",
    help="Damaged slices.",
)
@click.option("--overwrite", is_flag=True, help="Replace images that are there.")
@click.option(
    "--names",
    "sent",
    multiple=True,
    type=FILE,
    help="Name images as the sender's, of this file or folder that was sent. May be given again.",
)
@device_option
def receive(
    source: BinaryIO,
    output: Path,
    codec_name: str | None,
    damaged: DamagedPolicy,
    overwrite: bool,
    sent: tuple[Path, ...],
    device: Device,
) -> None:
    """Receive the transmission SOURCE, or standard input, as PNG images 00000.png, 00001.png,
    ..., or as channel matrices 00000.npy, ...
    """
    from semcomm.run.pipes import receive, save_images, sent_names
    from semcomm.zoo.find import load_codecs

    codecs = load_codecs(codec_name) if codec_name else None
    names = sent_names(sent) if sent else None
    saved = save_images(receive(source, codecs, device, damaged), output, overwrite, names)
    click.echo(str(saved), err=True)


@contextmanager
def written(path: Path | None) -> Iterator[BinaryIO]:
    """A file that appears whole or not at all, or standard output, which `-` names, too.

    Raises click.UsageError where that is a terminal.
    """
    from semcomm.files import atomic_writer

    if path is None or str(path) == "-":
        if sys.stdout.isatty():
            raise click.UsageError(
                "a transmission is binary, and standard output a terminal: name a file with -o, or "
                "pipe it into a command"
            )
        yield sys.stdout.buffer
    else:
        with atomic_writer(path) as file:
            yield file
