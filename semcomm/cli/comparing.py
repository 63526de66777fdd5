"""`semcomm compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from semcomm.cli.options import FILE, where_option

if TYPE_CHECKING:  # it takes a while
    from semcomm.report.curves import Curve


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
@click.option(
    "--quality",
    default="psnr_db",
    metavar="NAME",
    help="Column of the quality, in whose unit differences are.",
)
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
    """Compare a test with an anchor by Bjontegaard's deltas: bd_rate_percent, and bd_NAME of the
    quality, such as bd_psnr_db.

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
        show_record(comparison(first, second, quality, at))
