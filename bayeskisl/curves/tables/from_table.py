"""Retention curves from a table of measurements."""

from collections.abc import Mapping
from typing import Any, Unpack

import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_one_of
from bayeskisl.axes import AXES
from bayeskisl.curves.rates import rates_differ
from bayeskisl.curves.tables.assemble import assemble, describe
from bayeskisl.curves.tables.axis import axis_of, note_levels, note_nothing_to_harm, refuse_ratios_of_one
from bayeskisl.curves.tables.baselines import with_baselines
from bayeskisl.curves.tables.checkpoints import with_planned_tokens
from bayeskisl.curves.tables.command import RECORD, recorded
from bayeskisl.curves.tables.completing import complete, with_benchmark, with_facts, with_uninfused
from bayeskisl.curves.tables.counts import count
from bayeskisl.curves.tables.doubts import doubt_assumed, doubt_budget, doubt_probed, doubt_sizes, note_spreads
from bayeskisl.curves.tables.fields import OUTCOMES, Values, split_group
from bayeskisl.curves.tables.groups import by_group
from bayeskisl.curves.tables.identity import Infusion, solve_identity
from bayeskisl.curves.tables.levels import refuse_levels
from bayeskisl.curves.tables.mapping import with_options
from bayeskisl.curves.tables.names import says_average
from bayeskisl.curves.tables.prepared import prepare
from bayeskisl.curves.tables.problems import Findings, TableError
from bayeskisl.curves.tables.read_fields import Fields, read_fields
from bayeskisl.curves.tables.reading import Reading, ReadingKeywords
from bayeskisl.curves.tables.runs import refuse_repetitions, runs_of, without_refused
from bayeskisl.curves.validation import validate
from bayeskisl.errors import InputError
from bayeskisl.keywords import from_keywords

__all__ = ["curves_from_table"]


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
        ``recalled``, ``probed``, ``accuracy``, ``standard_error``, ``guessing``, ``answer_nats``, ``uninfused`` (a
        benchmark's score before anything is infused), of the group in the row's ``group``, or of a group that the field
        names, as in ``"recalled.background"``. The name of a group alone, ``"background"``, is its accuracy.
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
        ``import_options``, ``import_assumed``, ``import_invented``, ``import_notes``, ``import_left_out`` and
        ``import_unused_columns`` (JSON) describe the import; ``exposure_scale`` is ``relative`` if the table does not
        contain the number of exposures, and so is ``background_scale`` if the background is a general benchmark.

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
    if mapping is not None and not isinstance(mapping, Mapping):
        raise InputError("a mapping of fields to columns", in_words(mapping), "mapping",
                         'write {"params": "COLUMN", "facts": "COLUMN"}')  # fmt: skip
    if axis is not None:
        require_one_of(axis, AXES, "axis")
    (how,) = from_keywords(short, (Reading, reading), of=curves_from_table)
    raw, given = prepare(table, mapping or {}, levels, how)
    findings = Findings.of(raw, how.skip_bad_rows)
    given = with_options(given, findings, probed=probed, guessing=guessing)
    fields = read_fields(raw, given, how, findings)
    if levels is None:
        _refuse_levels_unless_told(fields, findings)
    note_spreads(fields, findings)
    doubt_sizes(fields, findings)
    rows, infusion = _infused(fields, replicates, findings)
    shown_axis = axis_of(infusion, axis, findings)
    refuse_ratios_of_one(infusion, shown_axis, fields.mapping.get(schema.RATIO, "COLUMN"), findings)
    rows = with_uninfused(with_benchmark(rows, findings), fields.controls, shown_axis, findings)
    rows = with_planned_tokens(rows, fields.mapping, findings)
    runs = runs_of(rows, fields, replicates, findings)
    doubt_budget(infusion, fields, findings)
    findings.stop_if_refused(how.skip_bad_rows)
    assembled = assemble(without_refused(runs, findings), fields.table, findings)
    curves = with_baselines(assembled, fields.controls, shown_axis, findings, fields.table.name)
    note_levels(curves, shown_axis, findings)
    note_nothing_to_harm(curves, shown_axis, findings)
    _note_rates(curves, fields, findings)
    options = recorded(raw, how, axis=axis, levels=levels, probed=probed, guessing=guessing, replicates=replicates)
    described = describe(curves, shown_axis, fields, infusion, findings).assign_attrs({RECORD: options})
    return validate(described, raw.origin)


def _note_rates(curves: xr.Dataset, fields: Fields, findings: Findings) -> None:
    """Note learning rates that differ between sizes."""
    imported = curves.assign_attrs(import_mapping=fields.mapping)
    findings.notes.extend(str(each) for each in rates_differ(imported))


def _refuse_levels_unless_told(fields: Fields, findings: Findings) -> None:
    """Refuse columns that may be levels, unless a column that is no average has what was recalled."""
    outcomes = [field for field in fields.mapping if split_group(field)[0] in OUTCOMES]
    columns = fields.table.columns
    if all(field in fields.recognised and says_average(fields.mapping[field], columns) for field in outcomes):
        refuse_levels(fields.table, findings)


def _infused(fields: Fields, replicates: bool, findings: Findings) -> tuple[Values, Infusion]:
    """Rows of single groups, with counts and all terms of the infusion."""
    rows = complete(by_group(fields.values, findings), fields.mapping, fields.controls, findings)
    rows = with_facts(rows, fields.unused_numbers, findings)
    infusion = solve_identity(rows, findings)
    rows[schema.RECALLED], rows[schema.PROBED] = count(rows, findings)
    doubt_assumed(fields, findings)
    if infusion is None:
        refuse_repetitions(rows, fields, replicates, findings)
        raise TableError(findings.everything, findings.origin)
    doubt_probed(rows, infusion, fields, findings)
    return rows | infusion.terms, infusion
