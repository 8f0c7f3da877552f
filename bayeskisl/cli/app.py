"""Subcommands and their options."""

from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.cli.backtesting import backtest
from bayeskisl.cli.comparison import compare
from bayeskisl.cli.decisions import decide, predict, verify
from bayeskisl.cli.display import SweepDisplay, console, duration, loading, slim_table
from bayeskisl.cli.exporting import sweep_export
from bayeskisl.cli.files import FigureFile
from bayeskisl.cli.fitted import posterior_table
from bayeskisl.cli.options import HeldOptions, SavedFit, grouped
from bayeskisl.cli.planning import loop, plan, replay
from bayeskisl.cli.tables import curves_check, curves_import, export
from bayeskisl.errors import GateError, InputError
from bayeskisl.quantities import short

app = typer.Typer(
    name="bayeskisl",
    help="Bayesian inference for knowledge infusion scaling laws: from real training runs to a decision.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
sweep_app = typer.Typer(no_args_is_help=True, help="Train sweeps of small language models.")
curves_app = typer.Typer(no_args_is_help=True, help="Retention curves from records or tables.")
app.add_typer(sweep_app, name="sweep")
app.add_typer(curves_app, name="curves")
sweep_app.command("export")(sweep_export)
curves_app.command("import")(curves_import)
curves_app.command("check")(curves_check)
app.command()(export)
for command in (plan, loop, replay):
    app.command()(command)

Spec = Annotated[str, typer.Argument(help="A sweep's TOML file, or the name of a shipped one.")]
Device = Annotated[str, typer.Option(help="Where to train: cpu, cuda, cuda:1, ...")]
Workers = Annotated[int | None, typer.Option(min=1, help="Training processes; by default one per core on a CPU.")]


def _version(wanted: bool) -> None:
    if wanted:
        from bayeskisl import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    experiment: Annotated[
        str, typer.Option(help="amount: how many facts at one ratio; dose: how large a ratio of more and more facts.")
    ] = "amount",
    out: Annotated[
        Path | None, typer.Option(help="Where everything goes; by default runs/demo or runs/demo-EXPERIMENT.")
    ] = None,
    reduced: Annotated[
        bool, typer.Option(help="Fewer levels and a smaller target, for continuous integration.")
    ] = False,
    workers: Workers = None,
) -> None:
    """Train four small sizes, decide on a larger one, write it down, then train it and verify."""
    from bayeskisl.workflow import demo as run_demo

    with SweepDisplay() as display:
        lines = run_demo(out, experiment=experiment, reduced=reduced, workers=workers, events=display)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@sweep_app.command("run")
def sweep_run(
    spec: Spec,
    out: Annotated[Path, typer.Option(help="Folder for the records.")],
    device: Device = "cpu",
    workers: Workers = None,
    executor: Annotated[str, typer.Option(help="local: processes of this machine; ray: a Ray cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of a running Ray cluster; by default one is started here.")
    ] = None,
    save_every: Annotated[float, typer.Option(min=0.0, help="Seconds repeated at most after a crash.")] = 60.0,
) -> None:
    """Train every run that has no whole record yet."""
    from bayeskisl.sweeping import load_sweep, run_sweep

    how = {"device": device, "workers": workers, "executor": executor, "address": address, "save_every": save_every}
    loaded = load_sweep(spec)
    with SweepDisplay() as display:
        result = run_sweep(loaded, out, **how, events=display)
    diverged = f", {result.diverged} of them diverged" if result.diverged else ""
    typer.echo(f"{result.trained} runs trained, {result.reused} reused{diverged}: {result.folder}")


@sweep_app.command("estimate")
def sweep_estimate(
    spec: Spec,
    device: Device = "cpu",
    workers: Workers = None,
    tokens_per_second: Annotated[float, typer.Option(min=0.0, help="Speed of a device that is not here.")] = 0.0,
    utilisation: Annotated[float, typer.Option(min=0.0, max=1.0, help="Or its share of --peak.")] = 0.0,
    peak: Annotated[float, typer.Option(min=0.0, help="Its FLOP/s, e.g. 9.9e14.")] = 0.0,
    price: Annotated[float | None, typer.Option(min=0.0, help="Per device-hour, in any currency.")] = None,
) -> None:
    """Runs, tokens, FLOPs, memory, time and cost, before anything is spent: on this device, or on one that you name."""
    from bayeskisl.sweeping import NamedDevice, estimate_sweep

    named = tokens_per_second or utilisation or peak
    where = NamedDevice(tokens_per_second, utilisation, peak) if named else device
    with loading("estimating" if named else "calibrating on this device"):
        estimate = estimate_sweep(spec, device=where, workers=workers)
    table = slim_table("width", "params", "runs", "stacks", "tokens", "FLOPs", "tokens/s", "time", "stack memory")
    for s in estimate.sizes:
        parts = f" in {s.parts} parts" if s.parts > 1 else ""
        table.add_row(
            str(s.width), f"{s.params:,}", str(s.runs), str(s.stacks), short(s.tokens), f"{s.flops:.2g}",
            short(s.tokens_per_second), duration(s.seconds), f"{s.memory / 2**20:.0f} MiB{parts}",
        )  # fmt: skip
    console.print(table)
    typer.echo(
        f"about {duration(estimate.seconds)} with {estimate.workers} worker(s), refinement and tuning counted in full"
    )
    if price is not None:
        typer.echo(f"about {estimate.cost(price):.3g} at {price:g} per device-hour")


