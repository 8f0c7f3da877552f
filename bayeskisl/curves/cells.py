"""Cells: runs that agree in every covariate but the axis are replicates of one cell."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.errors import InputError
from bayeskisl.quantities import SAME_HELD, SAME_LEVEL, SAME_SIZE, short, size
from bayeskisl.specifications import refuse_unknown

__all__ = [
    "budgets_tried",
    "cell_at",
    "cell_table",
    "distinct_levels",
    "domain_of_runs",
    "further_covariates",
    "levels_of_runs",
    "means_of_cells",
    "names_of_cells",
    "same_tokens_per_parameter",
    "tokens_per_parameter",
    "told_apart",
    "varied",
    "with_cells_in_words",
    "with_covariates",
    "without_covariates",
    "without_rounding",
]

_COVARIATES = ("params", "total_params", "tokens", "ratio", "facts", "tokens_per_fact", "background_facts",
               "background_share")  # fmt: skip
# Those that order cells, the first before the second.
_ORDER = (schema.PARAMS, schema.TOKENS, schema.TOTAL_PARAMS)
# Covariates that tell cells apart where the curves have them.
_OPTIONAL = (schema.DEPTH, schema.TOKENS_BEFORE)
# A mixture is whole sequences, so that one share of the corpus comes out a little different at every ratio, and logs
# round budgets.
_REALISED, _ROUNDING = ("tokens", "ratio", "tokens_per_fact", "background_share"), 0.02
# Budgets that follow the size are rounded: 20 tokens per parameter are 8.1B of 405M and 24B of 1.2B.
_SAME_PER_PARAMETER = 1.05


def further_covariates(curves: xr.Dataset) -> tuple[str, ...]:
    """Names of the covariates of the laws besides params and tokens, such as ``depth``; they distinguish cells."""
    return tuple(json.loads(curves.attrs.get(schema.COVARIATES, "[]")))


def with_covariates(curves: xr.Dataset, names: Iterable[str]) -> xr.Dataset:
    """Return the curves with cells that are also distinguished by the covariates of a law.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves.
    names : iterable of str
        Run coordinates.

    Raises
    ------
    InputError
        If there is no such run coordinate, its values are not positive numbers, or the axis itself moves it.
    """
    named = tuple(dict.fromkeys(names))
    _require_apart_from_axis(curves, named)
    new = [name for name in named if name not in (schema.PARAMS, schema.TOKENS, *further_covariates(curves))]
    for name in new:
        _require_positive(curves, name)
    return curves.assign_attrs({schema.COVARIATES: json.dumps([*further_covariates(curves), *new])}) if new else curves


def without_covariates(curves: xr.Dataset) -> xr.Dataset:
    """Return the curves without the covariates that a law has named."""
    kept = {name: value for name, value in curves.attrs.items() if name != schema.COVARIATES}
    return curves.drop_attrs(deep=False).assign_attrs(kept)


def _require_apart_from_axis(curves: xr.Dataset, names: tuple[str, ...]) -> None:
    axis = axis_of(curves)
    moved = sorted({*axis.moved, schema.EXPOSURES} & set(names))
    if moved:
        raise InputError(f"covariates that the axis {axis.name!r} does not move", ", ".join(moved), "law",
                         "name other covariates in the law")  # fmt: skip


def _require_positive(curves: xr.Dataset, name: str) -> None:
    """Refuse a covariate that is not positive: a law takes its logarithm."""
    of_runs = [str(each) for each in curves.variables if curves[each].dims == (schema.RUN,) and each != schema.RUN]
    refuse_unknown([name], of_runs, "law", "run coordinates of the curves as covariates")
    values = curves[name].values
    if values.dtype.kind not in "iuf" or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(f"positive numbers as the covariate {name!r}", "other values", "curves",
                         "leave out the runs without one")  # fmt: skip


def cell_table(curves: xr.Dataset) -> tuple[xr.Dataset, IntArray]:
    """Return the cells of a set of curves, and the cell of each run.

    Returns
    -------
    cells : xarray.Dataset
        One variable per covariate of the cell, dim ``cell``, ordered by params, then tokens, then the rest;
        along a dose also the mean exposures of its runs;
        the coordinate ``cell`` is a readable label such as ``"6144p 1843200t"``, with the other
        covariates that vary appended. Where the runs name their domain, the coordinate ``cell_domain`` holds it.
    cell_of_run : numpy.ndarray
        Index into ``cell``, shape ``(run,)``.
    """
    own = [name for name in _COVARIATES if name not in axis_of(curves).moved]
    optional = [name for name in _OPTIONAL if name in curves.coords and np.isfinite(curves[name].values).all()]
    names = tuple(dict.fromkeys([*own, *optional, *further_covariates(curves)]))
    columns = np.stack([np.asarray(curves[name].values, dtype=float) for name in names], axis=1)
    for name in _REALISED:
        if name in names:
            columns[:, names.index(name)] = without_rounding(columns[:, names.index(name)])
    domains, domain_of_run = domain_of_runs(curves)
    columns = np.concatenate([columns, domain_of_run[:, None]], axis=1)
    rows, cell_of_run = np.unique(columns, axis=0, return_inverse=True)
    order = np.lexsort([rows[:, names.index(name)] for name in reversed(_ORDER)])
    rows, cell_of_run = rows[order], np.argsort(order)[cell_of_run.reshape(-1)]
    of_cell = [domains[int(code)] for code in rows[:, -1]]
    values = {name: rows[:, i] for i, name in enumerate(names)}  # (cell,)
    extra = [name for name in names if name not in _ORDER and len(np.unique(values[name])) > 1]
    sizes = zip(values[schema.PARAMS], values[schema.TOKENS], of_cell, strict=True)
    labels = [
        " ".join([f"{params:.0f}p", f"{tokens:.0f}t", *(f"{name}={values[name][cell]:g}" for name in extra)]
                 + [domain] * (len(domains) > 1))
        for cell, (params, tokens, domain) in enumerate(sizes)
    ]  # fmt: skip
    cells = xr.Dataset({name: (schema.CELL, each) for name, each in values.items()}, coords={schema.CELL: labels})
    if schema.DOMAIN in curves.coords:
        cells = cells.assign_coords({schema.CELL_DOMAIN: (schema.CELL, of_cell)})
    if axis_of(curves).given == schema.EXPOSURES:
        cells = cells.assign(
            {schema.EXPOSURES: (schema.CELL, means_of_cells(curves[schema.EXPOSURES].values, cell_of_run))}
        )
    return cells, cell_of_run


def budgets_tried(curves: xr.Dataset, domain: str | None = None) -> FloatArray:
    """Token budgets of the cells, ascending, or of those of one domain."""
    cells, _ = cell_table(curves)
    if domain is not None and schema.CELL_DOMAIN in cells.coords:
        cells = cells.isel({schema.CELL: np.flatnonzero(cells[schema.CELL_DOMAIN].values.astype(str) == domain)})
    return np.unique(cells[schema.TOKENS].values.astype(float))


def tokens_per_parameter(curves: xr.Dataset) -> float | None:
    """Tokens per parameter where the budget follows the size, so that nothing separates the two; else None."""
    sizes, budgets = (np.asarray(curves[name].values, dtype=float) for name in (schema.PARAMS, schema.TOKENS))
    each = budgets / sizes
    follows = np.ptp(sizes) > 0 and same_tokens_per_parameter(each.max(), each.min())
    return float(np.median(each)) if follows else None


def same_tokens_per_parameter(one: float, other: float) -> bool:
    """Whether two numbers of tokens per parameter are one, up to rounding of sizes and budgets."""
    return bool(max(one, other) <= min(one, other) * _SAME_PER_PARAMETER)


def told_apart(cells: xr.Dataset) -> list[str]:
    """Values that tell cells of a `cell_table` from others of one size, budget and domain; empty if none need to."""
    shared = [schema.PARAMS, schema.TOKENS, *([schema.CELL_DOMAIN] if schema.CELL_DOMAIN in cells.coords else [])]
    places = list(zip(*(cells[name].values.tolist() for name in shared), strict=True))
    if len(set(places)) == len(places):
        return [""] * len(places)
    others = [str(name) for name in cells.data_vars if name not in (*shared, schema.TOTAL_PARAMS, schema.EXPOSURES)]
    varying = [name for name in others if len(np.unique(cells[name].values)) > 1]
    return [
        "".join(f", {name.replace('_', ' ')} {cells[name].values[cell]:g}" for name in varying)
        for cell in range(len(places))
    ]


def names_of_cells(cells: xr.Dataset, known: bool = True) -> list[str]:
    """Names of the cells of a `cell_table` in words, ``16M parameters, 2.94M tokens of law, depth 2``.

    A name tells its cell from the others: by its budget if budgets are `known` and several, by its domain if there are
    several, and by what else differs.
    """
    parts = [[f"{size(params)} parameters" for params in cells[schema.PARAMS].values]]
    if known and len(np.unique(cells[schema.TOKENS])) > 1:
        parts.append([f", {short(tokens)} tokens" for tokens in cells[schema.TOKENS].values])
    if schema.CELL_DOMAIN in cells.coords and len(np.unique(cells[schema.CELL_DOMAIN])) > 1:
        parts.append([f" of {domain}" for domain in cells[schema.CELL_DOMAIN].values])
    return ["".join(each) for each in zip(*parts, told_apart(cells), strict=True)]


def with_cells_in_words(quantities: xr.Dataset, curves: xr.Dataset) -> xr.Dataset:
    """Return quantities of cells, such as a posterior, with the names of the cells in words."""
    known = schema.TOKENS not in assumed_terms(curves)
    cells, _ = cell_table(curves)
    return quantities.assign_coords({schema.CELL: names_of_cells(cells, known)})


def cell_at(cells: xr.Dataset, place: Mapping[str, float]) -> int | None:
    """Return the index of the one cell of a `cell_table` with the values of `place`, up to rounding, or None.

    Parameters
    ----------
    place : mapping
        Values by the names of run coordinates; names that the table has not are ignored.
    """
    alike = np.ones(cells.sizes[schema.CELL], dtype=bool)
    for name, value in place.items():
        if name in cells:
            within = SAME_SIZE if name in (schema.PARAMS, schema.TOKENS) else SAME_HELD  # budgets in few digits, too
            alike &= np.isclose(cells[name].values, value, rtol=within)
    (found,) = np.nonzero(alike)
    return int(found[0]) if len(found) == 1 else None


def domain_of_runs(curves: xr.Dataset) -> tuple[list[str], IntArray]:
    """Names of the domains, and the index of each run's domain; one unnamed domain if runs name none."""
    if schema.DOMAIN not in curves.coords:
        return [""], np.zeros(curves.sizes[schema.RUN], dtype=int)
    names, index = np.unique(curves[schema.DOMAIN].values.astype(str), return_inverse=True)
    return names.tolist(), index


