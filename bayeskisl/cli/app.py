"""The list of commands, in the order of use."""

from typing import Annotated

import typer

from bayeskisl.cli.commands import Entry, group

__all__ = ["COMMANDS", "app"]

_SWEEP = (
    Entry("estimate", "Estimate runs, tokens, FLOPs, memory and time", "sweeps:estimate",
          "bayeskisl sweep estimate desk-amount\n"
          "bayeskisl sweep estimate gpu-amount --tokens-per-second 2e6 --price 2.50"),
    Entry("run", "Train every run that has no complete record yet", "sweeps:run",
          "bayeskisl sweep run mine.toml --out runs/mine"),
    Entry("export", "Write a sweep for your own trainer: data, probes, scripts", "exporting:export",
          "bayeskisl sweep export desk-text --for hf --out exported"),
    Entry("status", "Show the progress of each sweep in a folder", "sweeps:status",
          "bayeskisl sweep status runs/mine"),
)  # fmt: skip
_CURVES = (
    Entry("import", "Read a table or the logs of another tool", "tables:curves_import",
          "bayeskisl curves import runs.csv --map params=size --map accuracy=recall \\\n"
          "    --probed 1000 --out curves.nc"),
    Entry("check", "Check the data before any law: reversals, outliers, gaps", "tables:curves_check",
          "bayeskisl curves check curves.nc --figure check.png"),
    Entry("build", "Collect the records of a sweep that was trained here", "sweeps:build",
          "bayeskisl curves build runs/mine --out curves.nc"),
)  # fmt: skip
COMMANDS = (
    Entry("demo", "Train small models, predict a larger one, check it", "demonstration:demo",
          "bayeskisl demo --out runs/demo", "Start"),
    Entry("doctor", "Check this machine and the installation, in 20 s", "doctor:doctor", "bayeskisl doctor", "Start"),
    Entry("laws", "List the laws that ship, or describe one", "shipping:laws", "bayeskisl laws limits", "Start"),
    Entry("sweeps", "List the sweeps that ship, or describe one", "shipping:sweeps",
          "bayeskisl sweeps desk-amount", "Start"),
    Entry("data", "List the measured curves that ship, or describe one", "shipping:data",
          "bayeskisl data desk-ratio", "Start"),
    Entry("curves", "Retention curves from your table, logs or records", section="Data", entries=_CURVES,
          example="bayeskisl curves import runs.csv --out curves.nc"),
    Entry("export", "Write curves, draws or decisions as a tidy table", "tables:export",
          "bayeskisl export fit.nc --out draws.parquet", "Data"),
    Entry("prior", "Show what a law expects before any data", "fitting:prior",
          "bayeskisl prior curves.nc --out prior.png", "Answer"),
    Entry("fit", "Infer collapse points and exponents", "fitting:fit",
          "bayeskisl fit curves.nc --out fit.nc", "Answer"),
    Entry("predict", "Predict where a larger model collapses", "decisions:predict",
          "bayeskisl predict fit.nc --params 7B --tokens 1T", "Answer"),
    Entry("decide", "Recommend an infusion, with its risk", "decisions:decide",
          "bayeskisl decide fit.nc --params 7B --tokens 1T --out decision.nc", "Answer"),
    Entry("extrapolate", "Predict from one critical point per size, without runs", "points:extrapolate",
          "bayeskisl extrapolate points.csv --params 7B --map facts=critical_facts", "Answer"),
    Entry("report", "Write answer, evidence and checks as one page", "reports:report",
          "bayeskisl report fit.nc --decision decision.nc --out report.html", "Answer"),
    Entry("plan", "Propose runs that sharpen the answer, within a budget", "planning:plan",
          "bayeskisl plan fit.nc --params 7B --budget 1e21flop --out next.csv", "Next"),
    Entry("loop", "Train, fit and plan until the answer is precise enough", "planning:loop",
          "bayeskisl loop demo --params 98304 --until width=0.6 --budget 1h \\\n    --out runs/loop", "Next"),
    Entry("replay", "Replay a finished sweep under every planner", "planning:replay",
          "bayeskisl replay desk-amount --out runs/replay", "Next"),
    Entry("sweep", "Train sweeps of small language models", section="Train", entries=_SWEEP,
          example="bayeskisl sweep run desk-amount --out runs/mine"),
    Entry("backtest", "Forecast your larger sizes from your smaller ones", "backtesting:backtest",
          "bayeskisl backtest curves.nc --figure backtest.png", "Check"),
    Entry("verify", "Compare a decision with runs of the target", "decisions:verify",
          "bayeskisl verify decision.nc curves-of-the-target.nc", "Check"),
    Entry("compare", "Compare laws by predicting left-out sizes", "comparison:compare",
          "bayeskisl compare fit.nc --params 7B", "Check"),
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from bayeskisl import __version__

        typer.echo(__version__)
        raise typer.Exit


def _root(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that precede a command."""


app = group(
    Entry(
        "bayeskisl",
        "How much domain knowledge should a language model of your size get?",
        entries=COMMANDS,
    ),
    _root,
)
