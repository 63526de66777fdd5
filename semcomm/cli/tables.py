"""Commands that make tables: of pictures, of results and of a choice among them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semcomm.cli.options import FILE, where_option

if TYPE_CHECKING:  # it takes a while
    import pandas as pd


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
