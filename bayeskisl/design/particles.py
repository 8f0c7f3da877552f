"""Particles of a fit: draws of its laws, with new thresholds and steepnesses for untrained cells.

Given the thresholds of a draw, the size law's coefficients are Gaussian (`bayeskisl.inference.coefficients`). All cells
of the fit are given, those of other domains and of other values of the covariates included.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves import cell_at, cell_table
from bayeskisl.curves.cells import budgets_tried
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.curves.groups import infused_group
from bayeskisl.decision.planned_model import PlannedModel, cells_like, of_target, planned_model
from bayeskisl.design.beliefs import Beliefs, Curve, Elsewhere, Infused, Place, Probe
from bayeskisl.design.law_draws import LawDraws, Noise, drawn
from bayeskisl.design.runs import Cell
from bayeskisl.design.typical_run import TypicalRun
from bayeskisl.errors import InputError
from bayeskisl.inference.domains import require_one_domain
from bayeskisl.inference.storage import posterior_group
from bayeskisl.laws import Law
from bayeskisl.laws.falls import typical_shape
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["PARTICLES", "believe", "planned_laws"]

# Particles share the laws by weight. On 48 runs of four sizes 8,000 leave 2 % of Monte Carlo error in the best gain.
PARTICLES = 8_000

_TYPICAL = ("concentration", "guess_concentration", "floor", "ceiling")


def planned_laws(fit: "Fit") -> dict[str, float]:
    """Weights of the laws that plans support: with a fall, and with one run scatter for all sizes."""

    def suits(law: Law) -> bool:
        return law.falls and "sigma_run_exponent" not in law.unbounded

    usable = {name: weight for name, weight in fit.weights.items() if suits(fit.laws[name])}
    if not usable:
        raise InputError("a fitted law with a collapse, of one run scatter for all sizes",
                         ", ".join(fit.weights), "fit", "fit 'limits' or 'power'")  # fmt: skip
    return usable


def believe(
    fit: "Fit",
    target: Target,
    cells: Iterable[Cell | tuple[float, float]],
    *,
    particles: int = PARTICLES,
    seed: int = 0,
) -> Beliefs:
    """Return particles of a fit's law mixture, with a place for every cell that may get a run.

    Parameters
    ----------
    fit : Fit
        A fit; with several domains the whole fit, since their runs inform each other.
    target : Target
        The model that is planned.
    cells : iterable of tuple
        ``(params, tokens)`` or `Cell` of every candidate. Everything else is as in the target: under a law of depth,
        candidates have its depth. Candidates of another domain have what its runs hold fixed.
    particles : int
        How many, all laws together.
    seed : int
        Seed of the new thresholds and steepnesses.

    Raises
    ------
    InputError
        If the target was trained, the target or a cell differs from the sweep in what the sweep never varied, no
        fitted law can be planned with, the fit is of several domains and the target names none, or a cell is in a
        domain that the fit lacks or that is not probed for what the target can lose.
    """
    if target.domain is None:
        require_one_domain(fit.tree)
    ours, planned = of_target(fit, target)
    _refuse_trained(planned, ours)
    wanted = sorted({_named(Cell(*cell), target) for cell in cells})
    realm = _Realm.of(fit, target, planned, wanted)
    _require_known_budgets(wanted, fit)
    weights, rng = planned_laws(fit), np.random.default_rng(seed)
    edges = np.cumsum([0.0, *weights.values()]) / sum(weights.values())
    counts = np.diff(np.round(edges * particles).astype(int))
    used = {name: _particles_of(fit, name, int(count), rng) for name, count in zip(weights, counts, strict=True)}
    first = np.cumsum([0, *(_draws_of(fit, name) for name in weights)])
    laws = {
        group: [LawDraws.of(fit, name, group, used[name], planned.held_fixed, target.domain) for name in weights]
        for group in _harmed_first(planned)
    }
    seen = realm.seen(laws[planned.group][0])
    parts = [_law_particles(of_groups, realm, seen, wanted, rng) for of_groups in zip(*laws.values(), strict=True)]
    joined = _joined(_of_equal_width([named for named, _ in parts]))
    probes = {
        group: _probe(draws, realm, wanted, [of_law[group] for _, of_law in parts]) for group, draws in laws.items()
    }
    own, rows = probes.pop(planned.group), joined.pop("rows")
    return Beliefs(
        target=planned,
        laws=tuple(weights),
        law=np.repeat(np.arange(len(counts)), counts),
        draw=np.concatenate([start + ours for start, ours in zip(first, used.values(), strict=False)]),
        binding=joined.pop("binding").astype(int),
        target_row=rows[:, -1],
        sigma_run=own.sigma_run,
        load_effect=own.load_effect,
        typical=own.typical,
        places={
            cell: Place(**vars(own.curves[cell]), row=rows[:, i], seen=cell in seen) for i, cell in enumerate(wanted)
        },
        others=tuple(probes.values()),
        infused=_infused(laws, probes, planned, seed),
        elsewhere=own.elsewhere,
        **joined,
    )


def _named(cell: Cell, target: Target) -> Cell:
    """Return a cell with the name of its domain, the target's unless it names another; no name in a fit of one."""
    return Cell(float(cell.params), float(cell.tokens), cell.domain or target.domain or "")


