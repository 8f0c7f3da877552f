"""Tables in text: CSV, TSV, or columns separated by blanks."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from operator import methodcaller
from typing import Any

from bayeskisl.curves.tables.markup import without_markup
from bayeskisl.curves.tables.quantities import is_missing, read_quantity
from bayeskisl.curves.tables.raw import RawTable, require_distinct, require_size
from bayeskisl.curves.tables.recognition import recognise
from bayeskisl.errors import InputError

__all__ = ["decoded", "from_delimited"]

_DELIMITERS = ",;\t|"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_SHORT = 8
_SIGNS = "±×·°€£§µ²³«»–—‘’“”„…%\xa0"
_MOST_LETTERS = 40  # different ones beyond ASCII; a text in another alphabet or encoding has more
_RULE = re.compile(r"[|+ ]*:?[-=]+:?(?: *[|+] *:?[-=]+:?)*[|+ ]*")
_UNIT_CELL = re.compile(r"[\[(][^\])]{1,20}[\])]")
_ORNAMENTS = ("", "±", "+/-", "↑", "↓", "→")
_TITLE = 3  # lines that are looked at for a title
_WRAPPED = re.compile(r"""="([^"]*)"|'([^']*)'""")
_LEVELS = 4  # at most, of the header of a frame
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
    text, above = _without_rules(_without_outer_quotes(text))
    text, titles = _without_title(text, delimiter)
    comments, skipped, start, stated = _preamble(text)
    comments = [*above, *titles, *comments]
    first = next(_lines(text, start), "")
    delimiter = stated or (delimiter if delimiter and delimiter in first else None)
    header = first
    if comments and _names_columns(comments[-1], first, delimiter):
        header, comments = comments[-1], comments[:-1]
    elif comments and _only_numbers(first, delimiter) and not _only_numbers(comments[-1], delimiter):
        header, comments = comments[-1], comments[:-1]
        if len(_cells(header, delimiter)) != len(_cells(first, delimiter)):
            raise InputError("as many names in the last line of comments as the next line has cells",
                             f"{len(_cells(header, delimiter))} and {len(_cells(first, delimiter))}", origin,
                             "write a line of column names above the numbers")  # fmt: skip
    elif _only_numbers(first, delimiter):
        raise InputError("a line of column names", f"numbers ({first.strip()[:40]})", f"{origin}: line {skipped + 1}",
                         "write the names above them, as in params,facts,recalled,probed")  # fmt: skip
    delimiter = delimiter or _delimiter(first)
    names = _cells(header, delimiter)
    body = skipped + (header is first)
    below = start + (len(first) if header is first else 0)
    rows, numbers = _rows(text, below, body, delimiter, names, origin)
    names = [_unwrapped(name.strip()) for name in names]
    if any(sign in text for sign in ("'", '="')):
        rows = [list(map(_unwrapped, row)) for row in rows]
    rows, numbers, left_out = _without_comments(rows, numbers)
    names, rows, numbers = _with_lines_of_pandas(names, rows, numbers)
    names, rows, numbers = _with_second_line(names, rows, numbers)
    names, rows, numbers = _with_units(names, rows, numbers)
    columns = _columns(names, rows, origin)
    require_size(len(rows), len(columns), origin)
    places = [f"line {n}" for n in numbers]
    return without_markup(RawTable(columns, places, origin, tuple(comments), left_out, delimiter))


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
    end = next(
        (at for at in told if at > header[0] and at not in barred and not _RULE.fullmatch(lines[at])), len(lines)
    )
    rows = {
        at: [cell.strip() for cell in lines[at].removeprefix("|").removesuffix("|").split("|")]
        for at in barred
        if at < end
    }
    if any(at > end for at in barred):
        return text, []
    plain = ["|".join(rows[at]).replace("**", "") if at in rows else "" for at in range(len(lines))]
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


