"""The experiment in a table: its axis, and the rows that belong to one run."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.axes import AXES
from bayeskisl.curves.tables.groups import names_benchmark, renaming
from bayeskisl.curves.tables.identity import Infusion
from bayeskisl.curves.tables.problems import Findings, Said, shown
from bayeskisl.curves.tables.quantities import read_parts, read_quantity, texts_in
from bayeskisl.curves.tables.spelling import in_shell, quoted

__all__ = ["are_tokens_seen", "axis_of", "first_alike", "last_checkpoints", "names_rows", "number_replicates"]

_SAME = 0.02
_FEW = 4  # rows, of which every one may have its own level
_OF_DOMAINS = re.compile(r"domain|task|dataset|benchmark|subject|attribute|topic|corpus", re.IGNORECASE)
_MOVED = re.compile(  # names of what grows within a run, or of how often it saw a fact
    r"step|iter|epoch|checkpoint|ckpt|token|pass|rep|expos|seen|times|freq|cop(y|ies)|dup", re.IGNORECASE
)
_VARIED = (schema.FACTS, schema.RATIO, schema.EXPOSURES)


def axis_of(infusion: Infusion, told: frozenset[str], axis: str | None, findings: Findings) -> str | None:
    """Return the axis of the experiment, as named or as inferred from the infusion; None if it is unknown.

    Parameters
    ----------
    infusion : Infusion
        Terms of the infusion of all rows; faulty rows do not count.
    told : frozenset of str
        Fields that the table names itself; the others follow from r D = K f l.
    axis : str, optional
        As the user names it.
    findings : Findings
        Takes what contradicts.
    """
    good = ~findings.bad_rows
    varies = frozenset(name for name in _VARIED if _varies(getattr(infusion, name)[good]))
    if axis is not None:
        # a ratio that follows from a budget of ours is no level of the user's
        own = varies - {schema.RATIO} if {schema.RATIO, schema.TOKENS} & set(findings.invented) else varies
        return axis if _agrees(axis, own, findings) else None
    shown = [name for name in AXES if AXES[name].shown_by(varies, told)]
    if shown:
        return shown[0]
    if schema.RATIO in varies:
        findings.refuse(
            "one axis: facts vary (amount), the ratio varies (ratio), both at fixed exposures (dose), or exposures "
            "of the same facts (frequency)", "facts, ratio and exposures that all vary", "rows together",
            "import each experiment separately, or name the axis with --axis; the rest then distinguishes cells",
        )  # fmt: skip
    elif not findings.of_table and (findings.skips or not findings.of_rows):  # else what is wrong may hide what varies
        differs = findings.what_differs
        remedy = f"map what varies, if it is {differs}, as in --map exposures=COLUMN; or name" if differs else "name"
        findings.refuse("facts, a ratio or exposures that vary", "one level", "rows together",
                        f"{remedy} the axis with --axis")  # fmt: skip
    return None


def _varies(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool(known.max() > known.min() * (1 + _SAME))


def _agrees(axis: str, varies: frozenset[str], findings: Findings) -> bool:
    """Return whether rows can be a sweep along the named axis: its quantities vary, or none does."""
    if axis not in AXES:
        findings.refuse(f"an axis among {', '.join(AXES)}", repr(axis), "axis")
        return False
    of_tables = AXES[axis].coordinate in (schema.FACTS, schema.RATIO)  # else exposures tell where runs lie
    moved = AXES[axis].moved if of_tables else frozenset({schema.EXPOSURES})
    if varies and not moved <= varies:
        needed, still = " and ".join(sorted(moved)), ", ".join(sorted(moved - varies))
        findings.refuse(f"several levels of {needed}, for the axis {axis}", f"one level of {still}", "rows together",
                        "omit --axis, so that the axis is inferred from the rows")  # fmt: skip
        return False
    return True


def first_alike(*columns: np.ndarray) -> IntArray:
    """Return for each row the first row with equal cells in all columns, ``(row,)``."""
    frame = pl.DataFrame({str(at): _series(cells) for at, cells in enumerate(columns)})
    return frame.with_row_index("row").select(pl.col("row").first().over(frame.columns)).to_series().to_numpy()


def _series(cells: np.ndarray) -> pl.Series:
    return pl.Series(cells.tolist(), dtype=pl.String) if cells.dtype == object else pl.Series(cells)


def are_tokens_seen(keys: IntArray, tokens: FloatArray, checkpoint: FloatArray) -> bool:
    """Whether tokens vary among rows of equal keys, and there in proportion to the checkpoint."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = pl.DataFrame(
            {"key": keys, "tokens": tokens, "each": np.where(checkpoint > 0, tokens / checkpoint, np.nan)}
        )
    known = rows.fill_nan(None).drop_nulls().group_by("key")
    spread = known.agg((pl.all().max() / pl.all().min() - 1).name.keep()).filter(pl.col("tokens") > _SAME)
    return spread.height > 0 and bool((spread["each"] <= _SAME).all())


def names_rows(names: Sequence[str], groups: np.ndarray, checkpoint: FloatArray) -> bool:
    """Whether texts name every row of a group apart, and are no names of checkpoints that end in their steps."""
    if all(read_quantity(name) is not None for name in names):
        return False
    if len(set(zip(names, groups.tolist(), strict=True))) < len(names):
        return False
    steps = (f"{step:.0f}" for step in checkpoint.tolist())
    return not all(re.search(rf"(?<!\d){step}(?!\d)", name) for name, step in zip(names, steps, strict=True))