@sweep_app.command("status")
def sweep_status(folder: Annotated[Path, typer.Argument(help="As given to `sweep run --out`.")]) -> None:
    """How far each sweep in a folder is."""
    from bayeskisl.sweeping import sweep_status as status_of

    for status in status_of(folder):
        typer.echo(
            f"{status.name} ({status.axis}): {status.finished} runs finished in {duration(status.seconds)} "
            f"of device time: {status.path}"
        )
        for name, reason in status.broken.items():
            typer.echo(f"  {name}: {reason}; `bayeskisl sweep run` does it again")
        for name, reason in status.misplaced.items():
            typer.echo(f"  {name}: {reason}; move it away")


@curves_app.command("build")
def curves_build(
    folder: Annotated[Path, typer.Argument(help="As given to `sweep run --out`.")],
    out: Annotated[Path, typer.Option(help="NetCDF file to write.")] = Path("curves.nc"),
) -> None:
    """Build retention curves from the records of finished runs."""
    from bayeskisl.curves import build_curves, save_curves

    curves = build_curves(folder)
    save_curves(curves, out)
    typer.echo(f"{curves.sizes['run']} runs, groups {', '.join(curves['group'].values)}: {out}")


@app.command()
def fit(
    curves: Annotated[Path, typer.Argument(help="Retention curves, NetCDF.")],
    law: Annotated[str, typer.Option(help="A law's TOML file, or the name of a shipped one.")] = "limits",
    rival: Annotated[
        list[str] | None, typer.Option(help="A law to fit beside it, in place of those it names; may be repeated.")
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Fit no rival law.")] = False,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.")] = Path("fit.nc"),
    draws: Annotated[int, typer.Option(min=100, help="Draws per chain.")] = 1000,
    seed: int = 0,
    every: Annotated[bool, typer.Option("--all", help="Show every quantity, with its diagnostics.")] = False,
) -> None:
    """Infer collapse points and exponents; the posterior is saved also if it fails the gate, labelled."""
    from bayeskisl.curves import load_curves
    from bayeskisl.laws import load_law

    if alone and rival:
        raise InputError("--alone or --rival", "both", "fit", "leave one out")
    law = load_law(law)
    rivals = [load_law(other) for other in rival] if rival else ([] if alone else None)
    loaded = load_curves(curves)
    with loading("loading PyMC, compiling and sampling"):
        from bayeskisl.inference import fit as fit_curves

        result = fit_curves(loaded, law, rivals=rivals, draws=draws, seed=seed, throw=False)
        result.save(out)
    if every:
        console.print(result.summary().to_string(), markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(posterior_table(result))
    for warning in result.warnings:
        typer.echo(f"{warning.severity}: {warning.message} {warning.remedy}")
    if not result.gate.passed:
        raise GateError(f"{out}: {'; '.join(result.gate.reasons)}. The posterior is saved, labelled as failed.")
    rhat, draws_worth = result.gate.rhat, min(result.gate.ess_bulk, result.gate.ess_tail)
    if len(result.weights) > 1:
        typer.echo("weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in result.weights.items()))
    typer.echo(f"gate passed (largest R-hat {rhat:.3f}, fewest effective draws {draws_worth:,.0f}): {out}")


@app.command()
def prior(
    curves: Annotated[Path, typer.Argument(help="Retention curves, NetCDF: where to draw, and what to compare with.")],
    law: Annotated[str, typer.Option(help="A law's TOML file, or the name of a shipped one.")] = "limits",
    out: FigureFile = None,
    seed: int = 0,
) -> None:
    """What a law expects before it has seen a single count, and how much of what was measured it allows for."""
    from bayeskisl.curves import load_curves
    from bayeskisl.laws import load_law

    law, loaded = load_law(law), load_curves(curves)
    with loading("drawing from the prior"):
        from bayeskisl.inference import prior_predictive
        from bayeskisl.reporting import describe_prior, plot_prior_predictive
        from bayeskisl.reporting.images import write_figure

        said = describe_prior(prior_predictive(law, loaded, seed=seed), law)
        if out is not None:
            write_figure(plot_prior_predictive(law, loaded, seed=seed), out)
    typer.echo(said)


app.command()(predict)
app.command()(decide)
app.command()(verify)
app.command()(compare)
app.command()(backtest)


@app.command()
@grouped
def report(
    fit: SavedFit,
    held: HeldOptions,
    decision: Annotated[Path | None, typer.Option(help="A saved decision.")] = None,
    verification: Annotated[Path | None, typer.Option(help="Curves that hold runs of the target's size.")] = None,
    out: Annotated[Path, typer.Option(help="File to write, HTML or Markdown by its ending.")] = Path("report.html"),
    figures: Annotated[Path | None, typer.Option(help="Folder for the figures as PNG.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="html or md, whatever the file is called.")] = None,
) -> None:
    """One self-contained HTML page, or Markdown: the answer, the evidence, the checks, the provenance."""
    if form not in (None, "html", "md"):
        raise InputError("html or md", repr(form), "--format")
    if verification is not None and decision is None:
        raise InputError("--decision beside --verification", "none", "report", "name the decision to verify")
    with loading("loading the fit and drawing"):
        from bayeskisl.curves import load_curves
        from bayeskisl.decision import load_decision
        from bayeskisl.decision import verify as verify_decision
        from bayeskisl.inference import load_fit
        from bayeskisl.reporting import report as write_report

        decided = load_decision(decision) if decision else None
        verified = verify_decision(decided, load_curves(verification)) if verification else None
        path = write_report(
            load_fit(fit),
            decided,
            verified,
            out=out.with_suffix(f".{form}") if form else out,
            figures_dir=figures,
            **held.keywords,
        )
    typer.echo(str(path))