@dataclass(frozen=True)
class _Realm:
    """The planned model, and what runs of other domains hold fixed, by domain."""

    domain: str
    target: PlannedModel
    elsewhere: Mapping[str, PlannedModel]

    @classmethod
    def of(cls, fit: "Fit", asked: Target, planned: PlannedModel, cells: Iterable[Cell]) -> "_Realm":
        own = asked.domain or ""
        others = sorted({cell.domain for cell in cells} - {own})
        return cls(own, planned, {name: _planned_elsewhere(fit, asked, planned, name) for name in others})

    def at(self, cell: Cell) -> PlannedModel:
        """Return the model of a cell."""
        return replace(self.elsewhere.get(cell.domain, self.target), params=cell.params, tokens=cell.tokens)

    def law(self, law: LawDraws, domain: str) -> LawDraws:
        """Return draws of a law for places of a domain."""
        return law.there(domain, self.elsewhere[domain].held_fixed) if domain in self.elsewhere else law

    def seen(self, law: LawDraws) -> dict[Cell, int]:
        """Return the trained cells that differ from the target only in size, budget and domain, and their indices."""
        return {
            cell: index
            for name, planned in {self.domain: self.target, **self.elsewhere}.items()
            for cell, index in _seen_cells(self.law(law, name), planned, name).items()
        }


def _planned_elsewhere(fit: "Fit", asked: Target, planned: PlannedModel, domain: str) -> PlannedModel:
    """Return the target with what runs of another domain hold fixed; runs that probe another group are refused."""
    curves = curves_of_domain(fit.curves, domain)
    there = planned_model(curves, replace(asked, tokens=planned.tokens, domain=domain, prior_driven=True))
    if there.group != planned.group:
        raise InputError(f"runs that probe the group '{planned.group}'", f"those of {domain!r}, which show the group "
                         f"'{there.group}'", schema.DOMAIN, "leave the domain out")  # fmt: skip
    return there


