"""Cautions: findings about a posterior, and those about its data that it does not repair."""

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis, axis_of
from bayeskisl.curves import Finding, Side, cell_table, check, curves_of_cells
from bayeskisl.curves.benchmark import benchmarks
from bayeskisl.curves.cells import domain_of_runs, with_cells_in_words
from bayeskisl.curves.groups import probed_groups
from bayeskisl.errors import way
from bayeskisl.inference.gate import Gate, scalars
from bayeskisl.inference.posterior import ON_AXIS
from bayeskisl.inference.sensitivity import SENSITIVE, sensitivity
from bayeskisl.quantities import size, three_digits

__all__ = ["cautions"]

_FEW_SIZES = 4
_PRIOR_DRIVEN = 0.8  # posterior sd over prior sd above which the data have said little
_CORRELATED, _SIGNIFICANT = 0.3, 0.05


def cautions(
    posterior: xr.Dataset,
    prior: xr.Dataset,
    curves: xr.Dataset,
    gate: Gate,
    log_prior: xr.Dataset,
) -> tuple[Finding, ...]:
    """Return all cautions about the posterior of one law.

    Parameters
    ----------
    posterior, prior : xarray.Dataset
        Named quantities.
    curves : xarray.Dataset
        Fitted retention curves.
    gate : Gate
        The verdict on the posterior.
    log_prior : xarray.Dataset
        See `bayeskisl.inference.sensitivity.log_priors`.
    """
    posterior, prior = with_cells_in_words(posterior, curves), with_cells_in_words(prior, curves)
    found = (
        *_few_sizes(curves),
        *_nothing_to_harm(posterior, curves),
        *_edges(posterior, curves),
        *_of_data(curves),
        *_load_ignored(posterior, curves),
        *_prior_driven(posterior, prior),
        *_prior_sensitive(posterior, log_prior),
        *_near_its_gate(gate),
        *_correlated_seeds(gate),
        *_assumed_by_import(curves),
    )
    return tuple(found)


# What `_edges` says with numbers of the posterior.
_BY_POSTERIOR = ("never_moves", "all_lost")


def _of_data(curves: xr.Dataset) -> list[Finding]:
    """Findings about the data, before any law; files of fits have no place for their groups and rows."""
    found = (each for each in check(curves).findings if each.code not in _BY_POSTERIOR)
    return [replace(each, group="", rows=()) for each in found]


def _few_sizes(curves: xr.Dataset) -> list[Finding]:
    names, domain = domain_of_runs(curves)
    params = curves[schema.PARAMS].values
    sizes, fewest = min((len(np.unique(params[domain == index])), name) for index, name in enumerate(names))
    if sizes >= _FEW_SIZES:
        return []
    of_domain = f" of '{fewest}'" if len(names) > 1 else ""
    counted = f"{sizes} size{'' if sizes == 1 else 's'}{of_domain}"
    return [
        Finding(
            "few_sizes",
            "serious",
            f"{counted} cannot show how the exponent itself changes with size.",
            f"Train at least {_FEW_SIZES} sizes{of_domain} before extrapolating.",
        )
    ]


def _nothing_to_harm(posterior: xr.Dataset, curves: xr.Dataset) -> list[Finding]:
    """Return the caution about curves without a group that over-infusion can harm."""
    knows_load = "load_effect" in posterior
    missing = axis_of(curves).nothing_to_harm(probed_groups(curves), knows_load)
    remedy = "Probe a general benchmark as the group 'background' and fit again."
    return [Finding("nothing_to_harm", "warning", missing, remedy)] if missing else []


# A ratio above which there is next to nothing but infused tokens.
_ALL = 0.999


def _edges(posterior: xr.Dataset, curves: xr.Dataset) -> list[Finding]:
    """Cells whose sweep lies on one side of the half-point: bounds, not measurements.

    A law without a fall has no half-points, and so no bounds.
    """
    half_points = [posterior[name] for name in (schema.COLLAPSE, schema.ONSET) if name in posterior]
    if all(np.isnan(each).all() for each in half_points):
        return []
    axis = axis_of(curves)
    bounds, measured = [], 0
    for group in (str(name) for name in curves[schema.GROUP].values if _direction(posterior, axis, str(name)) != 0):
        sides = {cell: curve.side for cell, curve in enumerate(curves_of_cells(curves, group)) if curve.levels.size}
        measured += sum(side not in (Side.KEPT, Side.LOST) for side in sides.values())
        for side in (Side.KEPT, Side.LOST):
            cells = [cell for cell, found in sides.items() if found == side]
            bounds += [_one_sided(posterior, curves, group, side, cells, len(sides))] if cells else []
    return [*bounds, *([] if measured else [_NO_COLLAPSE])]


