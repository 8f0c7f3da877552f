"""The closed loop: sweep, fit, plan and sweep again, until the answer is precise enough or the budget is spent."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_instance, require_path, require_positive, require_whole
from bayeskisl.budgets import DOLLARS
from bayeskisl.curves import load_curves, save_curves
from bayeskisl.decision import predict
from bayeskisl.decision.about import about_of
from bayeskisl.decision.planned_model import require_place, require_target
from bayeskisl.design import Budget, Costs, Plan, Strategy, believe, plan, read_budget, sweep_behind
from bayeskisl.design.costs import costs_for
from bayeskisl.design.strategy import StrategyKeywords
from bayeskisl.errors import InputError, way
from bayeskisl.files import held, written
from bayeskisl.inference import Fit, load_fit
from bayeskisl.inference.fit import curves_for, fit
from bayeskisl.intervals import interval
from bayeskisl.keywords import from_keywords
from bayeskisl.quantities import three_digits
from bayeskisl.shipped import shipped_file
from bayeskisl.sweeping import load_sweep, run_sweep
from bayeskisl.sweeping.events import LoopEvents
from bayeskisl.sweeping.export.trainers import trainer_named
from bayeskisl.target import Target, TargetKeywords
from bayeskisl.workflow.trainers import Elsewhere, Here, Trainer

__all__ = ["Limits", "LoopStep", "Machine", "loop"]


@dataclass(frozen=True)
class LoopStep:
    """One turn of the loop.

    Attributes
    ----------
    number : int
    runs : int
        Number of runs trained so far.
    spent : float
        Amount of the budget spent so far, in its unit.
    width : float
        Width of the 90 % interval of the answer, in natural logarithms: of the collapse point along an amount, of the
        critical exposures along other axes.
    floor : float
        The width that no run of another size removes, see `bayeskisl.design.Plan`.
    collapse : float
        Median of the collapse point of one fresh run at the target.
    unit : str
        Unit of the collapse point.
    ending : str
        Why the loop ends here; empty if it continues.
    plan : str
        The plan in one sentence.
    waiting : str
        Instructions for runs that are trained elsewhere; empty if nothing is missing.
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
    waiting: str = ""

    def __str__(self) -> str:
        return (
            f"step {self.number}: {self.runs} runs, {self.spent:.3g} spent; collapse near "
            f"{three_digits(self.collapse)} {self.unit}, width {self.width:.2f} (floor {self.floor:.2f}). "
            f"{self.ending or self.plan}{' ' * bool(self.waiting)}{self.waiting}"
        )


@dataclass(frozen=True)
class Limits:
    """Limits at which a loop ends, and the largest size that it may train.

    Parameters
    ----------
    until : float
        Width, in natural log units, of the 90 % interval of the collapse point at which to stop.
    budget : float, str or Budget
        Total budget, including the first sweep: device-seconds, or text as `bayeskisl.design.read_budget` reads it.
    largest : float, optional
        The largest size that may be trained. By default it is the largest of the first sweep; with a trainer of one's
        own, the largest that the budget pays for, up to the target.

    Raises
    ------
    InputError
        If the width is not above zero.
    """

    until: float
    budget: float | str | Budget
    largest: float | None = None

    def __post_init__(self) -> None:
        require_positive(self.until, "until", "a width above zero")
        read_budget(self.budget)
        if self.largest is not None:
            require_positive(self.largest, "largest")


