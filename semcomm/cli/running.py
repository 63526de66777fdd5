"""`semcomm run`."""

import shlex
from pathlib import Path
from typing import get_args

import click

from semcomm.choices import TableFormat
from semcomm.cli.options import FILE, scenario_options, show_passed_over, where_option, with_images


@click.command()
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
    help="Of the rows by image [default: CSV to 10^6].",
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
    from semcomm.run.origin import write_origin
    from semcomm.run.pools import cores
    from semcomm.run.run import matching, run_cells
    from semcomm.run.run_folder import folder_name, open_folder
    from semcomm.run.simulation import default_workers
    from semcomm.scenario.scenario import read_scenarios

    if workers and scheduler:
        raise click.UsageError(
            "--workers are processes of this machine; a --scheduler has workers of its own"
        )
    cells = read_scenarios(scenario, overrides, data_root, images)
    places = matching(cells, where)
    changes = [f"--set={change}" for change in overrides]
    changes += [f"--images={images}"] if images else []
    command = shlex.join(["semcomm", "run", scenario, *changes])
    path = out or Path("results") / folder_name(scenario, cells, with_images(overrides, images))
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
        write_origin(folder.path, command, cells)
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
