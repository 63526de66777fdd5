"""What a person sees while they wait and at the end."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcomm.terminal import terminal_safe

if TYPE_CHECKING:  # they import PyTorch, which takes seconds
    from semcomm.codec.training.epochs import EpochProgress
    from semcomm.run.simulation import Results
    from semcomm.scenario.listing import Entry
    from semcomm.scenario.scenario import Cell


@contextmanager
def images_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that the number of images of each block moves, and the time that is
    left.
    """
    with _progress("images", TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=total)
        yield lambda images: progress.advance(task, images)


@contextmanager
def training_bar(epochs: int) -> "Iterator[Callable[[EpochProgress], None]]":
    """A bar on standard error over all epochs; where that is no terminal, a line an epoch."""
    columns = TextColumn("{task.fields[figures]}"), TimeRemainingColumn()
    with _progress("epochs", *columns) as progress:
        task = progress.add_task("", total=epochs, figures="")

        def on_progress(so_far: "EpochProgress") -> None:
            done = so_far.epoch + so_far.images / so_far.of_images
            progress.update(task, completed=done, figures=so_far.figures())
            if so_far.images == so_far.of_images and not progress.console.is_terminal:
                progress.console.print(
                    f"epoch {so_far.epoch + 1}/{epochs}: {so_far.figures()}", soft_wrap=True
                )

        yield on_progress


def show_record(record: Mapping[str, Any], err: bool = False) -> None:
    """A row of results, its columns below each other; err: on standard error."""
    console = Console(soft_wrap=True, markup=False, stderr=err)
    width = max(map(len, record))
    for name, value in record.items():
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        console.print(terminal_safe(f"{name:{width}}  {text}"))


def show_cell(of: int) -> "Callable[[Results, Cell, int], None]":
    """What shows a scenario's row, or of each of a sweep's cells a line with what the sweep sets.

    Of the row, settings that were not written are left out, and so are the columns of the link
    where nothing happened on it.
    """
    from semcomm.link.link import Link

    def show(results: "Results", cell: "Cell", number: int) -> None:
        row = results.summary
        if of > 1:
            changes = "  ".join(str(value) for value in cell.changes.values())
            line = f"{number:>{len(str(of))}}/{of}  {_measured(row)}  {changes}"
            Console(soft_wrap=True, markup=False).print(terminal_safe(line))
            return
        hidden = cell.settings().keys() - cell.written.keys() - {"scenario", "channel.model"}
        if not row.get("bit_errors") and cell.scenario.link == Link():
            hidden |= set(results.link_columns)
        empty = {name for name, value in row.items() if value is None}
        show_record({name: value for name, value in row.items() if name not in hidden | empty})

    return show


def _measured(row: Mapping[str, Any]) -> str:
    """The rate and the quality of a row, in a few words."""
    bits, psnr_db = row.get("bits_per_image"), row.get("psnr_db")
    uses = row["channel_uses_per_image"]
    rate = f"{uses:8.2f} uses" if bits is None else f"{bits:8.2f} bits"
    return rate if psnr_db is None else f"{rate}  {psnr_db:6.3f} dB"


def show_codecs(figures: Sequence[Mapping[str, str]]) -> None:
    """What each codec costs and gives over all test images of CIFAR-10, how large it is, and what
    made it.
    """
    console = Console(soft_wrap=True, markup=False)
    width = max(len(row["codec"]) for row in figures)
    console.print(
        f"{'codecs:':{width + 2}}  bits an image  context    PSNR  parameters  made by",
        highlight=False,
    )
    for row in figures:
        bits, context = _figure(row, "bits_per_image", 2), _figure(row, "context_bits_per_image", 2)
        costs = f"{bits:>13}  {context:>7}  {_figure(row, 'psnr_db', 3):>6}"
        made = f"{row.get('network_parameters', ''):>10}  {row.get('command', 'not measured')}"
        console.print(f"  {row['codec']:{width}}  {costs}  {made}", highlight=False)


def _figure(row: Mapping[str, str], name: str, decimals: int) -> str:
    """A figure over CIFAR-10's test images; nothing where it was not measured."""
    figure = row.get(f"cifar10_{name}")
    return f"{float(figure):.{decimals}f}" if figure else ""


def show_entries(title: str, entries: "Sequence[Entry]") -> None:
    """A titled list of what can be named, each with a line on it and one for each parameter."""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(f"{title}:")
    for entry in entries:
        name = f"{entry.name} (default)" if entry.is_default else entry.name
        console.print(f"  {name}: {entry.about}")
        for parameter in entry.parameters:
            console.print(f"    {parameter}")


def show_names(title: str, names: list[str]) -> None:
    """A titled list of names."""
    console = Console(markup=False)
    console.print(f"{title}:", *(f"  {name}" for name in names), sep="\n", highlight=False)


def _progress(noun: str, *columns: Any) -> Progress:
    console = Console(stderr=True)
    bar = TextColumn(noun), BarColumn(), MofNCompleteColumn()
    return Progress(*bar, *columns, console=console, disable=not console.is_terminal)
