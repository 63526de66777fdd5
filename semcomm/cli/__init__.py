"""The command line: each command reads its options, calls one function and shows what it gives."""

import gc

import click

from semcomm.cli.codecs import codec, context, design, join, train
from semcomm.cli.comparing import compare
from semcomm.cli.figures import plot, report
from semcomm.cli.group import Commands
from semcomm.cli.listing import list_, schema
from semcomm.cli.pipes import channel, receive, transmit
from semcomm.cli.running import run
from semcomm.cli.tables import adapt, measure, table
from semcomm.version import __version__

gc.set_threshold(
    50_000, 20, 20
)  # imports make no garbage; looking for it took a tenth of a short run


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Simulate semantic communication: images through a learned codec, real bits and a channel."""


for made in (
    run,
    *(train, design, context, join, codec),
    *(transmit, channel, receive),
    *(list_, schema),
    *(table, plot, report, adapt, compare, measure),
):
    main.add_command(made)
