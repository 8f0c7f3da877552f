"""Retention curves from a table of measurements."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Any, Unpack

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, IntArray
from bayeskisl.axes import AXES, axis_named
from bayeskisl.axes import axis_of as axes_of
from bayeskisl.curves.cells import cell_table
from bayeskisl.curves.tables.assemble import assemble, describe
from bayeskisl.curves.tables.completing import complete, with_benchmark, with_facts
from bayeskisl.curves.tables.counts import count, in_the_unit_of_the_rate, refuse_shares_as_percent
from bayeskisl.curves.tables.evaluation import evaluate, selected
from bayeskisl.curves.tables.experiment import (
    are_tokens_seen,
    axis_of,
    first_alike,
    last_checkpoints,
    names_rows,
    number_replicates,
)
from bayeskisl.curves.tables.fields import MEASURED, OUTCOMES, PLANNED, STATE, Values, split_group
from bayeskisl.curves.tables.groups import by_group
from bayeskisl.curves.tables.identity import Infusion, solve_identity
from bayeskisl.curves.tables.items import count_items, refuse_questions
from bayeskisl.curves.tables.levels import VALUE, gather_levels, levels_in
from bayeskisl.curves.tables.mapping import complete_mapping
from bayeskisl.curves.tables.names import names_runs, says_average, says_non_embedding
from bayeskisl.curves.tables.problems import Findings, TableError, shown
from bayeskisl.curves.tables.quantities import as_text, read_quantity, texts_in
from bayeskisl.curves.tables.raw import SPREAD, RawTable, with_spreads
from bayeskisl.curves.tables.read import read_table
from bayeskisl.curves.tables.reading import Reading, ReadingKeywords
from bayeskisl.curves.tables.screen import columns_read
from bayeskisl.curves.tables.set_aside import finished_and_infused, stopped_early, without_aggregates
from bayeskisl.curves.tables.spelling import column_named, in_shell, map_option, quoted
from bayeskisl.curves.tables.states import FINISHED, state_in
from bayeskisl.curves.tables.unpacked import unpacked
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError
from bayeskisl.keywords import from_keywords

__all__ = ["curves_from_table"]

_IDENTIFYING = (*schema.RUN_COORDINATES, schema.DOMAIN)
_SETTINGS = (schema.RUN, *_IDENTIFYING, schema.GROUP)
_SMALL = 10_000  # parameters, below which a size is more often one in millions
_LOGARITHMS = (5, 13)  # to base 10, of sizes that models have
_MANY = 100_000  # runs, among which nobody looks for a single level
_REMEMBERED = 4096  # texts of one column that are read once
_IDENTITY = re.compile(r"(^|[^a-zA-Z])(id|ID|Id)$")  # columns of names that tell rows apart
_RANK = re.compile(r"(?:\w+[./])?(?:recall|hits?|acc(?:uracy)?|pass|precision|top)@\d{1,3}", re.IGNORECASE)
_RARE = 0.01  # exposures on average, below which a budget is more often one in billions


def curves_from_table(
    table: Any,
    mapping: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    *,
    axis: str | None = None,
    levels: str | None = None,
    probed: int | Mapping[str, int] | None = None,
    guessing: float | Mapping[str, float] | None = None,
    replicates: bool = False,
    **short: Unpack[ReadingKeywords],
) -> xr.Dataset:
    """Read retention curves from a table of measurements, one row per run (and probe group).

    A table needs the model's size, the number of infused facts (or terms that determine it by r D = K f l), and recall:
    counts, or a rate with its denominator or standard error. Common column names are recognised.

    Parameters
    ----------
    table : path, frame, mapping of columns, sequence of mappings, or RawTable
        A CSV, TSV, Parquet, JSON-lines or JSON file; a polars or pandas frame, or anything that exports Arrow; columns
        by name; one mapping per row; or the result of `read_runs`.
    mapping : mapping, optional
        Field to a column's name, an SQL expression over columns (``"round(acc * n)"``), a quantity (``"7B"``) or a
        number. Fields of runs: ``params``, ``total_params``, ``tokens``, ``facts``, ``ratio``, ``exposures``,
        ``tokens_per_fact``, ``infused_tokens``, ``background_facts``, ``background_share``, ``seed``, ``run``,
        ``checkpoint``, ``planned_steps``, ``state``, ``general_loss``, ``learning_rate``. What was measured:
        ``recalled``, ``probed``, ``accuracy``, ``standard_error``, ``guessing``, ``answer_nats``, of the group in the
        row's ``group``, or of a group that the field names, as in ``"recalled.background"``. The name of a group alone,
        ``"background"``, is its accuracy.
    reading : Reading, optional
        Selection of rows and columns, and how they are read; by default everything is read.
    axis : str, optional
        A name in ``bayeskisl.axes.AXES``; by default it is inferred from the rows.
    levels : str, optional
        ``facts``, ``ratio``, ``exposures``, ``params`` or ``seed``, if columns are named by its values (``31``, ``62``,
        or ``70M``, ``160M``, ...); their cells are accuracies unless the mapping gives the column ``value`` another
        field.
    probed : int or mapping, optional
        Probed facts of every row, or by group, if the table has no column for them.
    guessing : float or mapping, optional
        Probability of recall without knowledge, in [0, 1), for all groups or by group; 0 if the table gives none
        either.
    replicates : bool
        Whether rows that differ only in their counts are separate runs.
    **short
        Keywords of `Reading`, instead of the object.

    Returns
    -------
    xarray.Dataset
        Validated curves, dims ``(run, group)``. The attributes ``import_columns``, ``import_mapping``,
        ``import_assumed``, ``import_invented``, ``import_notes``, ``import_left_out`` and ``import_unused_columns``
        (JSON) describe the import; ``exposure_scale`` is ``relative`` if the table does not contain the number of
        exposures, and so is ``background_scale`` if the background is a general benchmark.

    Raises
    ------
    TableError
        An `InputError` that lists all problems by row, each with a remedy.

    Warns
    -----
    UserWarning
        If rows are left out because of ``skip_bad_rows``.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> import polars as pl
    >>> table = pl.DataFrame({"size": ["1M", "1M", "4M"], "K": [100, 400, 400], "acc": ["98 %", "41 %", "97 %"]})
    >>> curves = bk.curves_from_table(table, {"params": "size"}, probed=100)
    >>> curves["recalled"].values.ravel().tolist()
    [98, 41, 97]
    """
    (how,) = from_keywords(short, (Reading, reading))
    given, where, decimal = _with_named_groups(mapping or {}), how.where, how.decimal
    found = read_table(table)
    raw = found if where is None else selected(found, where, decimal)
    raw = without_aggregates(_without(raw, how.ignore), given)
    raw, notes = unpacked(_in_rows(raw, given, levels, how.by, how.metric), given)
    findings = Findings(
        raw.origin,
        raw.places,
        left_out=list(raw.left_out),
        columns=list(raw.columns),
        skips=how.skip_bad_rows,
        hint=raw.hint,
        notes=[*raw.notes, *notes],
    )
    if where is not None:
        findings.notes.append(f"rows where {where}: {len(raw.places):,} of {len(found):,}")
    _add_options(given, findings, probed=probed, guessing=guessing)
    full, recognised = complete_mapping(given, raw, findings)
    if not how.by and not {split_group(field)[0] for field in full} & {schema.PROBED, "standard_error"}:
        refuse_questions(
            raw, [name for name in raw.columns if any(quoted(name) == full.get(each) for each in _SETTINGS)]
        )
    raw, guesses = finished_and_infused(raw, full, findings, decimal)
    values, unused = evaluate(full, raw, findings, decimal)
    values = in_the_unit_of_the_rate(values, full, raw.columns, findings)
    refuse_shares_as_percent(values, full, given, raw.columns, findings)
    findings.columns.sort(key=lambda name: name not in unused)  # an error names first what nobody read
    outcomes = [field for field in full if split_group(field)[0] in OUTCOMES]
    if levels is None and all(field in recognised and says_average(full[field], raw.columns) for field in outcomes):
        _refuse_levels(raw, findings)
    findings.unread = [name for name in unused if not name.endswith(SPREAD) and _has_several(raw.columns[name])]
    findings.settings = _settings(raw, full)
    columns = columns_read(full, recognised, raw, values)
    _note_spreads(raw, full, findings)
    _doubt_units(full, values, findings)
    rows = complete(by_group(values, findings), full, guesses, findings)
    rows = with_facts(rows, _numbers_in(raw, unused, len(rows[schema.GROUP])), findings)
    infusion = solve_identity(rows, findings)
    rows[schema.RECALLED], rows[schema.PROBED] = count(rows, findings)
    _doubt_probed(rows, infusion, full, findings)
    if infusion is None:
        raise TableError(findings.everything, raw.origin)
    told = frozenset(rows) | ({schema.RATIO} if "infused_tokens" in rows else frozenset())
    rows |= {name: getattr(infusion, name) for name in ("tokens", "ratio", "facts", "exposures", "tokens_per_fact")}
    shown_axis = axis_of(infusion, told, axis, findings)
    _refuse_ratios_of_one(infusion, shown_axis, full, findings)
    rows = with_benchmark(rows, findings)
    if "token" in str(full.get("checkpoint")).lower() and schema.TOKENS not in findings.invented:
        rows.setdefault(PLANNED, rows[schema.TOKENS])  # tokens seen, of those that were planned
    rows |= _runs_of_domains(rows, findings)
    runs, good = _runs(rows, replicates, full, "checkpoint" not in given, findings)
    _doubt_exposures(infusion, told, full, findings)
    findings.stop_if_refused(how.skip_bad_rows)
    curves = _in_runs(rows, runs, good, findings)
    if shown_axis is not None:
        _note_single_levels(curves.assign_attrs(axis=shown_axis), findings)
        _note_nothing_to_harm(curves, shown_axis, findings)
    described = describe(curves, str(shown_axis), raw, full, columns, unused, infusion.relative, findings)
    return validate(described, raw.origin)


def _with_named_groups(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Add the accuracy of a group to the mapping if a field is the name of a group."""
    return {f"accuracy.{field}" if field in schema.GROUPS else field: source for field, source in mapping.items()}


