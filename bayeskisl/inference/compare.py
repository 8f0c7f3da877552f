"""Comparison of laws by their predictions of left-out sizes, with a verdict on whether the data separate them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_fit, require_whole
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.card import card, escaped
from bayeskisl.curves import cell_table, further_covariates, reference_load
from bayeskisl.errors import InputError, way
from bayeskisl.inference.data import prepare
from bayeskisl.inference.densities import log_sum_exp
from bayeskisl.inference.domains import require_one_domain
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.inference.fit import fit_laws, sharer, teller
from bayeskisl.inference.left_out_cells import Likelihoods, kind, left_out_log_density, likelihoods_by_kind
from bayeskisl.inference.model import Model
from bayeskisl.inference.result import Fit
from bayeskisl.inference.sampler import Sampler, require_seed
from bayeskisl.inference.settings import Settings
from bayeskisl.inference.storage import REFIT, path_of, posterior_group
from bayeskisl.inference.weights import FLOOR, RELIABLE_PARETO_K, law_weights, leave_one_out
from bayeskisl.laws import Law
from bayeskisl.quantities import as_number

__all__ = ["Comparison", "compare"]


# Differences below four nats, or below two standard errors, do not separate (Sivula et al. 2020, arXiv:2008.10296).
_NATS, _ERRORS = 4.0, 2.0

# What a fit holds of each of its laws.
_OF_A_LAW = ("posterior", "sample_stats", "log_prior", "log_likelihood")


@dataclass(frozen=True, repr=False)
class Comparison:
    """Comparison of laws.

    Attributes
    ----------
    fit : Fit
        The first fit, with the laws of all fits and their weights: `bayeskisl.predict` and `bayeskisl.decide` answer
        from the mixture and also give the prediction of each law.
    pointwise : dict of numpy.ndarray
        Log predictive density of each cell left out, in nats, by law, shape ``(cell,)``.
    pareto_k : dict of numpy.ndarray
        Pareto k of the importance sampling of each left-out cell, by law, shape ``(cell,)``.
    refitted : dict of tuple
        Cells whose density comes from a refit without them, by law.
    largest : dict of float
        Joint log predictive density of the largest sizes, from a refit without them, by law; empty if none were left
        out.
    sizes : int
        Number of sizes in the data.
    cautions : tuple of str
        A sentence for each refit that failed its gate.
    """

    fit: Fit
    pointwise: dict[str, FloatArray]
    pareto_k: dict[str, FloatArray]
    refitted: dict[str, tuple[str, ...]]
    largest: dict[str, float]
    sizes: int
    cautions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.pointwise)} laws: {self.verdict}>"

    def _repr_html_(self) -> str:
        rows = [
            (row["law"], f"weight {row['weight']:.2f}, {row['behind']:.1f} nats behind the best")
            for row in self.table.iter_rows(named=True)
        ]
        return card("comparison of laws", escaped([("verdict", self.verdict), *rows]))

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the first law and of the laws that passed their gate; none falls below a floor."""
        return self.fit.weights

    @property
    def best(self) -> str:
        """The law that predicts left-out cells best."""
        return max(self.pointwise, key=lambda law: self.pointwise[law].sum())

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row per law, the best first: its score, the difference from the best and its standard error."""
        best = self.best
        behind = {law: self.pointwise[best] - each for law, each in self.pointwise.items()}
        return pl.DataFrame(
            [
                {
                    "law": law,
                    "gate": self.fit.gates[law].passed,
                    "elpd_cells": float(each.sum()),
                    "behind": float(behind[law].sum()),
                    "behind_se": float(np.sqrt(len(each)) * behind[law].std(ddof=1)) if len(each) > 1 else None,
                    "pareto_k": float(self.pareto_k[law].max()),
                    "refitted": len(self.refitted[law]),
                    "elpd_largest": self.largest.get(law),
                    "weight": self.weights.get(law, 0.0),
                }
                for law, each in self.pointwise.items()
            ]
        ).sort("behind")

    @property
    def unseparated(self) -> tuple[str, ...]:
        """Laws that these data cannot separate from the best one."""
        rows = self.table.iter_rows(named=True)
        return tuple(
            row["law"]
            for row in list(rows)[1:]
            if row["behind_se"] is None or row["behind"] < max(_NATS, _ERRORS * row["behind_se"])
        )

    @property
    def verdict(self) -> str:
        """Verdict of the comparison, in a sentence, followed by its cautions."""
        return " ".join([self._separation, *self.cautions])

    @property
    def _separation(self) -> str:
        best, others = self.best, self.unseparated
        if others:
            listed = ", ".join(f"'{law}'" for law in others)
            return (
                f"{self.sizes} sizes do not separate '{best}' from {listed}: less than {_NATS:g} nats or {_ERRORS:g} "
                "standard errors apart. Look at each law's own prediction; the truth may lie anywhere between them."
            )
        return f"'{best}' predicts left-out sizes better than every other law, as far as {self.sizes} sizes can tell."


def compare(
    fits: Fit | Sequence[Fit],
    *,
    refit: bool = True,
    largest: int = 1,
    floor: float = FLOOR,
    draws: int = 1000,
    seed: int = 0,
    cores: int | None = None,
    progress: bool | Callable[[str], None] = False,
) -> Comparison:
    """Compare laws by their predictions of whole left-out sizes.

    Leaving out single runs cannot judge a law of size, since the other runs of a size determine its threshold.
    Therefore whole cells are left out, with their run effects and scatter integrated out: by importance sampling from
    the posterior, or by a refit if that is unreliable. The largest sizes are always left out by refits, since the
    purpose of the law is to predict larger sizes.

    Parameters
    ----------
    fits : Fit or sequence of Fit
        Posteriors of the same curves; their rivals are compared too. A repeated law counts once.
    refit : bool
        Whether cells whose Pareto k exceeds 0.7 are left out by a refit; each refit takes as long as a fit.
    largest : int
        Number of the largest sizes that are left out together; 0 for none. At least three must remain.
    floor : float
        Share of the weights that is divided equally.
    draws, seed, cores : int, optional
        Settings of the refits, see `bayeskisl.fit`.
    progress : bool or callable
        True prints each stage to standard error; a callable receives its name.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If there are fewer than two laws, the fits are of different curves, two laws share a name, or too few sizes
        would remain.
    """
    require_seed(seed)
    fits = list(fits) if isinstance(fits, Sequence) and not isinstance(fits, str) else [fits]
    for each in fits:
        require_fit(each, "fits")
    curves, laws, posteriors = _of_one_sweep(fits)
    sizes = np.unique(curves[schema.PARAMS].values)
    require_whole(draws, "draws", 1)
    if not 0 <= as_number(largest) <= max(len(sizes) - 3, 0):
        raise InputError(
            f"at most {max(len(sizes) - 3, 0)} of {len(sizes)} sizes left out", largest, "largest", "use fewer"
        )
    settings = Settings(Sampler(draws, cores=cores), seed, teller(progress), sharer(progress), retry=True)
    named = {name: _named(posterior) for name, posterior in posteriors.items()}
    models = {name: Model(prepare(curves, law), law) for name, law in laws.items()}
    likelihoods = likelihoods_by_kind(((law, named[name], models[name].data) for name, law in laws.items()), seed)
    pointwise, pareto_k, refitted = {}, {}, {}
    cautions: list[str] = []

    @cache
    def without(cells: tuple[int, ...], name: str) -> float:
        left_out = np.array(cells)
        log_density, caution = _without(curves, laws[name], left_out, likelihoods[kind(laws[name])], settings)
        cautions.extend(caution)
        return log_density

    for name, law in laws.items():
        settings.tell(f"leaving sizes out under the law '{name}'")
        log_density = left_out_log_density(named[name], models[name], likelihoods[kind(law)], settings.sampler.threads)
        single = [leave_one_out(log_density[:, [cell]]) for cell in range(log_density.shape[1])]
        pointwise[name] = np.array([one.elpd for one in single])
        pareto_k[name] = np.array([one.pareto_k for one in single])
        poor = np.flatnonzero(pareto_k[name] > RELIABLE_PARETO_K) if refit else np.array([], dtype=int)
        for cell in poor:
            pointwise[name][cell] = without((int(cell),), name)
        refitted[name] = tuple(cell_table(curves)[0][schema.CELL].values[poor].tolist())
    of_largest = np.isin(cell_table(curves)[0][schema.PARAMS].values, sizes[len(sizes) - largest :])
    cells = tuple(np.flatnonzero(of_largest).tolist())
    at_the_top = {name: without(cells, name) for name in laws if largest}
    joined = _joined(fits, pointwise, floor)
    return Comparison(joined, pointwise, pareto_k, refitted, at_the_top, len(sizes), tuple(cautions))


def _of_one_sweep(fits: Sequence[Fit]) -> tuple[xr.Dataset, dict[str, Law], dict[str, xr.Dataset]]:
    """Return the curves, the laws and their posteriors."""
    laws: dict[str, Law] = {}
    posteriors: dict[str, xr.Dataset] = {}
    for fit in fits:
        require_one_domain(fit.tree)
        if "domain" in fit.tree.attrs:
            raise InputError("fits of these curves alone", "one domain of a fit of several", "compare",
                             "fit the domain's own curves")  # fmt: skip
        if not fit.curves.equals(fits[0].curves):
            raise InputError("fits of the same curves", "different ones", "compare", "fit every law to one file")
        if further_covariates(fit.curves) != further_covariates(fits[0].curves):
            raise InputError("fits whose laws distinguish the same cells", "laws of other covariates", "compare",
                             "name the same covariates in both law files")  # fmt: skip
        for name, law in fit.laws.items():
            if laws.setdefault(name, law).sha256 != law.sha256:
                raise InputError("one law of each name", f"two called '{name}'", "compare", "rename one of them")
            posteriors.setdefault(name, posterior_group(fit.tree, name))
    if len(laws) < 2:
        example = way("`fit(curves, rivals=['power'])`", "`bayeskisl fit curves.nc --rival power`")
        remedy = f"fit with a rival, as in {example}, or add a fit of another law"
        raise InputError("at least two laws", len(laws), "compare", remedy)
    return fits[0].curves, laws, posteriors


def _without(
    curves: xr.Dataset, law: Law, cells: IntArray, likelihoods: Likelihoods, settings: Settings
) -> tuple[float, list[str]]:
    """log p(counts of some cells | all others), from a refit without those cells, and a caution if its gate failed."""
    table, cell_of_run = cell_table(curves)
    without = f"'{law.name}' without {', '.join(table[schema.CELL].values[list(cells)])}"
    settings.tell(f"fitting {without}")
    rest = curves.isel(run=np.flatnonzero(~np.isin(cell_of_run, cells)))
    found = fit_laws(rest, law, [], settings, throw=False, light=True)
    refitted = found.tree
    tau = posterior_group(refitted, law.name)[schema.TAU]
    # without its own scatter, what is drawn at a cell is the law's line; the scatter is integrated out below
    refitted["posterior"] = refitted["posterior"].to_dataset().assign(tau=0 * tau)
    load = _load_at_half(curves, rest, law)
    log_density = np.zeros(tau.shape[0] * tau.shape[1])
    for cell in cells:
        place = {str(name): float(table[name][cell]) for name in table.data_vars}
        at = extrapolate(refitted, place[schema.PARAMS], place[schema.TOKENS], covariates=place, as_new=True)
        for group in range(tau.shape[2]):
            if (cell, group) in likelihoods:
                line = at["log_critical_exposures"] + load[cell, group] * at["load_effect"]
                line = line.values[..., group].ravel()
                log_density += likelihoods[cell, group].log_expectation(line, tau.values[..., group].ravel())
    caution = f"The refit of {without} failed its gate, so that its score is rough: {'; '.join(found.gate.reasons)}."
    mean = float(log_sum_exp(log_density[None], axis=1)[0] - np.log(len(log_density)))
    return mean, [] if found.gate.passed else [caution]


def _load_at_half(curves: xr.Dataset, rest: xr.Dataset, law: Law) -> FloatArray:
    """Log of the load at each cell's half-point, relative to the reference of the remaining runs, ``(cell, group)``."""
    data = prepare(curves, law)
    if data.load is None:
        return np.zeros((data.shape[2], data.shape[1]))
    return data.load.at_half + np.log(data.load.reference / reference_load(rest))


