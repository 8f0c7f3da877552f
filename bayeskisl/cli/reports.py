"""The command that writes the report."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.display import print_json
from bayeskisl.cli.files import a_file, a_folder
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, HeldOptions, SavedFit
from bayeskisl.cli.progress import Progress
from bayeskisl.errors import InputError

__all__ = ["report"]


def report(
    fit: SavedFit,
    held: HeldOptions,
    decision: Annotated[Path | None, typer.Option(help="A saved decision.")] = None,
    verification: Annotated[
        Path | None, typer.Option(help="Curves with runs of the target's size, to compare the decision with.")
    ] = None,
    out: Annotated[Path, typer.Option(help="File to write; HTML or Markdown by its ending.", callback=a_file)] = Path(
        "report.html"
    ),
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the figures as PNG.", callback=a_folder)
    ] = None,
    form: Annotated[
        str | None, rare("--format", metavar="NAME", help="html or md, if the file's ending is another.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the answer, the evidence, the checks and the provenance as one page, HTML or Markdown."""
    if form not in (None, "html", "md"):
        raise InputError("html or md", repr(form), "--format")
    if verification is not None and decision is None:
        raise InputError("--decision beside --verification", "none", "report", "name the decision to verify")
    with Progress("loading the fit") as progress:
        from bayeskisl.curves import load_curves
        from bayeskisl.decision import load_decision
        from bayeskisl.decision import verify as verify_decision
        from bayeskisl.inference import load_fit
        from bayeskisl.reporting import report as write_report

        loaded = load_fit(fit)
        decided = load_decision(decision) if decision else None
        verified = verify_decision(decided, load_curves(verification)) if decided and verification else None
        progress("drawing and writing the page")
        path = write_report(
            loaded, decided, verified, out=out.with_suffix(f".{form}") if form else out, figures_dir=figures,
            **held.keywords,
        )  # fmt: skip
    if as_json:
        print_json({"report": path})
    else:
        typer.echo(str(path))
