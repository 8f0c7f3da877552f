"""A fit as a `DataTree`: assembled, written, read and checked. Only NetCDF is ever loaded."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import __version__, schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves import Finding, cell_table, group_exposures, validate
from bayeskisl.errors import InputError, way
from bayeskisl.files import require_file
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.gate import Gate
from bayeskisl.inference.given import COEFFICIENT, PAIR, QUANTITY
from bayeskisl.inference.model import labels_of
from bayeskisl.inference.posterior import ON_AXIS
from bayeskisl.kinds import FIT, refuse_other_kinds
from bayeskisl.laws import Law
from bayeskisl.laws.falls import FALL_PARAMETERS
from bayeskisl.laws.files import parse_law
from bayeskisl.netcdf import read_netcdf_tree

__all__ = [
    "REFIT",
    "checked_tree",
    "constant_data",
    "curves_of",
    "dataset",
    "laws_of",
    "measured",
    "path_of",
    "posterior_group",
    "read_tree",
]  # fmt: skip

# Group of a fit that holds another one: of the same curves and laws, under weaker priors.
REFIT = "weaker_priors"

_GROUPS = ("posterior", "sample_stats", "prior", "observed_data", "constant_data")
_ATTRIBUTES = ("laws", "gates", "weights", "warnings")
_POSITIVE = ("critical_exposures", "steepness", "ceiling", "concentration", *FALL_PARAMETERS)
_SHARES = ("floor", "ceiling")
_NEEDED = ("critical_exposures", "ceiling", "floor", "sigma_run")
_AGAIN = "make the fit again"

_LABELLED = (schema.RUN, schema.GROUP, schema.CELL, schema.COVARIATE)

_PER_GROUP = (schema.GROUP,)
_PER_CELL = (schema.CELL, schema.GROUP)
_PER_COVARIATE = (schema.GROUP, schema.COVARIATE)
_DIMS = {
    "critical_exposures": _PER_CELL, "steepness": _PER_CELL, "ceiling": _PER_CELL, "floor": _PER_CELL,
    "exponent": _PER_COVARIATE, "curvature": _PER_COVARIATE, schema.DOMAIN_INTERCEPT: (schema.GROUP, schema.DOMAIN),
    schema.DOMAIN_EXPONENT: (schema.GROUP, schema.DOMAIN, schema.COVARIATE),
    "coefficients": (schema.GROUP, COEFFICIENT), "run_correlation": (PAIR,), "common": (QUANTITY,),
    "run_effect": (schema.RUN, schema.GROUP), "recalled": (schema.RUN, schema.GROUP),
}  # fmt: skip


def dataset(named: Mapping[str, FloatArray | IntArray], data: ModelData) -> xr.Dataset:
    """Arrays ``(chain, draw, ...)`` of named quantities as a Dataset with coordinates."""
    dims = {name: ("chain", "draw", *_DIMS.get(name, _PER_GROUP)) for name in named}
    chains, draws = next(iter(named.values())).shape[:2]
    labels = {
        **labels_of(data),
        schema.COVARIATE: list(data.size_law.covariates),
        schema.DOMAIN: list(data.size_law.domains),
    }
    used = {dim for names in dims.values() for dim in names}
    coords = {"chain": np.arange(chains), "draw": np.arange(draws), **{d: v for d, v in labels.items() if d in used}}
    variables = {
        name: xr.Variable(dims[name], value, {"units": schema.UNITS[name]} if name in schema.UNITS else None)
        for name, value in named.items()
    }
    return xr.Dataset(variables, coords=coords)


def measured(curves: xr.Dataset, data: ModelData) -> dict[str, xr.Dataset]:
    """Return the groups ``observed_data`` and ``constant_data``: the curves, and the cell of each run."""
    cells, cell_of_run = cell_table(curves)
    # the encoding of the file that they came from would turn variables into coordinates when they are read again
    curves = curves.drop_encoding()
    constant = curves.drop_vars(schema.RECALLED).reset_coords()
    constant = constant.assign(
        group_exposures=group_exposures(curves).reset_coords(drop=True),
        cell_of_run=(schema.RUN, cell_of_run),
        covariate_reference=(schema.COVARIATE, data.size_law.reference),
    )
    of_cells = {f"cell_{name}": cells[name].reset_coords(drop=True) for name in cells.data_vars}
    of_domain = {schema.CELL_DOMAIN: cells[schema.CELL_DOMAIN].variable} if schema.CELL_DOMAIN in cells.coords else {}
    constant = constant.assign(of_cells | of_domain).assign_coords({schema.COVARIATE: list(data.size_law.covariates)})
    coordinates = [str(name) for name in curves.coords if name not in curves.dims]
    constant.attrs = {"curves_attrs": json.dumps(_plain(curves.attrs)), "curves_coordinates": json.dumps(coordinates)}
    return {
        "observed_data": curves[[schema.RECALLED]].reset_coords(drop=True).drop_attrs(deep=False),
        "constant_data": constant,
    }


def curves_of(tree: xr.DataTree) -> xr.Dataset:
    """Return the retention curves of a fit."""
    constant = constant_data(tree)
    added = [
        "group_exposures",
        "cell_of_run",
        "covariate_reference",
        *(n for n in constant.data_vars if str(n).startswith("cell_")),
    ]
    curves = constant.drop_vars({*added, schema.CELL, schema.COVARIATE})
    curves = curves.assign({schema.RECALLED: tree["observed_data"].to_dataset()[schema.RECALLED]})
    curves = curves.set_coords(json.loads(constant.attrs["curves_coordinates"]))
    curves.attrs = json.loads(constant.attrs["curves_attrs"])
    return curves


def constant_data(tree: xr.DataTree) -> xr.Dataset:
    """The group ``constant_data``."""
    return tree["constant_data"].to_dataset()


def laws_of(tree: xr.DataTree) -> dict[str, Law]:
    """Return the fitted laws by name, the requested one first."""
    return {name: parse_law(content) for name, content in json.loads(tree.attrs["laws"]).items()}


def posterior_group(tree: xr.DataTree, law: str) -> xr.Dataset:
    """Named quantities of one fitted law."""
    requested = next(iter(json.loads(tree.attrs["laws"])))
    return tree[f"{path_of(law, requested)}posterior"].to_dataset()


def path_of(law: str, requested: str) -> str:
    """Path of the groups of a law in the tree of a fit, to which the name of a group is appended."""
    return "" if law == requested else f"rivals/{law}/"


def read_tree(path: str | Path, judge: Callable[[xr.Dataset], object] | None = None) -> xr.DataTree:
    """Read the tree of a saved fit.

    Parameters
    ----------
    path : path
    judge : callable, optional
        Receives the retention curves before any draw is read, and raises if they cannot answer.

    Raises
    ------
    InputError
        If the file is missing, is not NetCDF, or is not a fit; what `judge` raises.
    """
    path = Path(path)
    require_file(path, "a saved fit", _make(), ".nc")

    def judged(opened: xr.DataTree) -> None:
        _require_parts(opened, str(path))
        if judge is not None:
            judge(validate(_readable(curves_of, opened, str(path)), str(path)))

    return checked_tree(read_netcdf_tree(path, judged), str(path))


def _make() -> str:
    return f"make one with {way('`bk.fit(curves)`', '`bayeskisl fit`')}"


def checked_tree(tree: xr.DataTree, where: str) -> xr.DataTree:
    """Return `tree` unchanged if it is a fit.

    Raises
    ------
    InputError
        If groups, attributes, laws, curves or draws are missing or do not match their description.
    """
    _require_parts(tree, where)
    _check_content(tree, where)
    for name, law in laws_of(tree).items():
        needed = (*law.fall.parameter_names, *_NEEDED)
        absent = [each for each in needed if each not in posterior_group(tree, name)]
        if absent:
            raise InputError(f"a fit that knows the {absent[0]}", "one of an earlier version", where,
                             "fit the curves again")  # fmt: skip
    return tree


def _require_parts(tree: xr.DataTree, where: str) -> None:
    """Refuse what lacks groups or attributes of a fit."""
    refuse_other_kinds(FIT, tree.dataset.variables, tree.attrs, where)
    lacking = [*(g for g in _GROUPS if g not in tree.children), *(a for a in _ATTRIBUTES if a not in tree.attrs)]
    if lacking:
        raise InputError("a fit of bayeskisl", f"a file without {', '.join(lacking)}", where,
                         _make())  # fmt: skip


def _readable[T](read: Callable[[xr.DataTree], T], tree: xr.DataTree, where: str) -> T:
    """Return what a function reads of a fit; one that cannot be read is refused."""
    try:
        return read(tree)
    except InputError as problem:
        raise InputError(problem.expected, problem.got, f"{where}, {problem.where}", problem.remedy) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("a fit of bayeskisl", "one whose laws, gates or curves cannot be read", where,
                         _make()) from None  # fmt: skip


def _described(tree: xr.DataTree) -> xr.Dataset:
    """Return the curves of a fit whose laws, gates, weights and warnings can be read."""
    laws, gates, weights, warnings = (json.loads(tree.attrs[name]) for name in _ATTRIBUTES)
    if not isinstance(laws, dict) or not laws:
        raise ValueError("laws by name")
    _check_names(laws, gates, weights, warnings, set(laws_of(tree)))
    return curves_of(tree)


def _check_content(tree: xr.DataTree, where: str) -> None:
    """Refuse a fit whose laws, curves or draws do not match their description."""
    curves = validate(_readable(_described, tree, where), where)
    named_in_data = constant_data(tree).coords
    known = [str(each) for each in cell_table(curves)[0].data_vars]
    if strange := [each for each in named_in_data[schema.COVARIATE].values.astype(str) if each not in known]:
        raise InputError(f"covariates among {', '.join(known)}", repr(strange[0])[:80], where, _AGAIN)
    for name in laws_of(tree):
        posterior = posterior_group(tree, name)
        for quantity, draws in posterior.data_vars.items():
            _check_draws(str(quantity), draws, where)
        _check_labels(posterior, named_in_data, f"draws of {name}", where)
    _check_labels(tree["prior"].to_dataset(), named_in_data, "draws of the prior", where)


def _check_labels(draws: xr.Dataset, of_data: Any, what: str, where: str) -> None:
    """Refuse draws whose runs, groups, cells or covariates are not those of the curves."""
    for dim in _LABELLED:
        if dim in draws.dims and not draws.coords[dim].equals(of_data[dim]):
            raise InputError(f"{what} for each {dim} of the curves", "others", where, _AGAIN)


def _check_names(
    laws: dict[str, Any],
    gates: dict[str, Any],
    weights: dict[str, float],
    warnings: list[dict[str, Any]],
    names: set[str],
) -> None:
    """Raise what cannot be read, or a `ValueError` where a gate or a weight is that of no law."""
    for gate in gates.values():
        Gate.from_dict(gate)
    for content in warnings:
        Finding.from_dict(content)
    if set(laws) != names or set(gates) != names or not set(weights) <= names:
        raise ValueError("a gate for each law, and weights of laws")


def _check_draws(name: str, draws: xr.DataArray, where: str) -> None:
    """Refuse draws of other kinds or dims, or out of range; a place on the axis may be NaN or infinite."""
    dims = ("chain", "draw", *_DIMS.get(name, draws.dims[2:]))
    if draws.dtype.kind != "f" or draws.dims != dims:
        expected = f"draws of {name} over {', '.join(map(str, dims))}"
        raise InputError(expected, f"{draws.dtype} over {', '.join(map(str, draws.dims))}", where, _AGAIN)
    if name in ON_AXIS:
        expected, holds = "not negative", ~(draws.values < 0)
    else:
        expected, holds = "finite", np.isfinite(draws.values)
    if name in _POSITIVE:
        expected, holds = "positive and finite", holds & (draws.values > 0)
    if name in _SHARES:
        expected, holds = "in [0, 1]", holds & (draws.values >= 0) & (draws.values <= 1)
    if not holds.all():
        raise InputError(f"draws of {name} {expected}", f"{draws.values[~holds].flat[0]:g}", where, _AGAIN)


def provenance(seed: int) -> dict[str, Any]:
    """Versions and seed, as attributes."""
    import pymc

    found = {"bayeskisl": __version__, "pymc": pymc.__version__, "seed": seed}
    with suppress(PackageNotFoundError):
        found["nutpie"] = version("nutpie")
    return found


def _plain(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with NumPy's numbers as Python's, for JSON."""
    return {str(key): value.item() if isinstance(value, np.generic) else value for key, value in attrs.items()}
