"""Commands that make codecs, and `semcomm codec`, which shows them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from semcomm.cli.options import (
    FILE,
    Command,
    data_options,
    scenario_options,
    show_passed_over,
    with_images,
)
from semcomm.version import __version__

if TYPE_CHECKING:  # it imports numpy, which takes a while
    from semcomm.choices import ModalityName
    from semcomm.data.choice import DataChoice


@click.command()
@click.argument("scenario")
@scenario_options("training.epochs=64")
@click.option("--out", type=FILE, default=".", help="Folder for the codec and its checkpoint.")
def train(
    scenario: str, overrides: tuple[str, ...], images: int | None, data_root: Path | None, out: Path
) -> None:
    """Train the codec of SCENARIO. Interrupted, the same command goes on from the last whole
    epoch.
    """
    from semcomm.console import training_bar
    from semcomm.run.training import run_training
    from semcomm.scenario.training import read_training

    changes = with_images(overrides, images)
    made = read_training(scenario, changes, data_root)
    command = " ".join(
        ["semcomm train", Path(scenario).stem, *(f"--set {change}" for change in changes)]
    )
    with training_bar(made.training.epochs) as on_progress:
        path = run_training(made, out, command, on_progress)
    click.echo(f"written: {path}")


def folder_options(command: Command) -> Command:
    """What `design` and `context` share: a folder in place of CIFAR-10."""
    for option in (
        click.option(
            "--validation",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="SHARE",
            help="Leave out what data.validation holds out of the folder.",
        ),
        click.option(
            "--data",
            type=FILE,
            help="Folder of images [default: CIFAR-10's for training]; of a codec of channel "
            "matrices umi, uma or a file [default: umi].",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("codec_name", metavar="CODEC")
@click.option("--rate-weight", type=float, help="Squared latent distance that one bit is worth.")
@click.option("--crossover", type=float, help="Probability that a bit of an index flips.")
@click.option("--name", required=True, help="Name of the codec that is made.")
@folder_options
@data_options
@click.option("--out", type=FILE, default=".", help="Folder for the codec.")
def design(
    codec_name: str,
    rate_weight: float | None,
    crossover: float | None,
    name: str,
    data: Path | None,
    validation: float | None,
    images: int | None,
    data_root: Path | None,
    out: Path,
) -> None:
    """Design a quantizer for the networks of CODEC, a shipped one's name or a file; it trains no
    network.

    With --rate-weight it is entropy-constrained, by the classical design of Chou, Lookabaugh and
    Gray (1989). With --crossover it is optimized for fixed-length indices over a binary symmetric
    channel, by that of Farvardin and Vaishampayan (1991).
    """
    from semcomm.run.training import Design, run_design
    from semcomm.zoo.find import load_codec

    base = load_codec(codec_name)
    choice = training_choice(base.modality, data, validation, data_root)
    show_passed_over([choice])
    made = Design(name, base, rate_weight, crossover, choice, images)
    options = [
        f"--rate-weight {rate_weight}" if crossover is None else f"--crossover {crossover}",
        f"--name {name}",
        *([f"--images {images}"] if images else []),
    ]
    command = " ".join(["semcomm design", made.base.name, *options])
    path = run_design(made, out, command, lambda step: click.echo(step, err=True))
    click.echo(f"written: {path}")


@click.command()
@click.argument("codec_name", metavar="CODEC")
@click.option(
    "--epochs",
    type=click.IntRange(1, 1000),
    default=6,
    help="Passes over the images; fewer where a position has more than two indices.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0)
@folder_options
@click.option(
    "--crop",
    type=click.IntRange(4, 4096),
    metavar="PIXELS",
    help="Train on crops of so many pixels each way, of images of any sizes.",
)
@data_options
@click.option("--out", type=FILE, default=".", help="Folder for the codec.")
def context(
    codec_name: str,
    epochs: int,
    seed: int,
    data: Path | None,
    validation: float | None,
    crop: int | None,
    images: int | None,
    data_root: Path | None,
    out: Path,
) -> None:
    """Train a context model for CODEC, a shipped one's name or a file, and write the codec with it.

    It is what `entropy_coder: context` codes with. Networks and quantizer stay as they are. Of a
    codec with several levels, each is given one.
    """
    from semcomm.codec.codec_file import read_levels
    from semcomm.codec.training.context import ContextRecipe
    from semcomm.run.context_training import Context, run_context
    from semcomm.zoo.find import codec_path

    path = codec_path(codec_name)
    modality = read_levels(path)[0].modality
    choice = training_choice(modality, data, validation, data_root)
    show_passed_over([choice])
    recipe = ContextRecipe(epochs=epochs, seed=seed)
    made = Context(path, recipe, choice, images, crop)
    options = [
        f"--epochs {epochs}",
        f"--seed {seed}",
        *([f"--images {images}"] if images else []),
        *([f"--crop {crop}"] if crop else []),
    ]
    command = " ".join(["semcomm context", made.path.stem, *options])
    written = run_context(made, out, command, lambda epoch: click.echo(epoch, err=True))
    click.echo(f"written: {written}")


@click.command()
@click.argument("codec_names", metavar="CODEC CODEC...", nargs=-1, required=True)
@click.option("--name", required=True, help="Name of the codec that is made.")
@click.option("--out", type=FILE, default=".", help="Folder for the codec.")
def join(codec_names: tuple[str, ...], name: str, out: Path) -> None:
    """Write one codec with the levels of each CODEC, shipped ones' names or files, from few bits to
    many.

    The levels of each keep networks of their own. CODEC@FIRST-LAST takes some of its levels.
    """
    from semcomm.codec.joining import Part, join_codecs
    from semcomm.zoo.find import levels_of

    parts, path = [Part(*levels_of(part)) for part in codec_names], out / f"{name}.safetensors"
    named = [Path(codec_name).name.replace(".safetensors", "") for codec_name in codec_names]
    command = " ".join(["semcomm join", *named, f"--name {name}"])
    join_codecs(parts, path, {"command": command, "semcomm": __version__})
    click.echo(f"written: {path}")


def training_choice(
    modality: "ModalityName",
    folder: Path | None,
    validation: float | None,
    data_root: Path | None,
) -> "DataChoice":
    """What `design` and `context` take: of a folder what is not held out, else CIFAR-10; of channel
    matrices those of a file, else generated ones.
    """
    from semcomm.data.choice import DataChoice

    if modality == "csi":
        if validation:
            raise click.UsageError("--validation is a share of a folder of images: omit it")
        csi = folder or Path("umi")
        return DataChoice(csi=csi, root=None if csi.suffix else data_root)
    if folder:
        return DataChoice(
            images=folder, validation=validation, split="train" if validation else None
        )
    if validation:
        raise click.UsageError("--validation is a share of the folder --data: name one")
    return DataChoice("cifar10", root=data_root, split="train")


@click.group()
def codec() -> None:
    """Look into codecs."""


@codec.command()
@click.argument("name")
@click.option(
    "--table", type=FILE, help="Write symbol, probability, length and codeword to this CSV file."
)
def show(name: str, table: Path | None) -> None:
    """Show what the codec NAME, a shipped one or a file, is and where it comes from."""
    from semcomm.codec.description import codec_record, write_code_table
    from semcomm.console import show_record
    from semcomm.zoo.find import load_any

    codec = load_any(name)
    show_record(codec_record(codec))
    if table:
        write_code_table(codec, table)
        click.echo(f"written: {table}")
