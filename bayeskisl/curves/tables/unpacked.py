"""Fields packed into other columns: settings in names of runs, counts in fractions, rows in lists."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bayeskisl import schema
from bayeskisl.curves.tables.fields import MEASURED, OUTCOMES, SIZES, split_group
from bayeskisl.curves.tables.quantities import (
    as_text,
    is_missing,
    read_each,
    read_fraction,
    read_quantity,
    size_in_name,
)
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.recognition import named_fields, recognise
from bayeskisl.curves.tables.spelling import quoted

__all__ = ["unpacked"]

_NAMES = ("run", "run_id", "run_name", "name", "experiment", "model", "model_name")
_KEYS = {
    schema.FACTS: "k facts nfacts n_facts",
    schema.RATIO: "r ratio mix",
    schema.TOKENS: "d tok toks tokens",
    schema.EXPOSURES: "x reps repeats exposures freq copies",  # rep3 may be the third replicate
    schema.SEED: "s seed",
}
_FIELD_OF = {key: field for field, keys in _KEYS.items() for key in keys.split()}
_NUMBER = r"\d+(?:[.p]\d+)?(?:e[+-]?\d+)?\s?(?:%|[kmbt](?![a-z0-9]))?"
# a word before its number, k4000 or seed=2, or x behind it, 16x; what stands around is no letter or digit
_SETTING = re.compile(rf"(?<![a-z0-9.])(?:([a-z]+(?:_[a-z]+)?)[=_:-]?({_NUMBER})|({_NUMBER})(x))(?![a-z0-9.])")
_SHARE_BEHIND = re.compile(r"\s*[(\[]\s*[\d.,]+\s*%\s*[)\]]\s*$")  # 365/400 (91.3%)
_NUMBER_BEHIND = re.compile(r"(.*?\S)\s*[(\[]\s*[nN]\s*=\s*([\d,]+)\s*[)\]]")  # 0.91 (n=400)
_REMEMBERED = 4096  # names that are read once
_LARGE = 1e5  # tokens: d12 is a depth


def unpacked(table: RawTable, given: Mapping[str, Any]) -> tuple[RawTable, list[str]]:
    """Return the table with unpacked columns, and a note on each; existing and user-given fields take precedence."""
    table, notes = _with_counts(table, given)
    table, more = _with_entries(table, given)
    table, others = _with_settings(table, given)
    return table, [*notes, *more, *others]


def _with_counts(table: RawTable, given: Mapping[str, Any]) -> tuple[RawTable, list[str]]:
    """Add counts from a measured column whose cells are all fractions, 365/400, or tell their number, 0.91 (n=400)."""
    columns, notes = dict(table.columns), []
    told = recognise(table.columns)[0]
    for name, cells in table.columns.items():
        outcome, group = split_group(_field_of(name, given))
        if outcome not in OUTCOMES:
            continue
        probed = f"{schema.PROBED}_{group}" if group else schema.PROBED
        if any(pairs := _pairs(cells, _fraction)):
            if _mapped_to(name, given):
                columns[name] = [_share_or_count(pair, outcome) if pair else None for pair in pairs]
            else:
                del columns[name]
                columns[f"{schema.RECALLED}_{group}" if group else schema.RECALLED] = [
                    pair and pair[0] for pair in pairs
                ]
            beside = f", and the column {probed} does not count" if probed in table.columns else ""
            columns[probed] = [pair and pair[1] for pair in pairs]
            notes.append(f"{name}: fractions are counts, recalled of probed{beside}")
        elif schema.PROBED not in told and any(pairs := _pairs(cells, _with_number)):
            columns[name] = [pair[0] if pair else None for pair in pairs]
            columns[probed] = [pair[1] if pair else None for pair in pairs]
            notes.append(f"{name}: the numbers in parentheses are those of probed facts")
    return (replace(table, columns=columns) if notes else table), notes


def _share_or_count(pair: tuple[float, float], outcome: str) -> float:
    recalled, probed = pair
    return recalled if outcome == schema.RECALLED else recalled / probed


def _pairs(cells: Sequence[Any], read: Callable[[object], tuple[Any, Any] | None]) -> list[tuple[Any, Any] | None]:
    """Both numbers in each cell; nothing unless all cells that are not empty have them."""
    if not all(read(cell) or is_missing(cell) for cell in cells):
        return []
    return read_each(cells, read)


def _fraction(cell: object) -> tuple[float, float] | None:
    return read_fraction(_SHARE_BEHIND.sub("", cell)) if isinstance(cell, str) else None


def _with_number(cell: object) -> tuple[str, str] | None:
    found = _NUMBER_BEHIND.fullmatch(cell.strip()) if isinstance(cell, str) else None
    return (found[1], found[2]) if found else None


def _with_entries(table: RawTable, given: Mapping[str, Any]) -> tuple[RawTable, list[str]]:
    """Return one row per entry of lists of outcomes, and of the lists of fields beside them that are as long.

    The entries are seeds of a cell if all lists were measured. Other lists, such as betas of an optimiser, are settings
    of the whole row.
    """
    fields = {name: _read_as(name, given) for name, cells in table.columns.items() if _are_lists(cells)}
    outcomes = [table.columns[name] for name, field in fields.items() if field in OUTCOMES]
    lengths = [{len(cell) for cells in outcomes if (cell := cells[row])} for row in range(len(table))]
    if not outcomes or any(len(each) > 1 for each in lengths):
        return table, []
    listed = {name for name, field in fields.items() if field and _all_fit(table.columns[name], lengths)}
    are_seeds = all(
        fields[name] in (*MEASURED, schema.GENERAL_LOSS)
        or all(not cell or len(set(cell)) == 1 for cell in table.columns[name])
        for name in listed
    )
    if are_seeds and schema.SEED in recognise(table.columns)[0]:
        return table, []
    rows = [(row, at) for row, each in enumerate(lengths) for at in range(max(each, default=1))]
    columns = {name: [cells[row][at] if name in listed and cells[row] else cells[row] for row, at in rows]
               for name, cells in table.columns.items()}  # fmt: skip
    columns |= {schema.SEED: [at for _, at in rows]} if are_seeds else {}
    places = [f"{table.places[row]} entry {at}" for row, at in rows]
    note = f"{', '.join(sorted(listed))}: the entries of a list are {'seeds' if are_seeds else 'rows'}"
    return replace(table, columns=columns, places=places), [note]


def _all_fit(cells: Sequence[Any], lengths: Sequence[set[int]]) -> bool:
    return all(cell is None or len(cell) in each for cell, each in zip(cells, lengths, strict=True))


def _read_as(column: str, given: Mapping[str, Any]) -> str:
    """The field that a column is read as, without its group."""
    return split_group(_field_of(column, given))[0]


def _field_of(column: str, given: Mapping[str, Any]) -> str:
    """The field that a column is read as, by the user's mapping or its name; empty if there is none."""
    return _mapped_to(column, given) or next(iter(named_fields([column])), "")


