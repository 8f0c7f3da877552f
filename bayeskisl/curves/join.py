"""Joining sweeps into one set of curves, so that they are fitted together."""

import hashlib
import json
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.curves.checkpoints import final
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError

__all__ = ["join_curves"]

_NOT_PROBED = {schema.RECALLED: 0, schema.PROBED: 0, schema.ANSWER_NATS: 0.0, schema.GUESSING: np.nan}


def join_curves(*curves: xr.Dataset) -> xr.Dataset:
    """Join the runs of several sweeps along one axis, as measured at the end of training, into one Dataset.

    Parameters
    ----------
    *curves : xarray.Dataset
        Retention curves, for instance of one experiment at several token budgets.

    Returns
    -------
    xarray.Dataset
        All runs, each once. Groups that a sweep did not probe have zero probed facts there. Variables that some sweeps
        did not measure are left out.

    Raises
    ------
    InputError
        If there are no sweeps, they have different axes, or two runs with one name differ.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> half, twice = bk.load_curves("desk-amount"), bk.load_curves("desk-tokens")
    >>> bk.join_curves(half, twice).sizes["run"] == half.sizes["run"] + twice.sizes["run"]
    True
    """
    if not curves:
        raise InputError("at least one set of curves", "none", "join_curves")
    parts = [validate(final(part)) for part in curves]
    named = sum(schema.DOMAIN in part.coords for part in parts)
    if named not in (0, len(parts)):
        raise InputError("a domain in all sets of curves or in none", f"one in {named} of {len(parts)}", "join_curves",
                         'name the others too, curves.assign_coords(domain=("run", names))')  # fmt: skip
    axes = sorted({part.attrs["axis"] for part in parts})
    if len(axes) > 1:
        raise InputError("sweeps along one axis", " and ".join(axes), "join_curves", "fit each separately")
    groups = [group for group in schema.GROUPS if any(group in part[schema.GROUP].values for part in parts)]
    shared = [name for name in parts[0].variables if all(name in part.variables for part in parts)]
    joined = xr.concat(
        [_with_groups(part[shared], groups) for part in parts],
        dim=schema.RUN,
        coords="minimal",
        compat="override",
        combine_attrs="drop_conflicts",
    )
    _, first = np.unique(joined[schema.RUN].values, return_index=True)
    _refuse_contradictions(joined, first)
    joined = joined.isel({schema.RUN: np.sort(first)})
    joined.attrs |= _provenance(parts)
    return validate(joined)


def _with_groups(part: xr.Dataset, groups: list[str]) -> xr.Dataset:
    fill = {name: value for name, value in _NOT_PROBED.items() if name in part}
    wide = part.reindex({schema.GROUP: groups}, fill_value=fill)
    chance = part[schema.GUESSING].isel({schema.GROUP: 0}, drop=True)  # of the answers, so alike in every group
    return wide.assign({schema.GUESSING: wide[schema.GUESSING].fillna(chance)})


def _refuse_contradictions(joined: xr.Dataset, first: IntArray) -> None:
    names = joined[schema.RUN].values
    of_name = dict(zip(names[first], first, strict=True))
    same = np.array([of_name[name] for name in names])
    for variable in (schema.RECALLED, schema.PROBED):
        values = joined[variable].values
        differ = (values != values[same]).any(axis=1)
        if differ.any():
            got = f"another one of {variable} in {int(differ.sum())} run(s), the first {names[differ][0]!r}"
            raise InputError("one measurement of each run", got, "join_curves")


def _provenance(parts: list[xr.Dataset]) -> dict[str, str]:
    def merged(name: str, empty: str) -> list[Any]:
        return [json.loads(part.attrs.get(name, empty)) for part in parts]

    digests = "".join(part.attrs.get("records_sha256", "") for part in parts)
    return {
        "title": "; ".join(part.attrs.get("title", "curves without a title") for part in parts),
        "sweeps": json.dumps({name: path for sweeps in merged("sweeps", "{}") for name, path in sweeps.items()}),
        "diverged": json.dumps([run for runs in merged("diverged", "[]") for run in runs]),
        "records_sha256": hashlib.sha256(digests.encode()).hexdigest(),
    }
