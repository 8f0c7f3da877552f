"""Headers of several lines: merged cells, levels of a frame, and units below the names."""

import re
from dataclasses import dataclass

from bayeskisl.curves.tables.quantities import read_quantity

__all__ = ["Body", "with_one_header"]

_UNIT_CELL = re.compile(r"[\[(][^\])]{1,20}[\])]")
_LEVELS = 4  # at most, of the header of a frame


@dataclass(frozen=True)
class Body:
    """Names of columns, the rows of cells below them, and the line of each row."""

    names: list[str]
    rows: list[list[str]]
    numbers: list[int]

    @property
    def first(self) -> list[str]:
        """The cells of the first row."""
        return [cell.strip() for cell in self.rows[0]] if self.rows else []

    def with_header(self, names: list[str], lines: int = 1) -> "Body":
        """Return the table with names that contain its first rows."""
        return Body(names, self.rows[lines:], self.numbers[lines:])


def with_one_header(body: Body) -> Body:
    """Return the table with a header of one line."""
    for joined in (_of_frames, _of_merged_cells, _of_units):
        body = joined(body)
    return body


def _of_frames(body: Body) -> Body:
    """Join the header of a frame of several levels: lines of levels, ``,acc,acc``, above the names of its index.

    The last line of the header has names in the first columns alone, where those above have at most a level's name.
    """
    names, rows = body.names, body.rows
    if len(set(names)) == len(names):
        return body
    for depth, row in enumerate(rows[1:_LEVELS], start=2):
        index = [cell.strip() for cell in row if cell.strip()]
        levels = [names, *([cell.strip() for cell in each] for each in rows[: depth - 1])]
        first, rest = len(index), [level[len(index) :] for level in levels]
        if not 0 < first < len(names) or index != [cell.strip() for cell in row[:first]] or not all(map(all, rest)):
            continue
        joined = [*index, *("_".join(each) for each in zip(*rest, strict=True))]
        numbered = any(sum(read_quantity(level) is not None for level in each) > 1 for each in zip(*rest, strict=True))
        if len(joined) == len(names) == len(set(joined)) and not numbered:
            return body.with_header(joined, depth)
    return body


def _of_merged_cells(body: Body) -> Body:
    """Join a header of merged cells with the names below: ``recall,,`` above ``1k,10k`` gives ``recall_1k``.

    A merged name may be repeated, too. A name of a single column has nothing below it, and a row of the table has
    something below every name.
    """
    names, below = body.names, body.first
    if not names or len(below) != len(names):
        return body
    starts = [i for i, name in enumerate(names) if name and (i == 0 or name != names[i - 1])]
    ends = [*starts[1:], len(names)][: len(starts)]
    above = {i: names[start] for start, end in zip(starts, ends, strict=True) for i in range(start, end)
             if end > start + 1}  # fmt: skip
    alone = [i for i in range(len(names)) if i not in above]
    are_names = not names[0] and not any(read_quantity(cell) is not None for cell in below)
    twice = any(names[i] and below[i] for i in alone)
    if not above or not alone or (twice and not are_names):
        return body
    joined = ["_".join(filter(None, (above.get(i, names[i]), name))) for i, name in enumerate(below)]
    if not all(joined) or len(set(joined)) < len(joined):
        return body
    return body.with_header(joined)


def _of_units(body: Body) -> Body:
    """Append the units of a first row of units to the names: ``params`` above ``(M)``."""
    names, units = body.names, body.first
    if not any(units) or any(unit and not _UNIT_CELL.fullmatch(unit) for unit in units) or len(units) != len(names):
        return body
    return body.with_header([f"{name} {unit}".strip() for name, unit in zip(names, units, strict=True)])
