"""Joining sweeps into one set of curves, so that they are fitted together."""

import hashlib
import json
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import in_words
from bayeskisl.arrays import IntArray
from bayeskisl.curves.benchmark import SCALE
from bayeskisl.curves.checkpoints import final
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.curves.tables.command import RECORD
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError, way

__all__ = ["join_curves"]

# What a run of one name has one value of, where the sweeps say it.
_IDENTIFYING = (
    *schema.RUN_COORDINATES, schema.DOMAIN, schema.TOKENS_BEFORE, schema.LEARNING_RATE, schema.DEPTH,
)  # fmt: skip
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
        If there are no sweeps, they have different axes, two runs with one name differ, or imported tables lack
        different columns.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> half, twice = bk.load_curves("desk-amount"), bk.load_curves("desk-tokens")
    >>> bk.join_curves(half, twice).sizes["run"] == half.sizes["run"] + twice.sizes["run"]
    True
    """
    if not curves:
        raise InputError("at least one set of curves", "none", "join_curves")
    if len(curves) == 1 and isinstance(curves[0], list | tuple):
        raise InputError("sets of curves", in_words(curves[0]), "join_curves",
                         "pass each by itself, `bk.join_curves(*curves)`")  # fmt: skip
    parts = _on_one_scale([validate(final(part)) for part in curves])
    named = sum(schema.DOMAIN in part.coords for part in parts)
    if named not in (0, len(parts)):
        raise InputError("a domain in all sets of curves or in none", f"one in {named} of {len(parts)}", "join_curves",
                         'name the others too, curves.assign_coords(domain=("run", names))')  # fmt: skip
    axes = sorted({part.attrs["axis"] for part in parts})
    if len(axes) > 1:
        raise InputError("sweeps along one axis", " and ".join(axes), "join_curves", "fit each separately")
    groups = [group for group in schema.GROUPS if any(group in part[schema.GROUP].values for part in parts)]
    parts = [part.set_coords(schema.LEARNING_RATE) if schema.LEARNING_RATE in part else part for part in parts]
    parts = _with_a_phase_before(parts)
    shared = [name for name in parts[0].variables if all(name in part.variables for part in parts)]
    guesses = xr.DataArray([_guessing_of(group, parts) for group in groups], {schema.GROUP: groups})
    joined = xr.concat(
        [_with_groups(part[shared], guesses) for part in parts],
        dim=schema.RUN,
        coords="minimal",
        compat="override",
        combine_attrs="drop_conflicts",
    )
    _, first = np.unique(joined[schema.RUN].values, return_index=True)
    _refuse_contradictions(joined, first)
    joined = joined.isel({schema.RUN: np.sort(first)})
    joined.attrs |= _provenance(parts) | _of_imports(parts)
    return validate(joined)


def _with_a_phase_before(parts: list[xr.Dataset]) -> list[xr.Dataset]:
    """Say of runs without a phase before their budget that it has no tokens, if other runs have one."""
    if not any(schema.TOKENS_BEFORE in part.coords for part in parts):
        return parts
    return [
        part
        if schema.TOKENS_BEFORE in part.coords
        else part.assign_coords({schema.TOKENS_BEFORE: (schema.RUN, np.zeros(part.sizes[schema.RUN]))})
        for part in parts
    ]


def _guessing_of(group: str, parts: list[xr.Dataset]) -> float:
    """Guessing rate of a group in the first sweep that has it."""
    part = next(part for part in parts if group in part[schema.GROUP].values)
    return float(part[schema.GUESSING].sel({schema.GROUP: group}).values[0])


def _with_groups(part: xr.Dataset, guesses: xr.DataArray) -> xr.Dataset:
    """Return the sweep with every group; one that it never probed has the guessing rate of other sweeps."""
    fill = {name: value for name, value in _NOT_PROBED.items() if name in part}
    wide = part.reindex({schema.GROUP: guesses[schema.GROUP].values}, fill_value=fill)
    return wide.assign({schema.GUESSING: wide[schema.GUESSING].fillna(guesses)})


def _refuse_contradictions(joined: xr.Dataset, first: IntArray) -> None:
    names = joined[schema.RUN].values
    of_name = dict(zip(names[first], first, strict=True))
    same = np.array([of_name[name] for name in names])
    told = [name for name in _IDENTIFYING if name in joined.coords and name != schema.RUN]
    for variable in (*told, schema.RECALLED, schema.PROBED):
        values = joined[variable].values.reshape(len(names), -1)
        differ = ((values != values[same]) & ~(_is_missing(values) & _is_missing(values[same]))).any(axis=1)
        if differ.any():
            got = f"another one of {variable} in {int(differ.sum())} run(s), the first {str(names[differ][0])!r}"
            raise InputError(
                "one measurement of each run",
                got,
                "join_curves",
                "give each run a name of its own, in a table by "
                + way("`mapping={'run': COLUMN}`", "`--map run=COLUMN`"),
            )


# What an import found, as JSON lists; scales of exposures, "relative" or "absolute".
_LISTS = ("import_invented", "import_assumed", "import_notes", "import_unused_columns")
_LEFT_OUT = "import_left_out"
_EXPOSURE_SCALE = "exposure_scale"
_SCALES = (_EXPOSURE_SCALE, SCALE)


def _of_imports(parts: list[xr.Dataset]) -> dict[str, str]:
    """Merge the findings of imports, and the options of all; exposures are relative if those of any part are."""
    found: dict[str, str] = {}
    for name in (*_LISTS, _LEFT_OUT):
        of_parts = [json.loads(part.attrs[name]) for part in parts if name in part.attrs]
        if of_parts:
            found[name] = json.dumps(_all_left_out(of_parts) if name == _LEFT_OUT else _each_once(of_parts))
    if all(RECORD in part.attrs for part in parts):
        first, *others = (json.loads(part.attrs[RECORD]) for part in parts)
        found[RECORD] = json.dumps({name: value for name, value in first.items()
                                    if all(name in each and each[name] == value for each in others)})  # fmt: skip
    for name in _SCALES:
        scales = [part.attrs.get(name, "absolute") for part in parts]
        if any(name in part.attrs for part in parts):
            found[name] = "relative" if "relative" in scales else "absolute"
    return found


def _each_once(lists: list[list[Any]]) -> list[Any]:
    return list({json.dumps(each): each for one in lists for each in one}.values())


def _all_left_out(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Numbers of rows that imports left out, and those that they list."""
    return {"count": sum(one["count"] for one in parts), "listed": [each for one in parts for each in one["listed"]]}


