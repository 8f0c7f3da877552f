"""Beliefs about the target, and the value of one more run by its possible outcomes.

A run's outcome y has probability P(y | particle). Under scenario weights W (one row per imagined history of outcomes of
runs that are planned but not trained), the expected reduction of the variance of the target's mean m is

    sum_y (sum_s W_s P(y | s) (m_s - E m))^2 / sum_s W_s P(y | s),

the variance, over outcomes, of the mean that would then be believed. The square is the product of two halves of the
posterior draws: the noise of one half, squared, would count as a gain.

Outcomes are counts of the group that over-infusion harms. Imagined counts of the other probe groups as well would wear
the draws out several times as fast, for the little that they say of that group. What they remove of the variance that
is left is taken from the linearised law, which needs no outcomes.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import xlogy

from bayeskisl import schema
from bayeskisl.arrays import Float32Array, FloatArray
from bayeskisl.cores import available_cores
from bayeskisl.design.beliefs import Beliefs
from bayeskisl.design.linearised import Linearised
from bayeskisl.design.outcomes import outcomes_of
from bayeskisl.design.probing import Probing
from bayeskisl.design.runs import Cell, Run

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SCENARIOS", "WORTH_WHILE", "Outlook", "Score", "kept_at"]

Score = Literal["variance", "information", "regret"]

# A plan that narrows the interval by less than this share is not worth a night of anybody's machine.
WORTH_WHILE = 0.02
# Imagined histories that stand for the outcomes of planned runs.
SCENARIOS = 32
# Bins of the target's line for the expected information, and choices among which the regret's optimum is sought.
_BINS, _CHOICES = 8, 48
_TINY = 1e-30


@dataclass(frozen=True)
class Outlook:
    """Beliefs, and imagined outcomes of the runs planned so far.

    Parameters
    ----------
    beliefs : Beliefs
        Conditioned on the thresholds of all cells that have a planned run.
    curves : xarray.Dataset
        Fitted curves of all domains, for the questions that a run would be asked.
    weight : numpy.ndarray
        Weight of every particle in every scenario, ``(scenario, particle)``; rows sum to one.
    linear : Linearised
        The linearised law after the planned runs.
    reducible : float
        Variance of log e50 at the target that runs of other sizes could remove before anything was planned.
    by_draws : float
        Variance of log e50 at the target that counts of the target's group are expected to remove.
    left_by_others : float
        Share of the rest that counts of the other groups leave.
    """

    beliefs: Beliefs
    curves: "xr.Dataset"
    weight: Float32Array
    linear: Linearised
    reducible: float
    by_draws: float = 0.0
    left_by_others: float = 1.0

    @classmethod
    def of(cls, beliefs: Beliefs, curves: "xr.Dataset") -> "Outlook":
        """Return the outlook without planned runs."""
        particles = len(beliefs.law)
        weight = np.full((1, particles), 1 / particles, dtype=np.float32)
        return cls(beliefs, curves, weight, Linearised.of(beliefs, Probing.of(curves)), beliefs.reducible_variance)

    @property
    def removed(self) -> float:
        """Variance of log e50 at the target that the planned runs are expected to remove."""
        return self.reducible - self._left(self.by_draws, self.left_by_others)

    def likelihood(self, run: Run) -> Float32Array:
        """P(outcome bin | particle) of the target's group, ``(particle, bin)``."""
        beliefs, place = self.beliefs, self.beliefs.places[run.cell]
        probed = self.linear.probing.facts(run, beliefs.target.group)
        table = outcomes_of(probed, run.replicates, beliefs.probes[0].typical_of(run.cell))
        return table.likelihood(beliefs.ahead(run.cell, run.level), place.steepness * beliefs.sigma_run)

    def gain(self, run: Run, score: Score = "variance") -> float:
        """Expected gain of one more run: variance in squared log units, nats, or retained facts.

        The last counts what the target's own group says, and nothing of the others.
        """
        likelihood = self.likelihood(run)
        if score == "regret":
            return self._regret(likelihood)
        others = self.linear.share_of_others(run)
        if score == "information":  # of a Gaussian whose variance falls by that share
            return self._information(likelihood) - 0.5 * float(np.log1p(-min(others, 1 - 1e-12)))
        after = self._left(self.by_draws + self._variance(run, likelihood), self.left_by_others * (1 - others))
        return self._left(self.by_draws, self.left_by_others) - after

    def _left(self, by_draws: float, by_others: float) -> float:
        return max(self.reducible - by_draws, 0.0) * by_others

    def gains(self, runs: Sequence[Run], score: Score = "variance") -> list[float]:
        """Return the gain of each of many runs, one run per core; repeated calls use the cache."""
        new = [run for run in runs if (run, score) not in self._gains]
        with ThreadPoolExecutor(available_cores()) as pool:
            found = pool.map(lambda run: self.gain(run, score), new)
            self._gains.update({(run, score): gain for run, gain in zip(new, found, strict=True)})
        return [self._gains[run, score] for run in runs]

    def width(self, further: float = 0.0) -> float:
        """Expected width of the 90 % interval after the planned runs, with `further` variance removed.

        The floor stays; what lies above it shrinks with the reducible standard deviation.
        """
        now, floor = self.beliefs.width
        left = max(1 - (self.removed + further) / self.reducible, 0.0)
        return float(np.sqrt(floor**2 + max(now**2 - floor**2, 0.0) * left))

    def narrows(self, before: "Outlook") -> bool:
        """Whether the interval is narrower than in another outlook by a share that is worth a run."""
        return self.width() <= (1 - WORTH_WHILE) * before.width()

    @cached_property
    def effective_draws(self) -> float:
        """Median over scenarios of 1 / sum of squared weights of the posterior draws."""
        weight = np.stack([np.bincount(self.beliefs.draw, each) for each in self.weight])
        return float(np.median(1 / np.sum(weight**2, axis=1)))

    def after(self, run: Run, rng: np.random.Generator) -> "Outlook":
        """Return the outlook with `run` planned as well: an outcome is imagined in every scenario."""
        likelihood = self.likelihood(run)
        by_draws = self.by_draws + self._variance(run, likelihood)
        left_by_others = self.left_by_others * (1 - self.linear.share_of_others(run))
        weight = np.repeat(self.weight, SCENARIOS, axis=0) if len(self.weight) == 1 else self.weight
        predictive = np.cumsum((weight @ likelihood).astype(np.float64), axis=1)
        # stratified over scenarios, in random order, so that few scenarios represent the predictive distribution
        chance = (rng.permutation(len(weight)) + rng.random(len(weight))) / len(weight)
        bins = np.array([np.searchsorted(row, c * row[-1]) for row, c in zip(predictive, chance, strict=True)])
        weight = weight * likelihood.T[bins]
        weight /= weight.sum(axis=1, keepdims=True)
        return replace(
            self,
            beliefs=self.beliefs.knowing(run.cell),
            weight=weight,
            linear=self.linear.after(run),
            by_draws=by_draws,
            left_by_others=left_by_others,
        )

    def _variance(self, run: Run, likelihood: Float32Array) -> float:
        mean = self._mean_knowing(run.cell)
        one, other = (_moves(self.weight[:, half], mean[half], likelihood[half]) for half in self.beliefs.halves)
        chance = one[0] + other[0]
        return max(float(np.mean(np.sum(chance * one[1] * other[1], axis=1, dtype=np.float64))), 0.0)

    def _information(self, likelihood: Float32Array) -> float:
        """Mutual information of the outcome and the bin of the target's line."""
        total = 0.0
        for weight in self.weight:
            given = np.stack([(weight * inside) @ likelihood for inside in self._bins])  # (bin, outcome)
            joint = given.astype(np.float64)
            margins = [xlogy(each, each).sum() for each in (joint.sum(axis=1), joint.sum(axis=0))]
            total += float(xlogy(joint, joint).sum() + xlogy(joint.sum(), joint.sum()) - sum(margins))
        return total / len(self.weight)

    def _regret(self, likelihood: Float32Array) -> float:
        """Value of the outcome for a choice by expected retained facts.

        Half of the draws choose and the other half judge: a maximum over noisy means flatters itself.
        """
        one, other = self.beliefs.halves
        gains = []
        for chooses, judges in ((one, other), (other, one)):
            for weight in self.weight:
                told = [(likelihood[h] * weight[h, None]).T @ self._kept[h] for h in (chooses, judges)]
                blind = int(np.argmax(told[0].sum(axis=0)))
                best = np.argmax(told[0], axis=1)
                informed = told[1][np.arange(len(best)), best].sum()
                gains.append((informed - told[1].sum(axis=0)[blind]) / weight[judges].sum())
        return float(np.mean(gains))

    @cached_property
    def _gains(self) -> dict[tuple[Run, Score], float]:
        return {}

    @cached_property
    def _means(self) -> dict[Cell, Float32Array]:
        return {}

    def _mean_knowing(self, cell: Cell) -> Float32Array:
        if cell not in self._means:
            self._means[cell] = self.beliefs.mean_knowing(self.beliefs.places[cell]).astype(np.float32)
        return self._means[cell]

    @cached_property
    def _bins(self) -> Float32Array:
        """Return the particles in each bin of equal probability, ``(bin, particle)``."""
        line = self.beliefs.target_line
        inner = np.quantile(line, np.arange(1, _BINS) / _BINS)
        return (np.searchsorted(inner, line) == np.arange(_BINS)[:, None]).astype(np.float32)

    @cached_property
    def _kept(self) -> Float32Array:
        """Facts retained at the target at each of some choices, infused and background, ``(particle, choice)``."""
        threshold = self.beliefs.target_line + self.beliefs.target_fresh
        return kept_at(self.beliefs, threshold, slice(None), threshold, _CHOICES)[1].astype(np.float32)


