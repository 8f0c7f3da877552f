"""Validation of a Dataset, which later stages rely on."""

import json

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import kind_of, require_curves
from bayeskisl.arrays import BoolArray
from bayeskisl.axes import AXES, axis_of
from bayeskisl.curves.exposures import group_exposures
from bayeskisl.errors import InputError, way

__all__ = ["validate"]

# r, f and l are stored as float64 and K, D as integers: the identity holds to rounding.
_IDENTITY_TOLERANCE = 1e-6
_LARGEST = 1e30  # no quantity of a run comes near it, and products of three of them stay finite
_MOST_GUESSING = 0.95  # beyond it recall says next to nothing of knowledge, and counts above guessing are divided by 0
_MOST = {schema.RUN: 1_000_000, schema.CHECKPOINT: 10_000}
_OF_RUN, _OF_GROUP = (schema.RUN,), (schema.RUN, schema.GROUP)
_DIMS = {
    **dict.fromkeys(schema.RUN_COORDINATES, _OF_RUN),
    **dict.fromkeys((schema.LEARNING_RATE, schema.BITS_PER_FACT, schema.TOKENS_BEFORE, schema.DEPTH), _OF_RUN),
    **dict.fromkeys((schema.RECALLED, schema.PROBED, schema.ANSWER_NATS), (*_OF_GROUP, schema.CHECKPOINT)),
    schema.GUESSING: _OF_GROUP,
    schema.UNINFUSED: _OF_GROUP,
    **dict.fromkeys((schema.GENERAL_LOSS, schema.BITS_PER_BYTE), (*_OF_RUN, schema.CHECKPOINT)),
    schema.TOKENS_SEEN: (*_OF_RUN, schema.CHECKPOINT),
}
# The most background that a run can have; a run without any says 0.
_BACKGROUND = {schema.BACKGROUND_FACTS: _LARGEST, schema.BACKGROUND_SHARE: 1.0}
# What may be missing, and the most that it can be: nats and rates are bounded only by being finite.
_OPTIONAL = {
    schema.ANSWER_NATS: _LARGEST, schema.GENERAL_LOSS: _LARGEST, schema.BITS_PER_BYTE: _LARGEST,
    schema.LEARNING_RATE: _LARGEST, schema.TOKENS_SEEN: _LARGEST, schema.TOKENS_BEFORE: _LARGEST,
    schema.DEPTH: _LARGEST,
}  # fmt: skip


def validate(curves: xr.Dataset, where: str = "curves") -> xr.Dataset:
    """Return `curves` if they keep the schema's promises; a missing background becomes none.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves.
    where : str
        Name of the curves in an error, usually the file's name.

    Raises
    ------
    InputError
        On the first promise that is broken, with every run concerned counted and the first one named.
    """
    if kind_of(curves) or not hasattr(curves, "data_vars"):  # of a Dataset of no kind, the first lack is said
        require_curves(curves, where)
    for dim in (schema.RUN, schema.GROUP):
        _require(dim in curves.dims, f"a dimension {dim!r}", f"dimensions {tuple(map(str, curves.dims))}", where)
    for name in (*schema.RUN_COORDINATES, *schema.COUNTS):
        _require(name in curves.variables, f"a variable {name!r}", "none of that name", where,
                 f"build them with {way('`bk.build_curves`', '`bayeskisl curves build`')}")  # fmt: skip
    _require(curves.sizes[schema.RUN] > 0, "at least one run", "none", where,
             f"check the sweep with {way('`bk.sweep_status`', '`bayeskisl sweep status`')}")  # fmt: skip
    _check_attributes(curves, where)
    _check_types(curves, where)
    axis = curves.attrs.get("axis")
    _require(axis in list(AXES), f"attribute 'axis' to be one of {', '.join(AXES)}", repr(axis), where)
    _require(len(set(curves["run"].values.tolist())) == curves.sizes["run"], "distinct names of runs",
             "a name that occurs twice", where)  # fmt: skip
    groups = [str(group) for group in curves["group"].values]
    unknown = [group for group in groups if group not in schema.GROUPS]
    _require(not unknown, f"groups among {', '.join(schema.GROUPS)}", ", ".join(unknown)[:80], where)
    _require(len(set(groups)) == len(groups), "distinct groups", "one that occurs twice", where)
    curves = curves.assign_coords({name: curves[name].fillna(0) for name in _BACKGROUND if curves[name].isnull().any()})
    _check_counts(curves, where)
    _check_runs(curves, where)
    _check_checkpoints(curves, where)
    return curves


