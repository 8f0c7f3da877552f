"""The command that forecasts sizes that were already measured."""

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayeskisl.cli.display import print_json, show, slim_table
from bayeskisl.cli.files import FigureFile, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, LawName, Seed
from bayeskisl.cli.progress import Progress
from bayeskisl.quantities import read_numbers
from bayeskisl.quantities import short as shortly

if TYPE_CHECKING:
    from bayeskisl.decision import Backtest

__all__ = ["backtest"]


def backtest(
    curves: Annotated[Path, typer.Argument(help="Retention curves of four sizes or more, or a shipped sweep's name.")],
    law: LawName = "limits",
    sizes: Annotated[str | None, typer.Option(metavar="N,N,...", help="Sizes to use; by default all.")] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A probe group; by default the first that falls, else the first that rises."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .csv for the table, .nc for everything.", callback=ends_in(".csv", ".nc")),
    ] = None,
    figure: FigureFile = None,
    as_json: AsJson = False,
    first: Annotated[int, rare("--from", min=3, metavar="N", help="Number of sizes in the first fit.")] = 3,
    draws: Annotated[int, rare(min=100, metavar="N", help="Draws per chain of each fit.")] = 1000,
    seed: Seed = 0,
) -> None:
    """Forecast your larger sizes from your smaller ones, and compare with the measurements.

    Two rules of thumb stand beside the law: proportional to size, and a power law through the largest sizes, five at
    most."""
    named = read_numbers(sizes, "--sizes") if sizes else None
    with Progress("loading the sampler") as progress:
        from bayeskisl.curves import load_curves
        from bayeskisl.decision import backtest as backtest_curves

        result = backtest_curves(
            load_curves(curves), law, group=group, first=first, sizes=named, draws=draws, seed=seed, progress=progress
        )
    if out is not None:
        result.save(out)
    if as_json:
        print_json(result.to_dict())
    else:
        _show(result)
    if figure is not None:
        from bayeskisl.reporting import plot_backtest
        from bayeskisl.reporting.images import write_figure

        write_figure(plot_backtest(result), figure)


def _show(result: "Backtest") -> None:
    rows = list(result.table.iter_rows(named=True))
    shown = slim_table(
        "from", "target", "ahead", "median", "interval", "measured", "", "width", "error", "prop.", "power",
        words=[""],
    )  # fmt: skip
    shown.padding = 0  # eleven columns
    for row in rows:
        shown.add_row(
            shortly(row["largest"]) + "*" * (not row["gate"]),
            shortly(row["params"]) + "+" * bool(row["prior_driven"]),
            f"{row['horizon']:.3g}x",
            shortly(row["median"]),
            f"{shortly(row['low'])}-{shortly(row['high'])}",
            f"{_BOUNDS[row['bound']]}{shortly(row['measured'])}",
            _WORDS[row["verdict"]],
            *(_number(row[name]) for name in ("width", "factor", "proportional_factor", "power_law_factor")),
        )
    show(shown)
    _explain(result, rows)
    summary = slim_table("horizon", "number", "covered", "width", "error", "score", "prop.", "power", words=["horizon"])
    for row in result.by_horizon.iter_rows(named=True):
        summary.add_row(
            row["horizon"], str(row["forecasts"]), _share(row["covered"]), _number(row["width"]),
            _number(row["error"]), _number(row["score"]), _number(row["proportional_error"]),
            _number(row["power_law_error"]),
        )  # fmt: skip
    show(summary)


_WORDS = {"hit": "hit", "miss": "MISS", "undecided": "?"}
_BOUNDS = {"at least": ">", "at most": "<", "": ""}


def _explain(result: "Backtest", rows: list[dict[str, Any]]) -> None:
    attrs = result.data.attrs
    lines = [
        f"Half-point ({attrs['half_point']}, {attrs['unit']}) of the group '{attrs['group']}' under the law "
        f"'{attrs['law']}', {100 * attrs['ci_prob']:g} % intervals.",
        "Width, error and both rules are factors of critical exposures; an error above 1 means that too much was "
        "predicted. Prop.: proportional to size, from the largest. Power: a power law through the largest sizes, five "
        "at most.",
        *(["* The fit failed its gate: do not rely on this row."] if not all(row["gate"] for row in rows) else []),
        *(
            ["+ Rests on the prior: the fitted sizes never varied this."]
            if any(row["prior_driven"] for row in rows)
            else []
        ),
    ]
    for line in lines:
        show(fill(line, 80))


def _number(value: float) -> str:
    return "" if value != value else f"{value:.2f}" if value < 100 else shortly(value)


def _share(value: float) -> str:
    return "" if value != value else f"{100 * value:.0f} %"
