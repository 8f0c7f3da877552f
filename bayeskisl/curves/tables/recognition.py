"""Fields that columns identify without a mapping, by their names and, if these are ambiguous, by their cells."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bayeskisl import schema
from bayeskisl.curves.tables.alike import say_the_same
from bayeskisl.curves.tables.derived import derive
from bayeskisl.curves.tables.fields import MEASURED, NUMBERS, OUTCOMES, PLANNED, SIZES, STATE, split_group
from bayeskisl.curves.tables.meanings import is_token_budget
from bayeskisl.curves.tables.names import (
    bare,
    excludes_embeddings,
    field_named,
    may_name_runs,
    may_name_sizes,
    names_runs,
    normalised,
    without_average,
)
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_parts, read_quantity, size_in_name, texts_in
from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.curves.tables.states import are_states
from bayeskisl.curves.tables.units import field_of, has_unit, source_of

__all__ = ["MOST_SEEDS", "named_fields", "recognise"]

# What trackers and files of settings put before a name
_SETTINGS = frozenset(
    ("config", "params", "model", "data", "dataset", "train", "training", "meta", "metadata", "hparams", "args")
)
_MIXES = ("mix", "mixture")
_QUESTIONS = ("num_questions", "nb_questions", "number_of_questions", "total_questions")
_FEW = 10_000  # questions
MOST_SEEDS = 9  # at most, where a column counts them
_ROUNDED = 0.1  # relative; a size in a name is rounded to one or two digits
_UNSET = frozenset(("0", "0.0", "-1", "-1.0"))

Candidates = dict[str, list[str]]  # columns that could be a field, by field


@dataclass(frozen=True)
class _Columns:
    """Cells of the columns, the fields that the user's mapping gives, and the columns that it reads."""

    cells: Mapping[str, Sequence[object]]
    taken: frozenset[str]
    used: frozenset[str]

    @property
    def free(self) -> list[str]:
        """The columns that may be recognised."""
        return [name for name in self.cells if name not in self.used]