def _load_ignored(posterior: xr.Dataset, curves: xr.Dataset) -> list[Finding]:
    """Return the caution about infused facts that are lost along a dose under a law without the load."""
    axis, groups = axis_of(curves), [str(name) for name in curves[schema.GROUP].values if name != schema.BACKGROUND]
    infused = [name for name in groups if _direction(posterior, axis, name) == 0]
    lost = [name for name in infused if np.nanmin(_shares(curves, name)) < 0.5]
    if not lost:
        return []
    return [
        Finding(
            "load_ignored",
            "warning",
            f"Along a {axis.name} the exposures of '{lost[0]}' stay the same, so that a law in exposures alone cannot "
            "explain why they are lost.",
            "Fit the law 'limits' or 'common': there the number of distinct facts counts.",
        )
    ]


_NO_COLLAPSE = Finding(
    "no_collapse",
    "serious",
    "No curve fell through half of its range: the collapse points are bounds, and how they change with size comes from "
    "the prior, not from these runs.",
    "Widen the levels until retention falls from near its ceiling to near chance.",
)


def _direction(posterior: xr.Dataset, axis: Axis, group: str) -> int:
    return axis.moves(group, "load_effect" in posterior)


# What happened at every level of some sizes, by their side of a half and by whether more infusion harms: of all sizes,
# and of some.
_WHAT_HAPPENED = {
    (Side.KEPT, True): ("No size lost half of its {}", "{} never lost half of their {}"),
    (Side.LOST, True): ("No size kept half of its {}", "{} never kept half of their {}"),
    (Side.KEPT, False): ("Every size always knew half of its {}", "{} always knew half of their {}"),
    (Side.LOST, False): ("No size learned half of its {}", "{} never learned half of their {}"),
}


def _one_sided(
    posterior: xr.Dataset, curves: xr.Dataset, group: str, side: Side, cells: list[int], of_all: int
) -> Finding:
    """Return the caution about cells on one side of a half: bounds of the smallest and the largest of them."""
    axis = axis_of(curves)
    harms = _direction(posterior, axis, group) < 0
    above = (side == Side.KEPT) == harms  # where the half-point must lie
    table, _ = cell_table(curves)
    sizes = table[schema.PARAMS].values
    by_size = sorted(cells, key=lambda cell: sizes[cell])
    ends = dict.fromkeys([by_size[0], by_size[-1]])
    name = schema.COLLAPSE if harms else schema.ONSET
    bounds = [_bound(posterior[name].sel(group=group), axis, cell, above) for cell in ends]
    places = [f"{bound} at {size(float(sizes[cell]))} parameters" for bound, cell in zip(bounds, ends, strict=True)]
    of_score = bool(benchmarks(curves)[curves[schema.GROUP].values == group].any())
    whose = f"{group.replace('_', ' ')} {'score' if of_score else 'facts'}"
    no_size, some = _WHAT_HAPPENED[side, harms]
    each = "sizes" if len(np.unique(sizes)) == len(sizes) else "cells"
    some = some.format(f"{len(cells)} of {of_all} {each}", whose)
    return Finding(
        "edge_collapse",
        "warning",
        f"{no_size.format(whose) if len(cells) == of_all else some}: {name} lies {' and '.join(places)} (95 %).",
        f"Add runs {_further(axis, above)}.",
    )


def _bound(half_points: xr.DataArray, axis: Axis, cell: int, above: bool) -> str:
    """Return the 95 % bound of a cell's half-point on the sweep's axis."""
    value = np.quantile(half_points.isel(cell=cell).values, 0.05 if above else 0.95)
    return f"{'above' if above else 'below'} {_in_words(axis, value)}"


def _further(axis: Axis, above: bool) -> str:
    """Say on which side of the levels runs are missing."""
    if axis.coordinate == schema.FACTS:
        return f"with {'more' if above else 'fewer'} facts"
    return f"at a {'higher' if above else 'lower'} {axis.coordinate}"


