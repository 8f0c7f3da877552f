"""The rows of a table that are one run."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, IntArray
from bayeskisl.curves.tables.alike import first_alike
from bayeskisl.curves.tables.checkpoints import are_tokens_seen, last_checkpoints, rows_are_runs, stopped_early
from bayeskisl.curves.tables.fields import NOTHING_INFUSED, Values
from bayeskisl.curves.tables.problems import Findings, TableError, shown
from bayeskisl.curves.tables.read_fields import Fields
from bayeskisl.curves.tables.recognition import MOST_SEEDS
from bayeskisl.curves.tables.replicates import number_replicates
from bayeskisl.curves.tables.spelling import column_named, map_option, option
from bayeskisl.errors import InputError

__all__ = ["Runs", "refuse_repetitions", "runs_of", "without_refused"]

_IDENTIFYING = (*schema.RUN_COORDINATES, schema.DOMAIN)
_TELLING_APART = frozenset((*_IDENTIFYING, schema.RUN, schema.GROUP, "checkpoint"))


@dataclass(frozen=True)
class Runs:
    """Rows by their run; all of shape ``(row,)``."""

    rows: Values  # with the names and seeds of runs
    of_row: IntArray  # number of each row's run
    used: BoolArray  # rows that count


def runs_of(rows: Values, fields: Fields, replicates: bool, findings: Findings) -> Runs:
    """Return the run of each row; replicates become seeds."""
    rows = rows | _with_domains(rows, findings)
    named, seeded = schema.RUN in rows, bool(rows[schema.SEED].any())
    recognised = fields.mapping["checkpoint"] if "checkpoint" in fields.recognised else None
    identity = [rows[name] for name in ([schema.RUN] if named else _identifying(rows, recognised, findings))]
    keys = first_alike(*identity, rows[schema.GROUP])
    used = _last(rows, keys, findings)
    if findings.refused & _TELLING_APART:
        return Runs(rows, keys, used)  # what would tell runs apart may not have been read
    if named and not replicates and _are_configurations(rows, used):
        column = str(fields.mapping[schema.RUN]).strip('"')
        findings.refuse("a name for each run", "names that several levels share", f"column {shown(column)}",
                        f"if they name configurations, add {option('ignore', column)}")  # fmt: skip
        return Runs(rows, keys, used)
    number = number_replicates(keys, used, replicates, named or seeded, findings)
    runs = Runs(rows, first_alike(*identity, number), used)
    if named:
        _refuse_contradictions(runs, findings)
    return replace(runs, rows=rows | _of_replicates(rows, number, seeded)) if replicates else runs


def refuse_repetitions(rows: Values, fields: Fields, replicates: bool, findings: Findings) -> None:
    """Refuse rows that repeat a run, beside terms of r D = K f l that are missing, unless these may tell rows apart."""
    known = [rows[name] for name in NOTHING_INFUSED if name in rows]
    may_tell = [cells for name, cells in fields.unused_numbers.items() if name in findings.unread]
    if all(len(np.unique(each[np.isfinite(each)])) < 2 for each in known):  # no level is known
        return
    if any(cells.max() > MOST_SEEDS for cells in may_tell):
        return
    nothing = np.zeros(len(findings.places))
    missing = dict.fromkeys(schema.RUN_COORDINATES, nothing) | {schema.EXPOSURES: rows.get("infused_tokens", nothing)}
    runs_of(missing | rows, fields, replicates, findings)


def _last(rows: Values, keys: IntArray, findings: Findings) -> BoolArray:
    """Mask of the good rows that are the last of their run, ``(row,)``."""
    good = ~findings.bad_rows
    if "checkpoint" in rows:
        good &= last_checkpoints(keys, rows["checkpoint"], good, findings)
        good &= ~stopped_early(rows, good, findings)
    return good


def _of_replicates(rows: Values, number: IntArray, seeded: bool) -> Values:
    """Names of runs, with the number of the replicate behind all but the first of a name; or seeds, without any."""
    told = {} if seeded else {schema.SEED: number.astype(float)}
    if schema.RUN not in rows:
        return told
    names = zip(rows[schema.RUN], number.tolist(), strict=True)
    return told | {schema.RUN: np.array([f"{name} #{at}" if at else name for name, at in names], dtype=object)}


def _with_domains(rows: Values, findings: Findings) -> Values:
    """Names of runs with their domain, where the same run was probed in several: each then is a run."""
    if not {schema.RUN, schema.DOMAIN} <= set(rows):
        return {}
    pairs = dict.fromkeys(zip(rows[schema.RUN].tolist(), rows[schema.DOMAIN].tolist(), strict=True))
    if len(pairs) == len(set(rows[schema.RUN].tolist())):
        return {}
    findings.notes.append("runs were probed in several domains: each domain of a run counts as a run of its own")
    names = [f"{run} {domain}" for run, domain in zip(rows[schema.RUN], rows[schema.DOMAIN], strict=True)]
    return {schema.RUN: np.array(names, dtype=object)}


def _identifying(rows: Values, recognised: str | float | None, findings: Findings) -> list[str]:
    """The fields that tell unnamed runs apart: not their tokens, if these are the tokens seen at mapped checkpoints."""
    names = [name for name in _IDENTIFYING if name in rows]
    others = [name for name in names if name not in (schema.TOKENS, schema.EXPOSURES)]
    if "checkpoint" not in rows:
        return names
    keys = first_alike(*(rows[name] for name in others), rows[schema.GROUP])
    if not are_tokens_seen(keys, rows[schema.TOKENS], rows["checkpoint"]) or rows_are_runs(rows, findings):
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
        f"if every row is a run of its own, say {option('ignore', column)}; if rows are checkpoints of a run, of "
        f"which the last counts, say {map_option('checkpoint', column)}",
    )  # fmt: skip
    return names


def _are_configurations(rows: Values, used: BoolArray) -> bool:
    """Whether names come again in other levels, and the other fields tell all of these rows apart."""
    told = {name: rows[name][used] for name in (*_IDENTIFYING, schema.RUN, schema.GROUP) if name in rows}
    names, levels = (told.pop(schema.RUN), told[schema.GROUP]), (told[schema.FACTS], told[schema.RATIO])
    come_again = _distinct(*names) < _distinct(*names, *levels)
    return come_again and _distinct(*told.values()) == int(used.sum())


def _distinct(*columns: np.ndarray) -> int:
    return len(set(first_alike(*columns).tolist()))


def _refuse_contradictions(runs: Runs, findings: Findings) -> None:
    """Refuse rows of one run that disagree in what describes the run."""
    first, kept = np.arange(len(runs.used)), np.flatnonzero(runs.used)
    first[kept] = kept[first_alike(runs.of_row[kept])]
    for name in (each for each in _IDENTIFYING if each in runs.rows):
        cells = runs.rows[name]
        differs = runs.used & (cells != cells[first])
        findings.refuse_rows(differs, f"one {name} in all rows of a run", cells.tolist(), "name runs apart")


def without_refused(runs: Runs, findings: Findings) -> Runs:
    """Return the runs without refused rows, which are recorded as left out; raise an `InputError` if none is left."""
    findings.leave_out_bad_rows()
    used = runs.used & ~findings.bad_rows
    if not used.any() and findings.of_rows:
        raise TableError(findings.everything, findings.origin)
    if not used.any():
        raise InputError("runs that reached their planned end", "none", findings.origin,
                         "map planned_steps to the planned number of steps")  # fmt: skip
    if findings.of_rows:
        left = int(findings.bad_rows.sum())
        warnings.warn(f"{findings.origin}: {left:,} of {len(used):,} rows are left out; "
                      "the attribute import_left_out lists them.", stacklevel=3)  # fmt: skip
    return replace(runs, used=used)
