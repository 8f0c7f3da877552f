"""The main job, end to end: train small sizes, predict a larger one's collapse, write it down, then verify it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bayeskisl import __version__
from bayeskisl.sweeping import Refine, SweepSpec, load_sweep, run_sweep
from bayeskisl.workflow.events import DemoEvents
from bayeskisl.workflow.stages import Stages

if TYPE_CHECKING:
    import xarray as xr

    from bayeskisl.inference import Fit

__all__ = ["demo", "verification_sweep"]

LAW = "collapse"
FACTS_OF_DOMAIN = 500  # the domain for which the demo states a sufficient ratio


@dataclass(frozen=True)
class _Scale:
    """What the demo trains: the sweep that it learns from and the width that it predicts."""

    sweep: str
    width: int
    quantiles: tuple[float, ...]  # of the predicted collapse point, at which the target is trained beside the choice
    refine: int


_FULL = _Scale("demo", 64, (0.05, 0.5), 2)
_REDUCED = _Scale("demo-reduced", 32, (0.05, 0.5), 1)
_VERIFICATION_STACK = 2  # small, so that every core has a part of the target's few runs


def demo(
    out: str | Path = "runs/demo",
    *,
    reduced: bool = False,
    workers: int | None = None,
    events: DemoEvents | None = None,
) -> Sequence[str]:
    """Run the demo in a folder, reusing whatever is finished there.

    Parameters
    ----------
    out : path
        Receives ``sweeps/``, ``curves.nc``, ``fit.nc``, ``prediction.nc``, ``verification/``, ``verification.nc``,
        ``report.html`` and ``figures/``.
    reduced : bool
        Shorter budgets and a smaller target.
    workers : int, optional
        Training processes.
    events : DemoEvents, optional

    Returns
    -------
    sequence of str
        The closing lines: exponent, predicted and measured collapse point, choice and risk, sufficient ratio, what
        was held fixed, where the report is.
    """
    out, events, scale = Path(out), events or DemoEvents(), _REDUCED if reduced else _FULL
    out.mkdir(parents=True, exist_ok=True)
    stages, spec = Stages(out), load_sweep(scale.sweep)
    events.stage(f"1/6 training {len(spec.widths)} small sizes")
    run_sweep(spec, out / "sweeps", workers=workers, events=events)

    events.stage("2/6 building the retention curves")
    from bayeskisl.curves import build_curves, load_curves, save_curves

    curves = build_curves(out / "sweeps")
    save_curves(curves, out / "curves.nc")
    records = curves.attrs["records_sha256"]

    events.stage("3/6 fitting the hierarchical model (loading, compiling, sampling)")
    fit = _fit(curves, out / "fit.nc", stages, records)

    target = spec.ladder.size(scale.width)
    events.stage(f"4/6 predicting {target.params:,} parameters, before anything of that size is trained")
    prediction = _predict(fit, target.params, out / "prediction.nc", stages, records)

    events.stage(f"5/6 training {target.params:,} parameters around the prediction")
    verification_spec = verification_sweep(spec, prediction, scale.width, scale.quantiles, scale.refine)
    trained = run_sweep(verification_spec, out / "verification", workers=workers, events=events)
    save_curves(build_curves(trained.folder), out / "verification.nc")

    events.stage("6/6 verifying and writing the report")
    from bayeskisl.decision import verify
    from bayeskisl.reporting import describe_prediction, describe_verification, report

    verification = verify(prediction, load_curves(out / "verification.nc"))
    page = report(fit, prediction, verification, out=out / "report.html", figures_dir=out / "figures")
    return [describe_prediction(prediction), describe_verification(verification), f"report: {page}"]


def verification_sweep(
    spec: SweepSpec, prediction: "xr.Dataset", width: int, quantiles: tuple[float, ...], refine: int
) -> SweepSpec:
    """The target's own sweep: levels at the choice and at quantiles of the predicted collapse point, then refined.

    A function of the saved prediction alone, so that a second call resumes the same sweep; named by its levels, so that
    another prediction gets another sweep.
    """
    predicted = prediction["collapse"].quantile(quantiles).values
    levels = tuple(sorted({float(max(1, round(value))) for value in (*predicted, prediction["choice"].item())}))
    return replace(
        spec,
        name="verification-at-" + "-".join(f"{level:.0f}" for level in levels),
        widths=(width,),
        levels=levels,
        refine=Refine(refine),
        stack=_VERIFICATION_STACK,
    )


def _fit(curves: "xr.Dataset", path: Path, stages: Stages, records: str) -> "Fit":
    from bayeskisl.inference import fit, load_fit
    from bayeskisl.laws import load_law

    inputs = (records, load_law(LAW).sha256, __version__)
    if stages.is_done(path, *inputs):
        return load_fit(path)
    result = fit(curves, LAW)
    result.save(path)
    stages.done(path, *inputs)
    return result


def _predict(fit: "Fit", params: int, path: Path, stages: Stages, records: str) -> "xr.Dataset":
    from bayeskisl.decision import load_prediction, predict, save_prediction

    inputs = (records, fit.law.sha256, params, __version__)
    if not stages.is_done(path, *inputs):
        save_prediction(predict(fit, params, facts=FACTS_OF_DOMAIN), path)
        stages.done(path, *inputs)
    return load_prediction(path)