def _check_attributes(curves: xr.Dataset, where: str) -> None:
    version = curves.attrs.get("schema", schema.VERSION)
    known = isinstance(version, int | np.integer) and bool(version <= schema.VERSION)
    _require(known, f"curves of schema {schema.VERSION} or earlier", repr(version)[:80], where,
             "read them with the version of bayeskisl that wrote them")  # fmt: skip
    for name in ("sweeps", "diverged", schema.COVARIATES):
        try:
            json.loads(curves.attrs.get(name, "{}"))
        except (TypeError, ValueError, RecursionError):
            raise InputError(f"attribute {name!r} to be JSON", repr(curves.attrs[name])[:80], where) from None
    names = json.loads(curves.attrs.get(schema.COVARIATES, "[]"))
    of_runs = [str(each) for each in curves.variables if curves[each].dims == (schema.RUN,)]
    _require(isinstance(names, list) and all(name in of_runs for name in names),
             f"attribute {schema.COVARIATES!r} to name run coordinates", str(names)[:80], where)  # fmt: skip


def _check_types(curves: xr.Dataset, where: str) -> None:
    """Check the type, the dimensions and the size of each variable."""
    for dim, most in _MOST.items():
        size = curves.sizes.get(dim, 0)
        _require(size <= most, f"at most {most:,} entries of dimension {dim!r}", f"{size:,}", where)
    for name in (schema.RUN, schema.GROUP, schema.DOMAIN):
        if name in curves.variables:
            kind, kinds = curves[name].dtype.kind, "OUTiu" if name == schema.RUN else "OUT"
            _require(kind in kinds, f"texts as {name!r}", f"values of type {curves[name].dtype}", where)
    for name, dims in _DIMS.items():
        if name not in curves.variables:
            continue
        variable = curves[name]
        _require(variable.dtype.kind in "iuf", f"numbers as {name!r}", f"values of type {variable.dtype}", where)
        known = set(dims) - {schema.CHECKPOINT} <= set(variable.dims) <= set(dims)
        _require(known, f"{name!r} over {', '.join(dims)}", f"dimensions {tuple(map(str, variable.dims))}", where)


def _check_counts(curves: xr.Dataset, where: str) -> None:
    # without coordinates, which each operation would join again
    recalled, probed, guessing = (
        curves.variables[name].transpose(schema.RUN, schema.GROUP, ...) for name in schema.COUNTS
    )
    for name in ("recalled", "probed"):
        values = curves.variables[name].values
        finite = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
        _require_runs(curves, finite.all(), finite, f"{name} to be a count (not probed is probed = 0)", "NaN", where)
        whole = values == np.floor(values)
        _require_runs(curves, whole.all(), whole, f"{name} to be whole numbers", "a fraction", where)
    held = (probed <= schema.MOST_PROBED).values
    _require_runs(curves, held.all(), held, f"at most {schema.MOST_PROBED:,} probed facts", "more", where)
    inside = ((recalled >= 0) & (recalled <= probed)).values
    _require_runs(curves, inside.all(), inside, "0 <= recalled <= probed", "counts outside", where)
    chance = ((guessing >= 0) & (guessing <= _MOST_GUESSING)).values
    _require_runs(curves, chance.all(), chance, f"guessing in [0, {_MOST_GUESSING}]", "values outside", where)
    if schema.UNINFUSED in curves.variables:
        most = curves[schema.UNINFUSED].variable.transpose(schema.RUN, schema.GROUP)
        inside = (most.isnull() | ((most > guessing) & (most <= 1))).values
        _require_runs(curves, inside.all(), inside, "uninfused above guessing, 1 at most", "values outside", where)
    exposed = ((group_exposures(curves).variable > 0) | (probed == 0)).transpose(schema.RUN, ...).values
    _require_runs(curves, exposed.all(), exposed, "positive exposures for every probed group", "zero", where)


