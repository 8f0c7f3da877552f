"""Data of the model: the curves as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import (
    Capacity,
    capacity_of,
    cell_table,
    group_exposures,
    load_of,
    reference_load,
    varied,
    with_covariates,
)
from bayeskisl.curves.benchmark import most_recalled_of_cells, of_start
from bayeskisl.curves.guesses import at_least_guessed
from bayeskisl.errors import InputError
from bayeskisl.inference.load import Load
from bayeskisl.laws import Law, LawOfSize, LimitsLaw, SizeLaw

__all__ = ["ModelData", "domains_of", "law_of_size", "prepare", "suited", "varied_covariates"]

# How far to either side of a half-point slopes are taken, as a share of the cell's range.
_NEARBY = 0.1


@dataclass(frozen=True)
class ModelData:
    """The data of the model.

    Parameters
    ----------
    recalled, probed : numpy.ndarray
        Counts, shape ``(run, group)``; at least what guesses give, see
        `bayeskisl.curves.guesses.at_least_guessed`.
    log_exposures : numpy.ndarray
        Log exposures u of each probed group, 0 where nothing was probed, shape ``(run, group)``.
    guessing : numpy.ndarray
        Guessing rates, one for each group of a domain, shape ``(cell, group)``.
    uninfused : numpy.ndarray
        Recall without infusion, 1 where it is not known, shape ``(cell, group)``.
    cell_of_run : numpy.ndarray
        Index of each run's cell, shape ``(run,)``.
    rough_threshold : numpy.ndarray
        Log critical exposures estimated from the counts, shape ``(cell, group)``; where sampling starts, no more.
    log_size : numpy.ndarray
        log(params / reference), shape ``(cell,)``.
    is_real : numpy.ndarray
        False for the cells that padding appended, shape ``(cell,)``.
    covariates : numpy.ndarray
        Covariates of the size law, followed by 1 for the cell's domain and 0 for the others if there are several, or
        the exposures at one bit per parameter in a law with limits, shape ``(cell, covariate)``.
    size_law : LawOfSize
        Its columns and priors.
    positive, unbounded : tuple of str
        Names of the quantities of groups, see `bayeskisl.laws.Law.positive` and `bayeskisl.laws.Law.unbounded`.
    load : Load or None
        Where runs and cells lie in load; None of a law that does not know it.
    is_benchmark : numpy.ndarray
        Whether a group is a general benchmark whose score without infusion is not known, so that its ceiling is its
        own, shape ``(group,)``.
    labels : mapping
        Names along ``run``, ``group`` and ``cell``.
    """

    recalled: IntArray
    probed: IntArray
    log_exposures: FloatArray
    guessing: FloatArray
    uninfused: FloatArray
    cell_of_run: IntArray
    rough_threshold: FloatArray
    log_size: FloatArray
    is_real: BoolArray
    covariates: FloatArray
    size_law: LawOfSize
    positive: tuple[str, ...]
    unbounded: tuple[str, ...]
    load: Load | None
    is_benchmark: BoolArray
    labels: Mapping[str, list[Any]]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of runs, groups and cells."""
        return (*self.recalled.shape, len(self.log_size))

    def resized(self, runs: int, cells: int) -> "ModelData":
        """Return the data with given numbers of runs and cells: the last ones are dropped or empty ones appended.

        An empty run probes nothing; an empty cell has an independent threshold that informs nothing.
        """

        def fit(array: np.ndarray, count: int, filling: float = 0) -> np.ndarray:
            lacking = max(count - len(array), 0)
            return np.pad(array[:count], [(0, lacking)] + [(0, 0)] * (array.ndim - 1), constant_values=filling)

        def names(dim: str, count: int) -> list[Any]:
            known = self.labels[dim][:count]
            return [*known, *(f"padding {i}" for i in range(count - len(known)))]

        return replace(
            self,
            recalled=fit(self.recalled, runs),
            probed=fit(self.probed, runs),
            log_exposures=fit(self.log_exposures, runs),
            cell_of_run=np.minimum(fit(self.cell_of_run, runs), cells - 1),
            rough_threshold=fit(self.rough_threshold, cells),
            log_size=fit(self.log_size, cells),
            is_real=fit(self.is_real, cells),
            guessing=fit(self.guessing, cells),
            uninfused=fit(self.uninfused, cells, 1.0),
            covariates=fit(self.covariates, cells, 1.0),
            load=self.load
            and replace(
                self.load,
                of_run=fit(self.load.of_run, runs),
                ahead=fit(self.load.ahead, runs),
                at_half=fit(self.load.at_half, cells),
                share=fit(self.load.share, cells),
            ),
            labels={**self.labels, schema.RUN: names(schema.RUN, runs), schema.CELL: names(schema.CELL, cells)},
        )