def _in_rows(
    table: RawTable, given: dict[str, Any], levels: str | None, by: Sequence[str], metric: str | None
) -> RawTable:
    """Return one row per run: questions counted, levels gathered, and values behind ± in separate columns."""
    table = count_items(table, by, metric) if by else table
    if levels is not None:
        table = gather_levels(table, levels)
        if not any(split_group(str(field))[0] in OUTCOMES for field in given) and VALUE in table.columns:
            given["accuracy"] = VALUE
    return with_spreads(table)


def _without(table: RawTable, ignore: Sequence[str]) -> RawTable:
    missing = [name for name in ignore if name not in table.columns]
    if missing:
        raise InputError("columns of the table to leave out", ", ".join(map(shown, missing)), table.origin)
    return replace(table, columns={name: cells for name, cells in table.columns.items() if name not in ignore})


def _settings(table: RawTable, mapping: Mapping[str, str | float]) -> dict[str, list[Any]]:
    """Columns that describe runs: all but those of which something measured is read."""
    read = [
        str(source) for field, source in mapping.items() if split_group(field)[0] in (*MEASURED, schema.GENERAL_LOSS)
    ]
    return {
        name: cells
        for name, cells in table.columns.items()
        if not name.endswith(SPREAD) and not any(quoted(name) in source or name == source for source in read)
    }


