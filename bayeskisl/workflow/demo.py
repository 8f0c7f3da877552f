"""The demo: train small sizes, decide on a larger one, record the decision, then train that size and verify."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import xarray as xr

from bayeskisl import __version__
from bayeskisl.arguments import require_instance, require_one_of, require_path, require_whole
from bayeskisl.axes import Axis, axis_named, axis_of
from bayeskisl.curves import build_curves, load_curves, save_curves
from bayeskisl.decision import Decision, decide, load_decision, verify
from bayeskisl.files import held
from bayeskisl.inference import Fit, load_fit
from bayeskisl.inference.fit import fit
from bayeskisl.laws import load_law
from bayeskisl.sweeping import Refine, SweepSpec, load_sweep, run_sweep
from bayeskisl.sweeping.events import DemoEvents
from bayeskisl.workflow.stages import Stages

__all__ = ["EXPERIMENTS", "demo", "verification_sweep"]

FACTS_OF_DOMAIN = 500  # the domain for which the amount demo states a sufficient ratio


@dataclass(frozen=True)
class _Scale:
    """Scale of a demo: the sweep that it learns from and the width that it decides on."""

    sweep: str
    width: int
    quantiles: tuple[float, ...]  # of the predicted collapse point, at which the target is trained beside the choices
    refine: int
    law: str = "limits"
    draws: int = 1000  # per chain


# By experiment: in full, and reduced for continuous integration.
_SCALES = MappingProxyType(
    {
        "amount": (_Scale("demo", 64, (0.05, 0.5), 2), _Scale("demo-reduced", 32, (0.05, 0.5), 1)),
        # two groups with correlated run effects mix more slowly: 1,000 draws a chain fell short of the gate
        "dose": (
            _Scale("demo-dose", 64, (0.05, 0.5), 2, "common", 3000),
            _Scale("demo-dose-reduced", 48, (0.5,), 1, "common", 3000),
        ),
    }
)
EXPERIMENTS = tuple(_SCALES)
_FOLDERS = MappingProxyType({"amount": "runs/demo", "dose": "runs/demo-dose"})
_VERIFICATION_STACK = 2  # small, so that every core has a part of the target's few runs
# Of a dose, the target is also trained well below what is expected to be best: an optimum is seen from both sides.
_WELL_BELOW = 0.5


def demo(
    out: str | Path | None = None,
    *,
    experiment: str = "amount",
    reduced: bool = False,
    workers: int | None = None,
    events: DemoEvents | None = None,
) -> Sequence[str]:
    """Run a demo in a folder, reusing finished results.

    Parameters
    ----------
    out : path, optional
        Receives ``sweeps/``, ``curves.nc``, ``fit.nc``, ``decision.nc``, ``verification/``, ``verification.nc``,
        ``report.html`` and ``figures/``; by default ``runs/demo``, or ``runs/demo-dose`` for another experiment.
    experiment : {"amount", "dose"}
        The question: how many facts at one ratio (``amount``), or how large a ratio for more and more facts (``dose``).
    reduced : bool
        Whether to use shorter budgets and a smaller target.
    workers : int, optional
        Training processes.
    events : DemoEvents, optional

    Returns
    -------
    sequence of str
        The closing lines: the choice and its risk, the alternatives, predicted and measured collapse point, fixed
        quantities, and the path of the report.

    Raises
    ------
    InputError
        If there is no such experiment.
    """
    require_one_of(experiment, EXPERIMENTS, "experiment", "an experiment among")
    events = DemoEvents() if events is None else events
    require_instance(events, DemoEvents, "events", "make a subclass of `bayeskisl.sweeping.events.DemoEvents`")
    if workers is not None:
        require_whole(workers, "workers", 1)
    if out is not None:
        require_path(out, "a folder to write", "out")
    out = Path(out or _FOLDERS[experiment])
    with held(out):
        return _stages(out, _SCALES[experiment][reduced], workers, events)


def _stages(out: Path, scale: _Scale, workers: int | None, events: DemoEvents) -> Sequence[str]:
    stages, spec = Stages(out), load_sweep(scale.sweep)
    events.stage(f"1/6 training {len(spec.widths)} small sizes")
    run_sweep(spec, out / "sweeps", workers=workers, events=events)

    events.stage("2/6 building the retention curves")
    curves = build_curves(out / "sweeps")
    save_curves(curves, out / "curves.nc")
    records = curves.attrs["records_sha256"]

    events.stage("3/6 fitting the hierarchical model")
    posterior = _fit(curves, out / "fit.nc", stages, records, scale.law, scale.draws)

    target = spec.ladder.size(scale.width)
    events.stage(f"4/6 deciding on {target.params:,} parameters, before a model of that size is trained")
    decision = _decide(posterior, target.params, out / "decision.nc", stages, records)

    events.stage(f"5/6 training {target.params:,} parameters around the decision")
    verification_spec = verification_sweep(spec, decision, scale.width, scale.quantiles, scale.refine)
    trained = run_sweep(verification_spec, out / "verification", workers=workers, events=events)
    save_curves(build_curves(trained.folder), out / "verification.nc")

    events.stage("6/6 verifying and writing the report")
    from bayeskisl.reporting import describe_decision, describe_verification, report  # matplotlib is an extra

    verification = verify(decision, load_curves(out / "verification.nc"))
    page = report(posterior, decision, verification, out=out / "report.html", figures_dir=out / "figures")
    return [describe_decision(decision), describe_verification(verification), f"report: {page}"]


def verification_sweep(
    spec: SweepSpec, decision: Decision, width: int, quantiles: tuple[float, ...], refine: int
) -> SweepSpec:
    """Return the target's own sweep: levels at the choices and at quantiles of the collapse point, then refined.

    A function of the saved decision alone, so that a second call resumes the same sweep; named by its levels, so that
    another decision gets another sweep.
    """
    levels = _levels(axis_named(spec.axis), decision.data, quantiles)
    return replace(
        spec,
        name="verification-at-" + "-".join(f"{level:g}" for level in levels),
        widths=(width,),
        levels=levels,
        refine=Refine(refine),
        stack=_VERIFICATION_STACK,
    )


def _levels(axis: Axis, data: xr.Dataset, quantiles: tuple[float, ...]) -> tuple[float, ...]:
    predicted = data["collapse"].quantile(quantiles).values
    choice, best = data["choice"].item(), data["risk_neutral_choice"].item()
    if not axis.bounded:
        return tuple(sorted({axis.level(float(value)) for value in (*predicted, choice)}))
    asked = [*predicted, choice, best, _WELL_BELOW * best]
    # whole thousandths inside (0, 1); a best mean at an end of the range is NaN
    return tuple(sorted({round(min(max(level, 0.01), 0.98), 3) for level in asked if level == level}))


def _fit(curves: xr.Dataset, path: Path, stages: Stages, records: str, law: str, draws: int) -> Fit:
    inputs = (records, load_law(law).sha256, draws, __version__)
    if stages.is_done(path, *inputs):
        return load_fit(path)
    result = fit(curves, law, draws=draws)
    result.save(path)
    stages.done(path, *inputs)
    return result


def _decide(fit: Fit, params: int, path: Path, stages: Stages, records: str) -> Decision:
    inputs = (records, fit.law.sha256, params, __version__)
    if not stages.is_done(path, *inputs):
        domain = FACTS_OF_DOMAIN if axis_of(fit.curves).counts_facts else None
        decide(fit, params, facts=domain).save(path)
        stages.done(path, *inputs)
    return load_decision(path)
