"""The commands that remake what the shipped sweeps say."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.display import SweepDisplay, loading

results_app = typer.Typer(no_args_is_help=True, help="What the shipped sweeps say: pages, figures, the sanity ladder.")


@results_app.command("pages")
def pages(
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
    with loading("loading PyMC"):
        from bayeskisl.workflow.results.pages import make_pages
    for path in make_pages(sweeps or (), findings, out, work, lambda stage: typer.echo(stage, err=True), fresh=fresh):
        typer.echo(str(path))


@results_app.command("one-law")
def one_law(
    findings: Annotated[Path, typer.Option(help="The numbers, as JSON.")] = Path("data/results/one-law.json"),
    out: Annotated[Path, typer.Option(help="The page.")] = Path("docs/results/one-law.md"),
    fresh: Annotated[bool, typer.Option(help="Find again what was found.")] = False,
) -> None:
    """Does one law explain amount, ratio and dose? Predict each from another, and count the hits; minutes."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.results.one_law_page import make_one_law_page
    typer.echo(str(make_one_law_page(out, findings, lambda stage: typer.echo(stage, err=True), fresh=fresh)))


@results_app.command("sanity")
def sanity(
    records: Annotated[
        Path | None, typer.Option(help="Train what is missing of the ladder in this folder first; resumable.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("docs/results/sanity.md"),
    workers: Annotated[int | None, typer.Option(min=1, help="Training processes.")] = None,
) -> None:
    """Which changes of the recipe move the collapse point and its exponent, from the shipped runs or fresh ones."""
    with loading("loading"):
        from bayeskisl.curves import load_curves
        from bayeskisl.shipped import shipped_folder
        from bayeskisl.workflow.results.sanity_page import make_sanity_page, said, train_sanity_ladder
    curves = shipped_folder("data") / "sanity" / "curves.nc"
    if records is not None:
        with SweepDisplay() as display:
            curves = train_sanity_ladder(records, workers=workers, events=display)
    with loading("measuring collapse points"):
        table = make_sanity_page(load_curves(curves), out)
    for row in table.iter_rows(named=True):
        factor, exponent = (said(row, name, 3) for name in ("factor", "exponent"))
        typer.echo(f"{row['rung']}: facts x {factor}, exponent {exponent}")
    typer.echo(str(out))
