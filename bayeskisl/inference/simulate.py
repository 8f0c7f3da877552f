"""Simulated curves with known true values, from any law."""

import json
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_curves
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import AXES, axis_named
from bayeskisl.curves import final, validate, with_covariates, without_covariates
from bayeskisl.errors import InputError
from bayeskisl.inference.data import prepare, suited
from bayeskisl.inference.model import Model
from bayeskisl.inference.posterior import report_on_axis
from bayeskisl.inference.predictive import draw_counts
from bayeskisl.inference.prior import FREE, draw_prior
from bayeskisl.inference.sampler import require_seed
from bayeskisl.inference.storage import dataset
from bayeskisl.knowledge.identity import infused_exposures
from bayeskisl.laws import Law, LawOfSize, load_law
from bayeskisl.laws.falls import FALL_PARAMETERS

__all__ = ["design_curves", "simulate"]

# Ranges of true values; what is in none of these may be any number.
_POSITIVE = (
    "concentration",
    "guess_concentration",
    *FALL_PARAMETERS,
    "minimum_exposures",
    "bits_per_parameter",
    "sharpness",
)
_NOT_NEGATIVE = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "load_effect")
_SHARES = {"floor_excess": 0, "run_correlation": -1}

# Quantities that only a law with limits has.
_OF_LIMITS = ("minimum_exposures", "bits_per_parameter", "turn", "sharpness")

# What real runs measured beside the counts.
_MEASURED = (schema.ANSWER_NATS, schema.GENERAL_LOSS)

_ALL_PROBED = 500  # facts; larger sets are probed by a sample of this size


def simulate(
    law: str | Path | Law, design: xr.Dataset | Mapping[str, Any], truth: Mapping[str, Any] | None = None, seed: int = 0
) -> xr.Dataset:
    """Simulate curves from a law.

    Parameters
    ----------
    law : str, path or Law
        Law that generates the curves.
    design : xarray.Dataset or mapping
        Curves whose runs are to be simulated at the end of training (of what they measured, only the ``probed`` counts
        are used), or the keywords of `design_curves`.
    truth : mapping, optional
        Values by the posterior's names: ``intercept`` (log critical exposures at the reference), ``exponent`` and
        ``curvature`` (a number, or a mapping by covariate), ``tau``, ``sigma_run``, ``concentration``,
        ``guess_concentration``, ``steepness_intercept``, ``steepness_exponent``, ``steepness_scatter``,
        ``lapse_intercept``, ``lapse_scatter``, ``floor_excess``, ``load_effect``, the parameters of the fall
        (``asymmetry`` of a break), ``run_correlation`` (between any two groups), ``domain_intercept`` (a mapping by
        domain: what it adds to the intercept), and ``minimum_exposures``, ``bits_per_parameter``, ``turn`` and
        ``sharpness`` of a law with limits, whose intercept and exponent are then those of learning. Missing values are
        drawn from the law's prior.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    xarray.Dataset
        Curves; the attribute ``truth`` contains every quantity as JSON, which `Fit.truth` reads.

    Raises
    ------
    InputError
        If `design` has an unknown key, `truth` names a quantity that the law has not, or a true value is out of range.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> design = {"params": [1e6, 4e6], "facts": [100, 400, 1600], "tokens": 600_000}
    >>> curves = bk.simulate("power", design, {"exponent": 0.7, "tau": 0.1}, seed=1)
    >>> curves.sizes["run"], curves["recalled"].shape
    (12, (12, 1))
    """
    require_seed(seed)
    if not isinstance(design, Mapping):
        require_curves(design, "design")
    if truth is not None and not isinstance(truth, Mapping):
        raise InputError("values by the names of quantities", in_words(truth), "truth")
    design = (
        final(validate(design)).drop_vars(_MEASURED, errors="ignore")
        if isinstance(design, xr.Dataset)
        else design_curves(**_known(design, signature(design_curves).parameters, "design"))
    )
    law = suited(load_law(law), design)
    design = with_covariates(without_covariates(design), law.covariates)
    data = prepare(design, law)
    fixed = {
        name: _in_range(name, _by_label(name, value, data.size_law))
        for name, value in _known(truth or {}, _quantities_of(law, data.size_law), "truth").items()
    }
    if law.has_limits and not np.all(np.ravel(fixed.get(schema.EXPONENT, 1.0))[0] > 0):
        raise InputError("an exponent of params above 0 under a law with limits", str(truth), "truth")
    rng = np.random.default_rng(seed)
    named = dataset(draw_prior(Model(data, law), 1, rng, fixed), data)
    named = report_on_axis(named, design, law)
    recalled = draw_counts(named, data, law, rng, fresh=False)[schema.RECALLED][0, 0]
    known = named.isel(chain=0, draw=0, drop=True)
    return design.assign({schema.RECALLED: ((schema.RUN, schema.GROUP), recalled.astype(np.int64))}).assign_attrs(
        truth=json.dumps(known.to_dict()), law_sha256=law.sha256, seed=seed
    )


