"""The sanity ladder: one sweep repeated with one thing of the recipe changed at a time."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.training import SweepDisplay
from bayeskisl.curves import load_curves
from bayeskisl.shipped import shipped_folder
from studies.command import run
from studies.results.sanity_page import make_sanity_page, said, train_sanity_ladder


def main(
    records: Annotated[
        Path | None, typer.Option(help="Train what is missing of the ladder in this folder first; resumable.")
    ] = None,
    ladder: Annotated[str, typer.Option(help="sanity, of the desk ladder, or sanity-memory.")] = "sanity",
    out: Annotated[Path | None, typer.Option(help="The page; by default that of the ladder.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Training processes.")] = None,
) -> None:
    """Which changes of the recipe move the collapse point and its exponent, from the shipped runs or fresh ones."""
    curves = shipped_folder("data") / ladder / "curves.nc"
    page = out or Path(f"docs/results/{ladder}.md")
    if records is not None:
        with SweepDisplay() as display:
            curves = train_sanity_ladder(
                records, shipped_folder("data") / ladder / "rungs.toml", workers=workers, events=display
            )
    table = make_sanity_page(load_curves(curves), page, ladder)
    for row in table.iter_rows(named=True):
        factor, exponent = (said(row, name, 3) for name in ("factor", "exponent"))
        typer.echo(f"{row['rung']}: facts x {factor}, exponent {exponent}")
    typer.echo(str(page))


if __name__ == "__main__":
    run(main)
