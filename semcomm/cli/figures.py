"""Commands to look at results: a figure of a paper and the page."""

from pathlib import Path
from typing import get_args

import click

from semcomm.choices import Axis, FigureSize, Theory
from semcomm.cli.options import FILE, where_option


@click.command()
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
    help="Draw lines along upper hulls alone, of errors lower ones, and other points as hollow "
    "markers.",
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


@click.command()
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
