"""The page that asks whether one law explains amount, ratio and dose."""

from pathlib import Path
from typing import Annotated

import typer

from studies.command import run
from studies.results.one_law_page import make_one_law_page


def main(
    findings: Annotated[Path, typer.Option(help="The numbers, as JSON.")] = Path("data/results/one-law.json"),
    out: Annotated[Path, typer.Option(help="The page.")] = Path("docs/results/one-law.md"),
    fresh: Annotated[bool, typer.Option(help="Find again what was found.")] = False,
) -> None:
    """Does one law explain amount, ratio and dose? Predict each from another, and count the hits; minutes."""
    typer.echo(str(make_one_law_page(out, findings, lambda stage: typer.echo(stage, err=True), fresh=fresh)))


if __name__ == "__main__":
    run(main)