def _with_second_line(
    names: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Join a header of merged cells with the names below: ``recall,,`` above ``1k,10k`` gives ``recall_1k``.

    A merged name may be repeated, too. A name of a single column has nothing below it, and a row of the table has
    something below every name.
    """
    below = [cell.strip() for cell in rows[0]] if rows else []
    if not names or len(below) != len(names):
        return names, rows, numbers
    starts = [i for i, name in enumerate(names) if name and (i == 0 or name != names[i - 1])]
    ends = [*starts[1:], len(names)][: len(starts)]
    above = {i: names[start] for start, end in zip(starts, ends, strict=True) for i in range(start, end)
             if end > start + 1}  # fmt: skip
    alone = [i for i in range(len(names)) if i not in above]
    are_names = not names[0] and not any(read_quantity(cell) is not None for cell in below)
    twice = any(names[i] and below[i] for i in alone)
    if not above or not alone or (twice and not are_names):
        return names, rows, numbers
    joined = ["_".join(filter(None, (above.get(i, names[i]), name))) for i, name in enumerate(below)]
    if not all(joined) or len(set(joined)) < len(joined):
        return names, rows, numbers
    return joined, rows[1:], numbers[1:]


def _with_lines_of_pandas(
    names: list[str], rows: list[list[str]], numbers: list[int]
) -> tuple[list[str], list[list[str]], list[int]]:
    """Join the header of a frame of several levels: lines of levels, ``,acc,acc``, above the names of its index.

    The last line of the header has names in the first columns alone, where those above have at most a level's name.
    """
    if len(set(names)) == len(names):
        return names, rows, numbers
    for depth, row in enumerate(rows[1:_LEVELS], start=2):
        index = [cell.strip() for cell in row if cell.strip()]
        levels = [names, *([cell.strip() for cell in each] for each in rows[: depth - 1])]
        first, rest = len(index), [level[len(index) :] for level in levels]
        if not 0 < first < len(names) or index != [cell.strip() for cell in row[:first]] or not all(map(all, rest)):
            continue
        joined = [*index, *("_".join(each) for each in zip(*rest, strict=True))]
        numbered = any(sum(read_quantity(level) is not None for level in each) > 1 for each in zip(*rest, strict=True))
        if len(joined) == len(names) == len(set(joined)) and not numbered:
            return joined, rows[depth:], numbers[depth:]
    return names, rows, numbers


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


def _unwrapped(cell: str) -> str:
    """A cell without what spreadsheets and printed tuples put around texts: ="70M" and '70M'."""
    found = _WRAPPED.fullmatch(cell)
    return cell if found is None else found[1] or found[2] or ""


def _without_comments(
    rows: list[list[str]], numbers: list[int]
) -> tuple[list[list[str]], list[int], tuple[tuple[str, str], ...]]:
    """Leave out rows that are commented out by a ``#``, unless most rows start with one, as names do."""
    out = {at for at, row in enumerate(rows) if row[0].lstrip().startswith("#")}
    if not out or len(out) > len(rows) / 2:
        return rows, numbers, ()
    kept = [at for at in range(len(rows)) if at not in out]
    left_out = tuple((f"line {numbers[at]}", "a # stands before it, as before a comment") for at in sorted(out))
    return [rows[at] for at in kept], [numbers[at] for at in kept], left_out


def _names_columns(comment: str, first: str, delimiter: str | None) -> bool:
    """Whether a comment names the columns of the line below it, which has numbers and names none."""
    names, cells = _cells(comment, delimiter or _delimiter(first)), _cells(first, delimiter)
    if len(names) != len(cells) or not any(read_quantity(cell) is not None for cell in cells):
        return False
    known, below = (recognise({cell.strip(): [] for cell in each})[0] for each in (names, cells))
    return len(known) > 1 and not below


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
    if ragged and all(len(row) == width + 1 and not row[-1].strip() for row in rows):
        rows, ragged = [row[:-1] for row in rows], []  # a delimiter ends every row
    if ragged and all(len(row) == width + 1 for row in rows):
        header.insert(0, "")  # of the index, as print(frame) in Python and write.table in R leave it out
        return rows, numbers
    if ragged:
        listed = ", ".join(ragged[:6]) + (f" and {len(ragged) - 6:,} more" if len(ragged) > 6 else "")
        raise InputError(f"{width} cells in every row", listed, origin, _of_ragged(rows, width))
    return rows, numbers


def _of_ragged(rows: list[list[str]], width: int) -> str:
    """Remedy for rows of several widths."""
    others = [row for row in rows if len(row) != width]
    if any(len(recognise({cell.strip(): [] for cell in row})[0]) > 1 for row in others):
        return "the names of another table are among them: save each table as a file"
    if all(len(row) < width for row in others):
        return "fill in the missing cells, or leave them empty between delimiters"
    return "quote cells that contain the delimiter"


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