@dataclass(frozen=True)
class Machine:
    """Machine that trains the runs of a loop.

    Parameters
    ----------
    device, workers
        Device and workers of this machine, as for `bayeskisl.sweeping.run_sweep`.
    costs : Costs, optional
        Costs of runs that are trained elsewhere, as for `bayeskisl.design.plan`; those of this machine are measured.
    sweep : path, optional
        TOML file of the sweep whose runs were trained elsewhere. The next runs are then written as a sweep too, and a
        sweep in real text is exported.
    export_for : str
        Trainer of that export, as for `bayeskisl.export_sweep`.

    Raises
    ------
    InputError
        If there is no such trainer.
    """

    device: str = "cpu"
    workers: int | None = None
    costs: Costs | None = None
    sweep: str | Path | None = None
    export_for: str = "hf"

    def __post_init__(self) -> None:
        if self.workers is not None:
            require_whole(self.workers, "workers", 1)
        if self.costs is not None:
            require_instance(self.costs, Costs, "costs")
        if self.sweep is not None:
            require_path(self.sweep, "a sweep", "sweep")
            trainer_named(self.export_for)


class LoopKeywords(TargetKeywords, StrategyKeywords, total=False):
    """Keywords of a short call of `loop`: those of a target, `Limits`, a `Strategy` and a `Machine`."""

    until: float
    budget: float | str | Budget
    largest: float | None
    device: str
    workers: int | None
    costs: Costs | None
    sweep: str | Path | None
    export_for: str


def loop(
    spec: str | Path,
    target: Target | float | str | None = None,
    limits: Limits | None = None,
    *,
    out: str | Path,
    law: str | Path = "limits",
    strategy: Strategy | None = None,
    machine: Machine | None = None,
    seed: int = 0,
    events: LoopEvents | None = None,
    **short: Unpack[LoopKeywords],
) -> list[LoopStep]:
    """Sweep, fit, plan and sweep again; the same call continues from finished results in `out`.

    Parameters
    ----------
    spec : path
        The first sweep: a TOML file of one recipe, or a shipped name. Or curves (``.nc``) of runs that were trained
        elsewhere. In that case each step writes the next runs to ``next.csv`` and the loop ends; the same call
        continues once ``results.nc`` with their curves exists beside it.
    target : Target, float or str
        The planned model, or its size. It is never trained.
    limits : Limits
        Limits at which the loop stops: width, budget, and largest size.
    out : path
        Receives ``sweeps/`` and one ``step-K/`` per turn, with ``curves.nc``, ``fit.nc``, ``plan.json``, ``plan.png``
        and ``next.toml``, and ``loop.json``.
    law : path
        A law's file or name; the rivals that it names are fitted too.
    strategy : Strategy, optional
        Rules that choose each batch, as for `bayeskisl.design.plan`; by default gains per cost, ``kappa=1``.
    machine : Machine, optional
        Where runs are trained, and their costs elsewhere; by default this machine's processor.
    seed : int
        Seed of the posterior and the plans.
    events : LoopEvents, optional
        Listener of the loop. Its `approves` receives every plan before training, and the loop ends at the first
        refusal.
    **short
        Keywords of `Target`, `Limits`, `bayeskisl.design.Strategy` and `Machine`, instead of these objects.

    Returns
    -------
    list of LoopStep

    Raises
    ------
    InputError
        If `until` is not above the floor that no run of another size removes, or `out` contains another loop.
    GateError
        If a posterior fails its gate even with longer chains.
    """
    own = short if strategy is not None else {"kappa": 1.0, **short}  # what one step leaves unspent, the next may spend
    asked, limits, strategy, machine = from_keywords(
        own, (Target, target), (Limits, limits), (Strategy, strategy), (Machine, machine), of=loop
    )
    require_path(spec, "a sweep or curves", "spec")
    require_path(out, "a folder to write", "out")
    require_whole(seed, "seed")
    events = LoopEvents() if events is None else events
    require_instance(events, LoopEvents, "events", "make a subclass of `bayeskisl.sweeping.events.LoopEvents`")
    out, budget = Path(out), read_budget(limits.budget)
    elsewhere = Path(spec).suffix == ".nc"
    if budget.unit == DOLLARS and not elsewhere:
        raise InputError("a budget in device-seconds or FLOP, which this machine can count", "dollars", "budget")
    if elsewhere:
        costs_for(budget, machine.costs, way("", "add a table of your costs, `--costs FILE`"))
    if machine.sweep is not None and not elsewhere:
        raise InputError(
            "curves (.nc) of runs trained elsewhere beside their sweep", str(spec), way("sweep", "--sweep")
        )
    with _claimed(out, {"spec": _identity(spec), **_named(asked), "law": str(law), "seed": seed}):
        trainer: Trainer = (
            Elsewhere(spec, out, machine.costs, machine.sweep, machine.export_for)
            if elsewhere
            else _here(shipped_file("sweeps", spec), asked, out, machine, events)
        )
        steps: list[LoopStep] = []
        while True:
            folder = out / f"step-{len(steps)}"
            if trainer.ordered(folder):
                steps.append(_ordered(out, len(steps)))
            else:
                events.stage(f"step {len(steps)}: fitting and planning")
                turn = _Turn(len(steps), folder, trainer, asked, law, seed, budget)
                step, planned = turn.take(limits, strategy)
                steps.append(step)
                _write_json(out / "loop.json", [vars(each) for each in steps])
                if planned is None or step.ending or not events.approves(planned):
                    return steps
                trainer.order(planned, turn.fit, folder)
            events.stage(f"step {len(steps) - 1}: {steps[-1].plan}")
            if waiting := trainer.train(folder):
                steps[-1] = replace(steps[-1], waiting=waiting)
                return steps