def suited(law: Law, curves: xr.Dataset) -> Law:
    """Return the law as these curves need it, without an effect of the load if it is for other axes."""
    if law.load is None or (axis_of(curves).moves_load and _feels_load(law, curves).any()):
        return law
    return law.without_load()


def _feels_load(law: Law, curves: xr.Dataset) -> BoolArray:
    """Whether the law lets each group feel the load: all of them, or those whose exposures stay, ``(group,)``."""
    axis = axis_of(curves)
    return np.array([law.load is None or axis.moves(str(group)) == 0 for group in curves[schema.GROUP].values])


def prepare(curves: xr.Dataset, law: Law) -> ModelData:
    """Return the arrays of validated retention curves for `law`.

    Raises
    ------
    InputError
        If the guessing rate differs between runs of one group and domain, or the curves lack a covariate of the law.
    """
    curves = with_covariates(curves, law.covariates)
    cells, cell_of_run = cell_table(curves)
    counts = {name: curves[name].transpose(schema.RUN, schema.GROUP).values for name in schema.COUNTS}
    raw, probed = (counts[name].astype(np.int64) for name in (schema.RECALLED, schema.PROBED))
    exposures = group_exposures(curves).values
    log_exposures = np.where(probed > 0, np.log(np.where(probed > 0, exposures, 1.0)), 0.0)
    names = varied_covariates(curves, law)
    domains, of_domain = domains_of(cells)
    values = np.concatenate([np.stack([cells[name].values for name in names], axis=1), of_domain], axis=1)
    values, size_law = law_of_size(law, names, values, capacity_of(curves), domains)
    guessing = _guessing(counts[schema.GUESSING], probed, cell_of_run, of_domain)
    recalled = at_least_guessed(raw, probed, guessing[cell_of_run])
    rough_threshold, load = _half_points(curves, law, recalled, probed, log_exposures, cell_of_run)
    return ModelData(
        recalled=recalled,
        probed=probed,
        log_exposures=log_exposures,
        guessing=guessing,
        uninfused=most_recalled_of_cells(curves, cell_of_run),
        cell_of_run=cell_of_run,
        rough_threshold=rough_threshold,
        log_size=size_law.z(values)[:, 0],
        is_real=np.ones(cells.sizes[schema.CELL], dtype=bool),
        covariates=values,
        size_law=size_law,
        positive=law.positive,
        unbounded=law.unbounded,
        load=load,
        is_benchmark=of_start(curves),
        labels={
            schema.RUN: curves[schema.RUN].values.tolist(),
            schema.GROUP: curves[schema.GROUP].values.tolist(),
            schema.CELL: cells[schema.CELL].values.tolist(),
        },
    )


def varied_covariates(curves: xr.Dataset, law: Law) -> tuple[str, ...]:
    """Return the covariates of the law that the curves vary; the size always counts."""
    is_varied = varied(curves)
    return tuple(name for name in law.covariates if name == schema.PARAMS or is_varied[name])


def law_of_size(
    law: Law, names: tuple[str, ...], values: FloatArray, capacity: Capacity, domains: tuple[str, ...] = ()
) -> tuple[FloatArray, LawOfSize]:
    """Return the places of the cells in the coordinates of the law of size, and that law.

    Parameters
    ----------
    law : Law
        Priors.
    names : tuple of str
        Covariates that the curves vary.
    values : numpy.ndarray
        Covariates of the cells, and 1 for their domain and 0 for the others if there are several.
    capacity : Capacity
        Capacity of the same cells.
    domains : tuple of str
        Their names.

    Returns
    -------
    values : numpy.ndarray
        The same; for a law with limits, with the exposures at one bit per parameter behind them.
    size_law : LawOfSize
        The law of size.

    Raises
    ------
    InputError
        If the curves lack what a capacity needs.
    """
    if not law.has_limits:
        return values, SizeLaw.of(law, names, values, domains)
    values = np.concatenate([values, capacity.exposures_of_cells[:, None]], axis=1)
    return values, LimitsLaw.of(law, names, values, capacity.log_sd, domains)


