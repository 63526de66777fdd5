"""The command line: each command reads its options, calls one function and shows what it gives."""

import gc
import io
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeVar, get_args

import click

from semcomm.choices import (
    Axis,
    Crc,
    DamagedPolicy,
    Device,
    EntropyCoding,
    FigureSize,
    Listed,
    Modulation,
    TableFormat,
    Theory,
)
from semcomm.errors import ScenarioError, SemcommError
from semcomm.terminal import terminal_safe
from semcomm.version import __version__

if TYPE_CHECKING:  # they import numpy, which takes a while
    import pandas as pd

    from semcomm.data.choice import DataChoice

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)

gc.set_threshold(
    50_000, 20, 20
)  # imports make no garbage; looking for it took a tenth of a short run


class Commands(click.Group):
    """Tells errors that a person can mend without a traceback, and exits with 2; with 130 after
    Ctrl-C.
    """

    RESUMED = "run", "train"
    """Commands that keep what is done, and go on from there."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # names of files need not be of its encoding
                stream.reconfigure(errors="backslashreplace")
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # as `| head` makes it; click ends quietly
            raise
        except (SemcommError, OSError) as error:
            if ctx.params.get("debug"):
                traceback.print_exception(error)
            text = str(error) if isinstance(error, ScenarioError) else f"error: {_words(error)}"
        except KeyboardInterrupt:
            resumed = ctx.invoked_subcommand in self.RESUMED
            click.echo("interrupted" + "; the same command goes on" * resumed, err=True)
            return ctx.exit(130)
        click.echo("\n".join(map(terminal_safe, text.split("\n"))), err=True)
        return ctx.exit(2)


def _words(error: Exception) -> str:
    """What an error says; of the operating system's, which file it is about."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def data_options(command: Command) -> Command:
    """What `run`, `train`, `design` and `context` share."""
    for option in (
        click.option(
            "--data-root", type=FILE, help="Folder that holds CIFAR-10 [default: SEMCOMM_DATA]."
        ),
        click.option("--images", type=click.IntRange(min=1), help="Take the first N images only."),
    ):
        command = option(command)
    return command


def scenario_options(example: str) -> Callable[[Command], Command]:
    """What `run` and `train` share, with a change that makes sense for one of them."""
    set_help = f"Change a value of the scenario, as in --set {example}; may be given again."
    option = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help=set_help)
    return lambda command: option(data_options(command))


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
            "--data", type=FILE, help="Folder of images [default: CIFAR-10's for training]."
        ),
    ):
        command = option(command)
    return command


def where_option(command: Command) -> Command:
    """What is chosen of cells or rows."""
    where_help = "Only rows with KEY=VALUE[,VALUE...]; * and ? are wildcards. May be given again."
    return click.option("--where", multiple=True, metavar="KEY=VALUE", help=where_help)(command)