def design_curves(
    *,
    params: list[float],
    facts: list[int] | int = 0,
    axis: str = "amount",
    ratio: list[float] | float = 0.5,
    exposures: list[float] | float | None = None,
    tokens: list[int] | int = 1_843_200,
    seeds: int = 2,
    tokens_per_fact: int = 6,
    background_facts: int = 0,
    background_share: float = 0.0,
    groups: tuple[str, ...] = (schema.INFUSED,),
    guessing: float | Mapping[str, float] = 1 / 4096,
    domains: tuple[str, ...] = (),
) -> xr.Dataset:
    """Return runs at every combination of sizes, budgets, facts, ratios, seeds and domains, without counts.

    Parameters
    ----------
    params, tokens : list
        Sizes and token budgets.
    facts, ratio : list or number
        Levels; on the axis ``amount`` facts is a list, on ``ratio`` and ``dose`` the ratio.
    exposures : list or number, optional
        Mean exposures of an infused fact: on the axis ``dose`` a number, from which with the ratio the facts follow;
        on ``frequency`` the levels, from which with the facts the ratio follows.
    seeds : int
        Runs per combination.
    tokens_per_fact, background_facts, background_share : number
        Held fixed.
    guessing : number or mapping
        Guessing rate, or one for each domain.
    groups : tuple of str
        Probe groups; all facts are probed up to 500.
    domains : tuple of str
        Kinds of infused facts; each gets all of the runs.

    Raises
    ------
    InputError
        If exposures are given on an axis where they follow from facts and ratio, or guessing rates of other domains.
    """
    follows = axis_named(axis, "design").follows
    if exposures is not None and follows == schema.EXPOSURES:
        named = " and ".join(repr(name) for name, each in AXES.items() if each.follows != schema.EXPOSURES)
        raise InputError(f"exposures of infused facts on the axes {named} alone", f"the axis {axis!r}", "design")
    given = {
        schema.PARAMS: params, schema.TOKENS: tokens, schema.FACTS: facts, schema.RATIO: ratio,
        schema.EXPOSURES: 1.0 if exposures is None else exposures,
        schema.SEED: np.arange(seeds), schema.DOMAIN: np.arange(max(1, len(domains))),
    }  # fmt: skip
    runs = _every_combination({**given, **({} if exposures is None else {follows: 1.0})})
    if exposures is not None:
        runs[follows] = _following(follows, runs, tokens_per_fact)
    count = len(runs[schema.PARAMS])
    budget, share, facts_each = (runs[name] for name in (schema.TOKENS, schema.RATIO, schema.FACTS))
    probed = _all_probed(facts_each, background_facts, groups)
    rates = _guessing_rates(guessing, domains, runs[schema.DOMAIN])
    of_run = {
        schema.PARAMS: runs[schema.PARAMS],
        schema.TOTAL_PARAMS: runs[schema.PARAMS],
        schema.TOKENS: budget,
        schema.FACTS: facts_each,
        schema.RATIO: share.astype(float),
        schema.EXPOSURES: infused_exposures(budget, share, facts_each, tokens_per_fact),
        schema.TOKENS_PER_FACT: np.full(count, tokens_per_fact),
        schema.BACKGROUND_FACTS: np.full(count, background_facts),
        schema.BACKGROUND_SHARE: np.full(count, float(background_share)),
        schema.SEED: runs[schema.SEED],
        **({schema.DOMAIN: np.array(domains)[runs[schema.DOMAIN]]} if domains else {}),
    }
    by_group = (schema.RUN, schema.GROUP)
    return validate(
        xr.Dataset(
            {
                schema.RECALLED: (by_group, np.zeros_like(probed)),
                schema.PROBED: (by_group, probed),
                schema.GUESSING: (by_group, np.broadcast_to(rates[:, None], probed.shape)),
            },
            coords={
                schema.RUN: [f"simulated {i}" for i in range(count)],
                schema.GROUP: list(groups),
                **{name: (schema.RUN, values) for name, values in of_run.items()},
            },
            attrs={"axis": axis},
        )
    )


