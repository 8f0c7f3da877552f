"""Prediction of the collapse point of an untrained model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import xarray as xr

import bayeskisl
from bayeskisl import schema
from bayeskisl.arguments import require_fit, require_one_of, require_share, require_whole
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.decision.about import About
from bayeskisl.decision.caveats import about_prediction
from bayeskisl.decision.criterion import KEEP, Criterion, KeepOf, Levels
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.general_loss import fit_loss
from bayeskisl.decision.of_fit import caveats_of_fit, require_gate
from bayeskisl.decision.planned_model import PlannedModel, of_target
from bayeskisl.decision.prospect import (
    Kind,
    Prospect,
    every_draw_at,
    fall_of,
    infusion_keeping,
    kept_at_start,
    kept_uninfused,
    prospect_of,
)
from bayeskisl.decision.rules import rules_at
from bayeskisl.errors import InputError, way
from bayeskisl.intervals import interval
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Forecast", "Kind", "Options", "described", "forecast", "predict"]

# The shoulder is where a tenth is lost, whatever share a choice must keep.
_SHOULDER_SHARE = 0.9


@dataclass(frozen=True)
class Options:
    """Settings of an answer besides fit, target and criterion; fields as for `predict`."""

    kind: Kind = "new_run"
    ci_prob: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        require_share(ci_prob=self.ci_prob)
        require_whole(self.seed, "seed")
        require_one_of(self.kind, ("new_run", "mean"), "kind")


def predict(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    kind: Kind = "new_run",
    keep: float = KEEP,
    keep_of: KeepOf | None = None,
    ci_prob: float = 0.9,
    seed: int = 0,
    throw: bool = True,
    **short: Unpack[TargetKeywords],
) -> xr.Dataset:
    """Predict the collapse point or the onset of an untrained model; `decide` recommends its infusion.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate, of a sweep along any axis.
    target : Target, float or str
        The model to be planned, or its size.
    kind : {"new_run", "mean"}
        Whether the prediction is for one new run, or for a run without an effect of its own.
    keep : float
        Share, in (0, 1), that a run retains at ``admissible``.
    keep_of : {"ceiling", "facts", "fewest", "uninfused"}, optional
        Reference of `keep`, see `Criterion`.
    ci_prob : float
        Probability of the intervals that tables and figures show.
    seed : int
        Seed of the scatter of new runs and of the mixture of laws.
    throw : bool
        Whether a fit that failed its gate is refused; otherwise the answer carries the reasons as a warning.
    **short
        Keywords of `Target`, instead of the object: ``predict(fit, params="7B", tokens="1T")``.

    Returns
    -------
    xarray.Dataset
        Draws over ``(chain, draw)`` of the mixture of laws: ``collapse`` and ``shoulder`` of the group that can
        collapse, ``admissible`` (the largest infusion at which a run retains its share), ``onset`` of the group whose
        knowledge rises with infusion (ratio, frequency), ``collapse_of_cell`` (averaged over many runs of the target),
        ``critical_exposures``, ``steepness``, ``floor``, ``ceiling``, ``binds`` (the index in `bayeskisl.laws.LIMITS`
        of the limit that binds at the target, -1 for a law without limits), ``exponent``, the coordinate ``fall`` (the
        name of each draw's fall) and the parameters of falls that have some (NaN in draws of other falls); the law-wise
        ``collapse_by_law``, ``collapse_of_cell_by_law``, ``critical_exposures_by_law`` and ``weight``. Infusions are in
        the unit of the sweep's axis. If more infusion harms no probed group (frequency without background facts),
        ``sufficient`` (the smallest infusion at which a run retains its share), ``onset_of_cell``, ``onset_by_law`` and
        ``onset_of_cell_by_law`` replace ``shoulder``, ``admissible`` and the variables of ``collapse``. Attributes
        contain the fixed quantities and the warnings.

    Raises
    ------
    InputError
        If an option is out of range, or the target differs from the sweep in a quantity that the sweep never varied.
    GateError
        If the fit failed its gate.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> ahead = bk.predict(fit, 98_304)
    >>> ahead["collapse"].quantile([0.05, 0.5, 0.95]).round(-2).values.tolist()
    [700.0, 1300.0, 2100.0]
    """
    require_fit(fit)
    given, options = Criterion(keep=keep, keep_of=keep_of), Options(kind, ci_prob, seed)
    require_gate(fit, throw)
    fit, planned = of_target(fit, target_from(target, short, of=predict))
    levels = given.levels(planned.usual_reference)
    found = forecast(fit, planned, levels, options)
    caveats = *about_prediction(found.ahead, planned, fit.curves), *caveats_of_fit(fit, planned)
    about = described(About, fit, found.prospect, levels, options, warnings=caveats)
    return found.ahead.assign_attrs(about.to_attributes())


@dataclass(frozen=True)
class Forecast:
    """Draws at a target.

    Parameters
    ----------
    ahead : xarray.Dataset
        Result of `predict`, without its attributes.
    prospect : Prospect
        The mixture of laws that it was read from.
    alone : dict
        The prospect under each law by itself.
    """

    ahead: xr.Dataset
    prospect: Prospect
    alone: dict[str, Prospect]


def forecast(
    fit: "Fit", target: PlannedModel, levels: Levels, options: Options, weights: dict[str, float] | None = None
) -> Forecast:
    """Return draws at a target under the laws of a fit, by their own weights or by others."""
    _require_reference(levels.of, target)
    weights = weights or fit.weights
    by_law = every_draw_at(fit, target, kind=options.kind, seed=options.seed)
    loss = fit_loss(fit.curves)
    prospect, mixture = prospect_of(by_law, weights, target, loss, options.seed)
    alone = {law: prospect_of(by_law.sel(law=[law]), {law: 1.0}, target, loss, options.seed)[0] for law in weights}
    of_cells = np.stack([_of_cell(by_law.sel(law=law), target) for law in weights])
    return Forecast(_named(mixture, weights, prospect, alone, of_cells, levels), prospect, alone)


def _named(
    mixture: xr.Dataset,
    weights: dict[str, float],
    prospect: Prospect,
    alone: dict[str, Prospect],
    of_cells: FloatArray,
    levels: Levels,
) -> xr.Dataset:
    """Name the draws of the mixture and of each law; `of_cells` are half-points of a cell, ``(law, sample)``."""
    target = prospect.target
    fall = prospect.falls[target.group]
    of_draws = {
        **_on_axis(prospect, levels),
        f"{target.half_point}_of_cell": _of_cell(mixture, target),
        **({schema.ONSET: prospect.keeping(0.5, target.rising_group)} if target.rising_group else {}),
        schema.CRITICAL_EXPOSURES: np.exp(fall.log_threshold),
        "steepness": fall.steepness,
        **fall.shape.named(),
        "floor": fall.floor,
        "ceiling": fall.ceiling,
        **({"binds": mixture["limit"].sel(group=target.group).values.ravel()} if "limit" in mixture else {}),
    }
    size = (len(alone), mixture.sizes["chain"], mixture.sizes["draw"])
    halves = np.stack([one.keeping(0.5) for one in alone.values()])
    # no exposures at all where a law's shape does not fall
    critical = np.exp([one.falls[target.group].log_exposures_keeping(0.5) for one in alone.values()])
    of_law = ("law", "chain", "draw")
    return xr.Dataset(
        over_draws(of_draws, mixture)
        | {
            f"{target.half_point}_by_law": (of_law, halves.reshape(size)),
            f"{target.half_point}_of_cell_by_law": (of_law, of_cells.reshape(size)),
            "critical_exposures_by_law": (of_law, critical.reshape(size)),
            "weight": ("law", list(weights.values())),
            schema.EXPONENT: mixture[schema.EXPONENT].sel(group=target.group, drop=True),
        },
        coords={
            "law": list(alone),
            "chain": mixture["chain"],
            "draw": mixture["draw"],
            "fall": (("chain", "draw"), mixture["fall"].values),
        },
    )


def _ends_of(fall: Fall) -> tuple[float, float]:
    """Median floor and ceiling."""
    return float(np.median(fall.floor)), float(np.median(fall.ceiling))


def _of_cell(mixture: xr.Dataset, target: PlannedModel) -> FloatArray:
    """Half-point averaged over many runs of the target, the quantity that is measured from a cell."""
    return infusion_keeping(0.5, fall_of(mixture, target.group, of_run=False), target.group, target)


def _on_axis(prospect: Prospect, levels: Levels) -> dict[str, FloatArray]:
    """Threshold on the axis: of over-infusion, or of sufficient infusion if more harms no probed group."""
    if not prospect.target.harms:
        return {"sufficient": prospect.holding(levels)}
    return {
        schema.COLLAPSE: prospect.keeping(0.5),
        schema.SHOULDER: prospect.keeping(_SHOULDER_SHARE),
        "admissible": prospect.admissible(levels),
    }


def over_draws(arrays: Mapping[str, FloatArray | IntArray], like: xr.Dataset) -> dict[str, tuple[Any, ...]]:
    """Arrays ``(sample,)`` as variables over ``(chain, draw)``."""
    size = (like.sizes["chain"], like.sizes["draw"])
    return {name: (("chain", "draw"), draws.reshape(size)) for name, draws in arrays.items()}


def _require_reference(of: KeepOf, target: PlannedModel) -> None:
    if of in ("fewest", "uninfused") and schema.BACKGROUND not in target.groups:
        remedy = way("ask for a share of the ceiling, `keep_of='ceiling'`", "ask for `--keep-of ceiling`")
        raise InputError("background facts in the curves, which alone have such a level", "none",
                         "keep_of", remedy)  # fmt: skip
    if of == "fewest" and target.axis.moves_ratio:
        remedy = way("ask for `keep_of='uninfused'`", "ask for `--keep-of uninfused`")
        raise InputError("curves along an amount, where the ratio stays", f"those along the {target.axis.name}",
                         "keep_of", remedy)  # fmt: skip


def _kept_at_reference(of: KeepOf, prospect: Prospect) -> float | None:
    """Median share of its ceiling that the background keeps at a reference that was not measured."""
    if of == "fewest":
        kept = kept_at_start
    elif of == "uninfused" and not prospect.target.knows_uninfused:
        kept = kept_uninfused
    else:
        return None
    return float(np.median(kept(prospect.falls[schema.BACKGROUND], prospect.target)))


def described[A: About](
    record: type[A], fit: "Fit", prospect: Prospect, levels: Levels, options: Options, **more: Any
) -> A:
    """Return the record of an answer about the target of a prospect; `more` are the fields that only some have."""
    target = prospect.target
    others = [group for group in prospect.harmed if group != target.group]
    return record(
        floors_and_ceilings={group: _ends_of(fall) for group, fall in prospect.falls.items()},
        bayeskisl_version=bayeskisl.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        kind=options.kind,
        keep=levels(target.group),
        ci_prob=options.ci_prob,
        seed=options.seed,
        keep_of=levels.of,
        kept_uninfused=_kept_at_reference(levels.of, prospect),
        benchmarks=list(target.benchmarks),
        of_uninfused=[schema.BACKGROUND] if target.knows_uninfused else [],
        levels={group: levels(group) for group in target.groups},
        params=target.params,
        tokens=target.tokens,
        domain=_domain_of(fit.curves),
        axis=target.axis,
        coordinate=target.coordinate,
        unit=target.axis.in_words,
        group=target.group,
        harmed=prospect.harmed,
        half_point=target.half_point,
        other_collapses={group: list(interval(prospect.keeping(0.5, group), options.ci_prob)) for group in others},
        held_fixed=dict(target.held_fixed),
        invented=[*target.invented, *([schema.EXPOSURES] if target.relative else [])],
        extrapolation_decades=float(np.log10(target.params / float(fit.curves[schema.PARAMS].max()))),
        law=fit.law.name,
        law_sha256=fit.law.sha256,
        rules=rules_at(fit.curves, target),
        gate={"passed": bool(fit.gate.passed), "reasons": list(fit.gate.reasons)},
        fitted_runs=[str(run) for run in fit.curves[schema.RUN].values],
        **more,
    )


def _domain_of(curves: xr.Dataset) -> str:
    """The domain that all runs have; empty where runs name none, or several."""
    names = set(curves[schema.DOMAIN].values.astype(str)) if schema.DOMAIN in curves.coords else set()
    return str(*names) if len(names) == 1 else ""
