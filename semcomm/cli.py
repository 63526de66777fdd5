"""The command line: each command reads its options, calls one function and shows what it gives."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

import click

from semcomm import __version__
from semcomm.errors import ScenarioError, SemcommError

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


class Commands(click.Group):
    """Tells errors that a person can mend without a traceback, and exits with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # as `| head` makes it; click ends quietly
            raise
        except ScenarioError as error:
            message = str(error)
        except (SemcommError, OSError) as error:
            message = f"error: {error}"
        click.echo(message, err=True)
        return ctx.exit(2)


def scenario_options(command: Command) -> Command:
    """What `run` and `train` share."""
    set_help = "Change a value of the scenario, as in --set codec.dtype=bfloat16; may be given again."
    for option in (
        click.option("--data-root", type=FILE, help="Folder that holds CIFAR-10 [default: SEMCOMM_DATA]."),
        click.option("--images", type=click.IntRange(min=1), help="Take the first N images only."),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help=set_help),
    ):
        command = option(command)
    return command


def device_option(command: Command) -> Command:
    """Where networks run."""
    devices = click.Choice(["auto", "cpu", "cuda", "mps"])
    return click.option("--device", type=devices, default="auto", show_default=True)(command)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__)
def main() -> None:
    """Simulate semantic communication: images through a learned codec, real bits and a channel."""


@main.command()
@click.argument("scenario")
@scenario_options
@click.option("--out", type=FILE, help="Folder for the tables [default: results/NAME].")
def run(
    scenario: str, overrides: tuple[str, ...], images: int | None, data_root: Path | None, out: Path | None
) -> None:
    """Run SCENARIO, a file or a shipped one's name, and write results.csv, per_image.csv and pictures.png."""
    from semcomm.console import images_bar, show_cell
    from semcomm.experiment.scenario import read_scenarios
    from semcomm.experiment.simulation import Results, simulate
    from semcomm.experiment.tables import write_images, write_summaries

    read = read_scenarios(scenario, with_images(overrides, images), data_root)
    folder = out or Path("results") / read[0].scenario.name
    results: list[Results] = []
    with images_bar(sum(cell.scenario.image_count() for cell in read)) as watch:
        for number, cell in enumerate(read, start=1):
            results.append(simulate(cell.scenario, watch, cell.changes))
            summaries = write_summaries(results, folder)
            show_cell(results[-1].summary, cell.changes, number, len(read))
    for path in (summaries, *write_images(results, folder)):
        click.echo(f"written: {path}")


@main.command()
@click.argument("scenario")
@scenario_options
@click.option("--out", type=FILE, default=".", help="Folder for the codec and its checkpoint.")
def train(scenario: str, overrides: tuple[str, ...], images: int | None, data_root: Path | None, out: Path) -> None:
    """Train the codec of SCENARIO. Interrupted, the same command goes on from the last whole epoch."""
    from semcomm.console import training_bar
    from semcomm.experiment.training import read_training, run_training

    changes = with_images(overrides, images)
    made = read_training(scenario, changes, data_root)
    command = " ".join(["semcomm train", made.name, *(f"--set {change}" for change in changes)])
    with training_bar(made.training.epochs) as watch:
        path = run_training(made, out, command, watch)
    click.echo(f"written: {path}")