# What an import makes up where a table lacks it: one value for all runs of the table, chosen by its levels.
_MADE_UP = (schema.TOKENS, schema.TOKENS_PER_FACT, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE)


def _on_one_scale(parts: list[xr.Dataset]) -> list[xr.Dataset]:
    """Give all parts the terms that each import made up for itself: those of the first, and a budget for all parts."""
    made_up = [_made_up_in(part) for part in parts]
    if any(names != made_up[0] for names in made_up):
        got = " and ".join(dict.fromkeys(", ".join(names) or "nothing" for names in made_up))
        raise InputError("tables that lack the same columns", f"tables that lack {got}", "join_curves",
                         "import the tables as one, or map what one of them lacks")  # fmt: skip
    if not made_up[0]:
        return parts
    common = {name: float(parts[0][name][0]) for name in made_up[0]}
    if schema.TOKENS in common:
        common |= _common_budget(parts, common)
    return [_with_made_up(part, common) for part in parts]


def _made_up_in(part: xr.Dataset) -> list[str]:
    """Terms that stand for what is not known: those an import lacks, and those of a general benchmark."""
    lacking = set(assumed_terms(part))
    if part.attrs.get(SCALE) == "relative":
        lacking |= {schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE}
    return [name for name in _MADE_UP if name in lacking]


def _states_exposures(part: xr.Dataset) -> bool:
    return part.attrs.get(_EXPOSURE_SCALE) == "absolute"


def _common_budget(parts: list[xr.Dataset], of_first: dict[str, float]) -> dict[str, float]:
    """The largest budget that stated exposures needed, and a background with as many tokens as in the first part."""
    needed = [float(part[schema.TOKENS][0]) for part in parts if _states_exposures(part)]
    tokens = max(needed, default=of_first[schema.TOKENS])
    budget = {schema.TOKENS: tokens}
    if schema.BACKGROUND_SHARE in of_first:
        budget[schema.BACKGROUND_SHARE] = of_first[schema.BACKGROUND_SHARE] * of_first[schema.TOKENS] / tokens
    return budget


def _with_made_up(part: xr.Dataset, values: dict[str, float]) -> xr.Dataset:
    """Return the part with other values of terms: stated exposures stay, and the ratio follows; or else they follow."""
    part = part.assign_coords({name: part[name].astype(float) * 0 + value for name, value in values.items()})
    each = part[schema.FACTS] * part[schema.TOKENS_PER_FACT]
    if _states_exposures(part) and schema.TOKENS in values:
        return part.assign_coords({schema.RATIO: part[schema.EXPOSURES] * each / part[schema.TOKENS]})
    return part.assign_coords({schema.EXPOSURES: part[schema.RATIO] * part[schema.TOKENS] / each})


def _is_missing(values: np.ndarray) -> np.ndarray:
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)


def _provenance(parts: list[xr.Dataset]) -> dict[str, str]:
    def merged(name: str, empty: str) -> list[Any]:
        return [json.loads(part.attrs.get(name, empty)) for part in parts]

    digests = [part.attrs[name] for part in parts for name in ("records_sha256", "table_sha256") if name in part.attrs]
    return {
        **({"records_sha256": hashlib.sha256("".join(digests).encode()).hexdigest()} if digests else {}),
        "title": "; ".join(part.attrs.get("title", "curves without a title") for part in parts),
        "sweeps": json.dumps({name: path for sweeps in merged("sweeps", "{}") for name, path in sweeps.items()}),
        "diverged": json.dumps([run for runs in merged("diverged", "[]") for run in runs]),
    }
