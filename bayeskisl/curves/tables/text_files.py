"""Tables in text: CSV, TSV, or columns separated by blanks."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from operator import methodcaller
from typing import Any

from bayeskisl.curves.tables.headers import Body, with_one_header
from bayeskisl.curves.tables.markup import without_markup
from bayeskisl.curves.tables.quantities import is_missing, read_quantity
from bayeskisl.curves.tables.raw import RawTable, require_distinct, require_size
from bayeskisl.curves.tables.recognition import named_fields
from bayeskisl.errors import InputError

__all__ = ["from_delimited"]

_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_SHORT = 8
_RULE = re.compile(r"[|+ ]*:?[-=]+:?(?: *[|+] *:?[-=]+:?)*[|+ ]*")
_ORNAMENTS = ("", "±", "+/-", "↑", "↓", "→")
_TITLE = 3  # lines that are looked at for a title
_WRAPPED = re.compile(r"""="([^"]*)"|'([^']*)'""")


def from_delimited(text: str, origin: str, delimiter: str | None = None) -> RawTable:
    """Read a table of delimited lines below a line of names.

    Lines that start with ``#`` at the beginning are comments; the last of them names the columns where no other line
    does, as ``numpy.savetxt(header=...)`` writes it. A line ``sep=;`` states the delimiter.
    """
    text, above = _without_rules(_without_outer_quotes(text))
    text, titles = _without_title(text, delimiter)
    comments, skipped, start, stated = _preamble(text)
    first = next(_lines(text, start), "")
    delimiter = stated or (delimiter if delimiter and delimiter in first else None)
    header, comments = _header(first, [*above, *titles, *comments], delimiter, origin, skipped + 1)
    delimiter = delimiter or _delimiter(first)
    below = (start + len(first), skipped + 1) if header is first else (start, skipped)
    body = _body(text, below, delimiter, _cells(header, delimiter), origin)
    if any(sign in text for sign in ("'", '="')):
        body = replace(body, rows=[list(map(_unwrapped, row)) for row in body.rows])
    body, left_out = _without_comments(replace(body, names=[_unwrapped(name.strip()) for name in body.names]))
    body = with_one_header(body)
    columns = _columns(body.names, body.rows, origin)
    require_size(len(body.rows), len(columns), origin)
    places = [f"line {n}" for n in body.numbers]
    return without_markup(RawTable(columns, places, origin, tuple(comments), left_out, delimiter))


def _header(first: str, comments: list[str], delimiter: str | None, origin: str, number: int) -> tuple[str, list[str]]:
    """The line that names the columns, the first one or the last comment, and the other comments."""
    if comments and _names_columns(comments[-1], first, delimiter):
        return comments[-1], comments[:-1]
    if not _only_numbers(first, delimiter):
        return first, comments
    if not comments or _only_numbers(comments[-1], delimiter):
        raise InputError("a line of column names", f"numbers ({first.strip()[:40]})", f"{origin}: line {number}",
                         "write the names above them, as in params,facts,recalled,probed")  # fmt: skip
    names, cells = len(_cells(comments[-1], delimiter)), len(_cells(first, delimiter))
    if names != cells:
        raise InputError("as many names in the last line of comments as the next line has cells",
                         f"{names} and {cells}", origin, "write a line of column names above the numbers")  # fmt: skip
    return comments[-1], comments[:-1]