def _has_several(cells: Sequence[object]) -> bool:
    texts = texts_in(cells)
    first = next(texts, None)
    return any(text != first for text in texts)


def _numbers_in(table: RawTable, columns: Sequence[str], rows: int) -> Values:
    """Numeric columns that no field reads."""
    found = {}
    for name in columns:
        read = lru_cache(_REMEMBERED)(read_quantity)
        cells = (read(cell) if isinstance(cell, str) else cell for cell in table.columns[name])
        numbers = list(takewhile(_is_number, cells))
        if len(numbers) == len(table):
            found[name] = np.array(numbers, dtype=float)
    return found


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _refuse_levels(table: RawTable, findings: Findings) -> None:
    """Refuse a wide table whose columns are not declared to be levels."""
    field, columns = levels_in(table)
    if columns:
        findings.refuse(
            "recalled facts or an accuracy in a column, or columns that are levels",
            f"columns such as {', '.join(map(shown, columns[:3]))}", "columns",
            f"if they are levels of {field}, add --levels {field}{_as_ranks(columns)}",
            lacks="levels",
        )  # fmt: skip
        raise TableError(findings.of_table, findings.origin)  # what else is missing may be in the names of columns


def _as_ranks(columns: Sequence[str]) -> str:
    """Remedy for columns such as ``recall@5``, in which the right answer may be any of the first five."""
    if not all(_RANK.fullmatch(column.strip()) for column in columns):
        return ""
    return f"; if they count answers among the first ones, say {map_option('accuracy', quoted(columns[0]))}"