@main.command()
@click.argument("images", nargs=-1, required=True, type=FILE)
@click.option("--codec", "codec_name", required=True, help="A shipped codec's name or a .safetensors file.")
@click.option("-o", "--output", type=FILE, help="File of the transmission [default: standard output].")
@click.option("--entropy-coder", type=click.Choice(["huffman", "fixed_length"]), default="huffman")
@click.option("--header/--no-header", default=True, help="Let frames tell their image's size and their length.")
@click.option("--slices", type=click.IntRange(1, 255), default=1, help="Frames an image.")
@click.option("--crc", type=click.Choice([0, 8, 16]), default=16, help="Bits of each frame's check.")
@click.option("--size", type=(int, int), default=(32, 32), help="Height and width that go without saying.")
@device_option
def transmit(
    images: tuple[Path, ...],
    codec_name: str,
    output: Path | None,
    entropy_coder: Literal["huffman", "fixed_length"],
    header: bool,
    slices: int,
    crc: Literal[0, 8, 16],
    size: tuple[int, int],
    device: str,
) -> None:
    """Send IMAGES, files and folders, as a transmission of frames."""
    from semcomm.codec.zoo import load_codec
    from semcomm.experiment.processes import ImagePaths, transmit
    from semcomm.framing import Framing
    from semcomm.transmission import Preamble
    from semcomm.transmitter import Transmitter

    framing = Framing(header, slices, crc, size)
    codec = load_codec(codec_name).on(device)
    transmitter = Transmitter(codec, entropy_coder, framing)
    with written(output) as target:
        transmit(ImagePaths(images), transmitter, Preamble.of(codec, entropy_coder, framing), target)


@main.command()
@click.argument("name")
@click.argument("source", type=click.File("rb"), default="-")
@click.option("-o", "--output", type=FILE, help="File of the reception [default: standard output].")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter: --set crossover=0.01.")
@click.option("--seed", type=click.IntRange(min=0), default=0)
def channel(name: str, source: BinaryIO, output: Path | None, overrides: tuple[str, ...], seed: int) -> None:
    """Carry the transmission SOURCE, or standard input, over the channel NAME."""
    from semcomm.experiment.processes import read_channel, through_channel

    model = read_channel(name, overrides)
    with written(output) as target:
        through_channel(source, model, seed, target)


@main.command()
@click.argument("source", type=click.File("rb"), default="-")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for the images.")
@click.option("--codec", "codec_name", help="The codec, where it is none that ships with semcomm.")
@click.option("--overwrite", is_flag=True, help="Replace images that are there.")
@device_option
def receive(source: BinaryIO, output: Path, codec_name: str | None, overwrite: bool, device: str) -> None:
    """Receive the transmission SOURCE, or standard input, as PNG images 00000.png, 00001.png, ..."""
    from semcomm.codec.zoo import load_codec
    from semcomm.experiment.processes import receive, save_images

    codec = load_codec(codec_name) if codec_name else None
    images, damaged = save_images(receive(source, codec, device), output, overwrite)
    click.echo(f"{images} images received, {damaged} of them damaged: {output}", err=True)


@main.command("list")
def list_() -> None:
    """Show the codecs, channels and scenarios that there are."""
    from semcomm.codec.zoo import codec_names
    from semcomm.console import show_names
    from semcomm.experiment.channels import channel_names
    from semcomm.experiment.scenario import scenario_names

    show_names("codecs", codec_names())
    show_names("channels", channel_names())
    show_names("scenarios", scenario_names())
    show_names("training scenarios", scenario_names("training"))


@main.group()
def codec() -> None:
    """Look into codecs."""


@codec.command()
@click.argument("name")
@click.option("--table", type=FILE, help="Write symbol, probability, length and codeword to this CSV file.")
def show(name: str, table: Path | None) -> None:
    """Show what the codec NAME, a shipped one or a file, is and where it comes from."""
    from semcomm.codec.zoo import load_codec
    from semcomm.console import show_record
    from semcomm.experiment.tables import codec_record, write_code_table

    codec = load_codec(name)
    show_record(codec_record(codec))
    if table:
        write_code_table(codec, table)
        click.echo(f"written: {table}")


def with_images(overrides: tuple[str, ...], images: int | None) -> list[str]:
    """The option `--images N` as the change to the scenario that it is."""
    return [*overrides, *([f"images={images}"] if images else [])]


@contextmanager
def written(path: Path | None) -> Iterator[BinaryIO]:
    """A file that appears whole or not at all, or standard output."""
    from semcomm.files import atomic_writer

    if path is None:
        yield sys.stdout.buffer
    else:
        with atomic_writer(path) as file:
            yield file