def _ordered(out: Path, number: int) -> LoopStep:
    """A step whose runs were ordered in an earlier call: it is not planned again, whatever the limits are now."""
    path = out / "loop.json"
    try:
        return LoopStep(**{**json.loads(path.read_text())[number], "ending": "", "waiting": ""})
    except (OSError, ValueError, LookupError, TypeError):
        raise InputError(f"step {number}, whose runs were ordered", "none", str(path), "restore the file") from None


_NOTHING_LEFT = (
    "Every run that could be trained next diverged before, or all others of its size did: lower the learning rates in "
    "the ladder, and start in another folder."
)


def _here(spec: Path, target: Target, out: Path, machine: Machine, events: LoopEvents) -> Here:
    """Return this machine, with the first sweep trained; what its runs cannot answer is refused before."""
    runs = load_sweep(spec).runs()
    places = {schema.PARAMS: [run.params for run in runs], schema.TOKENS: [run.mixture.tokens for run in runs]}
    require_place(xr.Dataset({name: (schema.RUN, values) for name, values in places.items()}), target)
    sweep_behind(xr.Dataset(), spec)
    train = partial(run_sweep, out=out / "sweeps", device=machine.device, workers=machine.workers, events=events)
    events.stage("first sweep")
    train(spec)
    return Here(spec, out / "sweeps", train)


def _identity(spec: str | Path) -> str:
    """Identity of a sweep's specification, or of curves."""
    path = Path(spec)
    if path.suffix != ".nc":
        return load_sweep(spec).identity
    if not path.is_file():
        raise InputError("curves, or a sweep's TOML file", "no such file", str(spec))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@dataclass(frozen=True)
