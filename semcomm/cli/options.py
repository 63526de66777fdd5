"""Options that commands share, and what is done with them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from semcomm.choices import Device

if TYPE_CHECKING:  # it imports numpy, which takes a while
    from semcomm.data.choice import DataChoice

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)


def data_options(command: Command) -> Command:
    """What `run`, `train`, `design` and `context` share."""
    for option in (
        click.option(
            "--data-root", type=FILE, help="Folder that holds CIFAR-10 [default: SEMCOMM_DATA]."
        ),
        click.option(
            "--images", type=click.IntRange(min=1), help="Take the first N images at most."
        ),
    ):
        command = option(command)
    return command


def scenario_options(example: str) -> Callable[[Command], Command]:
    """What `run` and `train` share, with a change that makes sense for one of them."""
    set_help = f"Change a value of the scenario, as in --set {example}; may be given again."
    option = click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help=set_help)
    return lambda command: option(data_options(command))


def where_option(command: Command) -> Command:
    """What is chosen of cells or rows."""
    where_help = "Only rows with KEY=VALUE[,VALUE...]; * and ? are wildcards. May be given again."
    return click.option("--where", multiple=True, metavar="KEY=VALUE", help=where_help)(command)


def device_option(command: Command) -> Command:
    """Where networks run."""
    devices = click.Choice(get_args(Device))
    return click.option("--device", type=devices, default="auto", show_default=True)(command)


def with_images(overrides: tuple[str, ...], images: int | None) -> list[str]:
    """The option `--images N` as a change to the scenario."""
    return [*overrides, *([f"images={images}"] if images else [])]


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