def _note_spreads(table: RawTable, mapping: Mapping[str, str | float], findings: Findings) -> None:
    for name in table.columns:
        spread = quoted(name + SPREAD)
        if name + SPREAD in table.columns and not any(spread in str(source) for source in mapping.values()):
            findings.notes.append(f"{name}: the numbers behind ± are not used; if they are standard errors, say "
                                  f"{map_option('standard_error', spread)}")  # fmt: skip


def _doubt_units(mapping: Mapping[str, str | float], values: Values, findings: Findings) -> None:
    """Note that common names of sizes mostly include embeddings, and that thousands may be millions."""
    source = mapping.get(schema.PARAMS)
    if schema.PARAMS not in values:
        return
    column = column_named(source, findings.columns)
    if schema.TOTAL_PARAMS not in mapping and column is not None and not says_non_embedding(column):
        findings.assumed.append(
            f"{column} was taken as non-embedding parameters; names such as 70M mostly count all of them (then map "
            "params to a column of those without embeddings, and total_params to this one)"
        )
    sizes = values[schema.PARAMS][np.isfinite(values[schema.PARAMS])]
    if column is None or not len(sizes) or sizes.max() >= _SMALL:
        return
    as_logarithms = f", or if it has logarithms, {map_option(schema.PARAMS, f'POWER(10, {source})')}"
    may_be = _LOGARITHMS[0] <= sizes.min() and sizes.max() <= _LOGARITHMS[1]
    findings.assumed.append(
        f"the largest model has {sizes.max():,.10g} parameters; if the column counts millions, say "
        f"{map_option(schema.PARAMS, f'{source} * 1e6')}{as_logarithms if may_be else ''}"
    )


def _note_single_levels(curves: xr.Dataset, findings: Findings) -> None:
    """Note cells with a single level: they show how sizes differ, but no fall within a size."""
    if curves.sizes[schema.RUN] > _MANY:
        return
    _, cell_of_run = cell_table(curves)
    levels = np.asarray(axes_of(curves).values(curves), dtype=float)
    distinct = {(cell, f"{level:.3g}") for cell, level in zip(cell_of_run.tolist(), levels.tolist(), strict=True)}
    if len(distinct) == len(set(cell_of_run.tolist())):
        coordinate = axes_of(curves).coordinate
        findings.notes.append(f"every cell has one level of {coordinate}: nothing shows how recall moves along it")


def _note_nothing_to_harm(curves: xr.Dataset, axis: str, findings: Findings) -> None:
    """Note that, without a group that over-infusion harms, runs have an onset and no collapse point."""
    missing = axis_named(axis).nothing_to_harm(curves[schema.GROUP].values)
    if missing:
        findings.notes.append(f"{missing} Map a general benchmark too: --map {schema.BACKGROUND}=COLUMN")


def _doubt_exposures(
    infusion: Infusion, told: frozenset[str], mapping: Mapping[str, str | float], findings: Findings
) -> None:
    """Doubt budgets of so few tokens for each fact that their unit is missing: 20 for 20 billion."""
    if schema.TOKENS not in mapping or findings.of_table:
        return
    good = ~findings.bad_rows
    in_billions = f"{_in_words(mapping[schema.TOKENS])} * 1e9"
    remedy = f"if tokens are counted in billions, say {map_option(schema.TOKENS, in_billions)}"
    each = infusion.ratio[good] * infusion.tokens[good] / infusion.facts[good]
    most, seen = np.nanmax(each, initial=0), np.nanmax(infusion.exposures[good], initial=0)
    if schema.EXPOSURES not in told and 0 < most < 1:
        findings.refuse("at least one infused token for each fact", f"{most:.2g} at most", "rows together", remedy)
    elif not infusion.relative and 0 < seen < _RARE:
        findings.assumed.append(f"a fact is seen {seen:.2g} times at most; {remedy}")
    elif schema.TOKENS_PER_FACT in findings.invented and np.nanmin(infusion.tokens_per_fact[good], initial=np.inf) < 1:
        findings.assumed.append(f"at most {most:.3g} tokens are infused for each fact; {remedy}")


def _refuse_ratios_of_one(
    infusion: Infusion, axis: str | None, mapping: Mapping[str, str | float], findings: Findings
) -> None:
    """Refuse runs of infused facts alone along an axis of the ratio, whose log odds they do not have."""
    if axis is None or axis not in AXES or AXES[axis].admits_one:
        return
    condition = in_shell(f"{_in_words(mapping.get(schema.RATIO, 'COLUMN'))} < 1")
    findings.refuse_rows((infusion.ratio == 1) & ~findings.bad_rows, "a ratio below 1 along the axis " + axis,
                         infusion.ratio.tolist(), f"use the other rows, --where {condition}")  # fmt: skip