def _without_rules(text: str) -> tuple[str, list[str]]:
    """Convert a table drawn with bars and rules, as of Markdown, org or psql, to delimited cells.

    Lines keep their numbers. What stands above the table is returned as titles.
    """
    if "|" not in text:
        return text, []
    lines = [line.strip() for line in text.splitlines()]
    told = [at for at, line in enumerate(lines) if line]
    rule = next((at for at in told if _RULE.fullmatch(lines[at])), None)
    if rule is None:
        return text, []
    above = [at for at in told if at < rule]
    barred = [at for at in told if "|" in lines[at] and not _RULE.fullmatch(lines[at])]
    header = above[-1:] if above and "|" in lines[above[-1]] else barred[:1]
    if not header or any("|" in lines[at] for at in above if at < header[0]):
        return text, []
    below = [at for at in told if at > header[0] and at not in barred and not _RULE.fullmatch(lines[at])]
    if below and barred[-1] > below[0]:
        return text, []
    rows = {at: lines[at].removeprefix("|").removesuffix("|").split("|") for at in barred}
    plain = ["|".join(map(str.strip, rows.get(at, []))).replace("**", "") for at in range(len(lines))]
    return "\n".join(plain) + "\n", [lines[at] for at in above if at < header[0] and not _RULE.fullmatch(lines[at])]


def _without_outer_quotes(text: str) -> str:
    """Take off the quotes around whole lines, as of a CSV file that was saved as one column."""
    first = _cells(next((line for line in _lines(text) if line.strip()), ""), ",")
    if not text.lstrip().startswith('"') or len(first) != 1 or not any(map(first[0].count, _DELIMITERS)):
        return text
    rows = list(csv.reader(text.splitlines()))
    if any(len(row) > 1 for row in rows):
        return text
    return "\n".join("".join(row) for row in rows) + "\n"


def _without_title(text: str, delimiter: str | None) -> tuple[str, list[str]]:
    """Separate a title above the column names: a single cell where the next lines have several."""
    lines = [line for line in islice(_lines(text), _TITLE + 2) if not line.startswith("#")]
    told = [line for line in lines if line.strip()]
    if len(told) < 3 or told[0].lower().startswith("sep="):
        return text, []
    between = delimiter or _delimiter(told[1])
    title, names, row = ([cell.strip() for cell in _cells(line, between)] for line in told[:3])
    alone = sum(map(bool, title)) == 1 and bool(title[0]) and len(title[0].split()) > 1
    if not alone or between == " " or len(names) < 2 or not all(names) or len(names) != len(row):
        return text, []
    return text.replace(told[0], "\n", 1), [title[0]]


_whole = methodcaller("group")


def _lines(text: str, start: int = 0) -> Iterator[str]:
    """Lines as CSV defines them, ended by a carriage return, a line feed or both."""
    return map(_whole, _LINE.finditer(text, start))


def _preamble(text: str) -> tuple[list[str], int, int, str]:
    """Comments, the number of lines before the table, its start, and the delimiter if stated."""
    comments, count, start, stated = [], 0, 0, ""
    for line in _lines(text):
        plain = line.strip().strip('"')
        if plain.lower().startswith("sep=") and len(plain) == 5:
            stated = plain[4]
        elif line.lower().startswith("sep=\t"):
            stated = "\t"
        elif line.startswith("#"):
            comments.append(line.lstrip("#").strip())
        elif line.strip():
            break
        count, start = count + 1, start + len(line)
    return comments, count, start, stated


def _delimiter(line: str) -> str:
    """Return the delimiter of a line: the most frequent candidate outside quotes, otherwise blanks."""
    outside = "".join(line.split('"')[0::2])
    best = max(_DELIMITERS, key=outside.count)
    return best if best in outside or len(outside.split()) < 2 else " "


def _cells(line: str, delimiter: str | None) -> list[str]:
    delimiter = delimiter or _delimiter(line)
    if delimiter == " ":
        return line.split()
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return [line]


def _only_numbers(line: str, delimiter: str | None) -> bool:
    cells = _cells(line, delimiter)
    numbers = [read_quantity(cell) is not None or read_quantity(cell, ",") is not None for cell in cells]
    return len(cells) > 1 and any(numbers) and all(n or is_missing(c) for n, c in zip(numbers, cells, strict=True))


def _names_columns(comment: str, first: str, delimiter: str | None) -> bool:
    """Whether a comment names the columns of the line below it, which has numbers and names none."""
    names, cells = _cells(comment, delimiter or _delimiter(first)), _cells(first, delimiter)
    if len(names) != len(cells) or not any(read_quantity(cell) is not None for cell in cells):
        return False
    known, below = (named_fields(map(str.strip, each)) for each in (names, cells))
    return len(known) > 1 and not below


