"""Commands that choose runs: plan, loop, replay."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayeskisl.cli.display import echo, print_json, show, terminal_columns
from bayeskisl.cli.files import FigureFile, a_folder, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, LawName, SavedFit, Seed, TargetOptions
from bayeskisl.cli.progress import Progress
from bayeskisl.errors import InputError
from bayeskisl.files import written
from bayeskisl.quantities import read_number

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.design import Plan
    from bayeskisl.design.pricing import Pricing
    from bayeskisl.workflow import Limits

__all__ = ["loop", "plan", "replay"]

Money = Annotated[str, typer.Option(metavar="X", help="Budget: 600 (device-seconds), 20min, 2h or 1e18flop.")]
Largest = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Largest size that may be trained; by default the largest seen, or elsewhere what the budget pays for.",
    ),
]
Batch = Annotated[int, typer.Option(min=1, metavar="N", help="Maximum number of candidates, 1 to 3 runs each.")]
Kappa = Annotated[
    float | None,
    rare(
        min=0.0, max=1.0, show_default=False, metavar="X",
        help="Gains are divided by cost to this power; 0 ignores costs. By default the best of several ways is taken.",
    ),
]  # fmt: skip
Thrift = Annotated[
    float,
    rare("--kappa", min=0.0, max=1.0, metavar="X", help="Gains are divided by cost to this power; 0 ignores costs."),
]


@dataclass(frozen=True, kw_only=True)
class StrategyOptions:
    """Options of the rules that choose a plan's batch."""

    runs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Exact number of runs, as far as the budget allows.")
    ] = None
    batch: Annotated[
        int | None, rare(min=1, metavar="N", help="Most candidates, of 1 to 3 runs each; by default all that help.")
    ] = None
    worth_of_fact: Annotated[
        str | None, typer.Option(metavar="X", help="Worth of one more fact at the target; sets when to stop.")
    ] = None
    cost_of_miss: Annotated[
        str | None,
        rare(metavar="X", help="Cost of a target run beyond its collapse point, as 50000usd; sets when to stop."),
    ] = None
    score: Annotated[str, rare(metavar="NAME", help="variance, information or regret.")] = "variance"
    kappa: Kappa = None
    planner: Annotated[str, rare(metavar="NAME", help="greedy, or a baseline such as v-optimal.")] = "greedy"


@dataclass(frozen=True, kw_only=True)
class MoneyOptions:
    """Options of the budget and of the costs of runs."""

    budget: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="Budget: 1e18flop; 20min, 2h or 600 (device-seconds) with --device, --costs or --records; 2000usd.",
        ),
    ]
    records: Annotated[Path | None, typer.Option(metavar="DIR", help="Measured costs: the folder of the sweep.")] = None
    costs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table of your costs: params, tokens and hours, dollars or flop."),
    ] = None
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Costs by 6 N D on h100, b200, ..., or 9.89e14 (FLOP/s).")
    ] = None
    utilisation: Annotated[
        float | None, rare(metavar="X", help="Share of the device's peak that training reaches; by default 0.4.")
    ] = None
    price: Annotated[float | None, rare(metavar="X", help="Dollars per device-hour; the plan then counts dollars.")] = (
        None
    )

    def pricing(self) -> "Pricing":
        """Return the origin of the costs; what contradicts itself or the budget is refused before a fit is loaded."""
        from bayeskisl.budgets import read_budget
        from bayeskisl.design.pricing import Pricing

        pricing = Pricing(**{name: value for name, value in vars(self).items() if name != "budget"})
        pricing.require_for(read_budget(self.budget))
        return pricing