def _doubt_probed(
    rows: Values, infusion: Infusion | None, mapping: Mapping[str, str | float], findings: Findings
) -> None:
    """Doubt more probed facts than there are: a column may count something else, such as examples of training."""
    if infusion is None or schema.FACTS in findings.invented:
        return
    with np.errstate(invalid="ignore"):
        more = (rows[schema.PROBED] > infusion.facts) & (rows[schema.GROUP] == schema.INFUSED)
    if more.sum() > (rows[schema.GROUP] == schema.INFUSED).sum() / 2:
        row = int(np.flatnonzero(more)[0])
        source = mapping.get(schema.PROBED, mapping.get(f"{schema.PROBED}.{schema.INFUSED}", "the standard error"))
        findings.assumed.append(
            f"{rows[schema.PROBED][row]:,.0f} were probed of {infusion.facts[row]:,.0f} facts, as {_in_words(source)} "
            "says; if each fact was not asked several times, give the number of probed facts with --probed N"
        )


def _in_words(source: str | float) -> str:
    return source if isinstance(source, str) else f"{source:.10g}"


def _add_options(given: dict[str, Any], findings: Findings, **options: float | Mapping[str, float] | None) -> None:
    """Add options to the fields, for a group where they name one."""
    for name, value in options.items():
        of_groups = (
            {f"{name}.{group}": each for group, each in value.items()} if isinstance(value, Mapping) else {name: value}
        )
        for field, each in of_groups.items():
            if each is None:
                continue
            if field in given:
                findings.refuse(f"one {field}", "a mapping and an option", field, "leave one of them out")
            given[field] = each


def _runs_of_domains(rows: Values, findings: Findings) -> Values:
    """Names of runs with their domain, where the same run was probed in several: each then is a run."""
    if not {schema.RUN, schema.DOMAIN} <= set(rows):
        return {}
    pairs = dict.fromkeys(zip(rows[schema.RUN].tolist(), rows[schema.DOMAIN].tolist(), strict=True))
    if len(pairs) == len(set(rows[schema.RUN].tolist())):
        return {}
    findings.notes.append("runs were probed in several domains: each domain of a run counts as a run of its own")
    names = [f"{run} {domain}" for run, domain in zip(rows[schema.RUN], rows[schema.DOMAIN], strict=True)]
    return {schema.RUN: np.array(names, dtype=object)}


def _are_configurations(rows: Values, good: BoolArray) -> bool:
    """Whether names come again in other levels, and the other fields tell all good rows apart."""
    told = {name: rows[name][good] for name in (*_IDENTIFYING, schema.RUN, schema.GROUP) if name in rows}
    names, levels = (told.pop(schema.RUN), told[schema.GROUP]), (told[schema.FACTS], told[schema.RATIO])
    come_again = _distinct(*names) < _distinct(*names, *levels)
    return come_again and _distinct(*told.values()) == int(good.sum())


def _distinct(*columns: np.ndarray) -> int:
    return len(set(first_alike(*columns).tolist()))


def _runs(
    rows: Values, replicates: bool, mapping: Mapping[str, str | float], recognised: bool, findings: Findings
) -> tuple[IntArray, BoolArray]:
    """The run of each row, by a number that its rows share, and which rows are used; replicates become seeds.

    `recognised` says whether checkpoints are mapped by the name of their column, and not by the user.
    """
    named, seeded = schema.RUN in rows, bool(rows[schema.SEED].any())
    checkpoints = mapping.get("checkpoint") if recognised else None
    identity = [rows[schema.RUN]] if named else [rows[name] for name in _identifying(rows, checkpoints, findings)]
    keys = first_alike(*identity, rows[schema.GROUP])
    good = ~findings.bad_rows
    if "checkpoint" in rows:
        good &= last_checkpoints(keys, np.where(good, rows["checkpoint"], np.nan), findings)
        good &= ~stopped_early(rows, good, findings)
    if findings.refused & {*_IDENTIFYING, schema.RUN, schema.GROUP, "checkpoint"}:
        return keys, good  # what would tell runs apart may not have been read
    if named and not replicates and _are_configurations(rows, good):
        column = str(mapping[schema.RUN]).strip('"')
        findings.refuse("a name for each run", "names that several levels share", f"column {shown(column)}",
                        f"if they name configurations, add --ignore {in_shell(column)}")  # fmt: skip
        return keys, good
    number = number_replicates(keys, good, replicates, named or seeded, findings)
    runs = first_alike(*identity, number)
    if named:
        rows[schema.RUN] = _numbered(rows[schema.RUN], number) if replicates else rows[schema.RUN]
        _refuse_contradictions(rows, runs, good, findings)
    if replicates and not seeded:
        rows[schema.SEED] = number.astype(float)
    return runs, good