def levels_of_runs(curves: xr.Dataset) -> FloatArray:
    """Value of each run on the axis of the curves, shape ``(run,)``."""
    return np.asarray(axis_of(curves).values(curves), dtype=float)


def distinct_levels(levels: FloatArray) -> tuple[FloatArray, IntArray]:
    """Levels that differ by more than how runs realise them, ascending, and the index of each run's, ``(run,)``."""
    order = np.argsort(levels)
    ascending = levels[order]
    is_next = np.diff(ascending, prepend=-np.inf) > SAME_LEVEL * np.abs(ascending)
    index = np.empty(len(levels), dtype=int)
    index[order] = np.cumsum(is_next) - 1
    return ascending[is_next], index


def means_of_cells(values: FloatArray, cell_of_run: IntArray) -> FloatArray:
    """Mean over the runs of each cell, shape ``(cell,)``."""
    return np.bincount(cell_of_run, values) / np.bincount(cell_of_run)


def without_rounding(values: FloatArray) -> FloatArray:
    """Replace values within 2 % of the smallest of them by their median, as logged budgets and realised ratios are."""
    together = values.copy()
    left = np.unique(values[np.isfinite(values)])
    while left.size:
        near = (values >= left[0]) & (values <= left[0] * (1 + _ROUNDING))
        together[near] = np.median(values[near])
        left = left[left > left[0] * (1 + _ROUNDING)]
    return together


def varied(curves: xr.Dataset) -> dict[str, bool]:
    """For each covariate, whether the curves contain more than one value."""
    names = (*_COVARIATES, *further_covariates(curves), schema.EXPOSURES)
    values = {name: np.asarray(curves[name].values, dtype=float) for name in names}
    return {
        name: len(np.unique(without_rounding(each) if name in _REALISED else each)) > 1 for name, each in values.items()
    }
