"""From a posterior to a statement about a model that nobody has trained yet."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

import bayeskisl
from bayeskisl import schema
from bayeskisl.decision.caveats import caveats
from bayeskisl.decision.choices import (
    chance_constrained_choice,
    mean_kept,
    optimum,
    risk_neutral_choice,
    sufficient_ratio,
)
from bayeskisl.decision.fall import Fall
from bayeskisl.decision.intervals import quantiles
from bayeskisl.decision.mixture import mix
from bayeskisl.decision.target import Target, target_of
from bayeskisl.errors import GateError, InputError
from bayeskisl.laws.shapes import Shape

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Kind", "draws_at", "forecast", "predict"]

Kind = Literal["new_run", "mean"]

# The shoulder is where a tenth is lost, whatever share the choice must keep.
_SHOULDER_SHARE = 0.9
_CURVE_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Points of the plotted curves; nothing is chosen on them.
_POINTS = 121


def predict(
    fit: "Fit",
    params: float,
    tokens: float | None = None,
    *,
    kind: Kind = "new_run",
    risk: float = 0.10,
    keep: float = 0.9,
    facts: float | None = None,
    prior_driven: bool = False,
    ci_prob: float = 0.9,
    seed: int = 0,
    throw: bool = True,
) -> xr.Dataset:
    """Predict collapse, and choose the infusion, of a model that has not been trained.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate.
    params : float
        Non-embedding parameters of the model to be planned.
    tokens : float, optional
        Its training tokens; left out, the sweep's only budget.
    kind : {"new_run", "mean"}
        Whether the prediction is for one fresh run or for the mean of many runs of the target.
    risk : float
        Largest probability, in (0, 1), that a run at the choice keeps less than `keep`.
    keep : float
        Share of what the ceiling allows that a run must keep, in (0, 1).
    facts : float, optional
        Size of the domain for the sufficient ratio; left out, the choice rounded down to 1, 2 or 5 times a power of 10.
    prior_driven : bool
        Answer for a budget that the sweep never varied, labelled as resting on the prior.
    ci_prob : float
        Probability of the intervals that tables and figures show.
    seed : int
        Of the fresh scatter and of the mixture of laws.
    throw : bool
        Whether a fit that failed its gate is refused; if not, the prediction carries the reasons as a warning.

    Returns
    -------
    xarray.Dataset
        Draws over ``(chain, draw)`` of the mixture of laws: ``collapse``, ``shoulder``, ``optimum``, ``admissible``
        (the most that a run may be given to keep its share), ``sufficient_ratio``, ``critical_exposures``,
        ``steepness``, ``floor``, ``ceiling``, ``exponent``; the law-wise ``collapse_by_law`` and ``weight``; the
        scalars ``choice``, ``risk_neutral_choice`` and ``domain_facts``; and curves over ``infusion`` for plotting.
        Infusions are in the unit of the sweep's axis. Attributes say what was held fixed and what to beware of.

    Raises
    ------
    InputError
        If an option is out of range, the sweep's axis is not ``amount``, or the target differs from the sweep in what
        the sweep never varied.
    GateError
        If the fit failed its gate.
    """
    for name, value in {"risk": risk, "keep": keep, "ci_prob": ci_prob}.items():
        if not 0 < value < 1:
            raise InputError("a number in (0, 1)", repr(value), name)
    if kind not in ("new_run", "mean"):
        raise InputError("'new_run' or 'mean'", repr(kind), "kind")
    if facts is not None and not facts > 0:
        raise InputError("a positive number of facts", repr(facts), "facts")
    _require_amount(fit.curves)
    _require_gate(fit, throw)
    target = target_of(fit.curves, params, tokens, prior_driven=prior_driven)
    by_law = draws_at(fit, target, kind=kind, seed=seed)
    ahead = forecast(
        by_law, fit.weights, target, fit.law.curve, risk=risk, keep=keep, facts=facts, rng=np.random.default_rng(seed)
    )
    warnings = [*caveats(ahead, target, fit.curves), *_handed_over(fit)]
    return ahead.assign_attrs(
        _attributes(fit, target, kind=kind, risk=risk, keep=keep, ci_prob=ci_prob, seed=seed, warnings=warnings)
    )


def draws_at(fit: "Fit", target: Target, *, kind: Kind, seed: int) -> xr.Dataset:
    """Posterior draws of the target's fall under every law, dims ``(law, chain, draw)``, and its exponents."""
    from bayeskisl.inference import extrapolate

    laws = {}
    for law in fit.weights:
        at_target = extrapolate(fit, target.params, target.tokens, kind=kind, law=law, seed=seed)
        posterior = fit.tree["posterior" if law == fit.law.name else f"rivals/{law}/posterior"].to_dataset()
        laws[law] = at_target.sel(group=target.group, drop=True).assign(
            exponent=posterior[schema.EXPONENT].sel(group=target.group, drop=True)
        )
    return xr.concat(laws.values(), dim="law", join="override", coords="minimal", compat="override").assign_coords(
        law=list(laws)
    )