def _identifying(rows: Values, recognised: str | float | None, findings: Findings) -> list[str]:
    """The fields that tell unnamed runs apart: not their tokens, if these are the tokens seen at mapped checkpoints."""
    names = [name for name in _IDENTIFYING if name in rows]
    others = [name for name in names if name not in (schema.TOKENS, schema.EXPOSURES)]
    if "checkpoint" not in rows:
        return names
    keys = first_alike(*(rows[name] for name in others), rows[schema.GROUP])
    if not are_tokens_seen(keys, rows[schema.TOKENS], rows["checkpoint"]) or _are_whole_runs(rows, findings):
        return names
    if recognised is None:
        findings.notes.append(
            "tokens grow with the checkpoint in rows that are alike otherwise: they are the tokens seen so far, and "
            "only the last checkpoint counts"
        )
        return others
    column = column_named(recognised, findings.columns) or str(recognised)
    findings.refuse(
        "runs of several budgets, or checkpoints of one run", f"tokens that grow with {shown(column)}", "rows together",
        f"if every row is a run of its own, say --ignore {in_shell(column)}; if rows are checkpoints of a run, of "
        f"which the last counts, say {map_option('checkpoint', column)}",
    )  # fmt: skip
    return names


def _are_whole_runs(rows: Values, findings: Findings) -> bool:
    """Whether every row is a run of its own: it finished, or a name tells it from all others."""
    if STATE in rows and all(state is not None and state_in(str(state)) in FINISHED for state in rows[STATE]):
        return True
    if PLANNED in rows and bool((rows["checkpoint"] >= rows[PLANNED]).all()):
        return True
    texts = ([as_text(cells[row]) for row in findings.rows.tolist()]
             for name, cells in findings.settings.items() if names_runs(name) or _IDENTITY.search(name))  # fmt: skip
    return any(names_rows(each, rows[schema.GROUP], rows["checkpoint"]) for each in texts)


def _numbered(names: np.ndarray, number: IntArray) -> np.ndarray:
    """Names of runs, with the number of the replicate behind all but the first of a name."""
    return np.array([f"{name} #{at}" if at else name for name, at in zip(names, number.tolist(), strict=True)], object)


def _in_runs(rows: dict[str, np.ndarray], runs: IntArray, good: BoolArray, findings: Findings) -> xr.Dataset:
    """Arrange the good rows as runs by groups."""
    findings.leave_out_bad_rows()
    good = good & ~findings.bad_rows
    if not good.any():
        if not findings.of_rows:
            raise InputError("runs that reached their planned end", "none", findings.origin,
                             "map planned_steps to the planned number of steps")  # fmt: skip
        raise TableError(findings.everything, findings.origin)
    if findings.of_rows:
        left = int(findings.bad_rows.sum())
        warnings.warn(f"{findings.origin}: {left:,} of {len(good):,} rows are left out; "
                      "the attribute import_left_out lists them.", stacklevel=3)  # fmt: skip
    kept = np.flatnonzero(good)
    firsts, run_of_row = np.unique(first_alike(runs[kept]), return_inverse=True)
    names = rows.get(schema.RUN, findings.places)
    used = {name: cells[kept] for name, cells in rows.items()}
    return assemble(run_of_row, [str(names[row]) for row in kept[firsts].tolist()], used, used[schema.GROUP])


def _refuse_contradictions(rows: dict[str, np.ndarray], runs: IntArray, good: BoolArray, findings: Findings) -> None:
    """Refuse rows of one run that disagree in what describes the run."""
    of_row, kept = np.arange(len(runs)), np.flatnonzero(good)
    of_row[kept] = kept[first_alike(runs[kept])]
    for name in (each for each in _IDENTIFYING if each in rows):
        differs = good & (rows[name] != rows[name][of_row])
        findings.refuse_rows(differs, f"one {name} in all rows of a run", rows[name].tolist(), "name runs apart")