@dataclass(frozen=True, kw_only=True)
class OfferOptions:
    """Options of the sizes that a plan may train."""

    sizes: Annotated[
        str | None, typer.Option(metavar="N,...", help="The only sizes that may be trained: 70M,160M,1B.")
    ] = None
    largest: Annotated[
        str | None, typer.Option(metavar="N", help="Largest size on offer; by default the budget decides.")
    ] = None
    domains: Annotated[
        str | None, rare(metavar="NAME,...", help="Domains whose runs may be trained; by default that of --domain.")
    ] = None
    sweep: Annotated[
        str | None, rare(metavar="SWEEP", help="The sweep behind the curves; by default the one that they name.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class PlanFiles:
    """Options of the files that a plan is written to."""

    out: Annotated[
        Path | None,
        typer.Option(help="File to write: .toml for `sweep run`, .csv for a table.", callback=ends_in(".toml", ".csv")),
    ] = None
    figure: FigureFile = None
    as_json: AsJson = False


def plan(
    fit: SavedFit,
    target: TargetOptions,
    money: MoneyOptions,
    strategy: StrategyOptions,
    offer: OfferOptions,
    answer: PlanFiles,
    seed: Seed = 0,
) -> None:
    """Propose runs that narrow the interval of the target, and the width to expect."""
    asked, out = target.target(), answer.out
    costs = money.pricing()
    with Progress("loading the fit") as progress:
        from bayeskisl import design
        from bayeskisl.design.planning import require_plannable
        from bayeskisl.design.sizes import Sizes
        from bayeskisl.inference.result import load_fit_if

        on_offer, is_sweep = Sizes(domains=offer.domains), out is not None and out.suffix != ".csv"
        if is_sweep and on_offer.domains not in (None, (asked.domain,)):
            raise InputError("a table for runs of other domains", str(out), "--out", "write --out next.csv")

        def sweep_of(curves: "xr.Dataset") -> dict[str, Any] | None:
            return _sweep_behind(curves, offer.sweep, needed=is_sweep)

        def judge(curves: "xr.Dataset") -> None:
            require_plannable(curves, asked, money.budget, costs, on_offer)
            sweep_of(curves)

        loaded = load_fit_if(fit, judge)
        progress("scoring candidate runs")
        table = sweep_of(loaded.curves)
        result = design.plan(
            loaded, asked, budget=money.budget, costs=costs, strategy=design.Strategy(**vars(strategy)),
            sizes=offer.sizes or None, largest=offer.largest or None, domains=offer.domains, sweep=table, seed=seed,
        )  # fmt: skip
        if answer.figure is not None:
            from bayeskisl.reporting import plot_plan
            from bayeskisl.reporting.images import write_figure

            write_figure(plot_plan(result), answer.figure)
    if out is not None and result.runs:
        if table is None or out.suffix == ".csv":
            written(out, result.orders.to_csv(index=False))
        else:
            written(out, design.next_sweep(result.runs, loaded.curves, table, result.verdict))
    if answer.as_json:
        print_json(result.to_dict())
        return
    _show_plan(result)
    if out is not None:
        echo(f"runs to train: {out}" if result.runs else "no file was written: no run is worth training")


def _show_plan(plan: "Plan") -> None:
    from bayeskisl.reporting.text import describe_plan

    echo(describe_plan(plan, terminal_columns()))


def _sweep_behind(curves: "xr.Dataset", sweep: str | None, *, needed: bool) -> dict[str, Any] | None:
    """Return the sweep's table; None for runs that were trained elsewhere, unless a sweep file is requested."""
    from bayeskisl.design import sweep_behind

    trained_here = bool(json.loads(curves.attrs.get("sweeps", "{}")))
    if not (trained_here or needed or sweep):
        return None
    if not (trained_here or sweep):
        raise InputError("--sweep beside a sweep file", "runs that were trained elsewhere", "--out",
                         "write a table, --out next.csv, or name the sweep that is to train them")  # fmt: skip
    return sweep_behind(curves, sweep)


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """Options of the limits at which a loop ends."""

    until: Annotated[
        str,
        typer.Option(
            metavar="width=X", help="Stop at an interval no wider than this (natural log; 0.6 is a factor of 1.8)."
        ),
    ]
    budget: Money
    largest: Largest = None

    def limits(self) -> "Limits":
        """Return the limits that the options name; wrong ones are refused before anything is loaded."""
        from bayeskisl.budgets import read_budget

        until, budget = _width(self.until), read_budget(self.budget)
        largest = read_number(self.largest, "--largest") if self.largest else None
        from bayeskisl.workflow import Limits

        return Limits(until, budget, largest)


@dataclass(frozen=True, kw_only=True)
class ThriftOptions:
    """Options of the rules that choose each batch of a loop."""

    batch: Batch = 8
    kappa: Thrift = 1.0


@dataclass(frozen=True, kw_only=True)
class MachineOptions:
    """Options of the machine that trains."""

    device: Annotated[str, rare(metavar="NAME", help="Where to train: cpu, cuda, cuda:1, ...")] = "cpu"
    workers: Annotated[int | None, rare(min=1, metavar="N", help="Training processes.")] = None
    costs: Annotated[
        Path | None, rare(metavar="FILE", help="Costs of runs trained elsewhere: params, tokens and hours or dollars.")
    ] = None
    sweep: Annotated[
        Path | None, rare(metavar="FILE", help="Sweep of the runs trained elsewhere: the next ones are exported too.")
    ] = None
    export_for: Annotated[
        str, rare("--for", metavar="TRAINER", help="Trainer of the export: hf, nanochat, megatron, olmo or torchtitan.")
    ] = "hf"


def loop(
    spec: Annotated[
        str, typer.Argument(metavar="SWEEP", help="The first sweep: a TOML file or a shipped name; or curves (.nc).")
    ],
    target: TargetOptions,
    limits: LimitOptions,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for everything.", callback=a_folder)],
    strategy: ThriftOptions,
    machine: MachineOptions,
    law: LawName = "limits",
    ask: Annotated[bool, typer.Option("--ask", help="Show every plan and ask before training it.")] = False,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Train, fit, plan and train again, until the interval is narrow enough or the budget is spent."""
    asked, until = target.target(), limits.limits()
    with Progress("loading the package"):
        from bayeskisl.cli.training import SweepDisplay
        from bayeskisl.design import Costs, Strategy
        from bayeskisl.workflow import Machine
        from bayeskisl.workflow import loop as run_loop

    prices = None if machine.costs is None else Costs.of_table(machine.costs, _curves_of(spec))
    with _asking() if ask else SweepDisplay() as display:
        steps = run_loop(
            spec, asked, until, out=out, law=law, strategy=Strategy(**vars(strategy)), seed=seed, events=display,
            machine=Machine(machine.device, machine.workers, prices, machine.sweep, machine.export_for),
        )  # fmt: skip
    if as_json:
        print_json([asdict(step) for step in steps])
        return
    for step in steps:
        echo(str(step))
    if not (steps[-1].ending or steps[-1].waiting):
        echo("stopped before training this plan; the same command continues from here")


def _curves_of(spec: str) -> "xr.Dataset":
    """Return the curves that a loop starts with, for the costs of runs trained elsewhere."""
    from bayeskisl.curves import load_curves

    if Path(spec).suffix != ".nc":
        raise InputError("curves (.nc) of runs trained elsewhere beside --costs", spec, "--costs")
    return load_curves(spec)


def _asking() -> Any:
    from bayeskisl.cli.training import SweepDisplay

    class Asking(SweepDisplay):
        """Shows each plan and asks for confirmation."""

        def approves(self, plan: "Plan | None") -> bool:
            if plan is not None:
                _show_plan(plan)
            return typer.confirm("Train these runs?", default=False)

    return Asking()


def replay(
    curves: Annotated[str, typer.Argument(help="Curves of a finished sweep, or the name of a shipped sweep.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for every step, the table and the figure.", callback=a_folder)
    ],
    planners: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Planners; by default all of them, and the grid.")
    ] = None,
    law: LawName = "limits",
    repeats: Annotated[int, typer.Option(min=1, metavar="N", help="Number of repeats, each with different seeds.")] = 4,
    records: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the sweep, for measured costs; else 6 N D.")
    ] = None,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Replay a finished sweep under every planner, and show how much of its cost planning would have saved."""
    from bayeskisl.design import PLANNERS, Costs
    from bayeskisl.reporting import plot_replay
    from bayeskisl.reporting.images import write_figure
    from bayeskisl.workflow import replay as run_replay

    names = planners.split(",") if planners else [*PLANNERS, "grid"]
    costs = Costs.of_records(records) if records else None
    with Progress("replaying") as progress:
        frame = run_replay(curves, names, law=law, repeats=repeats, costs=costs, out=out, seed=seed, progress=progress)
    written(out / "replay.csv", frame.to_csv(index=False))
    write_figure(plot_replay(frame), out / "replay.png")
    columns = ["cost", "runs", "width", "interval_score", "error", "covered"]
    table = frame.groupby(["planner", "share"], sort=False)[columns].mean()
    if as_json:
        print_json(table.reset_index().to_dict(orient="records"))
        return
    show(table.to_string(float_format="{:.3g}".format))
    echo(f"table and figure: {out / 'replay.csv'}, {out / 'replay.png'}")


def _width(until: str) -> float:
    name, _, value = until.partition("=")
    try:
        width = float(value) if name.strip() == "width" else 0.0
    except ValueError:
        width = 0.0
    if not width > 0:
        raise InputError("width=W with a positive W, as width=0.6", repr(until), "--until")
    return width