def device_option(command: Command) -> Command:
    """Where networks run."""
    devices = click.Choice(get_args(Device))
    return click.option("--device", type=devices, default="auto", show_default=True)(command)


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Simulate semantic communication: images through a learned codec, real bits and a channel."""


@main.command()
@click.argument("scenario")
@scenario_options("codec.dtype=bfloat16")
@where_option
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes [default: one a core, where there is work].",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Work on the dask.distributed cluster of this scheduler."
)
@click.option(
    "--records",
    type=click.Choice(get_args(TableFormat)),
    help="Of the rows an image [default: CSV to 10^6].",
)
@click.option("--out", type=FILE, help="Folder for the tables [default: results/NAME].")
@click.option(
    "--fresh", is_flag=True, help="Forget what is in that folder, of this run or another."
)
def run(
    scenario: str,
    overrides: tuple[str, ...],
    images: int | None,
    data_root: Path | None,
    where: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    records: TableFormat | None,
    out: Path | None,
    fresh: bool,
) -> None:
    """Run SCENARIO, a file or a shipped one's name, and write results.csv, per_image.csv and
    pictures.png.

    Interrupted at any moment, the same command goes on where it was. With --where, the others' turn
    comes with another command.
    """
    from semcomm.console import run_display
    from semcomm.run.open_pool import open_pool
    from semcomm.run.pools import cores
    from semcomm.run.run import matching, run_cells
    from semcomm.run.run_folder import folder_name, open_folder, write_origin
    from semcomm.run.simulation import default_workers
    from semcomm.scenario.scenario import read_scenarios

    if workers and scheduler:
        raise click.UsageError(
            "--workers are processes of this machine; a --scheduler has workers of its own"
        )
    changes = with_images(overrides, images)
    cells = read_scenarios(scenario, changes, data_root)
    places = matching(cells, where)
    command = shlex.join(["semcomm", "run", scenario, *(f"--set={change}" for change in changes)])
    path = out or Path("results") / folder_name(scenario, cells, changes)
    work = sum(cells[place].scenario.image_count() for place in places)
    workers = workers or default_workers(work, cores())
    done_by = (
        f"the workers of {scheduler}"
        if scheduler
        else f"{workers} process{'es' if workers > 1 else ''}"
    )
    with open_folder(path, cells, places, command, fresh) as folder:
        if folder.is_done():
            click.echo(f"{folder.path} holds this run, done to its end; --fresh runs it again")
            return
        write_origin(folder.path, command)
        click.echo(
            f"{len(places)} of {len(cells)} cells, {work} images to send, by {done_by}", err=True
        )
        show_passed_over(cells[place].scenario.data for place in places)
        with (
            open_pool(workers, scheduler) as pool,
            run_display(cells, work) as (on_progress, on_cell),
        ):
            written = run_cells(cells, folder, pool, on_progress, on_cell, places, records)
    for path in written:
        click.echo(f"written: {path}")


@main.command()
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


@main.command()
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

    choice = training_choice(data, validation, data_root)
    show_passed_over([choice])
    made = Design(name, load_codec(codec_name), rate_weight, crossover, choice, images)
    options = [
        f"--rate-weight {rate_weight}" if crossover is None else f"--crossover {crossover}",
        f"--name {name}",
        *([f"--images {images}"] if images else []),
    ]
    command = " ".join(["semcomm design", made.base.name, *options])
    path = run_design(made, out, command, lambda step: click.echo(step, err=True))
    click.echo(f"written: {path}")


@main.command()
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
    from semcomm.codec.training.context import ContextRecipe
    from semcomm.run.context_training import Context, run_context
    from semcomm.zoo.find import codec_path

    choice = training_choice(data, validation, data_root)
    show_passed_over([choice])
    recipe = ContextRecipe(epochs=epochs, seed=seed)
    made = Context(codec_path(codec_name), recipe, choice, images, crop)
    options = [
        f"--epochs {epochs}",
        f"--seed {seed}",
        *([f"--images {images}"] if images else []),
        *([f"--crop {crop}"] if crop else []),
    ]
    command = " ".join(["semcomm context", made.path.stem, *options])
    path = run_context(made, out, command, lambda epoch: click.echo(epoch, err=True))
    click.echo(f"written: {path}")


@main.command()
@click.argument("codec_names", metavar="CODEC CODEC...", nargs=-1, required=True)
@click.option("--name", required=True, help="Name of the codec that is made.")
@click.option("--out", type=FILE, default=".", help="Folder for the codec.")
def join(codec_names: tuple[str, ...], name: str, out: Path) -> None:
    """Write one codec with the levels of each CODEC, shipped ones' names or files, from few bits to
    many.

    The levels of each keep networks of their own. CODEC@FIRST-LAST takes some of its levels.
    """
    from semcomm.codec.joining import Part, join_codecs
    from semcomm.version import __version__
    from semcomm.zoo.find import levels_of

    parts, path = [Part(*levels_of(part)) for part in codec_names], out / f"{name}.safetensors"
    named = [Path(codec_name).name.replace(".safetensors", "") for codec_name in codec_names]
    command = " ".join(["semcomm join", *named, f"--name {name}"])
    join_codecs(parts, path, {"command": command, "semcomm": __version__})
    click.echo(f"written: {path}")


@main.command()
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
@click.option("--slices", type=click.IntRange(1, 255), default=1, help="Frames an image.")
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
    """Send IMAGES, files and folders, as a transmission of frames."""
    from semcomm.data.folder import ImagePaths
    from semcomm.framing import Framing
    from semcomm.run.pipes import transmit
    from semcomm.transmission import Preamble
    from semcomm.transmitter import Transmitter
    from semcomm.zoo.find import load_codecs

    framing = Framing(header, slices, crc, size, length_bits)
    codecs = [codec.on(device) for codec in load_codecs(codec_name)]
    transmitter = Transmitter(codecs, entropy_coder, framing, budget_bits, refinement_steps)
    paths = ImagePaths(images)
    with written(output) as target:
        transmit(paths, transmitter, Preamble.of(codecs, entropy_coder, framing), target)
    echo_passed_over(paths.passed_over())


@main.command()
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


@main.command()
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
    ...
    """
    from semcomm.run.pipes import receive, save_images, sent_names
    from semcomm.zoo.find import load_codecs

    codecs = load_codecs(codec_name) if codec_name else None
    names = sent_names(sent) if sent else None
    saved = save_images(receive(source, codecs, device, damaged), output, overwrite, names)
    click.echo(str(saved), err=True)


