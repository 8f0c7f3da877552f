"""The demo: the whole workflow on one machine, in minutes."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.display import print_json, show
from bayeskisl.cli.files import a_folder
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, Workers
from bayeskisl.cli.progress import Progress

__all__ = ["demo"]


def demo(
    experiment: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="amount: how many facts at one ratio; dose: how large a share of ever more facts."
        ),
    ] = "amount",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for all files; by default runs/demo or runs/demo-dose.", callback=a_folder
        ),
    ] = None,
    workers: Workers = None,
    as_json: AsJson = False,
    reduced: Annotated[bool, rare("--reduced", help="Fewer levels and a smaller target, for a quick check.")] = False,
) -> None:
    """Train four small sizes, decide on a larger one, record the decision, then train that size and compare.

    Takes minutes on two cores. Interrupt it at any time: the same command continues where it stopped."""
    with Progress("loading the package"):
        from bayeskisl.cli.training import SweepDisplay
        from bayeskisl.workflow import demo as run_demo

    with SweepDisplay() as display:
        lines = run_demo(out, experiment=experiment, reduced=reduced, workers=workers, events=display)
    if as_json:
        print_json(_answers(Path(out or ("runs/demo" if experiment == "amount" else f"runs/demo-{experiment}"))))
        return
    for line in lines:
        show(line)


def _answers(folder: Path) -> dict[str, object]:
    from bayeskisl.curves import load_curves
    from bayeskisl.decision import decision_summary, load_decision, verification_summary, verify

    decision = load_decision(folder / "decision.nc")
    return {
        "decision": decision_summary(decision),
        "verification": verification_summary(verify(decision, load_curves(folder / "verification.nc"))),
        "report": folder / "report.html",
    }
