"""Pages about the shipped sweeps: fits, largest sizes left out, laws compared."""

from pathlib import Path
from typing import Annotated

import typer

from studies.command import run
from studies.results.pages import make_pages


def main(
    sweeps: Annotated[list[str] | None, typer.Argument(help="Names of shipped sweeps; all of them by default.")] = None,
    findings: Annotated[Path, typer.Option(help="Folder of the numbers, one JSON file a sweep.")] = Path(
        "data/results"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the pages.")] = Path("docs/results"),
    work: Annotated[
        Path, typer.Option(help="Folder of what is found, stage by stage; the same command goes on from there.")
    ] = Path("runs/results"),
    fresh: Annotated[bool, typer.Option(help="Find again what was found from the same runs, laws and code.")] = False,
) -> None:
    """Fit each sweep, leave its largest sizes out, compare the laws, and write one page about it; minutes a sweep."""
    for path in make_pages(sweeps or (), findings, out, work, lambda stage: typer.echo(stage, err=True), fresh=fresh):
        typer.echo(str(path))


if __name__ == "__main__":
    run(main)