def _particles_of(fit: "Fit", law: str, count: int, rng: np.random.Generator) -> IntArray:
    """Choose the draws of a law that become particles, in random order, with repetition if there are too few."""
    total = _draws_of(fit, law)
    return np.concatenate([rng.permutation(total) for _ in range(-(-count // total) or 1)])[:count]


def _draws_of(fit: "Fit", law: str) -> int:
    sizes = posterior_group(fit.tree, law).sizes
    return sizes["chain"] * sizes["draw"]


def _harmed_first(target: PlannedModel) -> list[str]:
    """Probed groups, the harmed group first."""
    return [target.group, *(group for group in target.groups if group != target.group)]


def _law_particles(
    of_groups: Sequence[LawDraws], realm: _Realm, seen: Mapping[Cell, int], cells: list[Cell],
    rng: np.random.Generator,
) -> tuple[dict[str, FloatArray], dict[str, list[Curve]]]:  # fmt: skip
    """Arrays ``(particle, ...)`` about the target under one law, and the curves of every cell by group."""
    target = realm.target
    moments = [law.coefficient_moments() for law in of_groups]
    noise = Noise(np.column_stack([centre for centre, _ in moments]), rng)
    coefficients = [drawn(*each, noise) for each in moments]
    law, (centre, root) = of_groups[0], moments[0]
    threshold, steepness = law.fresh(target.params, target.tokens, coefficients[0], noise)
    own = Cell(target.params, target.tokens, realm.domain)
    rows = np.stack([realm.law(law, cell.domain).row(cell.params, cell.tokens) for cell in [*cells, own]])
    named = {
        "centre": centre,
        "covariance": root @ np.swapaxes(root, -1, -2),
        "coefficients": coefficients[0],
        "tau": law.draws["tau"],
        "target_fresh": threshold - coefficients[0] @ rows[-1] + law.draws["sigma_run"] * noise(),
        "target_steepness": steepness,
        "target_at_load": _at_load(target, law, threshold),
        "binding": law.binding(target.params, target.tokens),
        "rows": np.repeat(rows[None], len(centre), axis=0),
    }
    return named, {
        law.group: [
            _curve(realm.law(law, cell.domain), realm.at(cell), seen.get(cell), drawn_here, noise) for cell in cells
        ]
        for law, drawn_here in zip(of_groups, coefficients, strict=True)
    }


def _curve(law: LawDraws, at: PlannedModel, index: int | None, coefficients: FloatArray, noise: Noise) -> Curve:
    """The curve of a cell: from the posterior if it was trained, else newly drawn."""
    if index is None:
        threshold, steepness = law.fresh(at.params, at.tokens, coefficients, noise)
    else:
        threshold, steepness = law.log_thresholds[:, index], law.draws["steepness"][:, index]
    return Curve(threshold, steepness, _at_load(at, law, threshold))


def _at_load(at: PlannedModel, law: LawDraws, log_threshold: FloatArray) -> FloatArray:
    """Return the effect of the load at a place's typical half-point on log e50, ``(particle,)``."""
    effect = law.draws["load_effect"]
    if not effect.any() or not at.axis.moves(law.group, knows_load=True):
        return 0 * effect
    typical = np.median(at.infusion(log_threshold, law.group, load_effect=effect))
    return at.log_exposures(typical, law.group) - at.log_exposures(typical, law.group, load_effect=effect)


def _probe(draws: Sequence[LawDraws], realm: _Realm, cells: list[Cell], curves: list[list[Curve]]) -> Probe:
    """One group in every cell, with the laws concatenated."""
    of_cells = [Curve(**_joined([vars(curve) for curve in of_cell])) for of_cell in zip(*curves, strict=True)]
    return Probe(
        group=draws[0].group,
        target=realm.target,
        curves=dict(zip(cells, of_cells, strict=True)),
        sigma_run=np.concatenate([law.draws["sigma_run"] for law in draws]),
        load_effect=np.concatenate([law.draws["load_effect"] for law in draws]),
        typical=_typical(draws),
        elsewhere={
            name: Elsewhere(planned, _typical([realm.law(law, name) for law in draws]))
            for name, planned in realm.elsewhere.items()
        },
    )


def _typical(draws: Sequence[LawDraws]) -> TypicalRun:
    """Return a typical run of the laws' domain."""
    medians = {name: float(np.median(np.concatenate([law.typical(name) for law in draws]))) for name in _TYPICAL}
    shape = typical_shape([law.shape for law in draws], [len(law.draws["tau"]) for law in draws])
    return TypicalRun(**medians, shape=shape)


def _infused(
    laws: Mapping[str, Sequence[LawDraws]], probes: Mapping[str, Probe], target: PlannedModel, seed: int
) -> Infused | None:
    """The infused facts, under the same draws as the harmed group."""
    taught = infused_group(laws)
    if taught is None or target.group in schema.OF_INFUSED:
        return None
    rng, draws = np.random.default_rng([seed, 1]), laws[taught]
    thresholds, steepnesses = zip(*(_one_run_of_target(law, target, rng) for law in draws), strict=True)
    return Infused(np.concatenate(thresholds), np.concatenate(steepnesses), probes[taught].typical)


def _one_run_of_target(law: LawDraws, target: PlannedModel, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    centre, root = law.coefficient_moments()
    noise = Noise(centre, rng)
    log_threshold, steepness = law.fresh(target.params, target.tokens, drawn(centre, root, noise), noise)
    return log_threshold + law.draws["sigma_run"] * noise(), steepness


def _joined(parts: Sequence[Mapping[str, FloatArray]]) -> dict[str, FloatArray]:
    """Concatenated arrays of the same names."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_equal_width(parts: list[dict[str, FloatArray]]) -> list[dict[str, FloatArray]]:
    """Pad laws with fewer coefficients by coefficients of zero, which multiply nothing."""
    most = max(part["centre"].shape[-1] for part in parts)

    def widened(name: str, values: FloatArray) -> FloatArray:
        lacking = most - values.shape[-1]
        own = {"covariance": 2, "centre": 1, "coefficients": 1, "rows": 1}.get(name, 0)
        return np.pad(values, [(0, 0)] * (values.ndim - own) + [(0, lacking)] * own) if own else values

    return [{name: widened(name, values) for name, values in part.items()} for part in parts]


def _seen_cells(law: LawDraws, target: PlannedModel, domain: str) -> dict[Cell, int]:
    """Indices of a domain's trained cells that differ from a model only in size and budget."""
    table = law.size.cells
    sizes, budgets = (table[name].values.astype(float) for name in (schema.PARAMS, schema.TOKENS))
    like = np.intersect1d(cells_like(target, table), law.size.ours)
    return {Cell(float(sizes[i]), float(budgets[i]), domain): int(i) for i in like}


def _refuse_trained(target: PlannedModel, fit: "Fit") -> None:
    """Refuse a trained target: runs of other sizes reach it through the law, and its own runs outweigh the law."""
    if cell_at(cell_table(fit.curves)[0], {**target.everything_else, schema.PARAMS: target.params}) is not None:
        raise InputError("a target that was not trained", f"the trained size {target.params:,.0f}", "plan",
                         "add runs of the target itself around its choice")  # fmt: skip


def _require_known_budgets(cells: list[Cell], fit: "Fit") -> None:
    for domain in sorted({cell.domain for cell in cells}):
        budgets = budgets_tried(fit.curves, domain or None).tolist()
        other = sorted({cell.tokens for cell in cells if cell.domain == domain} - set(budgets))
        if len(budgets) == 1 and other:
            raise InputError(f"candidates at the only token budget of the sweep, {budgets[0]:,.0f}",
                             f"{other[0]:,.0f}", schema.TOKENS, "sweep a second budget first")  # fmt: skip
