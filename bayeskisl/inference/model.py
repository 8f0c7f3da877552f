"""The model of a law for given curves: its sampled variables, without quantities that can be derived later."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.inference.correlation import pairs
from bayeskisl.inference.curve_of_size import CurveOfSize
from bayeskisl.inference.data import ModelData, prepare, suited
from bayeskisl.inference.freedom import Freedoms, freedoms
from bayeskisl.inference.given import COEFFICIENT, PAIR, POINT, QUANTITY, Given, GivenLoad
from bayeskisl.inference.lines import Line
from bayeskisl.inference.load import on_axis_stretch
from bayeskisl.inference.points import Points, points_of
from bayeskisl.inference.rough import rough_inputs
from bayeskisl.laws import Law, LimitsLaw

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["Lines", "Model", "build_model", "labels_of"]


def build_model(curves: xr.Dataset, law: Law) -> "pm.Model":
    """Build the model of `law` for validated retention curves.

    Its free variables, with dims:

    ``tau, sigma_run, concentration, guess_concentration, floor_excess (group)``, and the parameters of the fall
        Size scatter, run scatter, beta-binomial concentrations of knowledge and of guesses, recall above guessing.
    ``steepness_scatter, lapse_intercept, lapse_scatter (group)``, ``lapse_z (cell, group)``
        logit(lapse) = intercept + scatter z; ceiling = 1 - lapse (1 - floor).
    ``threshold_place, steepness_place (cell, group)``
        log critical exposures and log steepness along their laws, whose coefficients are integrated out, in the
        coordinates of `bayeskisl.inference.lines`.

    Effects of single runs are integrated out, see `bayeskisl.inference.run_counts`, and drawn afterwards, see
    `bayeskisl.inference.run_effects`.

    In a law with a prior of it there is ``sigma_run_exponent (group)``, by which the run scatter grows with size.

    In a law with limits the coefficients are sampled, ``coefficient_place (coefficient, group)``, see
    `bayeskisl.inference.curve_of_size`, and ``threshold_place`` is partly centred on the law.

    With several groups there is also:

    ``common (quantity)``
        Common part of the groups in every prior above but ``floor_excess``, as standard normals. A quantity of a group
        is mean + sd (sqrt(pooling) common + sqrt(1 - pooling) own): its prior is that of a single group, and two groups
        correlate by the law's `pooling`.

    Counts, exposures, laws and priors are ``pm.Data``, see `bayeskisl.inference.given.Given`, so that compiled code is
    used again.
    """
    law = suited(law, curves)
    return Model(prepare(curves, law), law).in_pymc()


@dataclass(frozen=True)
class Lines:
    """The two laws over cells: log critical exposures, and log steepness against log size."""

    threshold: Line | CurveOfSize
    steepness: Line

    def __getitem__(self, name: str) -> Line:
        """Return a linear law by its name."""
        line = getattr(self, name)
        assert isinstance(line, Line)
        return line

    def common_of_threshold(self, common: FloatArray | None) -> FloatArray | None:
        """Return the common part of the threshold's coefficients, ``(..., column)``; None for a single group."""
        if common is None:
            return None
        last = common.shape[-1] - len(self.steepness.mean)
        return common[..., last - len(self.threshold.mean) : last]


@dataclass(frozen=True, eq=False)
class Model:
    """A law and its data, with quantities that follow from both, computed once.

    Parameters
    ----------
    data : ModelData
        The curves, prepared for the law.
    law : Law
        Structure and priors.
    point_count : int, optional
        See `bayeskisl.inference.points.points_of`.
    likely : numpy.ndarray, optional
        Log critical exposures near the mode, shape ``(cell, group)``, see
        `bayeskisl.inference.curve_of_size.CurveOfSize`.
    """

    data: ModelData
    law: Law
    point_count: int | None = None
    likely: FloatArray | None = None

    def resized(self, runs: int, points: int, cells: int) -> "Model":
        """Return the model with given numbers of runs, points and cells, see `ModelData.resized`."""
        return Model(self.data.resized(runs, cells), self.law, points)

    def near(self, likely: FloatArray) -> "Model":
        """Return the model with coordinates that suit likely log critical exposures, ``(cell, group)``."""
        return replace(self, likely=likely)

    def in_pymc(self) -> "pm.Model":
        """Return the model in PyMC."""
        from bayeskisl.inference.with_pymc import pymc_model

        return pymc_model(self.given, self.labels, self.law)

    @cached_property
    def structure(self) -> tuple[Any, ...]:
        """Return the parts of data and law that are compiled into the model; equal structures share compiled code.

        Numbers of runs, points and cells are not among them: the code takes them when it runs.
        """
        law, columns = self.law, len(self.data.size_law.columns)
        tied = law.priors.floor_excess.tied
        return self.data.shape[1], columns, law.shape, tied, law.has_limits, law.knows_load, law.unbounded

    @cached_property
    def labels(self) -> dict[str, list[Any]]:
        """Names along every dim of the model."""
        return {**labels_of(self.data), POINT: list(range(len(self.points.run)))}

    @cached_property
    def points(self) -> Points:
        """Groups of coinciding runs."""
        return points_of(self.data, self.point_count)

    @cached_property
    def freedoms(self) -> Freedoms:
        """Return the share of the prior in each latent quantity."""
        return freedoms(self.data, self.law)

    @cached_property
    def lines(self) -> Lines:
        """The laws over cells."""
        return _lines(self.data, self.law, self.freedoms, self.likely)

    @cached_property
    def given(self) -> Given:
        """Return the inputs of the model: any data and law of the same `structure` fit the compiled code."""
        return _given(self)


