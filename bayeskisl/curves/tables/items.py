"""Tables of single questions, counted: one row per question becomes one row per group of questions."""

from collections.abc import Sequence
from dataclasses import replace

from bayeskisl import schema
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.quantities import as_text, is_missing
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.spelling import option
from bayeskisl.errors import InputError

__all__ = ["count_items", "refuse_questions"]

_OUTCOMES = ("acc", "exact_match", "correct", "recalled", "em", "accuracy", "is_correct", "score", "prefix_match")
_TRUE, _FALSE = {"1", "1.0", "true", "yes"}, {"0", "0.0", "false", "no"}

_REPEATED = 2  # rows for each run, from which on they may be questions


def count_items(table: RawTable, by: Sequence[str], outcome: str | None = None) -> RawTable:
    """Count right answers over rows with equal values in the given columns.

    The table has one row a question, with the column `outcome` of right (1, true) and wrong (0, false) answers; by
    default the only one of a usual name. The result has ``recalled`` and ``probed``, and columns that are the same in
    all rows of a group.

    Raises
    ------
    InputError
        If a column is not there, or an answer is neither right nor wrong.
    """
    missing = [name for name in by if name not in table.columns]
    if missing:
        raise InputError("columns of the table to count by", ", ".join(map(shown, missing)), table.origin,
                         f"it has {', '.join(map(shown, table.columns))[:400]}")  # fmt: skip
    if "filter" in table.columns and "filter" not in by and len(set(map(as_text, table.columns["filter"]))) > 1:
        raise InputError("one filter", "several, each of which has every question", table.origin,
                         f"add {option('by', 'filter')}")  # fmt: skip
    answers = _answers(table, outcome)
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(table)):
        groups.setdefault(tuple(as_text(table.columns[name][row]) for name in by), []).append(row)
    kept = [name for name, cells in table.columns.items() if _is_shared(cells, list(groups.values()))]
    counted = {name: [table.columns[name][rows[0]] for rows in groups.values()] for name in kept}
    counted[schema.RECALLED] = [sum(answers[row] for row in rows) for rows in groups.values()]
    counted[schema.PROBED] = [len(rows) for rows in groups.values()]
    places = [", ".join(f"{name} {cell}" for name, cell in zip(by, key, strict=True)) for key in groups]
    return replace(table, columns=counted, places=places)


def refuse_questions(table: RawTable, settings: Sequence[str]) -> None:
    """Refuse rows of single questions: answers, right or wrong, in rows that are alike in columns of settings."""
    words = {column: {as_text(cell).strip().lower() for cell in table.columns[column]}
             for column in _OUTCOMES if column in table.columns}  # fmt: skip
    answers = next((name for name, told in words.items() if len(told) == 2 and told <= _TRUE | _FALSE), None)
    kept = [name for name in settings if name != answers]
    if answers is None or not kept:
        return
    groups = set(zip(*(map(as_text, table.columns[name]) for name in kept), strict=True))
    if len(table) >= _REPEATED * len(groups):
        raise InputError("rows of runs", f"single answers, right or wrong, in {shown(answers)}", table.origin,
                         f"if each row is a question, count them: {option('by', *kept)}")  # fmt: skip


def _answers(table: RawTable, outcome: str | None) -> list[int]:
    named = [outcome] if outcome else [name for name in _OUTCOMES if name in table.columns]
    if len(named) != 1 or named[0] not in table.columns:
        got = ", ".join(map(shown, named)) if named else "none of the usual names"
        raise InputError("one column of right and wrong answers", got, table.origin,
                         f"say which with {option('metric', 'COLUMN')}")  # fmt: skip
    answers = []
    for place, cell in zip(table.places, table.columns[named[0]], strict=True):
        word = as_text(cell).strip().lower()
        if is_missing(cell) or word not in _TRUE | _FALSE:
            raise InputError("answers that are right (1, true) or wrong (0, false)", shown(cell),
                             f"{table.origin}: {place}",
                             f"say which column with {option('metric', 'COLUMN')}")  # fmt: skip
        answers.append(int(word in _TRUE))
    return answers


def _is_shared(cells: Sequence[object], groups: Sequence[Sequence[int]]) -> bool:
    return all(all(cells[row] == cells[rows[0]] for row in rows) for rows in groups)