def forecast(
    by_law: xr.Dataset,
    weights: dict[str, float],
    target: Target,
    shape: Shape,
    *,
    risk: float,
    keep: float,
    facts: float | None,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Everything that `predict` returns, from draws of the fall at the target.

    Parameters
    ----------
    by_law : xarray.Dataset
        ``log_critical_exposures``, ``run_effect``, ``log_steepness``, ``floor``, ``ceiling`` over
        ``(law, chain, draw)`` and ``exponent`` over ``(law, chain, draw, covariate)``.
    weights : dict
        Law -> stacking weight.
    target, shape, risk, keep, facts, rng
        As for `predict`; `shape` is S.
    """
    mixture = mix(by_law, weights, rng).transpose("chain", "draw", ...)
    fall = _fall(mixture, shape)
    admissible = target.infusion(fall.log_exposures_keeping(keep))
    choice = chance_constrained_choice(admissible, risk)
    best = optimum(fall, target)
    domain = float(facts) if facts is not None else _rounded_down(choice)
    enough = sufficient_ratio(
        fall.log_exposures_keeping(keep), domain, target.tokens, target.held_fixed[schema.TOKENS_PER_FACT]
    )
    of_draws = {
        schema.COLLAPSE: target.infusion(fall.log_threshold),
        schema.SHOULDER: target.infusion(fall.log_exposures_keeping(_SHOULDER_SHARE)),
        schema.OPTIMUM: best,
        "admissible": admissible,
        "sufficient_ratio": enough,
        schema.CRITICAL_EXPOSURES: np.exp(fall.log_threshold),
        "steepness": fall.steepness,
        "floor": fall.floor,
        "ceiling": fall.ceiling,
    }
    scalars = {
        schema.CHOICE: choice,
        "risk_neutral_choice": risk_neutral_choice(fall, target, best),
        "domain_facts": domain,
    }
    like = mixture["log_critical_exposures"]
    return xr.Dataset(
        {name: (("chain", "draw"), draws.reshape(like.shape)) for name, draws in of_draws.items()}
        | {name: ((), value) for name, value in scalars.items()}
        | {
            "collapse_by_law": target.infusion(by_law["log_critical_exposures"] + by_law["run_effect"]),
            "weight": ("law", list(weights.values())),
            schema.EXPONENT: mixture[schema.EXPONENT],
        }
        | _curves(fall, target, of_draws),
        coords={"chain": like["chain"], "draw": like["draw"]},
    )


def _fall(draws: xr.Dataset, shape: Shape) -> Fall:
    flat = {name: draws[name].values.ravel() for name in draws if draws[name].ndim == 2}
    return Fall(
        shape=shape,
        log_threshold=flat["log_critical_exposures"] + flat["run_effect"],
        steepness=np.exp(flat["log_steepness"]),
        floor=flat["floor"],
        ceiling=flat["ceiling"],
    )


def _curves(fall: Fall, target: Target, of_draws: dict[str, np.ndarray]) -> dict[str, Any]:
    """Curves over a grid that is for the eye: from well before the fall to well behind it."""
    start, end = quantiles(of_draws["admissible"], [0.005])[0] / 3, quantiles(of_draws["collapse"], [0.995])[0] * 1.5
    infusion = np.geomspace(start, end, _POINTS)
    log_exposures = target.log_exposures(infusion)
    kept = infusion * fall.known_at_best()[:, None] * fall.share_of_ceiling(log_exposures)
    at_least = np.sort(of_draws["admissible"]), np.sort(of_draws["collapse"])
    shortfall, collapse = (np.searchsorted(each, infusion, side="left") / each.size for each in at_least)
    over = "infusion"
    return {
        "infusion": (over, infusion),
        "quantile": ("quantile", list(_CURVE_QUANTILES)),
        "exposures": (over, np.exp(log_exposures)),
        "retention": (("quantile", over), quantiles(fall.retention(log_exposures), _CURVE_QUANTILES, axis=0)),
        "kept": (("quantile", over), quantiles(kept, _CURVE_QUANTILES, axis=0)),
        "mean_kept": (over, mean_kept(fall, target, infusion)),
        "shortfall_risk": (over, shortfall),
        "collapse_risk": (over, collapse),
    }


def _attributes(fit: "Fit", target: Target, *, warnings: list[tuple[str, str]], **options: Any) -> dict[str, Any]:
    seen = float(fit.curves[schema.PARAMS].max())
    return {
        "content": "prediction",
        "schema_version": schema.VERSION,
        "bayeskisl_version": bayeskisl.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **options,
        "interval": "equal-tailed",
        schema.PARAMS: target.params,
        schema.TOKENS: target.tokens,
        "axis": target.axis,
        "coordinate": target.coordinate,
        "unit": schema.UNITS[target.coordinate],
        "group": target.group,
        "held_fixed": json.dumps(target.held_fixed),
        "extrapolation_decades": float(np.log10(target.params / seen)),
        "law": fit.law.name,
        "law_sha256": fit.law.sha256,
        "gate": json.dumps({"passed": bool(fit.gate.passed), "reasons": list(fit.gate.reasons)}),
        "warnings": json.dumps([{"code": code, "message": message} for code, message in warnings]),
        "fitted_runs": json.dumps([str(run) for run in fit.curves[schema.RUN].values]),
    }


def _require_amount(curves: xr.Dataset) -> None:
    if curves.attrs["axis"] != "amount":
        raise InputError("curves of an amount sweep", repr(curves.attrs["axis"]), "axis",
                         "sweep the number of facts with `axis = \"amount\"`")  # fmt: skip


def _require_gate(fit: "Fit", throw: bool) -> None:
    if throw and not fit.gate.passed:
        raise GateError(
            "expected a posterior that passed its gate, got one that failed: "
            f"{'; '.join(fit.gate.reasons)}; fit again with more draws, or take a labelled prediction with throw=False."
        )


def _handed_over(fit: "Fit") -> list[tuple[str, str]]:
    """The fit's own warnings, and its failed gate where that was waived."""
    failed = [("gate", f"the posterior failed its gate: {reason}") for reason in fit.gate.reasons]
    return [*failed, *((caution.code, str(caution)) for caution in fit.warnings)]


def _rounded_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most `value`: a number of facts that people say."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-12)) * power)
