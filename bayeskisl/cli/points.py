"""The command that extrapolates critical points."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.display import echo, print_json
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, LawName, Seed, TargetOptions
from bayeskisl.cli.progress import Progress
from bayeskisl.cli.tables import RowOptions, parsed

__all__ = ["extrapolate"]


def extrapolate(
    table: Annotated[Path, typer.Argument(help="A table with the size and the critical point of each model.")],
    target: TargetOptions,
    rows: RowOptions,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help='A column, SQL or a number, such as params=size or facts="critical facts".',
        ),
    ] = None,
    error: Annotated[float, typer.Option(metavar="X", help="Relative error of each point.")] = 0.1,
    law: LawName = "limits",
    axis: Annotated[str | None, rare(metavar="NAME", help="amount, ratio, dose or frequency.")] = None,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Predict the critical point of a larger model from one number for each smaller one, as papers print them.

    The points are facts, ratios or exposures at which half is retained. No runs are needed; no risk follows."""
    asked = target.target()
    with Progress(f"reading {table}"):
        from bayeskisl.decision import extrapolate_points
        from bayeskisl.reporting import describe

        forecast = extrapolate_points(
            table, asked, parsed(mapping or []), axis=axis, law=law, error=error, seed=seed, **rows.keywords
        )
    if as_json:
        print_json(forecast.to_dict())
    else:
        echo(describe(forecast))
