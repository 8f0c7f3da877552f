"""The commands that show how far the tool can be trusted; each resumes where it was stopped."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import console, counting, loading, slim_table
from bayeskisl.errors import InputError

proof_app = typer.Typer(
    no_args_is_help=True, help="Simulations that show how far an answer can be trusted; hours, resumable."
)

Folder = Annotated[Path, typer.Option(help="Holds the finished simulations, and receives the table.")]
Law = Annotated[str, typer.Option(help="A law's TOML file, or the name of a shipped one.")]
Count = Annotated[
    int, typer.Option(min=1, help="Simulations that the table rests on; finished ones are not made again.")
]


@proof_app.command("coverage")
def coverage(
    out: Folder = Path("runs/proof/coverage"),
    law: Law = "collapse",
    world: Annotated[list[str] | None, typer.Option(help="Only this world; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """How often predictions at 10 and 100 times the largest size hold the truth, in worlds that are known."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.proof import WORLDS, prove_coverage
    with counting("simulations") as tell:
        table = prove_coverage(out, law, tuple(world or WORLDS), count, tell)
    _show(
        table,
        ("world", "target", "forecaster", "simulations", "covers_80", "covers_90", "width", "over_oracle"),
    )


@proof_app.command("calibration")
def calibration(
    out: Folder = Path("runs/proof/calibration"),
    law: Annotated[list[str] | None, typer.Option(help="A law; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """Whether the posterior of sweeps drawn from a law's prior is calibrated, and whether wrong ones are found out."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.proof import prove_calibration
    with counting("simulations") as tell:
        table = prove_calibration(out, tuple(law or ("collapse",)), count, tell)
    _show(table, ("law", "posterior", "quantity", "simulations", "mean", "sd", "p_value", "rejected"))


@proof_app.command("rivals")
def rivals(
    out: Folder = Path("runs/proof/rivals"),
    truth: Annotated[list[str] | None, typer.Option(help="Only data of this law; may be repeated.")] = None,
    sizes: Annotated[list[int] | None, typer.Option(min=3, help="Different sizes of a sweep; may be repeated.")] = None,
    count: Count = 50,
) -> None:
    """How often each law wins on data of its own making, and how often a few sizes cannot tell which law made them."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.proof import prove_rivals
        from bayeskisl.workflow.proof.rivals import SIZES, TRUTHS
    with counting("sweeps") as tell:
        table = prove_rivals(out, tuple(truth or TRUTHS), tuple(sizes or SIZES), count, tell)
    _show(table, ("truth", "sizes", "law", "sweeps", "wins", "weight", "told_apart", "failed_gates"))


@proof_app.command("replays")
def replays(
    out: Folder = Path("runs/proof/replays"),
    planner: Annotated[list[str] | None, typer.Option(help="Only this planner; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """What each planner knows of the largest size of simulated sweeps for its money, beside a sensible grid."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.proof import prove_replays
        from bayeskisl.workflow.proof.replays import EVERYONE
    with counting("replays") as tell:
        table = prove_replays(out, tuple(planner or EVERYONE), count, tell)
    _show(
        table,
        (
            "planner",
            "part",
            "sweeps",
            "width",
            "covers_90",
            "interval_score",
            "rms_error",
            "as_narrow",
            "width_over_grid",
        ),
    )


@proof_app.command("held-out")
def held_out(
    out: Folder = Path("runs/proof/held-out"),
    law: Law = "collapse",
    sweep: Annotated[
        list[str] | None, typer.Option(help="A shipped sweep or a file of curves; may be repeated.")
    ] = None,
) -> None:
    """Predict the largest sizes of real sweeps from the smaller ones, and compare with what was measured."""
    with loading("loading PyMC, fitting"):
        from bayeskisl.workflow.proof import prove_held_out

        table = prove_held_out(out, law, tuple(sweep or ("desk-amount",)))
    _show(table, ("sweep", "sizes", "largest", "target", "law", "median", "low", "high", "measured", "hit"))


@proof_app.command("published")
def published(
    out: Folder = Path("runs/proof/published"),
    probes: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Assumed number of probed facts (not published); repeatable."),
    ] = None,
) -> None:
    """Where published tables fall or rise under several assumptions, and whether their rows surprise the model."""
    with loading("loading PyMC"):
        from bayeskisl.workflow.proof import prove_published
        from bayeskisl.workflow.proof.published import ASSUMED_PROBES
    with counting("fits") as tell:
        points, checks = prove_published(out, probes or ASSUMED_PROBES, tell)
    _show(points, ("table", "law", "probes", "gate", "low", "median", "high"))
    _show(checks, ("table", "law", "probes", "level", "reported", "low", "high", "inside"))


@proof_app.command("pages")
def pages(
    page: Annotated[
        list[Path] | None, typer.Argument(help="Pages with marked tables; by default those of the documentation.")
    ] = None,
    findings: Annotated[Path, typer.Option(help="Holds the folders of the studies.")] = Path("data/proof"),
) -> None:
    """Write the tables of pages anew from what the studies found."""
    with loading("loading polars"):
        from bayeskisl.workflow.proof.pages import with_tables
        from bayeskisl.workflow.results.files import written
    for path in page or [Path("docs/how-far-can-you-trust-it.md"), Path("docs/how-to/plan-runs.md")]:
        if not path.is_file():
            raise InputError("a page", "no such file", str(path))
        typer.echo(str(written(path, with_tables(path.read_text(encoding="utf-8"), findings))))


def _show(table: Any, columns: tuple[str, ...]) -> None:
    shown = slim_table(*columns, words=[name for name in columns if str(table[name].dtype) == "String"])
    for row in table.select(columns).iter_rows():
        shown.add_row(*(f"{value:,.3g}" if isinstance(value, float) else str(value) for value in row))
    console.print(shown)