def _check_runs(curves: xr.Dataset, where: str) -> None:
    bits = [schema.BITS_PER_FACT] if schema.BITS_PER_FACT in curves.variables else []
    for name in ("params", "total_params", "tokens", "facts", "tokens_per_fact", "exposures", *bits):
        positive = (curves[name].values > 0) & (curves[name].values <= _LARGEST)
        _require_runs(curves, positive.all(), positive, f"{name} > 0", "zero, negative, infinite or missing", where)
    least = curves["total_params"].values >= curves["params"].values
    _require_runs(curves, least.all(), least, "total_params of at least params", "fewer", where)
    for name, most in _BACKGROUND.items():
        inside = (curves[name].values >= 0) & (curves[name].values <= most)
        _require_runs(curves, inside.all(), inside, f"{name} in [0, {most:g}], 0 for none", "values outside or missing",
                      where)  # fmt: skip
    for name, most in _OPTIONAL.items():
        if name in curves.variables:
            values = curves[name].values.astype(float)
            inside = np.isnan(values) | ((values >= 0) & (values <= most))
            _require_runs(curves, inside.all(), inside, f"{name} in [0, {most:g}]", "values outside", where)
    ratio, closed = curves["ratio"].values, axis_of(curves).admits_one
    inside = (ratio > 0) & ((ratio < 1) | (closed & (ratio == 1)))
    _require_runs(curves, inside.all(), inside, f"ratio in (0, 1{']' if closed else ')'}", "values outside", where)
    if schema.DOMAIN in curves.variables:
        told = np.array([bool(str(name).strip()) and name == name for name in curves[schema.DOMAIN].values], dtype=bool)
        _require_runs(curves, told.all(), told, "the name of a domain for every run", "none", where)
    facts, exposures, tokens_per_fact, tokens = (
        curves.variables[name].values for name in ("facts", "exposures", "tokens_per_fact", "tokens")
    )
    holds = np.isclose(ratio * tokens, facts * exposures * tokens_per_fact, rtol=_IDENTITY_TOLERANCE)
    _require_runs(curves, holds.all(), holds, "r D = K f l (infused tokens = facts x exposures x tokens per fact)",
                  "runs that break it", where)  # fmt: skip


def _check_checkpoints(curves: xr.Dataset, where: str) -> None:
    if schema.CHECKPOINT not in curves.dims:
        return
    has = schema.TOKENS_SEEN in curves.variables
    _require(has, f"a coordinate {schema.TOKENS_SEEN!r}(run, checkpoint)", "none of that name", where)
    seen = curves[schema.TOKENS_SEEN].transpose(schema.RUN, schema.CHECKPOINT).values
    rising = (np.diff(seen, axis=1) > 0) | (seen[:, :-1] == 0)  # zero: not measured so early
    _require_runs(curves, rising.all(), rising, "checkpoints in the order of training", "another order", where)
    ended = seen[:, -1] == curves[schema.TOKENS].values
    _require_runs(curves, ended.all(), ended, "the end of training as the last checkpoint", "an earlier one", where)


def _require(holds: bool, expected: str, got: str, where: str, remedy: str = "") -> None:
    if not holds:
        raise InputError(expected, got, where, remedy)


def _require_runs(
    curves: xr.Dataset, all_hold: bool | np.bool_, holds: BoolArray, expected: str, got: str, where: str
) -> None:
    if all_hold:
        return
    broken = ~holds.reshape(len(holds), -1).all(axis=1)
    first = curves["run"].values[np.flatnonzero(broken)[0]]
    raise InputError(expected, f"{got} in {int(broken.sum())} run(s), the first {str(first)!r}", where)
