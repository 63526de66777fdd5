"""Commands over what was measured: tables, figures, the page, comparisons."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from semcomm.choices import Axis, FigureSize, Theory
from semcomm.cli.options import FILE, where_option

if TYPE_CHECKING:  # it takes a while
    import pandas as pd

    from semcomm.report.curves import Curve


@click.command()
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


@click.command()
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
@click.option(
    "--best", metavar="NAME", help="Only the row with the highest NAME, of an error the lowest."
)
@click.option(
    "--per", metavar="NAME,NAME...", help="With --best: one row for each of their values."
)
@click.option(
    "--across",
    metavar="NAME",
    help="Spread the last of --columns: a column for each value of NAME.",
)
@click.option("-o", "--output", type=FILE, help="CSV file [default: show the table].")
def table(
    results: tuple[Path, ...],
    where: tuple[str, ...],
    columns: str | None,
    by: str | None,
    best: str | None,
    per: str | None,
    across: str | None,
    output: Path | None,
) -> None:
    """Choose rows and columns of RESULTS: folders of runs, their results.csv, or per_image.csv or
    .parquet.
    """
    from semcomm.report.across import spread
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
        raise click.UsageError("--per takes --best, the column whose best value is kept")
    if by and best:
        raise click.UsageError("--by and --best exclude each other: take the best of means.csv")
    if across and (by or not columns):
        raise click.UsageError("--across takes --columns, whose last is spread, and no --by")
    names = columns.split(",") if columns else []
    chosen: Iterable[pd.DataFrame] = select_chunks(read_chunks(results), where)
    if best:
        chosen = [best_rows(chosen, best, per.split(",") if per else [])]
    tables: Iterable[pd.DataFrame]
    if across:
        tables = [spread(concat_rows(chosen), names, across)]
    elif by:
        tables = [means(chosen, by.split(","), names)]
    else:
        tables = (with_columns(chunk, names) for chunk in chosen)
    if output is None:
        click.echo(format_table(concat_rows(tables)))
    else:
        write_csv(tables, output)
        click.echo(f"written: {output}")


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


@click.command()
@click.argument("results", type=FILE)
@where_option
@click.option("-o", "--output", required=True, type=FILE, help="Folder of the tables.")
def adapt(results: Path, where: tuple[str, ...], output: Path) -> None:
    """Give each image of RESULTS, the folder of a run over fading, the modulation and code rate for
    its gain, as a transmitter does that knows it.

    RESULTS has them swept. OUTPUT gets results.csv and per_image.csv.
    """
    from semcomm.report.adapted import adapted
    from semcomm.report.chosen import write_chosen

    write_chosen(adapted(results, where), output)
    click.echo(f"written: {output}")


@click.command()
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
@click.option(
    "--test-seeds",
    multiple=True,
    metavar="KEY=VALUE",
    help="Compare the test's rows that are trainings of one codec from several seeds, further to "
    "--where, with an interval over the seeds.",
)
@click.option(
    "--anchor-seeds",
    multiple=True,
    metavar="KEY=VALUE",
    help="With --test-seeds: the anchor's rows of this kind. Both are moved to one rate, along the "
    "curves of --anchor and --test.",
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
    test_seeds: tuple[str, ...],
    anchor_seeds: tuple[str, ...],
) -> None:
    """Compare a test with an anchor by Bjontegaard's deltas.

    The anchor's rows are in the first RESULTS, the test's in the second, or in the same.
    """
    from semcomm.console import show_record
    from semcomm.report.bjontegaard import comparison
    from semcomm.report.curves import curve_where
    from semcomm.report.paired import differences, points_of
    from semcomm.report.results import format_table, read_results
    from semcomm.report.seeds import seeds_comparison

    if test_results is None and anchor == test:
        raise click.UsageError("nothing to compare: give two RESULTS, or --anchor and --test")
    if paired and at:
        raise click.UsageError("--paired compares at the test's own rates: omit --at")
    if test_seeds and (paired or at):
        raise click.UsageError("--test-seeds compares at the seeds' rates: omit --at and --paired")
    if anchor_seeds and not test_seeds:
        raise click.UsageError("--anchor-seeds takes --test-seeds, which are compared with them")
    anchor_path, test_path = anchor_results, test_results or anchor_results
    if paired:
        ours, theirs = (
            points_of(path, [*where, *own], rate, quality)
            for path, own in ((anchor_path, anchor), (test_path, test))
        )
        click.echo(format_table(differences(ours, theirs)))
        return

    def curve(path: Path, conditions: tuple[str, ...]) -> "Curve":
        name = str(path) if test_results else ""
        return curve_where(read_results([path]), [*where, *conditions], rate, quality, name)

    first, second = curve(anchor_path, anchor), curve(test_path, test)
    if test_seeds:
        trained = curve(anchor_path, anchor_seeds) if anchor_seeds else None
        show_record(seeds_comparison(first, second, trained, curve(test_path, test_seeds)))
    else:
        show_record(comparison(first, second, at))