def _every_combination(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """One run per combination, as arrays ``(run,)``; the last values vary fastest."""
    grid = np.meshgrid(*(np.atleast_1d(each) for each in values.values()), indexing="ij")
    return dict(zip(values, (each.ravel() for each in grid), strict=True))


def _following(name: str, runs: Mapping[str, np.ndarray], tokens_per_fact: int) -> np.ndarray:
    """Facts or ratios that give the requested exposures, by r D = K e l."""
    tokens, exposures = runs[schema.TOKENS], runs[schema.EXPOSURES]
    if name == schema.RATIO:
        return runs[schema.FACTS] * exposures * tokens_per_fact / tokens
    return np.maximum(np.round(runs[schema.RATIO] * tokens / (exposures * tokens_per_fact)), 1).astype(int)


def _all_probed(facts: IntArray, background_facts: int, groups: tuple[str, ...]) -> IntArray:
    """Number of probed facts: all facts of a group up to a sufficient maximum, ``(run, group)``."""
    known = {schema.BACKGROUND: np.full(len(facts), background_facts)}
    counts = [np.minimum(known.get(group, facts), _ALL_PROBED) for group in groups]
    return np.stack(counts, axis=1).astype(np.int64)


def _guessing_rates(
    guessing: float | Mapping[str, float], domains: tuple[str, ...], domain_of_run: IntArray
) -> FloatArray:
    """Guessing rate of each run, that of its domain if domains differ."""
    if isinstance(guessing, Mapping):
        if set(guessing) != set(domains):
            raise InputError(f"a guessing rate for each domain, {', '.join(domains) or 'of which there are none'}",
                             ", ".join(map(repr, guessing)), "design")  # fmt: skip
        return np.array([guessing[domain] for domain in domains], dtype=float)[domain_of_run]
    return np.full(len(domain_of_run), guessing)


def _known(given: Mapping[str, Any], allowed: Any, where: str) -> dict[str, Any]:
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise InputError(f"names among {', '.join(allowed)}", ", ".join(map(repr, unknown)), where)
    return dict(given)


def _quantities_of(law: Law, size_law: LawOfSize) -> list[str]:
    """Names of `FREE` that have a meaning under a law."""
    others_falls = set(FALL_PARAMETERS) - set(law.fall.parameter_names)
    lacking = others_falls | set((schema.CURVATURE,) if law.has_limits else _OF_LIMITS)
    if law.priors.bits_per_parameter is None:
        lacking.add("bits_per_parameter")
    if not law.knows_load:
        lacking.add("load_effect")
    if not size_law.domains:
        lacking.add(schema.DOMAIN_INTERCEPT)
    if law.priors.sigma_run_exponent is None:
        lacking.add("sigma_run_exponent")
    return [name for name in FREE if name not in lacking]


def _by_label(name: str, value: Any, size_law: LawOfSize) -> FloatArray:
    labels = size_law.domains if name == schema.DOMAIN_INTERCEPT else size_law.covariates
    if isinstance(value, Mapping) and set(value) != set(labels):
        raise InputError(f"{name} by {', '.join(labels) or 'nothing'}", ", ".join(map(repr, value)), "truth")
    try:
        return np.asarray([value[each] for each in labels] if isinstance(value, Mapping) else value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"numbers for {name}", repr(value), "truth") from None


def _in_range(name: str, value: FloatArray) -> FloatArray:
    """Return a value after checking that it is possible for the quantity."""
    said, fits = ("finite", np.isfinite(value))
    if name in _POSITIVE:
        said, fits = "above 0", fits & (value > 0)
    elif name in _NOT_NEGATIVE:
        said, fits = "0 or above", fits & (value >= 0)
    elif name in _SHARES:
        said, fits = f"in [{_SHARES[name]}, 1)", fits & (value >= _SHARES[name]) & (value < 1)
    if not np.all(fits):
        raise InputError(f"{name} {said}", str(value.tolist()), "truth")
    return value