def _body(text: str, below: tuple[int, int], delimiter: str, header: list[str], origin: str) -> Body:
    """Rows of cells that are not all empty and not the header again, and the last line of each.

    They start at the character and behind the number of lines in `below`.
    """
    (start, line), width = below, len(header)
    lines = _lines(text, start)
    blank = delimiter == " "
    reader: Any = (each.split() for each in lines) if blank else csv.reader(lines, delimiter=delimiter, strict=True)
    rows, numbers, ragged = [], [], []
    seen: dict[str, str] = {}
    one_of = seen.setdefault  # one object for equal short cells: a million rows then need less memory
    at = 0
    try:
        for at, cells in enumerate(reader, start=1):
            number = line + (at if blank else reader.line_num)
            if not any(map(str.strip, cells)) or cells == header:
                continue
            if len(cells) != width:
                if cells[0].startswith("#"):
                    continue  # a comment below the table
                ragged.append(f"{len(cells)} in line {number}")
            rows.append([one_of(cell, cell) if len(cell) < _SHORT else cell for cell in cells])
            numbers.append(number)
    except csv.Error as problem:
        raise InputError("delimited text", str(problem), f"{origin}: line {line + reader.line_num}") from None
    if ragged and all(len(row) == width + 1 and not row[-1].strip() for row in rows):
        rows, ragged = [row[:-1] for row in rows], []  # a delimiter ends every row
    if ragged and all(len(row) == width + 1 for row in rows):
        return Body(["", *header], rows, numbers)  # print(frame) in Python and write.table in R leave out the index
    if ragged:
        listed = ", ".join(ragged[:6]) + (f" and {len(ragged) - 6:,} more" if len(ragged) > 6 else "")
        raise InputError(f"{width} cells in every row", listed, origin, _of_ragged(rows, width))
    return Body(header, rows, numbers)


def _of_ragged(rows: list[list[str]], width: int) -> str:
    """Remedy for rows of several widths."""
    others = [row for row in rows if len(row) != width]
    if any(len(named_fields(map(str.strip, row))) > 1 for row in others):
        return "the names of another table are among them: save each table as a file"
    if all(len(row) < width for row in others):
        return "fill in the missing cells, or leave them empty between delimiters"
    return "quote cells that contain the delimiter"


def _unwrapped(cell: str) -> str:
    """A cell without what spreadsheets and printed tuples put around texts: ="70M" and '70M'."""
    found = _WRAPPED.fullmatch(cell)
    return cell if found is None else found[1] or found[2] or ""


def _without_comments(body: Body) -> tuple[Body, tuple[tuple[str, str], ...]]:
    """Leave out rows that are commented out by a ``#``, unless most rows start with one, as names do."""
    out = {at for at, row in enumerate(body.rows) if row[0].lstrip().startswith("#")}
    if not out or len(out) > len(body.rows) / 2:
        return body, ()
    kept = [at for at in range(len(body.rows)) if at not in out]
    left_out = tuple((f"line {body.numbers[at]}", "a # stands before it, as before a comment") for at in sorted(out))
    return Body(body.names, [body.rows[at] for at in kept], [body.numbers[at] for at in kept]), left_out


def _columns(names: list[str], rows: list[list[str]], origin: str) -> dict[str, list[Any]]:
    columns: list[list[str]] = [[row[i] for row in rows] for i in range(len(names))]
    if names and not names[0]:
        names = ["index", *names[1:]]  # as pandas writes it
    # "a,b," has an empty last column, and lm-evaluation-harness writes signs in columns without a name
    kept = [i for i, name in enumerate(names) if name or any(cell.strip() not in _ORNAMENTS for cell in columns[i])]
    names = [name or f"column {i}" for i, name in enumerate(names, start=1)]
    names, columns = [names[i] for i in kept], [columns[i] for i in kept]
    require_distinct(names, origin)
    return dict(zip(names, columns, strict=True))