def _in_words(axis: Axis, value: float) -> str:
    """Return a place on the axis: 1,000 facts, a ratio of 0.785; every ratio, if it is next to 0 or to 1."""
    if not axis.bounded:
        return f"{three_digits(value)} {axis.in_words}"
    return f"a {axis.coordinate} of {three_digits(value)}" if 0 < value <= _ALL else f"every {axis.coordinate}"


def _shares(curves: xr.Dataset, group: str) -> FloatArray:
    of_group = curves.sel(group=group)
    probed = of_group[schema.PROBED].values
    return np.where(probed > 0, of_group[schema.RECALLED].values / np.maximum(probed, 1), np.nan)


def _prior_driven(posterior: xr.Dataset, prior: xr.Dataset) -> list[Finding]:
    known = dict(scalars(prior, _JUDGED))
    said_little = {}
    for label, draws in scalars(posterior, _JUDGED):
        if known[label].std() > 0:
            ratio = _spread(label, draws) / _spread(label, known[label])
            if ratio > _PRIOR_DRIVEN:
                said_little[label] = ratio
    if not said_little:
        return []
    listed = ", ".join(f"{label} ({100 * ratio:.0f} %)" for label, ratio in said_little.items())
    return [
        Finding(
            "prior_driven",
            "note",
            f"The data barely inform these quantities (posterior sd as a share of the prior sd): {listed}.",
            "Check how conclusions change under another prior, or add sizes.",
        )
    ]


def _prior_sensitive(posterior: xr.Dataset, log_prior: xr.Dataset) -> list[Finding]:
    """Caution about the prior sensitivity of places on the axis and of exponents."""
    together = xr.Dataset({"all": sum(log_prior.data_vars.values())})
    moved = sensitivity(posterior, together, (*ON_AXIS, schema.EXPONENT))["all"]
    moved = moved[moved > SENSITIVE].sort_values(ascending=False)
    if moved.empty:
        return []
    listed = ", ".join(f"{label} ({value:.2f})" for label, value in moved.head(_LISTED).items())
    more = f" and {len(moved) - _LISTED} more" if len(moved) > _LISTED else ""
    return [
        Finding(
            "prior_sensitive",
            "note",
            f"The prior influences these quantities (power-scaling sensitivity above {SENSITIVE:g}): {listed}{more}.",
            way(
                "Find the prior with `Fit.sensitivity()`, and see the answer of `decide` under weaker priors.",
                "See the answer under weaker priors, which `decide` prints.",
            ),
        )
    ]


_LISTED = 6
_JUDGED = ("exponent", "curvature", "tau", "sigma_run", "steepness_exponent")


def _spread(label: str, draws: FloatArray) -> float:
    return float(np.log(draws).std() if label.startswith(("tau", "sigma_run")) else draws.std())


def _near_its_gate(gate: Gate) -> list[Finding]:
    """Caution about tests that were missed by little, where none was missed by more: that has a sentence of its own."""
    if not (gate.passed and gate.shortfalls):
        return []
    return [
        Finding(
            "sampled_thinly",
            "serious",
            f"The sampler missed a test by little: {'; '.join(gate.shortfalls)}.",
            "Sample for longer: more draws and more tuning steps.",
        )
    ]


def _correlated_seeds(gate: Gate) -> list[Finding]:
    if not (gate.seed_correlation > _CORRELATED and gate.seed_p_value < _SIGNIFICANT):
        return []
    return [
        Finding(
            "correlated_seeds",
            "warning",
            f"Run effects of two seeds at one level correlate at {gate.seed_correlation:.2f}: part of the run scatter "
            "is misfit of the curve.",
            "Add levels where retention falls, or try another shape.",
        )
    ]


def _assumed_by_import(curves: xr.Dataset) -> list[Finding]:
    """Cautions about values that an import assumed; relative exposures limit the possible conclusions."""
    assumed = json.loads(curves.attrs.get("import_assumed", "[]"))
    if not assumed:
        return []
    relative = curves.attrs.get("exposure_scale") == "relative"
    return [
        Finding(
            "assumed_by_import",
            "warning" if relative else "note",
            f"The import assumed values that the table does not contain: {'; '.join(assumed)}.",
            f"Do not interpret exposures or budgets; the {axis_of(curves).coordinate} is as in the table. The more "
            "often a fact was seen in truth, the less a minimum of exposures limits large models: map the terms that "
            "you know."
            if relative
            else "Map the fields that you know.",
        )
    ]