@main.command()
@click.argument("sent", type=FILE)
@click.argument("received", type=FILE)
@click.option("-o", "--output", type=FILE, help="CSV file [default: standard output].")
def measure(sent: Path, received: Path, output: Path | None) -> None:
    """Measure the pictures of RECEIVED against those of SENT, two folders or two files.

    Pictures of folders are matched by name, without the extension. A row per picture goes to
    OUTPUT, and a summary to standard error.
    """
    from semcomm.console import show_record
    from semcomm.report.results import write_csv
    from semcomm.run.picture_measures import measure_pictures

    measured = measure_pictures(sent, received)
    if output is None:
        click.echo(measured.rows.to_csv(index=False), nl=False)
    else:
        write_csv([measured.rows], output)
        click.echo(f"written: {output}")
    show_record(measured.summary, err=True)


@main.command("list")
@click.argument("kind", required=False, type=click.Choice(get_args(Listed)))
def list_(kind: Listed | None) -> None:
    """Show the codecs, channels and scenarios that there are; of one KIND all that can be set."""
    from semcomm.console import show_codecs, show_entries, show_names
    from semcomm.folders import scenario_names
    from semcomm.scenario.listing import (
        ADVICE,
        channel_entries,
        codec_entries,
        scenario_entries,
        system_entries,
    )
    from semcomm.scenario.plugins import channel_names
    from semcomm.zoo.names import codec_figures, codec_names

    if kind == "channels":
        show_entries("channels", channel_entries())
    elif kind == "codecs":
        show_entries("codecs", codec_entries())
    elif kind == "systems":
        show_entries("systems, by what codec.model names", system_entries())
    elif kind == "scenarios":
        show_entries("scenarios", scenario_entries())
        show_entries("training scenarios", scenario_entries("training"))
    if kind in (None, "codecs"):
        show_codecs(codec_figures())
        if analogue := codec_names("analogue"):
            show_names("analogue codecs", analogue)
        if classifiers := codec_names("classifier"):
            show_names("classifiers", classifiers)
        click.echo(ADVICE, nl=False)
    if kind is None:
        show_names("channels", channel_names())
        show_names("scenarios", scenario_names())
        show_names("training scenarios", scenario_names("training"))
        click.echo(f"what each is and takes: semcomm list {'|'.join(get_args(Listed))}")


@main.command()
@click.argument("kind", type=click.Choice(["scenario", "training"]), default="scenario")
def schema(kind: Literal["scenario", "training"]) -> None:
    """Print the JSON Schema of scenario files, or of those for training, for editors to complete
    and check.
    """
    import json

    from semcomm.scenario.schema import scenario_schema, training_schema

    click.echo(json.dumps(scenario_schema() if kind == "scenario" else training_schema(), indent=1))


@main.group()
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