class _Turn:
    """One fit and plan, from the records that existed at its start."""

    number: int
    folder: Path
    trainer: Trainer
    target: Target
    law: str | Path
    seed: int
    budget: Budget

    def take(self, limits: Limits, strategy: Strategy) -> tuple[LoopStep, Plan | None]:
        require_target(curves_for(self.curves, self.law), self.target)
        ahead = predict(self.fit, self.target)
        about = about_of(ahead)
        width, (_, floor) = _width_of(ahead), believe(self.fit, self.target, [], seed=self.seed).width
        budget, costs, spent = self.trainer.costs(self.curves, self.budget, self.number)
        until = limits.until
        if until <= floor and until < width and self.number == 0:
            raise InputError(f"a width above the floor of {floor:.2f}, which is scatter of sizes and runs that no run "
                             "of another size removes", until, "until", f"ask for more than {floor:.2f}")  # fmt: skip
        ending = _ending(width, floor, until, spent, budget)
        left = replace(budget, amount=budget.amount - spent)
        planned = None if ending else self._plan(costs, left, limits, strategy)
        if planned is None:
            ending = ending or _NOTHING_LEFT
        elif not planned.worth_while:
            ending = planned.verdict
        step = LoopStep(
            number=self.number,
            runs=self.curves.sizes[schema.RUN],
            spent=spent,
            width=width,
            floor=floor,
            collapse=float(np.median(ahead[about.half_point])),
            unit=about.unit,
            ending=ending,
            plan=planned.verdict if planned else "",
        )
        return step, planned

    @cached_property
    def curves(self) -> xr.Dataset:
        """All runs that are finished now; a fit of fewer runs is forgotten."""
        path, now = self.folder / "curves.nc", self.trainer.curves(self.number)
        if not (path.is_file() and load_curves(path).equals(now)):
            (self.folder / "fit.nc").unlink(missing_ok=True)
            save_curves(now, path)
        return load_curves(path)

    @cached_property
    def fit(self) -> Fit:
        curves, path = self.curves, self.folder / "fit.nc"  # curves first: they forget a fit of fewer runs
        if path.is_file():
            return load_fit(path)
        result = fit(curves, self.law, seed=self.seed)
        result.save(path)
        return result

    def _plan(self, costs: Costs, left: Budget, limits: Limits, strategy: Strategy) -> Plan | None:
        """Return the next batch within the remaining budget, stored with its reasons; None without any candidate."""
        from bayeskisl.reporting import plot_plan  # matplotlib is an extra
        from bayeskisl.reporting.images import write_figure

        offered = self.trainer.candidates(self.fit, self.target, left, costs, limits.largest, self.seed)
        if not offered:
            return None
        result = plan(self.fit, self.target, budget=left, costs=costs, candidates=offered, strategy=strategy,
                      pending=self.trainer.pending(self.fit.curves, self.number), seed=self.seed)  # fmt: skip
        _write_json(self.folder / "plan.json", result.to_dict())
        write_figure(plot_plan(result), self.folder / "plan.png")
        return result


def _width_of(ahead: xr.Dataset) -> float:
    about = about_of(ahead)
    name = about.half_point if about.axis.harms_infused else schema.CRITICAL_EXPOSURES
    _, low, high = interval(ahead[name].values, 0.9)  # without a collapse an end is infinite
    return float(np.log(high / low)) if low > 0 else np.inf


def _ending(width: float, floor: float, until: float, spent: float, budget: Budget) -> str:
    if width <= until:
        return f"The interval is {width:.2f} wide, within the requested {until:g}."
    if until <= floor:
        return f"The floor is {floor:.2f}: no run of another size narrows the interval to {until:g}."
    if spent >= budget.amount:
        return f"The budget of {budget.amount:.3g} {budget.unit} is spent."
    return ""


def _named(target: Target) -> dict[str, object]:
    """Size and budget, and other named quantities."""
    return {name: value for name, value in vars(target).items() if value or name == schema.TOKENS}


@contextmanager
def _claimed(out: Path, what: dict[str, Any]) -> Iterator[None]:
    """Reserve a folder for this loop; a folder that another loop uses is refused."""
    with held(out):
        path = out / "asked.json"
        told = json.loads(json.dumps(what))
        if path.is_file() and json.loads(path.read_text()) != told:
            before = json.loads(path.read_text())
            changed = ", ".join(f"{key} was {before.get(key)}" for key in told if before.get(key) != told[key])
            raise InputError("the loop that the folder was started with", f"another one ({changed})", str(out),
                             "choose another folder")  # fmt: skip
        _write_json(path, told)
        yield


def _write_json(path: Path, content: object) -> None:
    written(path, json.dumps(content, indent=2) + "\n")