def _named(posterior: xr.Dataset) -> dict[str, FloatArray]:
    return {str(name): variable.values for name, variable in posterior.data_vars.items()}


def _joined(fits: Sequence[Fit], pointwise: dict[str, FloatArray], floor: float) -> Fit:
    """Return the first fit with the laws of the others as rivals, weighted by these scores."""
    first = fits[0]
    gates = {name: fit.gates[name].to_dict() for fit in reversed(fits) for name in fit.laws}
    laws = {name: law.to_dict() for fit in reversed(fits) for name, law in fit.laws.items()}
    usable = {name: pointwise[name] for name in pointwise if gates[name]["passed"] or name == first.law.name}
    tree = first.tree.drop_nodes(REFIT, errors="ignore")  # a refit has the laws of the first fit alone
    for fit in fits[1:]:
        for name in fit.laws:
            there, own = path_of(name, first.law.name), path_of(name, fit.law.name)
            if f"{there}posterior" not in tree:
                for group in _OF_A_LAW:
                    if f"{own}{group}" in fit.tree:
                        tree[f"{there}{group}"] = xr.DataTree(fit.tree[f"{own}{group}"].to_dataset())
    tree.attrs = {
        **first.tree.attrs,
        "laws": json.dumps({name: laws[name] for name in pointwise}),
        "gates": json.dumps({name: gates[name] for name in pointwise}),
        "weights": json.dumps(law_weights(usable, floor) if len(usable) > 1 else {first.law.name: 1.0}),
        "elpd_cells": json.dumps({name: float(each.sum()) for name, each in pointwise.items()}),
    }
    return Fit(tree)