@main.command()
@click.argument("results", nargs=-1, required=True, type=FILE)
@where_option
@click.option(
    "--columns", metavar="NAME,NAME...", help="These columns, in this order [default: all]."
)
@click.option(
    "--by",
    metavar="NAME,NAME...",
    help="Means and 95 % intervals over the rows that share these values.",
)
@click.option("--best", metavar="NAME", help="Only the row with the highest NAME.")
@click.option(
    "--per", metavar="NAME,NAME...", help="With --best: one row for each of their values."
)
@click.option("-o", "--output", type=FILE, help="CSV file [default: show the table].")
def table(
    results: tuple[Path, ...],
    where: tuple[str, ...],
    columns: str | None,
    by: str | None,
    best: str | None,
    per: str | None,
    output: Path | None,
) -> None:
    """Choose rows and columns of RESULTS: folders of runs, their results.csv, or per_image.csv or
    .parquet.
    """
    from semcomm.report.best import best_rows
    from semcomm.report.means import means
    from semcomm.report.results import (
        concat_rows,
        format_table,
        read_chunks,
        select_chunks,
        with_columns,
        write_csv,
    )

    if per and not best:
        raise click.UsageError("--per takes --best, the column whose highest value is kept")
    if by and best:
        raise click.UsageError("--by and --best exclude each other: take the best of means.csv")
    names = columns.split(",") if columns else []
    chosen: Iterable[pd.DataFrame] = select_chunks(read_chunks(results), where)
    if best:
        chosen = [best_rows(chosen, best, per.split(",") if per else [])]
    tables = (
        [means(chosen, by.split(","), names)]
        if by
        else (with_columns(chunk, names) for chunk in chosen)
    )
    if output is None:
        click.echo(format_table(concat_rows(tables)))
    else:
        write_csv(tables, output)
        click.echo(f"written: {output}")


@main.command()
@click.argument("results", nargs=-1, required=True, type=FILE)
@where_option
@click.option("--x", default="bits_per_image", metavar="NAME", help="Column of the x axis.")
@click.option("--y", default="psnr_db", metavar="NAME", help="Column of the y axis.")
@click.option(
    "--by",
    metavar="NAME,NAME...",
    help="A line for each of their values; `A|B`: B where A is empty "
    "[default: for each combination of what was swept].",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="OLD=NEW",
    help="Call a line NEW. May be given again.",
)
@click.option("--log", multiple=True, type=click.Choice(get_args(Axis)), help="A logarithmic axis.")
@click.option(
    "--hull",
    is_flag=True,
    help="Draw lines along upper hulls alone, and other points as hollow markers.",
)
@click.option(
    "--envelope",
    is_flag=True,
    help="Draw only the highest point of each line at each x: the best of what was swept besides. "
    "Without --by all rows are one line.",
)
@click.option(
    "--theory",
    "theories",
    multiple=True,
    type=click.Choice(get_args(Theory)),
    help="Draw theory over AWGN, too: the bit error rate of uncoded symbols, the capacity or the "
    "ideal code's bits. May be given again.",
)
@click.option("--x-limits", type=(float, float), metavar="LOW HIGH", help="Ends of the x axis.")
@click.option("--y-limits", type=(float, float), metavar="LOW HIGH", help="Ends of the y axis.")
@click.option(
    "--size",
    type=click.Choice(get_args(FigureSize)),
    default="one-column",
    help="Width: 3.5 or 7.16 inches.",
)
@click.option("-o", "--output", required=True, type=FILE, help="Figure in .svg, .png or .pdf.")
def plot(
    results: tuple[Path, ...],
    where: tuple[str, ...],
    x: str,
    y: str,
    by: str | None,
    labels: tuple[str, ...],
    log: tuple[Axis, ...],
    hull: bool,
    envelope: bool,
    theories: tuple[Theory, ...],
    x_limits: tuple[float, float] | None,
    y_limits: tuple[float, float] | None,
    size: FigureSize,
    output: Path,
) -> None:
    """Draw RESULTS, folders of runs or their results.csv, as a figure as wide as one column of a
    paper or two.
    """
    from semcomm.report.curves import curves_of, renamed, upper_envelope
    from semcomm.report.plot import write_plot
    from semcomm.report.results import read_results
    from semcomm.report.swept import swept_curves
    from semcomm.report.theory import theory_curves
    from semcomm.run.conditions import select

    table = select(read_results(results), where)
    if by or envelope:
        curves = curves_of(table, x, y, by.split(",") if by else [])
    else:
        curves = swept_curves(table, x, y)
    if envelope:
        curves = [upper_envelope(curve) for curve in curves]
    curves += theory_curves(theories, table, x, y, curves)
    ends: tuple[tuple[Axis, tuple[float, float] | None], ...] = (("x", x_limits), ("y", y_limits))
    limits = {axis: pair for axis, pair in ends if pair}
    write_plot(renamed(curves, labels), output, x, y, hull, log, size, limits)
    click.echo(f"written: {output}")