def _mapped_to(column: str, given: Mapping[str, Any]) -> str:
    """The field that the user's mapping takes from a column; empty if there is none."""
    named = re.compile(rf"{re.escape(quoted(column))}|\b{re.escape(column)}\b")
    return next((str(field) for field, source in given.items() if isinstance(source, str) and named.search(source)), "")


def _are_lists(cells: Sequence[Any]) -> bool:
    return all(cell is None or _is_list_of_numbers(cell) for cell in cells) and any(cell is not None for cell in cells)


def _is_list_of_numbers(cell: Any) -> bool:
    return isinstance(cell, list) and bool(cell) and all(isinstance(each, int | float) for each in cell)


def _names_itself(field: str, source: Any, table: RawTable) -> bool:
    """Whether a saved map takes a field from a column of its own name that the names of runs are to give."""
    return isinstance(source, str) and source.strip('"') == field and field not in table.columns


def _with_settings(table: RawTable, given: Mapping[str, Any]) -> tuple[RawTable, list[str]]:
    """Add settings that every name of a run contains: k4000 and seed2 in ``pythia-160m_k4000_seed2``."""
    told = {field: source for field, source in given.items() if not _names_itself(str(field), source, table)}
    known = {*recognise(table.columns)[0], *(split_group(str(field))[0] for field in told)}
    known |= set(table.columns) | (set(SIZES) if known & set(SIZES) else set())
    added: dict[str, list[Any]] = {}
    notes = []
    for column, cells in table.columns.items():
        if re.sub(r"[^a-z]+", "_", column.lower()).strip("_") not in _NAMES:
            continue
        names = read_each(cells, as_text)
        for field, read in _settings(names, known | set(added)).items():
            added[field] = read
            notes.append(f"{field} is read from the names in {column}: {read[0]:.10g} from {names[0]!r}")
    return (replace(table, columns={**table.columns, **added}) if added else table), notes


def _settings(names: list[str], known: set[str]) -> dict[str, list[float]]:
    """Values by field, for fields that occur once in every name and are not `known`."""
    read = lru_cache(_REMEMBERED)(_settings_in)
    shared, found = [field for field in read(names[0]) if field not in known], []
    for name in names:
        found.append(read(name))
        shared = [field for field in shared if field in found[-1]]
        if not shared:  # most tables of a million rows end here at the second one
            return {}
    return {field: [each[field] for each in found] for field in shared}


def _settings_in(name: str) -> dict[str, float]:
    told: dict[str, float] = {}
    twice = set()
    rest = re.sub(r"(?<=\d)[_](?=[a-zA-Z])|(?<=[a-zA-Z])_(?=\d)", "-", name)
    for setting in _SETTING.finditer(name.lower().replace("_", "-")):
        word, number, before, x = setting.groups(default="")
        field = _FIELD_OF.get(word.replace("-", "_") or x)
        value = read_quantity((number or before).replace("p", "."))
        if field is None or value is None or not _allowed(field, value):
            continue
        twice |= {field} & set(told)
        told[field] = value
        rest = rest[: setting.start()] + " " * len(setting[0]) + rest[setting.end() :]
    size = size_in_name(rest)
    if size is not None:
        told[schema.PARAMS] = size
    return {field: value for field, value in told.items() if field not in twice}


def _allowed(field: str, value: float) -> bool:
    if field == schema.RATIO:
        return 0 < value < 1  # r1 may be the first run
    if field == schema.TOKENS:
        return value >= _LARGE
    return field == schema.EXPOSURES or value.is_integer()