def recognise(
    columns: Mapping[str, Sequence[object]], taken: Iterable[str] = (), used: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the fields that columns identify without a mapping, by name and, if ambiguous, by content.

    Parameters
    ----------
    columns : mapping
        Names of the table's columns to their cells.
    taken, used : iterable of str
        Fields that the user's mapping gives, which are not looked for, and columns that it reads as something else.

    Returns
    -------
    known : dict
        Field (``recalled``, or ``recalled.background`` where the column names a group) to SQL expression.
    doubtful : dict
        Columns that could be a field, by field, where there are several. A field that is the name of one of them, or of
        which all of them say the same, is in `known` too.
    """
    of_table = _Columns(columns, frozenset(taken), frozenset(used))
    candidates: Candidates = {}
    for step in _STEPS:
        candidates = step(candidates, of_table)
    wanted = {field: names for field, names in candidates.items() if field not in of_table.taken}
    doubtful = {field: names for field, names in wanted.items() if len(names) > 1}
    chosen = {field: _choice(field, names, columns) for field, names in wanted.items()}
    known = {field: source_of(name, field, columns) for field, name in chosen.items() if name is not None}
    derived = derive(columns, known, of_table.free)
    new = {field: source for field, source in derived.items() if field not in {*of_table.taken, *doubtful}}
    return known | new, doubtful


def named_fields(names: Iterable[str]) -> dict[str, str]:
    """Return the fields that names of columns identify, whatever is in the columns; see `recognise`."""
    return recognise({name: [] for name in names})[0]


def _choice(field: str, names: Sequence[str], columns: Mapping[str, Sequence[object]]) -> str | None:
    """The only column that could be a field, the one of its name, or any if all say the same; None in doubt."""
    if field in names:
        return field
    return names[0] if len(names) == 1 or say_the_same(field, [columns[name] for name in names]) else None


def _by_names(candidates: Candidates, columns: _Columns) -> Candidates:
    """Find fields by common names."""
    found = dict(candidates)
    for column in columns.free:
        field = None if column.endswith(SPREAD) else field_of(column)
        cells = columns.cells[column]
        if field is not None and (field != STATE or are_states(cells)) and not _is_unset(field, cells):
            found.setdefault(field, []).append(column)
    return found


def _by_last_parts(candidates: Candidates, columns: _Columns) -> Candidates:
    """Add a field by the last part of a name, such as data.n_facts, if the match is unique.

    What was measured is left out: eval.acc beside train.acc is no last part that identifies it.
    """
    found: Candidates = {}
    for column in columns.free:
        parts = re.split(r"[./]", column.strip())
        if parts[-1] != parts[0] and normalised(parts[0]) in _SETTINGS:
            found.setdefault(str(field_named(parts[-1])), []).append(column)
    settings = (field for field in found if field in NUMBERS and field not in (*MEASURED, schema.GENERAL_LOSS))
    unique = {field: found[field] for field in settings
              if len(found[field]) == 1 and not _is_unset(field, columns.cells[found[field][0]])}  # fmt: skip
    return candidates | {field: names for field, names in unique.items() if field not in candidates}


def _is_unset(field: str, cells: Sequence[object]) -> bool:
    """Whether trainers wrote tokens seen, or planned steps, without counting them: 0 or -1 in every row."""
    told = set(texts_in(cells)) if field in (schema.TOKENS, PLANNED) else set()
    return bool(told) and told <= _UNSET


def _by_looser_names(candidates: Candidates, columns: _Columns) -> Candidates:
    """Add averages, acc_mean, denominators, num_questions, budgets, tokens_total, and ratios, mix."""
    told = {split_group(field)[0] for field in (*candidates, *columns.taken)}
    found: Candidates = {}
    for column in columns.free:
        averaged = without_average(column)
        field = field_of(averaged) if averaged is not None else None
        if field is not None and split_group(field)[0] in OUTCOMES and not told & set(OUTCOMES):
            found.setdefault(field, []).append(column)
        elif bare(column) in _QUESTIONS and not told & {schema.PROBED, "standard_error"}:
            found.setdefault(schema.PROBED, []).append(column)
        elif schema.TOKENS not in told and is_token_budget(column) and _are_budgets(columns.cells[column]):
            found.setdefault(schema.TOKENS, []).append(column)
        elif schema.RATIO not in told and bare(column) in _MIXES and _are_parts(columns.cells[column]):
            found.setdefault(schema.RATIO, []).append(column)
    return candidates | found


def _are_parts(cells: Sequence[object]) -> bool:
    """Whether cells are shares, and not names of what was mixed."""
    read = [(read_quantity(text), read_parts(text)) for text in texts_in(cells)]
    shares = [parts if number is None else number for number, parts in read]
    return bool(shares) and all(share is not None and 0 <= share < 1 for share in shares)


def _are_budgets(cells: Sequence[object]) -> bool:
    """Whether cells are numbers of tokens, and not those of a trainer that did not count them."""
    return all(map(read_quantity, texts_in(cells))) and not _is_unset(schema.TOKENS, cells)


def _with_tokens_seen(candidates: Candidates, columns: _Columns) -> Candidates:
    """Read the tokens seen as the budget where steps are the checkpoints: at the last one they are what was trained."""
    checkpoints = candidates.get("checkpoint", [])
    seen = [name for name in checkpoints if normalised(name) == schema.TOKENS_SEEN]
    steps = [name for name in checkpoints if name not in seen]
    if not seen or not steps or schema.TOKENS in {*candidates, *columns.taken}:
        return candidates
    return candidates | {"checkpoint": steps, schema.TOKENS: seen}


def _by_sizes_in_names(candidates: Candidates, columns: _Columns) -> Candidates:
    """Add the sizes in the names of most models, pythia-70m, if no other column contains sizes."""
    if set(candidates) & set(SIZES):
        return candidates
    named = next((name for name in columns.free if may_name_sizes(name) and _are_sizes(columns.cells[name])), None)
    return candidates if named is None else candidates | {schema.PARAMS: [named]}


def _are_sizes(cells: Sequence[object]) -> bool:
    """Whether most texts contain a size or have a unit."""
    told = set(texts_in(cells))
    return sum(bool(size_in_name(cell) or has_unit(cell)) for cell in told) > len(told) / 2


def _with_few_as_probed(candidates: Candidates, columns: _Columns) -> Candidates:
    """Read a small ``N`` beside an outcome as the number of questions, if another column has sizes that it ignores."""
    symbol = [name for name in candidates.get(schema.PARAMS, []) if name.strip() == "N"]
    if not symbol or schema.PROBED in {*candidates, *columns.taken} or not _are_few(columns.cells[symbol[0]]):
        return candidates
    others = [name for name in candidates[schema.PARAMS] if name not in symbol]
    rest = {field: names for field, names in candidates.items() if field != schema.PARAMS}
    found = _by_sizes_in_names(rest | {schema.PARAMS: others} if others else rest, columns)
    told = {*found, *columns.taken}
    if not told & set(SIZES) or not any(split_group(field)[0] in OUTCOMES for field in told):
        return candidates
    sizes = [name for name in columns.cells
             if name in found.get(schema.PARAMS, ()) or (name in columns.used and names_runs(name))]  # fmt: skip
    if any(_follow(columns.cells[symbol[0]], columns.cells[name]) for name in sizes):
        return candidates
    return found | {schema.PROBED: symbol}


def _are_few(cells: Sequence[object]) -> bool:
    """Whether cells are whole numbers too small to be sizes of the models that have names, and too large for seeds."""
    values = [read_quantity(text) for text in texts_in(cells)]
    return bool(values) and all(
        value is not None and MOST_SEEDS < value < _FEW and value.is_integer() for value in values
    )


def _follow(cells: Sequence[object], sizes: Sequence[object]) -> bool:
    """Whether whole numbers follow the sizes beside them: they grow with several, or are a single one rounded."""
    pairs = {
        (read_quantity(as_text(size)) or size_in_name(as_text(size)), read_quantity(as_text(cell)))
        for cell, size in zip(cells, sizes, strict=True)
        if not (is_missing(cell) or is_missing(size))
    }
    told = sorted((size, number) for size, number in pairs if size and number)
    if len({size for size, _ in told}) == 1:
        return any(_is_rounded(number, size) for size, number in told)
    return bool(told) and all(size < larger and number < more for (size, number), (larger, more) in pairwise(told))


def _is_rounded(number: float, size: float) -> bool:
    """Whether a number is a size, rounded to its digits, in thousands, millions or billions."""
    return any(abs(number * unit / size - 1) < _ROUNDED for unit in (1, 1e3, 1e6, 1e9))


def _with_non_embedding_sizes(candidates: Candidates, columns: _Columns) -> Candidates:
    """Read the column whose name excludes embeddings as `params`; another one then includes them."""
    names = candidates.get(schema.PARAMS, [])
    without = list(filter(excludes_embeddings, names))
    if not without:
        return candidates
    rest = [name for name in names if name not in without]
    found = candidates | {schema.PARAMS: without}
    if rest:
        found.setdefault(schema.TOTAL_PARAMS, [name for name in rest if name == schema.PARAMS] or rest)
    return found


def _by_distinct_names(candidates: Candidates, columns: _Columns) -> Candidates:
    """Read the names of experiments, such as W&B's ``Name``, as the names of runs if each row has one of its own."""
    if {schema.RUN, schema.GROUP} & {*candidates, *columns.taken}:
        return candidates
    read = {name for names in candidates.values() for name in names}
    for column in columns.free:
        cells = columns.cells[column]
        if may_name_runs(column) and column not in read and not any(map(is_missing, cells)):
            told = list(map(as_text, cells))
            if len(set(told)) == len(told) > 1 and not any(map(read_quantity, told)):
                return candidates | {schema.RUN: [column]}
    return candidates


_STEPS: tuple[Callable[[Candidates, _Columns], Candidates], ...] = (
    _by_names,
    _by_last_parts,
    _by_looser_names,
    _with_tokens_seen,
    _by_sizes_in_names,
    _with_few_as_probed,
    _with_non_embedding_sizes,
    _by_distinct_names,
)