@main.command()
@click.argument("results", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", default="report.html", type=FILE, help="The page.")
def report(results: tuple[Path, ...], output: Path) -> None:
    """Make one HTML page of RESULTS, folders of runs: curves, pictures and the code at work, to
    look at offline.

    Of a run that has not ended it shows the cells that are done, and says so.
    """
    from semcomm.report.page import write_report

    size = write_report(results, output)
    click.echo(f"written: {output}, {size / 1e6:.1f} MB")


@main.command()
@click.argument("anchor_results", metavar="RESULTS", type=FILE)
@click.argument("test_results", metavar="[RESULTS]", required=False, type=FILE)
@where_option
@click.option(
    "--anchor", multiple=True, metavar="KEY=VALUE", help="The anchor's rows, further to --where."
)
@click.option(
    "--test", multiple=True, metavar="KEY=VALUE", help="The test's rows, further to --where."
)
@click.option("--rate", default="bits_per_image", metavar="NAME", help="Column of the rate.")
@click.option("--quality", default="psnr_db", metavar="NAME", help="Column of the quality in dB.")
@click.option(
    "--at",
    multiple=True,
    type=float,
    metavar="RATE",
    help="Compare at this rate; may be given again.",
)
@click.option(
    "--paired",
    is_flag=True,
    help="Compare at the rate of each of the test's points, with intervals paired by image.",
)
def compare(
    anchor_results: Path,
    test_results: Path | None,
    where: tuple[str, ...],
    anchor: tuple[str, ...],
    test: tuple[str, ...],
    rate: str,
    quality: str,
    at: tuple[float, ...],
    paired: bool,
) -> None:
    """Compare a test with an anchor by Bjontegaard's deltas.

    The anchor's rows are in the first RESULTS, the test's in the second, or in the same.
    """
    from semcomm.console import show_record
    from semcomm.report.bjontegaard import comparison
    from semcomm.report.curves import curve_where
    from semcomm.report.paired import differences, points_of
    from semcomm.report.results import format_table, read_results

    if test_results is None and anchor == test:
        raise click.UsageError("nothing to compare: give two RESULTS, or --anchor and --test")
    if paired and at:
        raise click.UsageError("--paired compares at the test's own rates: omit --at")
    sides = ((anchor_results, anchor), (test_results or anchor_results, test))
    if paired:
        ours, theirs = (points_of(path, [*where, *own], rate, quality) for path, own in sides)
        click.echo(format_table(differences(ours, theirs)))
        return
    names = [str(path) if test_results else "" for path, _ in sides]
    first, second = (
        curve_where(read_results([path]), [*where, *own], rate, quality, name)
        for (path, own), name in zip(sides, names, strict=True)
    )
    show_record(comparison(first, second, at))


def training_choice(
    folder: Path | None, validation: float | None, data_root: Path | None
) -> "DataChoice":
    """What `design` and `context` take: of a folder what is not held out, else CIFAR-10."""
    from semcomm.data.choice import DataChoice

    if folder:
        return DataChoice(
            images=folder, validation=validation, split="train" if validation else None
        )
    if validation:
        raise click.UsageError("--validation is a share of the folder --data: name one")
    return DataChoice("cifar10", root=data_root, split="train")


def show_passed_over(choices: "Iterable[DataChoice]") -> None:
    """A line on standard error for each folder of images that holds other files."""
    for choice in dict.fromkeys(choices):
        data = choice.open()
        if hasattr(data, "passed_over"):
            echo_passed_over(data.passed_over())


def echo_passed_over(kinds: str) -> None:
    """A line on standard error, where there is anything to say."""
    if kinds:
        click.echo(f"passed over: {kinds}", err=True)


def with_images(overrides: tuple[str, ...], images: int | None) -> list[str]:
    """The option `--images N` as the change to the scenario that it is."""
    return [*overrides, *([f"images={images}"] if images else [])]


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
