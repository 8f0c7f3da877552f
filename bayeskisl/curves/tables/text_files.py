"""Tables in text: CSV, TSV, or columns separated by blanks."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from operator import methodcaller
from typing import Any

from bayeskisl.curves.tables.quantities import is_missing, read_quantity
from bayeskisl.curves.tables.raw import RawTable, require_distinct, require_size
from bayeskisl.errors import InputError

__all__ = ["decoded", "from_delimited"]

_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_SHORT = 8
_SIGNS = "±×·°€£§µ²³«»–—‘’“”„…%\xa0"
_MOST_LETTERS = 40  # different ones beyond ASCII; a text in another alphabet or encoding has more
_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_UNIT_CELL = re.compile(r"[\[(][^\])]{1,20}[\])]")
_ORNAMENTS = ("", "±", "+/-", "↑", "↓", "→")
_TITLE = 3  # lines that are looked at for a title
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(content: bytes, where: str) -> str:
    """Decode text in UTF-8 or UTF-16.

    Raises
    ------
    InputError
        If it is neither.
    """
    encoding = "utf-16" if content.startswith(_UTF_16) else _without_mark(content[:200])
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        western = _western(content)
        if western is not None:
            return western
        raise InputError("text in UTF-8", f"other bytes at {problem.start}", where, "save it as UTF-8") from None


def _western(content: bytes) -> str | None:
    """Decode Windows-1252, which Western European spreadsheets write; digits are the same in all such encodings."""
    if len(set(content) & set(range(0x80, 0x100))) > _MOST_LETTERS:
        return None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    odd = [sign for sign in text if sign > "\x7f" and (sign in "ÿþ" or not (sign.isalpha() or sign in _SIGNS))]
    return None if odd or not text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable() else text


def _without_mark(start: bytes) -> str:
    """Detect UTF-16 without a byte-order mark: every other byte of plain letters and digits is zero."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if len(start) >= 8 and odd > len(start) / 4 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 8 and even > len(start) / 4 and odd == 0 else "utf-8-sig"


def from_delimited(text: str, origin: str, delimiter: str | None = None) -> RawTable:
    """Read a table of delimited lines below a line of names.

    Lines that start with ``#`` at the beginning are comments; the last of them names the columns where no other line
    does, as ``numpy.savetxt(header=...)`` writes it. A line ``sep=;`` states the delimiter.
    """
    text, titles = _without_title(_without_rules(text), delimiter)
    comments, skipped, start, stated = _preamble(text)
    comments = [*titles, *comments]
    delimiter = stated or delimiter
    first = next(_lines(text, start), "")
    header = first
    if comments and _only_numbers(first, delimiter) and not _only_numbers(comments[-1], delimiter):
        header, comments = comments[-1], comments[:-1]
        if len(_cells(header, delimiter)) != len(_cells(first, delimiter)):
            raise InputError("as many names in the last line of comments as the next line has cells",
                             f"{len(_cells(header, delimiter))} and {len(_cells(first, delimiter))}", origin,
                             "write a line of column names above the numbers")  # fmt: skip
    elif _only_numbers(first, delimiter):
        raise InputError("a line of column names", f"numbers ({first.strip()[:40]})", f"{origin}: line {skipped + 1}",
                         "write the names above them, as in params,facts,recalled,probed")  # fmt: skip
    delimiter = delimiter or _delimiter(first)
    names = [name.strip() for name in _cells(header, delimiter)]
    body = skipped + (header is first)
    below = start + (len(first) if header is first else 0)
    rows, numbers = _rows(text, below, body, delimiter, _cells(header, delimiter), origin)
    names, rows, numbers = _with_second_line(names, rows, numbers)
    names, rows, numbers = _with_units(names, rows, numbers)
    columns = _columns(names, rows, origin)
    require_size(len(rows), len(columns), origin)
    return RawTable(columns, [f"line {n}" for n in numbers], origin, tuple(comments), delimiter=delimiter)


def _without_rules(text: str) -> str:
    """Convert a Markdown table to delimited cells, without outer bars, emphasis and the rule below the names.

    Lines keep their numbers.
    """
    if not text.lstrip().startswith("|"):
        return text
    lines = text.splitlines()
    told = [line.strip() for line in lines if line.strip()]
    if len(told) < 2 or not _RULE.fullmatch(told[1]):
        return text
    plain = ["" if _RULE.fullmatch(line.strip()) else line.strip().strip("|").replace("**", "") for line in lines]
    return "\n".join("|".join(cell.strip() for cell in line.split("|")) for line in plain) + "\n"


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


def _with_second_line(
    names: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Join a header of merged cells with the names below: ``recall,,`` above ``1k,10k`` gives ``recall_1k``.

    A name of a single column has nothing below it, and a row of the table has something below every name.
    """
    below = [cell.strip() for cell in rows[0]] if rows else []
    starts = [i for i, name in enumerate(names) if name]
    ends = [*starts[1:], len(names)][: len(starts)]
    above = {i: names[start] for start, end in zip(starts, ends, strict=True) for i in range(start, end)
             if end > start + 1}  # fmt: skip
    alone = [i for i in range(len(names)) if i not in above]
    if not above or not alone or len(below) != len(names) or any(names[i] and below[i] for i in alone):
        return names, rows, numbers
    joined = [f"{above[i]}_{name}" if i in above and name else names[i] or name for i, name in enumerate(below)]
    if not all(joined) or len(set(joined)) < len(joined):
        return names, rows, numbers
    return joined, rows[1:], numbers[1:]


def _with_units(
    names: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Append the units of a first row of units to the names: ``params`` above ``(M)``."""
    units = [cell.strip() for cell in rows[0]] if rows else []
    if not any(units) or any(unit and not _UNIT_CELL.fullmatch(unit) for unit in units) or len(units) != len(names):
        return names, rows, numbers
    named = [f"{name} {unit}".strip() for name, unit in zip(names, units, strict=True)]
    return named, rows[1:], numbers[1:]


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


def _rows(
    text: str, start: int, line: int, delimiter: str, header: list[str], origin: str
) -> tuple[list[list[str]], list[int]]:
    """Rows of cells that are not all empty and not the header again, and the last line of each."""
    lines, width = _lines(text, start), len(header)
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
    if ragged:
        listed = ", ".join(ragged[:6]) + (f" and {len(ragged) - 6:,} more" if len(ragged) > 6 else "")
        raise InputError(f"{width} cells in every row", listed, origin, "quote cells that contain the delimiter")
    return rows, numbers


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
