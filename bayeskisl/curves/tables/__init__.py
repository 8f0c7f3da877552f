"""Retention curves from tables of runs that were trained elsewhere."""

from bayeskisl.curves.tables.description import describe_import
from bayeskisl.curves.tables.from_table import curves_from_table
from bayeskisl.curves.tables.map_files import read_map, write_map
from bayeskisl.curves.tables.problems import TableError
from bayeskisl.curves.tables.reading import Reading
from bayeskisl.curves.tables.sources import read_exported, read_runs

__all__ = [
    "Reading",
    "TableError",
    "curves_from_table",
    "describe_import",
    "read_exported",
    "read_map",
    "read_runs",
    "write_map",
]