def domains_of(cells: xr.Dataset) -> tuple[tuple[str, ...], FloatArray]:
    """Names of the domains if there are several, and indicators of each cell's domain, shape ``(cell, domain)``."""
    told = cells[schema.CELL_DOMAIN].values.astype(str) if schema.CELL_DOMAIN in cells.coords else np.array([])
    names = np.unique(told)
    if len(names) < 2:
        return (), np.zeros((cells.sizes[schema.CELL], 0))
    return tuple(names.tolist()), (told[:, None] == names).astype(float)


def _guessing(of_runs: FloatArray, probed: IntArray, cell_of_run: IntArray, of_domain: FloatArray) -> FloatArray:
    """Guessing rate of each cell's domain, ``(cell, group)``; 0 if a domain never probed a group."""
    domain = of_domain.argmax(axis=1) if of_domain.shape[1] else np.zeros(len(of_domain), dtype=int)
    rates = np.zeros((len(of_domain), probed.shape[1]))
    for each, group in np.ndindex(domain.max() + 1, probed.shape[1]):
        asked = (domain[cell_of_run] == each) & (probed[:, group] > 0)
        distinct = np.unique(of_runs[asked, group])
        if len(distinct) > 1:
            raise InputError("one guessing rate for each group of a domain", f"{len(distinct)} rates", "guessing",
                             "name fact sets of different answers in a column 'domain', or fit them apart")  # fmt: skip
        rates[domain == each, group] = distinct[0] if len(distinct) else 0.0
    return rates


def _half_points(
    curves: xr.Dataset,
    law: Law,
    recalled: IntArray,
    probed: IntArray,
    log_exposures: FloatArray,
    cell_of_run: IntArray,
) -> tuple[FloatArray, Load | None]:
    """Log exposures at the half-points of cells, estimated from the counts, ``(cell, group)``, and the load there."""
    if not law.knows_load:
        return _by_area(recalled, probed, log_exposures, cell_of_run, log_exposures), None
    reference = reference_load(curves)
    of_run, counts = np.log(load_of(curves) / reference), _feels_load(law, curves).astype(float)
    log_load = of_run[:, None] * counts
    along = log_exposures - log_load
    threshold, at_half, half = (
        _by_area(recalled, probed, along, cell_of_run, each) for each in (log_exposures, log_load, along)
    )
    share = _share_of_load(log_exposures, log_load, along, half, cell_of_run)
    ahead = log_load - at_half[cell_of_run]
    return threshold, Load(reference, of_run, ahead, at_half, share, share.mean(axis=0), counts)


def _by_area(
    recalled: IntArray, probed: IntArray, along: FloatArray, cell_of_run: IntArray, values: FloatArray
) -> FloatArray:
    """Values at half-points, ``(cell, group)``: a curve that rises from 0 to 1 at c covers the area (end - c).

    Parameters
    ----------
    along : numpy.ndarray
        The coordinate along which retention rises, shape ``(run, group)``.
    values : numpy.ndarray
        Values to interpolate, shape ``(run, group)``: a function of `along`.
    """
    rough = np.full((cell_of_run.max() + 1, recalled.shape[1]), np.nan)
    for cell, group in np.ndindex(*rough.shape):
        rows = (cell_of_run == cell) & (probed[:, group] > 0)
        if rows.any():
            level, first, index = np.unique(along[rows, group], return_index=True, return_inverse=True)
            share = recalled[rows, group] / probed[rows, group]
            mean_share = np.bincount(index, share) / np.bincount(index)
            half = level[-1] - np.trapezoid(mean_share, level)
            rough[cell, group] = np.interp(half, level, values[rows, group][first])
    typical = np.where(
        np.isnan(rough).all(axis=0), 0.0, np.nansum(rough, axis=0) / np.maximum((~np.isnan(rough)).sum(axis=0), 1)
    )
    return np.where(np.isnan(rough), typical, rough)


def _share_of_load(
    log_exposures: FloatArray, log_load: FloatArray, along: FloatArray, half: FloatArray, cell_of_run: IntArray
) -> FloatArray:
    """Return the share of the load in the slope of a cell's curve where it falls, ``(cell, group)``."""
    share = np.zeros_like(half)
    for cell, group in np.ndindex(*half.shape):
        rows = cell_of_run == cell
        order = np.argsort(along[rows, group])
        level = along[rows, group][order]
        nearby = np.clip(half[cell, group] + _NEARBY * np.array([-1, 1]) * np.ptp(level), level[0], level[-1])
        of_load, of_exposures = (
            abs(np.diff(np.interp(nearby, level, each[rows, group][order])).item())
            for each in (log_load, log_exposures)
        )
        share[cell, group] = of_load / max(of_load + of_exposures, 1e-12)
    return share
