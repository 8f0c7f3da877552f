"""Retention curves from a table that somebody else made."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves.tables.assemble import assemble, describe
from bayeskisl.curves.tables.counts import count
from bayeskisl.curves.tables.experiment import axis_of, last_checkpoints, runs_of
from bayeskisl.curves.tables.fields import quoted, says_non_embedding, split_group
from bayeskisl.curves.tables.identity import solve_identity
from bayeskisl.curves.tables.levels import VALUE, gather_levels, levels_in
from bayeskisl.curves.tables.mapping import complete_mapping, evaluate, probed_rows
from bayeskisl.curves.tables.problems import Findings, TableError, shown
from bayeskisl.curves.tables.read import RawTable, read_table
from bayeskisl.curves.validate import validate

__all__ = ["curves_from_table"]

_OUTCOMES = (schema.RECALLED, "accuracy")
_IDENTIFYING = (*schema.RUN_COORDINATES, schema.DOMAIN)
_GROUP_NAMES = {"heldout": schema.INFUSED_HELDOUT, "held_out": schema.INFUSED_HELDOUT, "bg": schema.BACKGROUND}


def curves_from_table(
    table: Any,
    mapping: Mapping[str, Any] | None = None,
    *,
    axis: str | None = None,
    levels: str | None = None,
    probed: int | None = None,
    guessing: float | None = None,
    replicates: bool = False,
    skip_bad_rows: bool = False,
) -> xr.Dataset:
    """Retention curves from a table of measurements, one row per run (and probe group).

    A table needs the model's size, the number of infused facts (or what gives it by r D = K f l), and what was
    recalled: counts, or a rate with its denominator or its standard error. Common column names are recognised.

    Parameters
    ----------
    table : path, frame, mapping of columns, sequence of mappings, or RawTable
        A CSV, TSV, Parquet, JSON-lines or JSON file; a polars or pandas frame, or anything that exports Arrow; columns
        by name; one mapping a row; or what `read_runs` returned.
    mapping : mapping, optional
        Field to a column's name, an SQL expression over columns (``"round(acc * n)"``), a quantity (``"7B"``) or a
        number. Fields of runs: ``params``, ``total_params``, ``tokens``, ``facts``, ``ratio``, ``exposures``,
        ``tokens_per_fact``, ``infused_tokens``, ``background_facts``, ``background_share``, ``seed``, ``run``,
        ``checkpoint``, ``general_loss``, ``learning_rate``. What was measured: ``recalled``, ``probed``, ``accuracy``,
        ``standard_error``, ``guessing``, ``answer_nats``, of the group in the row's ``group``, or of a group that the
        field names, as in ``"recalled.background"``.
    axis : str, optional
        A name in ``bayeskisl.axes.AXES``; by default what the rows show.
    levels : str, optional
        ``facts``, ``ratio`` or ``exposures``, if columns are named by its levels (``31``, ``62``, ...); their cells are
        accuracies unless the mapping says otherwise of the column ``value``.
    probed : int, optional
        Probed facts of every row, where the table does not tell.
    guessing : float, optional
        Chance of recall without knowledge, in [0, 1); 0 where neither this nor the table tells.
    replicates : bool
        Whether rows that are alike in everything but the counts are runs of their own.
    skip_bad_rows : bool
        Whether rows that something is wrong with are left out, counted and listed, instead of refused.

    Returns
    -------
    xarray.Dataset
        Validated curves, dims ``(run, group)``. The attributes ``import_mapping``, ``import_assumed``,
        ``import_notes``, ``import_left_out`` and ``import_unused_columns`` (JSON) say how they came about;
        ``exposure_scale`` is ``relative`` if the table does not tell how often a fact was seen.

    Raises
    ------
    TableError
        An `InputError` that tells everything that is wrong, by row, each with a remedy.

    Warns
    -----
    UserWarning
        When rows are left out under `skip_bad_rows`.
    """
    raw = read_table(table)
    given = dict(mapping or {})
    if levels is not None:
        raw = gather_levels(raw, levels)
        if not {"recalled", "accuracy"} & set(given):
            given["accuracy"] = VALUE
    findings = Findings(raw.origin, raw.places, left_out=list(raw.left_out), columns=list(raw.columns))
    _add_options(given, findings, probed=probed, guessing=guessing)
    full, recognised = complete_mapping(given, raw, findings)
    if levels is None and not any(split_group(field)[0] in _OUTCOMES for field in full):
        _refuse_levels(raw, findings)
    values, unused = evaluate(full, raw, findings)
    findings.columns.sort(key=lambda name: name not in unused)  # an error names first what nobody read
    findings.stop_if_refused(skip_bad_rows=True)  # what is wrong with single rows is told below, all at once
    if recognised:
        findings.notes.append(f"recognised: {', '.join(_recognised(name, full[name]) for name in recognised)}")
    _doubt_labels(full, findings)
    rows = _completed(_by_group(values, findings), findings)
    infusion = solve_identity(rows, findings)
    rows[schema.RECALLED], rows[schema.PROBED] = count(rows, findings)
    if infusion is None:
        raise TableError([*findings.of_table, *(problem for _, problem in findings.of_rows)], raw.origin)
    told = frozenset(rows) | ({schema.RATIO} if "infused_tokens" in rows else frozenset())
    rows |= {name: getattr(infusion, name) for name in ("tokens", "ratio", "facts", "exposures", "tokens_per_fact")}
    found = axis_of(infusion, told, axis, findings)
    runs, good = _runs(rows, replicates, findings)
    findings.stop_if_refused(skip_bad_rows and found is not None)
    curves = _in_runs(rows, runs, good, findings)
    return validate(describe(curves, str(found), raw, full, unused, infusion.relative, findings), raw.origin)


def _refuse_levels(table: RawTable, findings: Findings) -> None:
    """A wide table whose columns nobody said to be levels."""
    field, columns = levels_in(table)
    if columns:
        findings.refuse(
            "recalled facts or an accuracy in a column, or columns that are levels",
            f"columns such as {', '.join(map(shown, columns[:3]))}", "columns",
            f"if they are levels of {field}, say so: --levels {field}",
        )  # fmt: skip
        findings.stop_if_refused()


def _recognised(field: str, source: str | float) -> str:
    return field if source == quoted(field) else f"{field} from {source}"


def _doubt_labels(mapping: Mapping[str, str | float], findings: Findings) -> None:
    """A size by its common name mostly counts the embeddings too."""
    source = mapping.get(schema.PARAMS)
    if schema.TOTAL_PARAMS not in mapping and source in {quoted(name) for name in findings.columns}:
        name = str(source).strip('"')
        if not says_non_embedding(name):
            findings.assumed.append(
                f"{name} was taken as non-embedding parameters; names such as 70M mostly count all of them (then map "
                "params to a column of those without embeddings, and total_params to this one)"
            )


def _add_options(given: dict[str, Any], findings: Findings, **options: float | None) -> None:
    for name, value in options.items():
        if value is None:
            continue
        if name in given:
            findings.refuse(f"one {name}", "a mapping and an option", name, "leave one of them out")
        given[name] = value


def _by_group(values: dict[str, np.ndarray], findings: Findings) -> dict[str, np.ndarray]:
    """One row per run and probe group: what was measured of named groups becomes rows."""
    named = list(dict.fromkeys(split_group(field)[1] for field in values if "." in field))
    if not named:
        return values
    shared = {field: cells for field, cells in values.items() if "." not in field}
    unnamed = {field for field in shared if field in _OUTCOMES}
    if schema.GROUP in shared or (unnamed and schema.INFUSED in named):
        findings.refuse("a group in a column, or groups in the names of columns", "both", "columns",
                        "map only one of them")  # fmt: skip
        findings.stop_if_refused()
    blocks, sources = [], []
    for group in [*([schema.INFUSED] if unnamed else []), *named]:
        own = {split_group(field)[0]: cells for field, cells in values.items() if field.endswith(f".{group}")}
        rows = probed_rows(values, group=group if own else "")
        block = {**{field: cells for field, cells in shared.items() if not (own and field in unnamed)}, **own}
        blocks.append({field: cells[rows] for field, cells in block.items()})
        blocks[-1][schema.GROUP] = np.full(rows.sum(), group, dtype=object)
        sources.append(np.flatnonzero(rows))
        if not rows.all():
            findings.notes.append(f"{group} was not probed in {int((~rows).sum()):,} of {len(rows):,} rows")
    findings.expand(np.concatenate(sources))
    fields = list(dict.fromkeys(field for block in blocks for field in block))
    return {field: np.concatenate([_column(block, field) for block in blocks]) for field in fields}


def _column(block: dict[str, np.ndarray], field: str) -> np.ndarray:
    return block.get(field, np.full(len(block[schema.GROUP]), np.nan))


def _completed(values: dict[str, np.ndarray], findings: Findings) -> dict[str, np.ndarray]:
    """The fields with those added that may be assumed, and the groups by their names."""
    rows, nothing = dict(values), np.zeros(len(findings.places))
    if schema.PARAMS not in rows:
        remedy = "map it, as in --map params=COLUMN"
        if schema.TOTAL_PARAMS in rows:
            remedy = "say --map params=total_params if embeddings may count; exponents of small sizes then differ"
        findings.refuse("non-embedding parameters", f"none among {findings.have}", "columns", remedy)
        rows[schema.PARAMS] = 1.0 + np.arange(len(nothing))  # distinct: no row seems to repeat another
    if schema.TOTAL_PARAMS not in rows:
        rows[schema.TOTAL_PARAMS] = rows[schema.PARAMS]
        findings.assumed.append("total_params was not in the table; taken as params")
    if schema.GUESSING not in rows:
        findings.assumed.append("guessing was not in the table; taken as 0, as for free answers")
    elif (untold := np.isnan(rows[schema.GUESSING]) & ~findings.bad_rows).any():
        findings.assumed.append("guessing was not in the table for every group; taken as 0 for the others")
        rows[schema.GUESSING] = np.where(untold, 0, rows[schema.GUESSING])
    for name in (schema.GUESSING, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE, schema.SEED):
        rows.setdefault(name, nothing)
    rows[schema.GROUP] = _groups(rows, findings)
    return rows


def _groups(rows: dict[str, np.ndarray], findings: Findings) -> np.ndarray:
    if schema.GROUP not in rows:
        return np.full(len(findings.places), schema.INFUSED, dtype=object)
    told = rows[schema.GROUP]
    names = [None if name is None else _GROUP_NAMES.get(name.lower(), name.lower()) for name in told]
    unknown = np.array([name is not None and name not in schema.GROUPS for name in names], dtype=bool)
    findings.refuse_rows(unknown, f"a group among {', '.join(schema.GROUPS)}", told.tolist(),
                         "rename it with SQL's CASE WHEN ... THEN 'infused' ELSE 'background' END")  # fmt: skip
    background = np.array([name == schema.BACKGROUND for name in names], dtype=bool)
    exposed = (rows[schema.BACKGROUND_FACTS] > 0) & (rows[schema.BACKGROUND_SHARE] > 0)
    unexposed = background & ~exposed & ~findings.bad_rows
    findings.refuse_rows(unexposed, "background_facts and background_share above 0 for a background group",
                         ["none"] * len(names), "map both")  # fmt: skip
    out = np.empty(len(names), dtype=object)
    out[:] = names
    return out


def _runs(rows: dict[str, np.ndarray], replicates: bool, findings: Findings) -> tuple[list[tuple], np.ndarray]:
    """The run of each row, and which rows are used."""
    named, seeded = schema.RUN in rows, bool(rows[schema.SEED].any())
    identity = [rows[schema.RUN]] if named else [rows[name] for name in _IDENTIFYING if name in rows]
    keys = list(zip(*(cells.tolist() for cells in identity), rows[schema.GROUP].tolist(), strict=True))
    good = ~findings.bad_rows
    if "checkpoint" in rows:
        good &= last_checkpoints(keys, np.where(good, rows["checkpoint"], np.nan), findings)
    runs = runs_of(keys, good, replicates, named or seeded, findings)
    if named:
        _refuse_contradictions(rows, runs, good, findings)
    if replicates and not seeded:
        rows[schema.SEED] = np.array([run[-1] for run in runs], dtype=float)
    return runs, good


def _in_runs(rows: dict[str, np.ndarray], runs: list[tuple], good: np.ndarray, findings: Findings) -> xr.Dataset:
    """The rows that are good, as runs by groups."""
    findings.leave_out_bad_rows()
    good = good & ~findings.bad_rows
    if not good.any():
        raise TableError([problem for _, problem in findings.of_rows], findings.origin)
    if findings.of_rows:
        left = int(findings.bad_rows.sum())
        warnings.warn(f"{findings.origin}: {left:,} of {len(good):,} rows are left out; "
                      "the attribute import_left_out lists them.", stacklevel=3)  # fmt: skip
    kept = np.flatnonzero(good)
    index = {run: i for i, run in enumerate(dict.fromkeys(runs[row] for row in kept))}
    run_of_row = np.array([index[runs[row]] for row in kept])
    firsts = kept[np.unique(run_of_row, return_index=True)[1]]
    names = [findings.places[row] for row in firsts]
    if schema.RUN in rows:
        numbers = [runs[row][-1] for row in firsts]
        names = [f"{rows[schema.RUN][row]}{f' #{i}' if i else ''}" for row, i in zip(firsts, numbers, strict=True)]
    used = {name: cells[kept] for name, cells in rows.items()}
    return assemble(run_of_row, names, used, used[schema.GROUP])


def _refuse_contradictions(
    rows: dict[str, np.ndarray], runs: list[tuple], good: np.ndarray, findings: Findings
) -> None:
    """Rows of one run must agree in what describes the run."""
    first: dict[tuple, int] = {}
    of_row = np.array([first.setdefault(run, row) if good[row] else row for row, run in enumerate(runs)], dtype=int)
    for name in (each for each in _IDENTIFYING if each in rows):
        differs = good & (rows[name] != rows[name][of_row])
        findings.refuse_rows(differs, f"one {name} in all rows of a run", rows[name].tolist(), "name runs apart")
