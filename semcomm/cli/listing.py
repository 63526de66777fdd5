"""Commands that say what there is: `semcomm list` and `semcomm schema`."""

from typing import Literal, get_args

import click

from semcomm.choices import Listed


@click.command("list")
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
        show_codecs("codecs", codec_figures("rgb8"), "cifar10", "psnr")
        if csi := codec_figures("csi"):
            show_codecs("codecs of channel matrices", csi, "umi", "nmse")
        if analogue := codec_names("analogue"):
            show_names("analogue codecs", analogue)
        if esc := codec_names("esc"):
            show_names("ESC codecs", esc)
        if classifiers := codec_names("classifier"):
            show_names("classifiers", classifiers)
        click.echo(ADVICE, nl=False)
    if kind is None:
        show_names("channels", channel_names())
        show_names("scenarios", scenario_names())
        show_names("training scenarios", scenario_names("training"))
        click.echo(f"what each is and takes: semcomm list {'|'.join(get_args(Listed))}")


@click.command()
@click.argument("kind", type=click.Choice(["scenario", "training"]), default="scenario")
def schema(kind: Literal["scenario", "training"]) -> None:
    """Print the JSON Schema of scenario files, or of those for training, for editors to complete
    and check.
    """
    import json

    from semcomm.scenario.schema import scenario_schema, training_schema

    click.echo(json.dumps(scenario_schema() if kind == "scenario" else training_schema(), indent=1))