def _lines(data: ModelData, law: Law, free: Freedoms, likely: FloatArray | None) -> Lines:
    size_law, priors = data.size_law, law.priors
    # of the prior's variance, what groups have in common and what each has for itself; one group has all for itself
    pooling = law.pooling if data.shape[1] > 1 else 0.0
    common, own = np.sqrt(pooling), np.sqrt(1 - pooling)
    of_load = 0.0 if data.load is None else np.log(on_axis_stretch(_typical_effect(law, data), data.load.share))
    on_size = np.stack([np.ones_like(data.log_size), data.log_size], axis=1)
    mean = np.array([priors.steepness.log_median, priors.steepness_exponent.mean])
    sd = np.array([priors.steepness.log_sd, priors.steepness_exponent.sd])
    typical = np.tile((on_size @ mean)[:, None], (1, data.shape[1]))
    of_size = (
        size_law.mean,
        own * size_law.sd,
        common * size_law.sd,
        data.rough_threshold,
    )
    threshold: Line | CurveOfSize
    if isinstance(size_law, LimitsLaw):
        threshold = CurveOfSize(size_law.design(data.covariates), *of_size, free.threshold, likely)
    else:
        design, _ = size_law.linear_at(size_law.mean, data.covariates)
        threshold = Line(design, *of_size, free.typical_threshold, priors.tau.median)
    steepness = Line(
        on_size,
        mean,
        own * sd,
        common * sd,
        np.where(data.is_real[:, None], typical + of_load, 0.0),
        free.steepness,
        priors.steepness_scatter.median,
    )
    return Lines(threshold, steepness)


def _given(model: Model) -> Given:
    data, law, priors = model.data, model.law, model.law.priors
    several, load, point = data.shape[1] > 1, data.load, model.points.run
    return Given(
        recalled=data.recalled,
        probed=data.probed,
        log_exposures=data.log_exposures[point],
        guessing=data.guessing,
        uninfused=data.uninfused,
        cell_of_point=data.cell_of_run[point],
        point_of_run=model.points.of_run,
        rough=rough_inputs(data, law),
        threshold=model.lines.threshold.given(data.is_real),
        steepness=model.lines.steepness.given(data.is_real),
        prior=_priors(law, data.is_benchmark),
        load=None
        if load is None
        else GivenLoad(load.ahead[point], load.at_half, load.share, load.typical_share, load.counts),
        floor_excess_b=None if priors.floor_excess.tied else np.array(priors.floor_excess.b),
        pooling=np.array(law.pooling) if several else None,
        log_size=None if priors.sigma_run_exponent is None else data.log_size,
    )


def _priors(law: Law, is_benchmark: BoolArray) -> dict[str, FloatArray]:
    """Mean and standard deviation of each quantity of a group, of its logarithm if it is positive, ``(2,)``.

    Those of the lapse differ between facts and benchmarks, ``(2, group)``.
    """
    priors = law.priors
    positive = {name: getattr(priors, name) for name in law.positive}
    found = {name: np.array([prior.log_median, prior.log_sd]) for name, prior in positive.items()}
    of_facts, of_benchmarks = priors.lapse, priors.benchmark_lapse or priors.lapse
    lapses = [of_benchmarks if benchmark else of_facts for benchmark in is_benchmark]
    found["lapse_intercept"] = np.array([[_logit(each.median), each.log_sd] for each in lapses]).T
    if priors.sigma_run_exponent is not None:
        found["sigma_run_exponent"] = np.array([priors.sigma_run_exponent.mean, priors.sigma_run_exponent.sd])
    return found


def labels_of(data: ModelData) -> dict[str, list[Any]]:
    """Names along every dim of the model."""
    groups, columns = data.labels[schema.GROUP], data.size_law.columns
    sampled = {COEFFICIENT: list(columns)} if isinstance(data.size_law, LimitsLaw) else {}
    labels = {**data.labels, **sampled}
    if len(groups) == 1:
        return labels
    quantities = [*data.positive, *data.unbounded, *columns, "steepness_intercept", "steepness_exponent"]
    return {
        **labels,
        PAIR: [f"{groups[j]} ~ {groups[i]}" for i, j in pairs(len(groups))],
        QUANTITY: quantities,
    }


def _typical_effect(law: Law, data: ModelData) -> FloatArray:
    """Effect of the load at the median of its prior, ``(group,)``."""
    prior = law.priors.load_effect
    assert prior is not None  # the law knows the load
    return np.full(data.shape[1], prior.median)


def _logit(probability: float) -> float:
    return float(np.log(probability) - np.log1p(-probability))
