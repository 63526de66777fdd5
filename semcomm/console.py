"""What a person sees while they wait and at the end."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcomm.terminal import terminal_safe
from semcomm.validation import yaml_words

if TYPE_CHECKING:  # they import PyTorch, which takes seconds
    from semcomm.codec.training.epochs import EpochProgress
    from semcomm.run.simulation import Results
    from semcomm.scenario.listing import Entry
    from semcomm.scenario.scenario import Cell


@contextmanager
def run_display(
    cells: "Sequence[Cell]", images: int
) -> "Iterator[tuple[Callable[[int], None], Callable[[Results, Cell, int], None]]]":
    """What to call with the number of images of each block, and with the results of each cell.

    Blocks move a bar on standard error; cells show their rows on standard output. Where both are
    terminals, one console writes them, so that rows stand above the bar.
    """
    with _progress("images", TimeRemainingColumn()) as progress:
        task = progress.add_task("", total=images)
        bar = progress.console
        rows = bar if bar.is_terminal and sys.stdout.isatty() else Console()
        yield (lambda count: progress.advance(task, count)), show_cell(cells, rows)


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


def show_record(
    record: Mapping[str, Any], console: Console | None = None, err: bool = False
) -> None:
    """A row of results, its columns below each other; err: on standard error."""
    console, width = console or Console(stderr=err), max(map(len, record))
    for name, value in record.items():
        text = f"{value:.6g}" if isinstance(value, float) else yaml_words(value)
        _print(console, f"{name:{width}}  {text}")


def show_cell(cells: "Sequence[Cell]", console: Console) -> "Callable[[Results, Cell, int], None]":
    """What shows the row of the only cell, or a line for each cell of a sweep."""
    return partial(_show_row, console) if len(cells) == 1 else _SweepTable(cells, console).show


def _show_row(console: Console, results: "Results", cell: "Cell", number: int) -> None:
    """Show a scenario's row, without settings that were not written, columns that are empty, and
    those of the link where nothing happened on it.
    """
    from semcomm.frames import Frames
    from semcomm.link.link import Link

    row = results.summary
    shown = cell.written.keys() | {"scenario", "channel.model", "channel.ebn0_db"}
    hidden = cell.row().keys() - shown
    sends_bits = cell.scenario.codec.signal is Frames
    if sends_bits and not row.get("bit_errors") and cell.scenario.link == Link():
        hidden |= set(results.link_columns)
    hidden |= {name for name, value in row.items() if value is None or value != value}
    show_record({name: value for name, value in row.items() if name not in hidden}, console)


class _SweepTable:
    """Lines of a sweep's cells: number, rate, quality and what the sweep sets, under headings.

    The headings come again where a cell is measured in other columns than the one before.
    """

    def __init__(self, cells: "Sequence[Cell]", console: Console) -> None:
        self._console, self._of, self._heading = console, len(cells), ""
        self._widths: dict[str, int] = {}
        for cell in cells:
            for key, value in cell.changes.items():
                width = max(len(key), len(yaml_words(value)))
                self._widths[key] = max(self._widths.get(key, 0), width)

    def show(self, results: "Results", cell: "Cell", number: int) -> None:
        measured = _measured(results.summary)
        names = {name: name for name in (*measured, *self._widths)}
        heading = self._line("cell", measured, names)
        if heading != self._heading:
            self._heading = heading
            _print(self._console, heading)
        changes = {key: yaml_words(value) for key, value in cell.changes.items()}
        _print(self._console, self._line(f"{number}/{self._of}", measured, measured | changes))

    def _line(self, place: str, measured: Mapping[str, str], words: Mapping[str, str]) -> str:
        width = max(len("cell"), 2 * len(str(self._of)) + 1)
        figures = (words[name].rjust(len(name)) for name in measured)
        changes = (words.get(key, "").ljust(width) for key, width in self._widths.items())
        return "  ".join([place.rjust(width), *figures, *changes]).rstrip()


def _measured(row: Mapping[str, Any]) -> dict[str, str]:
    """The rate and the quality of a row, as far as they were measured, by column."""
    rate = "channel_uses_per_image" if row.get("bits_per_image") is None else "bits_per_image"
    figures = {rate: f"{row[rate]:.2f}"}
    if row.get("psnr_db") is not None:
        figures["psnr_db"] = f"{row['psnr_db']:.3f}"
    elif row.get("nmse_db") is not None:
        figures["nmse_db"] = f"{row['nmse_db']:.3f}"
    return figures


def _print(console: Console, line: str) -> None:
    """One line as it is, which a terminal wraps where it is longer than its width."""
    console.print(terminal_safe(line), soft_wrap=True, markup=False)


def show_codecs(title: str, figures: Sequence[Mapping[str, str]], data: str, quality: str) -> None:
    """What each codec costs and gives over a data set, how large it is, and what made it.

    data: what columns of the data set begin with, such as cifar10.
    quality: psnr or nmse, in dB.
    """
    console = Console(soft_wrap=True, markup=False)
    width = max(len(title) - 1, *(len(row["codec"]) for row in figures))
    console.print(
        f"{f'{title}:':{width + 2}}  bits per sample  context  {quality.upper():>6}  parameters"
        "  made by",
        highlight=False,
    )
    for row in figures:
        bits = _figure(row, f"{data}_bits_per_image", 2)
        context = _figure(row, f"{data}_context_bits_per_image", 2)
        costs = f"{bits:>15}  {context:>7}  {_figure(row, f'{data}_{quality}_db', 3):>6}"
        made = f"{row.get('network_parameters', ''):>10}  {row.get('command', 'not measured')}"
        console.print(f"  {row['codec']:{width}}  {costs}  {made}", highlight=False)


def _figure(row: Mapping[str, str], name: str, decimals: int) -> str:
    """A figure so named; nothing where it was not measured."""
    figure = row.get(name)
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