def last_checkpoints(keys: IntArray, checkpoint: FloatArray, findings: Findings) -> BoolArray:
    """Mark the rows with the last checkpoint of their run and group, and report the others. Shape ``(row,)``.

    Parameters
    ----------
    keys : numpy.ndarray
        Numbers that identify run and group of each row, from `first_alike`.
    checkpoint : numpy.ndarray
        NaN in rows that are not used.
    findings : Findings
    """
    unknown = np.isnan(checkpoint)
    last = np.full(len(keys), -np.inf)
    np.maximum.at(last, keys, np.where(unknown, -np.inf, checkpoint))
    keep = unknown | (checkpoint == last[keys])
    findings.leave_out(~keep, "not the last checkpoint of its run")
    return keep


def number_replicates(keys: IntArray, rows: BoolArray, replicates: bool, named: bool, findings: Findings) -> IntArray:
    """Number the rows of equal run and group, from 0; they are refused unless they are replicates.

    Parameters
    ----------
    keys : numpy.ndarray
        Numbers that identify run and group of each row, as `first_alike` gives them, ``(row,)``.
    rows : numpy.ndarray
        Which rows are used, shape ``(row,)``.
    replicates : bool
        Whether equal keys are separate runs.
    named : bool
        Whether the table has a name or a seed of each run.
    findings : Findings
        Takes the duplicates.

    Returns
    -------
    numpy.ndarray
        Shape ``(row,)``; all 0 without replicates.
    """
    number = np.zeros(len(keys), dtype=int)
    used = pl.DataFrame({"key": keys[rows]})
    number[rows] = used.select(pl.int_range(pl.len()).over("key")).to_series().to_numpy()
    if replicates:
        return number
    twice = np.flatnonzero(number > 0)
    first = np.zeros(len(keys), dtype=int)
    first[keys[rows & (number == 0)]] = np.flatnonzero(rows & (number == 0))
    stands: list[object] = [""] * len(keys)
    for row in twice.tolist():
        stands[row] = Said(f"a repetition of {findings.places[first[keys[row]]]}")
    if len(twice):
        remedy = _telling_apart(findings.differing(twice, first[keys[twice]]), named, findings)
        findings.refuse_together(number > 0, "each run and group once", stands, remedy)
    return np.zeros(len(keys), dtype=int)


def _telling_apart(differing: list[str], named: bool, findings: Findings) -> str:
    """Remedy for rows that are alike in all fields: the columns in which they differ, if there are any."""
    columns = [name for name in differing if _is_setting(findings.settings[name])]
    if not columns:
        return (
            "remove one" if named else "remove one, or make them separate runs with --replicates or a column of seeds"
        )
    unread = [name for name in columns if name in findings.unread]
    texts = [name for name in unread if not _are_numbers(findings.settings[name])]
    moved = [name for name in unread if name not in texts and _MOVED.search(name)]
    name = (texts or moved or unread or columns)[0]
    ways = [
        _mapped(name, findings.settings[name]) if texts else "",
        _as_moved(moved) if moved else "",
        f"use some of the rows, as in {_selecting(name, findings.settings[name])}",
        "if they repeat a run, make them separate runs with --replicates or --map seed=COLUMN",
    ]
    return f"they differ in {', '.join(map(shown, unread or columns))}: " + "; or ".join(filter(None, ways))


def _mapped(name: str, cells: Sequence[object]) -> str:
    """Remedy that maps a column of texts, if it has groups, ratios or domains; else empty."""
    told = list(dict.fromkeys(texts_in(cells)))
    if names_benchmark(told):
        return f"map it, as in {renaming(quoted(name), told)}"
    if all(read_parts(cell) is not None for cell in told):
        return f"map it, as in --map {in_shell(f'{schema.RATIO}={name}')}"
    return f"map it, as in --map {in_shell(f'{schema.DOMAIN}={name}')}" if _OF_DOMAINS.search(name) else ""


def _as_moved(columns: Sequence[str]) -> str:
    """Remedy for columns whose names say that they grow within a run, or count how often it saw a fact."""
    return (f"map the column that moves, if it is {' or '.join(map(shown, columns))}, as in --map checkpoint=COLUMN or "
            "--map exposures=COLUMN")  # fmt: skip


def _selecting(name: str, cells: Sequence[object]) -> str:
    """The option that selects rows by the first cell of a column."""
    first = next(texts_in(cells))
    value = f"{read_quantity(first):.15g}" if _are_numbers(cells) else "'" + first.replace("'", "''") + "'"
    return "--where " + in_shell(f"{name if name.isidentifier() else quoted(name)} = {value}")


def _is_setting(cells: Sequence[object]) -> bool:
    """Whether values of a column come again, or few rows have whole numbers: times and identities differ everywhere."""
    values = set(texts_in(cells))
    if len(values) < len(cells):
        return True
    numbers = [read_quantity(value) for value in values]
    return len(cells) <= _FEW and all(number is not None and number.is_integer() for number in numbers)


def _are_numbers(cells: Sequence[object]) -> bool:
    return all(read_quantity(value) is not None for value in texts_in(cells))
