"""Probe groups: in a column, by its names, or in the names of fields."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray
from bayeskisl.curves.tables.choices import is_general
from bayeskisl.curves.tables.fields import OUTCOMES, Sources, Values, split_group
from bayeskisl.curves.tables.names import group_named
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.quantities import read_each
from bayeskisl.curves.tables.spelling import as_sql, map_option, option

__all__ = ["by_group", "groups_of", "names_benchmark", "probed_rows", "renaming"]

_NOT_TRAINED = re.compile(r"held|unseen|paraphras|rephras|\bnew\b|novel|\bood\b", re.IGNORECASE)


def by_group(values: Values, findings: Findings) -> Values:
    """Return one row per run and probe group; measurements of named groups become rows."""
    named = list(dict.fromkeys(split_group(field)[1] for field in values if "." in field))
    if not named:
        return values
    measured = {split_group(field)[1] for field in values if split_group(field)[0] in OUTCOMES}
    if schema.GROUP in values and not measured - {""}:
        return _of_named_groups(values, named)
    if schema.GROUP in values or {"", schema.INFUSED} <= measured:
        findings.refuse("a group in a column, or groups in the names of columns", "both", "columns",
                        f"leave one of them out with {option('ignore', 'COLUMN')}")  # fmt: skip
        findings.stop_if_refused()
    unnamed = [schema.INFUSED] if "" in measured else []  # a group whose outcomes are in columns that name none
    refused = findings.refused & set(OUTCOMES)  # a column without numbers does not show which rows probed its group
    rows = {group: probed_rows(values, group="" if group in unnamed or refused else group)
            for group in [*unnamed, *named]}  # fmt: skip
    for group, probed in rows.items():
        if not probed.all():
            findings.notes.append(f"{group} was not probed in {int((~probed).sum()):,} of {len(probed):,} rows")
    findings.expand(np.concatenate([np.flatnonzero(probed) for probed in rows.values()]))
    blocks = [_block(values, group, probed, group in unnamed) for group, probed in rows.items()]
    fields = list(dict.fromkeys(field for block in blocks for field in block))
    empty = [np.full(len(block[schema.GROUP]), np.nan) for block in blocks]
    return {field: np.concatenate([block.get(field, nothing) for block, nothing in zip(blocks, empty, strict=True)])
            for field in fields}  # fmt: skip


def _shared(values: Values) -> Values:
    return {field: cells for field, cells in values.items() if "." not in field}


def _own(values: Values, group: str) -> Values:
    return {split_group(field)[0]: cells for field, cells in values.items() if field.endswith(f".{group}")}


def _block(values: Values, group: str, probed: BoolArray, unnamed: bool) -> Values:
    """The rows of a group, with the fields that all groups share; `unnamed` if these have its outcomes."""
    shared = {field: cells for field, cells in _shared(values).items() if unnamed or field not in OUTCOMES}
    block = {field: cells[probed] for field, cells in (shared | _own(values, group)).items()}
    return block | {schema.GROUP: np.full(probed.sum(), group, dtype=object)}


def _of_named_groups(values: Values, named: Sequence[str]) -> Values:
    """The rows, whose groups are in a column, with what is given of each group, ``probed.background``, in its rows."""
    rows = _shared(values)
    groups = _group_names(rows[schema.GROUP])
    for group in named:
        for name, cells in _own(values, group).items():
            rows[name] = np.where(groups == group, cells, rows.get(name, np.nan))
    return rows


def probed_rows(
    values: Mapping[str, np.ndarray], unread: Mapping[str, BoolArray] | None = None, group: str = ""
) -> BoolArray:
    """Return the rows that probed a named `group`, including those without recall; all rows without a name."""
    rows = len(next(iter(values.values())))
    if not group:
        return np.ones(rows, dtype=bool)
    told = np.zeros(rows, dtype=bool)
    for outcome in (f"{schema.RECALLED}.{group}", f"accuracy.{group}"):
        if outcome in values:
            told |= ~np.isnan(values[outcome]) | (unread[outcome] if unread else False)
    return told


def groups_of(rows: Values, mapping: Sources, findings: Findings) -> np.ndarray:
    """Return the probe group of every row by its name in the schema, ``(row,)``; infused facts where none is named."""
    if schema.GROUP not in rows:
        return np.full(len(findings.places), schema.INFUSED, dtype=object)
    told = rows[schema.GROUP]
    names = _group_names(told)
    unknown = np.array([name is not None and name not in schema.GROUPS for name in names], dtype=bool)
    if unknown.any():
        remedy = "say which is which: " + renaming(
            mapping[schema.GROUP], [str(name) for name in told if name is not None]
        )
        findings.refuse_rows(unknown, f"a group among {', '.join(schema.GROUPS)}", told.tolist(), remedy)
    return names


def _group_names(told: np.ndarray) -> np.ndarray:
    """Probe groups by their names in the schema, ``(row,)``: ``Background`` and ``bg`` are ``background``."""
    names = read_each(told.tolist(), lambda name: None if name is None else group_named(name))
    return np.array(names, dtype=object)


def renaming(source: str | float, names: Sequence[str]) -> str:
    """Return the option that names the groups of a table by a column, quoted for a shell.

    One name without a known sense is the infused facts; of several the user has to say what each is.
    """
    column = str(source).strip('"') if str(source).strip('"').isidentifier() else source
    groups = {name: _group_by_sense(name) for name in names}
    unknown = [name for name, group in groups.items() if not group]
    groups |= {name: schema.INFUSED if len(unknown) == 1 else "?" for name in unknown}
    if sorted(set(groups.values())) == [schema.BACKGROUND, schema.INFUSED] and len(unknown) == 1:
        cases = f"WHEN {column} = {as_sql(unknown[0])} THEN '{schema.INFUSED}' ELSE '{schema.BACKGROUND}'"
    else:
        cases = " ".join(f"WHEN {column} = {as_sql(name)} THEN '{group}'" for name, group in groups.items())
    return map_option(schema.GROUP, f"CASE {cases} END")


def _group_by_sense(name: str) -> str:
    """The group that a name means, empty if it may mean any."""
    named = group_named(name.lower())
    if named in schema.GROUPS:
        return named
    if _NOT_TRAINED.search(name):
        return schema.INFUSED_HELDOUT
    return schema.BACKGROUND if is_general(name) else ""


def names_benchmark(names: Sequence[str]) -> bool:
    """Whether a general benchmark is among names."""
    return any(map(is_general, names))