def _moves(
    weight: Float32Array, mean: Float32Array, likelihood: Float32Array
) -> tuple[Float32Array, Float32Array]:  # fmt: skip
    """Chance of each outcome under some particles, and how far it moves their mean, ``(scenario, outcome)``."""
    believed = (weight @ mean) / np.maximum(weight.sum(axis=1), _TINY)
    chance = weight @ likelihood
    return chance, (weight * (mean - believed[:, None])) @ likelihood / np.maximum(chance, _TINY)


def kept_at(
    beliefs: Beliefs, threshold: FloatArray, some: slice, believed: FloatArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Infusions around the fall at the target, and the facts retained there, infused and background.

    Parameters
    ----------
    beliefs : Beliefs
    threshold : numpy.ndarray
        log e50 of one run of the target on its axis, shape ``(particle,)``.
    some : slice
        The particles that are meant.
    believed : numpy.ndarray
        log e50 of one run as believed today, which sets the range of the infusions.
    count : int

    Returns
    -------
    choices, kept : numpy.ndarray
        Shapes ``(choice,)`` and ``(particle, choice)``.
    """
    target, infused = beliefs.target, beliefs.infused
    choices = _choices(beliefs, believed, count)
    ahead = target.log_exposures(choices) - threshold[:, None]
    share = beliefs.typical.known(beliefs.target_steepness[some, None] * ahead)
    facts = target.place(choices)[schema.FACTS]
    if infused is None and target.group in schema.OF_INFUSED:
        return choices, facts * share
    kept = target.held_fixed[schema.BACKGROUND_FACTS] * share
    if infused is None:
        return choices, kept
    effect = beliefs.load_effect[some, None]
    ahead = target.log_exposures(choices, schema.INFUSED, load_effect=effect) - infused.log_threshold[some, None]
    return choices, facts * infused.typical.known(infused.steepness[some, None] * ahead) + kept


def _choices(beliefs: Beliefs, threshold: FloatArray, count: int) -> FloatArray:
    """Infusions around the fall and, if infused facts have to be learned first, from the least one up to it."""
    target, alone = beliefs.target, beliefs.infused is None
    around = count if alone else count // 2
    low, middle, high = np.quantile(threshold, [0.02, 0.5, 0.98])
    choices = target.infusion(middle + np.linspace(-0.8, 1.2, around) * max(high - low, 0.5))
    if alone:
        return choices
    least, most = target.range
    choices = np.clip(choices, least, most)
    from_least = np.linspace(target.to_line(np.array(least)), target.to_line(choices.max()), around)
    return np.concatenate([target.from_line(from_least), choices])
