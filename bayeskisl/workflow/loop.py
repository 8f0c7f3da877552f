"""The closed loop: sweep, fit, plan, sweep again, until the answer is sharp enough or the budget is spent."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.keywords import from_keywords
from bayeskisl.shipped import shipped_file
from bayeskisl.sweeping import load_sweep, run_sweep, sweep_folders
from bayeskisl.sweeping.records import write_atomically
from bayeskisl.target import Target, TargetKeywords
from bayeskisl.workflow.events import LoopEvents

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.design import Budget, Costs, Plan, Strategy
    from bayeskisl.inference import Fit

__all__ = ["Limits", "LoopStep", "Machine", "loop"]


@dataclass(frozen=True)
class LoopStep:
    """One turn of the loop.

    Attributes
    ----------
    number : int
    runs : int
        Trained so far.
    spent : float
        Of the budget, in its unit.
    width, floor : float
        See `bayeskisl.design.Plan`, and what of it no run of another size removes.
    collapse : float
        Median of the collapse point of one fresh run at the target.
    unit : str
        Of that point.
    ending : str
        Why the loop ends here; empty if it goes on.
    plan : str
        What was planned, in one sentence.
    """

    number: int
    runs: int
    spent: float
    width: float
    floor: float
    collapse: float
    unit: str
    ending: str
    plan: str

    def __str__(self) -> str:
        collapse = f"{self.collapse:,.0f}" if self.collapse >= 100 else f"{self.collapse:.3g}"
        return (
            f"step {self.number}: {self.runs} runs, {self.spent:.3g} spent; collapse near {collapse} {self.unit}, "
            f"width {self.width:.2f} (floor {self.floor:.2f}). {self.ending or self.plan}"
        )


@dataclass(frozen=True)
class Limits:
    """Limits at which a loop ends, and the largest size that it may train.

    Parameters
    ----------
    until : float
        Width, in natural log units, of the 90 % interval of the collapse point at which to stop.
    budget : float, str or Budget
        For everything, the first sweep included: device-seconds, or as `bayeskisl.design.read_budget` reads it.
    largest : float, optional
        The largest size that may be trained; left out, the largest of the first sweep.

    Raises
    ------
    InputError
        If the width is not above zero.
    """

    until: float
    budget: "float | str | Budget"
    largest: float | None = None

    def __post_init__(self) -> None:
        if not self.until > 0:
            raise InputError("a width above zero", self.until, "until")


@dataclass(frozen=True)
class Machine:
    """The machine that trains, as `bayeskisl.sweeping.run_sweep` takes it."""

    device: str = "cpu"
    workers: int | None = None


class LoopKeywords(TargetKeywords, total=False):
    """The keywords of a short call of `loop`: those of a target, `Limits`, a `Strategy` and a `Machine`."""

    until: float
    budget: "float | str | Budget"
    largest: float | None
    score: str
    kappa: float | None
    batch: int
    planner: str
    particles: int
    runs: int | None
    device: str
    workers: int | None


def loop(
    spec: str | Path,
    target: Target | float | str | None = None,
    limits: Limits | None = None,
    *,
    out: str | Path,
    law: str | Path = "limits",
    strategy: "Strategy | None" = None,
    machine: Machine | None = None,
    seed: int = 0,
    events: LoopEvents | None = None,
    **short: Unpack[LoopKeywords],
) -> list[LoopStep]:
    """Sweep, fit, plan and sweep again; the same call goes on from whatever is finished in `out`.

    Parameters
    ----------
    spec : path
        The first sweep: a TOML file of one recipe, or a shipped name.
    target : Target, float or str
        The model that is planned, or its size. It is never trained.
    limits : Limits
        When to stop, what may be spent, and the largest size.
    out : path
        Receives ``sweeps/`` and one ``step-K/`` per turn, with ``curves.nc``, ``fit.nc``, ``plan.json``, ``plan.png``
        and ``next.toml``, and ``loop.json``.
    law : path
        A law's file or name; rivals that it names are fitted beside it.
    strategy : Strategy, optional
        How each batch is chosen, as `bayeskisl.design.plan` takes it; left out, with gains per cost, ``kappa=1``.
    machine : Machine, optional
        Where runs are trained; left out, this machine's processor.
    seed : int
        Of the posterior and the plans.
    events : LoopEvents, optional
        Follows the loop. Its `approves` is shown every plan before it is trained, and the loop ends where it says no.
    **short
        In place of the objects, their keywords: ``params``, ``tokens``, ``hold``, ``domain``, ``prior_driven``;
        ``until``, ``budget``, ``largest``; ``score``, ``kappa``, ``batch``, ``planner``, ``particles``, ``runs``;
        ``device``, ``workers``.

    Returns
    -------
    list of LoopStep

    Raises
    ------
    InputError
        If `until` is not above the floor that no run of another size removes, or `out` holds another loop.
    GateError
        If a posterior fails its gate also with longer chains.
    """
    from bayeskisl.design import Strategy, read_budget
    from bayeskisl.design.budgets import DOLLARS

    own = short if strategy else {"kappa": 1.0, **short}  # what one step leaves unspent, the next may spend
    asked, limits, strategy, machine = from_keywords(
        own, (Target, target), (Limits, limits), (Strategy, strategy), (Machine, machine)
    )
    out, events, budget = Path(out), events or LoopEvents(), read_budget(limits.budget)
    if budget.unit == DOLLARS:
        raise InputError("a budget in device-seconds or FLOP, which this machine can count", "dollars", "budget")
    spec = _file_of(spec)
    _claim(out, {"spec": load_sweep(spec).identity, **_named(asked), "law": str(law), "seed": seed})
    train = partial(run_sweep, out=out / "sweeps", device=machine.device, workers=machine.workers, events=events)
    events.stage("first sweep")
    train(spec)
    steps: list[LoopStep] = []
    while True:
        folder = out / f"step-{len(steps)}"
        events.stage(f"step {len(steps)}: fitting and planning")
        step, plan = _Turn(folder, spec, asked, law, seed, budget).take(len(steps), limits, strategy)
        steps.append(step)
        _write_json(out / "loop.json", [vars(each) for each in steps])
        if step.ending or not events.approves(plan):
            return steps
        events.stage(f"step {len(steps) - 1}: {step.plan}")
        train(folder / "next.toml")


@dataclass(frozen=True)
class _Turn:
    """One fit and plan, from the records that there were when it began."""

    folder: Path
    spec: Path
    target: Target
    law: str | Path
    seed: int
    budget: "Budget"

    def take(self, number: int, limits: Limits, strategy: "Strategy") -> tuple[LoopStep, "Plan | None"]:
        from bayeskisl.curves import build_curves, load_curves, save_curves
        from bayeskisl.decision import predict

        path = self.folder / "curves.nc"
        if not path.is_file():
            save_curves(build_curves(self.folder.parent / "sweeps"), path)
        curves = load_curves(path)
        fit = self._fit(curves)
        ahead = predict(fit, self.target)
        width, floor = _widths(fit, self.target, self.seed)
        costs, spent = self._spent(curves)
        until = limits.until
        if until <= floor and number == 0:
            raise InputError(f"a width above the floor of {floor:.2f}, which is scatter of sizes and runs that no run "
                             "of another size removes", until, "until", f"ask for more than {floor:.2f}")  # fmt: skip
        ending = self._ending(width, floor, until, spent)
        plan = None if ending else self._plan(fit, costs, spent, limits.largest, strategy)
        if plan is not None and not plan.worth_while:
            ending = plan.verdict
        middle = float(np.median(ahead[ahead.attrs["half_point"]]))
        step = LoopStep(
            number, curves.sizes[schema.RUN], spent, width, floor, middle,
            ahead.attrs["unit"], ending, plan.verdict if plan else "",
        )  # fmt: skip
        return step, plan

    def _ending(self, width: float, floor: float, until: float, spent: float) -> str:
        if width <= until:
            return f"The interval is {width:.2f} wide, at most the {until:g} that was asked for."
        if until <= floor:
            return f"The floor has turned out at {floor:.2f}: no run of another size makes the interval {until:g} wide."
        if spent >= self.budget.amount:
            return f"The budget of {self.budget.amount:.3g} {self.budget.unit} is spent."
        return ""

    def _fit(self, curves: "xr.Dataset") -> "Fit":
        from bayeskisl.inference import fit, load_fit

        path = self.folder / "fit.nc"
        if path.is_file():
            return load_fit(path)
        result = fit(curves, self.law, seed=self.seed)
        result.save(path)
        return result

    def _spent(self, curves: "xr.Dataset") -> tuple["Costs", float]:
        """Costs of further runs, and what the runs of this step's curves took."""
        from bayeskisl.design import Costs, Run
        from bayeskisl.design.budgets import SECONDS

        sweeps = self.folder.parent / "sweeps"
        if self.budget.unit != SECONDS:
            costs = Costs.of_flops()
            sizes, budgets = (curves[name].values.astype(float) for name in (schema.PARAMS, schema.TOKENS))
            return costs, sum(costs.of(Run(n, d, 1.0)) for n, d in zip(sizes, budgets, strict=True))
        known = set(map(str, curves[schema.RUN].values))
        notes = [note for folder in sweep_folders(sweeps) for note in folder.sidecar() if known & set(note["runs"])]
        return Costs.of_records(sweeps), float(sum(note["seconds"] for note in notes))

    def _plan(self, fit: "Fit", costs: "Costs", spent: float, largest: float | None, strategy: "Strategy") -> "Plan":
        """The next batch within what is left, kept on disk with its reasons; `next.toml` is written last."""
        from bayeskisl.design import Budget, candidate_runs, ladder_sizes, next_sweep, plan, sweep_behind
        from bayeskisl.reporting import plot_plan
        from bayeskisl.reporting.images import write_figure

        table = sweep_behind(fit.curves, self.spec)
        largest = largest or float(fit.curves[schema.PARAMS].max())
        offered = candidate_runs(fit, self.target, sizes=ladder_sizes(table), largest=largest, seed=self.seed)
        left = Budget(self.budget.amount - spent, self.budget.unit)
        result = plan(fit, self.target, budget=left, costs=costs, candidates=offered, strategy=strategy, seed=self.seed)
        _write_json(self.folder / "plan.json", result.summary())
        write_figure(plot_plan(result), self.folder / "plan.png")
        if result.runs:
            text = next_sweep(result.runs, fit.curves, table, result.verdict)
            write_atomically(self.folder / "next.toml", text.encode())
        return result


def _widths(fit: "Fit", target: Target, seed: int) -> tuple[float, float]:
    from bayeskisl.design import believe

    return believe(fit, target, [], seed=seed).width


def _named(target: Target) -> dict[str, object]:
    """Size and budget, and what else was named."""
    return {name: value for name, value in vars(target).items() if value or name == schema.TOKENS}


def _file_of(spec: str | Path) -> Path:
    return Path(spec) if Path(spec).suffix == ".toml" else shipped_file("sweeps", spec)


def _claim(out: Path, what: dict[str, Any]) -> None:
    """Refuse a folder in which another loop lives."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "asked.json"
    told = json.loads(json.dumps(what))
    if path.is_file() and json.loads(path.read_text()) != told:
        before = json.loads(path.read_text())
        changed = ", ".join(f"{key} was {before.get(key)}" for key in told if before.get(key) != told[key])
        raise InputError("the loop that the folder was started with", f"another one ({changed})", str(out),
                         "choose another folder")  # fmt: skip
    _write_json(path, told)


def _write_json(path: Path, content: object) -> None:
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
