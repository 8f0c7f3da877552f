"""The fields of a table: where each of them comes from, and its value in every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.curves.tables.controls import Controls
from bayeskisl.curves.tables.counts import in_the_unit_of_the_rate, refuse_shares_as_percent
from bayeskisl.curves.tables.evaluation import evaluate
from bayeskisl.curves.tables.fields import MEASURED, Sources, Values, split_group
from bayeskisl.curves.tables.items import refuse_questions
from bayeskisl.curves.tables.mapping import complete_mapping
from bayeskisl.curves.tables.meanings import columns_that_may_be
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.quantities import read_quantity, texts_in
from bayeskisl.curves.tables.raw import SPREAD, RawTable
from bayeskisl.curves.tables.reading import Reading
from bayeskisl.curves.tables.set_aside import finished_and_infused
from bayeskisl.curves.tables.spelling import quoted

__all__ = ["Fields", "read_fields"]

_SETTINGS = (schema.RUN, *schema.RUN_COORDINATES, schema.DOMAIN, schema.GROUP)
_REMEMBERED = 4096  # texts of one column that are read once


@dataclass(frozen=True)
class Fields:
    """Fields of the runs in a table that finished and have infused facts."""

    table: RawTable
    mapping: dict[str, str | float]  # field to SQL expression or number
    recognised: list[str]  # fields that the user did not map
    values: Values
    unused: list[str]  # columns that no field reads
    controls: Controls  # what runs without infusion recall

    @property
    def unused_numbers(self) -> Values:
        """Columns that no field reads and in which every cell is a number."""
        found = {}
        for name in self.unused:
            read = lru_cache(_REMEMBERED)(read_quantity)
            cells = (read(cell) if isinstance(cell, str) else cell for cell in self.table.columns[name])
            numbers = list(takewhile(_is_number, cells))
            if len(numbers) == len(self.table):
                found[name] = np.array(numbers, dtype=float)
        return found


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def read_fields(raw: RawTable, given: Mapping[str, Any], how: Reading, findings: Findings) -> Fields:
    """Return the fields of a table, those that the user maps and those that columns identify, in their units."""
    mapping, recognised = complete_mapping(given, raw, findings)
    if not how.by and not {split_group(field)[0] for field in mapping} & {schema.PROBED, "standard_error"}:
        settings = {mapping.get(field) for field in _SETTINGS}
        refuse_questions(raw, [name for name in raw.columns if quoted(name) in settings])
    table, controls = finished_and_infused(raw, mapping, findings, how.decimal)
    values, unused = evaluate(mapping, table, findings, how.decimal)
    values = in_the_unit_of_the_rate(values, mapping, table.columns, findings)
    refuse_shares_as_percent(values, mapping, given, table.columns, findings)
    findings.unused, findings.may_be = unused, columns_that_may_be(table.columns, unused)
    findings.unread = [name for name in unused if not name.endswith(SPREAD) and _has_several(table.columns[name])]
    findings.settings, findings.sources = _settings(table, mapping), mapping
    return Fields(table, mapping, recognised, values, unused, controls)


def _has_several(cells: Sequence[object]) -> bool:
    texts = texts_in(cells)
    first = next(texts, None)
    return any(text != first for text in texts)


def _settings(table: RawTable, mapping: Sources) -> dict[str, list[Any]]:
    """Columns that describe runs: all but those of which something measured is read."""
    measured = (*MEASURED, schema.GENERAL_LOSS)
    read = [str(source) for field, source in mapping.items() if split_group(field)[0] in measured]
    return {
        name: cells
        for name, cells in table.columns.items()
        if not name.endswith(SPREAD) and not any(quoted(name) in source or name == source for source in read)
    }
