"""Numbers as papers and notes typeset them: ``$0.91 \\pm 0.01$``, ``\\textbf{0.91}``, ``__0.9__``, ``0.91*``."""

import re
from dataclasses import replace

from bayeskisl.curves.tables.names import names_runs
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.quantities import is_missing, read_each, read_quantity
from bayeskisl.curves.tables.raw import RawTable, has_any

__all__ = ["without_markup"]

_SIGNS = {r"\pm": "±", r"\times": "×", r"\cdot": "·", r"\%": "%", r"\,": "", "$": "", "`": "", "~": " "}
_WRAPPED = re.compile(r"\\[a-z]+\{([^{}]*)\}|<(?:b|i|em|strong|code)>(.*?)</\w+>|(?<!\w)(\*\*|__|_|\*)(.+?)\3(?!\w)")
_MARKERS = re.compile(r"<sup>.*?</sup>|(?:\^\{?[*a-z†‡]+\}?|[*†‡§])+\s*$")  # of footnotes
_ANY = "\\$`*_<†‡§"


def without_markup(table: RawTable) -> RawTable:
    """Return the table with plain numbers in columns whose cells are numbers in markup, and a note on each."""
    columns, notes = dict(table.columns), []
    for name, cells in table.columns.items():
        if not has_any(cells, _ANY):
            continue
        plain = read_each(cells, _plain)
        changed = next((at for at, cell in enumerate(cells) if plain[at] != cell), None)
        merged = names_runs(name) and len(set(plain)) < len(set(cells))  # run 1* is not run 1
        if changed is not None and not merged and all(_is_number(cell) or is_missing(cell) for cell in set(plain)):
            columns[name] = plain
            notes.append(f"{name}: markup was taken off, {shown(cells[changed])} is read {plain[changed]}")
    return replace(table, columns=columns, notes=(*table.notes, *notes)) if notes else table


def _plain(cell: object) -> object:
    """A cell without markup, if that makes it a number."""
    if not isinstance(cell, str) or is_missing(cell) or _is_number(cell):
        return cell
    text = cell.strip()
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    text = _MARKERS.sub("", _WRAPPED.sub(lambda found: found[1] or found[2] or found[4] or "", text)).strip()
    return text if _is_number(text) else cell


def _is_number(cell: object) -> bool:
    return isinstance(cell, str) and (read_quantity(cell) is not None or read_quantity(cell, ",") is not None)
