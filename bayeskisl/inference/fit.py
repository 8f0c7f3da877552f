"""Inference: from retention curves to a checked posterior."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.cores import one_blas_thread
from bayeskisl.curves import Finding, cell_table, check, final, load_curves, with_covariates, without_covariates
from bayeskisl.curves.cells import varied
from bayeskisl.curves.finding import by_severity
from bayeskisl.errors import InputError
from bayeskisl.inference.cautions import cautions
from bayeskisl.inference.corrected import chosen_by_importance
from bayeskisl.inference.data import ModelData, prepare, suited
from bayeskisl.inference.gate import Gate, examine
from bayeskisl.inference.left_out_cells import kind, left_out_log_density, likelihoods_by_kind
from bayeskisl.inference.model import Model
from bayeskisl.inference.posterior import name_quantities, report_on_axis
from bayeskisl.inference.predictive import draw_counts
from bayeskisl.inference.prior import draw_prior
from bayeskisl.inference.result import Fit
from bayeskisl.inference.sampler import Sampler, SamplerKeywords, require_seed
from bayeskisl.inference.sampling import Sampled, halves_of, sample_model, well_placed
from bayeskisl.inference.sensitivity import log_priors
from bayeskisl.inference.settings import Settings
from bayeskisl.inference.storage import dataset, measured, path_of, provenance
from bayeskisl.inference.weights import RELIABLE_PARETO_K, LeaveOneOut, law_weights, leave_one_out
from bayeskisl.keywords import from_keywords
from bayeskisl.laws import Law, load_law
from bayeskisl.seeds import seed_of

__all__ = ["curves_for", "fit", "fit_laws"]

_PRIOR_DRAWS = 500
# R-hat lies within a hair of its limit by chance, and by chance alone: as many draws again settle it. Where they would
# not, chains start anew and are so many times as long.
_LONGER = 3
_OUTCOMES = ("failed", "passed with care", "passed")
_PREVIEW_DRAWS = 150
_BEYOND_DRAWS = ("wrong_way", "no_signal")  # findings of `check` that no draws mend
_PREVIEW = "this is a preview, which shows roughly what a posterior will be"


@dataclass(frozen=True)
class _Posterior:
    """Posterior of one law, with its verdict, and the power to which its draws are corrected."""

    model: Model
    sampled: Sampled
    named: dict[str, FloatArray]
    groups: dict[str, xr.Dataset]
    gate: Gate
    corrected: float

    @property
    def law(self) -> Law:
        """The law of the posterior."""
        return self.model.law

    @property
    def data(self) -> ModelData:
        """The curves, prepared for the law."""
        return self.model.data


@one_blas_thread()
def fit(
    curves: xr.Dataset | str | Path,
    law: str | Path | Law = "limits",
    *,
    rivals: Sequence[str | Path | Law] | str | Path | Law | None = None,
    sampler: Sampler | None = None,
    seed: int = 0,
    retry: bool = True,
    throw: bool = True,
    progress: bool | Callable[[str], None] = False,
    **short: Unpack[SamplerKeywords],
) -> Fit:
    """Infer collapse points and exponents from retention curves.

    Parameters
    ----------
    curves : xarray.Dataset or path
        Retention curves, or a file of them.
    law : str, path or Law
        A shipped law's name, a law file, or a law.
    rivals : law or sequence of laws, optional
        Further laws to fit, for weights and envelopes; by default the rivals named in the law's file.
    sampler : Sampler, optional
        Settings of the sampler; by default 4 chains of 1,000 draws.
    seed : int
        Seed of the sampler; the same seed, versions and machine give the same draws.
    retry : bool
        Whether a law that misses its gate for want of draws is sampled once more. If as many draws again promise to
        suffice, it is sampled as long again, and half of each sampling's draws are kept; else three times as long, with
        every third draw kept. The better of the two posteriors by its gate is returned, and the longer one of two
        alike.
    throw : bool
        Whether a posterior that fails its gate raises an error; otherwise it is returned with ``gate.passed`` False.
    progress : bool or callable
        True prints each stage to standard error; a callable receives its name. A method ``share`` of the callable
        receives the finished share of the sampling, in [0, 1].
    **short
        Keywords of `Sampler`, instead of the object: ``fit(curves, draws=500)``.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If the curves break the schema, there is no such law, or a setting of the sampler is not possible.
    GateError
        If the posterior of `law` fails its gate; the message names the test and a remedy.

    Examples
    --------
    This takes half a minute on four cores; `load_fit("desk-four")` is such a fit.

    >>> import bayeskisl as bk
    >>> fit = bk.fit(bk.load_curves("desk-amount"))  # doctest: +SKIP
    """
    curves = without_covariates(final(load_curves(curves)))
    law = load_law(law)
    named = (rivals,) if isinstance(rivals, str | Path | Law) else law.rivals if rivals is None else rivals
    others = [load_law(other) for other in named]
    (how,) = from_keywords(short, (Sampler, sampler), of=fit)
    require_seed(seed)
    told = teller(progress), sharer(progress)
    if how.is_preview:
        few = replace(how, draws=min(how.draws, _PREVIEW_DRAWS), tune=min(how.tune, _PREVIEW_DRAWS))
        return fit_laws(curves, law, [], Settings(few, seed, *told), throw=False, light=True)
    return fit_laws(curves, law, others, Settings(how, seed, *told, retry), throw=throw)


def curves_for(curves: xr.Dataset | str | Path, law: str | Path | Law) -> xr.Dataset:
    """Return the curves as a fit of a law and of the rivals that its file names keeps them.

    Parameters
    ----------
    curves, law
        As for `fit`.

    Raises
    ------
    InputError
        If the curves break the schema, or lack a covariate of the laws.
    """
    law = load_law(law)
    return _with_covariates_of(without_covariates(final(load_curves(curves))), [law, *map(load_law, law.rivals)])


def _with_covariates_of(curves: xr.Dataset, laws: Sequence[Law]) -> xr.Dataset:
    return with_covariates(curves, (name for law in laws for name in law.covariates))


def fit_laws(
    curves: xr.Dataset, law: Law, others: Sequence[Law], settings: Settings, *, throw: bool, light: bool = False
) -> Fit:
    """Fit loaded laws; `light` leaves out the groups ``log_likelihood`` and ``posterior_predictive``."""
    curves = _with_covariates_of(curves, [law, *others])
    law, *others = (suited(each, curves) for each in _of_distinct_names(law, *others))
    _require_same_covariates(curves, law, others)
    first = _posterior_of(curves, law, settings, light)
    if throw and not first.gate.passed:
        serious = check(curves).serious
        first.gate.raise_if_failed(law.name, because=list(map(str, serious)), mendable=not _beyond_draws(serious))
    beside = [_posterior_of(curves, other, settings, light) for other in others]
    return _assemble(curves, first, beside, settings, light)


def _require_same_covariates(curves: xr.Dataset, law: Law, others: Sequence[Law]) -> None:
    """Refuse rivals of other covariates, as far as the curves vary them: the parts of one fit share their axes."""
    is_varied = varied(curves)
    ours = {name for name in law.covariates if is_varied.get(name, False)}
    for other in others:
        if {name for name in other.covariates if is_varied.get(name, False)} != ours:
            raise InputError("rivals of the covariates of the law", f"other ones of {other.name!r}", "rivals",
                             "name the same covariates in its file")  # fmt: skip


def _of_distinct_names(*laws: Law) -> list[Law]:
    """Laws, each once; two that share a name and differ are refused, since results go by the name."""
    distinct: dict[str, Law] = {}
    for law in laws:
        if distinct.setdefault(law.name, law).sha256 != law.sha256:
            raise InputError("a name of its own for each law", f"two laws called {law.name!r}", "laws",
                             "change `name` in one of the files")  # fmt: skip
    return list(distinct.values())


def _posterior_of(curves: xr.Dataset, law: Law, settings: Settings, light: bool) -> _Posterior:
    model = well_placed(Model(prepare(curves, law), law), settings)
    found = _judged(curves, model, sample_model(model, settings), settings)
    if settings.retry and found.gate.wants_draws and not _beyond_draws(check(curves).serious):
        again = _judged(curves, model, _sampled_again(model, found, settings), settings)
        found = max(again, found, key=lambda one: _OUTCOMES.index(one.gate.outcome))
    if light:
        del found.groups["log_likelihood"]
    if settings.sampler.is_preview:
        gate = replace(found.gate, passed=False, reasons=(_PREVIEW, *found.gate.reasons))
        return replace(found, gate=gate)
    return found


def _sampled_again(model: Model, found: _Posterior, settings: Settings) -> Sampled:
    """Sample once more: as long again, beside the draws that are there, if that promises to suffice, or longer."""
    missed = f"the law '{model.law.name}' missed a test of its gate: sampling it again,"
    if found.gate.lacks_little:
        settings.tell(f"{missed} as long, and keeping half of all draws")
        beside = replace(settings, seed=seed_of(settings.seed, 1))
        return halves_of(found.sampled, sample_model(model, beside, found.sampled))
    settings.tell(f"{missed} {_LONGER} times as long")
    return sample_model(model, replace(settings, longer=_LONGER), found.sampled)


def _beyond_draws(findings: Sequence[Finding]) -> bool:
    """Whether the data have a fault that no draws mend."""
    return any(each.code in _BEYOND_DRAWS for each in findings)


def _judged(curves: xr.Dataset, model: Model, sampled: Sampled, settings: Settings) -> _Posterior:
    data, law = model.data, model.law
    sample_stats = sampled.statistics
    rng = np.random.default_rng([settings.seed, 1])
    named = name_quantities(sampled.draws, model, rng, settings.sampler.threads)
    chosen, corrected = chosen_by_importance(named, rng)
    drawn = named.at(chosen)
    posterior = report_on_axis(dataset(drawn.quantities, data), curves, law)
    settings.tell(f"judging the law '{law.name}'")
    gate = examine(posterior, sample_stats, curves, cell_table(curves)[1])
    places = {
        "chain": xr.DataArray(np.arange(len(chosen)), dims="chain"),
        "draw": xr.DataArray(chosen, dims=("chain", "draw")),
    }
    of_draws = sample_stats.isel(places, missing_dims="ignore")  # a preview has none
    groups = {
        "posterior": posterior,
        "sample_stats": of_draws.assign_coords(chain=posterior["chain"], draw=posterior["draw"]),
        "log_prior": _log_prior(drawn.quantities, model, posterior),
        "log_likelihood": dataset({schema.RECALLED: drawn.log_likelihood}, data),
    }
    return _Posterior(model, sampled, drawn.quantities, groups, gate, corrected)


def _assemble(curves: xr.Dataset, first: _Posterior, beside: list[_Posterior], settings: Settings, light: bool) -> Fit:
    rng = np.random.default_rng([settings.seed, 2])
    law, data = first.law, first.data
    prior = report_on_axis(dataset(draw_prior(first.model, _PRIOR_DRAWS, rng), data), curves, law)
    everyone = [first, *beside]
    usable = [one for one in everyone if one is first or one.gate.passed]
    left_out = _left_out_cells(everyone, settings) if beside else {}
    known = (
        *_of_method(settings),
        *_of_likelihood(first),
        *cautions(first.groups["posterior"], prior, curves, first.gate, first.groups["log_prior"]),
        *_of_rivals(beside),
        *_of_importance(left_out),
    )
    groups = {
        **first.groups,
        "prior": prior,
        **({} if light else {"posterior_predictive": _replicates(first, rng)}),
        **measured(curves, data),
        **{f"{path_of(one.law.name, law.name)}{name}": group for one in beside for name, group in one.groups.items()},
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "laws": json.dumps({one.law.name: one.law.to_dict() for one in everyone}),
        "law_sha256": law.sha256,
        "gates": json.dumps({one.law.name: one.gate.to_dict() for one in everyone}),
        "weights": json.dumps(_weights([one.law.name for one in usable], left_out)),
        "elpd_loo": json.dumps({} if light else {one.law.name: _left_out_runs(one).elpd for one in everyone}),
        "elpd_cells": json.dumps({name: one.elpd for name, one in left_out.items()}),
        "warnings": json.dumps([caution.to_dict() for caution in by_severity(known)]),
        "method": settings.sampler.method,
        "draws": settings.sampler.draws,
        **provenance(settings.seed),
    }
    return Fit(tree)


def _log_prior(named: dict[str, FloatArray], model: Model, like: xr.Dataset) -> xr.Dataset:
    found = log_priors(named, model).items()
    # a prior is named after its domain, and a tree takes a slash in a name for a path
    variables = {name.replace("/", "\N{DIVISION SLASH}"): (("chain", "draw"), values) for name, values in found}
    return xr.Dataset(variables, coords={dim: like[dim] for dim in ("chain", "draw")})


def _replicates(one: _Posterior, rng: np.random.Generator) -> xr.Dataset:
    return dataset(draw_counts(one.groups["posterior"], one.data, one.law, rng), one.data)


def _of_method(settings: Settings) -> list[Finding]:
    if settings.sampler.is_preview:
        return [Finding("preview", "serious", f"{_PREVIEW.capitalize()}.", "Fit without `method`.")]
    return []


def _of_likelihood(one: _Posterior) -> list[Finding]:
    if one.corrected == 1:
        return []
    how = f"corrected in part, by the power {one.corrected:.2f} of 1" if one.corrected else "not corrected for it"
    return [
        Finding(
            "approximate_likelihood",
            "note",
            f"The sampler approximates the likelihood of runs that scatter, and its draws were {how}.",
            "Take the scatter of runs for up to a few percent larger than it says.",
        )
    ]


def _of_rivals(beside: list[_Posterior]) -> list[Finding]:
    return [
        Finding(
            "rival_gate",
            "warning",
            f"The rival law '{one.law.name}' failed its gate and has no weight: {'; '.join(one.gate.reasons)}.",
            "Fit again with more draws and tuning steps.",
        )
        for one in beside
        if not one.gate.passed
    ]


def _of_importance(left_out: dict[str, LeaveOneOut]) -> list[Finding]:
    poor = {name: one.pareto_k for name, one in left_out.items() if one.pareto_k > RELIABLE_PARETO_K}
    if not poor:
        return []
    listed = ", ".join(f"{name} {k:.2f}" for name, k in poor.items())
    return [
        Finding(
            "pareto_k",
            "note",
            f"A single size decides part of the laws' weights (Pareto k: {listed}).",
            "Trust each law's own prediction more than their weights.",
        )
    ]


def _left_out_runs(one: _Posterior) -> LeaveOneOut:
    of_runs = one.groups["log_likelihood"][schema.RECALLED].values
    return leave_one_out(of_runs.reshape(-1, *one.data.probed.shape)[:, one.data.probed > 0])


def _weights(laws: list[str], left_out: dict[str, LeaveOneOut]) -> dict[str, float]:
    return law_weights({name: left_out[name].pointwise for name in laws}) if len(laws) > 1 else {laws[0]: 1.0}


def _left_out_cells(everyone: list[_Posterior], settings: Settings) -> dict[str, LeaveOneOut]:
    """Log densities of left-out cells, by law."""
    settings.tell("comparing the laws by cells left out")
    likelihoods = likelihoods_by_kind(((one.law, one.named, one.data) for one in everyone), settings.seed)

    def of(one: _Posterior) -> LeaveOneOut:
        likelihood = likelihoods[kind(one.law)]
        return leave_one_out(left_out_log_density(one.named, one.model, likelihood, settings.sampler.threads))

    return {one.law.name: of(one) for one in everyone}


def teller(progress: bool | Callable[[str], None]) -> Callable[[str], None]:
    if callable(progress):
        return progress
    return (lambda stage: print(stage, file=sys.stderr, flush=True)) if progress else (lambda stage: None)


def sharer(progress: object) -> Callable[[float], None]:
    """Return the callable that receives the finished share of the sampling."""
    return getattr(progress, "share", lambda done: None)
